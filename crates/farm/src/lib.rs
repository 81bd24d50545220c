//! Synthetic cameras with exact ground truth: seeded scenes, rendered here, encoded by `media`.
//!
//! Invariants: the same [`SceneSpec`] gives the same pictures and the same truth; nothing
//! moves in the first and the last second of a scene and its light is periodic, so that a
//! clip loops without a seam; every picture carries its number ([`read_code`]).
//! Units: metres and seconds inside a scene, pixels and microseconds outside.
//! Not here: cameras and connections (`ingest`), scores (`lab`).
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod clip;
mod spec;

pub use clip::{Clip, ClipUnit};
pub use spec::{SceneKind, SceneSpec};
