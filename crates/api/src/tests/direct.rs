//! Live view while the bus is away: every picture once, and words for what is late.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use flumen_base::{Result, topic, wire};
use flumen_bus::{
    Bus, Consumer, Embedded, EmbeddedConfig, Health, Pending, Record, Start, Table, Visibility,
    Watermark,
};
use prost::Message as _;

use super::fakes::live;
use super::site::Site;
use super::socket::{Said, Socket, connect, hear, hear_json};
use crate::ApiConfig;
use crate::peer::Tap;

/// A bus that says when it is away.
struct Cut(Arc<dyn Bus>, Arc<AtomicBool>);

impl Bus for Cut {
    fn send(&self, topic: &str, record: Record) -> Result<Pending> {
        self.0.send(topic, record)
    }
    fn consumer(&self, topics: &[&str], from: Start, see: Visibility) -> Result<Box<dyn Consumer>> {
        self.0.consumer(topics, from, see)
    }
    fn watermarks(&self, topic: &str) -> Result<Vec<Watermark>> {
        self.0.watermarks(topic)
    }
    fn table(&self, topic: &str) -> Result<Arc<dyn Table>> {
        self.0.table(topic)
    }
    fn partition_of(&self, topic: &str, key: &[u8]) -> Result<u32> {
        self.0.partition_of(topic, key)
    }
    fn health(&self) -> Health {
        let reachable = !self.1.load(Ordering::SeqCst);
        Health { kind: "kafka", reachable, ..Health::default() }
    }
}

fn record(sequence: u64) -> Record {
    let header = wire::PacketHeader {
        camera: "yard".into(),
        epoch: 1,
        sequence,
        codec: wire::Codec::Mjpeg.into(),
        width: 8,
        height: 8,
        pts_us: sequence as i64,
        dts_us: sequence as i64,
        // Only the first of ten can be begun with.
        key: sequence.is_multiple_of(10),
        ..wire::PacketHeader::default()
    };
    Record {
        key: Bytes::from_static(b"yard"),
        headers: vec![(topic::PACKET_HEADER.into(), header.encode_to_vec().into())],
        value: Bytes::from(vec![0xff, 0xd8, sequence as u8]),
        timestamp_us: super::fakes::NOW_US,
    }
}

/// The next picture's number; states on the way are noted.
async fn picture(client: &mut Socket, late: &mut Vec<Option<String>>) -> u8 {
    loop {
        match hear(client).await {
            Said::Bytes(bytes) => return bytes[11],
            Said::Json(told) if told["type"] == "state" => {
                let told = told["late"].as_str().map(str::to_owned);
                if late.last() != Some(&told) {
                    late.push(told);
                }
            }
            Said::Json(told) if told["type"] == "init" => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_bus_is_away_pictures_come_from_the_owner_without_a_jump() {
    let spool = tempfile::tempdir().unwrap();
    let owner = Tap::new(Embedded::open(spool.path(), EmbeddedConfig::default()).unwrap());
    let away = Arc::new(AtomicBool::new(false));
    let (latest, cut) = (owner.clone(), away.clone());
    let config = ApiConfig::at(([127, 0, 0, 1], 0).into());
    let site = Site::made(config, |face| {
        let bus = Arc::new(Cut(face.bus.clone(), cut));
        crate::Face { bus, ..face }.with_latest(latest)
    })
    .await;
    site.camera("yard").await;
    *site.fakes.status.lock().unwrap() = vec![live("yard")];
    let shoot = |n: u64, on_bus: bool| {
        drop(owner.send(topic::VIDEO, record(n)).unwrap());
        if on_bus {
            site.send(topic::VIDEO, record(n));
        }
    };
    let (mut client, _) = connect(&site, "/api/v1/cameras/yard/live").await.unwrap();
    let mut late = Vec::new();
    hear_json(&mut client).await;
    for n in 0..15 {
        shoot(n, true);
        assert_eq!(picture(&mut client, &mut late).await, n as u8);
    }
    away.store(true, Ordering::SeqCst);
    for n in 15..40 {
        shoot(n, false);
        assert_eq!(picture(&mut client, &mut late).await, n as u8);
    }
    // A second watcher begins in the same group of pictures.
    let (mut second, _) = connect(&site, "/api/v1/cameras/yard/live").await.unwrap();
    assert_eq!(picture(&mut second, &mut Vec::new()).await, 30);
    away.store(false, Ordering::SeqCst);
    for n in 15..40 {
        site.send(topic::VIDEO, record(n));
    }
    for n in 40..70 {
        shoot(n, true);
        assert_eq!(picture(&mut client, &mut late).await, n as u8);
    }
    let words = late.iter().flatten().next().unwrap();
    assert!(words.contains("Kafka has been away for"), "{late:?}");
    assert!(
        words.ends_with("live pictures come straight from the camera's ingest; boxes are late")
    );
    loop {
        let told = hear_json(&mut client).await;
        if told["type"] == "state" && told.get("late").is_none() {
            break;
        }
    }
    site.stop().await.unwrap();
}
