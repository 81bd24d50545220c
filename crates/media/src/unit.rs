//! What a demuxer gives: access units with their times, and what is known of a track.
//!
//! Invariants: video data is Annex-B with four-byte start codes (MJPEG: one JPEG), the
//! parameter sets in force once before each key frame.

use std::sync::Arc;

use bytes::Bytes;
use flumen_base::wire::Codec;

/// What is known of a video or audio track.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrackInfo {
    /// How it is coded.
    pub codec: Codec,
    /// Picture width in pixels; 0 for audio and while not yet known.
    pub width: u32,
    /// Picture height in pixels; 0 for audio and while not yet known.
    pub height: u32,
    /// Audio samples per second; 0 for video.
    pub sample_rate_hz: u32,
    /// Audio channels; 0 for video.
    pub channels: u32,
    /// Audio: the codec's configuration (AAC: AudioSpecificConfig, Opus: OpusHead).
    pub config: Bytes,
    /// Pictures in 1000 seconds; 0 while not known.
    pub frame_rate_millihz: u32,
    /// Pictures a decoder holds back for reordering, where the container says so.
    pub reorder_depth: Option<u32>,
}

impl TrackInfo {
    /// True for audio.
    pub fn is_audio(&self) -> bool {
        matches!(self.codec, Codec::Aac | Codec::Opus | Codec::Pcma | Codec::Pcmu)
    }
}

/// One access unit: a coded picture, or a coded piece of sound.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Sound, not a picture.
    pub audio: bool,
    /// The track as it stands from this unit on.
    pub info: Arc<TrackInfo>,
    /// When it is shown, on the input's own time line.
    pub pts_us: i64,
    /// When it is decoded; grows within a track except where the input's clock jumps.
    pub dts_us: i64,
    /// How long it lasts; an estimate where the input does not say.
    pub duration_us: u32,
    /// Decoding can begin here.
    pub key: bool,
    /// The input says that bytes are missing or damaged.
    pub corrupt: bool,
    /// The coded bytes.
    pub data: Bytes,
    /// First 8 bytes of SHA-256 over the parameter sets in force; 0 for audio.
    pub parameter_hash: u64,
    /// UTC at which it was taken, from RTCP sender reports.
    pub capture_us: Option<i64>,
}

/// What the next read gave.
#[derive(Clone, Debug, PartialEq)]
pub enum Demuxed {
    /// An access unit.
    Unit(Unit),
    /// The input is at its end.
    End,
}
