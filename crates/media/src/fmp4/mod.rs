//! Fragmented MP4 in Rust: written for the archive and for browsers, read back as units.
//!
//! Invariants: timescale 1,000,000 in every track, so times are exact; `tfdt` and `trun` of
//! version 1 with signed composition offsets; one `moof` and one `mdat` a fragment, default
//! base is `moof`; H.264 as `avc1`, H.265 as `hvc1` with the parameter sets in the sample entry
//! and out of the samples, unless a sample has others than the entry: those stay in it. The
//! reader puts them back before key pictures. Nothing panics on any bytes.
//! Spec: ISO/IEC 14496-12 s8 (boxes), 14496-15 s5, s8 (avc1, hvc1), 14496-1 s7.2.6 (esds),
//! "Encapsulation of Opus in ISO BMFF" s4.3.
//! Not here: files of other writers (`Demuxer`), where segments lie (`archive`).

mod boxes;
mod entry;
mod fragment;
mod init;
mod parse;
mod read;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use flumen_base::wire::Codec;
use flumen_base::{Error, Result};

use crate::nal::{self, NalKind};
use crate::unit::{TrackInfo, Unit};

pub use fragment::fragment;
pub use init::{init, init_at};
pub use read::{Missing, Reader};

/// Ticks in a second, in every track.
pub const TIMESCALE: u32 = 1_000_000;

/// A track as its sample entry describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackConfig {
    /// Codec, size, rate.
    pub info: Arc<TrackInfo>,
    /// The parameter sets of the sample entry, without start codes; none for MJPEG and sound.
    pub parameter_sets: Vec<Bytes>,
}

impl TrackConfig {
    /// A video track from a key unit's bytes; the size is that of the unit.
    ///
    /// # Errors
    /// `Invalid` without parameter sets or size, `Unsupported` for another codec.
    pub fn video(info: &Arc<TrackInfo>, key_unit: &[u8]) -> Result<TrackConfig> {
        let codec = info.codec;
        if !matches!(codec, Codec::H264 | Codec::H265 | Codec::Mjpeg) {
            return Err(Error::unsupported(format!("{} is not video", codec.as_str_name())));
        }
        let sets = nal::parameter_sets(codec, key_unit);
        let has = |wanted| sets.iter().any(|set| nal::kind(codec, set) == wanted);
        if codec != Codec::Mjpeg && !(has(NalKind::Sps) && has(NalKind::Pps)) {
            return Err(Error::invalid("a track begins with a key unit and its parameter sets"));
        }
        let (width, height) = nal::size(codec, key_unit)
            .filter(|&(w, h)| (1..=0xffff).contains(&w) && (1..=0xffff).contains(&h))
            .ok_or_else(|| Error::invalid("the key unit does not state a picture size"))?;
        let info = Arc::new(TrackInfo { width, height, ..(**info).clone() });
        let parameter_sets = sets.into_iter().map(Bytes::copy_from_slice).collect();
        Ok(TrackConfig { info, parameter_sets })
    }

    /// An audio track.
    ///
    /// # Errors
    /// `Invalid` without the codec's configuration, `Unsupported` for another codec.
    pub fn audio(info: &Arc<TrackInfo>) -> Result<TrackConfig> {
        if !info.is_audio() {
            return Err(Error::unsupported(format!("{} is not sound", info.codec.as_str_name())));
        }
        if info.codec == Codec::Aac && info.config.len() < 2 {
            return Err(Error::invalid("AAC needs its AudioSpecificConfig"));
        }
        Ok(TrackConfig { info: info.clone(), parameter_sets: Vec::new() })
    }

    /// What a browser wants to hear, such as `avc1.64001f` or `mp4a.40.2`.
    pub fn codec_string(&self) -> String {
        let codec = self.info.codec;
        let sps = self.parameter_sets.iter().find(|set| nal::kind(codec, set) == NalKind::Sps);
        match codec {
            Codec::H264 | Codec::H265 => {
                sps.and_then(|sps| nal::sps_string(codec, sps)).unwrap_or_default()
            }
            Codec::Aac => {
                let object = self.info.config.first().map_or(2, |b| b >> 3);
                format!("mp4a.40.{object}")
            }
            Codec::Mjpeg => "mp4v.6C".into(),
            Codec::Opus => "opus".into(),
            Codec::Pcma => "alaw".into(),
            Codec::Pcmu => "ulaw".into(),
            Codec::Unspecified => String::new(),
        }
    }

    /// As `nal::parameter_hash` of a key unit of this track.
    pub fn parameter_hash(&self) -> u64 {
        match self.info.codec {
            Codec::H264 | Codec::H265 => {
                nal::hash_sets(self.parameter_sets.iter().map(|set| set.as_ref()))
            }
            _ => 0,
        }
    }
}

/// One access unit to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Which of the tracks given to `init`, from 0.
    pub track: u32,
    /// When it is shown.
    pub pts_us: i64,
    /// When it is decoded, not negative.
    pub dts_us: i64,
    /// How long it lasts; within a fragment the distance to the next dts counts instead.
    pub duration_us: u32,
    /// Decoding can begin here.
    pub key: bool,
    /// Annex-B, JPEG or audio bytes.
    pub data: Bytes,
}

impl Sample {
    /// A unit as sample of a track, `base_us` taken from its times.
    pub fn of(unit: &Unit, track: u32, base_us: i64) -> Sample {
        Sample {
            track,
            pts_us: unit.pts_us.saturating_sub(base_us),
            dts_us: unit.dts_us.saturating_sub(base_us),
            duration_us: unit.duration_us,
            key: unit.key,
            data: unit.data.clone(),
        }
    }
}

/// The `video/mp4; codecs="..."` type of these tracks.
pub fn mime(tracks: &[TrackConfig]) -> String {
    let kind = if tracks.iter().all(|t| t.info.is_audio()) { "audio" } else { "video" };
    let codecs: Vec<_> = tracks.iter().map(TrackConfig::codec_string).collect();
    format!("{kind}/mp4; codecs=\"{}\"", codecs.join(","))
}
