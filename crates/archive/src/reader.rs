//! Reading the archive back: events, pictures, spans, video.

use std::path::Path;

use bytes::Bytes;
use flumen_base::{CameraId, Error, Result, wire};

/// Which events are wanted; newest first.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// Only this camera.
    pub camera: Option<CameraId>,
    /// Only this kind.
    pub kind: Option<String>,
    /// Only events that end at or after this, UTC.
    pub from_us: Option<i64>,
    /// Only events that begin before this, UTC.
    pub to_us: Option<i64>,
    /// Only events that began before this, UTC: the next page.
    pub before_us: Option<i64>,
    /// At most this many; 0 = 100, above 1000 = 1000.
    pub limit: usize,
}

/// An event as the archive knows it now.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// Its newest revision.
    pub event: wire::Event,
    /// Revision of the picture that is kept.
    pub picture: Option<u32>,
}

/// A span of UTC, `end_us` not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First microsecond.
    pub start_us: i64,
    /// First microsecond behind it.
    pub end_us: i64,
}

/// What is there of a camera, and what is not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// Recorded spans, joined where they touch.
    pub segments: Vec<Span>,
    /// Spans with a known reason for not being there.
    pub gaps: Vec<wire::Gap>,
    /// What neither is recorded nor has a known reason.
    pub unknown: Vec<Span>,
}

/// How much of a span is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Recorded time.
    pub recorded_us: i64,
    /// Time with a known reason for not being there.
    pub gaps_us: i64,
    /// Length of the span.
    pub span_us: i64,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Untidy: nothing is lost.
    Note,
    /// Something is lost or damaged.
    Error,
}

/// Something `check` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub what: String,
    /// File or row.
    pub where_: String,
    /// What to do about it.
    pub fix: String,
    /// How bad it is.
    pub severity: Severity,
}

/// Reads an archive, also while it is written.
#[derive(Clone)]
pub struct Reader(());

impl Reader {
    /// Opens the archive in a directory read-only.
    ///
    /// # Errors
    /// `NotFound` when there is none, `DataLoss` when its database is damaged.
    pub fn open(_dir: &Path) -> Result<Reader> {
        Err(Error::unsupported("the archive is not built yet"))
    }

    /// Events, newest first.
    ///
    /// # Errors
    /// `Unavailable` when the database can't be read.
    pub fn events(&self, _query: &EventQuery) -> Result<Vec<StoredEvent>> {
        Err(Error::unsupported("the archive is not built yet"))
    }

    /// The JPEG of an event (16 bytes of id); `None` when there is none.
    ///
    /// # Errors
    /// `Unavailable` when the database can't be read.
    pub fn picture(&self, _event: &[u8], _revision: Option<u32>) -> Result<Option<Bytes>> {
        Err(Error::unsupported("the archive is not built yet"))
    }

    /// What is there of a camera in `from_us..to_us`, and what is not.
    ///
    /// # Errors
    /// `Invalid` when the span is empty, `Unavailable` when the database can't be read.
    pub fn timeline(&self, _camera: &CameraId, _from_us: i64, _to_us: i64) -> Result<Timeline> {
        Err(Error::unsupported("the archive is not built yet"))
    }

    /// How much of `from_us..to_us` is there.
    ///
    /// # Errors
    /// As for [`Reader::timeline`].
    pub fn coverage(&self, _camera: &CameraId, _from_us: i64, _to_us: i64) -> Result<Coverage> {
        Err(Error::unsupported("the archive is not built yet"))
    }

    /// One fragmented MP4 without transcoding, from the key frame at or before `from_us`.
    ///
    /// # Errors
    /// `Invalid` when the span is empty, `NotFound` when nothing of it is recorded.
    pub fn video(&self, _camera: &CameraId, _from_us: i64, _to_us: i64) -> Result<Video> {
        Err(Error::unsupported("the archive is not built yet"))
    }

    /// [`Reader::video`] to a file: whole or not there at all. Gives its length.
    ///
    /// # Errors
    /// As for [`Reader::video`], `DataLoss` when a segment is damaged.
    pub fn export(&self, _camera: &CameraId, _from_us: i64, _to_us: i64, _to: &Path) -> Result<u64> {
        Err(Error::unsupported("the archive is not built yet"))
    }

    /// Holds the archive against its invariants; `progress` is told (done, total) files.
    ///
    /// # Errors
    /// `Unavailable` when database or store can't be read at all.
    pub fn check(&self, _progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<Finding>> {
        Err(Error::unsupported("the archive is not built yet"))
    }
}

/// Pieces of one fragmented MP4: the init segment, then fragments.
pub struct Video(());

impl Iterator for Video {
    type Item = Result<Bytes>;
    fn next(&mut self) -> Option<Result<Bytes>> {
        None
    }
}
