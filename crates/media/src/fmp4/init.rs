//! The init segment: `ftyp` and `moov`.
//!
//! Spec: ISO/IEC 14496-12 s8.2 to s8.8.

use bytes::Bytes;
use flumen_base::{Error, Result};

use super::boxes::Boxes;
use super::entry::sample_entry;
use super::{TIMESCALE, TrackConfig};

/// Type of our own box: the UTC-like time that the file's time 0 stands for.
pub(super) const BASE_UUID: [u8; 16] = *b"flumen-base-time";

/// The unity matrix, 16.16 and 2.30.
const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// The init segment (`ftyp`, `moov`).
///
/// # Errors
/// `Invalid` without tracks, or with more than 16.
pub fn init(tracks: &[TrackConfig]) -> Result<Bytes> {
    if tracks.is_empty() || tracks.len() > 16 {
        return Err(Error::invalid("a file has 1 to 16 tracks"));
    }
    let mut out = Boxes::default();
    out.boxed(b"ftyp", |b| {
        b.bytes(b"iso6");
        b.u32(0);
        b.bytes(b"iso6iso5mp41");
    });
    out.boxed(b"moov", |b| {
        b.full(b"mvhd", 0, 0, |b| {
            b.zeros(8);
            b.u32(TIMESCALE);
            b.u32(0);
            b.u32(0x1_0000);
            b.u16(0x100);
            b.zeros(10);
            MATRIX.iter().for_each(|&m| b.u32(m));
            b.zeros(24);
            b.u32(tracks.len() as u32 + 1);
        });
        for (track, id) in tracks.iter().zip(1u32..) {
            trak(b, track, id);
        }
        b.boxed(b"mvex", |b| {
            for (_, id) in tracks.iter().zip(1u32..) {
                b.full(b"trex", 0, 0, |b| {
                    b.u32(id);
                    b.u32(1);
                    b.zeros(12);
                });
            }
        });
    });
    Ok(out.0.into())
}

/// The init segment of a file whose time 0 is `base_us`; `Reader::base_us` gives it back.
///
/// # Errors
/// As `init`.
pub fn init_at(tracks: &[TrackConfig], base_us: i64) -> Result<Bytes> {
    let mut out = Boxes(init(tracks)?.into());
    out.boxed(b"uuid", |b| {
        b.bytes(&BASE_UUID);
        b.u64(base_us.cast_unsigned());
    });
    Ok(out.0.into())
}

fn trak(b: &mut Boxes, track: &TrackConfig, id: u32) {
    let audio = track.info.is_audio();
    b.boxed(b"trak", |b| {
        b.full(b"tkhd", 0, 3, |b| {
            b.zeros(8);
            b.u32(id);
            b.zeros(20);
            b.u16(if audio { 0x100 } else { 0 });
            b.u16(0);
            MATRIX.iter().for_each(|&m| b.u32(m));
            b.u32(track.info.width << 16);
            b.u32(track.info.height << 16);
        });
        b.boxed(b"mdia", |b| {
            b.full(b"mdhd", 0, 0, |b| {
                b.zeros(8);
                b.u32(TIMESCALE);
                b.u32(0);
                b.u16(0x55c4); // "und"
                b.u16(0);
            });
            b.full(b"hdlr", 0, 0, |b| {
                b.u32(0);
                b.bytes(if audio { b"soun" } else { b"vide" });
                b.zeros(12);
                b.bytes(b"flumen\0");
            });
            b.boxed(b"minf", |b| minf(b, track, audio));
        });
    });
}

fn minf(b: &mut Boxes, track: &TrackConfig, audio: bool) {
    if audio {
        b.full(b"smhd", 0, 0, |b| b.zeros(4));
    } else {
        b.full(b"vmhd", 0, 1, |b| b.zeros(8));
    }
    b.boxed(b"dinf", |b| {
        b.full(b"dref", 0, 0, |b| {
            b.u32(1);
            b.full(b"url ", 0, 1, |_| {});
        });
    });
    b.boxed(b"stbl", |b| {
        b.full(b"stsd", 0, 0, |b| {
            b.u32(1);
            sample_entry(b, track);
        });
        b.full(b"stts", 0, 0, |b| b.u32(0));
        b.full(b"stsc", 0, 0, |b| b.u32(0));
        b.full(b"stsz", 0, 0, |b| b.zeros(8));
        b.full(b"stco", 0, 0, |b| b.u32(0));
    });
}
