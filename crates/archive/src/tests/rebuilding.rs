//! A database that was deleted is made anew and gives the same answers; nothing is recorded
//! twice, also on another bus.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flumen_base::wire::{Event, Gap, GapCause, Phase, Picture};
use flumen_base::{Result, topic};
use flumen_bus::{
    Bus, Consumer, Embedded, EmbeddedConfig, Health, Pending, Record, Start, Table, Visibility,
    Watermark,
};
use prost::Message;

use super::rig::{Rig, ZERO_US, camera, film, published};
use crate::keeper::Keeper;
use crate::ledger::Ledger;
use crate::{
    Archive, ArchiveConfig, Coverage, EventQuery, Follower, Keep, Reader, StoredEvent, Timeline,
    day, db, rebuild,
};

fn send(bus: &dyn Bus, topic: &str, message: &impl Message) {
    let value = message.encode_to_vec().into();
    let record =
        Record { key: Bytes::from_static(b"yard"), headers: vec![], value, timestamp_us: ZERO_US };
    bus.send(topic, record).unwrap().wait().unwrap();
}

fn event(n: u8, begin_us: i64) -> Event {
    Event {
        id: vec![n; 16].into(),
        revision: 1,
        camera: "yard".into(),
        kind: "motion".into(),
        phase: Phase::End.into(),
        begin_us,
        end_us: begin_us + 2_000_000,
        begin_pts_us: begin_us,
        sequence: 9,
        score: 700,
        ..Event::default()
    }
}

fn picture(n: u8, at_us: i64) -> Picture {
    Picture {
        event_id: vec![n; 16].into(),
        revision: 1,
        camera: "yard".into(),
        capture_us: at_us,
        jpeg: Bytes::from(vec![n; 40]),
        ..Picture::default()
    }
}

fn gap(bus: &dyn Bus, start_us: i64, end_us: i64) {
    let gap = Gap {
        camera: "yard".into(),
        start_us,
        end_us,
        cause: GapCause::Offline.into(),
        detail: "no route".into(),
    };
    let table = bus.table(topic::GAPS).unwrap();
    table.put(format!("yard/{start_us}/1").as_bytes(), Some(&gap.encode_to_vec())).unwrap();
}

fn forever(rig: &Rig) -> ArchiveConfig {
    let keep = Keep { age: None, bytes: None };
    ArchiveConfig { keep, keep_events: keep, ..rig.config() }
}

fn take_all(rig: &Rig) {
    let mut ledger = Ledger::open(rig.bus.clone(), &forever(rig)).unwrap();
    while ledger.turn(Duration::from_millis(10)).unwrap() {}
}

/// A day with everything, and the day after it.
fn two_days() -> Rig {
    let rig = Rig::new();
    rig.shoot(film(), 1, 0..20, ZERO_US);
    rig.end(1, ZERO_US + 2_000_000);
    for n in 1..4u8 {
        let at_us = ZERO_US + i64::from(n / 3) * day::DAY_US + i64::from(n) * 1_000_000;
        send(rig.bus.as_ref(), topic::EVENTS, &event(n, at_us));
        send(rig.bus.as_ref(), topic::PICTURES, &picture(n, at_us));
    }
    gap(rig.bus.as_ref(), ZERO_US + 2_000_000, ZERO_US + 5_000_000);
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    take_all(&rig);
    rig
}

type Answers = (Vec<StoredEvent>, Vec<Option<Bytes>>, Timeline, Coverage, Vec<(i64, i64, u64)>);

fn answers(reader: &Reader, rig: &Rig) -> Answers {
    let to_us = ZERO_US + 6_000_000;
    let events = reader.events(&EventQuery::default()).unwrap();
    let pictures = events.iter().map(|e| reader.picture(&e.event.id, None).unwrap()).collect();
    let timeline = reader.timeline(&camera(), ZERO_US, to_us).unwrap();
    let coverage = reader.coverage(&camera(), ZERO_US, to_us).unwrap();
    let video = reader.video(&camera(), ZERO_US, to_us).unwrap();
    assert!(video.map(|piece| piece.unwrap().len()).sum::<usize>() > 1000);
    (events, pictures, timeline, coverage, rig.rows())
}

fn refill(rig: &Rig) -> bool {
    let mut conn = db::open(&rig.archive_dir()).unwrap();
    rebuild::fill(&mut conn, rig.bus.as_ref(), rig.store().as_ref(), i64::MIN).unwrap()
}

#[test]
fn deleted_it_is_made_anew_from_topics_and_closed_days() {
    let rig = two_days();
    let evening = ZERO_US + 2 * day::DAY_US;
    Keeper::open(rig.bus.clone(), rig.store(), &forever(&rig)).unwrap().turn(evening).unwrap();
    let before = answers(&rig.reader(), &rig);
    assert_eq!((before.0.len(), before.4.len()), (3, 2));

    // What the topics have: the logs are read again, nothing is doubled.
    db::remove(&rig.archive_dir()).unwrap();
    assert!(refill(&rig));
    assert!(!refill(&rig), "once is enough");
    take_all(&rig);
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    assert_eq!(answers(&rig.reader(), &rig), before);
    assert_eq!(rig.reader().check(&mut |_, _| {}).unwrap(), []);

    // Beyond the topics' retention: another bus that knows nothing but goes on.
    db::remove(&rig.archive_dir()).unwrap();
    let Rig { dir, bus } = rig;
    drop(bus);
    std::fs::remove_dir_all(dir.path().join("bus")).unwrap();
    let bus = Embedded::open(&dir.path().join("bus"), EmbeddedConfig::default()).unwrap();
    let rig = Rig { dir, bus };
    assert!(refill(&rig));
    take_all(&rig);
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    assert_eq!(answers(&rig.reader(), &rig), before);
    assert_eq!(published(rig.bus.as_ref()).len(), 2, "told to the new bus");
    let mut keeper = Keeper::open(rig.bus.clone(), rig.store(), &forever(&rig)).unwrap();
    keeper.turn(evening).unwrap();
    assert_eq!(rig.reader().check(&mut |_, _| {}).unwrap(), []);
    let tables = rig.store().list("tables").unwrap().len();
    assert_eq!(tables, 6, "no closed day was emptied");
}

#[test]
fn deleted_in_the_middle_of_recording_nothing_is_missing_and_nothing_twice() {
    let calm = Rig::new();
    calm.shoot(film(), 1, 0..32, ZERO_US);
    calm.end(1, ZERO_US + 3_200_000);
    drop(calm.record(calm.bus.clone(), calm.store()).unwrap());

    let rig = Rig::new();
    rig.shoot(film(), 1, 0..17, ZERO_US);
    // Killed with a file open, and the database deleted with it.
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    db::remove(&rig.archive_dir()).unwrap();
    rig.shoot(film(), 1, 17..32, ZERO_US);
    rig.end(1, ZERO_US + 3_200_000);
    assert!(refill(&rig));
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    assert_eq!(rig.rows(), calm.rows());
    assert_eq!(published(rig.bus.as_ref()), published(calm.bus.as_ref()));
    assert_eq!(rig.reader().check(&mut |_, _| {}).unwrap(), []);
}

#[test]
fn a_running_archive_fills_a_new_database_by_itself() {
    let rig = two_days();
    let before = answers(&rig.reader(), &rig);
    db::remove(&rig.archive_dir()).unwrap();
    let archive = Archive::start(rig.bus.clone(), rig.store(), forever(&rig)).unwrap();
    until(|| archive.reader().events(&EventQuery::default()).is_ok_and(|e| e.len() == 3));
    until(|| rig.rows().len() == 2);
    archive.stop().unwrap();
    assert_eq!(answers(&rig.reader(), &rig), before);
}

fn until(mut done: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn records_that_a_bus_repeats_are_recorded_once() {
    let rig = Rig::new();
    rig.shoot(film(), 1, 0..12, ZERO_US);
    rig.speak(1, 0, ZERO_US);
    rig.shoot(film(), 1, 7..32, ZERO_US);
    rig.end(1, ZERO_US + 3_200_000);
    rig.shoot(film(), 1, 20..32, ZERO_US);
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    assert_eq!(rig.rows().iter().map(|r| r.2).sum::<u64>(), 32, "{:?}", rig.rows());
    assert_eq!(rig.reader().check(&mut |_, _| {}).unwrap(), []);
}

/// A bus of another kind.
struct Other(Arc<Embedded>);

impl Bus for Other {
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
        Health { kind: "kafka", ..Health::default() }
    }
}

#[test]
fn on_another_bus_with_copies_it_goes_on_where_it_was() {
    let rig = Rig::new();
    // Offsets of the old log are far behind those of the copy.
    for _ in 0..40 {
        rig.end(0, ZERO_US);
    }
    rig.shoot(film(), 1, 0..23, ZERO_US);
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    let filed = rig.rows();
    assert_eq!(filed.iter().map(|r| r.2).sum::<u64>(), 20);

    let Rig { dir, bus } = rig;
    drop(bus);
    let config = EmbeddedConfig { partitions: 3, ..EmbeddedConfig::default() };
    let bus = Embedded::open(&dir.path().join("other"), config).unwrap();
    let rig = Rig { dir, bus };
    rig.shoot(film(), 1, 0..60, ZERO_US);
    rig.end(1, ZERO_US + 6_000_000);
    for round in 0..2 {
        drop(rig.record(Arc::new(Other(rig.bus.clone())), rig.store()).unwrap());
        let rows = rig.rows();
        assert_eq!(rows[..2], filed[..], "round {round}");
        assert_eq!(rows.iter().map(|r| r.2).sum::<u64>(), 60, "{rows:?}");
        assert!(rows.windows(2).all(|w| w[0].1 == w[1].0), "{rows:?}");
    }
    assert_eq!(rig.reader().check(&mut |_, _| {}).unwrap(), []);
}

#[test]
fn a_follower_gives_the_archives_answers_also_from_nothing() {
    let rig = two_days();
    let before = answers(&rig.reader(), &rig);
    let config = ArchiveConfig { dir: rig.dir.path().join("cache"), ..forever(&rig) };
    let start = || Follower::start(rig.bus.clone(), rig.store(), config.clone()).unwrap();
    for _ in 0..2 {
        let follower = start();
        until(|| follower.is_caught_up());
        assert_eq!(answers(&follower.reader(), &rig), before);
        assert_eq!(follower.problem(), None);
        follower.stop();
        db::remove(&config.dir).unwrap();
    }
    std::fs::write(config.dir.join(db::FILE), b"this is no database, it is damaged").unwrap();
    let follower = start();
    until(|| follower.is_caught_up());
    let reader = follower.reader();
    assert_eq!(answers(&reader, &rig), before);

    // Deleted while it runs; then retention removes a file and its row follows.
    let asked = || reader.timeline(&camera(), ZERO_US, ZERO_US + 6_000_000);
    let (rows, spans) = asked().map(|t| (t.segments.len(), t.gaps.len())).unwrap();
    std::fs::remove_file(config.dir.join(db::FILE)).unwrap();
    until(|| {
        db::is_there(&config.dir)
            && reader.events(&EventQuery::default()).is_ok_and(|e| e.len() == 3)
            && asked().is_ok_and(|t| (t.segments.len(), t.gaps.len()) == (rows, spans))
    });
    let less = Keep { age: None, bytes: Some(rig.store().list("video").unwrap()[1].bytes) };
    let keeper = ArchiveConfig { keep: less, ..forever(&rig) };
    Keeper::open(rig.bus.clone(), rig.store(), &keeper).unwrap().turn(ZERO_US).unwrap();
    // The follower may still be filling its new database: half of the answer is no answer.
    let second = ZERO_US + 1_000_000;
    until(|| {
        asked().is_ok_and(|t| {
            let starts: Vec<i64> = t.segments.iter().map(|s| s.start_us).collect();
            let expired = |g: &Gap| (g.cause(), g.end_us) == (GapCause::Expired, second);
            starts == [second] && t.gaps.len() == 2 && t.gaps.first().is_some_and(expired)
        })
    });
}
