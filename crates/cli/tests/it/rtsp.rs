//! A camera over RTSP whose server goes and comes back.

use std::time::Duration;

use serde_json::Value;

use crate::common::{Flumen, clip, free_port, rtsp};

#[test]
fn rtsp_camera_comes_back_and_its_neighbour_has_no_hole() {
    let dir = tempfile::tempdir().unwrap();
    let env = [("FLUMEN__INGEST__ALLOW_HOSTS", "[\"127.0.0.1\"]".to_owned())];
    let running = Flumen::start_with(dir.path(), &env);
    let port = free_port();
    running.add("yard", "synthetic:yard?seed=2&size=640x360&fps=15&seconds=20", &[]);
    running.wait_live("yard", Duration::from_secs(60));
    running.add("gate", &format!("rtsp://127.0.0.1:{port}/cam"), &[]);
    let took = rtsp::restarts(&running, "gate", &clip("street", 20, 15), port, 1);
    println!("back after {took:?}");

    let gaps = |id: &str| -> Vec<Value> {
        let path = format!("/api/v1/cameras/{id}/timeline?from_us=0&to_us={}", i64::MAX / 2);
        running.get(&path)["gaps"].as_array().cloned().unwrap_or_default()
    };
    assert!(!gaps("gate").is_empty(), "the hole of the camera is on its timeline");
    assert_eq!(gaps("yard"), Vec::<Value>::new(), "the other camera has no hole");
    assert_eq!(running.camera("yard")["reconnects"], 0);
    running.stop();
}
