//! Long fault campaigns; each prints its figures for the dated report in docs/reports.
#![allow(missing_docs, clippy::indexing_slicing, clippy::unwrap_used)]

mod cluster;
#[path = "../common/mod.rs"]
mod common;

use std::time::Duration;

use common::{Flumen, clip, flumen, free_port, kills, lost, repeated_events, rtsp, succeed};

fn worst_and_median(mut all: Vec<Duration>) -> (Duration, Duration) {
    all.sort();
    (all[all.len() - 1], all[all.len() / 2])
}

#[test]
fn fifty_kills_under_load() {
    let seed = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
    let dir = tempfile::tempdir().unwrap();
    let campaign = kills::kill_under_load(dir.path(), 50, seed);
    let missing = lost(dir.path(), &campaign.acks);
    let twice = repeated_events(dir.path());
    let (worst, median) = worst_and_median(campaign.starts);
    println!(
        "50 kills, seed {seed}: {} acknowledged access units lost, {} events twice, start median {median:?}, worst {worst:?}",
        missing.len(),
        twice.len()
    );
    succeed(&flumen(dir.path(), &["check"]));
    assert!(missing.is_empty() && twice.is_empty(), "{missing:?} {twice:?}");
}

#[test]
fn ten_restarts_of_an_rtsp_server() {
    let dir = tempfile::tempdir().unwrap();
    let env = [("FLUMEN__INGEST__ALLOW_HOSTS", "[\"127.0.0.1\"]".to_owned())];
    let running = Flumen::start_with(dir.path(), &env);
    let port = free_port();
    running.add("yard", "synthetic:yard?seed=2&size=640x360&fps=15&seconds=20", &[]);
    running.wait_live("yard", Duration::from_secs(60));
    running.add("gate", &format!("rtsp://127.0.0.1:{port}/cam"), &[]);
    let took = rtsp::restarts(&running, "gate", &clip("street", 20, 15), port, 10);
    let (worst, median) = worst_and_median(took);
    println!("10 restarts: back after median {median:?}, worst {worst:?}");
    assert_eq!(running.camera("yard")["reconnects"], 0);
    running.stop();
}
