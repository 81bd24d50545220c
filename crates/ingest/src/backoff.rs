//! How long to wait before the next try.
//!
//! Invariants: a wait is never above the ceiling and never below half of its step; steps
//! double from 100 ms; the same seed gives the same waits.
//! Not here: the waiting itself (`pace`).

use std::time::Duration;

/// First step.
const FIRST: Duration = Duration::from_millis(100);

/// Exponential back-off with jitter, so that cameras of one switch do not come back at once.
#[derive(Clone, Debug)]
pub struct Backoff {
    ceiling: Duration,
    step: Duration,
    state: u64,
}

impl Backoff {
    /// Waits of at most `ceiling`, with jitter drawn from `seed`.
    pub fn new(ceiling: Duration, seed: u64) -> Backoff {
        Backoff { ceiling, step: FIRST.min(ceiling), state: seed }
    }

    /// The next wait: between half of the step and the step, which then doubles.
    pub fn next_wait(&mut self) -> Duration {
        let half = self.step / 2;
        let share = (self.draw() >> 40) as u32;
        let wait = half + half * (share >> 8) / (1 << 16);
        self.step = (self.step * 2).min(self.ceiling);
        wait
    }

    /// Begins again at the first step: the camera was well for a while.
    pub fn reset(&mut self) {
        self.step = FIRST.min(self.ceiling);
    }

    /// *Source*: SplitMix64, Steele, Lea and Flood 2014.
    fn draw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn waits_grow_to_the_ceiling_and_stay_below_it(seed: u64, ceiling_ms in 1u64..60_000) {
            let ceiling = Duration::from_millis(ceiling_ms);
            let mut backoff = Backoff::new(ceiling, seed);
            let mut step = FIRST.min(ceiling);
            for _ in 0..20 {
                let wait = backoff.next_wait();
                prop_assert!(wait <= step && wait >= step / 2, "{wait:?} of {step:?}");
                step = (step * 2).min(ceiling);
            }
            backoff.reset();
            prop_assert!(backoff.next_wait() <= FIRST);
        }
    }

    #[test]
    fn a_seed_repeats_itself_and_two_differ() {
        let waits = |seed| {
            let mut b = Backoff::new(Duration::from_secs(2), seed);
            (0..8).map(|_| b.next_wait()).collect::<Vec<_>>()
        };
        assert_eq!(waits(7), waits(7));
        assert_ne!(waits(7), waits(8));
    }
}
