//! The bus on Kafka: store-and-forward producer, consumers, tables, groups, topics.
//!
//! Invariants: what `send` took is on the local disk until a broker has acknowledged it, or is
//! told by [`Kafka::take_dropped`]; nothing here makes a topic but `topics::apply`.
//! Not here: the meaning of records.

mod config;
pub mod topics;

pub use config::{KafkaConfig, Mechanism, Protocol, Secret, Security};

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use flumen_base::{Error, Result};

use crate::{
    Bus, Consumer, Health, Pending, Record, Share, Start, Table, Visibility, Watermark,
    murmur2_partition,
};

/// Records of one key that a full spool dropped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// Their topic.
    pub topic: String,
    /// Their key.
    pub key: Bytes,
    /// How many.
    pub records: u64,
    /// Bytes of their values.
    pub bytes: u64,
    /// Timestamp of the first, UTC microseconds.
    pub first_us: i64,
    /// Timestamp of the last, UTC microseconds.
    pub last_us: i64,
}

/// The bus on Kafka.
pub struct Kafka {
    config: KafkaConfig,
}

impl Kafka {
    /// Opens the spool in `spool_dir` and begins to reach for Kafka; works while Kafka is away.
    ///
    /// # Errors
    /// `Invalid` settings; `NotFound` when Kafka answers and topics are missing: the message
    /// names them; `Unavailable` when another process holds the spool or the disk fails.
    pub fn open(spool_dir: &Path, config: KafkaConfig) -> Result<Arc<Kafka>> {
        config.validate()?;
        let _ = spool_dir;
        Err(Error::unsupported("kafka: not in this build yet"))
    }

    /// The settings it was opened with.
    pub fn config(&self) -> &KafkaConfig {
        &self.config
    }

    /// Syncs the spool and ends the threads; what is not delivered yet is sent by the next
    /// process that opens the spool.
    ///
    /// # Errors
    /// `Unavailable` when the spool was broken by a failed sync.
    pub fn close(&self) -> Result<()> {
        Ok(())
    }

    /// What the full spool dropped since the last call, for the ledger of gaps.
    pub fn take_dropped(&self) -> Vec<Dropped> {
        Vec::new()
    }

    /// Offsets that a consumer group has committed in a log topic; `None` where it has none.
    ///
    /// # Errors
    /// `NotFound` for a topic that is not a log, `Unavailable` while Kafka is away.
    pub fn committed(&self, group: &str, topic: &str) -> Result<Vec<(u32, Option<u64>)>> {
        let _ = (group, topic);
        Err(Error::unsupported("kafka: not in this build yet"))
    }

    /// Commits the offsets at which a consumer group goes on; the group must not be running.
    ///
    /// # Errors
    /// As for [`Kafka::committed`].
    pub fn commit(&self, group: &str, topic: &str, offsets: &[(u32, u64)]) -> Result<()> {
        let _ = (group, topic, offsets);
        Err(Error::unsupported("kafka: not in this build yet"))
    }
}

impl Bus for Kafka {
    fn send(&self, _topic: &str, _record: Record) -> Result<Pending> {
        Err(Error::unsupported("kafka: not in this build yet"))
    }

    fn consumer(
        &self,
        _topics: &[&str],
        _from: Start,
        _see: Visibility,
    ) -> Result<Box<dyn Consumer>> {
        Err(Error::unsupported("kafka: not in this build yet"))
    }

    fn watermarks(&self, _topic: &str) -> Result<Vec<Watermark>> {
        Err(Error::unsupported("kafka: not in this build yet"))
    }

    fn table(&self, _topic: &str) -> Result<Arc<dyn Table>> {
        Err(Error::unsupported("kafka: not in this build yet"))
    }

    fn partition_of(&self, _topic: &str, key: &[u8]) -> Result<u32> {
        Ok(murmur2_partition(key, self.config.partitions))
    }

    fn share(&self, _group: &str, _topic: &str) -> Result<Box<dyn Share>> {
        Err(Error::unsupported("kafka: not in this build yet"))
    }

    fn health(&self) -> Health {
        Health { kind: "kafka", reachable: false, ..Health::default() }
    }
}
