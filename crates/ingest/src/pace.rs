//! Waiting: with a stop that ends every wait, and with a clock that tests replace.
//!
//! Invariants: no wait outlasts a cancelled [`Stop`]; the monotone time never goes back.
//! Not here: UTC (`base::Clock`).

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use flumen_media::Interrupt;

/// Locks, also when a holder panicked: every value kept here is whole between statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The word to end a thread, for its waits and its libav calls alike.
#[derive(Clone, Default)]
pub(crate) struct Stop(Arc<StopState>);

#[derive(Default)]
struct StopState {
    stopped: Mutex<bool>,
    told: Condvar,
    interrupt: Interrupt,
}

impl Stop {
    /// Ends all waits and calls, now and later.
    pub(crate) fn cancel(&self) {
        *lock(&self.0.stopped) = true;
        self.0.interrupt.cancel();
        self.0.told.notify_all();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        *lock(&self.0.stopped)
    }

    /// For libav calls.
    pub(crate) fn interrupt(&self) -> &Interrupt {
        &self.0.interrupt
    }

    /// Waits; false when it was stopped.
    pub(crate) fn wait(&self, time: Duration) -> bool {
        let guard = lock(&self.0.stopped);
        let waited = self.0.told.wait_timeout_while(guard, time, |stopped| !*stopped);
        !*waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0
    }
}

/// A monotone clock with its waits.
pub(crate) trait Pace: Send + Sync {
    /// Time since some start.
    fn now(&self) -> Duration;

    /// Waits; false when it was stopped.
    fn wait(&self, time: Duration, stop: &Stop) -> bool;
}

/// The host's monotone clock.
pub(crate) struct RealPace(Instant);

impl Default for RealPace {
    fn default() -> RealPace {
        RealPace(Instant::now())
    }
}

impl Pace for RealPace {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn wait(&self, time: Duration, stop: &Stop) -> bool {
        stop.wait(time)
    }
}
