//! Forecasts of entries an hour against what came, beside an oracle that knows the true rate.
//!
//! Invariants: an hour in which something was planted, or of a camera on its way to failure, is not
//! scored; the oracle is scored on the very hours that the method speaks of.
//! Units: entries an hour.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::read::{Forecast, Hour, Truth};

const HOUR_US: i64 = 3_600_000_000;

/// Hours ahead: 1 is the hour after the last moment known.
pub type Ahead = i64;

/// How good forecasts so many hours ahead are.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ForecastScore {
    /// Hours ahead.
    pub ahead_h: Ahead,
    /// Hours scored.
    pub hours: usize,
    /// Mean absolute error.
    pub error: f64,
    /// That of the oracle on the same hours.
    pub oracle: f64,
    /// Error over the oracle's.
    pub of_oracle: f64,
    /// Root of the mean squared error over the oracle's.
    pub rms_of_oracle: f64,
    /// Share of the hours in the interval that is to hold 90 %.
    pub covered: f64,
    /// Mean width of that interval.
    pub width: f64,
}

/// Whether something is not as usual in an hour.
fn odd(truth: &Truth, camera: &str, begin_us: i64) -> bool {
    let end_us = begin_us + HOUR_US;
    truth.planted.iter().any(|p| p.camera == camera && p.begin_us < end_us && p.end_us > begin_us)
        || truth.drifts.iter().any(|d| d.camera == camera && d.begin_us < end_us)
}

/// How many entries windows tell of one visit, by camera: tracks break.
fn entries_a_visit(hours: &[Hour]) -> HashMap<&str, f64> {
    let mut sums: HashMap<&str, (f64, f64)> = HashMap::new();
    for hour in hours {
        let sum = sums.entry(&hour.camera).or_default();
        *sum = (sum.0 + hour.entries, sum.1 + hour.visits);
    }
    let ratio = |(e, v): (f64, f64)| if e > 0.0 && v > 0.0 { e / v } else { 1.0 };
    sums.into_iter().map(|(camera, sum)| (camera, ratio(sum))).collect()
}

#[derive(Default)]
struct Sums {
    hours: usize,
    off: f64,
    squares: f64,
    oracle: f64,
    oracle_squares: f64,
    covered: usize,
    width: f64,
}

/// Scores what a method foretells.
pub(crate) fn score(truth: &Truth, forecasts: &[Forecast]) -> Vec<ForecastScore> {
    let a_visit = entries_a_visit(&truth.hours);
    let by: HashMap<(&str, i64), &Hour> =
        truth.hours.iter().map(|h| ((h.camera.as_str(), h.begin_us), h)).collect();
    let mut sums: BTreeMap<Ahead, Sums> = BTreeMap::new();
    for f in forecasts {
        let Some(hour) = by.get(&(f.camera.as_str(), f.begin_us)) else { continue };
        let counts = f.end_us - f.begin_us == HOUR_US
            && f.begin_us >= truth.from_us
            && !odd(truth, &f.camera, f.begin_us);
        if !counts {
            continue;
        }
        // Days without windows have visits alone.
        let came =
            if hour.entries > 0.0 || hour.visits == 0.0 { hour.entries } else { hour.visits };
        let oracle = hour.rate * a_visit.get(f.camera.as_str()).copied().unwrap_or(1.0);
        let ahead = (f.end_us - f.at_us + HOUR_US / 2).div_euclid(HOUR_US);
        let sum = sums.entry(ahead).or_default();
        sum.hours += 1;
        sum.off += (f.value - came).abs();
        sum.squares += (f.value - came).powi(2);
        sum.oracle += (oracle - came).abs();
        sum.oracle_squares += (oracle - came).powi(2);
        sum.covered += usize::from((f.low..=f.high).contains(&came));
        sum.width += f.high - f.low;
    }
    sums.into_iter().map(|(ahead_h, s)| s.score(ahead_h)).collect()
}

impl Sums {
    fn score(self, ahead_h: Ahead) -> ForecastScore {
        let n = self.hours.max(1) as f64;
        ForecastScore {
            ahead_h,
            hours: self.hours,
            error: self.off / n,
            oracle: self.oracle / n,
            of_oracle: self.off / self.oracle.max(1e-9),
            rms_of_oracle: (self.squares / self.oracle_squares.max(1e-9)).sqrt(),
            covered: self.covered as f64 / n,
            width: self.width / n,
        }
    }
}
