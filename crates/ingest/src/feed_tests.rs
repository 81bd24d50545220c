//! A feed against a bus that is full: parts, whole groups, holes that are seen.

use super::*;
use std::sync::Arc;

use crate::epoch::Epochs;
use crate::gaps::Gaps;
use crate::ledger::Ledger;
use crate::memory_bus::MemoryBus;
use crate::outbox::Outbox;
use crate::outbox::PART_BYTES;
use crate::scripted::{FRAME_US, START, gaps, picture};
use crate::simulated::SimTime;
use crate::status::Board;
use flumen_base::CameraId;
use flumen_base::topic;
use flumen_bus::Bus as _;
use flumen_media::TrackInfo;

fn feed(bus: &Arc<MemoryBus>) -> Feed {
    let camera = CameraId::new("a").unwrap();
    let time = Arc::new(SimTime::at(START));
    let owners = bus.table(topic::OWNERS).unwrap();
    let table = bus.table(topic::GAPS).unwrap();
    let ledger = Arc::new(Ledger::at_once(table.clone()));
    let gaps = Gaps::load(&camera, table.as_ref(), ledger).unwrap();
    let parts = FeedParts {
        stream: Stream::Main,
        outbox: Outbox::new(&camera, bus.clone(), time.clone()),
        epochs: Arc::new(Epochs::new(&camera, "", "", owners)),
        board: Arc::new(Board::new(&camera, State::Connecting, START)),
        gaps: Arc::new(gaps),
        absence: "",
        clock: time,
        camera,
    };
    let mut feed = Feed::new(parts, None);
    feed.connected(Manner { arrival_error_us: 0, patience: Duration::from_millis(50) });
    feed
}

fn send(feed: &mut Feed, i: i64) -> Sent {
    feed.unit(&picture(i * FRAME_US, i % 10 == 0), &Stop::default()).unwrap()
}

#[test]
fn a_unit_above_8_mib_travels_in_parts_that_give_it_back() {
    let bus = Arc::new(MemoryBus::default());
    let mut feed = feed(&bus);
    let mut unit = picture(0, true);
    let bytes: Vec<u8> = (0..2 * PART_BYTES + 5).map(|i| (i % 251) as u8).collect();
    unit.data = bytes.clone().into();
    assert!(matches!(feed.unit(&unit, &Stop::default()).unwrap(), Sent::Stored(_)));
    send(&mut feed, 1);
    let packets = bus.packets("a");
    let parts: Vec<_> = packets.iter().map(|p| (p.header.part, p.header.parts)).collect();
    assert_eq!(parts, [(0, 3), (1, 3), (2, 3), (0, 1)]);
    assert!(packets[..3].iter().all(|p| p.header.sequence == 0 && p.header.key));
    assert_eq!(packets[3].header.sequence, 1);
    let joined: Vec<u8> = packets[..3].iter().flat_map(|p| p.data.to_vec()).collect();
    assert!(joined == bytes);
}

#[test]
fn a_short_overload_is_waited_for() {
    let bus = Arc::new(MemoryBus::default());
    let mut feed = feed(&bus);
    for i in 0..20 {
        bus.full_for(5);
        assert!(matches!(send(&mut feed, i), Sent::Stored(_)));
    }
    assert_eq!(bus.packets("a").len(), 20);
}

#[test]
fn a_long_overload_drops_to_the_next_key_frame_and_is_told() {
    let bus = Arc::new(MemoryBus::default());
    let mut feed = feed(&bus);
    (0..13).for_each(|i| drop(send(&mut feed, i)));
    bus.full_for(1000);
    assert!(matches!(send(&mut feed, 13), Sent::Dropped));
    bus.full_for(0);
    assert!((14..20).all(|i| matches!(send(&mut feed, i), Sent::Dropped)), "rest of the group");
    bus.full_for(1);
    assert!((20..30).all(|i| matches!(send(&mut feed, i), Sent::Dropped)), "still full at the key");
    assert!((30..35).all(|i| matches!(send(&mut feed, i), Sent::Stored(_))));
    let packets = bus.packets("a");
    let told: Vec<_> = packets[12..15]
        .iter()
        .map(|p| (p.header.marker(), p.header.sequence, p.header.discontinuity))
        .collect();
    let gap = (Marker::Gap, 30, false);
    assert_eq!(told, [(Marker::None, 12, false), gap, (Marker::None, 30, true)]);
    assert!(!packets[15].header.discontinuity);
    let rows = gaps(bus.as_ref(), "a");
    assert_eq!((rows.len(), rows[0].cause()), (1, GapCause::Disk));
    assert_eq!(rows[0].end_us - rows[0].start_us, 17 * FRAME_US);
    assert!(rows[0].detail.starts_with("17 pictures dropped"));
    let status = feed.parts.board.status(START);
    assert_eq!((status.dropped, status.state, status.reason), (17, State::Live, None));
}

#[test]
fn sound_goes_with_the_pictures_and_counts_for_itself() {
    let bus = Arc::new(MemoryBus::default());
    let mut feed = feed(&bus);
    let info = TrackInfo {
        codec: flumen_base::wire::Codec::Aac,
        sample_rate_hz: 8000,
        channels: 1,
        config: Bytes::from_static(&[0x15, 0x88]),
        ..TrackInfo::default()
    };
    let sound = |at| Unit { audio: true, info: Arc::new(info.clone()), ..picture(at, true) };
    let stop = Stop::default();
    assert!(matches!(feed.unit(&sound(0), &stop).unwrap(), Sent::Skipped), "no picture yet");
    send(&mut feed, 0);
    assert!(matches!(feed.unit(&sound(10_000), &stop).unwrap(), Sent::Stored(_)));
    send(&mut feed, 1);
    feed.lost(GapCause::Network, "gone");
    let packets = bus.packets("a");
    let seen: Vec<_> = packets.iter().map(|p| (p.header.stream(), p.header.sequence)).collect();
    let (main, audio) = (Stream::Main, Stream::Audio);
    assert_eq!(seen, [(main, 0), (audio, 0), (main, 1), (main, 2)]);
    assert_eq!(packets[1].header.epoch, packets[0].header.epoch);
    assert_eq!(packets[1].header.config.as_ref(), [0x15, 0x88]);
    assert_eq!(packets[1].header.pts_us - packets[0].header.pts_us, 10_000);
    assert!(packets[3].header.config.is_empty());
}

#[test]
fn a_failing_claim_is_an_error_and_sends_nothing() {
    let bus = Arc::new(MemoryBus::default());
    let mut feed = feed(&bus);
    bus.refuse_tables(true);
    assert!(feed.unit(&picture(0, true), &Stop::default()).is_err());
    assert!(bus.packets("a").is_empty());
    bus.refuse_tables(false);
    feed.connected(Manner { arrival_error_us: 0, patience: Duration::ZERO });
    assert!(matches!(send(&mut feed, 0), Sent::Stored(_)));
}

#[test]
fn media_time_goes_on_above_the_ledger_when_the_log_has_nothing() {
    let bus = Arc::new(MemoryBus::default());
    let far = START + 86_400_000_000;
    let row = flumen_base::wire::Gap {
        camera: "a".into(),
        start_us: far,
        cause: GapCause::Offline.into(),
        ..Default::default()
    };
    let table = bus.table(topic::GAPS).unwrap();
    table.put(b"a/1/1", Some(&prost::Message::encode_to_vec(&row))).unwrap();
    let mut feed = feed(&bus);
    send(&mut feed, 0);
    assert_eq!(bus.packets("a")[0].header.dts_us, far);
    assert!(gaps(bus.as_ref(), "a").iter().any(|g| g.end_us > far));
}
