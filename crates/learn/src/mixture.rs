//! A group's usual movement as a mixture of Gaussians, fitted each day on a sample of its week.
//!
//! Invariants: the sample holds at most one window of each eighth of each hour of the week; a fit
//! goes on from the last one; no Gaussian is narrower than the floor.
//! Spec: docs/ref/models.md, "Training" 6.
//! Source: expectation and maximisation as Apache Spark's mllib.clustering.GaussianMixture does
//! them, a step at a time; the floor: Bishop, "Pattern Recognition and Machine Learning", s9.2.

use std::collections::{BTreeMap, VecDeque};

use flumen_base::wire;
use flumen_operators::score::{FEATURES, FeatureVector, Mixture};
use flumen_operators::{Reader, Writer};
use nalgebra::{SMatrix, SVector};

use crate::centres::Centres;

type Vector = SVector<f64, FEATURES>;
type Matrix = SMatrix<f64, FEATURES, FEATURES>;

/// Gaussians of a group, steps of a fit, windows that a fit needs.
const COUNT: usize = 4;
const STEPS: usize = 10;
const ENOUGH: usize = 256;
/// Added to each variance, in squares of a feature's deviation.
const FLOOR: f64 = 0.05;
/// What MLlib adds to each likelihood, so that far windows belong to all.
const LEAST_LIKELY: f64 = f64::EPSILON;
/// Parts of an hour, and places of the sample.
const PARTS: u64 = 8;
const PLACES: u64 = 168 * PARTS;

/// The mixture, and what it comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Mixtures {
    /// Nothing before the first fit.
    pub model: Option<Model>,
    pub versions: VecDeque<u64>,
    sample: BTreeMap<u64, FeatureVector>,
}

/// A fitted mixture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Model {
    parts: Vec<Part>,
    pub record: wire::Mixture,
    scorer: Mixture,
}

#[derive(Clone, Debug, PartialEq)]
struct Part {
    weight: f64,
    mean: Vector,
    covariance: Matrix,
    /// Of the covariance by Cholesky.
    factor: Matrix,
}

impl Mixtures {
    /// Keeps one window of a step: the middle one.
    pub(crate) fn sample(&mut self, minute: u64, step: &[FeatureVector]) {
        if let Some(z) = step.get(step.len() / 2) {
            let place = minute / 60 * PARTS + minute % 60 * PARTS / 60;
            self.sample.insert(place % PLACES, *z);
        }
    }

    /// Fits anew, from the last fit or from the heaviest centres; true when there is a new model.
    pub(crate) fn fit(&mut self, centres: Option<&Centres>) -> bool {
        if self.sample.len() < ENOUGH {
            return false;
        }
        let last = self.model.as_ref().map(|m| m.parts.clone());
        let Some(mut parts) = last.or_else(|| Some(first(centres?))) else { return false };
        let rows: Vec<Vector> = self.sample.values().map(|z| Vector::from(*z)).collect();
        for _ in 0..STEPS {
            let Some(next) = step(&parts, &rows) else { return false };
            parts = next;
        }
        let model = Model::of(parts);
        let fitted = model.is_some();
        self.model = model.or(self.model.take());
        fitted
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        let parts = self.model.as_ref().map_or(&[][..], |m| &m.parts);
        to.u32(parts.len() as u32);
        for part in parts {
            to.f64(part.weight);
            part.mean.iter().chain(&part.covariance).for_each(|v| to.f64(*v));
        }
        to.u32(self.sample.len() as u32);
        for (place, z) in &self.sample {
            to.u64(*place);
            z.iter().for_each(|v| to.f64(*v));
        }
        to.u32(self.versions.len() as u32);
        self.versions.iter().for_each(|v| to.u64(*v));
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Mixtures> {
        let mut it = Mixtures::default();
        let count = from.u32().filter(|n| *n as usize <= COUNT)?;
        let mut parts = Vec::new();
        for _ in 0..count {
            let (weight, mut mean, mut covariance) =
                (from.f64()?, Vector::zeros(), Matrix::zeros());
            for v in mean.iter_mut().chain(&mut covariance) {
                *v = from.f64()?;
            }
            parts.push(Part::of(weight, mean, covariance)?);
        }
        it.model = if parts.is_empty() { None } else { Some(Model::of(parts)?) };
        let count = from.u32().filter(|n| u64::from(*n) <= PLACES)?;
        for _ in 0..count {
            let (place, mut z) = (from.u64()?, FeatureVector::default());
            for v in &mut z {
                *v = from.f64()?;
            }
            it.sample.insert(place, z);
        }
        let count = from.u32().filter(|n| *n <= 64)?;
        it.versions = (0..count).map(|_| from.u64()).collect::<Option<_>>()?;
        Some(it)
    }
}

impl Model {
    fn of(parts: Vec<Part>) -> Option<Model> {
        let mut record = wire::Mixture::default();
        for part in &parts {
            record.weights.push(part.weight);
            record.means.extend(part.mean.iter());
            let rows = (0..FEATURES).flat_map(|row| (0..=row).map(move |column| (row, column)));
            record.factors.extend(rows.filter_map(|at| part.factor.get(at)));
        }
        let scorer = Mixture::of(&record)?;
        Some(Model { parts, record, scorer })
    }

    pub(crate) fn density(&self, z: &FeatureVector) -> f64 {
        self.scorer.density(z)
    }
}

impl Part {
    /// Nothing when the covariance is none.
    fn of(weight: f64, mean: Vector, covariance: Matrix) -> Option<Part> {
        let factor = covariance.cholesky()?.l();
        Some(Part { weight, mean, covariance, factor })
    }

    fn likelihood(&self, z: &Vector) -> f64 {
        let Some(y) = self.factor.solve_lower_triangular(&(z - self.mean)) else { return 0.0 };
        let spread: f64 = self.factor.diagonal().iter().map(|d| d.ln()).sum();
        let whole = FEATURES as f64 * std::f64::consts::TAU.ln() / 2.0;
        (-whole - spread - y.norm_squared() / 2.0).exp()
    }
}

/// The heaviest centres, all equally wide and heavy.
fn first(centres: &Centres) -> Vec<Part> {
    let mut order: Vec<_> = centres.weights.iter().zip(&centres.centres).collect();
    order.sort_by(|a, b| b.0.total_cmp(a.0));
    let one = |(_, centre): (_, &FeatureVector)| {
        Part::of(1.0 / COUNT as f64, Vector::from(*centre), Matrix::identity())
    };
    order.into_iter().take(COUNT).filter_map(one).collect()
}

/// One step: to whom each row belongs, then each Gaussian from its rows, and the floor.
fn step(parts: &[Part], rows: &[Vector]) -> Option<Vec<Part>> {
    let mut sums = vec![(0.0, Vector::zeros(), Matrix::zeros()); parts.len()];
    for row in rows {
        let shares = parts.iter().map(|p| LEAST_LIKELY + p.weight * p.likelihood(row));
        let shares: Vec<f64> = shares.collect();
        let all: f64 = shares.iter().sum();
        for ((weight, mean, square), share) in sums.iter_mut().zip(shares) {
            let share = share / all;
            *weight += share;
            *mean += row * share;
            square.ger(share, row, row, 1.0);
        }
    }
    let all: f64 = sums.iter().map(|(weight, ..)| weight).sum();
    let part = |(weight, mean, square): (f64, Vector, Matrix)| {
        let mean = mean / weight;
        let covariance = square / weight - mean * mean.transpose();
        Part::of(weight / all, mean, covariance + Matrix::identity() * FLOOR)
    };
    sums.into_iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from 0 to 1, the same at each run.
    fn noise(seed: u64) -> impl FnMut() -> f64 {
        let mut x = seed;
        move || {
            x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (x >> 11) as f64 / (1_u64 << 53) as f64
        }
    }

    fn week(of: &mut Mixtures) {
        let mut noise = noise(7);
        for minute in (0..7 * 1440).step_by(8) {
            let middle = if minute % 1440 < 720 { -2.0 } else { 2.0 };
            let z = std::array::from_fn(|_| middle + noise() - 0.5);
            of.sample(minute, &[z]);
        }
    }

    fn centres() -> Centres {
        let centres = [[-1.0; FEATURES], [1.0; FEATURES], [0.5; FEATURES], [0.0; FEATURES]];
        Centres { centres: centres.to_vec(), weights: vec![4.0, 3.0, 2.0, 1.0] }
    }

    #[test]
    fn two_clouds_are_found_and_what_lies_between_is_thin() {
        let mut mixtures = Mixtures::default();
        week(&mut mixtures);
        assert!(!mixtures.clone().fit(None), "nothing to begin from");
        assert!(mixtures.fit(Some(&centres())));
        let model = mixtures.model.as_ref().unwrap();
        let density = |at: f64| model.density(&[at; FEATURES]);
        assert!(density(-2.0) < 3.0 && density(2.0) < 3.0, "{} {}", density(-2.0), density(2.0));
        assert!(density(0.0) > 20.0, "{}", density(0.0));
        let mut again = mixtures.clone();
        assert!(again.fit(None), "it goes on from the last fit");
    }

    #[test]
    fn a_feature_that_never_changes_does_not_end_it() {
        let mut mixtures = Mixtures::default();
        for minute in 0..10_000 {
            mixtures.sample(minute, &[[1.0; FEATURES]]);
        }
        assert!(mixtures.fit(Some(&centres())));
        let density = mixtures.model.as_ref().unwrap().density(&[1.0; FEATURES]);
        assert!((0.0..5.0).contains(&density), "{density}");
    }

    #[test]
    fn what_is_saved_comes_back() {
        let mut mixtures = Mixtures::default();
        week(&mut mixtures);
        mixtures.fit(Some(&centres()));
        mixtures.versions.push_back(3);
        let mut to = Writer::default();
        mixtures.save(&mut to);
        assert_eq!(Mixtures::load(&mut Reader(&to.0)), Some(mixtures));
    }
}
