//! Sharing a topic's partitions among processes, and how a bus is.

use std::collections::BTreeSet;
use std::time::Duration;

use flumen_base::Result;

/// A member of a group whose members share the partitions of one topic; dropping it leaves the
/// group.
pub trait Share: Send {
    /// The partitions that are ours, when that changed since the last call (on the first call:
    /// once known), waiting at most `timeout` for it; else `None`.
    ///
    /// # Errors
    /// `Unavailable` when membership can't go on; calling again is harmless.
    fn mine(&mut self, timeout: Duration) -> Result<Option<BTreeSet<u32>>>;
}

/// The share of a process that is alone: everything, for ever.
#[derive(Clone, Debug)]
pub struct Whole(Option<BTreeSet<u32>>);

impl Whole {
    /// All of these are ours.
    pub fn new(partitions: BTreeSet<u32>) -> Whole {
        Whole(Some(partitions))
    }
}

impl Share for Whole {
    fn mine(&mut self, timeout: Duration) -> Result<Option<BTreeSet<u32>>> {
        let told = self.0.take();
        if told.is_none() {
            std::thread::sleep(timeout);
        }
        Ok(told)
    }
}

/// How a bus is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// `embedded` or `kafka`.
    pub kind: &'static str,
    /// Records can be made durable now.
    pub reachable: bool,
    /// For a person: what is wrong and since when; empty when nothing is.
    pub detail: String,
    /// The servers, as far as they are known.
    pub brokers: Vec<Broker>,
    /// Records that wait on the local disk.
    pub spooled_records: u64,
    /// Bytes of them.
    pub spooled_bytes: u64,
    /// Timestamp of the oldest of them, UTC microseconds.
    pub spooled_since_us: Option<i64>,
    /// Records that a full spool dropped since the process began.
    pub dropped: u64,
}

impl Default for Health {
    fn default() -> Health {
        Health {
            kind: "embedded",
            reachable: true,
            detail: String::new(),
            brokers: Vec::new(),
            spooled_records: 0,
            spooled_bytes: 0,
            spooled_since_us: None,
            dropped: 0,
        }
    }
}

/// A server of the bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// Its number in the cluster; negative while only its address is known.
    pub id: i32,
    /// Host and port.
    pub address: String,
    /// Whether it is connected.
    pub up: bool,
}
