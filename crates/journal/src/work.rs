//! The two threads of a log: one writes batches, one syncs groups and tells who waits.
//!
//! Invariants: a sync begins at most `sync_delay` after the last one began or at once when that
//! is longer ago; what a sync made durable is marked in the log right after it; no lock is held
//! over I/O or while somebody is told.
//! Not here: the rules of files (`log`).

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use flumen_base::Error;

use crate::journal::{Done, Placed};
use crate::log::Log;
use crate::retention::Retention;
use crate::view::{View, lock};
use crate::{Config, Entry};

/// Most bytes that one write takes together.
const BATCH_BYTES: u64 = 4 << 20;
/// Most records that one write takes together.
const BATCH_RECORDS: usize = 4096;
/// How often retention looks.
const RETENTION_EVERY: Duration = Duration::from_secs(10);

/// On its way to the log.
pub(crate) struct Queued {
    pub entry: Entry,
    pub done: Done,
}

/// Written, and waiting for a sync.
struct Waiting {
    placed: Placed,
    bytes: u64,
    done: Done,
}

#[derive(Default)]
pub(crate) struct State {
    pub queue: VecDeque<Queued>,
    waiting: VecDeque<Waiting>,
    pub in_flight: u64,
    /// When a sync shall begin; `None` while all that is written is durable.
    sync_at: Option<Instant>,
    last_sync: Option<Instant>,
    /// Durable up to here, to be noted in the log.
    mark: Option<u64>,
    roll: bool,
    pub broken: Option<String>,
    pub closing: bool,
    writer_gone: bool,
    pub syncs: u64,
    pub longest_sync: Duration,
}

pub(crate) struct Shared {
    pub state: Mutex<State>,
    pub for_writer: Condvar,
    pub for_syncer: Condvar,
    pub config: Config,
    pub view: Arc<View>,
}

/// What the writer does next.
struct Batch {
    queued: Vec<Queued>,
    mark: Option<u64>,
    roll: bool,
}

impl Shared {
    pub(crate) fn new(config: Config, view: Arc<View>) -> Shared {
        Shared {
            state: Mutex::default(),
            for_writer: Condvar::new(),
            for_syncer: Condvar::new(),
            config,
            view,
        }
    }

    pub(crate) fn write_loop(&self, mut log: Log) {
        while let Some(batch) = self.next_batch() {
            if batch.roll
                && let Err(error) = log.roll()
            {
                tracing::warn!(%error, "new segment not begun");
            }
            self.write(&mut log, batch);
            if let Some(why) = log.broken() {
                self.fail(why);
            }
        }
        let broken = lock(&self.state).broken.clone();
        match broken {
            Some(why) => log.cut_unsynced(&why),
            None => self.finish(&mut log),
        }
        lock(&self.state).writer_gone = true;
        self.for_syncer.notify_one();
    }

    /// Waits for work; `None` when the log is broken or closed and its queue empty.
    fn next_batch(&self) -> Option<Batch> {
        let mut state = lock(&self.state);
        loop {
            if state.broken.is_some() {
                return None;
            }
            if !state.queue.is_empty() || state.mark.is_some() || state.roll {
                break;
            }
            if state.closing {
                return None;
            }
            state = self.for_writer.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let most = BATCH_BYTES.min(self.config.segment_bytes / 4);
        let mut bytes = 0;
        let mut queued = Vec::new();
        while let Some(first) = state.queue.front() {
            bytes += first.entry.stored_bytes();
            if !queued.is_empty() && (bytes > most || queued.len() >= BATCH_RECORDS) {
                break;
            }
            queued.extend(state.queue.pop_front());
        }
        Some(Batch { queued, mark: state.mark.take(), roll: std::mem::take(&mut state.roll) })
    }

    fn write(&self, log: &mut Log, batch: Batch) {
        let bytes: Vec<u64> = batch.queued.iter().map(|q| q.entry.stored_bytes()).collect();
        let (entries, dones): (Vec<Entry>, Vec<Done>) =
            batch.queued.into_iter().map(|q| (q.entry, q.done)).unzip();
        let written = log.append(&entries, batch.mark);
        drop(entries);
        let first = match written {
            Ok(first) => first,
            Err(error) => return self.refuse(dones, bytes.iter().sum(), &error),
        };
        if dones.is_empty() {
            return;
        }
        let generation = self.view.generation();
        let waiting = dones.into_iter().zip(bytes).zip(first..).map(|((done, bytes), offset)| {
            Waiting { placed: Placed { offset, generation }, bytes, done }
        });
        let mut state = lock(&self.state);
        state.waiting.extend(waiting);
        if state.broken.is_some() {
            let failed = std::mem::take(&mut state.waiting);
            let why = state.broken.clone().unwrap_or_default();
            drop(state);
            return tell_failed(failed.into_iter().map(|w| w.done), &why);
        }
        if state.sync_at.is_none() {
            let now = Instant::now();
            let due = state.last_sync.map_or(now, |last| last + self.config.sync_delay);
            state.sync_at = Some(due.max(now));
            drop(state);
            self.for_syncer.notify_one();
        }
    }

    /// These were not written; the log goes on.
    fn refuse(&self, dones: Vec<Done>, bytes: u64, error: &Error) {
        {
            let mut state = lock(&self.state);
            state.in_flight = state.in_flight.saturating_sub(bytes);
        }
        tracing::warn!(records = dones.len(), %error, "records not written");
        for done in dones {
            done(Err(Error::new(error.kind(), error.message().to_owned())));
        }
    }

    /// At the end: all durable, told, and noted in the log.
    fn finish(&self, log: &mut Log) {
        if log.sync().is_err() {
            let why = log.broken().unwrap_or("the last sync failed").to_owned();
            self.fail(&why);
            log.cut_unsynced(&why);
            return;
        }
        self.acknowledge();
        let durable = self.view.tails().1.offset;
        if log.append(&[], Some(durable)).is_ok() {
            let _ = log.sync();
        }
    }

    /// Tells all whose records are durable; returns the durable offset.
    fn acknowledge(&self) -> u64 {
        let durable = self.view.tails().1.offset;
        let mut told = Vec::new();
        {
            let mut state = lock(&self.state);
            while state.waiting.front().is_some_and(|w| w.placed.offset < durable) {
                if let Some(waiting) = state.waiting.pop_front() {
                    state.in_flight = state.in_flight.saturating_sub(waiting.bytes);
                    told.push(waiting);
                }
            }
        }
        for waiting in told {
            (waiting.done)(Ok(waiting.placed));
        }
        durable
    }

    /// Nothing is acknowledged any more.
    fn fail(&self, why: &str) {
        let (waiting, queue) = {
            let mut state = lock(&self.state);
            if state.broken.is_none() {
                tracing::error!(why, "the log is broken: nothing is stored until a restart");
            }
            state.broken.get_or_insert_with(|| why.to_owned());
            state.in_flight = 0;
            (std::mem::take(&mut state.waiting), std::mem::take(&mut state.queue))
        };
        self.for_writer.notify_one();
        self.for_syncer.notify_one();
        let dones = waiting.into_iter().map(|w| w.done);
        tell_failed(dones.chain(queue.into_iter().map(|q| q.done)), why);
        self.view.tell_all();
    }

    pub(crate) fn sync_loop(&self, retention: &Retention) {
        let mut retention_at = Instant::now();
        let mut synced_segment = 0;
        loop {
            if retention_at <= Instant::now() {
                lock(&self.state).roll |= retention.run(&self.view);
                self.for_writer.notify_one();
                retention_at = Instant::now() + RETENTION_EVERY;
            }
            let state = lock(&self.state);
            if state.broken.is_some() || state.writer_gone {
                return;
            }
            if !self.wait_for_sync(state, retention_at) {
                continue;
            }
            // A segment began: another one may have to go.
            if std::mem::replace(&mut synced_segment, self.sync()) != synced_segment {
                retention_at = Instant::now();
            }
        }
    }

    /// True when a sync is due now, false when it is time to look again.
    fn wait_for_sync(&self, mut state: MutexGuard<'_, State>, until: Instant) -> bool {
        let now = Instant::now();
        match state.sync_at {
            Some(at) if at <= now => {
                state.sync_at = None;
                state.last_sync = Some(now);
                return true;
            }
            at => {
                let wait = at.unwrap_or(until).min(until).saturating_duration_since(now);
                let woken = self.for_syncer.wait_timeout(state, wait);
                drop(woken.unwrap_or_else(PoisonError::into_inner));
            }
        }
        false
    }

    /// Syncs what is written and tells who waits; returns the serial of the segment.
    fn sync(&self) -> u64 {
        let Some((file, tail)) = self.view.sync_target() else { return 0 };
        let began = Instant::now();
        if let Err(error) = file.sync() {
            self.fail(&format!(
                "sync of the log failed: {error}; what was not acknowledged is lost, check the \
                 disk and restart"
            ));
            return tail.serial;
        }
        self.view.synced(tail);
        let durable = self.acknowledge();
        let mut state = lock(&self.state);
        state.syncs += 1;
        state.longest_sync = state.longest_sync.max(began.elapsed());
        state.mark = Some(durable);
        drop(state);
        self.for_writer.notify_one();
        tail.serial
    }
}

fn tell_failed(dones: impl Iterator<Item = Done>, why: &str) {
    for done in dones {
        done(Err(Error::unavailable(why.to_owned())));
    }
}
