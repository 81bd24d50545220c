//! The bus of one process: a journal a partition, SQLite for tables.
//!
//! Layout: `DIR/<topic>-<partition>/` a log each, `DIR/tables.sqlite`, `DIR/bus.lock`,
//! `DIR/group-<group>-<topic>.places` where a group goes on.
//! Invariants: one process at a time; partitions of a topic are there from the start.
//! Not here: the log's files (`journal`), the tables' (`table`).

use std::collections::{BTreeSet, HashMap};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flumen_base::{Clock, Context, Error, Result, SystemClock, topic};
use flumen_journal::{Disk, Entry, Journal, Stats, StdDisk};

use crate::consumer::{EmbeddedConsumer, Source};
use crate::table::{SqliteTable, Tables};
use crate::{
    Bus, Consumer, EmbeddedConfig, Pending, Position, Record, Share, Start, Table, Visibility,
    Watermark, Whole, codec, murmur2_partition,
};

/// The bus of one process.
pub struct Embedded {
    logs: HashMap<&'static str, Vec<Journal>>,
    tables: HashMap<&'static str, Arc<SqliteTable>>,
    dir: PathBuf,
    _lock: File,
}

impl Embedded {
    /// Opens or creates the bus in `dir`.
    ///
    /// # Errors
    /// `Invalid` settings, `Unavailable` when another process holds it or the disk fails,
    /// `Unsupported` when a newer build wrote it.
    pub fn open(dir: &Path, config: EmbeddedConfig) -> Result<Arc<Embedded>> {
        Embedded::open_with(dir, config, Arc::new(StdDisk), Arc::new(SystemClock))
    }

    /// As [`Embedded::open`], with the disk of the logs and the clock of retention; the tables
    /// are always on the real disk.
    ///
    /// # Errors
    /// As for [`Embedded::open`].
    pub fn open_with(
        dir: &Path,
        config: EmbeddedConfig,
        disk: Arc<dyn Disk>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Embedded>> {
        config.validate()?;
        StdDisk.create_dir(dir).context(format!("create {}", dir.display()))?;
        let lock = hold(dir, "bus.lock")?;
        let mut logs = HashMap::new();
        for topic in topic::LOGS {
            let open = |partition| {
                let place = dir.join(format!("{topic}-{partition}"));
                Journal::open(disk.clone(), &place, config.journal(topic), clock.clone())
            };
            let partitions: Result<Vec<Journal>> = (0..config.partitions).map(open).collect();
            logs.insert(topic, partitions?);
        }
        let file = Tables::open(&dir.join("tables.sqlite"))?;
        let mut tables = HashMap::new();
        for topic in topic::TABLES {
            tables.insert(topic, Arc::new(SqliteTable::open(file.clone(), topic)?));
        }
        Ok(Arc::new(Embedded { logs, tables, dir: dir.to_owned(), _lock: lock }))
    }

    /// Writes and syncs what was sent, ends the threads; later sends fail.
    ///
    /// # Errors
    /// `Unavailable` when a log was broken by a failed sync.
    pub fn close(&self) -> Result<()> {
        let closed: Vec<Result<()>> = self.logs.values().flatten().map(Journal::close).collect();
        closed.into_iter().collect()
    }

    /// What each log looks like: (topic, partition, figures).
    pub fn stats(&self) -> Vec<(&'static str, u32, Stats)> {
        let mut all = Vec::new();
        for topic in topic::LOGS {
            let logs = self.logs.get(topic).into_iter().flatten();
            all.extend(logs.zip(0..).map(|(log, partition)| (topic, partition, log.stats())));
        }
        all
    }

    fn logs_of(&self, topic: &str) -> Result<&Vec<Journal>> {
        self.logs.get(topic).ok_or_else(|| {
            let known = topic::LOGS.join(", ");
            Error::not_found(format!("`{topic}` is no log topic; log topics are {known}"))
        })
    }
}

/// Takes the lock of the folder, which the system frees when the process ends.
pub(crate) fn hold(dir: &Path, name: &str) -> Result<File> {
    let path = dir.join(name);
    let shown = path.display();
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.context(format!("open {shown}"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::unavailable(format!(
            "{} is in use by another flumen process: stop it, or use its address",
            dir.display()
        ))),
        Err(TryLockError::Error(error)) => Err(Error::io(format!("lock {shown}"), error)),
    }
}

impl Bus for Embedded {
    fn send(&self, topic: &str, record: Record) -> Result<Pending> {
        let logs = self.logs_of(topic)?;
        let partition = murmur2_partition(&record.key, logs.len() as u32);
        let log = logs.get(partition as usize);
        let log = log.ok_or_else(|| Error::internal("a partition without a log"))?;
        let head = codec::head(&record)?;
        let entry = Entry { timestamp_us: record.timestamp_us, head, body: record.value };
        let (told, pending) = Pending::new();
        let done = Box::new(move |result: Result<flumen_journal::Placed>| {
            let ack = result.map(|placed| Position {
                partition,
                offset: placed.offset,
                generation: placed.generation,
            });
            // Nobody may be waiting.
            let _ = told.send(ack);
        });
        log.append(entry, done).context(topic)?;
        Ok(pending)
    }

    fn consumer(&self, topics: &[&str], from: Start, see: Visibility) -> Result<Box<dyn Consumer>> {
        let see = match see {
            Visibility::Written => flumen_journal::Visibility::Written,
            Visibility::Durable => flumen_journal::Visibility::Durable,
        };
        let mut sources = Vec::new();
        for &topic in topics {
            for (log, partition) in self.logs_of(topic)?.iter().zip(0..) {
                let reader = log.reader(see);
                sources.push(Source { topic: topic.to_owned(), partition, reader });
            }
        }
        Ok(Box::new(EmbeddedConsumer::new(sources, &from)?))
    }

    fn watermarks(&self, topic: &str) -> Result<Vec<Watermark>> {
        let of = |(log, partition): (&Journal, u32)| {
            let stats = log.stats();
            Watermark {
                partition,
                first: stats.first,
                next: stats.next,
                durable: stats.durable,
                generation: stats.generation,
                bytes: stats.bytes,
            }
        };
        Ok(self.logs_of(topic)?.iter().zip(0..).map(of).collect())
    }

    /// All of a log is ours; the group's places stand in a file.
    fn share(&self, group: &str, topic: &str) -> Result<Box<dyn Share>> {
        let partitions = match self.table(topic) {
            Ok(_) => BTreeSet::from([0]),
            Err(_) => (0..self.logs_of(topic)?.len() as u32).collect(),
        };
        let file = self.dir.join(format!("group-{group}-{topic}.places"));
        Ok(Box::new(Whole::new(partitions).kept_in(file)))
    }

    fn table(&self, topic: &str) -> Result<Arc<dyn Table>> {
        let table = self.tables.get(topic).ok_or_else(|| {
            let known = topic::TABLES.join(", ");
            Error::not_found(format!("`{topic}` is no table; tables are {known}"))
        })?;
        Ok(table.clone())
    }

    fn partition_of(&self, topic: &str, key: &[u8]) -> Result<u32> {
        if self.tables.contains_key(topic) {
            return Ok(0);
        }
        Ok(murmur2_partition(key, self.logs_of(topic)?.len() as u32))
    }
}
