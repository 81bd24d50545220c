//! The table `flumen.models`, read to its end again and again.
//!
//! Not here: what a card must fulfil and from when on it counts (`analyzer`, `operators`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flumen_analyzer::{Models, Named};
use flumen_base::{Clock, Result, SystemClock, topic};
use flumen_bus::Bus;

/// Learned models as the table has them, and how far it is read.
#[derive(Default)]
pub(crate) struct Learned {
    pub(crate) models: Arc<Models>,
    next: Mutex<u64>,
}

impl Learned {
    /// Reads the table to its end; gives what is to be told of cards that are refused.
    pub(crate) fn refresh(&self, bus: &dyn Bus) -> Result<Vec<Named>> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let table = bus.table(topic::MODELS)?;
        let mut told = Vec::new();
        loop {
            let changes = table.changes(*next, Duration::ZERO)?;
            if changes.is_empty() {
                return Ok(told);
            }
            for change in changes {
                *next = (*next).max(change.offset + 1);
                let now_us = SystemClock.wall_us();
                let (key, value) = (&change.key, change.value.as_deref());
                told.extend(self.models.put(key, change.offset, value, now_us));
            }
        }
    }
}
