//! Times of a track made sane: wraps undone, missing and impossible stamps repaired.
//!
//! Invariants: dts grows from unit to unit, and dts <= pts, except at a step of more than
//! `JUMP_US` backwards, which is the input's own jump and passes through (`ingest` makes a new
//! epoch of it).
//! Not here: anchoring to UTC, epochs (`ingest`).

/// Steps back of less than this are disorder and repaired, longer ones are jumps.
const JUMP_US: i64 = 1_000_000;
/// No codec that we take holds back more pictures.
const MAX_DEPTH: usize = 16;
/// What a picture lasts when nothing says so.
const DEFAULT_US: i64 = 40_000;
/// No unit is said to last longer.
const MAX_DURATION_US: i64 = 60_000_000;

/// Undoes the wraps of counters of fewer than 64 bits; one for all tracks of an input.
#[derive(Debug, Default)]
pub(super) struct Unwrap {
    last: Option<i64>,
}

impl Unwrap {
    /// The stamp `ticks` of a counter of `bits` bits, nearest to the one before.
    pub(super) fn ticks(&mut self, ticks: i64, bits: u32) -> i64 {
        if !(1..63).contains(&bits) {
            return ticks;
        }
        let Some(last) = self.last else {
            self.last = Some(ticks);
            return ticks;
        };
        let shift = 64 - bits;
        // The difference as a signed number of `bits` bits.
        let step = ticks.wrapping_sub(last).wrapping_shl(shift) >> shift;
        let now = last.saturating_add(step);
        self.last = Some(now);
        now
    }
}

/// The times of one track.
#[derive(Debug)]
pub(super) struct Timing {
    depth: usize,
    last_dts: Option<i64>,
    duration_us: Option<i64>,
    /// The last pts in rising order, at most `depth` of them.
    held: Vec<i64>,
    /// The last pts in decoding order, to learn the depth.
    recent: Vec<i64>,
    /// Units without dts since the last jump.
    warm: usize,
}

/// What a unit gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) pts_us: i64,
    pub(super) dts_us: i64,
    pub(super) duration_us: u32,
}

impl Timing {
    /// `duration_us`: from the frame rate, where known.
    pub(super) fn new(duration_us: Option<i64>) -> Timing {
        Timing {
            depth: 0,
            last_dts: None,
            duration_us: duration_us.filter(|d| (1..=MAX_DURATION_US).contains(d)),
            held: Vec::new(),
            recent: Vec::new(),
            warm: 0,
        }
    }

    /// Pictures held back, as container or parameter sets say.
    pub(super) fn set_depth(&mut self, depth: u32) {
        self.depth = self.depth.max(usize::try_from(depth).unwrap_or(MAX_DEPTH).min(MAX_DEPTH));
    }

    /// True before the first unit.
    pub(super) fn is_fresh(&self) -> bool {
        self.last_dts.is_none()
    }

    /// What a unit lasts, as far as known.
    pub(super) fn usual_us(&self) -> i64 {
        self.duration_us.unwrap_or(DEFAULT_US)
    }

    /// The times of the next unit from what the container says.
    pub(super) fn stamp(
        &mut self,
        pts: Option<i64>,
        dts: Option<i64>,
        duration: Option<i64>,
    ) -> Times {
        let stated = duration.filter(|d| (1..=MAX_DURATION_US).contains(d));
        let expected = stated.or(self.duration_us).unwrap_or(DEFAULT_US);
        let next = self.last_dts.map_or(0, |last| last.saturating_add(expected));
        let (mut pts, mut dts) = match (pts, dts) {
            (Some(pts), Some(dts)) => (pts, dts.min(pts)),
            (None, Some(dts)) => (dts, dts),
            (None, None) => (next, next),
            (Some(pts), None) => (pts, self.guess_dts(pts, expected).min(pts)),
        };
        if let Some(last) = self.last_dts {
            if last.saturating_sub(dts) >= JUMP_US {
                self.jump();
            } else if dts <= last {
                dts = last + 1;
                pts = pts.max(dts);
            } else if stated.is_none() && dts - last < MAX_DURATION_US {
                self.learn(dts - last);
            }
        }
        self.last_dts = Some(dts);
        let duration = stated.or(self.duration_us).unwrap_or(DEFAULT_US);
        Times { pts_us: pts, dts_us: dts, duration_us: u32::try_from(duration).unwrap_or(0) }
    }

    /// Follows the distance of the stamps where nothing states a duration.
    fn learn(&mut self, step_us: i64) {
        self.duration_us = match self.duration_us {
            // A lost picture or a pause is not the rate; a rate that fell shows again and again.
            Some(d) if step_us >= d * 4 => Some(d * 2),
            _ => Some(step_us),
        };
    }

    fn jump(&mut self) {
        self.held.clear();
        self.recent.clear();
        self.warm = 0;
    }

    /// Pictures come in decoding order with the time of showing alone: the n-th smallest pts,
    /// late by the depth, is a dts.
    fn guess_dts(&mut self, pts: i64, duration: i64) -> i64 {
        if self.recent.last().is_some_and(|&last| last.saturating_sub(pts) >= JUMP_US) {
            self.jump();
        }
        let later = self.recent.iter().filter(|&&p| p > pts).count();
        self.depth = self.depth.max(later.min(MAX_DEPTH));
        self.recent.push(pts);
        if self.recent.len() > MAX_DEPTH {
            self.recent.remove(0);
        }
        let at = self.held.partition_point(|&p| p < pts);
        self.held.insert(at, pts);
        self.warm += 1;
        if self.held.len() > self.depth {
            return self.held.remove(0);
        }
        let early = i64::try_from(self.depth + 1 - self.warm.min(self.depth)).unwrap_or(0);
        self.held.first().map_or(pts, |first| first.saturating_sub(early * duration))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_33_bit_wrap_is_not_a_jump() {
        let mut unwrap = Unwrap::default();
        let top = 1i64 << 33;
        assert_eq!(unwrap.ticks(top - 3600, 33), top - 3600);
        assert_eq!(unwrap.ticks(0, 33), top);
        assert_eq!(unwrap.ticks(top - 1800, 33), top - 1800); // the other track, a little behind
        assert_eq!(unwrap.ticks(3600, 33), top + 3600);
        assert_eq!(unwrap.ticks(7, 64), 7);
    }

    #[test]
    fn b_frames_without_dts_get_one_that_grows() {
        let mut timing = Timing::new(Some(40));
        timing.set_depth(1);
        let dts: Vec<_> =
            [0i64, 120, 40, 80, 240, 160, 200].map(|p| timing.stamp(Some(p), None, None)).to_vec();
        assert_eq!(
            dts.iter().map(|t| t.dts_us).collect::<Vec<_>>(),
            [-40, 0, 40, 80, 120, 160, 200]
        );
        assert!(dts.iter().all(|t| t.dts_us <= t.pts_us && t.duration_us == 40));
    }

    #[test]
    fn missing_stamps_go_on_at_the_frame_rate() {
        let mut timing = Timing::new(Some(40_000));
        let stamps = [(); 3].map(|()| timing.stamp(None, None, None).pts_us);
        assert_eq!(stamps, [0, 40_000, 80_000]);
    }

    #[test]
    fn a_real_jump_back_passes_through() {
        let mut timing = Timing::new(Some(40_000));
        timing.stamp(Some(90_000_000), Some(90_000_000), None);
        assert_eq!(timing.stamp(Some(0), Some(0), None).dts_us, 0);
        assert_eq!(timing.stamp(Some(40_000), Some(40_000), None).dts_us, 40_000);
    }

    proptest! {
        #[test]
        fn stamps_never_fall_but_at_jumps(stamps in proptest::collection::vec(
            (proptest::option::of(-2_000_000i64..20_000_000), proptest::option::of(any::<i32>()),
             proptest::option::of(any::<i64>())), 1..60)) {
            let mut timing = Timing::new(None);
            let mut last: Option<i64> = None;
            for (pts, dts, duration) in stamps {
                let t = timing.stamp(pts, dts.map(|d: i32| i64::from(d)), duration);
                prop_assert!(t.dts_us <= t.pts_us);
                if let Some(last) = last {
                    prop_assert!(t.dts_us > last || last - t.dts_us >= JUMP_US);
                }
                last = Some(t.dts_us);
            }
        }
    }
}
