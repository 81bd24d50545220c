//! A camera over RTSP whose server goes and comes back.

use std::time::Duration;

use flumen_base::{Clock, SystemClock};
use serde_json::Value;

use crate::common::{clip, rtsp, wait_for};

#[test]
fn rtsp_camera_comes_back_and_its_neighbour_has_no_hole() {
    let dir = tempfile::tempdir().unwrap();
    let pair = rtsp::Pair::start(dir.path());
    let took = pair.restarts(&clip("street", 20, 15), 1);
    println!("back after {took:?}");

    let gaps = |id: &str| -> Vec<Value> {
        let now_us = SystemClock.wall_us();
        let from_us = now_us - 600_000_000;
        let path = format!("/api/v1/cameras/{id}/timeline?from_us={from_us}&to_us={now_us}");
        pair.running.get(&path)["gaps"].as_array().expect("a timeline has gaps").clone()
    };
    let network =
        |id| gaps(id).iter().filter(|g| g["cause"] == "network" || g["cause"] == "offline").count();
    wait_for("the hole to be on the camera's timeline", Duration::from_secs(20), || {
        (network("gate") > 0).then_some(())
    });
    let live_us = Some(pair.yard_live_us);
    let first_render_only = gaps("yard").iter().all(|g| g["end_us"].as_i64() <= live_us);
    assert!(first_render_only, "the other camera has no hole: {:?}", gaps("yard"));
    assert_eq!(pair.running.camera("yard")["reconnects"], 0);
    pair.running.stop();
}
