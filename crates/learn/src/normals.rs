//! Mean and deviation of each feature of one camera's busy windows, old ones fading.
//!
//! Spec: docs/ref/models.md, "Training" 2.
//! Source: Welford, "Note on a method for calculating corrected sums of squares", 1962.

use flumen_operators::score::{FEATURES, FeatureVector, standardised};
use flumen_operators::{Reader, Writer};

/// Windows that mean and deviation look back on.
const MOST: u64 = 20_000;

/// Mean and variance by feature.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Normals {
    pub windows: u64,
    pub mean: FeatureVector,
    variance: FeatureVector,
}

impl Normals {
    pub(crate) fn add(&mut self, x: &FeatureVector) {
        self.windows = (self.windows + 1).min(MOST);
        let n = self.windows as f64;
        for ((x, mean), variance) in x.iter().zip(&mut self.mean).zip(&mut self.variance) {
            let d = x - *mean;
            *mean += d / n;
            *variance += (d * (x - *mean) - *variance) / n;
        }
    }

    pub(crate) fn deviation(&self) -> FeatureVector {
        self.variance.map(f64::sqrt)
    }

    pub(crate) fn standardised(&self, x: &FeatureVector) -> FeatureVector {
        standardised(x, &self.mean, &self.deviation())
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.u64(self.windows);
        self.mean.iter().chain(&self.variance).for_each(|v| to.f64(*v));
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Normals> {
        let windows = from.u64()?;
        let mut both = [[0.0; FEATURES]; 2];
        for v in both.iter_mut().flatten() {
            *v = from.f64()?;
        }
        let [mean, variance] = both;
        Some(Normals { windows, mean, variance })
    }
}
