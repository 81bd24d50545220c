//! One file a subcommand.

pub mod analyze;
pub mod bench;
mod bench_learn;
mod bench_quality;
pub mod bridge;
pub mod camera;
pub mod check;
pub mod config;
pub mod copy;
pub mod export;
pub mod farm;
mod latency;
pub mod learn;
pub mod model;
pub mod push;
pub mod topics;
