//! Events, pictures, insights and gaps into rows.
//!
//! Invariants: rows and the position behind them are one transaction, so nothing is taken
//! twice or left out; a record that can't be read is counted and passed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use flumen_base::{Clock, Result, SystemClock, topic};
use flumen_bus::{Bus, Consumer, Polled, Start, Visibility};
use rusqlite::Connection;

use crate::config::{ArchiveConfig, Keep};
use crate::db::{self, Mark, told};
use crate::happened;

const TOPICS: [&str; 3] = [topic::EVENTS, topic::PICTURES, topic::INSIGHTS];

/// The taking of what happened.
pub(crate) struct Ledger {
    bus: Arc<dyn Bus>,
    conn: Connection,
    readers: Vec<(&'static str, Box<dyn Consumer>)>,
    /// This process' place in the changes of the ledger of gaps.
    gaps_from: u64,
    keep: Keep,
    /// Records that could not be read.
    pub(crate) unusable: u64,
}

impl Ledger {
    /// Opens the database and the readers at their positions.
    pub(crate) fn open(bus: Arc<dyn Bus>, config: &ArchiveConfig) -> Result<Ledger> {
        let conn = db::open(&config.dir)?;
        let kind = bus.health().kind;
        let mut readers = Vec::new();
        for name in TOPICS {
            let log = bus.watermarks(name)?;
            if db::is_other_bus(&conn, name, kind)? {
                // Another log: what it repeats changes nothing.
                conn.execute("DELETE FROM position WHERE topic = ?1", [name]).map_err(told)?;
            }
            db::set_bus(&conn, name, kind)?;
            let marks = db::marks(&conn, name)?;
            let is_there =
                |m: &Mark| log.iter().any(|w| w.partition == m.partition && w.next >= m.next);
            let from =
                marks.iter().filter(|m| is_there(m)).map(|m| (m.partition, m.next)).collect();
            readers.push((name, bus.consumer(&[name], Start::Offsets(from), Visibility::Durable)?));
        }
        forget_closed(&conn, bus.as_ref())?;
        // A table's changes count anew in each process: they are told again from the begin,
        // and what is the same changes nothing.
        let keep = config.keep_events;
        Ok(Ledger { bus, conn, readers, gaps_from: 0, keep, unusable: 0 })
    }

    /// What ended before this is not kept, so it is not taken either.
    fn oldest_us(&self) -> i64 {
        oldest_us(self.keep, SystemClock.wall_us())
    }

    /// Takes what is there, waiting at most `wait`; true when there was something.
    pub(crate) fn turn(&mut self, wait: Duration) -> Result<bool> {
        let mut any = false;
        let oldest_us = self.oldest_us();
        for (n, (name, reader)) in self.readers.iter_mut().enumerate() {
            let polled = reader.poll(256, if n == 0 { wait } else { Duration::ZERO })?;
            any |= !polled.is_empty();
            self.unusable += take(&mut self.conn, name, polled, oldest_us)?;
        }
        Ok(self.gaps()? || any)
    }

    fn gaps(&mut self) -> Result<bool> {
        let changes = self.bus.table(topic::GAPS)?.changes(self.gaps_from, Duration::ZERO)?;
        let Some(last) = changes.last() else { return Ok(false) };
        let next = last.offset + 1;
        let oldest_us = self.oldest_us();
        let tx = self.conn.transaction().map_err(told)?;
        for change in &changes {
            if !happened::take_gap(&tx, &change.key, change.value.as_deref(), oldest_us)? {
                self.unusable += 1;
            }
        }
        tx.commit().map_err(told)?;
        self.gaps_from = next;
        Ok(true)
    }
}

/// Begin of what is kept.
pub(crate) fn oldest_us(keep: Keep, now_us: i64) -> i64 {
    keep.age.map_or(i64::MIN, |age| {
        now_us.saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX))
    })
}

/// Removes rows of gaps that last, when the ledger no longer has them: they were closed under
/// another key, or taken back, while nobody looked.
fn forget_closed(conn: &Connection, bus: &dyn Bus) -> Result<()> {
    let there: HashSet<Vec<u8>> =
        bus.table(topic::GAPS)?.scan(b"")?.into_iter().map(|(key, _)| key).collect();
    let mut query = conn.prepare("SELECT key FROM gap WHERE end_us = 0").map_err(told)?;
    let open: Vec<String> = query
        .query_map([], |r| r.get(0))
        .map_err(told)?
        .collect::<rusqlite::Result<_>>()
        .map_err(told)?;
    for key in open.iter().filter(|key| !there.contains(key.as_bytes())) {
        happened::take_gap(conn, key.as_bytes(), None, i64::MIN)?;
    }
    Ok(())
}

/// Takes polled records of one topic as one transaction; gives how many could not be read.
fn take(conn: &mut Connection, name: &str, polled: Vec<Polled>, oldest_us: i64) -> Result<u64> {
    if polled.is_empty() {
        return Ok(0);
    }
    let mut unusable = 0;
    let tx = conn.transaction().map_err(told)?;
    for one in polled {
        let (partition, next, generation) = match one {
            Polled::Record(d) => {
                if !happened::take(&tx, name, &d.record.value, oldest_us)? {
                    unusable += 1;
                    tracing::warn!(
                        topic = name,
                        partition = d.position.partition,
                        offset = d.position.offset,
                        "a record can't be read"
                    );
                }
                (d.position.partition, d.position.offset + 1, d.position.generation)
            }
            Polled::Expired { partition, from, to, .. }
            | Polled::Damaged { partition, from, to, .. } => {
                tracing::error!(
                    topic = name,
                    partition,
                    "records {from}..{to} are gone: events of that time may be missing"
                );
                (partition, to, 0)
            }
        };
        db::set_mark(&tx, name, &Mark { partition, next, generation, era: 0 })?;
    }
    tx.commit().map_err(told)?;
    Ok(unusable)
}
