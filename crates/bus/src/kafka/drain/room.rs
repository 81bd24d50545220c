//! What a full spool drops: the oldest records, of each key up to the next that begins.
//!
//! Invariants: each dropped record is counted on disk before its file goes.

use flumen_base::{Error, Result};

use super::super::lock;
use super::super::spool::Spooled;
use super::Drain;

impl Drain {
    /// True when the record belongs to a group whose begin was dropped.
    pub(super) fn is_skipped(&mut self, spooled: &Spooled) -> bool {
        let mut state = lock(&self.shared.state);
        if state.skipping.is_empty() {
            return false;
        }
        let name = (spooled.topic.clone(), spooled.record.key.clone());
        if (self.config.begins)(&spooled.record) {
            state.skipping.remove(&name);
        }
        state.skipping.contains(&name)
    }

    pub(super) fn drop_record(&mut self, offset: u64, spooled: &Spooled) {
        let record = &spooled.record;
        let bytes = record.value.len() as u64;
        let mut state = lock(&self.shared.state);
        state.drop_one(&spooled.topic, &record.key, bytes, record.timestamp_us);
        state.skipping.insert((spooled.topic.clone(), record.key.clone()));
        drop(state);
        lock(&self.shared.figures).dropped += 1;
        if let Some(item) = self.window.done(offset) {
            let why = "dropped: the spool was full before Kafka came back";
            self.shared.spool.tell(item.number, Err(Error::exhausted(why)));
        }
        self.window.advance();
    }

    /// Drops the oldest records while the spool is over its limit, and one segment more, so that
    /// it does not happen at each record.
    pub(super) fn make_room(&mut self) -> Result<()> {
        let (limit, segment) = (self.shared.spool.limit_bytes, self.shared.spool.segment_bytes);
        if self.shared.spool.journal.stats().bytes <= limit {
            return Ok(());
        }
        self.keep(true);
        if self.shared.spool.journal.stats().bytes <= limit {
            return Ok(());
        }
        tracing::warn!(limit, "the spool is full: its oldest records are dropped");
        self.let_go();
        let mut since_trim = 0;
        while let Some((offset, spooled)) = self.read()? {
            since_trim += spooled.record.value.len() as u64 + 1;
            self.drop_record(offset, &spooled);
            if since_trim >= segment / 4 {
                since_trim = 0;
                self.keep(true);
                if self.shared.spool.journal.stats().bytes <= limit - segment {
                    break;
                }
            }
        }
        self.keep(true);
        Ok(())
    }
}
