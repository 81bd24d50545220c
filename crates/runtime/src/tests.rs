//! The runtime on a real bus with an engine whose every result depends on all it has seen.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use flumen_analyzer::{Engine, Engines, Notes, Output, Settings, Unit};
use flumen_base::wire::{
    Camera, Event, FrameResult, Gate, PacketHeader, Policy, Source, SourcePosition, source::Role,
};
use flumen_base::{CameraId, Error, Packet, Result, topic};
use flumen_bus::{
    Bus, Consumer, Embedded, EmbeddedConfig, Pending, Polled, Record, Start, Table, Visibility,
    Watermark,
};
use prost::Message;

use crate::{Runtime, RuntimeConfig};

const GROUP: u64 = 10;

/// Results are one unit late, as a decoder's; an event a group; the state is a hash of all units.
#[derive(Default)]
struct Mill {
    hash: u64,
    held: Option<(SourcePosition, PacketHeader)>,
    policy: u64,
    shed: bool,
    slow: Duration,
}

impl Engine for Mill {
    fn process(
        &mut self,
        at: SourcePosition,
        packet: &Packet,
        out: &mut Vec<Output>,
    ) -> Result<()> {
        std::thread::sleep(self.slow);
        let h = &packet.header;
        if packet.data.as_ref() == b"bad" {
            return Err(Error::data_loss("bad unit"));
        }
        if packet.data.as_ref() == b"panic" {
            panic!("a planted panic");
        }
        let next = (!self.shed).then(|| (at, h.clone()));
        if let Some((at, held)) = std::mem::replace(&mut self.held, next) {
            out.push(Output::Frame(FrameResult {
                camera: held.camera.clone(),
                epoch: held.epoch,
                sequence: held.sequence,
                pts_us: held.pts_us,
                source: Some(at),
                policy_version: self.policy,
                key_offset: self.hash,
                ..FrameResult::default()
            }));
            if held.key {
                let mut id = self.hash.to_le_bytes().to_vec();
                id.extend_from_slice(&held.sequence.to_le_bytes());
                out.push(Output::Event(Event {
                    id: id.into(),
                    camera: held.camera,
                    ..Event::default()
                }));
            }
        }
        if !self.shed {
            self.hash =
                self.hash.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(h.sequence + 1);
        }
        Ok(())
    }

    fn snapshot(&self) -> Result<Vec<u8>> {
        let (at, held) = self.held.clone().unzip();
        let mut bytes = self.hash.to_le_bytes().to_vec();
        bytes.extend(self.policy.to_le_bytes());
        bytes.push(u8::from(at.is_some()));
        bytes.extend(at.unwrap_or_default().encode_length_delimited_to_vec());
        bytes.extend(held.unwrap_or_default().encode_to_vec());
        Ok(bytes)
    }

    fn announce(&mut self, camera: &Camera) -> Result<()> {
        self.policy = self.policy.max(camera.version);
        Ok(())
    }

    fn shed(&mut self, on: bool) {
        self.shed = on;
    }

    fn begun_anew(&self) -> Option<String> {
        None
    }
}

struct Mills {
    slow: BTreeMap<&'static str, Duration>,
}

impl Engines for Mills {
    fn open(&self, camera: &CameraId, settings: Settings) -> Result<Box<dyn Engine>> {
        let slow = self.slow.get(camera.as_str()).copied().unwrap_or_default();
        Ok(Box::new(Mill { policy: settings.policy_version, slow, ..Mill::default() }))
    }

    fn restore(&self, _: &CameraId, _: Settings, bytes: &[u8]) -> Result<Box<dyn Engine>> {
        let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        let mut rest = &bytes[17..];
        let at = SourcePosition::decode_length_delimited(&mut rest).unwrap();
        let held = (bytes[16] != 0).then(|| (at, PacketHeader::decode(rest).unwrap()));
        Ok(Box::new(Mill { hash: number(0), policy: number(8), held, ..Mill::default() }))
    }
}

fn mills() -> Arc<dyn Engines> {
    Arc::new(Mills { slow: BTreeMap::new() })
}

/// A bus that takes no more results after some number of them, as if the process had died.
struct Dying {
    bus: Arc<Embedded>,
    left: AtomicI64,
}

impl Bus for Dying {
    fn send(&self, topic: &str, record: Record) -> Result<Pending> {
        if topic != topic::VIDEO && self.left.fetch_sub(1, Ordering::SeqCst) <= 0 {
            return Err(Error::unavailable("dead"));
        }
        self.bus.send(topic, record)
    }
    fn consumer(&self, topics: &[&str], from: Start, see: Visibility) -> Result<Box<dyn Consumer>> {
        self.bus.consumer(topics, from, see)
    }
    fn watermarks(&self, topic: &str) -> Result<Vec<Watermark>> {
        self.bus.watermarks(topic)
    }
    fn table(&self, topic: &str) -> Result<Arc<dyn Table>> {
        self.bus.table(topic)
    }
    fn partition_of(&self, topic: &str, key: &[u8]) -> Result<u32> {
        self.bus.partition_of(topic, key)
    }
}

fn open(dir: &Path) -> Arc<Embedded> {
    let config =
        EmbeddedConfig { sync_delay: Duration::from_millis(1), ..EmbeddedConfig::default() };
    Embedded::open(&dir.join("bus"), config).unwrap()
}

fn config(dir: &Path) -> RuntimeConfig {
    let checkpoint_every = Duration::from_millis(3);
    RuntimeConfig {
        dir: dir.join("runtime"),
        workers: 2,
        checkpoint_every,
        ..RuntimeConfig::default()
    }
}

fn header(camera: &str, sequence: u64) -> PacketHeader {
    PacketHeader {
        camera: camera.into(),
        epoch: 1,
        sequence,
        pts_us: sequence as i64 * 40_000,
        arrival_us: 1_000_000_000 + sequence as i64 * 40_000,
        key: sequence.is_multiple_of(GROUP),
        ..PacketHeader::default()
    }
}

fn put(bus: &dyn Bus, header: &PacketHeader, value: &'static [u8]) {
    let record = Record {
        key: Bytes::from(header.camera.clone()),
        headers: vec![(topic::PACKET_HEADER.into(), header.encode_to_vec().into())],
        value: Bytes::from_static(value),
        timestamp_us: header.arrival_us,
    };
    bus.send(topic::VIDEO, record).unwrap().wait().unwrap();
}

/// All records of a log, in order, by camera.
fn log(bus: &dyn Bus, topic: &str) -> BTreeMap<Bytes, Vec<Bytes>> {
    let end: u64 = bus.watermarks(topic).unwrap().iter().map(|w| w.next).sum();
    let mut reader = bus.consumer(&[topic], Start::Earliest, Visibility::Written).unwrap();
    let (mut all, mut n) = (BTreeMap::new(), 0);
    while n < end {
        for polled in reader.poll(1000, Duration::from_secs(1)).unwrap() {
            let Polled::Record(d) = polled else { panic!("{polled:?}") };
            all.entry(d.record.key).or_insert_with(Vec::new).push(d.record.value);
            n += 1;
        }
    }
    all
}

/// Waits until the runtime has finished all that is on the bus.
fn settle(runtime: &Runtime, bus: &dyn Bus) {
    let begun = Instant::now();
    let end = bus.watermarks(topic::VIDEO).unwrap()[0].next;
    while begun.elapsed() < Duration::from_secs(30) {
        if runtime.finished(0) >= end {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("not finished: {:?} {:?}", runtime.status(), runtime.problems());
}

/// Sequences of the frames of each camera, in order of the log.
fn sequences(frames: &BTreeMap<Bytes, Vec<Bytes>>) -> Vec<Vec<u64>> {
    let sequence = |f: &Bytes| FrameResult::decode(f.clone()).unwrap().sequence;
    frames.values().map(|records| records.iter().map(sequence).collect()).collect()
}

const CAMERAS: [&str; 3] = ["gate", "yard", "attic"];

fn film(bus: &dyn Bus, sequences: std::ops::Range<u64>) {
    for sequence in sequences {
        for camera in CAMERAS {
            put(bus, &header(camera, sequence), b"unit");
        }
    }
}

#[test]
fn killed_at_any_result_the_records_are_those_of_an_undisturbed_run() {
    let calm = tempfile::tempdir().unwrap();
    let bus = open(calm.path());
    let runtime = Runtime::with(bus.clone(), config(calm.path()), mills()).unwrap();
    film(bus.as_ref(), 0..45);
    settle(&runtime, bus.as_ref());
    runtime.stop().unwrap();
    let (frames, events) = (log(bus.as_ref(), topic::FRAMES), log(bus.as_ref(), topic::EVENTS));
    assert_eq!(frames.values().map(Vec::len).collect::<Vec<_>>(), [44, 44, 44]);
    assert_eq!(events.values().map(Vec::len).collect::<Vec<_>>(), [5, 5, 5]);

    for seed in 0..4u64 {
        let dir = tempfile::tempdir().unwrap();
        let bus = open(dir.path());
        drop(Runtime::with(bus.clone(), config(dir.path()), mills()).unwrap());
        let mut repeated = 0;
        for round in 0..5 {
            film(bus.as_ref(), round * 9..round * 9 + 9);
            let left = AtomicI64::new(((seed * 7 + round * 11) % 31) as i64);
            let dying = Arc::new(Dying { bus: bus.clone(), left });
            let runtime = Runtime::with(dying.clone(), config(dir.path()), mills()).unwrap();
            let begun = Instant::now();
            while dying.left.load(Ordering::SeqCst) > 0 && begun.elapsed() < Duration::from_secs(5)
            {
                std::thread::sleep(Duration::from_millis(1));
            }
            repeated += runtime.shared.results.repeated.load(Ordering::Relaxed);
            drop(runtime); // no checkpoint
        }
        let runtime = Runtime::with(bus.clone(), config(dir.path()), mills()).unwrap();
        settle(&runtime, bus.as_ref());
        repeated += runtime.shared.results.repeated.load(Ordering::Relaxed);
        assert_eq!(runtime.shared.results.conflicts.load(Ordering::Relaxed), 0);
        runtime.stop().unwrap();
        assert_eq!(
            log(bus.as_ref(), topic::FRAMES),
            frames,
            "seed {seed}, {repeated} repeats dropped"
        );
        assert_eq!(log(bus.as_ref(), topic::EVENTS), events, "seed {seed}");
    }
}

#[test]
fn a_damaged_checkpoint_gives_way_to_the_one_before_and_none_to_the_newest_keys() {
    let dir = tempfile::tempdir().unwrap();
    let bus = open(dir.path());
    let runtime = Runtime::with(bus.clone(), config(dir.path()), mills()).unwrap();
    film(bus.as_ref(), 0..25);
    settle(&runtime, bus.as_ref());
    runtime.stop().unwrap();
    let frames = log(bus.as_ref(), topic::FRAMES);
    let mut files: Vec<_> =
        std::fs::read_dir(dir.path().join("runtime")).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|p| p.file_name().unwrap().to_string_lossy().starts_with("checkpoint-"));
    files.sort();
    assert_eq!(files.len(), 2);
    std::fs::write(&files[1], b"FLCK").unwrap();

    let runtime = Runtime::with(bus.clone(), config(dir.path()), mills()).unwrap();
    settle(&runtime, bus.as_ref());
    assert!(runtime.problems()[0].contains("damaged"), "{:?}", runtime.problems());
    runtime.stop().unwrap();
    assert_eq!(sequences(&log(bus.as_ref(), topic::FRAMES)), sequences(&frames), "nothing twice");

    std::fs::remove_dir_all(dir.path().join("runtime")).unwrap();
    let runtime = Runtime::with(bus.clone(), config(dir.path()), mills()).unwrap();
    settle(&runtime, bus.as_ref());
    assert!(runtime.problems()[0].contains("newest key frames"), "{:?}", runtime.problems());
    // Sequences 20 to 24 again: 5 units each, the last result is still held.
    assert_eq!(runtime.status().iter().map(|s| s.frames).collect::<Vec<_>>(), [5, 5, 5]);
    runtime.stop().unwrap();
    assert_eq!(sequences(&log(bus.as_ref(), topic::FRAMES)), sequences(&frames), "nothing twice");
}

#[test]
fn bad_units_and_panics_stop_no_camera() {
    let dir = tempfile::tempdir().unwrap();
    let bus = open(dir.path());
    let runtime = Runtime::with(bus.clone(), config(dir.path()), mills()).unwrap();
    for sequence in 0..30 {
        let value: &[u8] = match sequence {
            3 => b"bad",
            14 => b"panic",
            _ => b"unit",
        };
        put(bus.as_ref(), &header("gate", sequence), value);
        put(bus.as_ref(), &header("yard", sequence), b"unit");
    }
    settle(&runtime, bus.as_ref());
    runtime.stop().unwrap();
    assert_eq!(log(bus.as_ref(), topic::REJECTS)[b"gate".as_slice()].len(), 2);
    let frames = log(bus.as_ref(), topic::FRAMES);
    assert_eq!(frames[b"yard".as_slice()].len(), 29);
    let gate =
        frames[b"gate".as_slice()].iter().map(|f| FrameResult::decode(f.clone()).unwrap().sequence);
    let expected: Vec<u64> = (0..13).filter(|s| *s != 3).chain(20..29).collect();
    assert_eq!(gate.collect::<Vec<_>>(), expected);
}

#[test]
fn a_slow_camera_is_behind_and_complete_and_its_neighbour_is_not_late() {
    let dir = tempfile::tempdir().unwrap();
    let bus = open(dir.path());
    let slow = BTreeMap::from([("attic", Duration::from_millis(4))]);
    let config = RuntimeConfig { queue_units: 8, ..config(dir.path()) };
    let runtime = Runtime::with(bus.clone(), config, Arc::new(Mills { slow })).unwrap();
    for sequence in 0..120 {
        put(bus.as_ref(), &header("attic", sequence), b"unit");
        put(bus.as_ref(), &header("gate", sequence), b"unit");
    }
    settle(&runtime, bus.as_ref());
    let status = runtime.status();
    assert_eq!(status.iter().map(|s| (s.frames, s.shed)).collect::<Vec<_>>(), [(120, 0), (120, 0)]);
    runtime.stop().unwrap();
    for records in log(bus.as_ref(), topic::FRAMES).values() {
        let sequences = records.iter().map(|f| FrameResult::decode(f.clone()).unwrap().sequence);
        assert_eq!(sequences.collect::<Vec<_>>(), (0..119).collect::<Vec<_>>());
    }
}

#[test]
fn too_slow_a_machine_sheds_the_lowest_priority_and_a_replay_sheds_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let bus = open(dir.path());
    for (camera, priority) in [("attic", 1), ("gate", 9)] {
        let role = Role { analyse: true, ..Role::default() };
        let record = Camera {
            id: camera.into(),
            enabled: true,
            version: 1,
            policy: Some(Policy { priority, ..Policy::default() }),
            sources: vec![Source { role: Some(role), ..Source::default() }],
            ..Camera::default()
        };
        bus.table(topic::CAMERAS)
            .unwrap()
            .put(camera.as_bytes(), Some(&record.encode_to_vec()))
            .unwrap();
    }
    let slow = || {
        BTreeMap::from([("attic", Duration::from_millis(3)), ("gate", Duration::from_millis(3))])
    };
    let config = RuntimeConfig {
        workers: 1,
        queue_units: 64,
        shed_after: Duration::from_secs(1),
        checkpoint_every: Duration::from_secs(3600),
        ..config(dir.path())
    };
    let runtime =
        Runtime::with(bus.clone(), config.clone(), Arc::new(Mills { slow: slow() })).unwrap();
    for sequence in 0..150 {
        // By their stamps the units come at 25 Hz, in truth as fast as the bus takes them.
        put(bus.as_ref(), &header("attic", sequence), b"unit");
        put(bus.as_ref(), &header("gate", sequence), b"unit");
    }
    settle(&runtime, bus.as_ref());
    let shed: Vec<u64> = runtime.status().iter().map(|s| s.shed).collect();
    drop(runtime);
    assert!(shed[0] > 0, "{shed:?}");
    let frames = log(bus.as_ref(), topic::FRAMES);
    let marked = |records: &[Bytes]| {
        records
            .iter()
            .filter(|f| FrameResult::decode((*f).clone()).unwrap().gate() == Gate::Shed)
            .count() as u64
    };
    assert_eq!(frames.values().map(|r| marked(r)).collect::<Vec<_>>(), shed);

    // The checkpoint is the one of the start: all is made again, on a machine that is fast now.
    let runtime = Runtime::with(bus.clone(), config, mills()).unwrap();
    settle(&runtime, bus.as_ref());
    assert_eq!(runtime.shared.results.conflicts.load(Ordering::Relaxed), 0);
    assert!(runtime.shared.results.repeated.load(Ordering::Relaxed) > 200);
    runtime.stop().unwrap();
    assert!(log(bus.as_ref(), topic::FRAMES) == frames);
}

#[test]
fn a_removed_camera_is_forgotten_when_it_is_silent() {
    let dir = tempfile::tempdir().unwrap();
    let bus = open(dir.path());
    let record = Camera { id: "yard".into(), version: 1, enabled: true, ..Camera::default() };
    bus.table(topic::CAMERAS).unwrap().put(b"yard", Some(&record.encode_to_vec())).unwrap();
    let runtime = Runtime::with(bus.clone(), config(dir.path()), mills()).unwrap();
    film(bus.as_ref(), 0..12);
    settle(&runtime, bus.as_ref());
    runtime.shared.forget_removed(Duration::from_secs(3600));
    assert_eq!(runtime.status().len(), 3);
    runtime.shared.forget_removed(Duration::ZERO);
    assert_eq!(runtime.status().iter().map(|s| s.camera.to_string()).collect::<Vec<_>>(), ["yard"]);
    film(bus.as_ref(), 12..20);
    settle(&runtime, bus.as_ref());
    assert_eq!(runtime.status().len(), 3);
    runtime.stop().unwrap();
}

#[test]
fn a_group_in_hand_at_two_crashes_is_rejected_with_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let bus = open(dir.path());
    drop(Runtime::with(bus.clone(), config(dir.path()), mills()).unwrap());
    film(bus.as_ref(), 0..45);
    for _ in 0..2 {
        let hand = Notes::open(&dir.path().join("runtime"), 2).unwrap().hand().unwrap();
        // And the process is gone.
        hand.note(Some(Unit { camera: "gate", group: (1, 20), sequence: 20 })).unwrap();
    }
    let runtime = Runtime::with(bus.clone(), config(dir.path()), mills()).unwrap();
    settle(&runtime, bus.as_ref());
    runtime.stop().unwrap();
    let left_out = |name: &str| {
        let index = ["attic", "gate", "yard"].iter().position(|c| *c == name).unwrap();
        let there = sequences(&log(bus.as_ref(), topic::FRAMES)).swap_remove(index);
        (0..44).filter(|s| !there.contains(s)).collect::<Vec<u64>>()
    };
    assert_eq!(left_out("gate"), (20..30).collect::<Vec<_>>());
    assert_eq!(left_out("yard"), Vec::<u64>::new());
    let rejects = log(bus.as_ref(), topic::REJECTS);
    assert_eq!(rejects.values().map(Vec::len).sum::<usize>(), 1);
    let gaps = bus.table(topic::GAPS).unwrap().scan(b"gate/").unwrap();
    let gap = flumen_base::wire::Gap::decode(gaps[0].1.as_slice()).unwrap();
    assert_eq!((gap.start_us, gap.end_us), (20 * 40_000, 30 * 40_000));
}
