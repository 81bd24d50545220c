//! Time for tests: waits pass at once and move both clocks.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use flumen_base::Clock;

use crate::pace::{Pace, Stop};

/// A monotone clock and a wall clock that move with the waits.
pub(crate) struct SimTime {
    wall_at_start_us: i64,
    passed_us: AtomicI64,
}

impl SimTime {
    pub(crate) fn at(wall_us: i64) -> SimTime {
        SimTime { wall_at_start_us: wall_us, passed_us: AtomicI64::new(0) }
    }

    pub(crate) fn pass(&self, us: i64) {
        self.passed_us.fetch_add(us, Ordering::SeqCst);
    }

    pub(crate) fn passed_us(&self) -> i64 {
        self.passed_us.load(Ordering::SeqCst)
    }
}

impl Clock for SimTime {
    fn wall_us(&self) -> i64 {
        self.wall_at_start_us + self.passed_us()
    }
}

impl Pace for SimTime {
    fn now(&self) -> Duration {
        Duration::from_micros(u64::try_from(self.passed_us()).unwrap_or(0))
    }

    fn wait(&self, time: Duration, stop: &Stop) -> bool {
        self.pass(i64::try_from(time.as_micros()).unwrap_or(0));
        // Lets the test's own thread run: a waiting camera would else spin on one of few cores.
        stop.wait(Duration::from_micros(50))
    }
}
