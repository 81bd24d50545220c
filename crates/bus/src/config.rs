//! How the embedded bus stores.

use std::collections::HashMap;
use std::time::Duration;

use flumen_base::{Error, Result, topic};

/// How long a log topic is kept: whichever limit is reached first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Oldest age by arrival time.
    pub age: Duration,
    /// Bytes on disk, of all partitions together.
    pub bytes: u64,
}

impl Keep {
    /// What a topic has when nothing else is said: a day of video, a week of what was seen,
    /// a month of events; the archive keeps longer.
    pub fn default_of(topic: &str) -> Keep {
        let (days, gib) = match topic {
            topic::VIDEO => (1, 20),
            topic::FRAMES => (7, 2),
            topic::EVENTS => (30, 1),
            topic::PICTURES => (30, 4),
            _ => (7, 1),
        };
        Keep { age: Duration::from_secs(days * 86_400), bytes: gib << 30 }
    }
}

/// How the embedded bus stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedConfig {
    /// Partitions of each log topic, 1 to 256; changing it moves keys.
    pub partitions: u32,
    /// The longest a written record waits for its sync to begin.
    pub sync_delay: Duration,
    /// Size at which a log begins a new file, bytes; 64 KiB to 1 GiB.
    pub segment_bytes: u64,
    /// Retention by topic; topics that are not named have [`Keep::default_of`].
    pub keep: HashMap<String, Keep>,
    /// Bytes that a partition holds between `send` and acknowledgement.
    pub queue_bytes: u64,
}

impl Default for EmbeddedConfig {
    fn default() -> EmbeddedConfig {
        EmbeddedConfig {
            partitions: 1,
            sync_delay: Duration::from_millis(50),
            segment_bytes: 64 << 20,
            keep: HashMap::new(),
            queue_bytes: 64 << 20,
        }
    }
}

impl EmbeddedConfig {
    /// Whether these settings can work.
    ///
    /// # Errors
    /// `Invalid` when not, with the setting's name and its range.
    pub fn validate(&self) -> Result<()> {
        if !(1..=256).contains(&self.partitions) {
            return Err(Error::invalid("bus: partitions must be from 1 to 256"));
        }
        if let Some(unknown) = self.keep.keys().find(|t| !topic::LOGS.contains(&t.as_str())) {
            return Err(Error::invalid(format!(
                "bus: keep names `{unknown}`, which is no log topic; log topics are {}",
                topic::LOGS.join(", ")
            )));
        }
        topic::LOGS.iter().try_for_each(|topic| self.journal(topic).validate())
    }

    /// Settings of the log of one partition.
    pub(crate) fn journal(&self, topic: &str) -> flumen_journal::Config {
        let keep = self.keep.get(topic).copied().unwrap_or_else(|| Keep::default_of(topic));
        flumen_journal::Config {
            segment_bytes: self.segment_bytes,
            sync_delay: self.sync_delay,
            queue_bytes: self.queue_bytes,
            keep_age: keep.age,
            keep_bytes: keep.bytes / u64::from(self.partitions.max(1)),
        }
    }
}
