//! The promise between workers: topics, partitions, offsets, acknowledgements, tables.
//!
//! Invariants: in a partition records keep the order in which they were sent; an offset
//! names one record for ever within a generation; what is acknowledged is durable.
//! Every call blocks at most for the time it is given.
//! Not here: the meaning of records (`base::wire`), the log's bytes (`journal`).

#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod codec;
mod config;
mod consumer;
pub mod copy;
mod embedded;
#[cfg(feature = "kafka")]
pub mod kafka;
mod partition;
mod record;
mod share;
mod table;

pub use config::{EmbeddedConfig, Keep};
pub use embedded::Embedded;
#[cfg(feature = "kafka")]
pub use kafka::{Dropped, Kafka, KafkaConfig, Security};
pub use partition::murmur2_partition;
pub use record::{Ack, Delivered, Polled, Position, Record, Start, Visibility, Watermark};
pub use share::{Broker, Health, Places, Share, Whole};

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use flumen_base::{Kind, Result};

/// A bus as workers see it.
pub trait Bus: Send + Sync + 'static {
    /// Hands a record to the log of `topic`; returns at once.
    ///
    /// *Durability*: none until the returned [`Pending`] resolves.
    ///
    /// # Errors
    /// `NotFound` for a topic that is not a log, `Exhausted` when the bounded queue is full,
    /// `Invalid` above 16 MiB, `Unavailable` once the log is poisoned by a failed sync.
    fn send(&self, topic: &str, record: Record) -> Result<Pending>;

    /// A reader of all partitions of some log topics.
    ///
    /// # Errors
    /// `NotFound` for a topic that is not a log.
    fn consumer(&self, topics: &[&str], from: Start, see: Visibility) -> Result<Box<dyn Consumer>>;

    /// First, written and synced offsets of each partition of a log topic.
    ///
    /// # Errors
    /// `NotFound` for a topic that is not a log.
    fn watermarks(&self, topic: &str) -> Result<Vec<Watermark>>;

    /// A compacted topic.
    ///
    /// # Errors
    /// `NotFound` for a topic that is not compacted.
    fn table(&self, topic: &str) -> Result<Arc<dyn Table>>;

    /// The partition that holds `key` in a topic; the same on every bus.
    ///
    /// # Errors
    /// `NotFound` for an unknown topic.
    fn partition_of(&self, topic: &str, key: &[u8]) -> Result<u32>;

    /// Joins the processes that share the partitions of a log or table. One process has them
    /// all, for ever, unless the bus knows of others.
    ///
    /// # Errors
    /// `NotFound` for an unknown topic.
    fn share(&self, group: &str, topic: &str) -> Result<Box<dyn Share>> {
        let _ = group;
        let partitions = match self.watermarks(topic) {
            Ok(marks) => marks.iter().map(|mark| mark.partition).collect(),
            Err(e) if e.kind() == Kind::NotFound => {
                self.table(topic)?;
                BTreeSet::from([0])
            }
            Err(e) => return Err(e),
        };
        Ok(Box::new(Whole::new(partitions)))
    }

    /// How the bus is, from what is known; never waits.
    fn health(&self) -> Health {
        Health::default()
    }
}

/// Reads logs in order; no reader slows the writer.
pub trait Consumer: Send {
    /// Up to `max` things that happened, waiting at most `timeout` for the first.
    ///
    /// # Errors
    /// `Unavailable` or `DataLoss` when the log can't be read; calling again is harmless.
    fn poll(&mut self, max: usize, timeout: Duration) -> Result<Vec<Polled>>;

    /// Goes on from elsewhere, in all partitions.
    ///
    /// # Errors
    /// As for [`Bus::consumer`].
    fn seek(&mut self, to: Start) -> Result<()>;
}

/// A compacted topic: the last record of each key.
pub trait Table: Send + Sync {
    /// Puts (`Some`) or removes (`None`) a key's value. *Durability*: on return.
    ///
    /// # Errors
    /// `Unavailable` or `Exhausted` when it can't be stored; then nothing changed.
    fn put(&self, key: &[u8], value: Option<&[u8]>) -> Result<u64>;

    /// Puts and removes several keys with one sync where the bus can (embedded: all or none).
    /// *Durability*: on return. Returns the last offset, 0 when there is nothing to put.
    ///
    /// # Errors
    /// As for [`Table::put`].
    fn put_all(&self, items: &[(&[u8], Option<&[u8]>)]) -> Result<u64> {
        items.iter().try_fold(0, |_, (key, value)| self.put(key, *value))
    }

    /// The value of a key.
    ///
    /// # Errors
    /// `Unavailable` when it can't be read.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>>;

    /// All keys that begin with `prefix`, in order, without removed ones.
    ///
    /// # Errors
    /// `Unavailable` when it can't be read.
    fn scan(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>>;

    /// Changes with an offset >= `from`, oldest first, waiting at most `timeout` for the first;
    /// a key that changed twice may be told once. Removed keys come with `None`.
    ///
    /// # Errors
    /// `Unavailable` when it can't be read.
    fn changes(&self, from: u64, timeout: Duration) -> Result<Vec<Change>>;
}

/// One change of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Grows with each change of the table.
    pub offset: u64,
    /// The key.
    pub key: Vec<u8>,
    /// The value, or that it is gone.
    pub value: Option<Vec<u8>>,
}

/// An acknowledgement on its way.
///
/// *Cancel safety*: dropping it changes nothing about the record.
#[derive(Debug)]
pub struct Pending(tokio::sync::oneshot::Receiver<Result<Ack>>);

impl Pending {
    /// A pending acknowledgement and the end that resolves it.
    pub fn new() -> (tokio::sync::oneshot::Sender<Result<Ack>>, Pending) {
        let (tx, rx) = tokio::sync::oneshot::channel();
        (tx, Pending(rx))
    }

    /// Blocks until the record is durable.
    ///
    /// # Errors
    /// `Unavailable` when the log failed or was closed before.
    pub fn wait(self) -> Result<Ack> {
        self.0.blocking_recv().unwrap_or_else(|_| Err(closed()))
    }

    /// Waits until the record is durable, in async code.
    ///
    /// # Errors
    /// `Unavailable` when the log failed or was closed before.
    pub async fn acked(self) -> Result<Ack> {
        self.0.await.unwrap_or_else(|_| Err(closed()))
    }

    /// What is known now, without waiting; `None` while it is on its way.
    pub fn poll_now(&mut self) -> Option<Result<Ack>> {
        match self.0.try_recv() {
            Ok(told) => Some(told),
            Err(tokio::sync::oneshot::error::TryRecvError::Empty) => None,
            Err(tokio::sync::oneshot::error::TryRecvError::Closed) => Some(Err(closed())),
        }
    }
}

fn closed() -> flumen_base::Error {
    flumen_base::Error::unavailable("the log was closed before the record was durable")
}
