//! A copy of a bus: all of it, in order, once, however often and wherever it is cut off.
#![allow(missing_docs, clippy::indexing_slicing, clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flumen_base::{Error, Result, topic};
use flumen_bus::copy::{self, Copied, Copy, Place, Progress};
use flumen_bus::{Bus, Delivered, Embedded, EmbeddedConfig, Polled, Record, Start, Visibility};

fn bus(dir: &std::path::Path, partitions: u32) -> Arc<Embedded> {
    let config = EmbeddedConfig {
        partitions,
        sync_delay: Duration::from_millis(1),
        ..EmbeddedConfig::default()
    };
    Embedded::open(dir, config).unwrap()
}

fn fill(bus: &Embedded, from: u64, to: u64) {
    let mut last = None;
    for i in from..to {
        let record = Record {
            key: Bytes::from(format!("cam-{}", i % 7)),
            headers: vec![("h".into(), Bytes::from(i.to_string()))],
            value: Bytes::from(vec![i as u8; 100]),
            timestamp_us: 1_790_000_000_000_000 + i as i64,
        };
        last = Some(bus.send(topic::VIDEO, record).unwrap());
    }
    last.unwrap().wait().unwrap();
}

fn all(bus: &Embedded) -> Vec<Delivered> {
    let mut left: u64 = bus.watermarks(topic::VIDEO).unwrap().iter().map(|w| w.durable).sum();
    let mut reader = bus.consumer(&[topic::VIDEO], Start::Earliest, Visibility::Durable).unwrap();
    let mut found = Vec::new();
    while left > 0 {
        for polled in reader.poll(1000, Duration::from_secs(5)).unwrap() {
            let Polled::Record(record) = polled else { panic!("{polled:?}") };
            found.push(record);
            left -= 1;
        }
    }
    found
}

/// Saves the place, and fails after some times.
#[derive(Default)]
struct Saved {
    place: Place,
    saves: u32,
    fails_at: Option<u32>,
}

impl Progress for Saved {
    fn told(&mut self, done: u64, total: u64) {
        assert!(done <= total);
    }

    fn save(&mut self, place: &Place) -> Result<()> {
        self.saves += 1;
        if self.fails_at == Some(self.saves) {
            return Err(Error::unavailable("killed"));
        }
        self.place = place.clone();
        Ok(())
    }
}

/// Per camera: numbers and stamps in order, as they were.
fn check(to: &Embedded, count: u64) {
    let records = all(to);
    assert_eq!(records.len() as u64, count);
    for camera in 0..7 {
        let key = format!("cam-{camera}");
        let numbers: Vec<u64> = records
            .iter()
            .filter(|d| d.record.key == key.as_bytes())
            .map(|d| {
                let number = std::str::from_utf8(d.record.header("h").unwrap()).unwrap();
                let number: u64 = number.parse().unwrap();
                assert_eq!(d.record.timestamp_us, 1_790_000_000_000_000 + number as i64);
                number
            })
            .collect();
        let expected: Vec<u64> = (0..count).filter(|i| i % 7 == camera).collect();
        assert_eq!(numbers, expected, "{key}");
    }
}

#[test]
fn a_copy_goes_on_where_it_ended_and_doubles_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (bus(&dir.path().join("a"), 1), bus(&dir.path().join("b"), 4));
    let copy = Copy { from: from.as_ref(), to: to.as_ref(), site: "s1" };
    fill(&from, 0, 10_000);

    // Cut off after records were acknowledged and before their place was saved.
    let mut progress = Saved { fails_at: Some(2), ..Saved::default() };
    let mut place = Place::default();
    assert!(copy.log(topic::VIDEO, &mut place, &mut progress).is_err());
    let before = all(&to).len() as u64;
    assert!(before > 4096, "{before}");

    let mut progress = Saved { place: progress.place, ..Saved::default() };
    let mut place = progress.place.clone();
    let done = copy.log(topic::VIDEO, &mut place, &mut progress).unwrap();
    assert_eq!((done.records, done.missing), (10_000 - before, 0));
    assert!(done.found > 0, "what came after the saved place was found");
    check(&to, 10_000);

    fill(&from, 10_000, 10_100);
    let again = copy.log(topic::VIDEO, &mut place, &mut progress).unwrap();
    assert_eq!((again.records, again.bytes), (100, 10_000));
    let nothing = copy.log(topic::VIDEO, &mut place, &mut progress).unwrap();
    assert_eq!(nothing, Copied::default());
    check(&to, 10_100);

    // A place that is lost costs reading, not doubles.
    let mut place = Place::default();
    let lost = copy.log(topic::VIDEO, &mut place, &mut Saved::default()).unwrap();
    assert_eq!((lost.records, lost.found), (0, 10_100));
    let ends: Vec<(u32, u64)> =
        to.watermarks(topic::VIDEO).unwrap().iter().map(|w| (w.partition, w.next)).collect();
    for (partition, end) in ends.into_iter().filter(|e| e.1 > 0) {
        assert_eq!(place.ends[&partition], end);
    }
    // Another site's records are not ours.
    let other = Copy { site: "s2", ..copy };
    let mut place = Place::default();
    assert_eq!(other.log(topic::VIDEO, &mut place, &mut Saved::default()).unwrap().found, 0);
}

#[test]
fn rows_are_copied_when_they_are_missing_or_win_and_claims_go_on_growing() {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (bus(&dir.path().join("a"), 1), bus(&dir.path().join("b"), 4));
    let (ours, theirs) = (from.table(topic::OWNERS).unwrap(), to.table(topic::OWNERS).unwrap());
    for i in 0..700_u32 {
        ours.put(b"yard", Some(&i.to_be_bytes())).unwrap();
    }
    ours.put(b"door", Some(b"1")).unwrap();
    theirs.put(b"door", Some(b"2")).unwrap();
    let newer = |a: &[u8], b: &[u8]| a > b;
    assert_eq!(copy::table(ours.as_ref(), theirs.as_ref(), &newer).unwrap(), 1);
    assert_eq!(copy::table(ours.as_ref(), theirs.as_ref(), &newer).unwrap(), 0);
    assert_eq!(theirs.get(b"door").unwrap().unwrap(), b"2");
    let end = copy::end_of(ours.as_ref()).unwrap();
    assert_eq!(end, 701);
    copy::raise_to(theirs.as_ref(), b"door", b"2", end).unwrap();
    assert!(theirs.put(b"yard", Some(b"next")).unwrap() >= end);
}
