//! A fragment: `moof` and `mdat`.
//!
//! Spec: ISO/IEC 14496-12 s8.8.4 to s8.8.12.

use bytes::Bytes;
use flumen_base::wire::Codec;
use flumen_base::{Error, Result};

use super::boxes::Boxes;
use super::{Sample, TrackConfig};
use crate::nal;

/// A fragment above this is refused; its sizes must fit 32 bits.
const MAX_BYTES: usize = 1 << 30;
/// Flags of a sample that needs no other, and of one that does.
const SYNC: u32 = 0x0200_0000;
const NOT_SYNC: u32 = 0x0101_0000;
/// Offset of the data; duration, size, flags and composition offset for each sample.
const TRUN_FLAGS: u32 = 0x1 | 0x100 | 0x200 | 0x400 | 0x800;

/// The samples of one track, ready to be written.
struct Run {
    track_id: u32,
    first_dts: u64,
    rows: Vec<[u32; 4]>,
    data: Vec<u8>,
}

/// A fragment (`moof`, `mdat`): the samples of each track in decoding order.
///
/// # Errors
/// `Invalid` for a track that is not there, negative or falling dts, a composition offset or
/// gap above 35 minutes, or nothing to write; `Exhausted` above 1 GiB.
pub fn fragment(sequence: u32, tracks: &[TrackConfig], samples: &[Sample]) -> Result<Bytes> {
    let known = |s: &Sample| (s.track as usize) < tracks.len();
    if samples.is_empty() || !samples.iter().all(known) {
        return Err(Error::invalid("a fragment has samples, each of a track of its file"));
    }
    if samples.iter().map(|s| s.data.len() + 16).sum::<usize>() > MAX_BYTES {
        return Err(Error::exhausted("a fragment above 1 GiB"));
    }
    let mut runs = Vec::new();
    for (track, index) in tracks.iter().zip(0u32..) {
        let mine: Vec<&Sample> = samples.iter().filter(|s| s.track == index).collect();
        if !mine.is_empty() {
            runs.push(run(track, index + 1, &mine)?);
        }
    }
    Ok(write(sequence, &runs).into())
}

fn run(track: &TrackConfig, track_id: u32, samples: &[&Sample]) -> Result<Run> {
    let mut run = Run { track_id, first_dts: 0, rows: Vec::new(), data: Vec::new() };
    for (n, sample) in samples.iter().enumerate() {
        let dts = u64::try_from(sample.dts_us)
            .map_err(|_| Error::invalid(format!("a dts of {} us is negative", sample.dts_us)))?;
        if n == 0 {
            run.first_dts = dts;
        }
        let lasts = match samples.get(n + 1) {
            None => Some(sample.duration_us),
            Some(next) => next.dts_us.checked_sub(sample.dts_us).and_then(|d| d.try_into().ok()),
        };
        let lasts: u32 = lasts.ok_or_else(|| {
            Error::invalid(format!("the dts after {} us falls or is hours away", sample.dts_us))
        })?;
        let offset = sample.pts_us.checked_sub(sample.dts_us).and_then(|o| i32::try_from(o).ok());
        let offset = offset.ok_or_else(|| {
            Error::invalid(format!("pts {} and dts {} are far apart", sample.pts_us, sample.dts_us))
        })?;
        let before = run.data.len();
        put(&mut run.data, track, &sample.data);
        let size = (run.data.len() - before) as u32; // below 1 GiB, as checked
        let flags = if sample.key { SYNC } else { NOT_SYNC };
        run.rows.push([lasts, size, flags, offset.cast_unsigned()]);
    }
    Ok(run)
}

/// Appends a sample's bytes as they stand in the file.
fn put(out: &mut Vec<u8>, track: &TrackConfig, data: &[u8]) {
    let codec = track.info.codec;
    if !matches!(codec, Codec::H264 | Codec::H265) {
        out.extend_from_slice(data);
        return;
    }
    let is_set = |unit: &[u8]| nal::kind(codec, unit).is_parameter_set();
    // Other sets than those of the entry stay in the sample, and then all of them.
    let keep = nal::units(data)
        .any(|unit| is_set(unit) && !track.parameter_sets.iter().any(|set| set == unit));
    for unit in nal::units(data).filter(|unit| keep || !is_set(unit)) {
        out.extend_from_slice(&(unit.len() as u32).to_be_bytes());
        out.extend_from_slice(unit);
    }
}

fn write(sequence: u32, runs: &[Run]) -> Vec<u8> {
    let size: usize = runs.iter().map(|r| r.data.len() + r.rows.len() * 16 + 80).sum();
    let mut out = Boxes(Vec::with_capacity(size + 64));
    let mut places = Vec::new();
    out.boxed(b"moof", |b| {
        b.full(b"mfhd", 0, 0, |b| b.u32(sequence));
        for run in runs {
            b.boxed(b"traf", |b| {
                b.full(b"tfhd", 0, 0x02_0000, |b| b.u32(run.track_id));
                b.full(b"tfdt", 1, 0, |b| b.u64(run.first_dts));
                b.full(b"trun", 1, TRUN_FLAGS, |b| {
                    b.u32(run.rows.len() as u32);
                    places.push(b.0.len());
                    b.u32(0); // where the data begins, once known
                    run.rows.iter().flatten().for_each(|&field| b.u32(field));
                });
            });
        }
    });
    let mut at = out.0.len() + 8;
    for (place, run) in places.into_iter().zip(runs) {
        out.set_u32(place, at as u32);
        at += run.data.len();
    }
    out.boxed(b"mdat", |b| runs.iter().for_each(|run| b.bytes(&run.data)));
    out.0
}
