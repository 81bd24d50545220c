//! Events, pictures and gaps into rows.
//!
//! Invariants: rows and the position behind them are one transaction, so nothing is taken
//! twice or left out; a record that can't be read is counted and passed.

use std::sync::Arc;
use std::time::Duration;

use flumen_base::{Result, topic};
use flumen_bus::{Bus, Consumer, Polled, Start, Visibility};
use rusqlite::Connection;

use crate::config::ArchiveConfig;
use crate::db::{self, Mark, told};
use crate::happened;

const TOPICS: [&str; 2] = [topic::EVENTS, topic::PICTURES];

/// The taking of what happened.
pub(crate) struct Ledger {
    bus: Arc<dyn Bus>,
    conn: Connection,
    readers: Vec<(&'static str, Box<dyn Consumer>)>,
    gaps_from: u64,
    /// Records that could not be read.
    pub(crate) unusable: u64,
}

impl Ledger {
    /// Opens the database and the readers at their positions.
    pub(crate) fn open(bus: Arc<dyn Bus>, config: &ArchiveConfig) -> Result<Ledger> {
        let conn = db::open(&config.dir)?;
        let mut readers = Vec::new();
        for name in TOPICS {
            let log = bus.watermarks(name)?;
            let marks = db::marks(&conn, name)?;
            let is_there =
                |m: &Mark| log.iter().any(|w| w.partition == m.partition && w.next >= m.next);
            let from =
                marks.iter().filter(|m| is_there(m)).map(|m| (m.partition, m.next)).collect();
            readers.push((name, bus.consumer(&[name], Start::Offsets(from), Visibility::Durable)?));
        }
        let gaps_from = db::marks(&conn, topic::GAPS)?.first().map_or(0, |m| m.next);
        Ok(Ledger { bus, conn, readers, gaps_from, unusable: 0 })
    }

    /// Takes what is there, waiting at most `wait`; true when there was something.
    pub(crate) fn turn(&mut self, wait: Duration) -> Result<bool> {
        let mut any = false;
        for (n, (name, reader)) in self.readers.iter_mut().enumerate() {
            let polled = reader.poll(256, if n == 0 { wait } else { Duration::ZERO })?;
            any |= !polled.is_empty();
            self.unusable += take(&mut self.conn, name, polled)?;
        }
        Ok(self.gaps()? || any)
    }

    fn gaps(&mut self) -> Result<bool> {
        let changes = self.bus.table(topic::GAPS)?.changes(self.gaps_from, Duration::ZERO)?;
        let Some(last) = changes.last() else { return Ok(false) };
        let next = last.offset + 1;
        let tx = self.conn.transaction().map_err(told)?;
        for change in &changes {
            if !happened::take_gap(&tx, &change.key, change.value.as_deref())? {
                self.unusable += 1;
            }
        }
        db::set_mark(&tx, topic::GAPS, &Mark { partition: 0, next, generation: 0, era: 0 })?;
        tx.commit().map_err(told)?;
        self.gaps_from = next;
        Ok(true)
    }
}

/// Takes polled records of one topic as one transaction; gives how many could not be read.
fn take(conn: &mut Connection, name: &str, polled: Vec<Polled>) -> Result<u64> {
    if polled.is_empty() {
        return Ok(0);
    }
    let mut unusable = 0;
    let tx = conn.transaction().map_err(told)?;
    for one in polled {
        let (partition, next, generation) = match one {
            Polled::Record(d) => {
                if !happened::take(&tx, name, &d.record.value)? {
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
