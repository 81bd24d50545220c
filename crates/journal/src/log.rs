//! Writing: the log as one thread sees it, without queue or threads.
//!
//! Invariants: offsets are dense and given only to records that were written whole; before a
//! new segment takes records the old one is synced and the new one's head and name are durable;
//! a segment that was left is never written again; a file whose sync failed once is never
//! synced again.
//! Not here: the queue and acknowledgements (`journal`), opening (`recovery`).

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use flumen_base::{Clock, Context, Error, Result};

use crate::disk::{Disk, DiskFile, write_all};
use crate::format::{
    END_OF_OFFSETS, RecordHeader, RecordKind, SEGMENT_HEADER_BYTES, SegmentHeader,
};
use crate::recovery::Recovered;
use crate::segment::Segment;
use crate::view::{Tail, View, lock};
use crate::{Config, Entry};

/// A file whose syncs come one after the other, and never again after one failed.
///
/// The system tells a failed write-back once: whoever asks next would be told that all is well.
pub(crate) struct SyncFile {
    file: Arc<dyn DiskFile>,
    failed: Mutex<bool>,
}

impl SyncFile {
    pub(crate) fn sync(&self) -> io::Result<()> {
        let mut failed = lock(&self.failed);
        if *failed {
            return Err(io::Error::other("an earlier sync of this file failed"));
        }
        let synced = self.file.sync();
        *failed = synced.is_err();
        synced
    }
}

struct Active {
    file: Arc<SyncFile>,
    segment: Arc<Segment>,
    salt: u64,
    position: u64,
}

/// The writing end of a log.
pub(crate) struct Log {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    config: Config,
    clock: Arc<dyn Clock>,
    view: Arc<View>,
    active: Option<Active>,
    next: u64,
    generation: u32,
    serial: u64,
    buffer: Vec<u8>,
    broken: Option<String>,
}

impl Log {
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        config: Config,
        clock: Arc<dyn Clock>,
        found: Recovered,
    ) -> Log {
        let serial = found.segments.last().map_or(0, |s| s.serial);
        let view = Arc::new(View::new(found.segments, found.next));
        Log {
            disk,
            dir,
            config,
            clock,
            view,
            active: None,
            next: found.next,
            generation: found.generation,
            serial,
            buffer: Vec::new(),
            broken: None,
        }
    }

    pub(crate) fn view(&self) -> Arc<View> {
        self.view.clone()
    }

    /// Why nothing can be written any more.
    pub(crate) fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// Writes records behind a mark (when there is one); returns the first one's offset.
    ///
    /// On an error nothing was written and the offsets stay free.
    pub(crate) fn append(&mut self, entries: &[Entry], mark: Option<u64>) -> Result<u64> {
        if let Some(why) = &self.broken {
            return Err(Error::unavailable(why.clone()));
        }
        if self.next + entries.len() as u64 > END_OF_OFFSETS {
            return Err(Error::exhausted("the log has no offsets left: begin another one"));
        }
        let bytes: u64 = entries.iter().map(Entry::stored_bytes).sum();
        if entries.is_empty() && self.active.is_none() {
            return Ok(self.next);
        }
        if !entries.is_empty() && self.must_roll(bytes) {
            self.roll()?;
        }
        let first = self.next;
        let Some(active) = self.active.as_mut() else {
            return Err(Error::internal("no segment after a roll"));
        };
        let placed = encode(&mut self.buffer, active, entries, first, mark);
        if let Err(error) = write_all(active.file.file.as_ref(), &self.buffer, active.position) {
            return Err(self.take_back(error));
        }
        active.position += self.buffer.len() as u64;
        active.segment.set_length(active.position);
        active.segment.note(placed.into_iter());
        self.next += entries.len() as u64;
        let tail =
            Tail { serial: active.segment.serial, position: active.position, offset: self.next };
        if self.buffer.capacity() > 8 << 20 {
            self.buffer = Vec::new();
        }
        self.view.wrote(tail);
        Ok(first)
    }

    /// After a failed write: what was written of it must not be found by a recovery.
    fn take_back(&mut self, error: io::Error) -> Error {
        let Some(active) = self.active.as_ref() else {
            return Error::io("write", error);
        };
        let path = active.segment.path.display().to_string();
        // Synced at once: else a power cut could bring back a part of what was refused.
        let cut = active.file.file.set_length(active.position).and_then(|()| active.file.sync());
        if let Err(cut) = cut {
            tracing::error!(segment = %path, error = %cut, "log broken: a failed write stays");
            self.broken = Some(format!(
                "{path} can't be cut after a failed write: {cut}; check the disk and restart"
            ));
        }
        Error::io(format!("write {path}"), error)
    }

    fn must_roll(&self, bytes: u64) -> bool {
        let Some(active) = &self.active else { return true };
        let holds = active.position > SEGMENT_HEADER_BYTES && self.next > active.segment.base;
        holds && active.position + bytes > self.config.segment_bytes
    }

    /// Ends the segment and begins the next.
    pub(crate) fn roll(&mut self) -> Result<()> {
        if self.active.as_ref().is_some_and(|a| a.segment.base == self.next) {
            return Ok(());
        }
        if self.active.is_some() {
            self.sync()?;
        }
        // From here on the old segment is never written again, even if making the new one
        // fails: a half-made file with this base may be found by a recovery.
        if let Some(active) = self.active.take() {
            active.segment.store_index(self.disk.as_ref());
        }
        self.begin()
    }

    fn begin(&mut self) -> Result<()> {
        let created_us = self.clock.wall_us();
        let salt = self.disk.salt();
        self.serial += 1;
        let mut segment = Segment::new(&self.dir, self.serial, self.next, self.generation);
        segment.salt = Some(salt);
        segment.own = true;
        let header =
            SegmentHeader { generation: self.generation, base: self.next, salt, created_us };
        let path = segment.path.clone();
        let made = self.make(&segment, &header);
        let file = match made {
            Ok(file) => Arc::new(SyncFile { file, failed: Mutex::new(false) }),
            Err(error) => {
                // The name may be taken: the next try has another.
                self.generation += 1;
                return Err(Error::io(format!("begin {}", path.display()), error));
            }
        };
        segment.set_length(SEGMENT_HEADER_BYTES);
        segment.set_index(Default::default());
        let segment = Arc::new(segment);
        self.view.begin(segment.clone(), file.clone());
        self.active = Some(Active { file, segment, salt, position: SEGMENT_HEADER_BYTES });
        Ok(())
    }

    fn make(&self, segment: &Segment, header: &SegmentHeader) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.disk.create(&segment.path)?;
        let durable = write_all(file.as_ref(), &header.encode(), 0)
            .and_then(|()| file.sync())
            .and_then(|()| self.disk.sync_dir(&self.dir));
        if durable.is_err() {
            // Else the next opening clears it up.
            let _ = self.disk.remove(&segment.path);
        }
        durable.map(|()| file)
    }

    /// Makes all that is written durable.
    pub(crate) fn sync(&mut self) -> Result<()> {
        let Some((file, tail)) = self.view.sync_target() else { return Ok(()) };
        match file.sync() {
            Ok(()) => {
                self.view.synced(tail);
                Ok(())
            }
            Err(error) => {
                let why = format!("sync of {} failed: {error}", self.dir.display());
                self.broken.get_or_insert(why);
                Err(error).context(format!("sync {}", self.dir.display()))
            }
        }
    }

    /// After a failed sync: what was written behind the durable tail must not be believed by
    /// the next process, which would find it in the page cache.
    pub(crate) fn cut_unsynced(&mut self, why: &str) {
        self.broken.get_or_insert_with(|| why.to_owned());
        let durable = self.view.forget_unsynced();
        if let Some(active) = self.active.as_ref().filter(|a| a.segment.serial == durable.serial)
            && let Err(error) = active.file.file.set_length(durable.position)
        {
            tracing::error!(segment = %active.segment.path.display(), %error, "tail not cut");
        }
    }
}

/// Puts mark and records into the buffer; returns (offset, time, position) of each record.
fn encode(
    buffer: &mut Vec<u8>,
    active: &Active,
    entries: &[Entry],
    first: u64,
    mark: Option<u64>,
) -> Vec<(u64, i64, u64)> {
    buffer.clear();
    if let Some(synced) = mark {
        RecordHeader::mark(synced).encode_into(active.salt, active.position, buffer);
    }
    let mut placed = Vec::with_capacity(entries.len());
    for (entry, offset) in entries.iter().zip(first..) {
        let position = active.position + buffer.len() as u64;
        let header = RecordHeader {
            kind: RecordKind::Data,
            offset,
            timestamp_us: entry.timestamp_us,
            length: entry.payload_bytes() as u32,
            payload_crc: crc32c::crc32c_append(crc32c::crc32c(&entry.head), &entry.body),
        };
        header.encode_into(active.salt, position, buffer);
        push(buffer, &entry.head);
        push(buffer, &entry.body);
        placed.push((offset, entry.timestamp_us, position));
    }
    placed
}

fn push(buffer: &mut Vec<u8>, part: &Bytes) {
    buffer.extend_from_slice(part);
}
