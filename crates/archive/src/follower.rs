//! The rows for a process that records nothing itself: followed from the topics.
//!
//! Invariants: its database holds nothing that is nowhere else: when it is missing, damaged or
//! of another build it is made anew (`rebuild`), with the same answers; it writes no file of
//! the store and nothing on the bus. A failure begins again after 0.25 to 10 s, and what is
//! there can be read meanwhile.
//! Not here: the rows themselves (`ledger`, `rows`), reading them (`reader`).

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use flumen_base::wire::Segment;
use flumen_base::{Clock, Context as _, Error, Kind, Result, SystemClock, topic};
use flumen_bus::{Bus, Change};
use prost::Message;
use rusqlite::Connection;

use crate::config::ArchiveConfig;
use crate::db::{self, told};
use crate::ledger::{Ledger, oldest_us};
use crate::reader::{Pending, Reader};
use crate::rows::{self, Filed};
use crate::store::Store;
use crate::{rebuild, retain};

/// How often rows beyond their age are removed.
const FORGET_EVERY: Duration = Duration::from_secs(300);

/// Rows that follow another process' archive.
pub struct Follower {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    reader: Reader,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    sleep: Mutex<()>,
    wake: Condvar,
    problem: Mutex<Option<String>>,
    /// All that was there at the start is in rows.
    caught_up: AtomicBool,
}

struct Parts {
    bus: Arc<dyn Bus>,
    store: Arc<dyn Store>,
    config: ArchiveConfig,
    shared: Arc<Shared>,
    reader: Reader,
}

impl Follower {
    /// Begins to follow; `config.dir` is the database's own directory, `store` is where the
    /// recording process keeps its files.
    ///
    /// # Errors
    /// `Invalid` for settings out of range, `Unavailable` when the directory can't be written.
    pub fn start(
        bus: Arc<dyn Bus>,
        store: Arc<dyn Store>,
        config: ArchiveConfig,
    ) -> Result<Follower> {
        config.validate()?;
        drop(open(&config)?);
        let shared = Arc::new(Shared::default());
        let reader = Reader::with(&config.dir, store.clone(), Some(Pending::default()));
        let parts = Parts { bus, store, config, shared: shared.clone(), reader: reader.clone() };
        let thread = std::thread::Builder::new()
            .name("archive-follow".into())
            .spawn(move || again(&parts))
            .context("start the thread that follows the archive")?;
        Ok(Follower { shared, thread: Some(thread), reader })
    }

    /// A reader of the rows; cheap to clone.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// What is wrong just now, for a person.
    pub fn problem(&self) -> Option<String> {
        self.shared.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// True once all that was there when it started is in rows.
    pub fn is_caught_up(&self) -> bool {
        self.shared.caught_up.load(Ordering::SeqCst)
    }

    /// Ends it; what it has not taken yet is taken at the next start.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        drop(self.shared.sleep.lock());
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that follows the archive had panicked");
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn stopping(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    fn pause(&self, time: Duration) {
        let guard = self.sleep.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.stopping() {
            drop(self.wake.wait_timeout(guard, time));
        }
    }

    fn say(&self, problem: Option<String>) {
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }
}

/// Opens the database; one that can't be used is made anew.
fn open(config: &ArchiveConfig) -> Result<Connection> {
    match db::open(&config.dir) {
        Err(e) if matches!(e.kind(), Kind::DataLoss | Kind::Unsupported) => {
            tracing::warn!("the rows are made anew: {e}");
            db::remove(&config.dir)?;
            db::open(&config.dir)
        }
        other => other,
    }
}

fn again(parts: &Parts) {
    let mut wait = Duration::from_millis(250);
    while !parts.shared.stopping() {
        let begun = Instant::now();
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| follow(parts)));
        let error = match ran {
            Ok(Ok(())) => return,
            Ok(Err(e)) => e,
            Err(_) => Error::internal("a panic; the log has its place"),
        };
        tracing::warn!("recordings and events can't be followed: {error}; again in {wait:?}");
        parts.shared.say(Some(format!("recordings and events can't be followed: {error}")));
        if begun.elapsed() > Duration::from_secs(60) {
            wait = Duration::from_millis(250);
        }
        parts.shared.pause(wait);
        wait = (wait * 2).min(Duration::from_secs(10));
    }
}

fn follow(parts: &Parts) -> Result<()> {
    let Parts { bus, store, config, shared, reader } = parts;
    let mut conn = open(config)?;
    reader.open_anew();
    let oldest = || oldest_us(config.keep_events, SystemClock.wall_us());
    rebuild::fill(&mut conn, bus.as_ref(), store.as_ref(), oldest())?;
    let mut ledger = Ledger::open(bus.clone(), config)?;
    let mut files = Files { next: 0 };
    files.forget_removed(&mut conn, bus.as_ref())?;
    let mut forgot: Option<Instant> = None;
    while !shared.stopping() {
        if !db::is_there(&config.dir) {
            return Err(Error::unavailable("the database was removed; it is made anew"));
        }
        let any = ledger.turn(Duration::from_millis(200))?;
        let more = files.turn(&mut conn, bus.as_ref())?;
        if !any && !more {
            shared.caught_up.store(true, Ordering::SeqCst);
        }
        if forgot.is_none_or(|at| at.elapsed() >= FORGET_EVERY) {
            retain::forget(&mut conn, config.keep_events, SystemClock.wall_us())?;
            forgot = Some(Instant::now());
        }
        shared.say(None);
    }
    Ok(())
}

/// The rows of `flumen.segments`.
struct Files {
    /// This process' place in the table's changes.
    next: u64,
}

impl Files {
    /// Removes rows whose record went away while nobody looked.
    fn forget_removed(&mut self, conn: &mut Connection, bus: &dyn Bus) -> Result<()> {
        let table = bus.table(topic::SEGMENTS)?.scan(b"")?;
        let there: HashSet<String> = table
            .iter()
            .filter_map(|(_, value)| Some(Segment::decode(value.as_slice()).ok()?.path))
            .collect();
        let gone = rows::select(conn, "WHERE published = 1", [])?;
        let gone = gone.iter().filter(|row| !there.contains(&row.segment.path));
        let tx = conn.transaction().map_err(told)?;
        for row in gone {
            rows::remove(&tx, &rows::key_of(&row.segment))?;
        }
        tx.commit().map_err(told)
    }

    /// Takes what changed; true when there was something.
    fn turn(&mut self, conn: &mut Connection, bus: &dyn Bus) -> Result<bool> {
        let changes = bus.table(topic::SEGMENTS)?.changes(self.next, Duration::ZERO)?;
        let Some(last) = changes.last() else { return Ok(false) };
        let next = last.offset + 1;
        let tx = conn.transaction().map_err(told)?;
        for change in &changes {
            take(&tx, change)?;
        }
        tx.commit().map_err(told)?;
        self.next = next;
        Ok(true)
    }
}

fn take(conn: &Connection, change: &Change) -> Result<()> {
    match change.value.as_deref().map(Segment::decode) {
        Some(Ok(record)) => rows::import(conn, &Filed::of(record), true),
        Some(Err(e)) => {
            let key = String::from_utf8_lossy(&change.key).into_owned();
            tracing::warn!(key, "a record of flumen.segments can't be read: {e}");
            Ok(())
        }
        None => rows::remove(conn, &String::from_utf8_lossy(&change.key)).map(drop),
    }
}
