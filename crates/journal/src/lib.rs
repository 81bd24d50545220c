//! The embedded durable log: bytes, offsets, recovery, retention.

#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod config;
mod disk;
mod format;
mod index;
mod journal;
mod log;
mod reader;
mod recovery;
mod retention;
mod scan;
mod segment;
pub mod sim;
mod view;
mod window;
mod work;
#[cfg(test)]
mod tests;

pub use config::{Config, Entry, MAX_PAYLOAD_BYTES, Visibility};
pub use disk::{Disk, DiskFile, StdDisk};
pub use journal::{Done, Journal, Placed, Stats};
pub use reader::{From, Read, Reader, Stored};
pub use recovery::Report;
pub use view::Signal;
