//! One file of the log as the process knows it.
//!
//! Invariants: a sealed segment never changes; its index is loaded or made on first use.
//! Not here: its bytes (`format`, `scan`), which segments there are (`view`).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::disk::{Disk, DiskFile};
use crate::format::segment_name;
use crate::index::Index;
use crate::view::lock;

pub(crate) struct Segment {
    /// Grows with each segment of this process; tells older from newer.
    pub serial: u64,
    pub base: u64,
    pub generation: u32,
    pub path: PathBuf,
    /// `None` when the head can't be read: then none of its records can.
    pub salt: Option<u64>,
    /// Begun by this process, not found at opening.
    pub own: bool,
    /// Since when this process knows it; no clock that people set.
    pub since: Instant,
    /// Bytes that hold records or may.
    length: AtomicU64,
    index: Mutex<Option<Index>>,
}

impl Segment {
    pub(crate) fn new(dir: &Path, serial: u64, base: u64, generation: u32) -> Segment {
        Segment {
            serial,
            base,
            generation,
            path: dir.join(segment_name(base, generation)),
            salt: None,
            own: false,
            since: Instant::now(),
            length: AtomicU64::new(0),
            index: Mutex::new(None),
        }
    }

    pub(crate) fn length(&self) -> u64 {
        self.length.load(Ordering::Acquire)
    }

    pub(crate) fn set_length(&self, bytes: u64) {
        self.length.store(bytes, Ordering::Release);
    }

    pub(crate) fn open(&self, disk: &dyn Disk) -> io::Result<Arc<dyn DiskFile>> {
        disk.open(&self.path, false)
    }

    pub(crate) fn index_path(&self) -> PathBuf {
        self.path.with_extension("idx")
    }

    /// Gives it an index that is known already.
    pub(crate) fn set_index(&self, index: Index) {
        *lock(&self.index) = Some(index);
    }

    /// Adds to the index of the segment that is being written.
    pub(crate) fn note(&self, records: impl Iterator<Item = (u64, i64, u64)>) {
        let mut index = lock(&self.index);
        let index = index.get_or_insert_default();
        for (offset, timestamp_us, position) in records {
            index.note(offset, timestamp_us, position);
        }
    }

    /// Asks the index, which is loaded or made when it is not there yet.
    pub(crate) fn with_index<T>(
        &self,
        disk: &dyn Disk,
        ask: impl FnOnce(&Index) -> T,
    ) -> io::Result<T> {
        let mut index = lock(&self.index);
        if let Some(index) = index.as_ref() {
            return Ok(ask(index));
        }
        let made = match self.salt {
            None => Index::default(),
            Some(salt) => match Index::load(disk, &self.index_path(), salt, self.length()) {
                Some(stored) => stored,
                None => Index::build(self.open(disk)?, salt, self.length())?,
            },
        };
        Ok(ask(index.insert(made)))
    }

    /// Stores the index of a segment that was just sealed; a failure costs time, not data.
    pub(crate) fn store_index(&self, disk: &dyn Disk) {
        let index = lock(&self.index);
        if let (Some(index), Some(salt)) = (index.as_ref(), self.salt)
            && let Err(error) = index.store(disk, &self.index_path(), salt, self.length())
        {
            tracing::debug!(segment = %self.path.display(), %error, "index not stored");
        }
    }
}
