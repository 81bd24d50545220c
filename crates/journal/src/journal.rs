//! The log with its queue, its two threads and its acknowledgements.
//!
//! Invariants: records are written in the order of `append`; an acknowledgement is given after
//! the sync that covers its record, or never; bytes between `append` and acknowledgement are
//! bounded; after a failed sync nothing is acknowledged any more.
//! Not here: the threads' loops (`work`), files (`log`), reading (`reader`).

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use flumen_base::{Clock, Context, Error, Result};

use crate::disk::Disk;
use crate::log::Log;
use crate::reader::Reader;
use crate::recovery::{Report, recover};
use crate::retention::Retention;
use crate::view::lock;
use crate::work::{Queued, Shared};
use crate::{Config, Entry, MAX_PAYLOAD_BYTES, Visibility};

/// Where a durable record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its offset.
    pub offset: u64,
    /// Its generation.
    pub generation: u32,
}

/// Told once: the record is durable, or why it never will be. Must be quick.
pub type Done = Box<dyn FnOnce(Result<Placed>) + Send>;

/// What a log looks like now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Oldest offset that is kept.
    pub first: u64,
    /// Offset the next record gets.
    pub next: u64,
    /// Records below are durable.
    pub durable: u64,
    /// The newest generation that took a segment.
    pub generation: u32,
    /// Bytes on disk.
    pub bytes: u64,
    /// Bytes between `append` and acknowledgement.
    pub queued_bytes: u64,
    /// Syncs since the log was opened.
    pub syncs: u64,
    /// The longest of them, microseconds.
    pub longest_sync_us: u64,
    /// Damaged offsets that readers were told of, counted once a reader.
    pub damage_told: u64,
    /// Why nothing is written any more.
    pub broken: Option<String>,
}

/// An open log.
pub struct Journal {
    shared: Arc<Shared>,
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    damage: Arc<AtomicU64>,
    report: Report,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Journal {
    /// Opens or creates the log in `dir`; a torn tail is cut, a new generation begins.
    ///
    /// # Errors
    /// `Invalid` settings, `Unsupported` format version, `Unavailable` when the disk fails.
    pub fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        config: Config,
        clock: Arc<dyn Clock>,
    ) -> Result<Journal> {
        config.validate()?;
        disk.create_dir(dir).context(format!("create {}", dir.display()))?;
        let found = recover(disk.as_ref(), dir)?;
        let report = found.report.clone();
        let log = Log::new(disk.clone(), dir.into(), config.clone(), clock.clone(), found);
        let retention = Retention::new(disk.clone(), dir.into(), &config, clock);
        let shared = Arc::new(Shared::new(config, log.view()));
        let journal = Journal {
            shared: shared.clone(),
            disk,
            dir: dir.into(),
            damage: Arc::default(),
            report,
            threads: Mutex::default(),
        };
        let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let writer = shared.clone();
        journal.spawn(format!("write {name}"), move || writer.write_loop(log))?;
        journal.spawn(format!("sync {name}"), move || shared.sync_loop(&retention))?;
        Ok(journal)
    }

    fn spawn(&self, name: String, run: impl FnOnce() + Send + 'static) -> Result<()> {
        let started = std::thread::Builder::new().name(name).spawn(run);
        lock(&self.threads).push(started.context("start a thread of the journal")?);
        Ok(())
    }

    /// Puts a record into the queue; `done` is told when it is durable. Never blocks on the disk.
    ///
    /// *Durability*: when `done` is told Ok.
    ///
    /// # Errors
    /// `Invalid` above 16 MiB, `Exhausted` when the queue is full, `Unavailable` when the log is
    /// closed or broken by a failed sync.
    pub fn append(&self, entry: Entry, done: Done) -> Result<()> {
        if entry.payload_bytes() > MAX_PAYLOAD_BYTES {
            return Err(Error::invalid(format!(
                "a record of {} bytes is over the limit of 16 MiB: split it",
                entry.payload_bytes()
            )));
        }
        let bytes = entry.stored_bytes();
        let mut state = lock(&self.shared.state);
        if let Some(why) = &state.broken {
            return Err(Error::unavailable(why.clone()));
        }
        if state.closing {
            return Err(Error::unavailable(format!("the log {} is closed", self.dir.display())));
        }
        if state.in_flight > 0 && state.in_flight + bytes > self.shared.config.queue_bytes {
            return Err(Error::exhausted(format!(
                "the queue of {} is full ({} bytes wait for the disk): send again later",
                self.dir.display(),
                state.in_flight
            )));
        }
        state.in_flight += bytes;
        state.queue.push_back(Queued { entry, done });
        drop(state);
        self.shared.for_writer.notify_one();
        Ok(())
    }

    /// A reader that begins at the oldest record.
    pub fn reader(&self, see: Visibility) -> Reader {
        let (disk, dir) = (self.disk.clone(), self.dir.clone());
        Reader::new(disk, dir, self.shared.view.clone(), self.damage.clone(), see)
    }

    /// Removes segments whose records all lie below `offset`; the newest stays. Readers that
    /// have one open read it to its end, others are told [`Read::Expired`](crate::Read).
    pub fn trim(&self, offset: u64) {
        crate::retention::trim(self.disk.as_ref(), &self.dir, &self.shared.view, offset);
    }

    /// What opening found.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// What the log looks like now.
    pub fn stats(&self) -> Stats {
        let view = &self.shared.view;
        let (written, durable) = view.tails();
        let state = lock(&self.shared.state);
        Stats {
            first: view.first(),
            next: written.offset,
            durable: durable.offset,
            generation: view.generation(),
            bytes: view.bytes(),
            queued_bytes: state.in_flight,
            syncs: state.syncs,
            longest_sync_us: state.longest_sync.as_micros() as u64,
            damage_told: self.damage.load(Ordering::Relaxed),
            broken: state.broken.clone(),
        }
    }

    /// Writes and syncs what is queued, ends the threads; fine when called again.
    ///
    /// # Errors
    /// `Unavailable` when the log was broken by a failed sync.
    pub fn close(&self) -> Result<()> {
        lock(&self.shared.state).closing = true;
        self.shared.for_writer.notify_one();
        self.shared.for_syncer.notify_one();
        for thread in std::mem::take(&mut *lock(&self.threads)) {
            if thread.join().is_err() {
                return Err(Error::internal("a thread of the journal panicked"));
            }
        }
        self.shared.view.tell_all();
        match &lock(&self.shared.state).broken {
            Some(why) => Err(Error::unavailable(why.clone())),
            None => Ok(()),
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Who wants to know calls `close` first.
        let _ = self.close();
    }
}
