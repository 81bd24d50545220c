//! Live view over a real socket, from the bus to the client.

use bytes::Bytes;
use flumen_base::{topic, wire};
use flumen_bus::Record;
use futures_util::SinkExt;
use prost::Message as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::fakes::live;
use super::site::Site;
use super::socket::{Said, coded, connect, hear, hear_bytes, hear_json, hear_next};

const BASE_US: i64 = 1_000_000_000;

/// Puts coded pictures on the bus as ingest does.
fn publish(site: &Site, codec: wire::Codec, epoch: u64, units: &[flumen_media::Encoded]) {
    for (sequence, unit) in (0..).zip(units) {
        let header = wire::PacketHeader {
            camera: "yard".into(),
            epoch,
            sequence,
            codec: codec.into(),
            width: 64,
            height: 64,
            pts_us: BASE_US + unit.pts_us,
            dts_us: BASE_US + unit.dts_us,
            duration_us: 100_000,
            key: unit.key,
            parameter_hash: epoch,
            ..wire::PacketHeader::default()
        };
        send(site, topic::VIDEO, Some(header.encode_to_vec()), unit.data.clone());
    }
}

fn send(site: &Site, topic: &str, header: Option<Vec<u8>>, value: Bytes) {
    let headers = header.map(|h| (topic::PACKET_HEADER.to_owned(), h.into()));
    let (key, headers) = (Bytes::from_static(b"yard"), headers.into_iter().collect());
    site.send(topic, Record { key, headers, value, timestamp_us: 1 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h264_comes_as_fragments_with_boxes_of_the_same_time() {
    let site = Site::start().await;
    site.camera("yard").await;
    let (mut client, _) = connect(&site, "/api/v1/cameras/yard/live").await.unwrap();
    assert_eq!(hear_json(&mut client).await, json!({"type": "state", "state": "connecting"}));
    let units = coded(wire::Codec::H264, 4, 4);
    publish(&site, wire::Codec::H264, 1, &units);
    let init = hear_next(&mut client).await;
    assert_eq!((&init["type"], &init["mode"]), (&json!("init"), &json!("mse")));
    assert!(init["mime"].as_str().unwrap().starts_with("video/mp4; codecs=\"avc"), "{init}");
    let base_us = init["base_us"].as_i64().unwrap();
    assert_eq!(base_us, BASE_US + units[0].dts_us.min(units[0].pts_us));
    let mut file = hear_bytes(&mut client).await;
    assert_eq!((file.remove(0), &file[4..8]), (0, &b"ftyp"[..]));
    for _ in &units {
        let fragment = hear_bytes(&mut client).await;
        assert_eq!((fragment[0], &fragment[5..9]), (1, &b"moof"[..]));
        file.extend_from_slice(&fragment[1..]);
    }
    let mut reader = flumen_media::fmp4::Reader::open(&file[..]).unwrap();
    for unit in &units {
        let read = reader.next_unit().unwrap().unwrap();
        assert_eq!(read.pts_us + base_us, BASE_US + unit.pts_us);
        assert_eq!(read.key, unit.key);
    }

    let found = wire::FrameResult {
        camera: "yard".into(),
        epoch: 1,
        pts_us: BASE_US + units[2].pts_us,
        width: 64,
        height: 64,
        boxes: vec![wire::Box { track: 5, left: -1, width: 9, ..wire::Box::default() }],
        ..wire::FrameResult::default()
    };
    send(&site, topic::FRAMES, None, found.encode_to_vec().into());
    let boxes = hear_next(&mut client).await;
    assert_eq!((&boxes["type"], &boxes["pts_us"]), (&json!("boxes"), &json!(found.pts_us)));
    assert_eq!(boxes["boxes"][0]["left"], -1);

    // A second client begins at the key picture; a new epoch brings a new init segment.
    let (mut late, _) = connect(&site, "/api/v1/cameras/yard/live?stream=auto").await.unwrap();
    hear_json(&mut late).await;
    assert_eq!(hear_next(&mut late).await["base_us"], base_us);
    publish(&site, wire::Codec::H264, 2, &units);
    let again = hear_next(&mut client).await;
    assert_eq!((&again["epoch"], &again["base_us"]), (&json!(2), &json!(base_us)));
    *site.fakes.status.lock().unwrap() = vec![live("yard")];
    loop {
        if let Said::Json(told) = hear(&mut client).await
            && told["state"] == "live"
        {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_without_h265_gets_pictures_and_one_with_it_gets_fragments() {
    let site = Site::start().await;
    site.camera("yard").await;
    let (mut without, _) = connect(&site, "/api/v1/cameras/yard/live").await.unwrap();
    let (mut with, _) = connect(&site, "/api/v1/cameras/yard/live").await.unwrap();
    let says =
        json!({"type": "supports", "mimes": {"video/mp4; codecs=\"hvc1.1.6.L93.B0\"": true}});
    with.send(Message::text(says.to_string())).await.unwrap();
    for client in [&mut without, &mut with] {
        hear_json(client).await;
    }
    assert_eq!(site.get("/api/v1/cameras/yard/snapshot.jpg").await.status, 503);
    let units = coded(wire::Codec::H265, 3, 3);
    publish(&site, wire::Codec::H265, 1, &units);
    let init = hear_next(&mut without).await;
    assert_eq!((&init["mode"], init.get("mime")), (&json!("stills"), None));
    assert!(init["reason"].as_str().unwrap().contains("does not play H.265"));
    let picture = hear_bytes(&mut without).await;
    assert_eq!(picture[0], 2);
    assert_eq!(picture[1..9], (BASE_US + units[0].pts_us).to_be_bytes());
    assert_eq!(picture[9..11], [0xff, 0xd8]);
    let snapshot = site.get("/api/v1/cameras/yard/snapshot.jpg").await;
    assert_eq!(snapshot.headers["content-type"], "image/jpeg");
    assert_eq!(snapshot.body, picture[9..], "decoded once for all");
    // What it plays may have been heard after the first key picture: then the next one counts.
    publish(&site, wire::Codec::H265, 2, &units);
    loop {
        if let Said::Json(told) = hear(&mut with).await
            && told["mode"] == "mse"
        {
            assert!(
                told["mime"].as_str().unwrap().contains("hvc1")
                    || told["mime"].as_str().unwrap().contains("hev1")
            );
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boxes_of_the_main_stream_are_told_in_the_epoch_of_the_small_one() {
    let site = Site::start().await;
    let sources = json!([{"address": "push:"}, {"stream": "sub", "address": "push:"}]);
    site.post("/api/v1/cameras", json!({"id": "yard", "sources": sources})).await;
    let (mut client, _) = connect(&site, "/api/v1/cameras/yard/live?stream=auto").await.unwrap();
    hear_json(&mut client).await;
    let mut header = wire::PacketHeader { epoch: 7, key: true, ..picture_header() };
    header.set_stream(wire::Stream::Sub);
    send(&site, topic::VIDEO, Some(header.encode_to_vec()), Bytes::from_static(b"jpeg"));
    assert_eq!(hear_next(&mut client).await["epoch"], 7);
    hear_bytes(&mut client).await;
    let found = wire::FrameResult { camera: "yard".into(), epoch: 6, ..Default::default() };
    send(&site, topic::FRAMES, None, found.encode_to_vec().into());
    assert_eq!(hear_next(&mut client).await["epoch"], 7);
}

fn picture_header() -> wire::PacketHeader {
    let codec = wire::Codec::Mjpeg.into();
    wire::PacketHeader { camera: "yard".into(), codec, width: 8, height: 8, ..Default::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mjpeg_comes_as_it_is() {
    let site = Site::start().await;
    site.camera("yard").await;
    let (mut client, _) = connect(&site, "/api/v1/cameras/yard/live").await.unwrap();
    hear_json(&mut client).await;
    let unit = |n: i64| flumen_media::Encoded {
        data: Bytes::from(vec![0xff, 0xd8, n as u8]),
        pts_us: n,
        dts_us: n,
        key: true,
    };
    publish(&site, wire::Codec::Mjpeg, 1, &[unit(0), unit(1)]);
    assert_eq!(hear_next(&mut client).await["mode"], "mjpeg");
    for n in 0..2u8 {
        assert_eq!(hear_bytes(&mut client).await[9..], [0xff, 0xd8, n]);
    }
}

#[tokio::test]
async fn sockets_are_bounded_and_refusals_are_told() {
    let config =
        crate::ApiConfig { max_websockets: 1, ..crate::ApiConfig::at(([127, 0, 0, 1], 0).into()) };
    let site = Site::with(config).await;
    site.camera("yard").await;
    assert_eq!(connect(&site, "/api/v1/cameras/none/live").await.unwrap_err(), 404);
    assert_eq!(connect(&site, "/api/v1/cameras/yard/live?stream=x").await.unwrap_err(), 400);
    let plain = site.get("/api/v1/cameras/yard/live").await;
    assert!(plain.status == 426 && plain.problem().contains("WebSocket"));
    let first = connect(&site, "/api/v1/events/live").await.unwrap();
    assert_eq!(connect(&site, "/api/v1/cameras/yard/live").await.unwrap_err(), 429);
    drop(first);
    while connect(&site, "/api/v1/events/live").await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_stops_with_sockets_and_downloads_open() {
    let site = Site::start().await;
    site.camera("yard").await;
    let (mut video, _) = connect(&site, "/api/v1/cameras/yard/live").await.unwrap();
    let (mut events, _) = connect(&site, "/api/v1/events/live").await.unwrap();
    let (mut push, _) = connect(&site, "/api/v1/push/pushed").await.unwrap();
    hear_json(&mut video).await;
    site.stop().await.unwrap();
    for socket in [&mut video, &mut events, &mut push] {
        match hear(socket).await {
            Said::Closed(code) => assert_eq!(code, Some(1001)),
            other => panic!("{other:?}"),
        }
    }
}
