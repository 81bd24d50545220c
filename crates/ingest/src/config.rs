//! What the ingest is told at its start.
//!
//! Invariants: a validated configuration leaves no wait, queue or number without a bound.
//! Not here: cameras, which are data (`flumen.cameras`).

use std::path::PathBuf;
use std::time::Duration;

use flumen_base::{Error, Result};

/// Most cameras that one process is ever allowed.
const MOST_CAMERAS: usize = 4096;

/// How the ingest works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IngestConfig {
    /// Where synthetic cameras keep their rendered clips.
    pub cache_dir: PathBuf,
    /// The key that seals the cameras' passwords; made at the first start.
    pub key_file: PathBuf,
    /// Folders below which `file:` cameras may read; none means no files.
    pub file_roots: Vec<PathBuf>,
    /// Hosts on the loopback or a link-local network that cameras may have.
    pub allow_hosts: Vec<String>,
    /// Longest wait between two tries to reach a camera.
    pub reconnect_max: Duration,
    /// A camera that is silent for so long is connected anew.
    pub stall: Duration,
    /// Most cameras that are run; more are told that there is no room.
    pub max_cameras: usize,
    /// How long a camera's reader waits for a full bus before it drops the rest of a group of
    /// pictures.
    pub overload_wait: Duration,
    /// Where rows of the gap ledger wait for a bus that is away; none: only in memory.
    pub ledger_file: Option<PathBuf>,
    /// Name of this process in `flumen.owners`.
    pub process: String,
    /// Where this process can be reached, for `flumen.owners`.
    pub address: String,
}

impl Default for IngestConfig {
    fn default() -> IngestConfig {
        IngestConfig {
            cache_dir: PathBuf::from("data/cache"),
            key_file: PathBuf::from("data/key"),
            file_roots: Vec::new(),
            allow_hosts: Vec::new(),
            reconnect_max: Duration::from_secs(2),
            stall: Duration::from_secs(5),
            max_cameras: 256,
            overload_wait: Duration::from_millis(500),
            ledger_file: None,
            process: format!("pid-{}", std::process::id()),
            address: String::new(),
        }
    }
}

impl IngestConfig {
    /// Holds the values against their limits.
    ///
    /// # Errors
    /// `Invalid` with the name of the value and its limits.
    pub fn validate(&self) -> Result<()> {
        let times = [
            ("reconnect_max", self.reconnect_max, 100, 600_000),
            ("stall", self.stall, 500, 600_000),
            ("overload_wait", self.overload_wait, 0, 10_000),
        ];
        for (name, value, least_ms, most_ms) in times {
            if !(least_ms..=most_ms).contains(&value.as_millis()) {
                return Err(Error::invalid(format!(
                    "ingest: {name} is {value:?} and must be {least_ms} ms to {most_ms} ms"
                )));
            }
        }
        if !(1..=MOST_CAMERAS).contains(&self.max_cameras) {
            return Err(Error::invalid(format!(
                "ingest: max_cameras is {} and must be 1 to {MOST_CAMERAS}",
                self.max_cameras
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid_and_nonsense_is_named() {
        assert!(IngestConfig::default().validate().is_ok());
        let none = IngestConfig { max_cameras: 0, ..IngestConfig::default() };
        assert!(none.validate().unwrap_err().to_string().contains("max_cameras"));
        let hasty = IngestConfig { stall: Duration::ZERO, ..IngestConfig::default() };
        assert!(hasty.validate().unwrap_err().to_string().contains("stall"));
    }
}
