//! What the face needs of the workers: small traits, plain structs; `cli` hands them in.
//!
//! Invariants: every call may block; the face calls them off its async threads.
//! Units: times are UTC microseconds.
//! Not here: how they look as JSON (`model`).

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use flumen_base::{CameraId, Clock, Result, SystemClock, wire};
use flumen_bus::{Bus, Pending};

use crate::engines::{Engines, NoEngines};
use crate::peer::Latest;

/// Everything that stands behind the face.
#[derive(Clone)]
pub struct Face {
    /// Live video, boxes, events, and the table of cameras.
    pub bus: Arc<dyn Bus>,
    /// The cameras as ingest sees them.
    pub cameras: Arc<dyn Cameras>,
    /// What is archived.
    pub library: Arc<dyn Library>,
    /// How the workers are.
    pub stages: Arc<dyn Stages>,
    /// Tells UTC.
    pub clock: Arc<dyn Clock>,
    /// Who analyses, when it is not this process.
    pub engines: Arc<dyn Engines>,
    /// The cameras' newest packets, for when the bus is away or late.
    pub latest: Option<Arc<dyn Latest>>,
}

impl Face {
    /// A face over these, with the host's clock.
    pub fn new(
        bus: Arc<dyn Bus>,
        cameras: Arc<dyn Cameras>,
        library: Arc<dyn Library>,
        stages: Arc<dyn Stages>,
    ) -> Face {
        let (clock, engines) = (Arc::new(SystemClock), Arc::new(NoEngines));
        Face { bus, cameras, library, stages, clock, engines, latest: None }
    }

    /// With engines that analyse elsewhere.
    #[must_use]
    pub fn with_engines(self, engines: Arc<dyn Engines>) -> Face {
        Face { engines, ..self }
    }

    /// With a way to live pictures that does not lead over the bus.
    #[must_use]
    pub fn with_latest(self, latest: Arc<dyn Latest>) -> Face {
        Face { latest: Some(latest), ..self }
    }
}

/// The running cameras.
pub trait Cameras: Send + Sync {
    /// One entry a camera that is running or configured.
    fn status(&self) -> Vec<CameraStatus>;

    /// Seals a password with the site's key so that it opens for this camera alone.
    ///
    /// # Errors
    /// `Unavailable` when the key can't be read.
    fn seal(&self, camera: &CameraId, password: &str) -> Result<Bytes>;

    /// Says whether this site lets a camera have this address.
    ///
    /// # Errors
    /// `Invalid` with the rule that forbids it.
    fn check(&self, _address: &str) -> Result<()> {
        Ok(())
    }

    /// Tries an address: connects, reads until the first picture, hangs up.
    ///
    /// # Errors
    /// Any kind, with a reason for a person.
    fn probe(&self, request: &ProbeRequest) -> Result<Probe>;

    /// Opens a camera whose address is `push:` for writing.
    ///
    /// # Errors
    /// `NotFound` for no such camera, `Invalid` when it is not a push camera,
    /// `Exhausted` when somebody else pushes to it.
    fn push(&self, camera: &CameraId) -> Result<Box<dyn PushSession>>;
}

/// A camera that somebody pushes to; dropping it ends the stream.
pub trait PushSession: Send {
    /// Hands over one access unit; blocks while the bus is full.
    ///
    /// # Errors
    /// `Invalid` for a unit that can't be used, `Unavailable` when the camera is gone.
    fn push(&mut self, unit: PushUnit) -> Result<Pending>;
}

/// One access unit that somebody pushes.
#[derive(Clone, Debug, PartialEq)]
pub struct PushUnit {
    /// Stream, codec, size, times and flags as the sender says; camera, epoch and sequence
    /// are given by the receiver.
    pub header: wire::PacketHeader,
    /// Annex-B for video.
    pub data: Bytes,
}

/// How a camera is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Pictures arrive.
    Live,
    /// Trying, not yet a picture.
    Connecting,
    /// It does not answer; it is tried again.
    Offline,
    /// Switched off by a person.
    Disabled,
    /// A file that was played once is over.
    Ended,
}

/// A camera as ingest sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct CameraStatus {
    /// Which.
    pub id: CameraId,
    /// How it is.
    pub state: State,
    /// Why, when it is not live.
    pub reason: Option<String>,
    /// Since when it is so.
    pub since_us: i64,
    /// Codec of the main stream, once known.
    pub codec: Option<wire::Codec>,
    /// Width of the main stream; 0 = not known.
    pub width: u32,
    /// Height of the main stream; 0 = not known.
    pub height: u32,
    /// It has sound.
    pub audio: bool,
    /// Measured; 0 = not known.
    pub frame_rate_hz: f32,
    /// Measured; 0 = not known.
    pub bit_rate_bps: u64,
    /// Access units since the start.
    pub units: u64,
    /// Bytes since the start.
    pub bytes: u64,
    /// Access units thrown away since the start.
    pub dropped: u64,
    /// Connections after the first.
    pub reconnects: u64,
    /// Arrival of the newest access unit; 0 = none.
    pub last_unit_us: i64,
    /// Epoch of the newest access unit.
    pub epoch: u64,
    /// How the newest picture's time is known, and how far it may be off; `None` before one.
    pub capture: Option<(wire::TimeSource, u32)>,
}

/// An address to try.
#[derive(Clone, PartialEq, Eq)]
pub struct ProbeRequest {
    /// Without user name and password.
    pub address: String,
    /// User name, if any.
    pub username: Option<String>,
    /// Password, if any.
    pub password: Option<String>,
    /// RTSP over TCP or UDP.
    pub transport: wire::source::Transport,
}

impl std::fmt::Debug for ProbeRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProbeRequest").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What an address gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// Codec of the video.
    pub codec: wire::Codec,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// 0 = not known.
    pub frame_rate_hz: f32,
    /// It has sound.
    pub audio: bool,
    /// A picture.
    pub jpeg: Option<Bytes>,
}

/// What is archived.
pub trait Library: Send + Sync {
    /// Events, newest first, each with its last revision.
    ///
    /// # Errors
    /// `Unavailable` when the index can't be read.
    fn events(&self, query: &EventQuery) -> Result<Vec<wire::Event>>;

    /// What learning found, newest first, each with its last revision.
    ///
    /// # Errors
    /// `Unavailable` when the index can't be read.
    fn insights(&self, query: &InsightQuery) -> Result<Vec<wire::Insight>>;

    /// Hands out what a model beside made of hours that began at `from_us` or later, by camera and
    /// time; `of` is the beginning of their dimension.
    ///
    /// # Errors
    /// `Unavailable` when the index can't be read.
    fn shadows(&self, of: &str, from_us: i64, take: &mut dyn FnMut(&wire::Insight)) -> Result<()>;

    /// The JPEG of an event.
    ///
    /// # Errors
    /// `Unavailable` or `DataLoss` when it can't be read.
    fn picture(&self, event: &[u8]) -> Result<Option<Bytes>>;

    /// What is recorded and what is missing between two times.
    ///
    /// # Errors
    /// `Unavailable` when the index can't be read.
    fn timeline(&self, camera: &CameraId, from_us: i64, to_us: i64) -> Result<Timeline>;

    /// The recording between two times as pieces of one fMP4 file, from the key frame at or
    /// before `from_us` on.
    ///
    /// # Errors
    /// `NotFound` when nothing is recorded there.
    fn video(&self, camera: &CameraId, from_us: i64, to_us: i64) -> Result<Video>;

    /// The same up to where the picture's codec, size or parameters change, and where that
    /// is; `to_us` when they do not.
    ///
    /// # Errors
    /// As for [`Library::video`].
    fn video_part(&self, camera: &CameraId, from_us: i64, to_us: i64) -> Result<(Video, i64)> {
        Ok((self.video(camera, from_us, to_us)?, to_us))
    }

    /// Share of the span, or of the time since the camera's first recording when that is
    /// shorter, that is recorded, 0 to 1; `None` when nothing is known of it.
    ///
    /// # Errors
    /// `Unavailable` when the index can't be read.
    fn coverage(&self, _camera: &CameraId, _from_us: i64, _to_us: i64) -> Result<Option<f64>> {
        Ok(None)
    }
}

/// A part of the recording as an fMP4 file.
pub struct Video {
    /// UTC of the file's time 0.
    pub start_us: i64,
    /// Its pieces, in order.
    pub pieces: Box<dyn Iterator<Item = Result<Bytes>> + Send>,
}

/// Which events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventQuery {
    /// Only this camera.
    pub camera: Option<CameraId>,
    /// Only this kind.
    pub kind: Option<String>,
    /// Only in this zone.
    pub zone: Option<String>,
    /// `begin_us` at or after this.
    pub from_us: i64,
    /// `begin_us` before this.
    pub to_us: i64,
    /// At most so many, newest first.
    pub limit: usize,
}

/// Which insights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsightQuery {
    /// Only this camera.
    pub camera: Option<CameraId>,
    /// Only this kind; of all but what models beside made of hours when there is none.
    pub kind: Option<wire::InsightKind>,
    /// `begin_us` before this.
    pub before_us: i64,
    /// At most so many, newest first.
    pub limit: usize,
}

/// What is recorded of a camera and what is not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// Recorded (start, end), in order, without overlap.
    pub segments: Vec<(i64, i64)>,
    /// Recorded and not yet in a file (start, end), in order: stored, but not yet to be played.
    pub pending: Vec<(i64, i64)>,
    /// Holes with their reason, in order.
    pub gaps: Vec<wire::Gap>,
}

/// How the workers are.
pub trait Stages: Send + Sync {
    /// One entry a worker, or a worker and camera.
    fn stages(&self) -> Vec<Stage>;

    /// What is wrong, in words; empty when all is well.
    fn problems(&self) -> Vec<Problem>;

    /// The directory that holds the site's data.
    fn data_dir(&self) -> PathBuf;
}

/// One worker.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stage {
    /// Its name: `ingest`, `analysis`, `archive` ...
    pub name: String,
    /// The camera it works on, if it works on one.
    pub camera: Option<CameraId>,
    /// Units a second; `None` when it was not measured.
    pub rate_hz: Option<f64>,
    /// How far it is behind what arrives; `None` when it was not measured.
    pub lag_us: Option<i64>,
    /// Units it left out since the start.
    pub dropped: u64,
    /// It does what it should.
    pub healthy: bool,
    /// More, for a person.
    pub detail: String,
}

/// Something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What.
    pub what: String,
    /// Where: a camera, a directory, a stage.
    pub where_: String,
    /// What to do.
    pub fix: String,
}
