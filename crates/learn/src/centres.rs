//! Centres that move with the stream: the rule of MLlib's streaming k-means.
//!
//! Invariants: the same steps give the same centres as MLlib's to 1e-9 (held to that by centres
//! that MLlib computed).
//! Source: Apache Spark, mllib.clustering.StreamingKMeansModel.update, unit "batches".

use flumen_operators::score::{FEATURES, FeatureVector};
use flumen_operators::{Reader, Writer};

/// Centres of a group.
pub(crate) const COUNT: usize = 16;
/// Windows that the first centres are chosen from.
pub(crate) const ENOUGH: usize = 64;
const DECAY: f64 = 0.999;
/// A centre with so small a share of the heaviest one's weight dies, and halves that one.
const DYING: f64 = 1e-8;

/// Centres and their weights.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Centres {
    pub centres: Vec<FeatureVector>,
    pub weights: Vec<f64>,
}

impl Centres {
    /// The first window, then each time the one farthest from all before.
    pub(crate) fn first(windows: &[FeatureVector]) -> Option<Centres> {
        let mut centres = vec![*windows.first()?];
        let mut far = vec![f64::INFINITY; windows.len()];
        while centres.len() < COUNT {
            let last = *centres.last()?;
            let mut farthest = (f64::NEG_INFINITY, *windows.first()?);
            for (far, z) in far.iter_mut().zip(windows) {
                *far = far.min(squared(z, &last));
                if *far > farthest.0 {
                    farthest = (*far, *z);
                }
            }
            centres.push(farthest.1);
        }
        let weights = vec![0.0; COUNT];
        Some(Centres { centres, weights })
    }

    /// The least squared distance to a centre.
    pub(crate) fn nearest(&self, z: &FeatureVector) -> f64 {
        self.centres.iter().fold(f64::INFINITY, |best, c| best.min(squared(z, c)))
    }

    /// Moves the centres by the windows of one step.
    pub(crate) fn update(&mut self, step: &[FeatureVector]) {
        let mut sums = vec![([0.0; FEATURES], 0_u64); self.centres.len()];
        for z in step {
            if let Some((sum, count)) = sums.get_mut(self.index(z)) {
                *count += 1;
                sum.iter_mut().zip(z).for_each(|(sum, z)| *sum += z);
            }
        }
        self.weights.iter_mut().for_each(|w| *w *= DECAY);
        let all = self.centres.iter_mut().zip(&mut self.weights).zip(&sums);
        for ((centre, weight), (sum, count)) in all.filter(|(_, (_, count))| *count > 0) {
            let count = *count as f64;
            *weight += count;
            let share = count / weight.max(1e-16);
            for (c, sum) in centre.iter_mut().zip(sum) {
                *c = *c * (1.0 - share) + share / count * sum;
            }
        }
        self.split();
    }

    fn index(&self, z: &FeatureVector) -> usize {
        let mut best = (f64::INFINITY, 0);
        for (at, centre) in self.centres.iter().enumerate() {
            let far = squared(z, centre);
            if far < best.0 {
                best = (far, at);
            }
        }
        best.1
    }

    /// The heaviest centre takes the place of one that dies, too.
    fn split(&mut self) {
        let by = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1);
        let weights = || self.weights.iter().copied().enumerate();
        // The first of equals, as Scala's maxBy and minBy.
        let Some((largest, most)) = weights().rev().max_by(by) else { return };
        let Some((smallest, least)) = weights().min_by(by) else { return };
        if least >= DYING * most {
            return;
        }
        let Some(from) = self.centres.get(largest).copied() else { return };
        for at in [largest, smallest] {
            if let Some(weight) = self.weights.get_mut(at) {
                *weight = (most + least) / 2.0;
            }
        }
        let apart = |sign: f64| from.map(|x| x + sign * 1e-14 * x.abs().max(1.0));
        for (at, sign) in [(largest, 1.0), (smallest, -1.0)] {
            if let Some(centre) = self.centres.get_mut(at) {
                *centre = apart(sign);
            }
        }
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.u32(self.centres.len() as u32);
        self.centres.iter().flatten().chain(&self.weights).for_each(|v| to.f64(*v));
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Centres> {
        let count = from.u32().filter(|n| *n as usize <= COUNT)? as usize;
        let mut it = Centres { centres: vec![[0.0; FEATURES]; count], weights: vec![0.0; count] };
        for v in it.centres.iter_mut().flatten().chain(&mut it.weights) {
            *v = from.f64()?;
        }
        Some(it)
    }
}

fn squared(a: &FeatureVector, b: &FeatureVector) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + (a - b) * (a - b))
}
