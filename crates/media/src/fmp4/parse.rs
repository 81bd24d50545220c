//! Boxes taken apart: what the reader needs of `moov` and `moof`.
//!
//! Invariants: no bytes make it panic, loop for long or take more memory than a small
//! multiple of the bytes themselves.
//! Spec: as `init`, `entry` and `fragment`.

use std::sync::Arc;

use bytes::Bytes;
use flumen_base::wire::Codec;

use super::TrackConfig;
use super::entry::{AAC_OBJECT, JPEG_OBJECT};
use crate::nal::{self, sets::extradata};
use crate::unit::TrackInfo;

/// Most samples in a run.
const MAX_SAMPLES: u32 = 1_000_000;

/// Bytes taken from the front.
#[derive(Clone, Copy)]
struct Cut<'a>(&'a [u8]);

impl<'a> Cut<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// Version and flags.
    fn full(&mut self) -> Option<(u8, u32)> {
        self.u32().map(|v| ((v >> 24) as u8, v & 0xff_ffff))
    }
}

/// The boxes in `data`; ends where the next one is not whole.
fn children(data: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = Cut(data);
    std::iter::from_fn(move || {
        let size = usize::try_from(rest.u32()?).ok()?;
        let kind = rest.array()?;
        Some((kind, rest.take(size.checked_sub(8)?)?))
    })
}

fn child<'a>(data: &'a [u8], wanted: &[u8; 4]) -> Option<&'a [u8]> {
    children(data).find(|(kind, _)| kind == wanted).map(|(_, inside)| inside)
}

/// A track of a `moov` box.
pub(super) struct Described {
    pub(super) id: u32,
    pub(super) timescale: u32,
    pub(super) config: TrackConfig,
}

/// The tracks of a `moov` box that we can read; others are left out.
pub(super) fn tracks(moov: &[u8]) -> Vec<Described> {
    children(moov)
        .filter(|(kind, _)| kind == b"trak")
        .filter_map(|(_, trak)| described(trak))
        .take(16)
        .collect()
}

fn described(trak: &[u8]) -> Option<Described> {
    let mut tkhd = Cut(child(trak, b"tkhd")?);
    let (version, _) = tkhd.full()?;
    tkhd.take(if version == 1 { 16 } else { 8 })?;
    let id = tkhd.u32()?;
    let mdia = child(trak, b"mdia")?;
    let mut mdhd = Cut(child(mdia, b"mdhd")?);
    let (version, _) = mdhd.full()?;
    mdhd.take(if version == 1 { 16 } else { 8 })?;
    let timescale = mdhd.u32().filter(|&t| t > 0)?;
    let stsd = child(child(child(mdia, b"minf")?, b"stbl")?, b"stsd")?;
    let (kind, entry) = children(stsd.get(8..)?).next()?;
    Some(Described { id, timescale, config: config(&kind, entry)? })
}

fn config(kind: &[u8; 4], entry: &[u8]) -> Option<TrackConfig> {
    let mut info = TrackInfo::default();
    let mut parameter_sets = Vec::new();
    match kind {
        b"avc1" | b"avc3" | b"hvc1" | b"hev1" | b"mp4v" => {
            let mut size = Cut(entry.get(24..28)?);
            (info.width, info.height) = (size.u16()?.into(), size.u16()?.into());
            let inside = entry.get(78..)?;
            info.codec = match kind {
                b"avc1" | b"avc3" => Codec::H264,
                b"mp4v" => Codec::Mjpeg,
                _ => Codec::H265,
            };
            if info.codec == Codec::Mjpeg {
                decoder_config(child(inside, b"esds")?).filter(|(o, _)| *o == JPEG_OBJECT)?;
            } else {
                let name = if info.codec == Codec::H264 { b"avcC" } else { b"hvcC" };
                parameter_sets = listed_sets(info.codec, child(inside, name)?)?;
            }
        }
        b"mp4a" | b"Opus" | b"alaw" | b"ulaw" => {
            let mut head = Cut(entry.get(16..28)?);
            info.channels = head.u16()?.into();
            head.take(6)?;
            info.sample_rate_hz = head.u32()? >> 16;
            sound(kind, &mut info, entry.get(28..)?)?;
        }
        _ => return None,
    }
    Some(TrackConfig { info: Arc::new(info), parameter_sets })
}

fn sound(kind: &[u8; 4], info: &mut TrackInfo, inside: &[u8]) -> Option<()> {
    match kind {
        b"mp4a" => {
            let (object, config) = decoder_config(child(inside, b"esds")?)?;
            info.codec = (object == AAC_OBJECT).then_some(Codec::Aac)?;
            info.config = Bytes::copy_from_slice(config);
        }
        b"Opus" => {
            info.codec = Codec::Opus;
            let (&[_, channels, s1, s0, r3, r2, r1, r0, g1, g0], rest) =
                child(inside, b"dOps")?.split_first_chunk()?;
            let mut head = b"OpusHead\x01".to_vec();
            head.extend_from_slice(&[channels, s0, s1, r0, r1, r2, r3, g0, g1]);
            head.extend_from_slice(rest);
            info.config = head.into();
        }
        b"alaw" => info.codec = Codec::Pcma,
        _ => info.codec = Codec::Pcmu,
    }
    Some(())
}

/// The parameter sets of avcC or hvcC; only lengths of four bytes are read.
fn listed_sets(codec: Codec, config: &[u8]) -> Option<Vec<Bytes>> {
    let (length, sets) = extradata(codec, config);
    let sets = sets.into_iter().filter(|set| nal::kind(codec, set).is_parameter_set());
    (length == Some(4)).then(|| sets.map(Bytes::copy_from_slice).collect())
}

/// Object type and specific configuration of an `esds` box.
fn decoder_config(esds: &[u8]) -> Option<(u8, &[u8])> {
    let mut es = Cut(descriptor(esds.get(4..)?, 3)?.0);
    es.take(2)?;
    let flags = es.u8()?;
    if flags & 0xe0 != 0 {
        return None; // we write none of these
    }
    let mut decoder = Cut(descriptor(es.0, 4)?.0);
    let object = decoder.u8()?;
    decoder.take(12)?;
    Some((object, descriptor(decoder.0, 5).map_or(&[], |(config, _)| config)))
}

/// Content of a descriptor with this tag, and what follows it.
fn descriptor(data: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let mut cut = Cut(data);
    if cut.u8()? != tag {
        return None;
    }
    let mut size = 0usize;
    for _ in 0..4 {
        let byte = cut.u8()?;
        size = size << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    cut.0.split_at_checked(size)
}

/// A sample of a fragment and where it lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) track_id: u32,
    /// Offset from the first byte of `moof`.
    pub(super) at: u64,
    pub(super) size: u32,
    pub(super) dts: u64,
    pub(super) duration: u32,
    pub(super) offset: i32,
    pub(super) key: bool,
}

/// The samples of a `moof` box in the order of the file; nothing when it makes no sense.
pub(super) fn placed(moof: &[u8]) -> Option<Vec<Placed>> {
    let mut out = Vec::new();
    for (_, traf) in children(moof).filter(|(kind, _)| kind == b"traf").take(16) {
        let mut defaults = tfhd(child(traf, b"tfhd")?)?;
        let mut tfdt = Cut(child(traf, b"tfdt")?);
        let (version, _) = tfdt.full()?;
        defaults.dts = if version == 1 { tfdt.u64()? } else { tfdt.u32()?.into() };
        for (_, trun) in children(traf).filter(|(kind, _)| kind == b"trun") {
            run(trun, &mut defaults, &mut out)?;
            // Our writer spends 16 bytes on each.
            if out.len() > moof.len().min(MAX_SAMPLES as usize) {
                return None;
            }
        }
    }
    (!out.is_empty()).then_some(out)
}

/// Defaults of a track's fragment, and its running time and place.
struct Defaults {
    track_id: u32,
    duration: u32,
    size: u32,
    flags: u32,
    dts: u64,
    at: u64,
}

fn tfhd(data: &[u8]) -> Option<Defaults> {
    let mut cut = Cut(data);
    let (_, flags) = cut.full()?;
    let track_id = cut.u32()?;
    if flags & 0x1 != 0 {
        return None; // absolute offsets: not written by us
    }
    if flags & 0x2 != 0 {
        cut.u32()?;
    }
    let mut field = |bit: u32| if flags & bit == 0 { Some(0) } else { cut.u32() };
    let (duration, size, flags) = (field(0x8)?, field(0x10)?, field(0x20)?);
    Some(Defaults { track_id, duration, size, flags, dts: 0, at: 0 })
}

fn run(data: &[u8], defaults: &mut Defaults, out: &mut Vec<Placed>) -> Option<()> {
    let mut cut = Cut(data);
    let (_, flags) = cut.full()?;
    let count = cut.u32().filter(|&count| count <= MAX_SAMPLES)?;
    if flags & 0x1 != 0 {
        defaults.at = u64::try_from(cut.u32()?.cast_signed()).ok()?;
    }
    let first_flags = if flags & 0x4 != 0 { Some(cut.u32()?) } else { None };
    // A run without fields would let four bytes stand for a million samples.
    if flags & 0xf00 == 0 && count > 4096 {
        return None;
    }
    for n in 0..count {
        let mut field = |bit: u32| if flags & bit == 0 { Some(None) } else { cut.u32().map(Some) };
        let duration = field(0x100)?.unwrap_or(defaults.duration);
        let size = field(0x200)?.unwrap_or(defaults.size);
        let own = field(0x400)?;
        // Version 0 has unsigned offsets, but writers of negative ones use it too.
        let offset = field(0x800)?.unwrap_or(0).cast_signed();
        let sample_flags = own.or(first_flags.filter(|_| n == 0)).unwrap_or(defaults.flags);
        let key = sample_flags & 0x1_0000 == 0; // sample_is_non_sync_sample
        let (at, dts) = (defaults.at, defaults.dts);
        out.push(Placed { track_id: defaults.track_id, at, size, dts, duration, offset, key });
        defaults.at = at.checked_add(size.into())?;
        defaults.dts = dts.checked_add(duration.into())?;
    }
    Some(())
}
