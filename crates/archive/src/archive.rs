//! The archive as its owner holds it: start, status, stop; its three threads.
//!
//! Invariants: a thread that fails begins again from the database, with a back-off of 0.25 to
//! 10 s; what is wrong stands in the status meanwhile. What is on the bus is not lost by it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use flumen_base::{CameraId, Clock, Error, Result, SystemClock, topic};
use flumen_bus::{Bus, Start, Visibility};

use crate::config::ArchiveConfig;
use crate::keeper::Keeper;
use crate::ledger::{Ledger, oldest_us};
use crate::reader::{Pending, Reader, Span};
use crate::recorder::Recorder;
use crate::store::Store;
use crate::{db, rebuild, retain};

/// How recording goes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ArchiveStatus {
    /// Segments filed since start.
    pub segments: u64,
    /// Bytes filed since start.
    pub bytes: u64,
    /// Access units that could not be put in a file, because no key frame was before them.
    pub skipped: u64,
    /// Records taken a second, sound and markers included; `None` until it was measured.
    pub rate_hz: Option<f64>,
    /// Wall time minus arrival time of the newest unit, when it was taken; `None` before one.
    pub lag_us: Option<i64>,
    /// Spans that are being written, by camera.
    pub open: Vec<(CameraId, Span)>,
    /// What is wrong just now, for a person.
    pub problem: Option<String>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    sleep: Mutex<()>,
    wake: Condvar,
    status: Mutex<ArchiveStatus>,
    pending: Pending,
    problems: [Mutex<Option<String>>; 3],
    failed: Mutex<Option<Error>>,
    /// The database has what other places know.
    filled: Mutex<bool>,
}

impl Shared {
    fn stopping(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// Sleeps unless it is to stop.
    fn pause(&self, time: Duration) {
        let guard = self.sleep.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.stopping() {
            drop(self.wake.wait_timeout(guard, time));
        }
    }

    fn status(&self) -> std::sync::MutexGuard<'_, ArchiveStatus> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, thread: usize, problem: Option<String>) {
        if let Some(slot) = self.problems.get(thread) {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = problem;
        }
    }
}

/// The running archive.
pub struct Archive {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    reader: Reader,
    config: ArchiveConfig,
}

/// What a thread does until it is to stop.
type Body = fn(&Parts) -> Result<()>;

struct Parts {
    bus: Arc<dyn Bus>,
    store: Arc<dyn Store>,
    config: ArchiveConfig,
    shared: Arc<Shared>,
}

impl Archive {
    /// Starts recording, rows, retention and the export of days.
    ///
    /// # Errors
    /// `Invalid` for settings out of range, `DataLoss` for a damaged database, and what the
    /// bus and the store answer.
    pub fn start(
        bus: Arc<dyn Bus>,
        store: Arc<dyn Store>,
        config: ArchiveConfig,
    ) -> Result<Archive> {
        config.validate()?;
        drop(db::open(&config.dir)?);
        let shared = Arc::new(Shared::default());
        let reader = Reader::with(&config.dir, store.clone(), Some(shared.pending.clone()));
        let mut threads = Vec::new();
        let bodies: [(&str, Body); 3] = [("record", record), ("rows", rows), ("keep", keep)];
        for (n, (name, body)) in bodies.into_iter().enumerate() {
            let parts = Parts {
                bus: bus.clone(),
                store: store.clone(),
                config: config.clone(),
                shared: shared.clone(),
            };
            let thread = std::thread::Builder::new()
                .name(format!("archive-{name}"))
                .spawn(move || again(n, name, body, &parts))
                .map_err(|e| Error::io("start a thread of the archive", e))?;
            threads.push(thread);
        }
        Ok(Archive { shared, threads, reader, config })
    }

    /// A reader of this archive; cheap to clone.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// How recording goes just now.
    pub fn status(&self) -> ArchiveStatus {
        let mut status = self.shared.status().clone();
        let told =
            |p: &Mutex<Option<String>>| p.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let all: Vec<String> = self.shared.problems.iter().filter_map(told).collect();
        status.problem = (!all.is_empty()).then(|| all.join("; "));
        status
    }

    /// What a rule would remove of a camera's video now, without removing it.
    ///
    /// # Errors
    /// `Unavailable` when the database can't be read.
    pub fn preview(&self, camera: &CameraId, keep: crate::Keep) -> Result<retain::Removal> {
        let conn = db::open_reading(&self.config.dir)?;
        retain::preview(&conn, camera.as_str(), keep, SystemClock.wall_us())
    }

    /// Stops: what the bus holds durably is taken (for at most 5 s), whole groups of pictures
    /// are filed, the rest is written again from the bus at the next start.
    ///
    /// # Errors
    /// What went wrong while the last segments were filed; nothing is lost by it.
    pub fn stop(mut self) -> Result<()> {
        self.halt();
        let failed = self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner).take();
        failed.map_or(Ok(()), Err)
    }

    fn halt(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        drop(self.shared.sleep.lock());
        self.shared.wake.notify_all();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the archive had panicked");
            }
        }
    }
}

impl Drop for Archive {
    fn drop(&mut self) {
        self.halt();
    }
}

/// A database that was made anew is filled before any thread works with it.
fn fill(parts: &Parts) -> Result<()> {
    let mut filled = parts.shared.filled.lock().unwrap_or_else(PoisonError::into_inner);
    if !*filled {
        let mut conn = db::open(&parts.config.dir)?;
        let oldest_us = oldest_us(parts.config.keep_events, SystemClock.wall_us());
        rebuild::fill(&mut conn, parts.bus.as_ref(), parts.store.as_ref(), oldest_us)?;
        *filled = true;
    }
    Ok(())
}

/// Runs a body until it ends because of a stop; begins it again when it fails.
fn again(n: usize, name: &str, body: Body, parts: &Parts) {
    let mut wait = Duration::from_millis(250);
    loop {
        let begun = Instant::now();
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            fill(parts)?;
            body(parts)
        }));
        let error = match ran {
            Ok(Ok(())) => return,
            Ok(Err(e)) => e,
            Err(_) => Error::internal("a panic; the log has its place"),
        };
        tracing::error!(thread = name, "archive: {error:?}; it begins again in {wait:?}");
        parts.shared.say(n, Some(format!("the archive ({name}) is held up: {error}")));
        if parts.shared.stopping() {
            *parts.shared.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            return;
        }
        if begun.elapsed() > Duration::from_secs(60) {
            wait = Duration::from_millis(250);
        }
        parts.shared.pause(wait);
        wait = (wait * 2).min(Duration::from_secs(10));
    }
}

fn record(parts: &Parts) -> Result<()> {
    let mut recorder = Recorder::open(parts.bus.clone(), parts.store.clone(), &parts.config)?;
    let mut reader = parts.bus.consumer(
        &[topic::VIDEO],
        Start::Offsets(recorder.from()),
        Visibility::Durable,
    )?;
    let (mut until, mut meter) = (None, Meter::default());
    loop {
        let stopping = parts.shared.stopping();
        let wait = if stopping { Duration::from_millis(100) } else { Duration::from_millis(200) };
        let polled = reader.poll(256, wait)?;
        let idle = polled.is_empty();
        meter.taken += polled.len();
        let before = (recorder.filed, recorder.filed_bytes, recorder.skipped);
        for one in polled {
            recorder.take(one)?;
        }
        recorder.roles.refresh(parts.bus.as_ref())?;
        recorder.settle()?;
        tell(parts, &recorder, before, idle);
        if let Some(rate_hz) = meter.rate_hz(Instant::now()) {
            parts.shared.status().rate_hz = Some(rate_hz);
        }
        parts.shared.say(0, None);
        let until = *until.get_or_insert_with(|| Instant::now() + Duration::from_secs(5));
        if stopping && (idle || Instant::now() >= until) {
            return recorder.finish();
        }
    }
}

/// Counts records over two seconds.
#[derive(Default)]
struct Meter {
    since: Option<Instant>,
    taken: usize,
}

impl Meter {
    /// The rate of the last window, once it is over.
    fn rate_hz(&mut self, now: Instant) -> Option<f64> {
        let past = now.saturating_duration_since(*self.since.get_or_insert(now));
        if past < Duration::from_secs(2) {
            return None;
        }
        let taken = std::mem::take(&mut self.taken);
        self.since = Some(now);
        Some(taken as f64 / past.as_secs_f64())
    }
}

fn tell(parts: &Parts, recorder: &Recorder, before: (u64, u64, u64), idle: bool) {
    let mut status = parts.shared.status();
    status.segments += recorder.filed - before.0;
    status.bytes += recorder.filed_bytes - before.1;
    status.skipped += recorder.skipped - before.2;
    if let Some(at_us) = recorder.newest_us().filter(|_| !idle) {
        status.lag_us = Some(SystemClock.wall_us().saturating_sub(at_us));
    }
    status.open = recorder.spans();
    *parts.shared.pending.lock().unwrap_or_else(PoisonError::into_inner) = status.open.clone();
}

fn rows(parts: &Parts) -> Result<()> {
    let mut ledger = Ledger::open(parts.bus.clone(), &parts.config)?;
    let mut left = 50; // turns after the stop, so that it ends under any load
    loop {
        let stopping = parts.shared.stopping();
        let any = ledger.turn(Duration::from_millis(if stopping { 20 } else { 200 }))?;
        parts.shared.say(1, None);
        if stopping {
            left -= 1;
            if !any || left == 0 {
                return Ok(());
            }
        }
    }
}

fn keep(parts: &Parts) -> Result<()> {
    let mut keeper = Keeper::open(parts.bus.clone(), parts.store.clone(), &parts.config)?;
    while !parts.shared.stopping() {
        keeper.turn(SystemClock.wall_us())?;
        parts.shared.say(2, None);
        parts.shared.pause(Duration::from_secs(30));
    }
    Ok(())
}
