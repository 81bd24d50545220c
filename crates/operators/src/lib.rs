//! Pure frame analysis: planes in, masks, boxes and tracks out.
//!
//! Invariants: no C, no clock, no I/O, no threads, no randomness; the same frames give the
//! same bytes on every machine (integers, and `f64` only through exactly rounded `+ - * /`
//! in a fixed order); nothing is allocated per frame once the size is known.
//! Units: "reduced pixels" are pixels of the working picture, about 480 wide; what leaves
//! this crate is in source pixels.
//! Not here: decoding (`media`), events and records (`analyzer`).
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod bits;
mod grid;
mod mask;
mod reduce;

pub use bits::Bits;
pub use grid::Grid;
pub use mask::Mask;
pub use reduce::Shape;
