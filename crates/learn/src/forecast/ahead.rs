//! Forecasts so many hours ahead: inputs brought together, and how far off they were.
//!
//! Spec: docs/ref/models.md, "Forecast" 3 to 5.
//! Source: sequential least squares by normal equations: Hastie, Tibshirani and Friedman, "The
//! elements of statistical learning", 2009, 3.2 and 3.4.1.

use std::collections::VecDeque;

use flumen_operators::{Reader, Writer};
use nalgebra::{Matrix3, Vector3};

/// What a forecast is made of, by name.
pub(crate) const INPUTS: [&str; 3] = ["season", "last-hours", "last-days"];
/// What the weights are without any hour: the season alone. It counts as so many entries.
const FIRST: Inputs = Vector3::new(1.0, 0.0, 0.0);
const STRENGTH: f64 = 100.0;
/// Mean from which on an hour says how wide counts vary.
const SOME: f64 = 0.05;
/// A square that is larger, in variances, counts as this.
const MOST_OFF: f64 = 9.0;
/// Before any hour: a Poisson that is a little wide, as of so many hours.
const HOURS: f64 = 20.0;
const SQUARE: f64 = 0.02;

pub(crate) type Inputs = Vector3<f64>;

/// One hour foretold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Made {
    /// Hours since 1970.
    pub hour: u64,
    pub inputs: Inputs,
    pub mean: f64,
    pub variance: f64,
    /// Weeks that the season stands on.
    pub weeks: f64,
    /// Whether that hour of the week was seen before.
    pub known: bool,
}

/// All of one distance.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ahead {
    pub weights: Inputs,
    products: Matrix3<f64>,
    answers: Inputs,
    /// Sums of the regression of squares on mean and squared mean.
    spread: [f64; 5],
    made: VecDeque<Made>,
}

impl Default for Ahead {
    fn default() -> Ahead {
        Ahead {
            weights: FIRST,
            products: Matrix3::zeros(),
            answers: Inputs::zeros(),
            spread: [0.0; 5],
            made: VecDeque::new(),
        }
    }
}

impl Ahead {
    /// What was foretold of an hour; what is older goes.
    pub(crate) fn of(&mut self, hour: u64) -> Option<Made> {
        while self.made.front()?.hour < hour {
            self.made.pop_front();
        }
        self.made.pop_front_if(|made| made.hour == hour)
    }

    /// Leaves out an hour that was hardly seen, and what is older.
    pub(crate) fn forget(&mut self, hour: u64) {
        self.made.retain(|made| made.hour > hour);
    }

    /// Keeps what was foretold until it came.
    pub(crate) fn keep(&mut self, made: Made) {
        self.made.push_back(made);
    }

    /// Learns from what came; `kept` is that within bounds.
    pub(crate) fn learn(&mut self, made: &Made, came: f64, kept: f64) {
        if !made.known {
            return;
        }
        let weight = 1.0 / (made.inputs.x + 1.0);
        self.products += made.inputs * made.inputs.transpose() * weight;
        self.answers += made.inputs * (weight * kept);
        let m = made.mean;
        if m > SOME {
            let off = (came - m).powi(2).min(MOST_OFF * (made.variance + 1.0));
            let off = off / (1.0 + 1.0 / made.weeks);
            let weight = 1.0 / (m * m + m);
            let row = [m * m, m.powi(3), m.powi(4), m * off, m * m * off];
            self.spread.iter_mut().zip(row).for_each(|(sum, v)| *sum += weight * v);
        }
    }

    pub(crate) fn fade(&mut self, by: f64) {
        self.products *= by;
        self.answers *= by;
        self.spread.iter_mut().for_each(|v| *v *= by);
    }

    /// How the variance follows from the mean: variance = a mean + b mean^2.
    pub(crate) fn spread(&self) -> (f64, f64) {
        let [xx, xz, zz, x, z] = self.spread;
        let (xx, zz) = (xx + HOURS, zz + HOURS);
        let (x, z) = (x + HOURS, z + HOURS * SQUARE);
        let determinant = xx * zz - xz * xz;
        let a = (x * zz - z * xz) / determinant;
        let b = (z * xx - x * xz) / determinant;
        if a < 1.0 {
            return (1.0, ((z - xz) / zz).max(0.0));
        }
        if b < 0.0 { ((x / xx).max(1.0), 0.0) } else { (a, b) }
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        let sums = self.weights.iter().chain(&self.products).chain(&self.answers);
        sums.chain(&self.spread).for_each(|v| to.f64(*v));
        to.u32(self.made.len() as u32);
        self.made.iter().for_each(|made| made.save(to));
    }

    pub(crate) fn load(from: &mut Reader<'_>, most: usize) -> Option<Ahead> {
        let mut it = Ahead::default();
        let sums = it.weights.iter_mut().chain(&mut it.products).chain(&mut it.answers);
        for v in sums.chain(&mut it.spread) {
            *v = from.f64()?;
        }
        let count = from.u32().filter(|n| *n as usize <= most)?;
        it.made = (0..count).map(|_| Made::load(from)).collect::<Option<_>>()?;
        Some(it)
    }
}

impl Made {
    fn save(&self, to: &mut Writer) {
        to.u64(self.hour);
        self.inputs.iter().for_each(|v| to.f64(*v));
        [self.mean, self.variance, self.weeks].iter().for_each(|v| to.f64(*v));
        to.u8(u8::from(self.known));
    }

    fn load(from: &mut Reader<'_>) -> Option<Made> {
        Some(Made {
            hour: from.u64()?,
            inputs: Inputs::new(from.f64()?, from.f64()?, from.f64()?),
            mean: from.f64()?,
            variance: from.f64()?,
            weeks: from.f64()?,
            known: from.u8()? != 0,
        })
    }
}

/// The weights that all these hours of a group together ask for.
pub(crate) fn fit<'a>(all: impl Iterator<Item = &'a Ahead>) -> Option<Inputs> {
    let first = Matrix3::identity() * STRENGTH;
    let (mut products, mut answers) = (first, FIRST * STRENGTH);
    for one in all {
        products += one.products;
        answers += one.answers;
    }
    let weights = products.cholesky()?.solve(&answers);
    weights.iter().all(|w| w.is_finite()).then_some(weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(x: f64, more: f64, mean: f64) -> Made {
        let inputs = Inputs::new(x, more, 0.0);
        Made { hour: 0, inputs, mean, variance: mean, weeks: 1e9, known: true }
    }

    #[test]
    fn weights_are_what_came_of_the_inputs() {
        let mut ahead = Ahead::default();
        assert_eq!(fit([&ahead].into_iter()).unwrap(), FIRST);
        for i in 0..4000_u32 {
            let (x, more) = (f64::from(10 + i % 50), 10.0 * (f64::from(i % 7) - 3.0));
            let came = 0.9 * x + 0.5 * more;
            ahead.learn(&made(x, more, x), came, came);
        }
        let weights = fit([&ahead].into_iter()).unwrap();
        assert!((weights - Inputs::new(0.9, 0.5, 0.0)).norm() < 0.02, "{weights}");
    }

    #[test]
    fn spread_is_that_of_what_came() {
        let mut ahead = Ahead::default();
        for i in 0..4000_u32 {
            let mean = f64::from(2 + i % 60);
            // Off by a standard deviation each time.
            let off = (1.5 * mean + 0.05 * mean * mean).sqrt();
            let came = mean + if i % 2 == 0 { off } else { -off };
            ahead.learn(&made(mean, 0.0, mean), came, came);
        }
        let (a, b) = ahead.spread();
        assert!((a - 1.5).abs() < 0.05 && (b - 0.05).abs() < 0.003, "{a} {b}");
    }

    #[test]
    fn what_was_not_asked_for_in_time_goes() {
        let mut ahead = Ahead::default();
        for hour in 5..8 {
            ahead.keep(Made { hour, ..made(1.0, 0.0, 1.0) });
        }
        assert_eq!(ahead.of(6).unwrap().hour, 6);
        assert_eq!((ahead.of(6), ahead.made.len()), (None, 1));
    }
}
