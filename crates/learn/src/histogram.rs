//! Scores of one dimension of a camera in quarter octaves, and the threshold that they give.
//!
//! Spec: docs/ref/models.md, "Thresholds".

use flumen_operators::{Reader, Writer};

const LEAST: i64 = -16;
const BINS: usize = 256;
/// Odd minutes of a dimension in a camera-day.
const ODD_A_DAY: f64 = 0.05;
const DAY: f64 = 1440.0;
/// Bins above the highest score of a short history.
const ABOVE: usize = 4;
/// What counts as a count.
const COUNTS: f64 = 0.5;

/// Counts of scores by size.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Histogram([f64; BINS]);

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram([0.0; BINS])
    }
}

/// Odd minutes that as many minutes may have.
fn allowed(minutes: f64) -> f64 {
    minutes * ODD_A_DAY / DAY
}

/// The bin of a score above 0: four to an octave.
fn bin(score: f64) -> usize {
    let bits = score.to_bits();
    let octave = (bits >> 52 & 0x7ff).cast_signed() - 1023;
    let at = 4 * (octave - LEAST) + (bits >> 50 & 3).cast_signed();
    at.clamp(0, BINS as i64 - 1) as usize
}

/// The lower edge of a bin.
fn edge(bin: usize) -> f64 {
    let octave = (bin as i64 >> 2) + LEAST;
    let power = f64::from_bits(((octave + 1023).cast_unsigned()) << 52);
    (1.0 + (bin & 3) as f64 / 4.0) * power
}

impl Histogram {
    /// Counts a score; above the threshold it counts so that many raise it by little, and a few
    /// not.
    pub(crate) fn add(&mut self, score: f64, threshold: Option<f64>, minutes: f64) {
        if score <= 0.0 {
            return;
        }
        let below = if allowed(minutes) < 1.0 { ABOVE + 1 } else { 0 };
        let most = threshold.map_or(BINS - 1, |t| bin(t).saturating_sub(below));
        if let Some(count) = self.0.get_mut(bin(score).min(most)) {
            *count += 1.0;
        }
    }

    pub(crate) fn fade(&mut self, by: f64) {
        self.0.iter_mut().for_each(|count| *count *= by);
    }

    /// The threshold by as many minutes, at least the dimension's own.
    pub(crate) fn threshold(&self, minutes: f64, least: f64) -> f64 {
        let allowed = allowed(minutes);
        let Some(top) = self.0.iter().rposition(|count| *count >= COUNTS) else { return least };
        if allowed < 1.0 {
            return least.max(edge((top + ABOVE + 1).min(BINS - 1)));
        }
        let mut above = 0.0;
        let mut fits = |count: &f64| {
            above += count;
            above <= allowed
        };
        let free = self.0.iter().rev().take_while(|count| fits(count)).count();
        least.max(edge((BINS - free).min(BINS - 1)))
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        let counted: Vec<_> = self.0.iter().enumerate().filter(|(_, c)| **c > 0.0).collect();
        to.u32(counted.len() as u32);
        for (at, count) in counted {
            to.u32(at as u32);
            to.f64(*count);
        }
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Histogram> {
        let mut it = Histogram::default();
        let count = from.u32().filter(|n| *n as usize <= BINS)?;
        for _ in 0..count {
            let at = from.u32()? as usize;
            *it.0.get_mut(at)? = from.f64()?;
        }
        Some(it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_score_lies_between_the_edges_of_its_bin() {
        let mut score = 0.001;
        while score < 1e9 {
            let at = bin(score);
            assert!(edge(at) <= score && score < edge(at + 1), "{score} in bin {at}");
            score *= 1.07;
        }
    }

    #[test]
    fn a_short_history_puts_the_threshold_above_all_that_was_seen() {
        let mut h = Histogram::default();
        (0..2000).for_each(|_| h.add(10.0, None, 2001.0));
        h.add(100.0, None, 2001.0);
        let threshold = h.threshold(2001.0, 1.0);
        assert!(threshold > 100.0 && threshold < 300.0, "{threshold}");
    }

    #[test]
    fn a_long_history_allows_one_odd_minute_in_twenty_days() {
        let mut h = Histogram::default();
        (0..100_000).for_each(|i| h.add(if i % 40_000 == 0 { 5000.0 } else { 10.0 }, None, 1e5));
        let threshold = h.threshold(100_000.0, 1.0);
        assert!(threshold > 10.0 && threshold < 13.0, "{threshold}");
    }

    #[test]
    fn one_odd_minute_does_not_make_oddness_usual() {
        let mut h = Histogram::default();
        h.add(10.0, None, 1.0);
        let before = h.threshold(1.0, 1.0);
        h.add(1e6, Some(before), 1.0);
        assert_eq!(h.threshold(2.0, 1.0), before);
        // Of a long history: what comes more often than is allowed raises it by a bin.
        let before = h.threshold(1e5, 1.0);
        (0..10).for_each(|_| h.add(1e6, Some(before), 1e5));
        let after = h.threshold(1e5, 1.0);
        assert!(after > before && after < 1.3 * before, "{before} to {after}");
    }

    #[test]
    fn what_never_scored_keeps_the_least_threshold() {
        assert_eq!(Histogram::default().threshold(5000.0, 100.0), 100.0);
    }
}
