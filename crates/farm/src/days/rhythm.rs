//! When visits begin: rates by hour of the week, and chance around them.
//!
//! Invariants: the expected count of an hour is its rate, whatever the dispersion.
//! Units: visits an hour.
//! Source: arrivals with exponential gaps (a Poisson process); where a camera is overdispersed its
//! rate of each hour is multiplied by a mean of exponentials (a gamma of mean 1), so that counts
//! are negative binomial.

use crate::days::clock::HOUR_US;
use crate::days::layout::Rhythm;
use crate::math::Chance;

/// A wide draw from 0 to 1, without both.
pub(crate) fn unit64(chance: &mut Chance) -> f64 {
    ((chance.bits() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}

/// An exponential with mean 1.
fn exponential(chance: &mut Chance) -> f64 {
    -unit64(chance).ln()
}

/// The rate of a rhythm at an hour of the week, as a share of its most.
pub(crate) fn share(rhythm: &Rhythm, hour_of_week: u32) -> f32 {
    let [work, saturday, sunday] = rhythm;
    let day = match hour_of_week / 24 {
        0..=4 => work,
        5 => saturday,
        _ => sunday,
    };
    day.get(hour_of_week as usize % 24).copied().unwrap_or(0.0)
}

/// What the rate of one hour is multiplied by: mean 1, variance 1 / `shape`; 1 for a shape of 0.
pub(crate) fn factor(shape: u32, chance: &mut Chance) -> f64 {
    if shape == 0 {
        return 1.0;
    }
    (0..shape).map(|_| exponential(chance)).sum::<f64>() / f64::from(shape)
}

/// Times in microseconds from an hour's begin at which somebody comes.
pub(crate) fn arrivals(rate: f64, chance: &mut Chance) -> Vec<i64> {
    let mut times = Vec::new();
    if rate <= 0.0 {
        return times;
    }
    let mut at = 0.0;
    loop {
        at += exponential(chance) / rate;
        if at >= 1.0 {
            return times;
        }
        times.push((at * HOUR_US as f64) as i64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and variance of the counts of many hours.
    fn counts(rate: f64, shape: u32) -> (f64, f64) {
        let mut chance = Chance::new(11);
        let all: Vec<f64> = (0..4000)
            .map(|_| {
                let f = factor(shape, &mut chance);
                arrivals(rate * f, &mut chance).len() as f64
            })
            .collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        (mean, all.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / all.len() as f64)
    }

    #[test]
    fn counts_are_poisson_or_wider() {
        let (mean, variance) = counts(20.0, 0);
        assert!(
            (mean - 20.0).abs() < 0.3 && (variance / mean - 1.0).abs() < 0.1,
            "{mean} {variance}"
        );
        // Negative binomial: mean + mean^2 / shape.
        let (mean, variance) = counts(20.0, 10);
        assert!(
            (mean - 20.0).abs() < 0.5 && (variance / 60.0 - 1.0).abs() < 0.15,
            "{mean} {variance}"
        );
        assert!(arrivals(0.0, &mut Chance::new(1)).is_empty());
    }
}
