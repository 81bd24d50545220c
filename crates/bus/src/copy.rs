//! Copying logs and tables from one bus to another, as often as one likes, nothing twice.
//!
//! Each copied record carries the header [`COPIED`]: `site/partition/offset` of where it was
//! read. Before a copy goes on, what came to the other bus since the last saved [`Place`] is
//! looked through for such records; so a kill at any moment leads to no double, and a lost
//! place costs reading the other bus once.
//! Invariants: records of a partition are sent in order; timestamps are kept; at most
//! [`WINDOW`] records and [`WINDOW_BYTES`] wait for their acknowledgement.
//! Not here: which rows of a table win (the caller says).

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use flumen_base::{Error, Kind, Result};

use crate::{Ack, Bus, Delivered, Pending, Polled, Record, Start, Table, Visibility};

/// The header of a copied record.
pub const COPIED: &str = "copied";
const WINDOW: usize = 1024;
const WINDOW_BYTES: usize = 32 << 20;
/// Records between two saved places.
const SAVE: u64 = 4096;
/// Without any progress for so long the other bus is taken to be away.
const PATIENCE: Duration = Duration::from_secs(60);
/// When nothing comes for so long, the rest of a log holds no records (marks of transactions).
const SILENT: Duration = Duration::from_secs(5);

/// How far the copy of a topic came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// First offset that is not copied, by partition of the source.
    pub next: BTreeMap<u32, u64>,
    /// Offset behind the last copied record, by partition of the other bus.
    pub ends: BTreeMap<u32, u64>,
    /// The other bus was looked through to here, by its partitions.
    pub looked: BTreeMap<u32, u64>,
}

/// What one call of [`Copy::log`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Records that were copied.
    pub records: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// Offsets that were gone or damaged in the source.
    pub missing: u64,
    /// Records that were there already although the place did not say so.
    pub found: u64,
}

/// From where to where.
pub struct Copy<'a> {
    /// The source; nobody writes to it meanwhile, or what is written later is left out.
    pub from: &'a dyn Bus,
    /// The other bus.
    pub to: &'a dyn Bus,
    /// Tells the sources apart that are copied to one bus.
    pub site: &'a str,
}

/// Told while a copy goes on.
pub trait Progress {
    /// So many of so many offsets are done.
    fn told(&mut self, done: u64, total: u64);

    /// Everything before this place is durable on the other bus.
    ///
    /// # Errors
    /// Whatever keeps it from being saved; the copy ends.
    fn save(&mut self, place: &Place) -> Result<()>;
}

impl Copy<'_> {
    /// Copies what is durable in a log topic now and was not copied yet.
    ///
    /// # Errors
    /// As both buses; `Unavailable` when the other one takes nothing for a minute. Calling
    /// again goes on.
    pub fn log(
        &self,
        topic: &str,
        place: &mut Place,
        progress: &mut dyn Progress,
    ) -> Result<Copied> {
        let mut copied = Copied { found: self.look(topic, place)?, ..Copied::default() };
        let mut until = BTreeMap::new();
        let mut start = Vec::new();
        let mut total = 0;
        for w in self.from.watermarks(topic)? {
            let next = place.next.get(&w.partition).copied().unwrap_or(0).max(w.first);
            start.push((w.partition, next));
            if next < w.durable {
                until.insert(w.partition, w.durable);
                total += w.durable - next;
            }
        }
        let mut way = Way::default();
        let mut done = 0;
        let mut reader =
            self.from.consumer(&[topic], Start::Offsets(start), Visibility::Durable)?;
        while !until.is_empty() {
            for polled in reader.poll(256, Duration::from_secs(1))? {
                let (partition, behind, record) = taken(polled);
                let Some(&end) = until.get(&partition) else { continue };
                match record {
                    Some(delivered) if behind <= end => {
                        copied.records += 1;
                        copied.bytes += delivered.record.value.len() as u64;
                        way.send(self, topic, delivered, place)?;
                        done += 1;
                    }
                    Some(_) => {}
                    None => copied.missing += 1,
                }
                way.behind.insert(partition, behind.min(end));
                if behind >= end {
                    until.remove(&partition);
                }
            }
            progress.told(done, total);
            if way.sent >= SAVE {
                self.settle(topic, &mut way, place, progress)?;
            }
        }
        self.settle(topic, &mut way, place, progress)?;
        Ok(copied)
    }

    /// Waits for all acknowledgements and saves the place.
    fn settle(
        &self,
        topic: &str,
        way: &mut Way,
        place: &mut Place,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        while way.first_acked(place)? {}
        place.next.append(&mut way.behind);
        place.looked = self.to.watermarks(topic)?.iter().map(|w| (w.partition, w.next)).collect();
        way.sent = 0;
        progress.save(place)
    }

    /// Looks for copied records behind the place; gives how many there were.
    fn look(&self, topic: &str, place: &mut Place) -> Result<u64> {
        let mut start = Vec::new();
        let mut until = BTreeMap::new();
        for w in self.to.watermarks(topic)? {
            let from = place.looked.get(&w.partition).copied().unwrap_or(0).max(w.first);
            start.push((w.partition, from));
            if from < w.durable {
                until.insert(w.partition, w.durable);
            }
        }
        let mut found = 0;
        if until.is_empty() {
            return Ok(found);
        }
        let mut reader = self.to.consumer(&[topic], Start::Offsets(start), Visibility::Durable)?;
        let mut heard = Instant::now();
        while !until.is_empty() && heard.elapsed() < SILENT {
            for polled in reader.poll(1024, Duration::from_millis(500))? {
                heard = Instant::now();
                let (partition, behind, record) = taken(polled);
                if until.get(&partition).is_some_and(|&end| behind >= end) {
                    until.remove(&partition);
                }
                let source = record.as_ref().and_then(|d| self.source(&d.record));
                if let Some((from, offset)) = source {
                    found += 1;
                    raise(&mut place.next, from, offset + 1);
                    raise(&mut place.ends, partition, behind);
                }
            }
        }
        Ok(found)
    }

    /// Where a record was copied from, when it was copied from our source.
    fn source(&self, record: &Record) -> Option<(u32, u64)> {
        let text = std::str::from_utf8(record.header(COPIED)?).ok()?;
        let (partition, offset) =
            text.strip_prefix(self.site)?.strip_prefix('/')?.split_once('/')?;
        Some((partition.parse().ok()?, offset.parse().ok()?))
    }
}

fn raise(of: &mut BTreeMap<u32, u64>, partition: u32, to: u64) {
    let at = of.entry(partition).or_default();
    *at = (*at).max(to);
}

/// Partition and offset behind what was read, and the record if it is one.
fn taken(polled: Polled) -> (u32, u64, Option<Delivered>) {
    match polled {
        Polled::Record(d) => (d.position.partition, d.position.offset + 1, Some(d)),
        Polled::Expired { partition, to, .. } | Polled::Damaged { partition, to, .. } => {
            (partition, to, None)
        }
    }
}

/// Records on their way to the other bus.
#[derive(Default)]
struct Way {
    waiting: VecDeque<(Pending, usize)>,
    bytes: usize,
    /// Since the last saved place.
    sent: u64,
    /// First offset not yet sent, by partition of the source.
    behind: BTreeMap<u32, u64>,
}

impl Way {
    fn send(
        &mut self,
        copy: &Copy<'_>,
        topic: &str,
        from: Delivered,
        place: &mut Place,
    ) -> Result<()> {
        let Delivered { position, mut record, .. } = from;
        let source = format!("{}/{}/{}", copy.site, position.partition, position.offset);
        record.headers.retain(|(name, _)| name != COPIED);
        record.headers.push((COPIED.into(), Bytes::from(source)));
        let size = record.value.len();
        while self.waiting.len() >= WINDOW || self.bytes + size > WINDOW_BYTES {
            if !self.first_acked(place)? {
                break;
            }
        }
        let pending = loop {
            match copy.to.send(topic, record.clone()) {
                Err(e) if e.kind() == Kind::Exhausted && self.first_acked(place)? => {}
                other => break other?,
            }
        };
        self.waiting.push_back((pending, size));
        self.bytes += size;
        self.sent += 1;
        Ok(())
    }

    /// Waits for the oldest acknowledgement; false when there is none to wait for.
    fn first_acked(&mut self, place: &mut Place) -> Result<bool> {
        let Some((mut pending, size)) = self.waiting.pop_front() else { return Ok(false) };
        let begun = Instant::now();
        let ack: Ack = loop {
            match pending.poll_now() {
                Some(told) => break told?,
                None if begun.elapsed() > PATIENCE => {
                    return Err(Error::unavailable(
                        "the other bus took nothing for a minute: is it reachable? Run the copy again, it goes on where it stopped",
                    ));
                }
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        self.bytes -= size;
        raise(&mut place.ends, ack.partition, ack.offset + 1);
        Ok(true)
    }
}

/// Says which of two values of a key is to stand on the other bus: true = the source's.
pub type Wins<'a> = &'a dyn Fn(&[u8], &[u8]) -> bool;

/// Copies the rows of a table that the other one lacks, or that win over what it has; gives how
/// many.
///
/// # Errors
/// As both tables.
pub fn table(from: &dyn Table, to: &dyn Table, wins: Wins<'_>) -> Result<u64> {
    let mut copied = 0;
    for (key, ours) in from.scan(b"")? {
        let theirs = to.get(&key)?;
        if theirs.is_none_or(|theirs| theirs != ours && wins(&ours, &theirs)) {
            to.put(&key, Some(&ours))?;
            copied += 1;
        }
    }
    Ok(copied)
}

/// The offset behind a table's newest change.
///
/// # Errors
/// As the table.
pub fn end_of(table: &dyn Table) -> Result<u64> {
    let mut end = 0;
    loop {
        let changes = table.changes(end, Duration::ZERO)?;
        match changes.last() {
            Some(last) => end = last.offset + 1,
            None => return Ok(end),
        }
    }
}

/// Puts a row again until the table's next offset is at least `end`: what counts by offsets of
/// the source (owners' claims) then goes on growing.
///
/// # Errors
/// As the table.
pub fn raise_to(table: &dyn Table, key: &[u8], value: &[u8], end: u64) -> Result<()> {
    let mut last = table.put(key, Some(value))?;
    while last + 1 < end {
        let lacking = usize::try_from(end - last - 1).unwrap_or(usize::MAX).min(256);
        last = table.put_all(&vec![(key, Some(value)); lacking])?;
    }
    Ok(())
}
