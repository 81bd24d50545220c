//! Reading the log in order, by offset or by time.
//!
//! Invariants: offsets are told in order and without a hole: each is a record, expired or
//! damaged; a reader holds one open file and a bounded window, and no lock while it reads.
//! Not here: waiting (`Signal`), the bus's records.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use flumen_base::{Context, Result};

use crate::Visibility;
use crate::disk::Disk;
use crate::format::RecordKind;
use crate::scan::{Item, Payload, Scanner};
use crate::segment::Segment;
use crate::view::{Limit, Place, Signal, View};

/// A record as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Counts the records of the log from 0.
    pub offset: u64,
    /// The generation in which it was written.
    pub generation: u32,
    /// As it was given, microseconds.
    pub timestamp_us: i64,
    /// As it was given.
    pub payload: Bytes,
}

/// What a reader is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// The next record.
    Record(Stored),
    /// Retention removed `from..to`.
    Expired {
        /// First offset that is gone.
        from: u64,
        /// First offset that is there.
        to: u64,
    },
    /// `from..to` can't be read.
    Damaged {
        /// First damaged offset.
        from: u64,
        /// First offset behind the damage.
        to: u64,
    },
}

/// Where a reader begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The oldest record that is kept.
    Earliest,
    /// Behind the newest record.
    Latest,
    /// This offset; behind the newest record when there are not so many.
    Offset(u64),
    /// The first record whose timestamp is at or after this.
    Time(i64),
}

/// How often a place is tried before the bytes there count as damaged.
const TRIES: u32 = 3;

struct Cursor {
    segment: Arc<Segment>,
    scanner: Scanner,
    limit: Limit,
    failures: u32,
}

/// Reads one log.
pub struct Reader {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    view: Arc<View>,
    damage: Arc<AtomicU64>,
    see: Visibility,
    next: u64,
    cursor: Option<Cursor>,
    /// Read already, told after the damage before it.
    behind_damage: Option<Stored>,
}

impl Reader {
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        view: Arc<View>,
        damage: Arc<AtomicU64>,
        see: Visibility,
    ) -> Reader {
        let next = view.first();
        Reader { disk, dir, view, damage, see, next, cursor: None, behind_damage: None }
    }

    /// The offset of what is told next.
    pub fn next_offset(&self) -> u64 {
        self.next
    }

    /// Has `signal` told whenever this reader may find more.
    pub fn listen(&self, signal: &Arc<Signal>) {
        self.view.listen(signal, self.see);
    }

    /// Goes on from elsewhere.
    ///
    /// # Errors
    /// `Unavailable` when a seek by time can't read the log.
    pub fn seek(&mut self, to: From) -> Result<()> {
        let (written, _) = self.view.tails();
        self.cursor = None;
        self.behind_damage = None;
        self.next = match to {
            From::Earliest => self.view.first(),
            From::Latest => written.offset,
            From::Offset(offset) => offset.min(written.offset),
            From::Time(us) => {
                self.at_time(us).context(format!("seek by time in {}", self.dir.display()))?
            }
        };
        Ok(())
    }

    /// The first offset whose record has that timestamp or a later one.
    fn at_time(&self, timestamp_us: i64) -> io::Result<u64> {
        let disk = self.disk.as_ref();
        for segment in self.view.segments() {
            let newest = segment.with_index(disk, |i| i.newest_us());
            match newest {
                Ok(Some(newest)) if newest >= timestamp_us => {}
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => return Err(e),
                Ok(_) => continue,
            }
            if let Some(found) = self.at_time_in(&segment, timestamp_us)? {
                return Ok(found);
            }
        }
        Ok(self.view.tails().0.offset)
    }

    fn at_time_in(&self, segment: &Segment, timestamp_us: i64) -> io::Result<Option<u64>> {
        let disk = self.disk.as_ref();
        let Some(salt) = segment.salt else { return Ok(None) };
        let from = segment.with_index(disk, |i| i.by_time(timestamp_us))?;
        let mut scanner = Scanner::new(segment.open(disk)?, salt, from);
        loop {
            match scanner.step(segment.length(), Payload::Jump)? {
                Item::Record { header, .. }
                    if header.kind == RecordKind::Data && header.timestamp_us >= timestamp_us =>
                {
                    return Ok(Some(header.offset));
                }
                Item::End { .. } => return Ok(None),
                _ => {}
            }
        }
    }

    /// Up to `max` things that are there now, about `max_bytes` of payload at most; does not
    /// wait.
    ///
    /// # Errors
    /// `Unavailable` when the disk can't be read; calling again is harmless, and after a few
    /// times the place counts as damaged.
    pub fn read(&mut self, max: usize, max_bytes: usize, out: &mut Vec<Read>) -> Result<()> {
        let mut bytes = 0;
        for _ in 0..max {
            if bytes >= max_bytes {
                break;
            }
            let Some(item) = self.next_item()? else { break };
            if let Read::Record(record) = &item {
                bytes += record.payload.len();
            }
            out.push(item);
        }
        Ok(())
    }

    fn next_item(&mut self) -> Result<Option<Read>> {
        if let Some(record) = self.behind_damage.take() {
            self.next = record.offset + 1;
            return Ok(Some(Read::Record(record)));
        }
        if self.cursor.as_ref().is_none_or(|c| self.next >= c.limit.offset) {
            match self.view.place(self.next, self.see) {
                Place::AtEnd => return Ok(None),
                Place::Before { first } => {
                    self.cursor = None;
                    let from = std::mem::replace(&mut self.next, first);
                    return Ok(Some(Read::Expired { from, to: first }));
                }
                Place::In { segment, limit } => {
                    if !self.enter(segment, limit)? {
                        return Ok(Some(self.damaged(limit.offset)));
                    }
                }
            }
        }
        self.scan()
    }

    /// Opens the segment, or moves the limit of the one that is open; false when its head is
    /// lost.
    fn enter(&mut self, segment: Arc<Segment>, limit: Limit) -> Result<bool> {
        if let Some(cursor) = self.cursor.as_mut().filter(|c| c.segment.serial == segment.serial) {
            cursor.limit = limit;
            return Ok(true);
        }
        let Some(salt) = segment.salt else { return Ok(false) };
        let disk = self.disk.as_ref();
        let place = segment.with_index(disk, |i| i.by_offset(self.next));
        let (from, file) = match place.and_then(|from| Ok((from, segment.open(disk)?))) {
            // Retention was faster: the next look says what is left.
            Err(e) if e.kind() == io::ErrorKind::NotFound && self.view.first() > self.next => {
                self.cursor = None;
                return Ok(true);
            }
            opened => opened.context(format!("open {}", segment.path.display()))?,
        };
        let scanner = Scanner::new(file, salt, from);
        self.cursor = Some(Cursor { segment, scanner, limit, failures: 0 });
        Ok(true)
    }

    fn scan(&mut self) -> Result<Option<Read>> {
        while let Some(cursor) = self.cursor.as_mut() {
            let limit = cursor.limit;
            match cursor.scanner.step(limit.position, Payload::Copy) {
                Ok(Item::Record { header, payload, .. }) if header.kind == RecordKind::Data => {
                    let record = Stored {
                        offset: header.offset,
                        generation: cursor.segment.generation,
                        timestamp_us: header.timestamp_us,
                        payload,
                    };
                    if (self.next..limit.offset).contains(&record.offset) {
                        return Ok(Some(self.found(record)));
                    }
                }
                Ok(Item::End { .. }) => return Ok(Some(self.damaged(limit.offset))),
                Ok(_) => cursor.failures = 0,
                Err(error) => cursor.failed(self.disk.as_ref(), error)?,
            }
        }
        Ok(None)
    }

    fn found(&mut self, record: Stored) -> Read {
        if record.offset > self.next {
            let damage = self.damaged(record.offset);
            self.behind_damage = Some(record);
            return damage;
        }
        self.next = record.offset + 1;
        Read::Record(record)
    }

    fn damaged(&mut self, to: u64) -> Read {
        let from = std::mem::replace(&mut self.next, to);
        self.damage.fetch_add(to.saturating_sub(from), Ordering::Relaxed);
        tracing::error!(log = %self.dir.display(), from, to, "damaged records skipped");
        Read::Damaged { from, to }
    }
}

impl Cursor {
    /// Tells the error a few times, then goes on behind the place.
    fn failed(&mut self, disk: &dyn Disk, error: io::Error) -> Result<()> {
        self.failures += 1;
        if self.failures < TRIES {
            return Err(error).context(format!("read {}", self.segment.path.display()));
        }
        tracing::error!(segment = %self.segment.path.display(), %error, "unreadable place skipped");
        let at = self.scanner.position();
        let behind = self.segment.with_index(disk, |i| i.behind(at)).ok().flatten();
        self.scanner.jump(behind.unwrap_or(self.limit.position).min(self.limit.position));
        self.failures = 0;
        Ok(())
    }
}
