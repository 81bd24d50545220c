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
