//! What reader, workers and checkpoints share, and the workers' loop.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use flumen_analyzer::{Engines, Notes};
use flumen_base::wire::Camera;
use flumen_base::{CameraId, Result};
use flumen_bus::Bus;

use crate::camera::Work;
use crate::cameras::Cameras;
use crate::checkpoint::{CameraState, Place};
use crate::lanes::Lanes;
use crate::models::Learned;
use crate::results::Results;
use crate::stats::Stats;

/// Records that a worker takes at a time: few, so that cameras take turns often.
const TURN: usize = 4;

/// A camera's place.
pub(crate) struct Slot {
    pub work: Mutex<Work>,
    pub stats: Mutex<Stats>,
    /// When a worker last had it in hand.
    pub touched: Mutex<Instant>,
}

impl Slot {
    /// A place for a camera.
    pub(crate) fn new(work: Work) -> Arc<Slot> {
        Arc::new(Slot {
            work: Mutex::new(work),
            stats: Mutex::default(),
            touched: Mutex::new(Instant::now()),
        })
    }
}

/// All that the threads share.
pub(crate) struct Shared {
    pub bus: Arc<dyn Bus>,
    pub dir: PathBuf,
    pub engines: Arc<dyn Engines>,
    pub cameras: Cameras,
    pub learned: Learned,
    pub results: Results,
    pub notes: Arc<Notes>,
    /// What a replay has still to come past: ends of `flumen.video` at the start.
    pub replay: Mutex<Option<Replay>>,
    /// Ends of the results that the last checkpoint without a broken camera had.
    pub since: Mutex<Vec<Place>>,
    pub lanes: Mutex<Lanes>,
    /// Told when lanes have work, or have room again.
    pub moved: Condvar,
    pub slots: Mutex<BTreeMap<CameraId, Arc<Slot>>>,
    pub problems: Mutex<BTreeMap<&'static str, String>>,
    pub stop: Arc<AtomicBool>,
    /// Sleeps of the checkpoints' thread.
    pub sleep: Mutex<()>,
    pub wake: Condvar,
}

/// A replay after a restart.
pub(crate) struct Replay {
    /// Ends of `flumen.video` at the start, by partition.
    pub until: Vec<(u32, u64)>,
    /// Ends of the results at the checkpoint: they stay in force until the replay is over.
    pub results: Vec<Place>,
}

/// A lock whose holder panicked still guards whole data here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn stopping(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// The camera's place, made when it is new.
    pub(crate) fn slot(&self, camera: &CameraId) -> Arc<Slot> {
        let make = || {
            let newest = self.cameras.newest(camera.as_str());
            let state = CameraState::default();
            self.place(camera, state, newest)
        };
        lock(&self.slots).entry(camera.clone()).or_insert_with(make).clone()
    }

    /// A place for a camera as a checkpoint has it, or a new one.
    pub(crate) fn place(
        &self,
        camera: &CameraId,
        state: CameraState,
        newest: Option<Camera>,
    ) -> Arc<Slot> {
        let mut work = Work::new(camera.clone(), state, newest, self.engines.clone());
        work.follow_models(self.learned.models.clone());
        Slot::new(work)
    }

    /// Reads the table of models to its end, and says which cards are refused.
    pub(crate) fn learn(&self) -> Result<()> {
        for refused in self.learned.refresh(self.bus.as_ref())? {
            self.results.stray(&refused);
        }
        Ok(())
    }

    /// Forgets cameras that are not in the table any more and have been silent for a while.
    pub(crate) fn forget_removed(&self, silent: Duration) {
        let mut lanes = lock(&self.lanes);
        lock(&self.slots).retain(|camera, slot| {
            let stays = self.cameras.newest(camera.as_str()).is_some()
                || lock(&slot.touched).elapsed() < silent
                || !lanes.forget(camera);
            if !stays {
                tracing::info!(%camera, "its analysis is closed: the camera was removed");
            }
            stays
        });
    }

    /// Says what is wrong with a part, or that nothing is.
    pub(crate) fn say(&self, part: &'static str, problem: Option<String>) {
        let mut problems = lock(&self.problems);
        match problem {
            Some(text) => problems.insert(part, text),
            None => problems.remove(part),
        };
    }

    /// Wakes all who wait.
    pub(crate) fn wake_all(&self) {
        drop(lock(&self.lanes));
        self.moved.notify_all();
        drop(lock(&self.sleep));
        self.wake.notify_all();
    }
}

/// A worker: takes the next camera with work until it is to stop.
pub(crate) fn work(shared: &Shared) {
    let hand = shared.notes.hand().map(Arc::new);
    while !shared.stopping() {
        let taken = {
            let mut lanes = lock(&shared.lanes);
            match lanes.take(TURN) {
                Some(taken) => Some(taken),
                None => {
                    let waited = shared.moved.wait_timeout(lanes, Duration::from_millis(200));
                    lanes = waited.unwrap_or_else(PoisonError::into_inner).0;
                    lanes.take(TURN)
                }
            }
        };
        let Some((camera, items, shed_until)) = taken else { continue };
        let slot = shared.slot(&camera);
        let mut stats = lock(&slot.stats).clone();
        lock(&slot.work).run(shared, hand.as_ref(), items, shed_until, &mut stats);
        *lock(&slot.stats) = stats;
        *lock(&slot.touched) = Instant::now();
        lock(&shared.lanes).done(&camera);
        shared.moved.notify_all();
    }
}
