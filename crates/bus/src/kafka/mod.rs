//! The bus on Kafka: store-and-forward producer, consumers, tables, groups, topics.
//!
//! Invariants: what `send` took is on the local disk until a broker has acknowledged it, or is
//! told by [`Kafka::take_dropped`]; nothing here makes a topic but [`topics::apply`].
//! Layout of the spool's folder: `spool.lock`, `log/` (a journal), `state`, `partitions`,
//! `tables.sqlite` (a cache, made anew at each start).
//! Paper: docs/design/0006-bus-on-kafka.md.
//! Not here: the meaning of records.

mod client;
mod config;
mod consumer;
mod drain;
mod meta;
mod offsets;
mod open;
mod sender;
mod share;
mod spool;
mod state;
mod table;
mod token;
pub mod topics;
mod watch;
mod window;
mod writer;

pub use config::{KafkaConfig, Mechanism, Protocol, Secret, Security};

use std::collections::HashMap;
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use flumen_base::{Error, Result, topic};
use rdkafka::consumer::{CommitMode, Consumer as _};
use rdkafka::{Offset, TopicPartitionList};

use crate::table::{SqliteTable, Tables};
use crate::{
    Bus, Consumer, Health, Pending, Record, Share, Start, Table, Visibility, Watermark,
    murmur2_partition,
};
use client::told;
use consumer::KafkaConsumer;
use drain::Shared;
use share::KafkaShare;
use table::KafkaTable;
use watch::Watch;
use writer::Writer;

/// How long records may wait while Kafka answers before that is worth a word.
const STUCK: Duration = Duration::from_secs(10);

/// Locks; a thread that panicked while holding it leaves values that are whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Records of one key that a full spool dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Their topic.
    pub topic: String,
    /// Their key.
    pub key: Bytes,
    /// How many.
    pub records: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// Timestamp of the first, UTC microseconds.
    pub first_us: i64,
    /// Timestamp of the last, UTC microseconds.
    pub last_us: i64,
}

/// The bus on Kafka.
pub struct Kafka {
    config: KafkaConfig,
    shared: Arc<Shared>,
    watch: Arc<Watch>,
    writer: Arc<Writer>,
    cache: Arc<Tables>,
    tables: Mutex<HashMap<&'static str, Arc<KafkaTable>>>,
    stop: Arc<AtomicBool>,
    drain: Mutex<Option<JoinHandle<()>>>,
    _lock: File,
}

impl Kafka {
    /// The settings it was opened with.
    pub fn config(&self) -> &KafkaConfig {
        &self.config
    }

    /// Sends what Kafka takes within 3 s, syncs the spool and ends the threads; what is not
    /// delivered by then is sent by the next process that opens the spool.
    ///
    /// # Errors
    /// `Unavailable` when the spool was broken by a failed sync.
    pub fn close(&self) -> Result<()> {
        self.shared.closing.store(true, Ordering::Release);
        self.shared.signal.tell();
        let drain = lock(&self.drain).take();
        if drain.is_some_and(|drain| drain.join().is_err()) {
            tracing::error!("the drain of the spool ended by a panic");
        }
        self.stop.store(true, Ordering::Relaxed);
        self.watch.stop();
        self.writer.close();
        self.shared.spool.journal.close()
    }

    /// What the full spool dropped since the last call, for the ledger of gaps.
    pub fn take_dropped(&self) -> Vec<Dropped> {
        let taken = std::mem::take(&mut lock(&self.shared.state).dropped);
        taken.into_values().collect()
    }

    /// Offsets that a consumer group has committed in a log topic; `None` where it has none.
    ///
    /// # Errors
    /// `NotFound` for a topic that is not a log, `Unavailable` while Kafka is away.
    pub fn committed(&self, group: &str, topic: &str) -> Result<Vec<(u32, Option<u64>)>> {
        let partitions = self.answered(topic)?;
        let mut list = TopicPartitionList::new();
        list.add_partition_range(&self.on_kafka(topic), 0, partitions as i32 - 1);
        let client = self.group(group)?;
        let what = format!("ask for offsets of group {group}");
        let found = client.committed_offsets(list, self.config.patience);
        let found = found.map_err(|e| told(&what, &e))?;
        let offset = |offset| match offset {
            Offset::Offset(at) => u64::try_from(at).ok(),
            _ => None,
        };
        Ok(found.elements().iter().map(|e| (e.partition() as u32, offset(e.offset()))).collect())
    }

    /// Commits the offsets at which a consumer group goes on; the group must not be running.
    ///
    /// # Errors
    /// As for [`Kafka::committed`].
    pub fn commit(&self, group: &str, topic: &str, offsets: &[(u32, u64)]) -> Result<()> {
        self.answered(topic)?;
        let what = format!("commit offsets of group {group}");
        let mut list = TopicPartitionList::new();
        for &(partition, offset) in offsets {
            let at = Offset::Offset(i64::try_from(offset).unwrap_or(i64::MAX));
            list.add_partition_offset(&self.on_kafka(topic), partition as i32, at)
                .map_err(|e| told(&what, &e))?;
        }
        let client = self.group(group)?;
        client.commit(&list, CommitMode::Sync).map_err(|e| told(&what, &e))
    }

    /// A client that speaks for a group without joining it. Groups' names have no prefix here:
    /// they are other programs'.
    fn group(&self, group: &str) -> Result<rdkafka::consumer::BaseConsumer<client::Context>> {
        let mut settings = client::common(&self.config);
        settings.set("group.id", group).set("enable.auto.commit", "false");
        client::consumer(&self.config, &settings)
    }

    fn on_kafka(&self, topic: &str) -> String {
        format!("{}{topic}", self.config.prefix)
    }

    fn log(&self, topic: &str) -> Result<()> {
        if topic::LOGS.contains(&topic) {
            return Ok(());
        }
        let known = topic::LOGS.join(", ");
        Err(Error::not_found(format!("`{topic}` is no log topic; log topics are {known}")))
    }

    /// Partitions of a log topic as Kafka tells them.
    fn answered(&self, topic: &str) -> Result<u32> {
        self.log(topic)?;
        if let Some(away) = self.watch.meta.away() {
            return Err(away);
        }
        let partitions = self.watch.meta.partitions(topic)?;
        partitions.ok_or_else(|| Error::unavailable("Kafka has not told its topics yet"))
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        // Who wants to know calls `close` first.
        let _ = self.close();
    }
}

impl Bus for Kafka {
    /// Stores the record on the local disk and sends it on; works while Kafka is away.
    fn send(&self, topic: &str, record: Record) -> Result<Pending> {
        self.log(topic)?;
        self.watch.meta.partitions(topic)?;
        if self.shared.closing.load(Ordering::Acquire) {
            return Err(Error::unavailable("the bus is closed"));
        }
        self.shared.spool.append(topic, record)
    }

    fn consumer(&self, topics: &[&str], from: Start, _: Visibility) -> Result<Box<dyn Consumer>> {
        // What Kafka shows is on as many brokers as it has to be: both kinds see the same.
        topics.iter().try_for_each(|topic| self.log(topic))?;
        let watch = self.watch.clone();
        Ok(Box::new(KafkaConsumer::new(&self.config, watch, topics, from)?))
    }

    /// As for the embedded bus; `bytes` is 0, Kafka's clients are not told.
    fn watermarks(&self, topic: &str) -> Result<Vec<Watermark>> {
        let partitions = self.answered(topic)?;
        let (name, until) = (self.on_kafka(topic), Instant::now() + self.config.patience);
        let of = |partition: u32| {
            let (first, next) = self.watch.marks(&name, partition, until)?;
            Ok(Watermark { partition, first, next, durable: next, generation: 0, bytes: 0 })
        };
        (0..partitions).map(of).collect()
    }

    fn table(&self, topic: &str) -> Result<Arc<dyn Table>> {
        let Some(&topic) = topic::TABLES.iter().find(|t| **t == topic) else {
            let known = topic::TABLES.join(", ");
            return Err(Error::not_found(format!("`{topic}` is no table; tables are {known}")));
        };
        let mut tables = lock(&self.tables);
        if let Some(table) = tables.get(topic) {
            return Ok(table.clone());
        }
        self.watch.meta.partitions(topic)?;
        let cache = SqliteTable::open(self.cache.clone(), topic)?;
        let shared = (self.watch.clone(), self.stop.clone());
        let opened = KafkaTable::open(&self.config, cache, topic, self.writer.clone(), shared)?;
        let table = Arc::new(opened);
        tables.insert(topic, table.clone());
        Ok(table)
    }

    fn partition_of(&self, topic: &str, key: &[u8]) -> Result<u32> {
        if !topic::TABLES.contains(&topic) {
            self.log(topic)?;
        }
        Ok(murmur2_partition(key, self.watch.meta.partitions_or_plan(topic)))
    }

    fn share(&self, group: &str, topic: &str) -> Result<Box<dyn Share>> {
        if !topic::TABLES.contains(&topic) {
            self.log(topic)?;
        }
        Ok(Box::new(KafkaShare::join(&self.config, self.watch.clone(), group, topic)?))
    }

    fn health(&self) -> Health {
        let stats = self.shared.spool.journal.stats();
        let figures = lock(&self.shared.figures);
        let waiting = stats.next.saturating_sub(figures.delivered);
        let kept = stats.next.saturating_sub(stats.first).max(1);
        let meta = &self.watch.meta;
        let stuck = waiting > 0 && figures.moved.is_some_and(|at| at.elapsed() > STUCK);
        let mut detail = stats.broken.unwrap_or_else(|| meta.detail());
        if let Some(problem) = figures.problem.as_ref().filter(|_| meta.is_reachable()) {
            detail = problem.clone();
        } else if detail.is_empty() && stuck {
            detail = "Kafka answers and takes no records: are too few brokers in sync?".into();
        }
        Health {
            kind: "kafka",
            reachable: meta.is_reachable() && !stuck && figures.problem.is_none(),
            detail,
            brokers: meta.brokers(),
            spooled_records: waiting,
            // On average: only records that are not whole segments yet are in it.
            spooled_bytes: (stats.bytes as u128 * u128::from(waiting) / u128::from(kept)) as u64,
            spooled_since_us: figures.oldest_us.filter(|_| waiting > 0),
            dropped: figures.dropped,
        }
    }
}
