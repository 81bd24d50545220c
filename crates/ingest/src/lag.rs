//! Two small memories of the time line: the least delay of late, and the times given out.
//!
//! Invariants: both are of fixed size.
//! Not here: what follows from them (`timeline`).

use std::collections::VecDeque;

/// Half of the time that [`MinWindow`] looks back.
const BUCKET_US: i64 = 10_000_000;
/// More than the deepest reordering of a decoder.
const REMEMBERED: usize = 64;

/// The smallest sample of the last 10 to 20 s: networks delay, they never hasten.
#[derive(Debug, Default)]
pub(crate) struct MinWindow {
    began_us: Option<i64>,
    now: Option<i64>,
    before: Option<i64>,
}

impl MinWindow {
    /// Takes a sample; returns what is [`known`](Self::known) then.
    pub(crate) fn take(&mut self, at_us: i64, sample: i64) -> Option<i64> {
        let began = *self.began_us.get_or_insert(at_us);
        if !(0..BUCKET_US).contains(&at_us.saturating_sub(began)) {
            self.before = self.now.take();
            self.began_us = Some(at_us);
        }
        self.now = Some(self.now.map_or(sample, |n| n.min(sample)));
        self.known()
    }

    /// The least sample; nothing before a whole bucket was seen.
    pub(crate) fn known(&self) -> Option<i64> {
        Some(self.before?.min(self.now.unwrap_or(i64::MAX)))
    }

    /// All samples changed by `by`.
    pub(crate) fn shift(&mut self, by: i64) {
        for sample in [&mut self.now, &mut self.before].into_iter().flatten() {
            *sample = sample.saturating_add(by);
        }
    }
}

/// Times that were given out of late; each only once.
#[derive(Debug, Default)]
pub(crate) struct UniqueTimes(VecDeque<i64>);

impl UniqueTimes {
    /// `time`, or the next one that is free.
    pub(crate) fn take(&mut self, mut time: i64) -> i64 {
        while self.0.contains(&time) {
            time += 1;
        }
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(time);
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_forgets_and_says_nothing_too_early() {
        let mut window = MinWindow::default();
        assert_eq!(window.take(0, 5), None);
        assert_eq!(window.take(BUCKET_US - 1, 9), None);
        assert_eq!(window.take(BUCKET_US, 8), Some(5));
        window.shift(-2);
        assert_eq!(window.known(), Some(3));
        assert_eq!(window.take(2 * BUCKET_US, 8), Some(6));
    }

    #[test]
    fn a_time_is_given_once() {
        let mut times = UniqueTimes::default();
        assert_eq!([times.take(4), times.take(4), times.take(5)], [4, 5, 6]);
    }
}
