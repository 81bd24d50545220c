//! The embedded stream runtime of one process: `flumen.video` -> analyzers -> results.
//!
//! Invariants: one camera is on one worker at a time and its records keep their order; a slow
//! camera never stalls its neighbours; a checkpoint never passes the durable offset of
//! `flumen.video` and is written after its results are durable; after a restart each result
//! stands once, identical.
//! Not here: a cluster (that is Flink's), the analysis (`analyzer`).
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod begin;
mod camera;
mod cameras;
mod checkpoint;
mod config;
mod lanes;
mod models;
mod reader;
mod results;
mod runtime;
mod save;
mod stats;
#[cfg(test)]
mod tests;
mod verdict;
mod worker;

pub use config::RuntimeConfig;
pub use runtime::{AnalysisStatus, Runtime};
pub use verdict::{Verdict, verdict};
