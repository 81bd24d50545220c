//! How a log is kept, and what is put into it.

use std::time::Duration;

use bytes::Bytes;
use flumen_base::{Error, Result};

use crate::format::RECORD_HEADER_BYTES;

/// The largest payload of a record.
pub const MAX_PAYLOAD_BYTES: usize = 16 << 20;

/// Settings of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Size at which the log begins a new file; at least 64 KiB, at most 1 GiB.
    pub segment_bytes: u64,
    /// The longest a written record waits for its sync to begin.
    pub sync_delay: Duration,
    /// Most bytes between `append` and acknowledgement; at least one record of any size fits.
    pub queue_bytes: u64,
    /// Records older than this are removed, a segment at a time.
    pub keep_age: Duration,
    /// The oldest segments are removed above this.
    pub keep_bytes: u64,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            segment_bytes: 64 << 20,
            sync_delay: Duration::from_millis(50),
            queue_bytes: 64 << 20,
            keep_age: Duration::from_secs(24 * 3600),
            keep_bytes: 20 << 30,
        }
    }
}

impl Config {
    /// Whether these settings can work.
    ///
    /// # Errors
    /// `Invalid` when not, with the setting's name and its range.
    pub fn validate(&self) -> Result<()> {
        let wrong = |what: &str| Err(Error::invalid(format!("journal: {what}")));
        if !((64 << 10)..=(1 << 30)).contains(&self.segment_bytes) {
            return wrong("segment_bytes must be from 64 KiB to 1 GiB");
        }
        if self.sync_delay > Duration::from_secs(10) {
            return wrong("sync_delay must be at most 10 s");
        }
        if self.queue_bytes == 0 {
            return wrong("queue_bytes must be at least 1");
        }
        Ok(())
    }
}

/// What is appended: the payload is `head` and `body`, one behind the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Kept with the record; seeks by time and retention by age use it. Microseconds.
    pub timestamp_us: i64,
    /// The payload's beginning.
    pub head: Bytes,
    /// The payload's rest, not copied before it is written.
    pub body: Bytes,
}

impl Entry {
    /// An entry with its payload in one piece.
    pub fn new(timestamp_us: i64, payload: impl Into<Bytes>) -> Entry {
        Entry { timestamp_us, head: Bytes::new(), body: payload.into() }
    }

    /// Bytes of the payload.
    pub fn payload_bytes(&self) -> usize {
        self.head.len() + self.body.len()
    }

    /// Bytes in the log.
    pub(crate) fn stored_bytes(&self) -> u64 {
        RECORD_HEADER_BYTES + self.payload_bytes() as u64
    }
}

/// Which records a reader sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// As soon as they are written.
    Written,
    /// Only when durable.
    Durable,
}
