//! How the whole is, as JSON.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the whole is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct System {
    /// Of this program.
    pub version: String,
    /// When it began.
    pub started_us: i64,
    /// The host's clock now.
    pub now_us: i64,
    /// Where its data lies.
    pub data_dir: String,
    /// The disk under it; absent when it can't be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk: Option<Disk>,
    /// The workers.
    pub stages: Vec<StageReport>,
    /// What carries everything from worker to worker.
    pub bus: BusReport,
    /// Who analyses, when it is not this program itself.
    pub engines: Vec<EngineReport>,
    /// What is wrong; empty when all is well.
    pub problems: Vec<ProblemReport>,
}

/// A disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Disk {
    /// Size.
    pub total_bytes: u64,
    /// Free for this program.
    pub free_bytes: u64,
}

/// One worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StageReport {
    /// `ingest`, `analysis`, `archive`, `live` ...
    pub name: String,
    /// The camera it works on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub camera: Option<String>,
    /// Units a second; absent when nothing was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_hz: Option<f64>,
    /// How far it is behind; absent when nothing was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_us: Option<i64>,
    /// Units left out.
    pub dropped: u64,
    /// It does what it should.
    pub healthy: bool,
    /// More.
    pub detail: String,
}

/// Something is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemReport {
    /// What.
    pub what: String,
    /// Where.
    #[serde(rename = "where")]
    pub place: String,
    /// What to do.
    pub fix: String,
}

/// The bus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BusReport {
    /// `embedded` or `kafka`.
    pub kind: String,
    /// Records can be made durable now.
    pub reachable: bool,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Its servers; none when it is in this program.
    pub brokers: Vec<BrokerReport>,
    /// Its logs, once they were looked at.
    pub topics: Vec<TopicReport>,
    /// Records that wait on this machine's disk to be sent.
    pub spooled_records: u64,
    /// Bytes of them.
    pub spooled_bytes: u64,
    /// Arrival of the oldest of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spooled_since_us: Option<i64>,
    /// Records that a full disk dropped since the start.
    pub dropped: u64,
    /// Records of video that have no result yet; absent while no result was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis_waiting: Option<u64>,
    /// From a picture's arrival to its result here; absent while none comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis_lag_us: Option<i64>,
}

/// A server of the bus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BrokerReport {
    /// Its number; absent while only its address is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<i32>,
    /// Host and port.
    pub address: String,
    /// It answers.
    pub up: bool,
}

/// A log of the bus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TopicReport {
    /// Its name.
    pub name: String,
    /// Partitions.
    pub partitions: u32,
    /// Records that it keeps now.
    pub records: u64,
    /// Their bytes; absent when it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// An engine that analyses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EngineReport {
    /// `flink`.
    pub kind: String,
    /// Where it is asked; for a person also its own page.
    pub address: String,
    /// It answered when it was asked last.
    pub reachable: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When it answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard_us: Option<i64>,
    /// Its version.
    pub version: String,
    /// Machines that work for it.
    pub workers: u32,
    /// Places for work.
    pub slots: u32,
    /// Places that are free.
    pub free_slots: u32,
    /// What runs on it, and what ran last.
    pub jobs: Vec<JobReport>,
}

/// A job of an engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobReport {
    /// The engine's own name of it.
    pub id: String,
    /// For a person.
    pub name: String,
    /// `RUNNING`, `RESTARTING`, `FAILED` ...
    pub state: String,
    /// When it began.
    pub started_us: i64,
    /// Restarts after a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restarts: Option<u64>,
    /// Why it failed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Checkpoints that are complete.
    pub checkpoints: u64,
    /// Checkpoints that failed.
    pub failed_checkpoints: u64,
    /// The newest that is complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_checkpoint: Option<CheckpointReport>,
    /// When one failed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure_us: Option<i64>,
    /// Why it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<String>,
}

/// A checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckpointReport {
    /// Counts from 1.
    pub id: u64,
    /// When it was begun.
    pub at_us: i64,
    /// How long it took.
    pub duration_us: i64,
    /// Bytes of state.
    pub bytes: u64,
}
