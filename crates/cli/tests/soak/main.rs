//! Long fault campaigns; each prints its figures for the dated report in docs/reports.
#![allow(missing_docs, clippy::indexing_slicing, clippy::unwrap_used)]

mod cluster;
#[path = "../common/mod.rs"]
mod common;

use std::time::Duration;

use common::{clip, flumen, kills, lost, repeated_events, rtsp, succeed};

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
    let pair = rtsp::Pair::start(dir.path());
    let took = pair.restarts(&clip("street", 20, 15), 10);
    let told = |of: fn(&rtsp::Back) -> Duration| {
        let (worst, median) = worst_and_median(took.iter().map(of).collect());
        format!("median {median:.2?}, worst {worst:.2?}")
    };
    println!(
        "10 restarts, from the server's first answer: live {}; first decoded picture {}",
        told(|b| b.live),
        told(|b| b.decoded)
    );
    assert_eq!(pair.running.camera("yard")["reconnects"], 0);
    pair.running.stop();
}
