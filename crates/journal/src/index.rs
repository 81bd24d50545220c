//! Where in a segment an offset or a time is: sparse, and always rebuildable.
//!
//! Invariants: entries grow in offset and position, and in the newest time before them; about
//! one entry each 256 KiB. A stored index is believed only when its sum, salt and the segment's
//! length hold; otherwise it is made again from the segment.
//! Not here: which segment (`view`).

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::disk::{Disk, DiskFile, read_full, write_all};
use crate::format::{RecordKind, SEGMENT_HEADER_BYTES, u32_at, u64_at};
use crate::scan::{Item, Payload, Scanner};

const MAGIC: [u8; 8] = *b"FLMNIDX1";
const EVERY_BYTES: u64 = 256 << 10;
const HEAD_BYTES: usize = 44;
const ENTRY_BYTES: usize = 24;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    offset: u64,
    /// The newest timestamp of the records before this one.
    newest_before_us: i64,
    position: u64,
}

/// The index of one segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Index {
    entries: Vec<Entry>,
    oldest_us: i64,
    newest_us: i64,
}

impl Default for Index {
    fn default() -> Index {
        Index { entries: Vec::new(), oldest_us: i64::MAX, newest_us: i64::MIN }
    }
}

impl Index {
    /// Takes note of the next record.
    pub(crate) fn note(&mut self, offset: u64, timestamp_us: i64, position: u64) {
        if self.entries.last().is_none_or(|e| position >= e.position + EVERY_BYTES) {
            self.entries.push(Entry { offset, newest_before_us: self.newest_us, position });
        }
        self.newest_us = self.newest_us.max(timestamp_us);
        self.oldest_us = self.oldest_us.min(timestamp_us);
    }

    /// Newest timestamp; `None` without records.
    pub(crate) fn newest_us(&self) -> Option<i64> {
        (!self.entries.is_empty()).then_some(self.newest_us)
    }

    /// Oldest timestamp; `None` without records.
    pub(crate) fn oldest_us(&self) -> Option<i64> {
        (!self.entries.is_empty()).then_some(self.oldest_us)
    }

    /// A place at or before the record with that offset.
    pub(crate) fn by_offset(&self, offset: u64) -> u64 {
        let behind = self.entries.partition_point(|e| e.offset <= offset);
        self.place_before(behind)
    }

    /// A place at or before the first record of that time or later.
    pub(crate) fn by_time(&self, timestamp_us: i64) -> u64 {
        let behind = self.entries.partition_point(|e| e.newest_before_us < timestamp_us);
        self.place_before(behind)
    }

    /// The first known place behind a position.
    pub(crate) fn behind(&self, position: u64) -> Option<u64> {
        let next = self.entries.partition_point(|e| e.position <= position);
        self.entries.get(next).map(|e| e.position)
    }

    fn place_before(&self, behind: usize) -> u64 {
        let entry = behind.checked_sub(1).and_then(|i| self.entries.get(i));
        entry.map_or(SEGMENT_HEADER_BYTES, |e| e.position)
    }

    /// Makes the index from the segment's record headers.
    pub(crate) fn build(file: Arc<dyn DiskFile>, salt: u64, length: u64) -> io::Result<Index> {
        let mut index = Index::default();
        let mut scanner = Scanner::new(file, salt, SEGMENT_HEADER_BYTES);
        loop {
            match scanner.step(length, Payload::Jump)? {
                Item::Record { header, position, .. } if header.kind == RecordKind::Data => {
                    index.note(header.offset, header.timestamp_us, position);
                }
                Item::End { .. } => return Ok(index),
                _ => {}
            }
        }
    }

    /// Stores it beside its segment; it need not be durable.
    pub(crate) fn store(
        &self,
        disk: &dyn Disk,
        path: &Path,
        salt: u64,
        length: u64,
    ) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + self.entries.len() * ENTRY_BYTES + 4);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&salt.to_le_bytes());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&self.oldest_us.to_le_bytes());
        bytes.extend_from_slice(&self.newest_us.to_le_bytes());
        bytes.extend_from_slice(&(self.entries.len() as u32).to_le_bytes());
        for entry in &self.entries {
            bytes.extend_from_slice(&entry.offset.to_le_bytes());
            bytes.extend_from_slice(&entry.newest_before_us.to_le_bytes());
            bytes.extend_from_slice(&entry.position.to_le_bytes());
        }
        let crc = crc32c::crc32c(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        let file = disk.create(path)?;
        write_all(file.as_ref(), &bytes, 0)
    }

    /// Reads a stored index; `None` when it is not there or not of this segment.
    pub(crate) fn load(disk: &dyn Disk, path: &Path, salt: u64, length: u64) -> Option<Index> {
        let file = disk.open(path, false).ok()?;
        let most = HEAD_BYTES as u64 + 4 + (length / EVERY_BYTES + 2) * ENTRY_BYTES as u64;
        let size = file.length().ok().filter(|&s| s <= most)?;
        let mut bytes = vec![0; size as usize];
        let read = read_full(file.as_ref(), &mut bytes, 0).ok()?;
        let body = bytes.get(..read.checked_sub(4)?)?;
        let good = body.len() >= HEAD_BYTES
            && body.starts_with(&MAGIC)
            && u32_at(&bytes, body.len()) == crc32c::crc32c(body)
            && (u64_at(body, 8), u64_at(body, 16)) == (salt, length);
        let entries = body.get(HEAD_BYTES..).unwrap_or_default().chunks_exact(ENTRY_BYTES);
        if !good || entries.len() != u32_at(body, 40) as usize {
            return None;
        }
        Some(Index {
            entries: entries
                .map(|e| Entry {
                    offset: u64_at(e, 0),
                    newest_before_us: u64_at(e, 8) as i64,
                    position: u64_at(e, 16),
                })
                .collect(),
            oldest_us: u64_at(body, 24) as i64,
            newest_us: u64_at(body, 32) as i64,
        })
    }
}
