//! `make bench-cluster`: what the cluster costs and how long it takes, beside its references.
//!
//! Each part writes target/bench/cluster-PART.json and prints a table; no figure fails it.

mod cost;
mod latency;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

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
fn bench_cluster_latency() {
    bench("latency", |kafka, flink, dir, file| {
        json!(latency::measure(kafka, flink, dir, &Clip::read(file)))
    });
}

#[test]
#[ignore = "make bench-cluster"]
fn bench_cluster_cost() {
    bench("cost", cost::measure);
}

/// Runs a part on servers of its own: a job reads all that is there, so that one part's cameras
/// would be the other's cost.
fn bench(name: &str, measure: impl FnOnce(&Kafka, &Flink, &Path, &Path) -> Value) {
    let dir = tempfile::tempdir().unwrap();
    let kafka = Kafka::start(&dir.path().join("kafka"), 1);
    let flink = Flink::start(&dir.path().join("flink"), 2, 1);
    let file = clip_1080();
    let clip = Clip::read(&file);
    println!("\n{}: {} frames, {:.2} Mbit/s", file.display(), clip.frames(), {
        clip.bytes() as f64 * 8.0 / (clip.frames() as f64 * clip.pace().as_secs_f64()) / 1e6
    });
    let before = machine_load();
    let measured = measure(&kafka, &flink, dir.path(), &file);
    let report = json!({
        "clip": file.file_name().map(|n| n.to_string_lossy()),
        "profile": if cfg!(debug_assertions) { "dev" } else { "release" },
        "cores": std::thread::available_parallelism().map_or(0, |n| n.get()),
        "machine_load": { "before": before, "after": machine_load() },
        name: measured,
    });
    let out = root().join(format!("target/bench/cluster-{name}.json"));
    std::fs::create_dir_all(out.parent().unwrap()).unwrap();
    std::fs::write(&out, format!("{report:#}\n")).unwrap();
    println!("\nmachine load {before:.1} before, {:.1} after; {}", machine_load(), out.display());
}
