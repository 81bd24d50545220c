//! Embedded training: what is normal on each camera, learned from its windows all the time.
//!
//! Invariants: a step is one complete minute of a group; what a step holds depends on the order
//! of windows inside their partitions alone, so that a run that is ended anywhere goes on to the
//! same numbers. The Spark job (`jvm/spark`) learns by the same steps.
//! Spec: docs/ref/models.md.
//! Not here: what a score is (`operators`), live scoring (`analyzer`).
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod camera;
mod cards;
mod centres;
mod config;
mod forecast;
mod group;
mod health;
mod histogram;
mod looks;
mod mixture;
mod normals;
mod odd;
mod patterns;
#[cfg(test)]
mod tests;
mod trainer;
mod verdicts;
mod worker;

pub use cards::TRAINER;
pub use config::LearnConfig;
pub use trainer::{Out, Trainer};
pub use worker::{Learner, Progress, begin_from, publish};
