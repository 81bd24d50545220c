//! A model card that was checked and can score.
//!
//! Invariants: what a card says is finite, fits, and computes its own golden vectors.
//! Spec: docs/ref/models.md, "Golden vectors".

use std::collections::BTreeMap;

use flumen_base::wire::{ModelCard, Window, model_card, model_card::Golden};
use flumen_base::{Error, Result};
use prost::Message;

use super::features::{FEATURES, FeatureVector, features, standardised};
use super::{Appearance, Clusters, Mixture, Profile};

/// Features and scores as this code computes them.
pub const MODEL_SCHEMA: u32 = 1;
/// Largest card.
pub const MODEL_BYTES: usize = 8 << 20;
/// Golden vectors of a card, at most.
const MOST_GOLDEN: usize = 256;

/// What a card's parameters are, by kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Parameters {
    /// `profile`.
    Profile(Profile),
    /// `kmeans`.
    Clusters(Clusters),
    /// `gaussian-mixture`.
    Mixture(Mixture),
    /// `appearance`.
    Appearance(Appearance),
    /// `forecast` and `patterns`: nothing of a window is scored by these.
    Other,
}

/// A model as a scorer uses it.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// A camera's id, or "group:" and a group's name.
    pub scope: String,
    /// "profile", "kmeans", ...
    pub kind: String,
    /// Grows within a lineage.
    pub version: u64,
    /// Which training it comes from.
    pub lineage: String,
    /// Arrival time from which it counts.
    pub effective_us: i64,
    /// What it scores with.
    pub parameters: Parameters,
    normals: BTreeMap<String, Normal>,
}

/// What is normal of one camera.
#[derive(Clone, Debug, PartialEq)]
pub struct Normal {
    mean: FeatureVector,
    deviation: FeatureVector,
    thresholds: Vec<(String, f64)>,
}

impl Model {
    /// Checks a card and makes it ready to score.
    ///
    /// # Errors
    /// `Unsupported` for another schema, `Exhausted` for a card that is too large, `Invalid` for
    /// numbers that are not finite or do not fit, and for golden vectors that it does not compute.
    pub fn open(card: &ModelCard) -> Result<Model> {
        let named =
            |what: &str| format!("model {}/{}/{}: {what}", card.scope, card.kind, card.version);
        if card.schema != MODEL_SCHEMA {
            let what = format!("schema {}, this program reads {MODEL_SCHEMA}", card.schema);
            return Err(Error::unsupported(named(&what)));
        }
        if card.encoded_len() > MODEL_BYTES || card.golden.len() > MOST_GOLDEN {
            let what = format!("{} bytes, at most {MODEL_BYTES}", card.encoded_len());
            return Err(Error::exhausted(named(&what)));
        }
        let invalid = |what: &str| Error::invalid(named(what));
        let parameters = parameters(card)
            .ok_or_else(|| invalid("its parameters do not fit its kind, or are not finite"))?;
        let normals = card
            .normals
            .iter()
            .map(|n| Some((n.camera.clone(), Normal::of(n)?)))
            .collect::<Option<_>>()
            .ok_or_else(|| invalid("means, deviations or thresholds do not fit"))?;
        let model = Model {
            scope: card.scope.clone(),
            kind: card.kind.clone(),
            version: card.version,
            lineage: card.lineage.clone(),
            effective_us: card.effective_us,
            parameters,
            normals,
        };
        for (i, golden) in card.golden.iter().enumerate() {
            model.check(golden).map_err(|why| invalid(&format!("golden vector {i}: {why}")))?;
        }
        Ok(model)
    }

    /// The threshold of a dimension for a camera; nothing when there is none yet.
    #[must_use]
    pub fn threshold(&self, camera: &str, dimension: &str) -> Option<f64> {
        let thresholds = &self.normals.get(camera)?.thresholds;
        thresholds.iter().find(|(name, _)| name == dimension).map(|(_, score)| *score)
    }

    /// The score of a busy window; nothing of kinds that score minutes, and of a camera that the
    /// model has not seen.
    #[must_use]
    pub fn window(&self, camera: &str, window: &Window) -> Option<f64> {
        let z = self.standardised(camera, window)?;
        match &self.parameters {
            Parameters::Clusters(clusters) => Some(clusters.nearest(&z).0),
            Parameters::Mixture(mixture) => Some(mixture.density(&z)),
            _ => None,
        }
    }

    /// A window's features by what is normal of its camera.
    #[must_use]
    pub fn standardised(&self, camera: &str, window: &Window) -> Option<FeatureVector> {
        let normal = self.normals.get(camera)?;
        Some(standardised(&features(window), &normal.mean, &normal.deviation))
    }

    /// Computes a golden vector again.
    fn check(&self, golden: &Golden) -> std::result::Result<(), String> {
        let scores = match (&self.parameters, &golden.minute, &golden.window) {
            (Parameters::Profile(profile), Some(minute), _) => {
                profile.scores(minute).map(|s| s.score).to_vec()
            }
            (Parameters::Appearance(look), Some(minute), _) => vec![look.score(minute)],
            (Parameters::Clusters(_) | Parameters::Mixture(_), _, Some(window)) => {
                self.window(&golden.camera, window).into_iter().collect()
            }
            (Parameters::Other, ..) => return Ok(()),
            _ => return Err(String::from("it holds no input of its kind")),
        };
        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-9 + 1e-6 * a.abs();
        let agree =
            scores.len() == golden.scores.len() && scores.iter().zip(&golden.scores).all(near);
        if agree {
            Ok(())
        } else {
            Err(format!("{:?} here, {:?} in the card", scores, golden.scores))
        }
    }
}

impl Normal {
    fn of(record: &model_card::Normal) -> Option<Normal> {
        let vector = |list: &[f64]| -> Option<FeatureVector> {
            if list.is_empty() {
                return Some([0.0; FEATURES]);
            }
            list.try_into().ok().filter(|v: &FeatureVector| v.iter().all(|x| x.is_finite()))
        };
        let thresholds = record.thresholds.iter();
        Some(Normal {
            mean: vector(&record.mean)?,
            deviation: vector(&record.deviation)?,
            thresholds: thresholds
                .map(|t| t.score.is_finite().then(|| (t.dimension.clone(), t.score)))
                .collect::<Option<_>>()?,
        })
    }
}

fn parameters(card: &ModelCard) -> Option<Parameters> {
    use model_card::Parameters as P;
    let finite = |lists: &[&Vec<f64>]| lists.iter().all(|l| l.iter().all(|v| v.is_finite()));
    match (card.kind.as_str(), card.parameters.as_ref()?) {
        ("profile", P::Profile(p)) => {
            let lists = [&p.hour_seen, &p.hour_active, &p.cells, &p.ways, &p.crowds, &p.dwells];
            finite(&lists).then_some(())?;
            Profile::of(p).map(Parameters::Profile)
        }
        ("kmeans", P::Clusters(c)) => {
            finite(&[&c.centres, &c.weights]).then_some(())?;
            Clusters::of(c).map(Parameters::Clusters)
        }
        ("gaussian-mixture", P::Mixture(m)) => {
            finite(&[&m.weights, &m.means, &m.factors]).then_some(())?;
            Mixture::of(m).map(Parameters::Mixture)
        }
        ("appearance", P::Appearance(a)) => {
            finite(&[&a.mean, &a.directions]).then_some(())?;
            Appearance::of(a).map(Parameters::Appearance)
        }
        ("forecast", P::Forecaster(f)) => {
            let lists = [&f.weights, &f.off, &f.season];
            (finite(&lists) && f.intercept.is_finite()).then_some(Parameters::Other)
        }
        ("patterns", P::Patterns(_)) => Some(Parameters::Other),
        _ => None,
    }
}
