//! `make bench-cluster`: what the cluster costs and how long it takes, beside its references.
//!
//! Writes target/bench/cluster.json and prints a table; no figure fails it.

mod cost;
mod latency;

use std::path::PathBuf;

use serde_json::json;

use super::clip_of;
use super::figures::machine_load;
use super::load::Clip;
use super::servers::{Flink, Kafka, root};

/// The 1080p clip: of the footage when there is some, else the farm's.
fn clip_1080() -> PathBuf {
    match std::env::var("FLUMEN_FOOTAGE") {
        Ok(dir) if !dir.is_empty() => PathBuf::from(dir).join("clips/cctv-1080p-h264.mp4"),
        _ => clip_of("street", "1920x1080", 25, 8),
    }
}

#[test]
#[ignore = "make bench-cluster"]
fn bench_cluster() {
    let dir = tempfile::tempdir().unwrap();
    let flink = Flink::start(&dir.path().join("flink"), 2, 1);
    let file = clip_1080();
    let clip = Clip::read(&file);
    println!("\n{}: {} frames, {:.2} Mbit/s", file.display(), clip.frames(), {
        clip.bytes() as f64 * 8.0 / (clip.frames() as f64 * clip.pace().as_secs_f64()) / 1e6
    });
    let before = machine_load();
    // A Kafka each: a job reads all that is there, so one's cameras would be the other's cost.
    let latency = {
        let kafka = Kafka::start(&dir.path().join("kafka-latency"), 1);
        latency::measure(&kafka, &flink, dir.path(), &clip)
    };
    let kafka = Kafka::start(&dir.path().join("kafka-cost"), 1);
    let cost = cost::measure(&kafka, &flink, dir.path(), &file);
    let report = json!({
        "clip": file.file_name().map(|n| n.to_string_lossy()),
        "profile": if cfg!(debug_assertions) { "dev" } else { "release" },
        "cores": std::thread::available_parallelism().map_or(0, |n| n.get()),
        "machine_load": { "before": before, "after": machine_load() },
        "cost": cost,
        "latency": latency,
    });
    let out = root().join("target/bench/cluster.json");
    std::fs::create_dir_all(out.parent().unwrap()).unwrap();
    std::fs::write(&out, format!("{report:#}\n")).unwrap();
    println!("\nmachine load {before:.1} before, {:.1} after; {}", machine_load(), out.display());
}
