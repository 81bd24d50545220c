//! The rules of hosting: cards, streams, rejects, panics, crashes, names.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use bytes::Bytes;
use common::{Made, at, camera, packets};
use flumen_analyzer::{
    Analyzers, Engine, Engines, Named, Notes, Output, Session, Settings, Taken, Unit, id_of,
    reject_stray,
};
use flumen_base::wire::{
    Camera, Codec, DerivedPictures, FrameResult, Gap, Gate, Picture, PictureKind, Policy,
    PrivacyMask, Reject, Source, SourcePosition, Stream, privacy_mask::Corner, source::Role,
};
use flumen_base::{CameraId, Kind, Packet, Result, topic};
use prost::Message;

const MADE: Made = Made { codec: Codec::H264, frames: 90, gop: 15, b_frames: 0 };

fn give(session: &mut Session, packets: &[Packet], from: usize) -> Vec<Named> {
    let mut out = Vec::new();
    for (i, p) in packets.iter().enumerate().skip(from) {
        let bytes = p.header.encode_to_vec();
        session.record(at(i), Some(&bytes), p.data.clone(), &mut out);
    }
    out
}

fn of<M: Message + Default>(out: &[Named], topic: &str) -> Vec<M> {
    let found = out.iter().filter(|n| n.topic == topic);
    found.map(|n| M::decode(n.value.clone()).unwrap()).collect()
}

fn frames(out: &[Named]) -> Vec<FrameResult> {
    of(out, topic::FRAMES)
}

fn card(version: u64, effective_us: i64, stream: Stream) -> Camera {
    let role = Some(Role { analyse: true, ..Role::default() });
    Camera {
        id: "yard".into(),
        enabled: true,
        version,
        effective_us,
        sources: vec![Source { stream: stream.into(), role, ..Source::default() }],
        policy: Some(Policy { sensitivity: 40, ..Policy::default() }),
        ..Camera::default()
    }
}

#[test]
fn the_records_are_those_of_the_analyzer_named() {
    let packets = packets(MADE, 1);
    let mut analyzer = common::open();
    let mut made = Vec::new();
    for (i, p) in packets.iter().enumerate() {
        analyzer.process(at(i), p, &mut made).unwrap();
    }
    let out = give(&mut Session::open(&camera(), None), &packets, 0);
    assert_eq!(out.len(), made.len());
    for (named, output) in out.iter().zip(&made) {
        let (topic, value) = match output {
            Output::Frame(m) => (topic::FRAMES, m.encode_to_vec()),
            Output::Event(m) => (topic::EVENTS, m.encode_to_vec()),
            Output::Picture(m) => (topic::PICTURES, m.encode_to_vec()),
            Output::Window(m) => (topic::WINDOWS, m.encode_to_vec()),
            Output::Insight(m) => (topic::INSIGHTS, m.encode_to_vec()),
            Output::Gap(m) => (topic::GAPS, m.encode_to_vec()),
            Output::Reject(m) => (topic::REJECTS, m.encode_to_vec()),
        };
        assert_eq!((named.topic, named.value.as_ref()), (topic, value.as_slice()));
        assert_eq!(id_of(topic, &named.value).as_deref(), Some(named.id()));
        assert_eq!(named.key, "yard");
    }
    let mut ids: Vec<&[u8]> = out.iter().map(Named::id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), out.len(), "no id twice");
    let last = packets.last().unwrap().header.arrival_us;
    assert_eq!(out.last().unwrap().timestamp_us, last);
}

#[test]
fn restored_after_every_record_it_goes_on_the_same() {
    let packets = packets(MADE, 1);
    let change_us = packets[40].header.arrival_us;
    let begin = || {
        let mut session = Session::open(&camera(), Some(&card(1, 0, Stream::Main)));
        session.card(&card(2, change_us, Stream::Main));
        session
    };
    let expected = give(&mut begin(), &packets, 0);
    assert_eq!(frames(&expected)[39].policy_version, 1);
    assert_eq!(frames(&expected)[40].policy_version, 2);
    let mut session = begin();
    let mut out = Vec::new();
    for (i, p) in packets.iter().enumerate() {
        session = Session::restore(&camera(), &session.snapshot().unwrap()).unwrap();
        session.process(at(i), p.header.clone(), p.data.clone(), &mut out);
        let bytes = session.snapshot().unwrap();
        let idle = Session::restore(&camera(), &bytes).unwrap();
        assert_eq!(idle.snapshot().unwrap(), bytes, "asked for nothing it is the same");
    }
    assert_eq!(out, expected);
}

#[test]
fn damaged_snapshots_are_told_and_never_panic() {
    let packets = packets(Made { frames: 20, ..MADE }, 1);
    let mut session = Session::open(&camera(), Some(&card(1, 0, Stream::Main)));
    give(&mut session, &packets, 0);
    let bytes = session.snapshot().unwrap();
    for length in 0..bytes.len().min(400) {
        assert!(Session::restore(&camera(), &bytes[..length]).is_err(), "{length}");
    }
    let gate = CameraId::new("gate").unwrap();
    assert_eq!(Session::restore(&gate, &bytes).err().unwrap().kind(), Kind::Invalid);
    let mut newer = bytes.clone();
    newer[4] = 200;
    assert_eq!(Session::restore(&camera(), &newer).err().unwrap().kind(), Kind::Unsupported);
    // Damage in the engine's part: it begins anew at the next key, says so and leaves a gap.
    let mut bad = bytes.clone();
    let engine = bad.windows(4).position(|w| w == b"FLAN").unwrap();
    bad[engine] = b'X';
    let mut session = Session::restore(&camera(), &bad).unwrap();
    let all = common::packets(MADE, 1);
    let mut out = give(&mut session, &all[..29], 20);
    assert!(session.problem().unwrap().contains("begins anew"));
    out.extend(give(&mut session, &all, 29));
    assert_eq!(session.problem(), None, "all is well since the key frame");
    assert_eq!(frames(&out)[0].sequence, 30);
    let gaps: Vec<Gap> = of(&out, topic::GAPS);
    assert_eq!(gaps.len(), 2);
}

#[test]
fn another_stream_means_another_engine_from_its_key_on() {
    let mut packets = packets(MADE, 1);
    let change_us = packets[37].header.arrival_us;
    for p in packets.iter_mut().skip(35) {
        p.header.stream = Stream::Sub.into();
    }
    let mut session = Session::open(&camera(), None);
    session.card(&card(1, change_us, Stream::Sub));
    let sequences: Vec<u64> =
        frames(&give(&mut session, &packets, 0)).iter().map(|f| f.sequence).collect();
    assert_eq!(sequences, (0..35).chain(45..90).collect::<Vec<_>>());
    session.card(&Camera { enabled: false, ..card(2, 0, Stream::Sub) });
    assert!(give(&mut session, &common::packets(MADE, 2), 0).is_empty());
}

#[test]
fn what_cannot_be_read_is_a_reject_and_stops_nothing() {
    let packets = packets(MADE, 1);
    let mut session = Session::open(&camera(), None);
    let mut out = Vec::new();
    let bad: [Option<&[u8]>; 3] = [None, Some(b"\xff\xff\xff"), Some(b"\x0a\x04gate")];
    for (i, p) in packets.iter().enumerate() {
        let header = p.header.encode_to_vec();
        session.record(at(i), Some(&header), p.data.clone(), &mut out);
        if let Some(bad) = bad.get(i) {
            let taken = session.record(at(1000 + i), *bad, p.data.clone(), &mut out);
            let named = out.last().unwrap();
            assert_eq!(named.topic, topic::REJECTS, "{taken:?}");
            assert_eq!(named.timestamp_us, p.header.arrival_us);
        }
    }
    let rejects: Vec<Reject> = of(&out, topic::REJECTS);
    let reasons: Vec<&str> = rejects.iter().map(|r| r.reason.as_str()).collect();
    assert!(reasons[0].contains("no header") && reasons[1].contains("can't be read"));
    assert!(reasons[2].contains("camera \"gate\""), "{reasons:?}");
    assert_eq!(rejects[0].source, Some(at(1000)));
    assert_eq!(rejects[0].head.len(), 64);
    assert_eq!(frames(&out).len(), 90);
    let stray = reject_stray(b"not a camera", at(7), &Bytes::from_static(b"x"), 5);
    assert_eq!((stray.topic, stray.timestamp_us), (topic::REJECTS, 5));
}

/// The real engines, which panic or count at planted units.
struct Planted;
struct Plant(Box<dyn Engine>);

impl Engines for Planted {
    fn open(&self, camera: &CameraId, settings: Settings) -> Result<Box<dyn Engine>> {
        Ok(Box::new(Plant(Analyzers.open(camera, settings)?)))
    }
    fn restore(&self, camera: &CameraId, set: Settings, bytes: &[u8]) -> Result<Box<dyn Engine>> {
        Ok(Box::new(Plant(Analyzers.restore(camera, set, bytes)?)))
    }
}

impl Engine for Plant {
    fn process(&mut self, at: SourcePosition, p: &Packet, out: &mut Vec<Output>) -> Result<()> {
        self.0.process(at, p, out)?;
        assert!(p.header.sequence != 20, "a planted panic");
        Ok(())
    }
    fn snapshot(&self) -> Result<Vec<u8>> {
        self.0.snapshot()
    }
    fn announce(&mut self, camera: &Camera) -> Result<()> {
        self.0.announce(camera)
    }
    fn shed(&mut self, on: bool) {
        self.0.shed(on);
    }
    fn begun_anew(&self) -> Option<String> {
        self.0.begun_anew()
    }
}

#[test]
fn a_panic_is_a_reject_and_the_next_key_begins_anew() {
    let packets = packets(MADE, 1);
    let mut session = Session::open(&camera(), None).with_engines(Arc::new(Planted));
    let out = give(&mut session, &packets, 0);
    let sequences: Vec<u64> = frames(&out).iter().map(|f| f.sequence).collect();
    assert_eq!(sequences, (0..20).chain(30..90).collect::<Vec<_>>());
    let rejects: Vec<Reject> = of(&out, topic::REJECTS);
    assert!(rejects.len() == 1 && rejects[0].reason.contains("panicked"));
}

#[test]
fn what_is_shed_is_said_and_ends_at_a_key() {
    let packets = packets(MADE, 1);
    let mut session = Session::open(&camera(), None);
    let mut out = Vec::new();
    let mut taken = Vec::new();
    for (i, p) in packets.iter().enumerate() {
        session.shed(i == 20);
        taken.push(session.process(at(i), p.header.clone(), p.data.clone(), &mut out));
    }
    let shed: Vec<usize> = (0..90).filter(|i| taken[*i] == Taken::Shed).collect();
    assert_eq!(shed, (20..30).collect::<Vec<_>>());
    let marked: Vec<u64> =
        frames(&out).iter().filter(|f| f.gate() == Gate::Shed).map(|f| f.sequence).collect();
    assert_eq!(marked, (20..30).collect::<Vec<_>>());
}

#[test]
fn a_group_that_crashed_the_process_twice_is_left_out_with_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let packets = packets(MADE, 1);
    let mut session = Session::open(&camera(), None);
    give(&mut session, &packets[..20], 0);
    let snapshot = session.snapshot().unwrap();
    for _ in 0..2 {
        let hand = Notes::open(dir.path(), 1).unwrap().hand().unwrap();
        hand.note(Some(Unit { camera: "yard", group: (1, 15), sequence: 20 })).unwrap();
    }
    let hand = Arc::new(Notes::open(dir.path(), 1).unwrap().hand().unwrap());
    let mut session = Session::restore(&camera(), &snapshot).unwrap();
    session.guard(Some(hand.clone()));
    let mut out = give(&mut session, &packets[..25], 20);
    // A checkpoint within the hole: the gap is told all the same.
    let mut session = Session::restore(&camera(), &session.snapshot().unwrap()).unwrap();
    session.guard(Some(hand));
    out.extend(give(&mut session, &packets, 25));
    assert_eq!(frames(&out)[0].sequence, 30);
    assert_eq!(of::<Reject>(&out, topic::REJECTS).len(), 1);
    let gaps: Vec<Gap> = of(&out, topic::GAPS);
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].start_us, packets[20].header.pts_us);
    assert_eq!(gaps[0].end_us, packets[30].header.pts_us);
}

#[test]
fn derived_pictures_are_reduced_key_pictures_with_masks_filled() {
    let packets = packets(MADE, 1); // a key a second
    let corner = |x_permille, y_permille| Corner { x_permille, y_permille };
    let corners = vec![corner(0, 0), corner(500, 0), corner(500, 1000), corner(0, 1000)];
    let derived = Some(DerivedPictures { every_us: 1_900_000, width: 80, quality: 90 });
    let wanted = |masks| Camera {
        policy: Some(Policy { derived, ..Policy::default() }),
        masks,
        ..card(1, 0, Stream::Main)
    };
    let plain = give(&mut Session::open(&camera(), Some(&wanted(vec![]))), &packets, 0);
    let masks = vec![PrivacyMask { corners }];
    let masked = give(&mut Session::open(&camera(), Some(&wanted(masks.clone()))), &packets, 0);
    assert_eq!(frames(&plain), frames(&masked), "the analysis sees what is under a mask");
    for (out, is_masked) in [(&plain, false), (&masked, true)] {
        let pictures: Vec<Picture> = of(out, topic::PICTURES);
        assert!(pictures.iter().all(|p| p.masked == is_masked));
        let (events, derived): (Vec<_>, Vec<_>) =
            pictures.into_iter().partition(|p| p.kind() == PictureKind::Event);
        assert!(!events.is_empty() && events.iter().all(|p| p.event_id.len() == 16));
        let sequences: Vec<u64> = derived.iter().map(|p| p.sequence).collect();
        assert_eq!(sequences, [0, 30, 60], "each second key: at least 1.9 s apart");
        assert!(derived.iter().all(|p| p.event_id.is_empty() && (p.width, p.height) == (80, 48)));
    }
    // Restored after each record the same pictures come.
    let mut session = Session::open(&camera(), Some(&wanted(masks)));
    let mut out = Vec::new();
    for (i, p) in packets.iter().enumerate() {
        session.process(at(i), p.header.clone(), p.data.clone(), &mut out);
        session = Session::restore(&camera(), &session.snapshot().unwrap()).unwrap();
    }
    assert_eq!(out, masked);
    let mut ids: Vec<&[u8]> = out.iter().map(Named::id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), out.len(), "no id twice");
}
