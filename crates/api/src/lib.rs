//! The HTTP face: REST, live video, playback, the web pages.
//!
//! Invariants: loopback only, Host and Origin checked on every request; all queues, bodies
//! and sockets are bounded; a blocking call never runs on an async thread; passwords go in
//! and never come out.
//! Not here: workers (they are handed in as traits, `face`), the pages' source (`web/`).

#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod app;
mod cameras;
mod cluster;
mod config;
mod engines;
mod events;
mod extract;
mod face;
mod flink;
mod guard;
mod learning;
mod listener;
mod live;
mod metrics;
pub mod model;
mod pages;
pub mod peer;
mod problem;
mod push;
mod recordings;
mod routes;
mod serve;
mod sockets;
mod stop;
mod system;

#[cfg(test)]
mod tests;

pub use config::ApiConfig;
pub use engines::{Checkpoint, Checkpoints, Engine, Engines, Job, NoEngines};
pub use face::{
    CameraStatus, Cameras, EventQuery, Face, InsightQuery, Library, Probe, ProbeRequest, Problem,
    PushSession, PushUnit, Stage, Stages, State, Timeline, Video,
};
pub use flink::Flink;
pub use problem::ProblemDocument;
pub use routes::openapi;
pub use serve::serve;
