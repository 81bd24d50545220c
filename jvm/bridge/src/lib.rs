//! The boundary to the JVM: sessions of the analyzer behind a few coarse natives.
//!
//! Bytes go in and bytes come out; Java holds numbers, never pointers. The Java half lies in
//! `src/main/java`; what crosses and who owns it is in `docs/design/0007-boundary.md`.
//! Invariants: whatever number, bytes or thread Java comes with, the answer is a result or an
//! error, never undefined behaviour; a panic poisons the one session that it happened in; no
//! thread, callback or runtime of ours lives in the JVM.
//! Not here: analysis (`analyzer`), Kafka and Flink (`jvm/flink`).
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod codes;
mod frame;
mod natives;
#[cfg(debug_assertions)]
mod planted;
mod sessions;

pub use codes::code;
pub use frame::{Record, Reply, replies};
pub use sessions::Sessions;

/// Version of library and jar; they must be the same.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
