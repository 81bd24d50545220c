//! The whole, and metrics.

use serde_json::json;

use super::fakes::{NOW_US, live};
use super::site::Site;

#[tokio::test]
async fn the_whole_is_told() {
    let site = Site::start().await;
    let told = site.get("/api/v1/system").await.json();
    assert_eq!(told["started_us"], NOW_US);
    assert_eq!(told["problems"], json!([{"what": "disk full", "where": "/d", "fix": "make room"}]));
    assert!(told["disk"]["total_bytes"].as_u64().unwrap() > 0);
    let names: Vec<_> =
        told["stages"].as_array().unwrap().iter().map(|s| s["name"].clone()).collect();
    assert_eq!(names, ["archive", "live"]);
    assert_eq!(site.get("/healthz").await.body, b"ok\n");
    let told = site.get("/api/v1/openapi.json").await;
    assert_eq!(told.body, crate::openapi().as_bytes());
}

#[tokio::test]
async fn metrics_are_well_formed() {
    let site = Site::start().await;
    *site.fakes.status.lock().unwrap() = vec![live("yard")];
    let told = site.get("/metrics").await;
    assert!(told.headers["content-type"].starts_with("text/plain; version=0.0.4"));
    let text = String::from_utf8(told.body).unwrap();
    assert!(text.contains("flumen_camera_live{camera=\"yard\"} 1\n"), "{text}");
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("flumen_") && value.parse::<f64>().is_ok(), "{line}");
    }
}
