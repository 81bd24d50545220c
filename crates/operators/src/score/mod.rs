//! Scores of learned models: how odd a window or a minute is.
//!
//! Invariants: `f64` in a fixed order; the same window and card give the same score on every
//! engine. A card that does not compute its own golden vectors is never used.
//! Spec: docs/ref/models.md, schema 1.
//! Not here: training (`learn`, the Spark job).

mod appearance;
mod clusters;
mod features;
mod minute;
mod mixture;
mod model;
mod profile;
#[cfg(test)]
mod tests;

pub use appearance::Appearance;
pub use clusters::Clusters;
pub use features::{FEATURES, FeatureVector, features, is_busy, is_good, names, standardised};
pub use minute::{MinuteSoFar, Third, day_hour, minute_of};
pub use mixture::Mixture;
pub use model::{MODEL_BYTES, MODEL_SCHEMA, Model, Parameters};
pub use profile::{PROFILE_DIMENSIONS, Profile, ProfileScore};
