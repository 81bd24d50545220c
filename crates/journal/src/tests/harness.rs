//! A log without threads on a simulated disk, and what is known about it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use flumen_base::{ManualClock, Result};

use crate::log::Log;
use crate::recovery::{Report, recover};
use crate::retention::Retention;
use crate::sim::SimDisk;
use crate::view::View;
use crate::{Config, Entry, Read, Reader, Visibility};

pub(super) fn dir() -> PathBuf {
    PathBuf::from("/log")
}

pub(super) fn small() -> Config {
    Config { segment_bytes: 64 << 10, ..Config::default() }
}

/// Where the clock stands at opening: in 2026.
pub(super) const START_US: i64 = 1_790_000_000_000_000;

/// An open log; each step is taken by the caller.
pub(super) struct Bench {
    pub disk: SimDisk,
    pub log: Log,
    pub view: Arc<View>,
    pub retention: Retention,
    pub clock: Arc<ManualClock>,
    pub generation: u32,
    pub report: Report,
}

impl Bench {
    pub(super) fn open(disk: &SimDisk, config: &Config) -> Result<Bench> {
        let found = recover(disk, Path::new(&dir()))?;
        let (generation, report) = (found.generation, found.report.clone());
        let clock = Arc::new(ManualClock::at(START_US));
        let shared: Arc<SimDisk> = Arc::new(disk.clone());
        let log = Log::new(shared.clone(), dir(), config.clone(), clock.clone(), found);
        let retention = Retention::new(shared, dir(), config, clock.clone());
        let view = log.view();
        Ok(Bench { disk: disk.clone(), log, view, retention, clock, generation, report })
    }

    pub(super) fn reader(&self, see: Visibility) -> Reader {
        let disk = Arc::new(self.disk.clone());
        Reader::new(disk, dir(), self.view.clone(), Arc::default(), see)
    }

    pub(super) fn read_all(&self, see: Visibility) -> Vec<Read> {
        let mut all = Vec::new();
        self.reader(see).read(usize::MAX, usize::MAX, &mut all).unwrap();
        all
    }
}

/// A payload that says who it is and fills `bytes`.
pub(super) fn payload(id: u64, bytes: usize) -> Bytes {
    let mut payload = id.to_le_bytes().to_vec();
    payload.resize(bytes.max(8), (id % 251) as u8);
    payload.into()
}

pub(super) fn entry(id: u64, bytes: usize) -> Entry {
    Entry::new(id as i64, payload(id, bytes))
}
