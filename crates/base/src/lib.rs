//! The words of Flumen: ids, media time, packets, frames, results, the one error.
//!
//! Invariants: no I/O, no async, no clock of its own (only the `Clock` trait).
//! Units: microseconds, bytes, pixels of the source picture.
//! Not here: anything that only two rooms need.

mod camera_id;
mod clock;
mod error;
pub mod frame;
pub mod packet;
pub mod topic;

pub use camera_id::CameraId;
pub use clock::{Clock, ManualClock, SystemClock};
pub use error::{Context, Error, Kind, Result};
pub use frame::{Frame, Plane};
pub use packet::Packet;

/// The records that travel, generated from `proto/flumen.proto`.
#[allow(missing_docs, clippy::all)]
pub mod wire {
    include!("wire.gen.rs");
}
