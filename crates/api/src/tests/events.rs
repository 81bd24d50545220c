//! Events: paged, with pictures, and as they happen.

use bytes::Bytes;
use flumen_base::{topic, wire};
use flumen_bus::Record;
use prost::Message;
use serde_json::json;

use super::site::Site;
use super::socket::{connect, hear_json};

fn event(number: u8, begin_us: i64) -> wire::Event {
    wire::Event {
        id: vec![number; 16].into(),
        camera: "yard".into(),
        kind: "motion".into(),
        begin_us,
        ..wire::Event::default()
    }
}

#[tokio::test]
async fn pages_lose_nothing_where_times_are_equal() {
    let site = Site::start().await;
    let times = [90, 80, 80, 80, 70, 60];
    *site.fakes.events.lock().unwrap() = times.iter().zip(1..).map(|(&t, n)| event(n, t)).collect();
    let (mut seen, mut before) = (Vec::new(), String::new());
    for _ in 0..10 {
        let page = site.get(&format!("/api/v1/events?limit=3{before}")).await.json();
        seen.extend(
            page["events"].as_array().unwrap().iter().map(|e| e["begin_us"].as_i64().unwrap()),
        );
        match page.get("next_before_us") {
            Some(next) => before = format!("&before_us={next}"),
            None => break,
        }
    }
    assert_eq!(seen, times);
    let some = site.get("/api/v1/events?camera=yard&kind=motion&from_us=70&to_us=81&limit=9").await;
    assert_eq!(some.json()["events"].as_array().unwrap().len(), 4);
    for bad in ["limit=0", "limit=1001", "limit=x", "camera=No"] {
        let told = site.get(&format!("/api/v1/events?{bad}")).await;
        assert!(told.status == 400 && !told.problem().is_empty(), "{bad}");
    }
}

#[tokio::test]
async fn an_event_has_its_picture_before_it_is_archived() {
    let site = Site::start().await;
    let (of, archived) =
        (|n: u8| "0123456789abcdef".chars().nth(n.into()).unwrap(), "07".repeat(16));
    let got = site.get(&format!("/api/v1/events/{archived}/picture.jpg")).await;
    assert_eq!((got.status, got.headers["content-type"].as_str()), (200, "image/jpeg"));
    let fresh = format!("0{}", of(9)).repeat(16);
    let path = format!("/api/v1/events/{fresh}/picture.jpg");
    assert_eq!(site.get(&path).await.status, 404);
    assert_eq!(site.get("/api/v1/events/xyz/picture.jpg").await.status, 400);

    let (mut events, _) = connect(&site, "/api/v1/events/live").await.unwrap();
    let picture = wire::Picture {
        event_id: vec![9; 16].into(),
        jpeg: Bytes::from_static(b"jpeg"),
        ..wire::Picture::default()
    };
    let record = |value: Vec<u8>| Record {
        key: Bytes::from_static(b"yard"),
        headers: Vec::new(),
        value: value.into(),
        timestamp_us: 1,
    };
    let told = wire::Event { picture: true, ..event(9, 5) };
    site.send(topic::EVENTS, record(vec![0xff]));
    site.send(topic::EVENTS, record(told.encode_to_vec()));
    let json = hear_json(&mut events).await;
    assert_eq!((&json["picture"], &json["phase"]), (&json!(path), &json!("begin")));
    // Events and pictures come from different topics: who asks before the picture is there waits.
    let later = async {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        site.send(topic::PICTURES, record(picture.encode_to_vec()));
    };
    let (got, ()) = tokio::join!(site.get(&path), later);
    assert_eq!(got.status, 200);
}
