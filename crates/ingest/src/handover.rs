//! The words between a source, its feed and its owners.
//!
//! Not here: the feed itself (`feed`).

use std::sync::Arc;
use std::time::Duration;

use flumen_base::wire::{PacketHeader, Stream};
use flumen_base::{CameraId, Clock};
use flumen_bus::Pending;

use crate::epoch::Epochs;
use crate::gaps::Gaps;
use crate::outbox::Outbox;
use crate::status::Board;

/// What a feed works with.
pub(crate) struct FeedParts {
    pub(crate) camera: CameraId,
    pub(crate) stream: Stream,
    pub(crate) outbox: Outbox,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) epochs: Arc<Epochs>,
    pub(crate) board: Arc<Board>,
    pub(crate) gaps: Arc<Gaps>,
    /// Why nobody fed the stream before, when its end was left open.
    pub(crate) absence: &'static str,
}

/// How a source behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// How far an arrival may be from the capture.
    pub(crate) arrival_error_us: u32,
    /// How long a full queue may block it.
    pub(crate) patience: Duration,
}

/// What an earlier process left of a stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Left {
    /// End of its media time.
    pub(crate) end_us: i64,
    /// Epoch of its last record.
    pub(crate) epoch: u64,
    /// Its last record, unless that was an end marker.
    pub(crate) open: Option<PacketHeader>,
}

/// What became of a unit.
pub(crate) enum Sent {
    /// It is on its way; the acknowledgement comes with it.
    Stored(Pending),
    /// It has no use: before the first key frame, or sound without pictures.
    Skipped,
    /// The log took it not in time; it is counted and stands in the gap ledger.
    Dropped,
}
