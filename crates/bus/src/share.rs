//! Sharing a topic's partitions among processes, and how a bus is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::time::Duration;

use flumen_base::{Error, Result};

/// A member of a group whose members share the partitions of one topic; dropping it leaves the
/// group.
pub trait Share: Send {
    /// The partitions that are ours, when that changed since the last call (on the first call:
    /// once known), waiting at most `timeout` for it; else `None`.
    ///
    /// # Errors
    /// `Unavailable` when membership can't go on; calling again is harmless.
    fn mine(&mut self, timeout: Duration) -> Result<Option<BTreeSet<u32>>>;

    /// Where the group goes on, in those partitions for which somebody said so.
    ///
    /// # Errors
    /// `Unavailable` when it can't be known now, `DataLoss` when what was kept is damaged.
    fn places(&self) -> Result<Places>;

    /// Says where the group goes on, for whoever has the partition then. Other partitions stay.
    /// On Kafka only who has the partition is heard.
    ///
    /// # Errors
    /// `Unavailable` when it can't be kept; calling again is harmless.
    fn keep(&mut self, places: &Places) -> Result<()>;
}

/// The next offset of each partition.
pub type Places = BTreeMap<u32, u64>;

/// The share of a process that is alone: everything, for ever.
#[derive(Clone, Debug)]
pub struct Whole {
    told: Option<BTreeSet<u32>>,
    file: Option<PathBuf>,
}

impl Whole {
    /// All of these are ours; places are not kept.
    pub fn new(partitions: BTreeSet<u32>) -> Whole {
        Whole { told: Some(partitions), file: None }
    }

    /// The same, with places kept in a file: a line a partition, its number and the offset.
    pub(crate) fn kept_in(self, file: PathBuf) -> Whole {
        Whole { file: Some(file), ..self }
    }
}

impl Share for Whole {
    fn mine(&mut self, timeout: Duration) -> Result<Option<BTreeSet<u32>>> {
        let told = self.told.take();
        if told.is_none() {
            std::thread::sleep(timeout);
        }
        Ok(told)
    }

    fn places(&self) -> Result<Places> {
        let Some(file) = &self.file else { return Ok(Places::new()) };
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Places::new()),
            Err(e) => return Err(Error::io(format!("read {}", file.display()), e)),
        };
        let line = |line: &str| {
            let (partition, offset) = line.split_once(' ')?;
            Some((partition.parse().ok()?, offset.parse().ok()?))
        };
        text.lines().map(line).collect::<Option<_>>().ok_or_else(|| {
            Error::data_loss(format!(
                "{} is damaged: remove it to go on at the end of the log",
                file.display()
            ))
        })
    }

    /// Written beside, synced, renamed.
    fn keep(&mut self, places: &Places) -> Result<()> {
        let Some(file) = self.file.clone() else { return Ok(()) };
        let mut all = self.places().unwrap_or_default();
        all.extend(places);
        let text: String = all.iter().map(|(p, offset)| format!("{p} {offset}\n")).collect();
        let fresh = file.with_extension("new");
        let write = || {
            let mut to = File::create(&fresh)?;
            to.write_all(text.as_bytes())?;
            to.sync_all()?;
            fs::rename(&fresh, &file)
        };
        write().map_err(|e| Error::io(format!("write {}", file.display()), e))
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
