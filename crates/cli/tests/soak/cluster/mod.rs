//! Campaigns against real Kafka and Flink; they print the figures of docs/reports/*-cluster.md.

mod answers;
mod bench;
mod broker;
mod client;
mod crash;
mod figures;
mod ingest;
mod kills;
mod learning;
mod load;
mod memory;
mod models;
mod moved;
mod same;
mod servers;
mod spooled;
mod upgrade;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::common::{FLUMEN, clip, succeed};

/// The long forms take hours; the short ones show the same in minutes.
pub fn long() -> bool {
    std::env::var("FLUMEN_SOAK_LONG").is_ok_and(|v| v == "1")
}

/// A number from the environment.
pub fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

/// The clip of the campaigns' cameras: 640x360, 15 a second.
pub fn street() -> PathBuf {
    clip("street", 20, 15)
}

/// A clip of another size, made once for all runs of a build.
pub fn clip_of(scene: &str, size: &str, fps: u32, seconds: u32) -> PathBuf {
    let name = format!("{scene}-{size}-{fps}-{seconds}");
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let video = dir.join("video.mp4");
    if !video.exists() {
        let spec = format!("synthetic:{scene}?seed=7&size={size}&fps={fps}&seconds={seconds}");
        let making = dir.with_extension("making");
        let _ = std::fs::remove_dir_all(&making);
        let mut command = Command::new(FLUMEN);
        succeed(&command.args(["farm", "make", &spec, "--out"]).arg(&making).output().unwrap());
        std::fs::rename(&making, &dir).unwrap();
    }
    video
}

/// Moments drawn from a seed.
pub struct Random(pub u64);

impl Random {
    /// The seed of this run, printed with the figures.
    pub fn seed() -> u64 {
        number("FLUMEN_SEED", std::time::UNIX_EPOCH.elapsed().map_or(1, |t| t.as_nanos() as u64))
    }

    pub fn below(&mut self, limit: Duration) -> Duration {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis((self.0 >> 33) % limit.as_millis().max(1) as u64)
    }
}
