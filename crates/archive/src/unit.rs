//! What goes into a segment, and what comes out: a unit with its place, a closed file.

use bytes::Bytes;
use flumen_base::wire::{PacketHeader, Segment, SourcePosition, Stream};
use flumen_media::TrackInfo;

use crate::day;

/// A whole access unit with its place.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub header: PacketHeader,
    pub data: Bytes,
    /// Place of its first record.
    pub first: SourcePosition,
    /// Place of its last record.
    pub last: SourcePosition,
}

impl Unit {
    pub(crate) fn info(&self) -> TrackInfo {
        let h = &self.header;
        TrackInfo {
            codec: h.codec(),
            width: h.width,
            height: h.height,
            sample_rate_hz: h.sample_rate_hz,
            channels: h.channels,
            config: h.config.clone(),
            ..TrackInfo::default()
        }
    }
}

/// A file that is whole and durable under its temporary name.
pub(crate) struct Closed {
    pub tmp: String,
    /// Its row, `path` still empty.
    pub segment: Segment,
}

/// Where a segment belongs; `extra` tells two with the same start apart.
pub(crate) fn path_of(segment: &Segment, extra: Option<u64>) -> String {
    let stream = if segment.stream() == Stream::Sub { "sub" } else { "main" };
    let extra = extra.map_or(String::new(), |n| format!("-{n}"));
    format!(
        "video/{}/{}/{}-{stream}{extra}.mp4",
        segment.camera,
        day::name(segment.start_us),
        segment.start_us
    )
}
