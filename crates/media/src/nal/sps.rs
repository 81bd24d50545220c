//! Sequence parameter sets: picture size, reordering, codec string.
//!
//! Spec: ITU-T H.264 s7.3.2.1.1, E.1.1; ITU-T H.265 s7.3.2.2, s7.3.3.

use std::fmt::Write;

use flumen_base::wire::Codec;

use super::bits::{Bits, payload};
use super::{NalKind, kind, units};

/// Bytes of a parameter set that are looked at.
const LIMIT: usize = 4096;

/// What we need of a sequence parameter set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sps {
    /// Picture width after cropping.
    pub width: u32,
    /// Picture height after cropping.
    pub height: u32,
    /// Pictures held back for reordering, where stated or implied.
    pub reorder_depth: Option<u32>,
    /// Pictures in 1000 seconds, where stated.
    pub frame_rate_millihz: Option<u32>,
    /// Chroma format: 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub chroma: u32,
    /// Bits of a luma sample.
    pub luma_bits: u32,
    /// Bits of a chroma sample.
    pub chroma_bits: u32,
}

/// Reads a sequence parameter set of H.264 or H.265.
pub(super) fn read(codec: Codec, nal: &[u8]) -> Option<Sps> {
    match codec {
        Codec::H264 => h264_sps(nal),
        Codec::H265 => h265_sps(nal),
        _ => None,
    }
}

/// Reads an H.264 sequence parameter set (with its NAL header).
pub fn h264_sps(nal: &[u8]) -> Option<Sps> {
    let body = payload(nal, 1, LIMIT);
    let mut b = Bits::new(&body);
    let profile = b.bits(8)?;
    b.skip(16)?;
    b.ue()?; // id
    let mut sps = Sps { chroma: 1, luma_bits: 8, chroma_bits: 8, ..Sps::default() };
    if matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135) {
        h264_high(&mut b, &mut sps)?;
    }
    b.ue()?; // log2_max_frame_num
    let poc_type = h264_poc(&mut b)?;
    b.ue()?; // max_num_ref_frames
    b.bit()?;
    let width_mbs = b.ue()?.checked_add(1)?;
    let height_units = b.ue()?.checked_add(1)?;
    let frames_only = b.bit()?;
    if !frames_only {
        b.bit()?;
    }
    b.bit()?; // direct_8x8_inference
    let fields = if frames_only { 1 } else { 2 };
    sps.width = width_mbs.checked_mul(16)?;
    sps.height = height_units.checked_mul(16)?.checked_mul(fields)?;
    if b.bit()? {
        crop(&mut b, &mut sps, fields)?;
    }
    // Order type 2 forbids reordering, and so does the Baseline profile.
    sps.reorder_depth = (poc_type == 2 || profile == 66).then_some(0);
    if b.bit()? {
        h264_vui(&mut b, &mut sps);
    }
    Some(sps)
}

fn h264_high(b: &mut Bits, sps: &mut Sps) -> Option<()> {
    sps.chroma = b.ue()?;
    if sps.chroma == 3 {
        b.bit()?;
    }
    sps.luma_bits = b.ue()?.checked_add(8)?;
    sps.chroma_bits = b.ue()?.checked_add(8)?;
    b.bit()?;
    if b.bit()? {
        let lists = if sps.chroma == 3 { 12 } else { 8 };
        for list in 0..lists {
            if b.bit()? {
                skip_scaling_list(b, if list < 6 { 16 } else { 64 })?;
            }
        }
    }
    Some(())
}

fn skip_scaling_list(b: &mut Bits, size: usize) -> Option<()> {
    let (mut last, mut next) = (8i32, 8i32);
    for _ in 0..size {
        if next != 0 {
            next = last.wrapping_add(b.se()?).rem_euclid(256);
        }
        last = if next == 0 { last } else { next };
    }
    Some(())
}

fn h264_poc(b: &mut Bits) -> Option<u32> {
    let kind = b.ue()?;
    match kind {
        0 => {
            b.ue()?;
        }
        1 => {
            b.bit()?;
            b.se()?;
            b.se()?;
            for _ in 0..b.ue()?.min(256) {
                b.se()?;
            }
        }
        _ => {}
    }
    Some(kind)
}

/// Cropping in units of chroma samples (and of fields).
fn crop(b: &mut Bits, sps: &mut Sps, fields: u32) -> Option<()> {
    let unit_x = if matches!(sps.chroma, 1 | 2) { 2 } else { 1 };
    let unit_y = fields * if sps.chroma == 1 { 2 } else { 1 };
    let (left, right, top, bottom) = (b.ue()?, b.ue()?, b.ue()?, b.ue()?);
    let x = left.checked_add(right)?.checked_mul(unit_x)?;
    let y = top.checked_add(bottom)?.checked_mul(unit_y)?;
    sps.width = sps.width.checked_sub(x).filter(|&w| w > 0)?;
    sps.height = sps.height.checked_sub(y).filter(|&h| h > 0)?;
    Some(())
}

/// Timing and reordering of the usability information; what cannot be read stays unknown.
fn h264_vui(b: &mut Bits, sps: &mut Sps) -> Option<()> {
    if b.bit()? && b.bits(8)? == 255 {
        b.skip(32)?;
    }
    if b.bit()? {
        b.bit()?;
    }
    if b.bit()? {
        b.skip(4)?;
        if b.bit()? {
            b.skip(24)?;
        }
    }
    if b.bit()? {
        b.ue()?;
        b.ue()?;
    }
    if b.bit()? {
        let (tick, scale) = (b.bits(32)?, b.bits(32)?);
        b.bit()?;
        sps.frame_rate_millihz = rate_millihz(scale, tick, 2);
    }
    let (nal_hrd, vcl_hrd) = (hrd(b)?, hrd(b)?);
    if nal_hrd || vcl_hrd {
        b.bit()?;
    }
    b.bit()?;
    if b.bit()? {
        b.bit()?;
        for _ in 0..4 {
            b.ue()?;
        }
        sps.reorder_depth = Some(b.ue()?.min(16));
    }
    Some(())
}

fn hrd(b: &mut Bits) -> Option<bool> {
    let there = b.bit()?;
    if there {
        let count = b.ue()?.min(31) + 1;
        b.skip(8)?;
        for _ in 0..count {
            b.ue()?;
            b.ue()?;
            b.bit()?;
        }
        b.skip(20)?;
    }
    Some(there)
}

fn rate_millihz(scale: u32, tick: u32, ticks_per_frame: u64) -> Option<u32> {
    let rate = (u64::from(scale) * 1000).checked_div(u64::from(tick) * ticks_per_frame)?;
    // Above 300 pictures a second the field is nonsense, as many cameras' is.
    u32::try_from(rate).ok().filter(|r| (1..=300_000).contains(r))
}

/// Reads an H.265 sequence parameter set (with its NAL header).
pub fn h265_sps(nal: &[u8]) -> Option<Sps> {
    let body = payload(nal, 2, LIMIT);
    let mut b = Bits::new(&body);
    b.skip(4)?;
    let sub_layers = b.bits(3)?;
    b.bit()?;
    profile_tier_level(&mut b, sub_layers)?;
    b.ue()?; // id
    let mut sps = Sps { chroma: b.ue()?, ..Sps::default() };
    if sps.chroma == 3 {
        b.bit()?;
    }
    sps.width = b.ue()?;
    sps.height = b.ue()?;
    if b.bit()? {
        crop(&mut b, &mut sps, 1)?;
    }
    sps.luma_bits = b.ue()?.checked_add(8)?;
    sps.chroma_bits = b.ue()?.checked_add(8)?;
    b.ue()?; // log2_max_pic_order_cnt
    let first = if b.bit()? { 0 } else { sub_layers };
    for _ in first..=sub_layers {
        b.ue()?;
        sps.reorder_depth = Some(b.ue()?.min(16));
        b.ue()?;
    }
    (sps.width > 0 && sps.height > 0).then_some(sps)
}

/// What hvcC repeats of a sequence parameter set.
pub(crate) struct H265General {
    /// Profile, compatibility, constraints and level.
    pub(crate) profile_tier_level: [u8; 12],
    /// Temporal layers.
    pub(crate) sub_layers: u8,
    /// Temporal layers are nested.
    pub(crate) nested: bool,
}

/// The general part of an H.265 sequence parameter set, Main profile when it cannot be read.
pub(crate) fn h265_general(nal: &[u8]) -> H265General {
    let body = payload(nal, 2, 32);
    match body.split_first().map(|(first, rest)| (first, rest.first_chunk())) {
        Some((first, Some(general))) => H265General {
            profile_tier_level: *general,
            sub_layers: ((first >> 1) & 7) + 1,
            nested: first & 1 == 1,
        },
        _ => H265General {
            profile_tier_level: [1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93],
            sub_layers: 1,
            nested: true,
        },
    }
}

fn profile_tier_level(b: &mut Bits, sub_layers: u32) -> Option<()> {
    b.skip(96)?;
    let mut present = Vec::new();
    for _ in 0..sub_layers {
        present.push((b.bit()?, b.bit()?));
    }
    if sub_layers > 0 {
        b.skip(2 * (8 - sub_layers as usize))?;
    }
    for (profile, level) in present {
        b.skip(if profile { 88 } else { 0 } + if level { 8 } else { 0 })?;
    }
    Some(())
}

/// The id of a parameter set.
pub(super) fn set_id(codec: Codec, set: NalKind, nal: &[u8]) -> Option<u32> {
    let h265 = codec == Codec::H265;
    let body = payload(nal, if h265 { 2 } else { 1 }, LIMIT);
    let mut b = Bits::new(&body);
    match set {
        NalKind::Vps => b.bits(4),
        NalKind::Pps => b.ue().filter(|&id| id < 256),
        NalKind::Sps => {
            if h265 {
                b.skip(4)?;
                let sub_layers = b.bits(3)?;
                b.bit()?;
                profile_tier_level(&mut b, sub_layers)?;
            } else {
                b.skip(24)?;
            }
            b.ue().filter(|&id| id < 32)
        }
        _ => None,
    }
}

/// The sequence parameter set that a picture parameter set builds on.
pub(super) fn pps_sps_id(codec: Codec, nal: &[u8]) -> Option<u32> {
    let body = payload(nal, if codec == Codec::H265 { 2 } else { 1 }, 32);
    let mut b = Bits::new(&body);
    b.ue()?;
    b.ue()
}

/// The picture parameter set that a slice uses.
pub(super) fn slice_pps_id(codec: Codec, nal: &[u8]) -> Option<u32> {
    if codec == Codec::H265 {
        let body = payload(nal, 2, 32);
        let mut b = Bits::new(&body);
        if !b.bit()? {
            return None; // a later segment: its id stands behind a number of unknown size
        }
        if (16..=23).contains(&((*nal.first()? >> 1) & 0x3f)) {
            b.bit()?;
        }
        return b.ue();
    }
    let body = payload(nal, 1, 32);
    let mut b = Bits::new(&body);
    b.ue()?;
    b.ue()?;
    b.ue()
}

/// True when an H.264 slice is an I slice.
pub(super) fn h264_is_intra(codec: Codec, nal: &[u8]) -> bool {
    if codec != Codec::H264 {
        return false;
    }
    let body = payload(nal, 1, 16);
    let mut b = Bits::new(&body);
    b.ue().and_then(|_| b.ue()).is_some_and(|slice_type| matches!(slice_type, 2 | 7))
}

/// The codec string of RFC 6381 for a key unit, such as `avc1.64001f` or `hvc1.1.6.L93.B0`.
pub fn codec_string(codec: Codec, data: &[u8]) -> Option<String> {
    match codec {
        Codec::Mjpeg => Some("mp4v.6C".into()),
        Codec::H264 | Codec::H265 => {
            let sps = units(data).find(|nal| kind(codec, nal) == NalKind::Sps)?;
            sps_string(codec, sps)
        }
        _ => None,
    }
}

/// The codec string of a sequence parameter set.
pub(crate) fn sps_string(codec: Codec, sps: &[u8]) -> Option<String> {
    if codec == Codec::H264 {
        let &[_, profile, constraints, level] = sps.first_chunk()?;
        return Some(format!("avc1.{profile:02x}{constraints:02x}{level:02x}"));
    }
    let body = payload(sps, 2, 32);
    let &[space, c0, c1, c2, c3] = body.get(1..)?.first_chunk()?;
    let constraints: [u8; 6] = *body.get(6..)?.first_chunk()?;
    let level = body.get(12)?;
    let prefix = ["", "A", "B", "C"].get(usize::from(space >> 6))?;
    let tier = if space & 0x20 == 0 { 'L' } else { 'H' };
    let compatible = u32::from_be_bytes([c0, c1, c2, c3]).reverse_bits();
    let mut text = format!("hvc1.{prefix}{}.{compatible:X}.{tier}{level}", space & 0x1f);
    let used = constraints.iter().rposition(|&c| c != 0).map_or(0, |last| last + 1);
    for constraint in constraints.iter().take(used) {
        write!(text, ".{constraint:X}").ok()?;
    }
    Some(text)
}
