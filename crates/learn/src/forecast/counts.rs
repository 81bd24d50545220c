//! Where counts lie: quantiles of a negative binomial by its mean and variance.
//!
//! Spec: docs/ref/models.md, "Forecast" 6.
//! Source: Hilbe, "Negative Binomial Regression", 2011.

/// Outside of the interval, on each side.
const TAIL: f64 = 0.05;
/// From which mean on a count is taken as normal, and where that has its tail.
const MANY: f64 = 1000.0;
const TAIL_OF_NORMAL: f64 = 1.644_853_626_951_472_7;
/// Counts that are looked at.
const MOST: u32 = 20_000;

/// The probabilities of 0, 1, 2, ... summed up.
struct Sums {
    mean: f64,
    /// Of the negative binomial; nothing of a Poisson.
    shape: Option<f64>,
    log: f64,
    count: u32,
    sum: f64,
}

impl Sums {
    fn new(mean: f64, variance: f64) -> Sums {
        let shape = (variance > mean * 1.0001).then(|| mean * mean / (variance - mean));
        let log = shape.map_or(-mean, |r| r * (mean / variance).ln());
        Sums { mean, shape, log, count: 0, sum: log.exp() }
    }

    /// Goes on to the next count.
    fn step(&mut self) {
        let before = f64::from(self.count);
        self.count += 1;
        let of_poisson = self.mean / f64::from(self.count);
        self.log +=
            self.shape.map_or(of_poisson, |r| of_poisson * (r + before) / (r + self.mean)).ln();
        self.sum += self.log.exp();
    }

    /// The smallest count up to which there is `share`, with what there is below it.
    fn reach(&mut self, share: f64) -> (f64, f64) {
        let mut below = if self.count == 0 { 0.0 } else { self.sum };
        while self.sum < share && self.count < MOST {
            below = self.sum;
            self.step();
        }
        (f64::from(self.count), below)
    }
}

/// Between which counts 90 % lie: of all counts those whose tails are nearest to 5 %.
pub(crate) fn interval(mean: f64, variance: f64) -> (f64, f64) {
    if mean < 1e-9 {
        return (0.0, 0.0);
    }
    if mean > MANY {
        let half = TAIL_OF_NORMAL * variance.sqrt();
        return ((mean - half).max(0.0).round(), (mean + half).round());
    }
    let mut sums = Sums::new(mean, variance);
    let (mut low, below) = sums.reach(TAIL);
    if (sums.sum - TAIL).abs() < (below - TAIL).abs() {
        low += 1.0;
    }
    let (mut high, below) = sums.reach(1.0 - TAIL);
    if high > 0.0 && (below - (1.0 - TAIL)).abs() < (sums.sum - (1.0 - TAIL)).abs() {
        high -= 1.0;
    }
    (low.min(high), high)
}

#[cfg(test)]
mod tests {
    use super::interval;

    #[test]
    fn nine_in_ten_lie_between() {
        // SciPy: poisson.ppf([.05, .95], 20) = 13, 28, with tails of .066 and .034 on the outer side
        // of 14 and 28, of .039 and .053 on that of 13 and 27.
        assert_eq!(interval(20.0, 20.0), (13.0, 27.0));
        let (low, high) = interval(20.0, 60.0);
        assert!(low < 10.0 && high > 32.0, "{low} {high}");
        assert_eq!(interval(0.0, 0.0), (0.0, 0.0));
        assert_eq!(interval(0.01, 0.01), (0.0, 0.0));
        let (low, high) = interval(5000.0, 5000.0);
        assert!((4883.0..4885.0).contains(&low) && (5115.0..5118.0).contains(&high));
        // Just below where the normal begins both say the same to a count or two.
        let ((a, b), (c, d)) = (interval(999.9, 2000.0), interval(1000.1, 2000.0));
        assert!((a - c).abs() < 4.0 && (b - d).abs() < 4.0, "{a} {c} {b} {d}");
    }
}
