//! Packets in, results out: the one object that every engine runs.
//!
//! Invariants: the outputs depend on the records alone (no clock, no thread, no random
//! number); a restored analyzer goes on as the one that was saved would have; whatever the
//! input, memory stays within `Settings` (a group of pictures of at most `snapshot_bytes`
//! is held, and at most 64 events are open).
//! A `Session` is what hosts run: an analyzer and every rule of hosting that decides an answer;
//! an `Analyzer` alone is for files. The only files are the notes of what was in hand at a
//! crash, in a directory that the host names.
//! Not here: decoding (`media`), what is done with a picture (`operators`), where records
//! come from and go to (`runtime`, `lab`).
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod analyzer;
mod anomaly;
mod cards;
mod care;
mod decoding;
mod engine;
mod events;
mod events_open;
mod events_rules;
mod gaps;
mod gate;
mod gate_run;
mod gate_sight;
mod join;
mod meta;
mod models;
mod named;
mod notes;
mod order;
mod output;
mod parts;
mod pictures;
mod privacy;
mod refuse;
mod session;
mod session_snapshot;
mod settings;
mod sight;
mod sight_snapshot;
mod site;
mod snapshot;
mod tamper;
mod windows;

pub use analyzer::{Analyzer, MaskSink};
pub use engine::{Analyzers, Engine, Engines};
pub use flumen_operators::score::{Learned, Offered};
pub use flumen_operators::{
    Dimension as WindowDimension, Mask, Stage, StageSink, WINDOW_DIMENSIONS, WINDOW_SCHEMA,
    dimensions as window_dimensions,
};
pub use models::{Given, Models};
pub use named::{Named, id_of};
pub use notes::{Hand, Notes, Unit};
pub use output::Output;
pub use refuse::reject_stray;
pub use session::{Session, Taken};
pub use settings::Settings;
