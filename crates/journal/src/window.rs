//! A bounded window over a file, so that readers stream.
//!
//! Invariants: holds at most the piece asked for or 128 KiB, whichever is more; never reads
//! behind the limit it is given; gives back memory after a large piece.
//! Not here: what the bytes mean (`scan`).

use std::io;
use std::sync::Arc;

use crate::disk::{DiskFile, read_full};

const CHUNK_BYTES: usize = 128 << 10;

pub(crate) struct Window {
    file: Arc<dyn DiskFile>,
    start: u64,
    buffer: Vec<u8>,
}

impl Window {
    pub(crate) fn new(file: Arc<dyn DiskFile>) -> Window {
        Window { file, start: 0, buffer: Vec::new() }
    }

    /// `length` bytes at `position`; `None` when they are not all before `limit` or the end.
    pub(crate) fn get(
        &mut self,
        position: u64,
        length: usize,
        limit: u64,
    ) -> io::Result<Option<&[u8]>> {
        if position.saturating_add(length as u64) > limit {
            return Ok(None);
        }
        if !self.holds(position, length) {
            self.fill(position, length, limit)?;
        }
        let from = (position - self.start) as usize;
        Ok(self.buffer.get(from..from + length))
    }

    fn holds(&self, position: u64, length: usize) -> bool {
        let end = self.start + self.buffer.len() as u64;
        position >= self.start && position + length as u64 <= end
    }

    fn fill(&mut self, position: u64, length: usize, limit: u64) -> io::Result<()> {
        let want = length.max(CHUNK_BYTES).min(usize::try_from(limit - position).unwrap_or(length));
        let end = self.start + self.buffer.len() as u64;
        let kept = if (self.start..end).contains(&position) {
            self.buffer.drain(..(position - self.start) as usize);
            self.buffer.len()
        } else {
            self.buffer.clear();
            0
        };
        self.start = position;
        if self.buffer.capacity() > 8 * CHUNK_BYTES && want <= CHUNK_BYTES {
            self.buffer.shrink_to(CHUNK_BYTES);
        }
        self.buffer.resize(want.max(kept), 0);
        let rest = self.buffer.get_mut(kept..).unwrap_or_default();
        let read = read_full(self.file.as_ref(), rest, position + kept as u64);
        // After an error nothing is held, so that a later call reads again.
        self.buffer.truncate(kept + read.as_ref().copied().unwrap_or(0));
        read.map(|_| ())
    }
}
