//! Rows of events, retention, closed days, planted damage.

use std::time::Duration;

use bytes::Bytes;
use flumen_base::topic;
use flumen_base::wire::{Event, Gap, GapCause, Insight, InsightKind, Phase, Picture};
use flumen_bus::{Bus, Record};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use prost::Message;

use super::rig::{Rig, ZERO_US, camera, film, published};
use crate::check::Severity;
use crate::keeper::Keeper;
use crate::ledger::Ledger;
use crate::{ArchiveConfig, EventQuery, InsightQuery, Keep, day};

fn event(n: u8, begin_us: i64, revision: u32) -> Event {
    Event {
        id: vec![n; 16].into(),
        revision,
        camera: "yard".into(),
        kind: if n.is_multiple_of(2) { "motion" } else { "tamper" }.into(),
        phase: if revision == 0 { Phase::Begin } else { Phase::End }.into(),
        begin_us,
        end_us: if revision == 0 { 0 } else { begin_us + 2_000_000 },
        score: 700,
        ..Event::default()
    }
}

fn send(rig: &Rig, topic: &str, message: &impl Message) {
    let value = message.encode_to_vec().into();
    let record =
        Record { key: Bytes::from_static(b"yard"), headers: vec![], value, timestamp_us: ZERO_US };
    rig.bus.send(topic, record).unwrap().wait().unwrap();
}

fn insight(n: u8, kind: InsightKind, begin_us: i64, revision: u32) -> Insight {
    Insight {
        id: vec![n; 16].into(),
        revision,
        camera: "yard".into(),
        kind: kind.into(),
        begin_us,
        end_us: begin_us + 60_000_000,
        dimension: "time".into(),
        ..Insight::default()
    }
}

#[test]
fn insights_are_kept_with_their_newest_revision_and_of_forecasts_the_newest_alone() {
    let rig = Rig::new();
    let minute = |n: u8| ZERO_US + i64::from(n) * 60_000_000;
    for n in 0..3 {
        send(&rig, topic::INSIGHTS, &insight(n, InsightKind::Anomaly, minute(n), 0));
        send(&rig, topic::INSIGHTS, &insight(10 + n, InsightKind::Forecast, minute(n), 0));
    }
    send(&rig, topic::INSIGHTS, &insight(1, InsightKind::Anomaly, minute(1), 2));
    send(&rig, topic::INSIGHTS, &insight(1, InsightKind::Anomaly, minute(1), 1));
    assert_eq!(take_all(&rig).unusable, 0);
    let reader = rig.reader();
    let found = |query: InsightQuery| -> Vec<(u8, u32)> {
        reader.insights(&query).unwrap().iter().map(|i| (i.id[0], i.revision)).collect()
    };
    let anomalies = InsightQuery { kind: Some(InsightKind::Anomaly), ..Default::default() };
    assert_eq!(found(anomalies.clone()), [(2, 0), (1, 2), (0, 0)]);
    assert_eq!(found(InsightQuery { before_us: Some(minute(2)), limit: 1, ..anomalies }), [(1, 2)]);
    let forecasts = InsightQuery {
        camera: Some(camera()),
        kind: Some(InsightKind::Forecast),
        ..Default::default()
    };
    assert_eq!(found(forecasts), [(12, 0)]);
    assert_eq!(found(InsightQuery::default()).len(), 4);
}

#[test]
fn hours_of_models_beside_are_handed_out_by_camera_and_in_no_other_list() {
    let rig = Rig::new();
    let hour = |n: u8, camera: &str, dimension: &str| Insight {
        camera: camera.into(),
        dimension: dimension.into(),
        ..insight(n, InsightKind::Shadow, ZERO_US + i64::from(n) * 3_600_000_000, 1)
    };
    for (n, camera, dimension) in [
        (3, "yard", "yard/profile/7/5"),
        (4, "yard", "yard/profile/7/6"),
        (5, "gate", "yard/profile/7/6"),
        (6, "yard", "yard/profile/77/6"),
        (1, "yard", "yard/profile/7/5"),
    ] {
        send(&rig, topic::INSIGHTS, &hour(n, camera, dimension));
    }
    assert_eq!(take_all(&rig).unusable, 0);
    let mut found = Vec::new();
    let from_us = ZERO_US + 3 * 3_600_000_000;
    rig.reader().shadows("yard/profile/7/", from_us, &mut |i| found.push(i.id[0])).unwrap();
    assert_eq!(found, [5, 3, 4]);
    assert_eq!(rig.reader().insights(&InsightQuery::default()).unwrap(), []);
    let asked = InsightQuery { kind: Some(InsightKind::Shadow), ..InsightQuery::default() };
    assert_eq!(rig.reader().insights(&asked).unwrap().len(), 5);
}

fn take_all(rig: &Rig) -> Ledger {
    let mut ledger = Ledger::open(rig.bus.clone(), &rig.config()).unwrap();
    while ledger.turn(Duration::from_millis(10)).unwrap() {}
    ledger
}

#[test]
fn events_are_merged_and_found_again() {
    let rig = Rig::new();
    for n in 0..6u8 {
        send(&rig, topic::EVENTS, &event(n, ZERO_US + i64::from(n) * 10_000_000, 0));
    }
    send(&rig, topic::EVENTS, &event(2, ZERO_US + 20_000_000, 1));
    send(&rig, topic::EVENTS, &event(2, ZERO_US + 20_000_000, 0)); // a repeat
    let picture = Picture {
        event_id: vec![2; 16].into(),
        revision: 1,
        camera: "yard".into(),
        jpeg: Bytes::from_static(b"jpeg"),
        ..Picture::default()
    };
    send(&rig, topic::PICTURES, &picture);
    let broken = Record {
        key: Bytes::from_static(b"yard"),
        headers: vec![],
        value: Bytes::from_static(b"\xff\xff"),
        timestamp_us: 0,
    };
    rig.bus.send(topic::EVENTS, broken).unwrap().wait().unwrap();
    assert_eq!(take_all(&rig).unusable, 1);
    assert_eq!(take_all(&rig).unusable, 0, "it goes on behind what it took");

    let reader = rig.reader();
    let found = |query: &EventQuery| {
        reader.events(query).unwrap().iter().map(|e| e.event.id[0]).collect::<Vec<u8>>()
    };
    assert_eq!(found(&EventQuery::default()), [5, 4, 3, 2, 1, 0]);
    assert_eq!(found(&EventQuery { limit: 2, ..Default::default() }), [5, 4]);
    assert_eq!(
        found(&EventQuery {
            before_us: Some(ZERO_US + 40_000_000),
            limit: 2,
            ..Default::default()
        }),
        [3, 2]
    );
    assert_eq!(found(&EventQuery { kind: Some("tamper".into()), ..Default::default() }), [5, 3, 1]);
    let span = EventQuery {
        camera: Some(camera()),
        from_us: Some(ZERO_US + 21_000_000),
        to_us: Some(ZERO_US + 35_000_000),
        ..Default::default()
    };
    assert_eq!(found(&span), [3, 2, 1, 0], "what began before and has not ended belongs to it");
    assert_eq!(found(&EventQuery { from_us: Some(ZERO_US + 22_000_000), ..span }), [3, 1, 0]);
    let ended = reader.event(&[2; 16]).unwrap().unwrap();
    assert_eq!((ended.event.revision, ended.picture), (1, Some(1)));
    assert_eq!(reader.picture(&[2; 16], Some(0)).unwrap().as_deref(), Some(b"jpeg".as_slice()));
    assert_eq!(reader.picture(&[3; 16], None).unwrap(), None);
}

#[test]
fn the_oldest_goes_first_and_a_camera_keeps_its_bytes() {
    let rig = Rig::new();
    rig.shoot(film(), 1, 0..60, ZERO_US);
    rig.end(1, ZERO_US + 6_000_000);
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    let sizes: Vec<u64> = rig.store().list("video").unwrap().iter().map(|e| e.bytes).collect();
    let keep = |age: Option<i64>, bytes: Option<u64>| {
        let age = age.map(|us| Duration::from_micros(us as u64));
        ArchiveConfig { keep: Keep { age, bytes }, export_days: false, ..rig.config() }
    };
    let turn = |config: &ArchiveConfig, now_us: i64| {
        Keeper::open(rig.bus.clone(), rig.store(), config).unwrap().turn(now_us).unwrap();
        assert_eq!(rig.reader().check(&mut |_, _| {}).unwrap(), []);
        assert_eq!(published(rig.bus.as_ref()).len(), rig.rows().len());
        rig.rows().first().map(|r| r.0)
    };
    assert_eq!(turn(&keep(None, None), i64::MAX), Some(0));
    assert_eq!(
        turn(&keep(Some(60_000_000), None), ZERO_US + 62_000_000),
        Some(1000),
        "ended 60 s ago or less"
    );
    assert_eq!(turn(&keep(None, Some(sizes[3..].iter().sum())), i64::MAX), Some(3000));
    assert_eq!(turn(&keep(None, Some(sizes[5] + 1)), i64::MAX), Some(5000));
    assert_eq!(turn(&keep(None, Some(0)), i64::MAX), None);
}

#[test]
fn closed_days_are_tables_and_follow_their_rows() {
    let rig = Rig::new();
    send(&rig, topic::EVENTS, &event(1, ZERO_US, 0));
    send(&rig, topic::EVENTS, &event(2, ZERO_US + day::DAY_US, 0));
    let gap = Gap {
        camera: "yard".into(),
        start_us: ZERO_US,
        end_us: ZERO_US + 5,
        cause: GapCause::Offline.into(),
        detail: "no route".into(),
    };
    rig.bus.table(topic::GAPS).unwrap().put(b"yard/1/1", Some(&gap.encode_to_vec())).unwrap();
    take_all(&rig);
    rig.shoot(film(), 1, 0..10, ZERO_US);
    rig.end(1, ZERO_US + 1_000_000);
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    let mut keeper = Keeper::open(
        rig.bus.clone(),
        rig.store(),
        &ArchiveConfig { keep: Keep { age: None, bytes: None }, ..rig.config() },
    )
    .unwrap();
    keeper.turn(ZERO_US + 1000).unwrap();
    assert_eq!(rig.store().list("tables").unwrap(), [], "the day is not over");
    let evening = ZERO_US + day::DAY_US;
    keeper.turn(evening).unwrap();
    let paths: Vec<String> =
        rig.store().list("tables").unwrap().into_iter().map(|e| e.path).collect();
    let of = |table: &str| format!("tables/{table}/day=2027-01-15/part.parquet");
    assert_eq!(paths, [of("events"), of("gaps"), of("segments")]);

    let read = |table: &str| {
        let bytes = rig.store().read(&of(table), 0, 1 << 20).unwrap();
        let reader = SerializedFileReader::new(bytes).unwrap();
        let rows = reader.get_row_iter(None).unwrap();
        rows.map(|row| row.unwrap()).collect::<Vec<_>>()
    };
    let events = read("events");
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].get_string(0).unwrap(), &"01".repeat(16));
    assert_eq!(events[0].get_timestamp_micros(5).unwrap(), ZERO_US);
    assert_eq!(read("segments")[0].get_string(2).unwrap(), &published(rig.bus.as_ref())[0].0);
    assert_eq!(read("gaps")[0].get_string(3).unwrap(), "offline");

    // A late revision is written into the closed day.
    send(&rig, topic::EVENTS, &event(1, ZERO_US, 1));
    take_all(&rig);
    keeper.turn(evening).unwrap();
    assert_eq!(read("events")[0].get_string(3).unwrap(), "end");
    assert_eq!(rig.reader().check(&mut |_, _| {}).unwrap(), []);
}

#[test]
fn planted_damage_is_named() {
    let rig = Rig::new();
    rig.shoot(film(), 1, 0..50, ZERO_US);
    rig.end(1, ZERO_US + 5_000_000);
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    let mut done = Vec::new();
    assert_eq!(rig.reader().check(&mut |n, of| done.push((n, of))).unwrap(), []);
    assert_eq!(done.last(), Some(&(5, 5)));

    let paths: Vec<String> =
        rig.store().list("video").unwrap().into_iter().map(|e| e.path).collect();
    let at = |n: usize| rig.archive_dir().join(&paths[n]);
    let mut bytes = std::fs::read(at(0)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    std::fs::write(at(0), &bytes).unwrap();
    std::fs::write(at(1), &bytes[..100]).unwrap();
    std::fs::remove_file(at(2)).unwrap();
    std::fs::copy(at(3), rig.archive_dir().join("video/yard/stray.mp4")).unwrap();
    std::fs::create_dir_all(rig.archive_dir().join("tmp")).unwrap();
    std::fs::write(rig.archive_dir().join("tmp/left.mp4"), b"x").unwrap();
    let conn = crate::db::open(&rig.archive_dir()).unwrap();
    conn.execute("UPDATE segment SET start_us = start_us - 500000 WHERE path = ?1", [&paths[4]])
        .unwrap();
    conn.execute("INSERT INTO picture VALUES(x'00', 'yard', 0, 0, x'00')", []).unwrap();

    let found = rig.reader().check(&mut |_, _| {}).unwrap();
    let place = |n: usize| paths[n].as_str();
    let named: Vec<(&str, bool)> =
        found.iter().map(|f| (f.where_.as_str(), f.severity == Severity::Error)).collect();
    let expected = [
        ("archive.sqlite", false),
        (place(4), true),
        (place(4), true),
        (place(0), true),
        (place(1), true),
        (place(2), true),
        ("video/yard/stray.mp4", false),
        ("tmp/left.mp4", false),
    ];
    assert_eq!(named, expected, "{found:#?}");
    assert!(found.iter().all(|f| !f.what.is_empty() && !f.fix.is_empty()));
    let refused = rig
        .reader()
        .export(&camera(), ZERO_US, ZERO_US + 900_000, &rig.dir.path().join("x.mp4"))
        .unwrap_err();
    assert_eq!(refused.kind(), flumen_base::Kind::DataLoss);
}
