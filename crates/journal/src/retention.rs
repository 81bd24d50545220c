//! What is kept: whole segments go, the oldest first, by age and by bytes.
//!
//! Invariants: never the newest segment; never what is not durable; a reader that has a removed
//! segment open reads it to its end. A clock that jumps ahead removes nothing that this process
//! wrote: that stays for the full time by a clock that nobody sets.
//! Not here: when it runs (`work`).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use flumen_base::Clock;

use crate::Config;
use crate::disk::Disk;
use crate::segment::Segment;
use crate::view::View;

/// Stamps before 2020 come from a clock that was not set yet: they say nothing about age.
const CLOCK_SET_US: i64 = 1_577_836_800_000_000;

pub(crate) struct Retention {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    keep_age: Duration,
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
        let keep_age = config.keep_age;
        Retention { disk, dir, keep_age, keep_age_us, keep_bytes: config.keep_bytes, clock }
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
            tracing::info!(segment = %oldest.path.display(), to = next.base, "retention");
            remove(self.disk.as_ref(), &self.dir, oldest);
        }
        // Eight steps in the time that is kept: so much longer than asked it may stay at most.
        let step_us = oldest_kept_us.saturating_add(self.keep_age_us / 8 * 7);
        let newest = view.segments().last().cloned();
        newest.is_some_and(|segment| {
            let oldest_us = self.oldest_us(&segment);
            oldest_us.is_some_and(|us| self.has_passed(&segment, us, step_us, self.keep_age / 8))
        })
    }

    /// True when a stamp of the segment lies before `until_us`, as far as clocks can be trusted:
    /// else when the segment is known for that long.
    fn has_passed(&self, segment: &Segment, us: i64, until_us: i64, span: Duration) -> bool {
        let trusted = !segment.own && us >= CLOCK_SET_US;
        us < until_us && (trusted || segment.since.elapsed() >= span)
    }

    /// True when no record of the segment is young enough to stay.
    fn is_over(&self, segment: &Segment, next: &Segment, oldest_kept_us: i64) -> bool {
        if segment.base == next.base {
            return true;
        }
        // A segment without readable records is as old as the one behind it.
        let newest = self.newest_us(segment).or_else(|| self.newest_us(next));
        newest.is_some_and(|us| self.has_passed(segment, us, oldest_kept_us, self.keep_age))
    }

    fn newest_us(&self, segment: &Segment) -> Option<i64> {
        segment.with_index(self.disk.as_ref(), |i| i.newest_us()).ok().flatten()
    }

    fn oldest_us(&self, segment: &Segment) -> Option<i64> {
        segment.with_index(self.disk.as_ref(), |i| i.oldest_us()).ok().flatten()
    }
}

/// Removes segments whose records all lie below `offset`, never the newest.
pub(crate) fn trim(disk: &dyn Disk, dir: &Path, view: &View, offset: u64) {
    loop {
        let segments = view.segments();
        let (Some(oldest), Some(next)) = (segments.first(), segments.get(1)) else { break };
        if next.base > offset || !view.drop_oldest(oldest.serial) {
            break;
        }
        remove(disk, dir, oldest);
    }
}

fn remove(disk: &dyn Disk, dir: &Path, segment: &Segment) {
    let shown = segment.path.display();
    let _ = disk.remove(&segment.index_path());
    let removed = disk.remove(&segment.path).and_then(|()| disk.sync_dir(dir));
    if let Err(error) = removed {
        tracing::warn!(segment = %shown, %error, "segment not removed");
    }
}
