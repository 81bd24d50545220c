//! Scores of learned models: how odd a window or a minute is.
//!
//! Invariants: `f64` in a fixed order; the same window and card give the same score on every
//! engine. A card that does not compute its own golden vectors is never used.
//! Spec: docs/ref/models.md, schema 1.
//! Not here: training (`learn`, the Spark job).

mod anomalies;
mod appearance;
mod clusters;
mod features;
mod judge;
mod lane;
mod learned;
mod minute;
mod mixture;
mod model;
mod profile;
mod running;
mod scorer;
#[cfg(test)]
mod scorer_tests;
mod shadow;
#[cfg(test)]
mod tests;
mod words;

pub use anomalies::{Anomaly, Mark, alike};
pub use appearance::Appearance;
pub use clusters::Clusters;
pub use features::{FEATURES, FeatureVector, features, is_busy, is_good, names, standardised};
pub use lane::{Offered, WAITING};
pub use learned::Learned;
pub use minute::{MinuteSoFar, Third, day_hour, minute_of};
pub use mixture::Mixture;
pub use model::{MODEL_BYTES, MODEL_SCHEMA, Model, Parameters};
pub use profile::{PROFILE_DIMENSIONS, Profile, ProfileScore};
pub use scorer::{SCORED, Scorer, older};
pub use words::{absence_oddity, look_oddity, movement_oddity, profile_oddity};
