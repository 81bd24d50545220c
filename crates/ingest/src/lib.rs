//! Cameras to packets on the bus: one long-lived thread a source, reconnecting for ever.
//!
//! Invariants: what a camera does never ends its thread and never touches another camera;
//! media time of a camera only goes forward ([`Timeline`]); every wait is bounded and ends at
//! a stop within 2 s; no text shows a password.
//! Units: microseconds; `Duration` in the configuration.
//! Not here: protocols and codecs (`media`), scenes (`farm`), analysis, the archive.
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod backoff;
mod camera;
mod config;
mod epoch;
mod feed;
mod gaps;
mod handover;
mod header;
mod ingest;
mod inputs;
mod lag;
mod ledger;
#[cfg(test)]
mod memory_bus;
mod outbox;
mod pace;
mod pacer;
mod probe;
mod push;
#[cfg(test)]
mod scripted;
mod seat;
mod secret;
mod sharing;
#[cfg(test)]
mod sharing_tests;
#[cfg(test)]
mod simulated;
mod source;
mod status;
mod stored;
mod supervisor;
mod tail;
#[cfg(test)]
mod tests;
mod timeline;
mod vault;

pub use backoff::Backoff;
pub use config::IngestConfig;
pub use ingest::Ingest;
pub use probe::{Probe, ProbeRequest};
pub use push::PushSession;
pub use secret::Secret;
pub use status::{CameraStatus, State};
pub use tail::end_what_was_left;
pub use timeline::{Placed, Stamp, Timeline};
pub use vault::Vault;
