//! The bus to files that last: segments, rows, days, retention, and reading them back.
//!
//! Invariants (held by `check`):
//! 1. each segment row has its file, with the row's length and SHA-256;
//! 2. each file under `video/` has a row, or is named in `garbage` (being deleted);
//! 3. spans of one camera's stream and epoch do not overlap; `end_us = start_us + duration_us`;
//! 4. a row is written only after its file is renamed and its directory synced, so a kill at
//!    any step leaves at most a file without a row, which the next run writes again;
//! 5. the position of `flumen.video` in the database never passes a unit without a row.
//!
//! Layout below the store's root:
//! ```text
//! video/<camera>/<yyyy-mm-dd>/<start_us>-<main|sub>.mp4   one segment, fragmented MP4
//! tables/<events|segments|gaps>/day=YYYY-MM-DD/part.parquet   closed days
//! tmp/...                                                 being written; removed at start
//! archive.sqlite                                          rows (beside the local store)
//! ```
//! Not here: the log (`bus`), MP4 boxes (`media`).
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod archive;
mod check;
mod columns;
mod config;
mod day;
mod days;
mod db;
mod export;
mod file;
mod follower;
mod happened;
mod join;
mod keeper;
mod ledger;
mod local;
mod moved;
mod reader;
mod rebuild;
mod recorder;
mod retain;
mod roles;
mod rows;
mod segment;
mod source;
mod span;
mod store;
#[cfg(test)]
mod tests;
mod timeline;
mod turn;
mod unit;
mod video;

pub use archive::{Archive, ArchiveStatus};
pub use check::{Finding, Severity};
pub use config::{ArchiveConfig, Keep};
pub use follower::Follower;
pub use local::LocalStore;
pub use moved::{has_taken, move_to};
pub use reader::{Coverage, EventQuery, InsightQuery, Reader, Span, StoredEvent, Timeline};
pub use retain::Removal;
pub use store::{Entry, Store, Upload};
pub use video::Video;
