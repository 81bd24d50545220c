//! Learned models on the real runtime: each second of a card's way is told.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use flumen_base::wire::{self, Codec, FrameResult, ModelCard, PacketHeader, Reject, model_card};
use flumen_base::{Clock, SystemClock, topic};
use flumen_bus::{Bus, Embedded, EmbeddedConfig, Polled, Record, Start, Visibility};
use flumen_farm::{Clip, SceneSpec};
use flumen_runtime::{Runtime, RuntimeConfig};
use prost::Message;

fn card(version: u64, effective_us: i64) -> ModelCard {
    let empty = |n: usize| vec![0.0; n];
    ModelCard {
        scope: "yard".into(),
        kind: "profile".into(),
        version,
        lineage: "a".into(),
        schema: 1,
        effective_us,
        parameters: Some(model_card::Parameters::Profile(wire::Profile {
            hour_seen: empty(168),
            hour_active: empty(168),
            cells: empty(48),
            ways: empty(96),
            crowds: empty(192),
            dwells: empty(12),
        })),
        ..ModelCard::default()
    }
}

fn publish(bus: &dyn Bus, card: &ModelCard) {
    let key = format!("{}/{}/{}", card.scope, card.kind, card.version);
    bus.table(topic::MODELS).unwrap().put(key.as_bytes(), Some(&card.encode_to_vec())).unwrap();
}

/// A camera that runs in real time, and reads what is said of its frames.
struct Rig {
    bus: Arc<Embedded>,
    clip: Clip,
    sent: u64,
    reader: Box<dyn flumen_bus::Consumer>,
    seen: Vec<FrameResult>,
}

impl Rig {
    fn new(dir: &Path) -> Rig {
        let spec: SceneSpec =
            "synthetic:street?seed=1&seconds=4&size=160x96&fps=25&codec=h264".parse().unwrap();
        let clip = Clip::load_or_make(&spec, dir, &mut |_, _| {}).unwrap();
        let bus = Embedded::open(&dir.join("bus"), EmbeddedConfig::default()).unwrap();
        let reader = bus.consumer(&[topic::FRAMES], Start::Earliest, Visibility::Written).unwrap();
        Rig { bus, clip, sent: 0, reader, seen: Vec::new() }
    }

    /// Sends the next unit as of now and reads what there is.
    fn unit(&mut self) {
        let at = self.sent as usize % self.clip.units.len();
        let now_us = SystemClock.wall_us();
        let Some(unit) = self.clip.units.get(at) else { return };
        let pts_us = 1_800_000_000_000_000 + self.sent as i64 * 40_000;
        let header = PacketHeader {
            camera: "yard".into(),
            epoch: 1,
            sequence: self.sent,
            codec: Codec::H264.into(),
            width: 160,
            height: 96,
            pts_us,
            dts_us: pts_us,
            duration_us: 40_000,
            key: unit.key,
            capture_us: now_us,
            arrival_us: now_us,
            parameter_hash: 7,
            ..PacketHeader::default()
        };
        let record = Record {
            key: Bytes::from_static(b"yard"),
            headers: vec![(topic::PACKET_HEADER.into(), header.encode_to_vec().into())],
            value: unit.data.clone(),
            timestamp_us: now_us,
        };
        self.bus.send(topic::VIDEO, record).unwrap();
        self.sent += 1;
        for polled in self.reader.poll(100, Duration::from_millis(20)).unwrap() {
            let Polled::Record(d) = polled else { panic!("{polled:?}") };
            self.seen.push(FrameResult::decode(d.record.value).unwrap());
        }
    }

    /// Runs until a frame says that this version is in force; how long that took.
    fn until(&mut self, version: u64) -> Duration {
        let begun = Instant::now();
        while self.seen.last().is_none_or(|f| f.model_version != version) {
            self.unit();
            assert!(begun.elapsed() < Duration::from_secs(60), "version {version} never counts");
        }
        begun.elapsed()
    }
}

fn start(bus: &Arc<Embedded>, dir: &Path) -> Runtime {
    let config = RuntimeConfig {
        dir: dir.join("runtime"),
        workers: 1,
        shed_after: Duration::from_secs(3600),
        ..RuntimeConfig::default()
    };
    Runtime::start(bus.clone(), config).unwrap()
}

/// Prints how long a published card takes to be in force, with a time that is over and with the
/// half second that trainers give.
#[test]
fn published_cards_come_into_force_and_no_frame_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(dir.path());
    publish(rig.bus.as_ref(), &card(1, 0));
    let runtime = start(&rig.bus, dir.path());
    rig.until(1);
    for (name, ahead_us, first) in [("at once", 0, 2), ("in half a second", 500_000, 22)] {
        let mut took = Vec::new();
        for version in first..first + 20 {
            let due_us = SystemClock.wall_us() + ahead_us;
            publish(rig.bus.as_ref(), &card(version, due_us));
            took.push(rig.until(version));
        }
        took.sort_unstable();
        let (median, worst) = (took.get(10).unwrap(), took.last().unwrap());
        println!(
            "card that counts {name}: in force after {median:?} (median), {worst:?} (worst of 20)"
        );
    }
    runtime.stop().unwrap();
    let sequences: Vec<u64> = rig.seen.iter().map(|f| f.sequence).collect();
    assert_eq!(sequences, (0..sequences.len() as u64).collect::<Vec<_>>());
    assert!(rig.seen.is_sorted_by_key(|f| f.model_version));
}

#[test]
fn a_refused_card_is_told_once_also_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut rig = Rig::new(dir.path());
    publish(rig.bus.as_ref(), &card(1, 0));
    publish(rig.bus.as_ref(), &ModelCard { schema: 9, ..card(2, 0) });
    let runtime = start(&rig.bus, dir.path());
    rig.until(1);
    publish(
        rig.bus.as_ref(),
        &ModelCard { scope: "group:x".into(), kind: "?".into(), ..card(2, 0) },
    );
    publish(rig.bus.as_ref(), &card(3, 0));
    rig.until(3);
    runtime.stop().unwrap();
    start(&rig.bus, dir.path()).stop().unwrap();
    let mut reader =
        rig.bus.consumer(&[topic::REJECTS], Start::Earliest, Visibility::Written).unwrap();
    let mut told = Vec::new();
    while told.len() < 2 {
        for polled in reader.poll(10, Duration::from_secs(1)).unwrap() {
            let Polled::Record(d) = polled else { panic!("{polled:?}") };
            told.push(Reject::decode(d.record.value).unwrap());
        }
    }
    let reasons: Vec<&str> = told.iter().map(|r| r.reason.as_str()).collect();
    assert!(reasons.first().unwrap().contains("schema 9"), "{reasons:?}");
    assert!(reasons.get(1).unwrap().contains("group:x/?/2"), "{reasons:?}");
    assert!(told.iter().all(|r| r.topic == topic::MODELS));
}
