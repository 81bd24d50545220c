//! What a camera's thread reads from: the small traits that tests script.
//!
//! Invariants: every call ends within the stall time or at a stop.
//! Not here: the real inputs (`inputs`).

use bytes::Bytes;
use flumen_base::wire::{self, Stream};
use flumen_base::{CameraId, Result};
use flumen_media::{TrackInfo, Unit};

use crate::handover::Manner;
use crate::pace::Stop;

/// What a source gave.
pub(crate) enum Next {
    /// An access unit.
    Unit(Unit),
    /// A file begins again: a new epoch follows, nothing is missing.
    Seam,
    /// It is over for good.
    Ended,
}

/// An open input.
pub(crate) trait Source: Send {
    /// The next thing, when it is due.
    fn read(&mut self) -> Result<Next>;

    fn manner(&self) -> Manner;
}

/// One address of a camera, as the table has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SourceSpec {
    pub(crate) camera: CameraId,
    pub(crate) stream: Stream,
    pub(crate) address: String,
    pub(crate) username: String,
    pub(crate) sealed_password: Bytes,
    pub(crate) transport: wire::source::Transport,
    pub(crate) once: bool,
}

impl SourceSpec {
    pub(crate) fn new(camera: &CameraId, source: &wire::Source) -> SourceSpec {
        SourceSpec {
            camera: camera.clone(),
            stream: source.stream(),
            address: source.address.clone(),
            username: source.username.clone(),
            sealed_password: source.sealed_password.clone(),
            transport: source.transport(),
            once: source.once,
        }
    }

    /// True when units come from outside (`flumen push`), not from a connection of ours.
    pub(crate) fn is_push(&self) -> bool {
        self.address.starts_with("push:")
    }
}

/// One try to open an input.
pub(crate) struct Attempt<'a> {
    pub(crate) spec: &'a SourceSpec,
    /// The tracks of the last time.
    pub(crate) known: Vec<TrackInfo>,
    pub(crate) stop: &'a Stop,
    /// Hears what takes long.
    pub(crate) progress: &'a dyn Fn(String),
}

/// Opens inputs.
pub(crate) trait Connector: Send + Sync {
    /// Opens the input of an attempt.
    fn connect(&self, attempt: &Attempt<'_>) -> Result<Box<dyn Source>>;
}
