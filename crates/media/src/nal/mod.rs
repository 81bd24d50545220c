//! Annex-B: network abstraction layer units, parameter sets, SEI, sizes, codec strings.
//!
//! Invariants: nothing here panics on any bytes; a start code is four bytes where we write it.
//! Spec: ITU-T H.264 (2021) s7.3, s7.4.1, Annex B, D; ITU-T H.265 (2021) s7.3, Annex B, D;
//! codec strings RFC 6381 s3.3, ISO/IEC 14496-15 Annex E.
//! Not here: where parameter sets are kept between units (`demux`), length prefixes (`fmp4`).

mod bits;
mod sei;
pub(crate) mod sets;
mod sps;
#[cfg(test)]
mod tests;

use flumen_base::wire::Codec;
use sha2::{Digest, Sha256};

pub use sei::{sei_user_data, with_sei_user_data};
pub use sps::{Sps, codec_string, h264_sps, h265_sps};
pub(crate) use sps::{h265_general, sps_string};

/// What stands before each NAL unit that we write.
pub const START_CODE: [u8; 4] = [0, 0, 0, 1];

/// Whether decoding can begin at an access unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It needs earlier pictures.
    None,
    /// Decoding can begin, and pictures shown before it may be damaged.
    Recovery,
    /// Nothing before it is needed.
    Idr,
}

/// What a NAL unit is for, as far as we care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NalKind {
    /// Access unit delimiter: first in its unit.
    Delimiter,
    /// Video parameter set (H.265).
    Vps,
    /// Sequence parameter set.
    Sps,
    /// Picture parameter set.
    Pps,
    /// SEI that stands before the picture.
    Sei,
    /// Part of an IDR picture.
    IdrSlice,
    /// Part of another picture that decoding can begin with.
    RandomAccessSlice,
    /// Part of any other picture.
    Slice,
    /// Anything else.
    Other,
}

impl NalKind {
    /// True for VPS, SPS and PPS.
    pub fn is_parameter_set(self) -> bool {
        matches!(self, NalKind::Vps | NalKind::Sps | NalKind::Pps)
    }

    /// True for coded picture data.
    pub fn is_slice(self) -> bool {
        matches!(self, NalKind::IdrSlice | NalKind::RandomAccessSlice | NalKind::Slice)
    }
}

/// What this NAL unit (without start code) is.
pub fn kind(codec: Codec, nal: &[u8]) -> NalKind {
    let Some(&first) = nal.first() else { return NalKind::Other };
    match codec {
        Codec::H264 => match first & 0x1f {
            1..=4 => NalKind::Slice,
            5 => NalKind::IdrSlice,
            6 => NalKind::Sei,
            7 => NalKind::Sps,
            8 => NalKind::Pps,
            9 => NalKind::Delimiter,
            _ => NalKind::Other,
        },
        Codec::H265 => match (first >> 1) & 0x3f {
            0..=15 => NalKind::Slice,
            19 | 20 => NalKind::IdrSlice,
            16..=23 => NalKind::RandomAccessSlice,
            32 => NalKind::Vps,
            33 => NalKind::Sps,
            34 => NalKind::Pps,
            35 => NalKind::Delimiter,
            39 => NalKind::Sei,
            _ => NalKind::Other,
        },
        _ => NalKind::Other,
    }
}

/// The NAL units of an Annex-B access unit, without start codes and trailing zeros.
pub fn units(data: &[u8]) -> Units<'_> {
    Units { data, at: find_start(data, 0).map(|s| s + 3) }
}

/// Iterator of `units`.
#[derive(Clone, Debug)]
pub struct Units<'a> {
    data: &'a [u8],
    /// First byte of the next NAL unit.
    at: Option<usize>,
}

impl<'a> Iterator for Units<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let from = self.at?;
            let next = find_start(self.data, from);
            self.at = next.map(|s| s + 3);
            let nal = self.data.get(from..next.unwrap_or(self.data.len()))?;
            let end = nal.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
            if let Some(nal @ [_, ..]) = nal.get(..end) {
                return Some(nal);
            }
        }
    }
}

/// Where the next 00 00 01 begins, at or after `from`.
fn find_start(data: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(&[a, b, c]) = data.get(at..at + 3) {
        match c {
            1 if a == 0 && b == 0 => return Some(at),
            // A start code can begin at c or at b and c only when they are zero.
            0 => at += if b == 0 { 1 } else { 2 },
            _ => at += 3,
        }
    }
    None
}

/// Whether decoding can begin at this access unit; MJPEG always can.
pub fn access(codec: Codec, data: &[u8]) -> Access {
    if codec == Codec::Mjpeg {
        return if data.is_empty() { Access::None } else { Access::Idr };
    }
    access_of(codec, units(data))
}

/// As `access`, over NAL units that are already apart.
pub(crate) fn access_of<'a>(codec: Codec, nals: impl Iterator<Item = &'a [u8]>) -> Access {
    let (mut recovery, mut sps) = (false, false);
    for nal in nals {
        match kind(codec, nal) {
            NalKind::IdrSlice => return Access::Idr,
            NalKind::RandomAccessSlice => return Access::Recovery,
            NalKind::Sps => sps = true,
            NalKind::Sei => recovery |= codec == Codec::H264 && sei::has_recovery_point(nal),
            // Cheap cameras send plain I pictures behind parameter sets and never an IDR.
            NalKind::Slice if recovery || (sps && sps::h264_is_intra(codec, nal)) => {
                return Access::Recovery;
            }
            NalKind::Slice => return Access::None,
            _ => {}
        }
    }
    Access::None
}

/// True when the first slice is an I slice of H.264, which a container may call a key picture.
pub(crate) fn begins_intra(codec: Codec, nals: &[&[u8]]) -> bool {
    let slice = nals.iter().find(|nal| kind(codec, nal).is_slice());
    slice.is_some_and(|nal| sps::h264_is_intra(codec, nal))
}

/// The parameter sets in an access unit, in its order, without start codes.
pub fn parameter_sets(codec: Codec, data: &[u8]) -> Vec<&[u8]> {
    units(data)
        .take_while(|nal| !kind(codec, nal).is_slice())
        .filter(|nal| kind(codec, nal).is_parameter_set())
        .collect()
}

/// First 8 bytes (big endian) of SHA-256 over the parameter sets of a key unit, each with its
/// start code; for MJPEG over width and height; 0 for audio.
pub fn parameter_hash(codec: Codec, data: &[u8]) -> u64 {
    match codec {
        Codec::H264 | Codec::H265 => hash_sets(parameter_sets(codec, data)),
        Codec::Mjpeg => {
            let (w, h) = size(codec, data).unwrap_or_default();
            first_eight(Sha256::new().chain_update(w.to_be_bytes()).chain_update(h.to_be_bytes()))
        }
        _ => 0,
    }
}

/// The hash of `parameter_hash` over sets that are already apart.
pub(crate) fn hash_sets<'a>(sets: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    let mut sha = Sha256::new();
    for set in sets {
        sha.update(START_CODE);
        sha.update(set);
    }
    first_eight(sha)
}

fn first_eight(sha: Sha256) -> u64 {
    let digest = sha.finalize();
    digest.iter().take(8).fold(0, |all, &b| (all << 8) | u64::from(b))
}

/// Width and height that the parameter sets (MJPEG: the JPEG) state, after cropping.
pub fn size(codec: Codec, data: &[u8]) -> Option<(u32, u32)> {
    if codec == Codec::Mjpeg {
        return jpeg_size(data);
    }
    let sps = sps_of(codec, data)?;
    Some((sps.width, sps.height))
}

/// The first sequence parameter set of an access unit, read.
pub fn sps_of(codec: Codec, data: &[u8]) -> Option<Sps> {
    let nal = units(data).find(|nal| kind(codec, nal) == NalKind::Sps)?;
    sps::read(codec, nal)
}

/// Size in the first start-of-frame segment. Spec: ITU-T T.81 Annex B.
fn jpeg_size(data: &[u8]) -> Option<(u32, u32)> {
    let mut rest = data.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let marker = *rest.get(1)?;
        if *rest.first()? != 0xff {
            return None;
        }
        if marker == 0xff {
            rest = rest.get(1..)?;
            continue;
        }
        let length = usize::from(u16::from_be_bytes(*rest.get(2..)?.first_chunk()?));
        let body = rest.get(4..)?;
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let &[_, h1, h0, w1, w0] = body.first_chunk()?;
            return Some((
                u16::from_be_bytes([w1, w0]).into(),
                u16::from_be_bytes([h1, h0]).into(),
            ));
        }
        rest = rest.get(2 + length.max(2)..)?;
    }
}
