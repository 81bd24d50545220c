//! Distance to the nearest of a group's centres.
//!
//! Spec: docs/ref/models.md, `kmeans`.

use flumen_base::wire;

use super::features::{FEATURES, FeatureVector};

/// Most centres of a card.
const MOST: usize = 256;

/// Centres in standardised features.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    centres: Vec<FeatureVector>,
}

impl Clusters {
    /// The centres of a card; nothing when they do not fit.
    #[must_use]
    pub fn of(record: &wire::Clusters) -> Option<Clusters> {
        let (centres, rest) = record.centres.as_chunks::<FEATURES>();
        let fits = rest.is_empty() && (1..=MOST).contains(&centres.len());
        fits.then(|| Clusters { centres: centres.to_vec() })
    }

    /// The least squared distance to a centre, and which.
    #[must_use]
    pub fn nearest(&self, z: &FeatureVector) -> (f64, FeatureVector) {
        let mut best = (f64::INFINITY, *z);
        for centre in &self.centres {
            let far = squared(z, centre);
            if far < best.0 {
                best = (far, *centre);
            }
        }
        best
    }
}

fn squared(a: &FeatureVector, b: &FeatureVector) -> f64 {
    a.iter().zip(b).fold(0.0, |sum, (a, b)| sum + (a - b) * (a - b))
}
