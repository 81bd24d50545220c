//! One file a subcommand.

pub mod analyze;
pub mod bench;
pub mod camera;
pub mod check;
pub mod config;
pub mod export;
pub mod farm;
pub mod push;
