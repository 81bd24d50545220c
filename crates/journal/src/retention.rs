//! What is kept: whole segments go, the oldest first, by age and by bytes.
//!
//! Invariants: never the newest segment; never what is not durable; a reader that has a removed
//! segment open reads it to its end.
//! Not here: when it runs (`work`).

use std::path::PathBuf;
use std::sync::Arc;

use flumen_base::Clock;

use crate::Config;
use crate::disk::Disk;
use crate::segment::Segment;
use crate::view::View;

pub(crate) struct Retention {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    keep_age_us: i64,
    keep_bytes: u64,
    clock: Arc<dyn Clock>,
}

impl Retention {
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        config: &Config,
        clock: Arc<dyn Clock>,
    ) -> Retention {
        let keep_age_us = i64::try_from(config.keep_age.as_micros()).unwrap_or(i64::MAX);
        Retention { disk, dir, keep_age_us, keep_bytes: config.keep_bytes, clock }
    }

    /// Removes what is too old or too much; true when the newest segment should end, so that
    /// retention can come to it.
    pub(crate) fn run(&self, view: &View) -> bool {
        let oldest_kept_us = self.clock.wall_us().saturating_sub(self.keep_age_us);
        loop {
            let segments = view.segments();
            let (Some(oldest), Some(next)) = (segments.first(), segments.get(1)) else { break };
            let too_much = view.bytes() > self.keep_bytes;
            if !too_much && !self.is_over(oldest, next, oldest_kept_us) {
                break;
            }
            if !view.drop_oldest(oldest.serial) {
                break;
            }
            self.remove(oldest, next);
        }
        // Eight steps in the time that is kept: so much longer than asked it may stay at most.
        let step_us = oldest_kept_us.saturating_add(self.keep_age_us / 8 * 7);
        let newest = view.segments().last().cloned();
        newest.is_some_and(|s| self.oldest_us(&s).is_some_and(|us| us < step_us))
    }

    /// True when no record of the segment is young enough to stay.
    fn is_over(&self, segment: &Segment, next: &Segment, oldest_kept_us: i64) -> bool {
        if segment.base == next.base {
            return true;
        }
        // A segment without readable records is as old as the one behind it.
        let newest = self.newest_us(segment).or_else(|| self.newest_us(next));
        newest.is_some_and(|us| us < oldest_kept_us)
    }

    fn newest_us(&self, segment: &Segment) -> Option<i64> {
        segment.with_index(self.disk.as_ref(), |i| i.newest_us()).ok().flatten()
    }

    fn oldest_us(&self, segment: &Segment) -> Option<i64> {
        segment.with_index(self.disk.as_ref(), |i| i.oldest_us()).ok().flatten()
    }

    fn remove(&self, segment: &Segment, next: &Segment) {
        let shown = segment.path.display();
        tracing::info!(segment = %shown, to = next.base, "retention removes a segment");
        let _ = self.disk.remove(&segment.index_path());
        let removed = self.disk.remove(&segment.path).and_then(|()| self.disk.sync_dir(&self.dir));
        if let Err(error) = removed {
            tracing::warn!(segment = %shown, %error, "segment not removed");
        }
    }
}
