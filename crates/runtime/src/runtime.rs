//! The runtime as its owner holds it: start, status, stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use flumen_analyzer::{Analyzers, Engines, Notes};
use flumen_base::{CameraId, Clock, Context, Error, Result, SystemClock, topic};
use flumen_bus::Bus;

use crate::RuntimeConfig;
use crate::begin::{Begin, begin};
use crate::cameras::{self, Cameras};
use crate::lanes::{Lanes, Limits};
use crate::models::Learned;
use crate::results::Results;
use crate::worker::{Replay, Shared, Slot, lock, work};
use crate::{reader, save};

/// A log whose end does not move for so long is not written to.
const STILL: Duration = Duration::from_millis(100);
/// What was found at the start is told this long.
const TOLD: Duration = Duration::from_secs(600);
/// A removed camera is forgotten when it was silent this long.
const SILENT: Duration = Duration::from_secs(60);

/// How the analysis of one camera goes.
#[derive(Clone, Debug, PartialEq)]
pub struct AnalysisStatus {
    /// The camera.
    pub camera: CameraId,
    /// Access units analysed since start.
    pub frames: u64,
    /// Access units a second, over the last seconds.
    pub fps: f32,
    /// Wall time minus arrival time of the last unit that was finished.
    pub lag_us: i64,
    /// Access units shed since start because the machine was too slow.
    pub shed: u64,
    /// Mean time to decode and analyse a unit, where decoding is not told apart: the same.
    pub decode_us: u32,
    /// Mean time to analyse a unit, decoding included.
    pub analyse_us: u32,
    /// Access units that wait in memory.
    pub queue: usize,
    /// What is wrong just now, for a person.
    pub problem: Option<String>,
}

/// The running analysis of all cameras.
pub struct Runtime {
    pub(crate) shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    saver: Option<JoinHandle<()>>,
    next: Arc<Mutex<u64>>,
}

impl Runtime {
    /// Starts reader, workers and checkpoints.
    ///
    /// # Errors
    /// `Invalid` for settings out of range; what the bus and the file system answer.
    pub fn start(bus: Arc<dyn Bus>, config: RuntimeConfig) -> Result<Runtime> {
        Runtime::with(bus, config, Arc::new(Analyzers))
    }

    pub(crate) fn with(
        bus: Arc<dyn Bus>,
        config: RuntimeConfig,
        engines: Arc<dyn Engines>,
    ) -> Result<Runtime> {
        config.validate()?;
        std::fs::create_dir_all(&config.dir)
            .context(format_args!("make {}", config.dir.display()))?;
        let begin = begin(&bus, &config.dir)?;
        let shared = Arc::new(share(bus, &config, engines)?);
        resume(&shared, &begin)?;
        let mut runtime = Runtime {
            shared,
            threads: Vec::new(),
            saver: None,
            next: Arc::new(Mutex::new(begin.number + 1)),
        };
        // A kill before the first turn must find where this run began.
        runtime.checkpoint()?;
        runtime.run(&config, begin.from)?;
        Ok(runtime)
    }

    fn run(&mut self, config: &RuntimeConfig, from: Vec<(u32, u64)>) -> Result<()> {
        for worker in 0..config.workers {
            let shared = self.shared.clone();
            self.threads.push(spawn(format!("analyse-{worker}"), move || work(&shared))?);
        }
        let shared = self.shared.clone();
        self.threads.push(spawn("analyse-read".into(), move || reader::read(&shared, from))?);
        let (shared, next, every) =
            (self.shared.clone(), self.next.clone(), config.checkpoint_every);
        self.saver = Some(spawn("analyse-save".into(), move || save_again(&shared, &next, every))?);
        Ok(())
    }

    fn checkpoint(&self) -> Result<()> {
        let mut next = lock(&self.next);
        save::save(&self.shared, *next)?;
        *next += 1;
        Ok(())
    }

    /// One entry a camera, in order of their ids.
    pub fn status(&self) -> Vec<AnalysisStatus> {
        let now_us = SystemClock.wall_us();
        let slots: Vec<(CameraId, Arc<Slot>)> =
            lock(&self.shared.slots).iter().map(|(c, s)| (c.clone(), s.clone())).collect();
        let one = |(camera, slot): (CameraId, Arc<Slot>)| {
            let stats = lock(&slot.stats).clone();
            let queue = lock(&self.shared.lanes).waiting(&camera);
            let idle = stats.arrival_us == 0;
            AnalysisStatus {
                frames: stats.frames,
                fps: stats.fps_now(),
                lag_us: if idle { 0 } else { now_us - stats.arrival_us },
                shed: stats.shed,
                decode_us: stats.analyse_us as u32,
                analyse_us: stats.analyse_us as u32,
                queue,
                problem: stats.problem,
                camera,
            }
        };
        slots.into_iter().map(one).collect()
    }

    /// The lowest offset of a partition that is not finished.
    #[cfg(test)]
    pub(crate) fn finished(&self, partition: u32) -> u64 {
        lock(&self.shared.lanes).unfinished(partition)
    }

    /// Waits until what is on `flumen.video` now is analysed; false when that took longer than
    /// `patience`. For a log that nobody writes to any more.
    pub fn settle(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut before = Vec::new();
        loop {
            let ends: Vec<(u32, u64)> = match self.shared.bus.watermarks(topic::VIDEO) {
                Ok(log) => log.iter().map(|w| (w.partition, w.next)).collect(),
                Err(_) => return false,
            };
            let done = {
                let lanes = lock(&self.shared.lanes);
                ends.iter().all(|&(partition, next)| lanes.unfinished(partition) >= next)
            };
            // What was sent last may not be in the log yet: its end must stand still.
            if done && ends == before {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            before = ends;
            std::thread::sleep(STILL);
        }
    }

    /// Things that are wrong with the runtime itself, for a person.
    pub fn problems(&self) -> Vec<String> {
        let mut all: Vec<String> = lock(&self.shared.problems).values().cloned().collect();
        let conflicts = self.shared.results.conflicts.load(Ordering::Relaxed);
        if conflicts > 0 {
            all.push(format!("{conflicts} results differed from what an earlier run had stored: please report this"));
        }
        all
    }

    /// Stops after the units in hand, and writes a checkpoint.
    ///
    /// # Errors
    /// What went wrong with the last checkpoint; the one before stays valid.
    pub fn stop(mut self) -> Result<()> {
        self.halt();
        self.checkpoint()
    }

    fn halt(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.shared.wake_all();
        for thread in self.threads.drain(..).chain(self.saver.take()) {
            if thread.join().is_err() {
                tracing::error!("a thread of the analysis had panicked");
            }
        }
    }
}

impl Drop for Runtime {
    /// Stops without a checkpoint: the next start makes again what came since the last one.
    fn drop(&mut self) {
        self.halt();
    }
}

fn spawn(name: String, body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name)
        .spawn(body)
        .map_err(|e| Error::io("start a thread of the analysis", e))
}

fn share(bus: Arc<dyn Bus>, config: &RuntimeConfig, engines: Arc<dyn Engines>) -> Result<Shared> {
    let stop = Arc::new(AtomicBool::new(false));
    let patience_us = i64::try_from(config.shed_after.as_micros()).unwrap_or(i64::MAX);
    let limits = Limits { units: config.queue_units, bytes: config.queue_bytes, patience_us };
    let cameras = Cameras::default();
    cameras.refresh(bus.as_ref())?;
    Ok(Shared {
        dir: config.dir.clone(),
        engines,
        cameras,
        learned: Learned::default(),
        results: Results::new(bus.clone(), stop.clone()),
        notes: Notes::open(&config.dir, config.workers)?,
        replay: Mutex::default(),
        since: Mutex::default(),
        lanes: Mutex::new(Lanes::new(limits)),
        moved: Condvar::new(),
        slots: Mutex::default(),
        problems: Mutex::default(),
        stop,
        sleep: Mutex::default(),
        wake: Condvar::new(),
        bus,
    })
}

/// Puts everything where the last run left it.
fn resume(shared: &Shared, begin: &Begin) -> Result<()> {
    for text in &begin.said {
        tracing::warn!("{text}");
    }
    if !begin.said.is_empty() {
        shared.say("start", Some(begin.said.join("; ")));
    }
    let known = shared.results.remember(&begin.results)?;
    tracing::info!(known, "results since the last checkpoint");
    if begin.anew {
        shared.results.distrust();
    }
    // Nothing is analysed before the models are known.
    shared.learn()?;
    let until =
        shared.bus.watermarks(topic::VIDEO)?.iter().map(|w| (w.partition, w.next)).collect();
    *lock(&shared.since) = begin.results.clone();
    *lock(&shared.replay) = Some(Replay { until, results: begin.results.clone() });
    for &(partition, from) in &begin.from {
        lock(&shared.lanes).seen(partition, from);
    }
    for (camera, state) in &begin.cameras {
        let newest = shared.cameras.newest(camera.as_str());
        let priority = newest.as_ref().map_or(0, cameras::priority);
        lock(&shared.lanes).set_priority(camera, priority);
        let place = shared.place(camera, state.clone(), newest);
        lock(&shared.slots).insert(camera.clone(), place);
    }
    Ok(())
}

/// Takes checkpoints until it is to stop, at most a tenth of the time.
fn save_again(shared: &Shared, next: &Mutex<u64>, every: Duration) {
    let started = Instant::now();
    let mut wait = every;
    loop {
        let guard = lock(&shared.sleep);
        if !shared.stopping() {
            drop(shared.wake.wait_timeout(guard, wait).unwrap_or_else(PoisonError::into_inner));
        }
        if shared.stopping() {
            return;
        }
        if started.elapsed() > TOLD {
            shared.say("start", None);
        }
        shared.forget_removed(SILENT);
        let begun = Instant::now();
        let mut number = lock(next);
        match save::save(shared, *number) {
            Ok(()) => {
                *number += 1;
                shared.say("checkpoint", None);
            }
            Err(e) => {
                tracing::error!("no checkpoint: {e:?}");
                shared.say(
                    "checkpoint",
                    Some(format!("no checkpoint can be written: {e}; a restart repeats more")),
                );
            }
        }
        wait = every.max(begun.elapsed() * 10);
    }
}
