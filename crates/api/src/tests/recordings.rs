//! Recordings: the timeline, and video as a stream.

use bytes::Bytes;
use flumen_base::{Error, wire};
use serde_json::json;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::site::Site;

#[tokio::test]
async fn the_timeline_tells_what_is_and_what_is_not() {
    let site = Site::start().await;
    let event = wire::Event { camera: "yard".into(), begin_us: 150, ..wire::Event::default() };
    *site.fakes.events.lock().unwrap() = vec![event];
    let told = site.get("/api/v1/cameras/yard/timeline?from_us=100&to_us=200").await.json();
    assert_eq!(
        told["segments"],
        json!([{"start_us": 100, "end_us": 101}, {"start_us": 102, "end_us": 190}])
    );
    assert_eq!(told["pending"], json!([{"start_us": 190, "end_us": 200}]));
    assert_eq!(told["gaps"], json!([{"start_us": 101, "cause": "network", "detail": ""}]));
    assert_eq!(told["events"].as_array().unwrap().len(), 1);
    for bad in [
        "",
        "?from_us=1",
        "?from_us=2&to_us=1",
        "?from_us=-5&to_us=1",
        "?from_us=0&to_us=99999999999999999",
    ] {
        assert_eq!(
            site.get(&format!("/api/v1/cameras/yard/timeline{bad}")).await.status,
            400,
            "{bad}"
        );
    }
}

#[tokio::test]
async fn video_streams_whole_and_errors_have_their_status() {
    let site = Site::start().await;
    let path = "/api/v1/cameras/yard/video.mp4?from_us=1000000&to_us=2000000";
    let none = site.get(path).await;
    assert!(none.status == 404 && none.problem().contains("nothing of camera yard"));
    let pieces: Vec<_> = (0..50u8).map(|n| Ok(Bytes::from(vec![n; 100_000]))).collect();
    *site.fakes.video.lock().unwrap() = pieces;
    let got = site.get(&format!("{path}&download=1")).await;
    assert_eq!((got.status, got.body.len()), (200, 5_000_000));
    assert_eq!(got.headers["content-type"], "video/mp4");
    assert_eq!(got.headers["x-flumen-start-us"], "999993");
    assert_eq!(got.headers["content-disposition"], "attachment; filename=\"yard-1.mp4\"");
    *site.fakes.video.lock().unwrap() = vec![Ok(Bytes::from_static(b"first"))];
    let head = format!("HEAD {path} HTTP/1.1\r\nHost: {}", site.host());
    let head = site.raw(&head, b"").await;
    assert_eq!((head.status, head.headers["x-flumen-start-us"].as_str()), (200, "999993"));
    assert_eq!(head.headers["x-flumen-end-us"], "2000000");
    assert!(head.body.is_empty());
    let damaged = site.get("/api/v1/cameras/yard/video.mp4?from_us=13&to_us=20").await;
    assert!(damaged.status == 410 && damaged.problem().contains("flumen check"));
    let long = site.get("/api/v1/cameras/yard/video.mp4?from_us=0&to_us=99999999999999").await;
    assert_eq!(long.status, 400);
}

#[tokio::test]
async fn a_video_that_breaks_off_is_seen_to_break_off() {
    let site = Site::start().await;
    *site.fakes.video.lock().unwrap() =
        vec![Ok(Bytes::from_static(b"first")), Err(Error::data_loss("damaged")), Ok(Bytes::new())];
    let mut stream = tokio::net::TcpStream::connect(site.at).await.unwrap();
    let path = "/api/v1/cameras/yard/video.mp4?from_us=1&to_us=2";
    let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", site.host());
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all).await;
    assert!(!all.ends_with(b"0\r\n\r\n"), "the last chunk would say that all is well");
}
