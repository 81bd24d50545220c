//! One track of an input: container bytes to access units as they travel.
//!
//! Invariants: video comes out as Annex-B with four-byte start codes, before each key picture
//! the parameter sets in force exactly once; slices unchanged. At most 64 KiB of parameter
//! sets are kept.
//! Spec: ISO/IEC 14496-15 s5.3.3 (avcC), s8.3.3 (hvcC); 14496-3 s1.6.2 (AudioSpecificConfig),
//! s1.A.2.2 (ADTS).

use std::sync::Arc;

use bytes::Bytes;
use flumen_base::wire::Codec;
use flumen_base::{Error, Result};

use super::timing::Timing;
use crate::nal::sets::ParameterSets;
use crate::nal::{self, Access};
use crate::unit::TrackInfo;

/// What is known of a track and needed to read it.
pub(super) struct Track {
    pub(super) info: Arc<TrackInfo>,
    pub(super) timing: Timing,
    sets: ParameterSets,
    /// Bytes of the length before each NAL unit; none for Annex-B.
    length_bytes: Option<usize>,
}

/// The bytes of a unit and what they say.
pub(super) struct Converted {
    pub(super) data: Bytes,
    pub(super) key: bool,
    pub(super) parameter_hash: u64,
}

impl Track {
    pub(super) fn new(info: TrackInfo, extradata: &[u8]) -> Track {
        let duration = match info.frame_rate_millihz {
            0 => None,
            rate => Some(1_000_000_000 / i64::from(rate)),
        };
        let mut track = Track {
            sets: ParameterSets::new(info.codec),
            timing: Timing::new(duration),
            length_bytes: None,
            info: Arc::new(info),
        };
        track.timing.set_depth(track.info.reorder_depth.unwrap_or(0));
        track.new_extradata(extradata);
        track
    }

    /// The container's own copy of the parameter sets or of the audio configuration.
    pub(super) fn new_extradata(&mut self, extradata: &[u8]) {
        match self.info.codec {
            Codec::H264 | Codec::H265 if !extradata.is_empty() => {
                self.length_bytes = self.sets.take_extradata(extradata);
                self.follow_sets();
            }
            Codec::Aac => self.aac_config(extradata),
            Codec::Opus if !extradata.is_empty() => self.change(|info| {
                info.config = Bytes::copy_from_slice(extradata);
            }),
            _ => {}
        }
    }

    fn change(&mut self, with: impl FnOnce(&mut TrackInfo)) {
        let mut info = (*self.info).clone();
        with(&mut info);
        if info != *self.info {
            self.info = Arc::new(info);
        }
    }

    /// Size, depth and rate as the parameter sets in force state them.
    fn follow_sets(&mut self) {
        let Some(sps) = self.sets.active_sps() else { return };
        if let Some(depth) = sps.reorder_depth {
            self.timing.set_depth(depth);
        }
        self.change(|info| {
            info.width = sps.width;
            info.height = sps.height;
            info.reorder_depth = sps.reorder_depth.or(info.reorder_depth);
            if info.frame_rate_millihz == 0 {
                info.frame_rate_millihz = sps.frame_rate_millihz.unwrap_or(0);
            }
        });
    }

    fn aac_config(&mut self, config: &[u8]) {
        let Some((rate, channels)) = audio_specific_config(config) else { return };
        self.change(|info| {
            info.config = Bytes::copy_from_slice(config);
            info.sample_rate_hz = rate;
            info.channels = channels;
        });
    }

    /// The unit in a container's packet; nothing when no picture is in it.
    pub(super) fn convert(&mut self, packet: &[u8], key_flag: bool) -> Result<Option<Converted>> {
        match self.info.codec {
            Codec::H264 | Codec::H265 => self.convert_video(packet, key_flag),
            Codec::Mjpeg => Ok(self.convert_jpeg(packet)),
            Codec::Aac => Ok(self.convert_aac(packet)),
            _ => Ok(Some(sound(packet))),
        }
    }

    fn convert_video(&mut self, packet: &[u8], key_flag: bool) -> Result<Option<Converted>> {
        let codec = self.info.codec;
        let nals = match self.length_bytes {
            Some(n) if !starts_like_annex_b(packet) => prefixed(packet, n)?,
            _ => nal::units(packet).collect(),
        };
        if !nals.iter().any(|nal| nal::kind(codec, nal).is_slice()) {
            for nal in nals {
                self.sets.take(nal);
            }
            return Ok(None);
        }
        let access = nal::access_of(codec, nals.iter().copied());
        let key = access != Access::None || (key_flag && nal::begins_intra(codec, &nals));
        let data = self.sets.unit(&nals, key);
        if key {
            self.follow_sets();
        }
        Ok(Some(Converted { data, key, parameter_hash: self.sets.hash() }))
    }

    fn convert_jpeg(&mut self, packet: &[u8]) -> Option<Converted> {
        let (width, height) = nal::size(Codec::Mjpeg, packet)?;
        self.change(|info| (info.width, info.height) = (width, height));
        Some(Converted {
            data: Bytes::copy_from_slice(packet),
            key: true,
            parameter_hash: nal::parameter_hash(Codec::Mjpeg, packet),
        })
    }

    /// ADTS headers, as MPEG-TS has them, go; their content becomes the configuration.
    fn convert_aac(&mut self, packet: &[u8]) -> Option<Converted> {
        let Some((config, header)) = adts(packet) else {
            return (!self.info.config.is_empty()).then(|| sound(packet));
        };
        if self.info.config.as_ref() != config {
            self.aac_config(&config);
        }
        packet.get(header..).filter(|p| !p.is_empty()).map(sound)
    }
}

/// What coded sound lasts by its codec: AAC has 1024 samples a unit, G.711 one a byte and
/// channel; Opus says it in its first byte (RFC 6716 s3.1).
pub(super) fn sound_us(info: &TrackInfo, data: &[u8]) -> Option<i64> {
    let rate = i64::from(info.sample_rate_hz);
    let of = |samples: i64| (samples * 1_000_000).checked_div(rate).filter(|&us| us > 0);
    match info.codec {
        Codec::Aac => of(1024),
        Codec::Pcma | Codec::Pcmu => {
            of(i64::try_from(data.len()).ok()? / i64::from(info.channels.max(1)))
        }
        Codec::Opus => {
            let toc = *data.first()?;
            let frame = match toc >> 3 {
                config @ 0..=11 => {
                    *[10_000, 20_000, 40_000, 60_000].get(usize::from(config & 3))?
                }
                config @ 12..=15 => 10_000 << (config & 1),
                config => 2_500 << (config & 3),
            };
            let frames = match toc & 3 {
                0 => 1,
                1 | 2 => 2,
                _ => i64::from(*data.get(1)? & 0x3f),
            };
            Some(frame * frames).filter(|&us| us > 0)
        }
        _ => None,
    }
}

fn sound(packet: &[u8]) -> Converted {
    Converted { data: Bytes::copy_from_slice(packet), key: true, parameter_hash: 0 }
}

/// A stream that says it has lengths may still have start codes (some AVI and MKV writers).
fn starts_like_annex_b(packet: &[u8]) -> bool {
    packet.starts_with(&[0, 0, 0, 1]) && nal::units(packet).count() > 0 && {
        // A length of 1 followed by a whole NAL unit of one byte is not believable.
        packet.get(4).is_some_and(|&b| b != 0)
    }
}

/// The NAL units behind lengths of `length_bytes` bytes; what is whole when the end is cut.
fn prefixed(packet: &[u8], length_bytes: usize) -> Result<Vec<&[u8]>> {
    let mut rest = packet;
    let mut nals = Vec::new();
    while let Some((length, behind)) = rest.split_at_checked(length_bytes) {
        let length = length.iter().fold(0usize, |all, &b| all << 8 | usize::from(b));
        let Some((nal, behind)) = behind.split_at_checked(length) else { break };
        if !nal.is_empty() {
            nals.push(nal);
        }
        rest = behind;
    }
    if nals.is_empty() && !packet.is_empty() {
        return Err(Error::data_loss(format!(
            "no whole NAL unit in an access unit of {} bytes",
            packet.len()
        )));
    }
    Ok(nals)
}

const AAC_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// Sample rate and channels of an AudioSpecificConfig.
fn audio_specific_config(config: &[u8]) -> Option<(u32, u32)> {
    let &[a, b] = config.first_chunk()?;
    let index = (a & 7) << 1 | b >> 7;
    if index == 15 {
        let &[_, b1, b2, b3, b4] = config.first_chunk()?;
        let rate = u32::from_be_bytes([0, b1 & 0x7f, b2, b3]) << 1 | u32::from(b4 >> 7);
        return Some((rate, u32::from(b4 >> 3 & 15)));
    }
    Some((*AAC_RATES.get(usize::from(index))?, u32::from(b >> 3 & 15)))
}

/// The AudioSpecificConfig that an ADTS header stands for, and the header's length.
fn adts(packet: &[u8]) -> Option<([u8; 2], usize)> {
    let &[s0, s1, a, b, ..] = packet.first_chunk::<7>()?;
    if s0 != 0xff || s1 & 0xf6 != 0xf0 {
        return None;
    }
    let object = (a >> 6) + 1;
    let index = a >> 2 & 15;
    let channels = (a & 1) << 2 | b >> 6;
    let config = [object << 3 | index >> 1, (index & 1) << 7 | channels << 3];
    Some((config, if s1 & 1 == 1 { 7 } else { 9 }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn info(codec: Codec) -> TrackInfo {
        TrackInfo { codec, ..TrackInfo::default() }
    }

    #[test]
    fn adts_becomes_a_configuration() {
        // 44.1 kHz stereo AAC-LC.
        let packet = [0xff, 0xf1, 0x50, 0x80, 0x01, 0x3f, 0xfc, 0x21, 0x10];
        let mut track = Track::new(info(Codec::Aac), &[]);
        let unit = track.convert(&packet, false).unwrap().unwrap();
        assert_eq!(unit.data.as_ref(), [0x21, 0x10]);
        assert_eq!(track.info.config.as_ref(), [0x12, 0x10]);
        assert_eq!((track.info.sample_rate_hz, track.info.channels), (44_100, 2));
    }

    #[test]
    fn sound_lasts_as_its_codec_says() {
        let with =
            |codec, sample_rate_hz, channels| TrackInfo { sample_rate_hz, channels, ..info(codec) };
        assert_eq!(sound_us(&with(Codec::Aac, 48_000, 2), &[1]), Some(21_333));
        assert_eq!(sound_us(&with(Codec::Pcma, 8_000, 1), &[0; 160]), Some(20_000));
        assert_eq!(sound_us(&with(Codec::Opus, 48_000, 2), &[0xfc, 0]), Some(20_000));
        assert_eq!(sound_us(&with(Codec::Opus, 48_000, 2), &[0x0b, 2]), Some(40_000));
        assert_eq!(sound_us(&with(Codec::Aac, 0, 2), &[1]), None);
    }

    #[test]
    fn a_cut_length_gives_what_is_whole() {
        let data = [0, 0, 0, 2, 0x41, 1, 0, 0, 0, 9, 0x41];
        assert_eq!(prefixed(&data, 4).unwrap(), [[0x41, 1]]);
        assert!(prefixed(&data[..5], 4).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            extradata in proptest::collection::vec(any::<u8>(), 0..80),
            packets in proptest::collection::vec(proptest::collection::vec(
                prop_oneof![any::<u8>(), Just(0u8), Just(1u8), Just(0x67u8), Just(0x65u8)], 0..80), 1..6)) {
            for codec in [Codec::H264, Codec::H265, Codec::Mjpeg, Codec::Aac, Codec::Opus] {
                let mut track = Track::new(info(codec), &extradata);
                for packet in &packets {
                    let _ = track.convert(packet, true);
                }
            }
        }
    }
}
