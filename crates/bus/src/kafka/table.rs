//! Compacted topics of Kafka: a cache on the local disk that one thread fills, and puts.
//!
//! Invariants: answers begin when the cache has read to the ends that the topic had when it was
//! opened; what `put` returned for is in the cache. In a topic of one partition offsets are
//! Kafka's; in others a change is numbered in the order in which this process saw it.
//! Memory: a producer with a queue of 16 MiB for all tables, a reader's 32 MiB for each while it
//! fills; the cache is a SQLite file, deleted and read again at each start.
//! Not here: the file (`crate::table`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use flumen_base::{Context as _, Error, Result};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::Message as _;
use rdkafka::util::Timeout;
use rdkafka::{Offset, TopicPartitionList};

use super::client::{self, Context, told};
use super::consumer::is_passing;
use super::lock;
use super::watch::Watch;
use super::writer::Writer;
use crate::table::SqliteTable;
use crate::{Change, KafkaConfig, Table, murmur2_partition};

/// Most records that go into the cache with one transaction.
const BATCH: usize = 2000;
/// And most bytes.
const BATCH_BYTES: usize = 4 << 20;

pub(crate) struct KafkaTable {
    filled: Arc<Filled>,
    writer: Arc<Writer>,
    watch: Arc<Watch>,
    patience: Duration,
}

/// The cache and how far it is.
struct Filled {
    topic: &'static str,
    on_kafka: String,
    cache: SqliteTable,
    progress: Mutex<Progress>,
    moved: Condvar,
    stop: Arc<AtomicBool>,
}

#[derive(Default)]
struct Progress {
    partitions: u32,
    /// The offset behind the newest that is in the cache, by partition.
    seen: BTreeMap<u32, u64>,
    /// Partitions that were read to their end once.
    ended: BTreeSet<u32>,
    next_change: u64,
    /// Why the cache does not go on.
    problem: Option<String>,
}

impl Progress {
    fn is_whole(&self) -> bool {
        self.partitions > 0 && self.ended.len() as u32 == self.partitions
    }
}

impl KafkaTable {
    pub(crate) fn open(
        config: &KafkaConfig,
        cache: SqliteTable,
        topic: &'static str,
        writer: Arc<Writer>,
        (watch, stop): (Arc<Watch>, Arc<AtomicBool>),
    ) -> Result<KafkaTable> {
        let filled = Arc::new(Filled {
            topic,
            on_kafka: format!("{}{topic}", config.prefix),
            cache,
            progress: Mutex::default(),
            moved: Condvar::new(),
            stop,
        });
        let (filler, config, of) = (filled.clone(), config.clone(), watch.clone());
        let patience = config.patience;
        std::thread::Builder::new()
            .name(format!("fill {topic}"))
            .spawn(move || filler.run(&config, &of))
            .context("start a thread that fills a table")?;
        Ok(KafkaTable { filled, writer, watch, patience })
    }

    /// Waits until the cache is whole.
    fn whole(&self) -> Result<()> {
        let until = Instant::now() + self.patience;
        if self.filled.wait(until, Progress::is_whole) {
            return Ok(());
        }
        let away = self.watch.meta.away().map(|e| e.to_string());
        let problem = lock(&self.filled.progress).problem.clone();
        let why = problem.or(away).unwrap_or_else(|| "it is still being read".into());
        Err(Error::unavailable(format!("table {}: {why}", self.filled.topic)))
    }

    fn partition(&self, key: &[u8]) -> Result<u32> {
        let count = self.watch.meta.partitions(self.filled.topic)?.ok_or_else(|| {
            let why = self.watch.meta.detail();
            Error::unavailable(format!("table {}: {why}", self.filled.topic))
        })?;
        Ok(murmur2_partition(key, count))
    }

    /// Waits until the cache has what was put, by partition; it is durable anyway.
    fn has(&self, put: &BTreeMap<u32, u64>) {
        let until = Instant::now() + self.patience;
        let seen = |p: &Progress, partition| p.seen.get(partition).copied().unwrap_or(0);
        self.filled.wait(until, |p| put.iter().all(|(of, offset)| seen(p, of) > *offset));
    }

    /// The number of the change that a put made.
    fn number(&self, key: &[u8], offset: u64) -> Result<u64> {
        if lock(&self.filled.progress).partitions == 1 {
            return Ok(offset);
        }
        let known = self.filled.cache.offset_of(key)?;
        Ok(known.unwrap_or_else(|| lock(&self.filled.progress).next_change))
    }
}

impl Table for KafkaTable {
    fn put(&self, key: &[u8], value: Option<&[u8]>) -> Result<u64> {
        self.put_all(&[(key, value)])
    }

    fn put_all(&self, items: &[(&[u8], Option<&[u8]>)]) -> Result<u64> {
        if let Some(away) = self.watch.meta.away() {
            return Err(away).context(format!("put into {}", self.filled.topic));
        }
        let mut sent = Vec::with_capacity(items.len());
        for &(key, value) in items {
            let partition = self.partition(key)?;
            sent.push((key, self.writer.send(&self.filled.on_kafka, partition, key, value)?));
        }
        let until = Instant::now() + self.patience + Duration::from_secs(1);
        let mut placed = Vec::with_capacity(sent.len());
        let mut put = BTreeMap::new();
        for (key, pending) in sent {
            let left = until.saturating_duration_since(Instant::now());
            let (partition, offset) = pending.wait(left)?;
            put.insert(partition, offset);
            placed.push((key, offset));
        }
        self.has(&put);
        // Partitions are read side by side: the last change need not be that of the last key.
        placed.iter().try_fold(0, |last, (key, offset)| Ok(self.number(key, *offset)?.max(last)))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.whole()?;
        self.filled.cache.get(key)
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        self.whole()?;
        self.filled.cache.scan(prefix)
    }

    fn changes(&self, from: u64, timeout: Duration) -> Result<Vec<Change>> {
        self.whole()?;
        self.filled.cache.changes(from, timeout)
    }
}

impl Filled {
    /// Waits until something is so; false when it was not in time.
    fn wait(&self, until: Instant, is: impl Fn(&Progress) -> bool) -> bool {
        let mut progress = lock(&self.progress);
        loop {
            if is(&progress) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left == Duration::ZERO || self.stop.load(Ordering::Relaxed) {
                return false;
            }
            let left = left.min(Duration::from_millis(500));
            let woken = self.moved.wait_timeout(progress, left);
            progress = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn run(&self, config: &KafkaConfig, watch: &Watch) {
        while !self.stop.load(Ordering::Relaxed) {
            if let Err(error) = self.begin(config, watch).and_then(|client| self.fill(&client)) {
                let shown = error.to_string();
                let mut progress = lock(&self.progress);
                if progress.problem.as_ref() != Some(&shown) {
                    tracing::warn!(table = self.topic, "not read: {shown}");
                    progress.problem = Some(shown);
                }
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// A reader of all partitions, behind what is in the cache.
    fn begin(&self, config: &KafkaConfig, watch: &Watch) -> Result<BaseConsumer<Context>> {
        let partitions = watch.meta.partitions(self.topic)?;
        let partitions = match (partitions, watch.meta.away()) {
            (_, Some(away)) => return Err(away),
            (None, None) => return Err(Error::unavailable("Kafka has not told its topics yet")),
            (Some(partitions), None) => partitions,
        };
        let mut settings = client::reader(config, partitions as usize);
        settings.set("enable.partition.eof", "true");
        let client = client::consumer(config, &settings)?;
        let mut list = TopicPartitionList::new();
        let mut progress = lock(&self.progress);
        progress.partitions = partitions;
        for partition in 0..partitions {
            let seen = progress.seen.get(&partition);
            let from = seen.map_or(Offset::Beginning, |o| Offset::Offset(*o as i64));
            list.add_partition_offset(&self.on_kafka, partition as i32, from)
                .map_err(|e| told("read a table", &e))?;
        }
        drop(progress);
        client.assign(&list).map_err(|e| told("read a table", &e))?;
        Ok(client)
    }

    fn fill(&self, client: &BaseConsumer<Context>) -> Result<()> {
        while !self.stop.load(Ordering::Relaxed) {
            self.fill_some(client)?;
        }
        Ok(())
    }

    /// Takes what is there into the cache, waiting for the first of it.
    fn fill_some(&self, client: &BaseConsumer<Context>) -> Result<()> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        let mut ends = Vec::new();
        let mut seen = BTreeMap::new();
        let mut next = lock(&self.progress).next_change;
        let one = lock(&self.progress).partitions == 1;
        while batch.len() < BATCH && bytes < BATCH_BYTES && ends.is_empty() {
            let wait = if batch.is_empty() { 200 } else { 0 };
            match client.poll(Timeout::After(Duration::from_millis(wait))) {
                Some(Ok(message)) => {
                    let (key, value) = (message.key().unwrap_or_default(), message.payload());
                    let offset = u64::try_from(message.offset()).unwrap_or(0);
                    let number = if one { offset } else { next };
                    next = number + 1;
                    bytes += key.len() + value.map_or(0, <[u8]>::len);
                    seen.insert(message.partition() as u32, offset + 1);
                    let value = value.map(<[u8]>::to_vec);
                    batch.push(Change { offset: number, key: key.to_vec(), value });
                }
                Some(Err(KafkaError::PartitionEOF(partition))) => ends.push(partition as u32),
                Some(Err(error)) if is_passing(&error) => {}
                Some(Err(error)) => return Err(told("read a table", &error)),
                None => break,
            }
        }
        if !batch.is_empty() {
            self.cache.store_at(&batch)?;
        }
        if !batch.is_empty() || !ends.is_empty() {
            let mut progress = lock(&self.progress);
            progress.next_change = next;
            progress.seen.extend(seen);
            progress.ended.extend(ends);
            progress.problem = None;
            self.moved.notify_all();
        }
        Ok(())
    }
}
