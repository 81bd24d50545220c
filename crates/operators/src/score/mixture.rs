//! How thin a group's mixture of Gaussians is at a place.
//!
//! Spec: docs/ref/models.md, `gaussian-mixture`.
//! Source: log-sum-exp as in Bishop, "Pattern Recognition and Machine Learning", 2006, s9.2;
//! logarithm and exponential of the `libm` crate, equal on every machine.

use flumen_base::wire;

use super::features::{FEATURES, FeatureVector};

/// Most Gaussians of a card.
const MOST: usize = 64;
/// Numbers of a lower triangle.
const TRIANGLE: usize = FEATURES * (FEATURES + 1) / 2;

/// Gaussians in standardised features.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    parts: Vec<Part>,
    /// Nothing is more usual than this.
    most: f64,
}

#[derive(Clone, Debug, PartialEq)]
struct Part {
    mean: FeatureVector,
    /// Lower triangle, rows first.
    factor: [f64; TRIANGLE],
    /// ln of weight over the factor's diagonal.
    height: f64,
}

impl Mixture {
    /// The Gaussians of a card; nothing when they do not fit.
    #[must_use]
    pub fn of(record: &wire::Mixture) -> Option<Mixture> {
        let (means, no_means) = record.means.as_chunks::<FEATURES>();
        let (factors, no_factors) = record.factors.as_chunks::<TRIANGLE>();
        let count = record.weights.len();
        let fits = no_means.is_empty() && no_factors.is_empty() && (1..=MOST).contains(&count);
        if !fits || means.len() != count || factors.len() != count {
            return None;
        }
        let parts: Vec<Part> = record
            .weights
            .iter()
            .zip(means.iter().zip(factors))
            .map(|(weight, (mean, factor))| Part::of(*weight, *mean, *factor))
            .collect::<Option<_>>()?;
        let highest = parts.iter().map(|p| p.height).fold(f64::NEG_INFINITY, f64::max);
        Some(Mixture { most: libm::log(count as f64) + highest, parts })
    }

    /// 0 or more: how much less usual than the most usual place, in nats.
    #[must_use]
    pub fn density(&self, z: &FeatureVector) -> f64 {
        let logs = || self.parts.iter().map(|p| p.height - p.squared(z) / 2.0);
        let top = logs().fold(f64::NEG_INFINITY, f64::max);
        if !top.is_finite() {
            return f64::MAX;
        }
        let sum = logs().fold(0.0, |sum, log| sum + libm::exp(log - top));
        self.most - (top + libm::log(sum))
    }
}

impl Part {
    fn of(weight: f64, mean: FeatureVector, factor: [f64; TRIANGLE]) -> Option<Part> {
        let diagonal = |i: usize| factor.get(i * (i + 1) / 2 + i).copied().unwrap_or(0.0);
        let good = weight > 0.0 && (0..FEATURES).all(|i| diagonal(i) > 0.0);
        let spread = (0..FEATURES).fold(0.0, |sum, i| sum + libm::log(diagonal(i)));
        good.then(|| Part { mean, factor, height: libm::log(weight) - spread })
    }

    /// Squared length of what is left of z - mean by forward substitution.
    fn squared(&self, z: &FeatureVector) -> f64 {
        let mut y = [0.0; FEATURES];
        let mut sum = 0.0;
        let mut rest: &[f64] = &self.factor;
        for i in 0..FEATURES {
            let (row, after) = rest.split_at(i + 1);
            rest = after;
            let (Some((diagonal, row)), Some((z, mean))) =
                (row.split_last(), z.get(i).zip(self.mean.get(i)))
            else {
                return f64::MAX;
            };
            let known = row.iter().zip(&y).fold(z - mean, |left, (l, y)| left - l * y);
            let v = known / diagonal;
            sum += v * v;
            if let Some(y) = y.get_mut(i) {
                *y = v;
            }
        }
        sum
    }
}
