//! The embedded durable log: bytes, offsets, recovery, retention.
//!
//! A log is a folder of segments. Records get dense offsets from 0; readers go through them by
//! offset or by time. One thread writes batches, one syncs groups of them (`fdatasync`, at most
//! [`Config::sync_delay`] apart) and tells who waits. A log knows nothing of what it holds.
//!
//! # Files, format version 1
//!
//! `<base>-<generation>.log`, base with 20 and generation with 10 decimal digits: a segment.
//! The same name with `.idx`: its index, which may be deleted at any time. All numbers are
//! little-endian; crc is CRC-32C (Castagnoli, RFC 3720 B.4).
//!
//! Segment head, 4096 bytes: two equal copies at 0 and 2048, zeros between.
//!
//! | at | bytes | what |
//! |---:|---:|---|
//! | 0 | 8 | `FLMNJRNL` |
//! | 8 | 4 | format version, 1 |
//! | 12 | 4 | generation |
//! | 16 | 8 | base: offset of the first record |
//! | 24 | 8 | salt, another for each segment |
//! | 32 | 8 | made at, microseconds UTC |
//! | 40 | 20 | zeros |
//! | 60 | 4 | crc of bytes 0..60 |
//!
//! Record, 40 bytes and the payload, directly behind the one before:
//!
//! | at | bytes | what |
//! |---:|---:|---|
//! | 0 | 4 | `FLr1` |
//! | 4 | 4 | crc of: salt (8), place of the record in the file (8), bytes 8..40 |
//! | 8 | 4 | length of the payload |
//! | 12 | 4 | crc of the payload |
//! | 16 | 8 | offset; in a mark: all records below it are durable |
//! | 24 | 8 | timestamp, microseconds, as the caller gave it; 0 in a mark |
//! | 32 | 4 | kind: 0 record, 1 mark |
//! | 36 | 4 | zeros |
//!
//! Salt and place in the sum mean that bytes copied from elsewhere, even a log stored inside a
//! record, are never taken for records. The header has a sum of its own, so that a length is
//! believed before the payload is read, and damage to a payload costs that record only.
//!
//! Index: `FLMNIDX1`, salt, length of the segment, oldest and newest timestamp (8 bytes each),
//! count (4), entries (offset, newest timestamp before it, place: 8 bytes each; one about each
//! 256 KiB), crc (4).
//!
//! # Limits
//!
//! Payload 16 MiB. Segment 64 KiB to 1 GiB, passed by at most one record. Offsets to 2^63.
//! One process opens a log at a time (the caller sees to it). Memory: the queue
//! ([`Config::queue_bytes`]), a batch of 4 MiB or one record, and a window of 128 KiB or one
//! record for each reader.
//!
//! # Writing
//!
//! A batch is written behind the last byte; then readers with [`Visibility::Written`] see it.
//! A sync makes it durable; then it is acknowledged, [`Visibility::Durable`] readers see it, and
//! a mark with the durable offset goes into the log before the next batch. When a segment is
//! full: sync it, make the next one, write its head, sync it, sync the folder; only then records
//! go there. So only the newest segment can hold anything that is not durable.
//!
//! A write that fails (disk full, I/O error) is cut off and the cut synced; its records are
//! refused, their offsets are given to the next ones, and the log goes on. A sync that fails
//! breaks the log for this process: the system may have dropped the pages and would call a second
//! sync a success. Nothing is acknowledged any more, the tail behind the durable offset is cut
//! so that the next process does not find it in the page cache, and all calls say so.
//!
//! # Recovery
//!
//! 1. A segment without a whole head and with nothing behind it never came to be and is removed.
//!    Any other bad head is damage of that whole segment.
//! 2. Of segments with the same base only the newest generation stays: the others are empty.
//! 3. The newest segment is read. `floor` = the highest mark in it, or its base. The first bad
//!    bytes at or behind `floor` begin a torn tail: the file is cut there. Bad bytes before are
//!    damage: logged as an error, counted, left in place, told to readers as
//!    [`Read::Damaged`]; acknowledged offsets are never given out again.
//! 4. What stands behind `floor` is written once more and synced: it may have been in memory
//!    only, or be dropped by a failed sync of the last process.
//! 5. The next record begins a new segment with a new generation. A reader that saw unsynced
//!    records of an older generation can tell them from what has those offsets now.
//!
//! Older segments are read when somebody reads them, or by [`check`].
//!
//! # Retention
//!
//! Whole segments go, the oldest first: while the log is larger than [`Config::keep_bytes`], or
//! when the newest timestamp of a segment is older than [`Config::keep_age`]. The newest segment
//! stays, but ends when its oldest record is an eighth of that age old. What this process wrote
//! stays for the full age by a clock that nobody sets, and so does what was stamped before 2020:
//! a clock that jumps, or was not set, removes nothing. A reader that fell behind is told
//! [`Read::Expired`]. Who needs what was read no longer removes it with [`Journal::trim`].
//!
//! Not here: topics, keys, headers (`bus`).

#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod check;
mod config;
mod disk;
mod format;
mod fuzz;
mod index;
mod journal;
mod log;
mod reader;
mod recovery;
mod retention;
mod scan;
mod segment;
pub mod sim;
#[cfg(test)]
mod tests;
mod view;
mod window;
mod work;

pub use check::{Checked, Damage, check};
pub use config::{Config, Entry, MAX_PAYLOAD_BYTES, Visibility};
pub use disk::{Disk, DiskFile, StdDisk};
pub use fuzz::fuzz_recovery;
pub use journal::{Done, Journal, Placed, Stats};
pub use reader::{From, Read, Reader, Stored};
pub use recovery::Report;
pub use view::Signal;
