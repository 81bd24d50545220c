//! Plays stored media at its own rate.
//!
//! Invariants: the rate follows the monotone clock, so it does not drift; being late by more
//! than a second is not caught up; a jump of the media time is not waited for.
//! Not here: what is played (`inputs`).

use std::sync::Arc;
use std::time::Duration;

use crate::pace::{Pace, Stop};

/// Later than this is not made good by a burst.
const MOST_LATE_US: i64 = 1_000_000;
/// Sound further ahead than this of its pictures is not waited for in full.
const MOST_AHEAD_US: u64 = 2_000_000;
/// A step of the media time beyond this is a jump.
const MOST_STEP_US: i64 = 60_000_000;

/// Says when the next unit is due.
pub(crate) struct Pacer {
    pace: Arc<dyn Pace>,
    /// Monotone time minus media time.
    offset_us: Option<i64>,
    last_us: i64,
    /// Monotone time at which all that was played ends.
    end_us: i64,
}

impl Pacer {
    pub(crate) fn new(pace: Arc<dyn Pace>) -> Pacer {
        let end_us = micros(pace.now());
        Pacer { pace, offset_us: None, last_us: 0, end_us }
    }

    /// The media time begins anew; its first unit is due when the last one is over.
    pub(crate) fn seam(&mut self) {
        self.offset_us = None;
    }

    /// Waits until media time `dts_us` is due; false when stopped.
    pub(crate) fn wait(&mut self, dts_us: i64, duration_us: i64, stop: &Stop) -> bool {
        let now = micros(self.pace.now());
        let step = dts_us.saturating_sub(self.last_us);
        if !(-MOST_STEP_US..=MOST_STEP_US).contains(&step) {
            self.offset_us = None;
        }
        let first = self.end_us.max(now - MOST_LATE_US).saturating_sub(dts_us);
        let mut offset = *self.offset_us.get_or_insert(first);
        let mut due = offset.saturating_add(dts_us);
        if due < now - MOST_LATE_US {
            offset = now.saturating_sub(dts_us);
            due = now;
            self.offset_us = Some(offset);
        }
        self.last_us = dts_us;
        self.end_us = self.end_us.max(due.saturating_add(duration_us));
        match u64::try_from(due.saturating_sub(now)) {
            Ok(ahead @ 1..) => self.pace.wait(Duration::from_micros(ahead), stop),
            _ => !stop.is_stopped(),
        }
    }

    /// Waits until sound at media time `dts_us` is due by the pictures' line; what is late, or
    /// has no picture yet, goes at once. False when stopped.
    pub(crate) fn wait_beside(&self, dts_us: i64, stop: &Stop) -> bool {
        let now = micros(self.pace.now());
        let due = self.offset_us.map_or(now, |offset| offset.saturating_add(dts_us));
        match u64::try_from(due.saturating_sub(now)) {
            Ok(ahead @ 1..) => {
                self.pace.wait(Duration::from_micros(ahead.min(MOST_AHEAD_US)), stop)
            }
            _ => !stop.is_stopped(),
        }
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulated::SimTime;

    #[test]
    fn units_come_at_their_own_rate_over_seams_and_jumps() {
        let time = Arc::new(SimTime::at(0));
        let stop = Stop::default();
        let mut pacer = Pacer::new(time.clone());
        let mut at = Vec::new();
        for dts in [0, 40_000, 80_000] {
            assert!(pacer.wait(dts, 40_000, &stop));
            at.push(time.passed_us());
        }
        pacer.seam();
        for dts in [-7_000_000, -6_960_000, 3_600_000_000] {
            assert!(pacer.wait(dts, 40_000, &stop));
            at.push(time.passed_us());
        }
        assert_eq!(at, [0, 40_000, 80_000, 120_000, 160_000, 200_000]);
    }

    #[test]
    fn a_long_delay_is_not_caught_up_and_a_short_one_is() {
        let time = Arc::new(SimTime::at(0));
        let stop = Stop::default();
        let mut pacer = Pacer::new(time.clone());
        pacer.wait(0, 40_000, &stop);
        time.pass(500_000);
        pacer.wait(40_000, 40_000, &stop);
        pacer.wait(600_000, 40_000, &stop);
        assert_eq!(time.passed_us(), 600_000);
        time.pass(60_000_000);
        pacer.wait(640_000, 40_000, &stop);
        pacer.wait(680_000, 40_000, &stop);
        assert_eq!(time.passed_us(), 60_640_000);
        assert!(pacer.wait_beside(0, &stop) && pacer.wait_beside(700_000, &stop));
        assert_eq!(time.passed_us(), 60_660_000);
        stop.cancel();
        assert!(!pacer.wait(720_000, 40_000, &stop));
    }
}
