//! The wall clock as something that is handed in.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells UTC.
pub trait Clock: Send + Sync {
    /// Microseconds since 1970, UTC. May jump either way: the host's clock is set by people.
    fn wall_us(&self) -> i64;
}

/// The host's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn wall_us(&self) -> i64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => -i64::try_from(before.duration().as_micros()).unwrap_or(i64::MAX),
        }
    }
}

/// A clock that a test or a simulation moves.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at `wall_us`.
    pub fn at(wall_us: i64) -> ManualClock {
        ManualClock(AtomicI64::new(wall_us))
    }

    /// Moves it by `us`, also backwards.
    pub fn advance(&self, us: i64) {
        self.0.fetch_add(us, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn wall_us(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}
