//! An entry for fuzzers: any bytes as a log's files.
//!
//! Invariants: returns for any input, in time and memory linear in it.

use std::path::Path;
use std::sync::Arc;

use flumen_base::{Clock, ManualClock};

use crate::format::{SEGMENT_HEADER_BYTES, SegmentHeader, segment_name};
use crate::log::Log;
use crate::recovery::recover;
use crate::sim::SimDisk;
use crate::{Config, Disk, Entry, From, Read, Reader, Visibility};

const DIR: &str = "/log";

/// Opens, reads, seeks, writes and opens again a log whose files are made of `bytes`.
///
/// The first byte chooses: the rest as a whole file, as records behind a good head, or as
/// changes (place, new byte) of a good log.
///
/// *Panics* when an invariant of recovery is broken: that is a finding.
pub fn fuzz_recovery(bytes: &[u8]) {
    let Some((&mode, rest)) = bytes.split_first() else { return };
    let disk = match mode % 3 {
        0 => raw(rest),
        1 => behind_head(rest),
        _ => changed(rest),
    };
    let Some(end) = open_and_read(&disk, true) else { return };
    let again = open_and_read(&disk.cut_power(u64::from(mode)), false);
    assert!(again.is_none_or(|next| next >= end), "a synced log became shorter");
}

fn path(base: u64) -> std::path::PathBuf {
    Path::new(DIR).join(segment_name(base, 1))
}

fn raw(bytes: &[u8]) -> SimDisk {
    let disk = SimDisk::new(1);
    disk.put(&path(0), bytes);
    disk.put(&path(0).with_extension("idx"), bytes);
    disk
}

fn behind_head(bytes: &[u8]) -> SimDisk {
    let header = SegmentHeader { generation: 1, base: 0, salt: 1, created_us: 0 };
    let mut content = header.encode();
    content.extend_from_slice(bytes);
    let disk = SimDisk::new(1);
    disk.put(&path(0), &content);
    disk
}

/// A good log of two segments, with three bytes of input for each changed byte.
fn changed(bytes: &[u8]) -> SimDisk {
    let disk = good();
    let mut files: Vec<_> = disk.paths().into_iter().map(|p| (disk.bytes(&p), p)).collect();
    for change in bytes.chunks_exact(3) {
        let [low, high, new] = *change else { continue };
        let mut at = usize::from(u16::from_le_bytes([low, high]));
        for content in files.iter_mut().filter_map(|(content, _)| content.as_mut()) {
            // The heads are mostly zeros: changes fall behind them seven times of eight.
            let skip = if new % 8 == 0 { 0 } else { SEGMENT_HEADER_BYTES as usize };
            let length = content.len().saturating_sub(skip);
            if at < length {
                content.iter_mut().skip(skip + at).take(1).for_each(|b| *b = new);
                break;
            }
            at -= length;
        }
    }
    for (content, path) in files {
        disk.put(&path, &content.unwrap_or_default());
    }
    disk
}

fn good() -> SimDisk {
    let disk = SimDisk::new(1);
    if let Ok((mut log, _)) = open(&disk) {
        for n in 0..12_u8 {
            if n == 6 {
                let _ = log.roll();
            }
            let entry = Entry::new(i64::from(n), vec![n; 20 * usize::from(n)]);
            let mark = (n % 4 == 3).then_some(u64::from(n));
            let _ = log.append(&[entry], mark);
        }
        let _ = log.sync();
    }
    disk
}

fn open(disk: &SimDisk) -> flumen_base::Result<(Log, Reader)> {
    let shared: Arc<dyn Disk> = Arc::new(disk.clone());
    let found = recover(disk, Path::new(DIR))?;
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(0));
    let log = Log::new(shared.clone(), DIR.into(), Config::default(), clock, found);
    let reader = Reader::new(shared, DIR.into(), log.view(), Arc::default(), Visibility::Written);
    Ok((log, reader))
}

/// Returns the offset behind the last record; `None` when the log is refused.
fn open_and_read(disk: &SimDisk, write: bool) -> Option<u64> {
    let _ = crate::check(disk, Path::new(DIR), &mut |_, _| {});
    let (mut log, mut reader) = open(disk).ok()?;
    if write && log.append(&[Entry::new(1, &b"more"[..])], None).is_ok() {
        let _ = log.sync();
    }
    let mut told = Vec::new();
    let mut expected = reader.next_offset();
    // A damaged span between segments is told at once, so there are at most so many things.
    while reader.read(64, usize::MAX, &mut told).is_ok() && !told.is_empty() {
        for item in told.drain(..) {
            let (from, to) = match item {
                Read::Record(r) => (r.offset, r.offset + 1),
                Read::Expired { from, to } | Read::Damaged { from, to } => (from, to),
            };
            assert!(from == expected && to > from, "told {from}..{to}, expected {expected}");
            expected = to;
        }
    }
    assert_eq!(expected, log.view().tails().0.offset, "all offsets are told");
    for to in [From::Time(3), From::Offset(5), From::Latest] {
        let _ = reader.seek(to);
        let _ = reader.read(1, usize::MAX, &mut told);
    }
    Some(expected)
}
