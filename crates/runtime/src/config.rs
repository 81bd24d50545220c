//! What the runtime is told.

use std::path::PathBuf;
use std::time::Duration;

use flumen_base::{Error, Result};

/// Settings of the runtime.
#[derive(Clone, Debug)]
pub struct RuntimeConfig {
    /// Directory of checkpoints and notes; made when missing.
    pub dir: PathBuf,
    /// Threads that analyse; one camera is never on two.
    pub workers: usize,
    /// Access units that may wait for one camera before somebody is shed.
    pub queue_units: usize,
    /// Bytes that may wait for all cameras together before somebody is shed.
    pub queue_bytes: usize,
    /// A live camera that waits longer than this makes the one with the lowest priority be shed.
    pub shed_after: Duration,
    /// Time from one checkpoint to the next; longer when writing one takes a tenth of it.
    pub checkpoint_every: Duration,
}

impl Default for RuntimeConfig {
    fn default() -> RuntimeConfig {
        RuntimeConfig {
            dir: PathBuf::from("runtime"),
            workers: std::thread::available_parallelism().map_or(1, |n| n.get()),
            queue_units: 128,
            queue_bytes: 128 << 20,
            shed_after: Duration::from_secs(5),
            checkpoint_every: Duration::from_secs(5),
        }
    }
}

impl RuntimeConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// `Invalid` with the setting's name and its rule.
    pub fn validate(&self) -> Result<()> {
        if !(1..=256).contains(&self.workers) {
            return Err(Error::invalid("runtime.workers must be 1 to 256"));
        }
        if !(2..=100_000).contains(&self.queue_units) {
            return Err(Error::invalid("runtime.queue_units must be 2 to 100000"));
        }
        if self.queue_bytes < 32 << 20 {
            return Err(Error::invalid(
                "runtime.queue_bytes must be at least 32 MiB: one access unit may have 16 MiB",
            ));
        }
        if self.checkpoint_every.is_zero() {
            return Err(Error::invalid("runtime.checkpoint_every must be above zero"));
        }
        Ok(())
    }
}
