//! How a caller stops a libav call that waits: by word or by deadline.
//!
//! Invariants: never blocks, never takes a lock, so libav may ask at any rate.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// No deadline.
const NEVER: u64 = u64::MAX;

/// A switch shared by a caller and the libav calls that it wants to be able to end.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cancelled: AtomicBool,
    deadline_ns: AtomicU64,
}

impl Default for Inner {
    fn default() -> Self {
        Inner { cancelled: AtomicBool::new(false), deadline_ns: AtomicU64::new(NEVER) }
    }
}

impl Interrupt {
    /// A switch that is off and has no deadline.
    pub fn new() -> Interrupt {
        Interrupt::default()
    }

    /// Ends every call that runs or will run with this switch; there is no way back.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
    }

    /// Ends every call that still runs at `deadline`; `None` takes the deadline away.
    pub fn set_deadline(&self, deadline: Option<Instant>) {
        let ns = deadline.map_or(NEVER, since_start_ns);
        self.0.deadline_ns.store(ns, Ordering::Release);
    }

    /// True after `cancel`.
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.load(Ordering::Acquire)
    }

    /// True when a call must end now.
    pub(crate) fn is_due(&self) -> bool {
        if self.is_cancelled() {
            return true;
        }
        let deadline = self.0.deadline_ns.load(Ordering::Acquire);
        deadline != NEVER && since_start_ns(Instant::now()) >= deadline
    }
}

/// Nanoseconds since the first call in this process; an `Instant` has no atomic form.
fn since_start_ns(at: Instant) -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let start = *START.get_or_init(Instant::now);
    u64::try_from(at.saturating_duration_since(start).as_nanos()).unwrap_or(NEVER - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_and_a_cancel_make_it_due() {
        let stop = Interrupt::new();
        assert!(!stop.is_due());
        stop.set_deadline(Some(Instant::now()));
        assert!(stop.is_due());
        stop.set_deadline(None);
        assert!(!stop.is_due());
        stop.clone().cancel();
        assert!(stop.is_due() && stop.is_cancelled());
    }
}
