//! Real processes, a real RTSP server, FFmpeg and a browser; each fault once.
//!
//! What needs Kafka is ignored unless `--include-ignored` is said.
//! Run by `make it`, which installs what is needed. Campaigns are in `tests/soak`.
#![allow(missing_docs, clippy::indexing_slicing, clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod archive;
mod browser;
mod examples;
mod hdfs;
mod kafka;
mod kill;
mod push;
mod rescore;
mod rtsp;
mod rules;
mod servers;
mod spark;
