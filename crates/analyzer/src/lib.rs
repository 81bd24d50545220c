//! Packets in, results out: the one object that every engine runs.
//!
//! Invariants: the outputs depend on the records alone (no clock, no thread, no random
//! number); a restored analyzer goes on as the one that was saved would have; whatever the
//! input, memory stays within `Settings` (a group of pictures of at most `snapshot_bytes`
//! is held, and at most one event is open).
//! Not here: decoding (`media`), what is done with a picture (`operators`), where records
//! come from and go to (`runtime`, `lab`).
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod analyzer;
mod decoding;
mod events;
mod gaps;
mod join;
mod meta;
mod order;
mod output;
mod settings;
mod sight;
mod snapshot;

pub use analyzer::{Analyzer, MaskSink};
pub use flumen_operators::Mask;
pub use output::Output;
pub use settings::Settings;
