//! Pure frame analysis: planes in, masks, boxes and tracks out.
//!
//! Invariants: no C, no clock, no I/O, no threads, no randomness; the same frames give the
//! same bytes on every machine (integers, and `f64` only through exactly rounded `+ - * /`
//! in a fixed order); nothing is allocated per frame once the size is known.
//! Units: "reduced pixels" are pixels of the working picture, about 480 wide; what leaves
//! this crate is in source pixels.
//! Not here: decoding (`media`), events and records (`analyzer`).
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod absorb;
mod appearance;
mod assign;
mod background;
mod bits;
mod blobs;
mod cast;
#[cfg(test)]
mod cast_tests;
mod classify;
mod clean;
mod compare;
mod grid;
mod kalman;
mod lanes;
#[cfg(test)]
mod lanes_tests;
mod learn;
mod line;
mod lost;
mod mask;
mod measure;
mod motion;
mod place;
mod quality;
mod reduce;
mod regions;
mod rules;
mod rules_crowd;
mod rules_follow;
mod rules_left;
mod rules_settled;
#[cfg(test)]
mod rules_tests;
mod rules_visits;
mod rules_watched;
mod scene;
pub mod score;
mod stage;
mod standing;
mod state;
mod sun;
mod tamper;
mod tamper_freeze;
mod tamper_judge;
mod tamper_layer;
mod tamper_moved;
mod tamper_state;
#[cfg(test)]
mod tamper_tests;
mod tamper_view;
#[cfg(test)]
mod tests;
mod thing;
mod tone;
mod track;
mod tracker;
mod view;
mod window;
mod window_names;
#[cfg(test)]
mod window_tests;
mod zone;

pub use bits::Bits;
pub use grid::Grid;
pub use lanes::Lanes;
pub use mask::Mask;
pub use measure::{Measurer, Measures};
pub use motion::{Motion, Tuning, VERSION};
pub use quality::Quality;
pub use rules::{Detail, Moment, Seen, Sign, Turn, Watch};
pub use stage::{Stage, StageSink, mark};
pub use state::{Reader, Writer};
pub use tamper::{Look, Span, TAMPER_VERSION, Tamper, TamperChange};
pub use tamper_judge::TamperKind;
pub use thing::{SceneState, Standing, StandingKind, Thing, Working};
pub use window::{Pictured, Sums, Weighed};
pub use window_names::{Dimension, WINDOW_DIMENSIONS, WINDOW_SCHEMA, dimensions};
