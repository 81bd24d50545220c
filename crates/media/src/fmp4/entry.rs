//! Sample entries: what a decoder needs before the first sample.
//!
//! Spec: ISO/IEC 14496-12 s12.1.3, s12.2.3; 14496-15 s5.3.3.1 (avcC), s8.3.3.1 (hvcC);
//! 14496-1 s7.2.6.5 (esds); "Encapsulation of Opus in ISO BMFF" s4.3.2 (dOps).

use bytes::Bytes;
use flumen_base::wire::Codec;

use super::TrackConfig;
use super::boxes::Boxes;
use crate::nal::{self, NalKind};

/// Object types of `esds`.
pub(super) const JPEG_OBJECT: u8 = 0x6c;
pub(super) const AAC_OBJECT: u8 = 0x40;

/// Writes the sample entry of a track.
pub(super) fn sample_entry(b: &mut Boxes, track: &TrackConfig) {
    match track.info.codec {
        Codec::H264 => b.boxed(b"avc1", |b| {
            visual(b, track);
            b.boxed(b"avcC", |b| avcc(b, track));
        }),
        Codec::H265 => b.boxed(b"hvc1", |b| {
            visual(b, track);
            b.boxed(b"hvcC", |b| hvcc(b, track));
        }),
        Codec::Mjpeg => b.boxed(b"mp4v", |b| {
            visual(b, track);
            esds(b, JPEG_OBJECT, 0x11, &[]);
        }),
        Codec::Aac => b.boxed(b"mp4a", |b| {
            sound(b, track, track.info.sample_rate_hz);
            esds(b, AAC_OBJECT, 0x15, &track.info.config);
        }),
        Codec::Opus => b.boxed(b"Opus", |b| {
            sound(b, track, 48_000);
            b.boxed(b"dOps", |b| dops(b, track));
        }),
        Codec::Pcma => b.boxed(b"alaw", |b| sound(b, track, track.info.sample_rate_hz)),
        Codec::Pcmu => b.boxed(b"ulaw", |b| sound(b, track, track.info.sample_rate_hz)),
        Codec::Unspecified => {}
    }
}

fn visual(b: &mut Boxes, track: &TrackConfig) {
    b.zeros(6);
    b.u16(1); // data reference
    b.zeros(16);
    b.u16(track.info.width.min(0xffff) as u16);
    b.u16(track.info.height.min(0xffff) as u16);
    b.u32(0x48_0000); // 72 dpi
    b.u32(0x48_0000);
    b.u32(0);
    b.u16(1);
    b.zeros(32);
    b.u16(0x18);
    b.u16(0xffff);
}

fn sound(b: &mut Boxes, track: &TrackConfig, rate: u32) {
    b.zeros(6);
    b.u16(1);
    b.zeros(8);
    b.u16(track.info.channels.clamp(1, 255) as u16);
    b.u16(16);
    b.zeros(4);
    b.u32(rate.min(0xffff) << 16);
}

/// The sets of one kind, at most `limit`, each at most 65,535 bytes.
fn of_kind(track: &TrackConfig, wanted: NalKind, limit: usize) -> Vec<&Bytes> {
    let codec = track.info.codec;
    track
        .parameter_sets
        .iter()
        .filter(|set| nal::kind(codec, set) == wanted && set.len() <= 0xffff)
        .take(limit)
        .collect()
}

fn put_set(b: &mut Boxes, set: &[u8]) {
    b.u16(set.len() as u16);
    b.bytes(set);
}

fn avcc(b: &mut Boxes, track: &TrackConfig) {
    let (sps, pps) = (of_kind(track, NalKind::Sps, 31), of_kind(track, NalKind::Pps, 255));
    let first: &[u8] = sps.first().map_or(&[], |sps| sps);
    let [profile, constraints, level] =
        first.get(1..4).and_then(|p| p.first_chunk().copied()).unwrap_or([66, 0, 30]);
    b.bytes(&[1, profile, constraints, level, 0xfc | 3]);
    b.u8(0xe0 | sps.len() as u8);
    sps.iter().for_each(|set| put_set(b, set));
    b.u8(pps.len() as u8);
    pps.iter().for_each(|set| put_set(b, set));
    if !matches!(profile, 66 | 77 | 88) {
        let read = nal::h264_sps(first).unwrap_or_default();
        let depth = |bits: u32| (bits.saturating_sub(8) & 7) as u8;
        b.bytes(&[
            0xfc | (read.chroma & 3) as u8,
            0xf8 | depth(read.luma_bits),
            0xf8 | depth(read.chroma_bits),
            0,
        ]);
    }
}

fn hvcc(b: &mut Boxes, track: &TrackConfig) {
    let kinds = [(NalKind::Vps, 32u8), (NalKind::Sps, 33), (NalKind::Pps, 34)];
    let sps = of_kind(track, NalKind::Sps, 1);
    let sps: &[u8] = sps.first().map_or(&[], |sps| sps);
    let read = nal::h265_sps(sps).unwrap_or_default();
    let general = nal::h265_general(sps);
    b.u8(1);
    b.bytes(&general.profile_tier_level);
    b.u16(0xf000);
    b.u8(0xfc);
    b.u8(0xfc | (read.chroma & 3) as u8);
    b.u8(0xf8 | (read.luma_bits.saturating_sub(8) & 7) as u8);
    b.u8(0xf8 | (read.chroma_bits.saturating_sub(8) & 7) as u8);
    b.u16(0);
    b.u8((general.sub_layers & 7) << 3 | u8::from(general.nested) << 2 | 3);
    let arrays: Vec<_> = kinds
        .iter()
        .map(|&(kind, number)| (number, of_kind(track, kind, 255)))
        .filter(|(_, sets)| !sets.is_empty())
        .collect();
    b.u8(arrays.len() as u8);
    for (number, sets) in arrays {
        b.u8(0x80 | number); // complete: no others in the samples
        b.u16(sets.len() as u16);
        sets.iter().for_each(|set| put_set(b, set));
    }
}

/// An elementary stream descriptor with its decoder's configuration.
fn esds(b: &mut Boxes, object: u8, stream: u8, config: &[u8]) {
    // Lengths are one byte: configurations are a few bytes, longer ones are cut off.
    let config = config.get(..config.len().min(80)).unwrap_or(config);
    let specific = if config.is_empty() { 0 } else { config.len() + 2 };
    b.full(b"esds", 0, 0, |b| {
        b.bytes(&[3, (3 + 2 + 13 + specific + 3) as u8, 0, 0, 0]);
        b.bytes(&[4, (13 + specific) as u8, object, stream]);
        b.zeros(11);
        if !config.is_empty() {
            b.bytes(&[5, config.len() as u8]);
            b.bytes(config);
        }
        b.bytes(&[6, 1, 2]);
    });
}

/// `OpusHead` (little endian) as `dOps` (big endian).
fn dops(b: &mut Boxes, track: &TrackConfig) {
    let head = track.info.config.strip_prefix(b"OpusHead");
    let parts = head.and_then(|head| head.get(1..)?.split_first_chunk::<9>());
    let (&[channels, s0, s1, r0, r1, r2, r3, g0, g1], rest) =
        parts.unwrap_or((&[track.info.channels.clamp(1, 2) as u8, 0, 0, 0, 0, 0, 0, 0, 0], &[0]));
    b.bytes(&[0, channels, s1, s0, r3, r2, r1, r0, g1, g0]);
    match rest.first() {
        None | Some(0) => b.u8(0),
        Some(_) => b.bytes(rest),
    }
}
