//! The bus of one process: a journal a partition, SQLite for tables.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flumen_base::{Error, Result};

use crate::{Bus, Consumer, Pending, Record, Start, Table, Visibility, Watermark};

/// How long a log topic is kept: whichever limit is reached first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Oldest age by arrival time.
    pub age: Duration,
    /// Bytes on disk, of all partitions together.
    pub bytes: u64,
}

/// How the embedded bus stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmbeddedConfig {
    /// Partitions of each log topic; changing it moves keys.
    pub partitions: u32,
    /// The longest a written record waits for its sync.
    pub sync_delay: Duration,
    /// Size at which a log begins a new file, bytes.
    pub segment_bytes: u64,
    /// Retention by topic; topics not named have the default's.
    pub keep: HashMap<String, Keep>,
    /// Bytes a log holds between `send` and acknowledgement.
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

/// The bus of one process.
pub struct Embedded {}

impl Embedded {
    /// Opens or creates the bus in `dir`.
    ///
    /// # Errors
    /// `Unavailable` when another process holds it or the disk fails.
    pub fn open(_dir: &Path, _config: EmbeddedConfig) -> Result<Arc<Embedded>> {
        Err(Error::unsupported("the embedded bus is not there yet"))
    }

    /// Syncs what is written, ends the threads; later sends fail.
    ///
    /// # Errors
    /// `Unavailable` when the last sync failed.
    pub fn close(&self) -> Result<()> {
        Ok(())
    }
}

impl Bus for Embedded {
    fn send(&self, _topic: &str, _record: Record) -> Result<Pending> {
        Err(Error::unsupported("the embedded bus is not there yet"))
    }

    fn consumer(&self, _: &[&str], _: Start, _: Visibility) -> Result<Box<dyn Consumer>> {
        Err(Error::unsupported("the embedded bus is not there yet"))
    }

    fn watermarks(&self, _topic: &str) -> Result<Vec<Watermark>> {
        Err(Error::unsupported("the embedded bus is not there yet"))
    }

    fn table(&self, _topic: &str) -> Result<Arc<dyn Table>> {
        Err(Error::unsupported("the embedded bus is not there yet"))
    }

    fn partition_of(&self, _topic: &str, _key: &[u8]) -> Result<u32> {
        Err(Error::unsupported("the embedded bus is not there yet"))
    }
}
