//! Synthetic cameras with exact ground truth: seeded scenes, rendered here, encoded by `media`.
//!
//! Invariants: the same [`SceneSpec`] gives the same pictures and the same truth; nothing
//! moves in the first and the last second of a scene and its light is periodic, so that a
//! clip loops without a seam; every picture carries its number ([`read_code`]).
//! Units: metres and seconds inside a scene, pixels and microseconds outside.
//! Not here: cameras and connections (`ingest`), scores (`lab`).
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod acts;
mod bicycle;
mod body;
mod cache;
mod camera;
mod canvas;
mod cast;
mod clip;
mod code;
mod compose;
pub mod days;
mod effects;
mod flicker;
mod ground;
mod happening;
mod lens;
mod light;
mod lighting;
mod make;
mod math;
mod mixture;
mod options;
mod person;
mod plan;
mod props;
mod render;
mod route;
mod scene;
mod sensor;
mod shape;
mod spec;
mod tamper;
mod trespass;
mod truth;
mod vehicle;
mod weather;
mod wind;
mod world;

pub use clip::{Clip, ClipUnit, SEI_UUID, sei_number};
pub use code::{CODE_MODULUS, read_code};
pub use make::{Made, make, write_grey};
pub use options::{Night, SceneOptions, Span, Tamper, Weather};
pub use render::{Picture, Renderer};
pub use spec::{SceneKind, SceneSpec};
pub use truth::{FrameTruth, OBJECT, OUTSIDE, SHADOW, TruthBox, UNKNOWN};
