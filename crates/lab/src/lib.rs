//! Files through the analyzer, scores against truth, benches, and the loss checker.
//!
//! Invariants: nothing here is needed by the running service; a file is analysed by the same
//! object and with the same records as a camera.
//! Not here: the analysis itself (`analyzer`), the making of footage (`farm`).
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod analyze;
pub mod bench;
mod compare;
pub mod cpu;
mod footage;
pub mod gate;
mod gate_clip;
mod gate_told;
pub mod gate_visits;
mod hungarian;
pub mod learn;
pub mod loss;
mod pass;
mod png_read;
mod profile;
pub mod score;
mod table;

pub use analyze::{AnalyzeOptions, Summary, analyze};
pub use compare::{Comparison, Method, make_scene};
pub use footage::{ClipScore, OddScore, QualityOptions, Scores, quality, quality_of};
pub use pass::{Item, PassOptions, Passed, pass};
pub use profile::{StageCost, profile};
