//! Results onto the bus: each once, identical.
//!
//! Invariants: a record's key, bytes and timestamp depend on the analyzer's output and the
//! source record alone; after a restart what was written since the checkpoint is known, and a
//! result that is made again is not written again; two different records with one id are
//! counted and logged.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flumen_analyzer::{Named, id_of};
use flumen_base::wire::{FrameResult, Gate};
use flumen_base::{Error, Kind, Result, topic};
use flumen_bus::{Bus, Pending, Polled, Record, Start, Visibility};
use prost::Message;

use crate::checkpoint::Place;

/// The logs that results go to.
pub(crate) const TOPICS: [&str; 6] = [
    topic::FRAMES,
    topic::EVENTS,
    topic::PICTURES,
    topic::WINDOWS,
    topic::INSIGHTS,
    topic::REJECTS,
];
/// Most results that are remembered after a restart; beyond it repeats are possible, and said.
const REMEMBERED: usize = 4_000_000;

/// What was written since the checkpoint.
#[derive(Default)]
struct Seen {
    records: HashMap<Vec<u8>, u64>,
    /// Units whose results say that they were shed: (camera, epoch, sequence).
    shed: HashSet<(String, u64, u64)>,
}

/// The way of results onto the bus.
pub(crate) struct Results {
    bus: Arc<dyn Bus>,
    seen: Mutex<Seen>,
    pub(crate) repeated: AtomicU64,
    pub(crate) conflicts: AtomicU64,
    stop: Arc<AtomicBool>,
    /// False when the state that made the old results is lost: new ones may differ.
    trusted: AtomicBool,
}

fn sum(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

fn record(named: &Named) -> Record {
    Record {
        key: named.key.clone(),
        headers: Vec::new(),
        value: named.value.clone(),
        timestamp_us: named.timestamp_us,
    }
}

impl Results {
    pub(crate) fn new(bus: Arc<dyn Bus>, stop: Arc<AtomicBool>) -> Results {
        let zero = AtomicU64::default;
        Results {
            bus,
            seen: Mutex::default(),
            repeated: zero(),
            conflicts: zero(),
            stop,
            trusted: AtomicBool::new(true),
        }
    }

    /// Says that results of earlier runs need not be equal to what is made now.
    pub(crate) fn distrust(&self) {
        self.trusted.store(false, Ordering::Relaxed);
    }

    /// Forgets what was remembered: all of it has been made again.
    pub(crate) fn forget(&self) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Seen::default();
    }

    /// Ends of the results' topics, to stand in a checkpoint.
    pub(crate) fn ends(&self) -> Result<Vec<Place>> {
        let mut ends = Vec::new();
        for name in TOPICS {
            for w in self.bus.watermarks(name)? {
                ends.push(Place {
                    topic: name.into(),
                    partition: w.partition,
                    next: w.next,
                    generation: w.generation,
                });
            }
        }
        Ok(ends)
    }

    /// Reads what was written since a checkpoint; gives the number of results.
    pub(crate) fn remember(&self, since: &[Place]) -> Result<usize> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for name in TOPICS {
            let log = self.bus.watermarks(name)?;
            let from: Vec<(u32, u64)> = log
                .iter()
                .map(|w| {
                    let place =
                        since.iter().find(|p| p.topic == name && p.partition == w.partition);
                    (w.partition, place.map_or(w.first, |p| p.next.clamp(w.first, w.next)))
                })
                .collect();
            let mut left: u64 = log.iter().zip(&from).map(|(w, f)| w.next - f.1).sum();
            let mut reader =
                self.bus.consumer(&[name], Start::Offsets(from), Visibility::Written)?;
            while left > 0 {
                let polled = reader.poll(1024, Duration::from_millis(500))?;
                if polled.is_empty() {
                    return Err(Error::unavailable(format!(
                        "{name} ends {left} records before its own mark"
                    )));
                }
                for one in polled {
                    left = left.saturating_sub(seen.take(name, one)?);
                }
            }
        }
        Ok(seen.records.len())
    }

    /// True when an earlier run shed this unit.
    pub(crate) fn was_shed(&self, camera: &str, epoch: u64, sequence: u64) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        !seen.shed.is_empty() && seen.shed.contains(&(camera.to_owned(), epoch, sequence))
    }

    /// True when this very record stands on the bus already.
    fn is_repeat(&self, id: &[u8], value: &[u8]) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(before) = seen.records.remove(id) else { return false };
        self.repeated.fetch_add(1, Ordering::Relaxed);
        if before != sum(value) && self.trusted.load(Ordering::Relaxed) {
            self.conflicts.fetch_add(1, Ordering::Relaxed);
            let id = String::from_utf8_lossy(id).into_owned();
            tracing::error!(
                id,
                "two different results with one id: the first one stays; please report this, it is a bug"
            );
        }
        true
    }

    /// Hands one result on; gives the acknowledgement to wait for, where there is one.
    ///
    /// # Errors
    /// `Cancelled` at a stop while the bus has no room, `Unavailable` when it is broken.
    pub(crate) fn send(&self, named: &Named) -> Result<Option<Pending>> {
        if named.topic == topic::GAPS {
            // A table: the same gap again replaces itself.
            let put = || self.bus.table(topic::GAPS)?.put(&named.key, Some(&named.value));
            return self.until(put).map(|_| None);
        }
        if self.is_repeat(named.id(), &named.value) {
            return Ok(None);
        }
        self.until(|| self.bus.send(named.topic, record(named))).map(Some)
    }

    /// Hands on the reject of a record that belongs to no session; never waits.
    pub(crate) fn stray(&self, named: &Named) {
        if self.is_repeat(named.id(), &named.value) {
            return;
        }
        if let Err(e) = self.bus.send(named.topic, record(named)) {
            tracing::warn!("no room to say why a record is not used: {e}");
        }
    }

    /// Tries while the bus has no room.
    fn until<T>(&self, mut step: impl FnMut() -> Result<T>) -> Result<T> {
        loop {
            match step() {
                Err(e) if e.kind() == Kind::Exhausted => {
                    if self.stop.load(Ordering::SeqCst) {
                        return Err(Error::cancelled(
                            "stopped while the bus had no room for results",
                        ));
                    }
                    std::thread::sleep(Duration::from_millis(2));
                }
                other => return other,
            }
        }
    }
}

impl Seen {
    /// Takes what was polled; gives how many offsets it stands for.
    fn take(&mut self, name: &str, polled: Polled) -> Result<u64> {
        let delivered = match polled {
            Polled::Expired { from, to, .. } | Polled::Damaged { from, to, .. } => {
                return Ok(to - from);
            }
            Polled::Record(delivered) => delivered,
        };
        let value = &delivered.record.value;
        if let Some(id) = id_of(name, value)
            && self.records.len() < REMEMBERED
            && let Some(before) = self.records.insert(id, sum(value))
            && before != sum(value)
        {
            tracing::error!(
                topic = name,
                offset = delivered.position.offset,
                "two different results with one id stand on the bus"
            );
        }
        if name == topic::FRAMES
            && let Ok(frame) = FrameResult::decode(value.clone())
            && frame.gate() == Gate::Shed
        {
            self.shed.insert((frame.camera, frame.epoch, frame.sequence));
        }
        Ok(1)
    }
}
