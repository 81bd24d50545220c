//! The real analyzer on footage of the farm: the same records however often it is stopped.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use flumen_base::topic;
use flumen_base::wire::{
    self, Codec, Event, FrameResult, Marker, ModelCard, PacketHeader, model_card,
};
use flumen_bus::{Bus, Embedded, EmbeddedConfig, Polled, Record, Start, Visibility};
use flumen_farm::{Clip, SceneSpec};
use flumen_runtime::{Runtime, RuntimeConfig};
use prost::Message;

const CAMERAS: [&str; 2] = ["yard", "gate"];
const START_US: i64 = 1_800_000_000_000_000;

fn clip(dir: &Path) -> Clip {
    let spec: SceneSpec =
        "synthetic:street?seed=1&seconds=25&size=192x112&fps=10&codec=h264".parse().unwrap();
    Clip::load_or_make(&spec, dir, &mut |_, _| {}).unwrap()
}

fn open(dir: &Path) -> Arc<Embedded> {
    let config =
        EmbeddedConfig { sync_delay: Duration::from_millis(1), ..EmbeddedConfig::default() };
    Embedded::open(&dir.join("bus"), config).unwrap()
}

fn start(bus: &Arc<Embedded>, dir: &Path) -> Runtime {
    let checkpoint_every = Duration::from_millis(40);
    let config = RuntimeConfig {
        dir: dir.join("runtime"),
        workers: 2,
        checkpoint_every,
        // What is left out on a busy machine is another answer.
        shed_after: Duration::from_secs(3600),
        ..RuntimeConfig::default()
    };
    Runtime::start(bus.clone(), config).unwrap()
}

fn send(bus: &dyn Bus, header: &PacketHeader, data: Bytes) {
    let record = Record {
        key: Bytes::from(header.camera.clone()),
        headers: vec![(topic::PACKET_HEADER.into(), header.encode_to_vec().into())],
        value: data,
        timestamp_us: header.arrival_us,
    };
    bus.send(topic::VIDEO, record).unwrap().wait().unwrap();
}

/// Units `range` of the clip for both cameras; the end of the stream behind the last.
fn shoot(bus: &dyn Bus, clip: &Clip, range: std::ops::Range<usize>) {
    for n in range {
        for camera in CAMERAS {
            let Some(unit) = clip.units.get(n) else { continue };
            let header = PacketHeader {
                camera: camera.into(),
                epoch: 1,
                sequence: n as u64,
                codec: Codec::H264.into(),
                width: 192,
                height: 112,
                pts_us: START_US + unit.pts_us,
                dts_us: START_US + unit.dts_us,
                duration_us: 100_000,
                key: unit.key,
                capture_us: START_US + unit.pts_us,
                arrival_us: START_US + unit.dts_us,
                parameter_hash: 7,
                ..PacketHeader::default()
            };
            send(bus, &header, unit.data.clone());
            if n + 1 == clip.units.len() {
                let marker = Marker::EndOfStream.into();
                send(
                    bus,
                    &PacketHeader { marker, key: false, sequence: n as u64 + 1, ..header },
                    Bytes::new(),
                );
            }
        }
    }
}

/// Centres of one camera that are far from all that it shows, the second from the middle on.
fn learn(bus: &dyn Bus) {
    let threshold = model_card::Threshold { dimension: "cluster".into(), score: 1.0 };
    let normal = model_card::Normal {
        camera: "yard".into(),
        mean: vec![0.0; 12],
        deviation: vec![1.0; 12],
        thresholds: vec![threshold],
        ..Default::default()
    };
    for (version, effective_us) in [(1, 0), (2, START_US + 12_000_000)] {
        let card = ModelCard {
            scope: "yard".into(),
            kind: "kmeans".into(),
            version,
            schema: 1,
            effective_us,
            normals: vec![normal.clone()],
            parameters: Some(model_card::Parameters::Clusters(wire::Clusters {
                centres: vec![9.0; 12],
                weights: vec![1.0],
            })),
            ..ModelCard::default()
        };
        let key = format!("yard/kmeans/{version}");
        let table = bus.table(topic::MODELS).unwrap();
        table.put(key.as_bytes(), Some(&card.encode_to_vec())).unwrap();
    }
}

/// Windows of each camera.
const SECONDS: usize = 25;

type Log = BTreeMap<Bytes, Vec<Bytes>>;

fn log(bus: &dyn Bus, topic: &str) -> Log {
    let end: u64 = bus.watermarks(topic).unwrap().iter().map(|w| w.next).sum();
    let mut reader = bus.consumer(&[topic], Start::Earliest, Visibility::Written).unwrap();
    let (mut all, mut n) = (Log::new(), 0);
    while n < end {
        for polled in reader.poll(1000, Duration::from_secs(1)).unwrap() {
            let Polled::Record(d) = polled else { panic!("{polled:?}") };
            all.entry(d.record.key).or_default().push(d.record.value);
            n += 1;
        }
    }
    all
}

/// Waits until each camera has a result for its last picture, and for the marker behind it: the
/// window that it closes.
fn settle(bus: &dyn Bus, clip: &Clip) {
    let last = clip.units.len() as u64 - 1;
    let begun = Instant::now();
    let is_last = |f: &Bytes| FrameResult::decode(f.clone()).unwrap().sequence == last;
    while begun.elapsed() < Duration::from_secs(60) {
        let frames = log(bus, topic::FRAMES);
        let seen = frames.len() == CAMERAS.len() && frames.values().all(|f| f.iter().any(is_last));
        if seen && log(bus, topic::WINDOWS).values().all(|w| w.len() >= SECONDS) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the last pictures have no result");
}

const RESULTS: [&str; 5] =
    [topic::FRAMES, topic::EVENTS, topic::PICTURES, topic::REJECTS, topic::WINDOWS];

fn results(bus: &dyn Bus) -> [Log; 5] {
    RESULTS.map(|name| log(bus, name))
}

/// Topic, camera and place of the first record that differs.
fn first_difference(found: &[Log; 5], expected: &[Log; 5]) -> Option<(&'static str, Bytes, usize)> {
    let logs = RESULTS.into_iter().zip(found.iter().zip(expected));
    logs.flat_map(|(name, (found, expected))| expected.iter().map(move |e| (name, found, e)))
        .find_map(|(name, found, (key, expected))| {
            let found = found.get(key).map_or(&[][..], Vec::as_slice);
            let most = found.len().max(expected.len());
            let at = (0..most).find(|at| found.get(*at) != expected.get(*at))?;
            Some((name, key.clone(), at))
        })
}

#[test]
fn stopped_anywhere_the_records_are_those_of_an_undisturbed_run() {
    let calm = tempfile::tempdir().unwrap();
    let clip = clip(calm.path());
    let bus = open(calm.path());
    learn(bus.as_ref());
    let runtime = start(&bus, calm.path());
    shoot(bus.as_ref(), &clip, 0..clip.units.len());
    settle(bus.as_ref(), &clip);
    runtime.stop().unwrap();
    let expected = results(bus.as_ref());
    assert!(expected[0].values().all(|frames| frames.len() == clip.units.len()));
    assert!(!expected[1].is_empty() && !expected[2].is_empty(), "the clip has no event");
    let yard = |log: &Log| log.get("yard".as_bytes()).cloned().unwrap_or_default();
    let events = yard(&expected[1]).into_iter().map(|e| Event::decode(e).unwrap());
    assert!(events.filter(|e| e.kind == "anomaly").count() >= 2, "an anomaly begins and ends");
    let frames = yard(&expected[0]).into_iter().map(|f| FrameResult::decode(f).unwrap());
    let versions: Vec<u64> = frames.map(|f| f.model_version).collect();
    assert_eq!(versions, (0..250).map(|n| if n < 120 { 1 } else { 2 }).collect::<Vec<_>>());
    assert!(expected[3].is_empty());
    assert!(expected[4].values().all(|windows| windows.len() == SECONDS), "one a second");

    for step in [11, 37] {
        let dir = tempfile::tempdir().unwrap();
        let bus = open(dir.path());
        learn(bus.as_ref());
        let mut at = 0;
        let mut calmly = true;
        while at < clip.units.len() {
            let runtime = start(&bus, dir.path());
            shoot(bus.as_ref(), &clip, at..at + step);
            at += step;
            calmly = !calmly;
            if calmly {
                runtime.stop().unwrap();
            } else {
                drop(runtime); // no last checkpoint
            }
        }
        let runtime = start(&bus, dir.path());
        settle(bus.as_ref(), &clip);
        assert_eq!(runtime.problems(), Vec::<String>::new());
        runtime.stop().unwrap();
        let found = results(bus.as_ref());
        assert_eq!(first_difference(&found, &expected), None, "stopped each {step} units");
    }
}
