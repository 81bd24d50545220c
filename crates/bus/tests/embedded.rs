//! What only the embedded bus promises: limits, retention, restarts, a disk that fails.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod suite;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flumen_base::{Kind, ManualClock, topic};
use flumen_bus::{Bus, Embedded, EmbeddedConfig, Keep, Polled, Start, Visibility};
use flumen_journal::sim::SimDisk;
use suite::{LONG, record, take};

fn open(dir: &Path, disk: &SimDisk, config: EmbeddedConfig) -> Arc<Embedded> {
    let clock = Arc::new(ManualClock::at(0));
    Embedded::open_with(dir, config, Arc::new(disk.clone()), clock).unwrap()
}

#[test]
fn a_full_queue_is_said_and_passes() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), SimDisk::new(1));
    let config = EmbeddedConfig { queue_bytes: 150, ..EmbeddedConfig::default() };
    let bus = open(dir.path(), &disk, config);
    disk.faults(|f| f.held_syncs = true);
    let first = bus.send(topic::VIDEO, record("yard", 0, 1)).unwrap();
    drop(bus.send(topic::VIDEO, record("yard", 1, 1)).unwrap());
    let full = bus.send(topic::VIDEO, record("yard", 2, 1)).unwrap_err();
    assert_eq!(full.kind(), Kind::Exhausted);
    // Another topic has a queue of its own.
    drop(bus.send(topic::EVENTS, record("yard", 0, 1)).unwrap());
    disk.faults(|f| f.held_syncs = false);
    first.wait().unwrap();
    loop {
        match bus.send(topic::VIDEO, record("yard", 2, 1)) {
            Ok(pending) => break assert_eq!(pending.wait().unwrap().offset, 2),
            Err(e) => assert_eq!(e.kind(), Kind::Exhausted),
        }
        std::thread::yield_now();
    }
}

#[test]
fn who_falls_behind_retention_is_told() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), SimDisk::new(1));
    let keep = Keep { age: LONG, bytes: 100_000 };
    let config = EmbeddedConfig {
        segment_bytes: 64 << 10,
        keep: HashMap::from([(topic::VIDEO.to_owned(), keep)]),
        ..EmbeddedConfig::default()
    };
    let bus = open(dir.path(), &disk, config);
    let mut behind = bus.consumer(&[topic::VIDEO], Start::Earliest, Visibility::Durable).unwrap();
    let mut last = None;
    for number in 0..40 {
        let mut large = record("yard", number, 0);
        large.value = vec![1; 10_000].into();
        last = Some(bus.send(topic::VIDEO, large).unwrap());
    }
    last.unwrap().wait().unwrap();
    // Retention works by whole files: one of 64 KiB may be too much.
    while bus.watermarks(topic::VIDEO).unwrap()[0].bytes > 100_000 + (64 << 10) {
        std::thread::yield_now();
    }
    // It may drop one more file between two polls; what is told has no hole.
    let mut next = 0;
    let first = loop {
        match behind.poll(1, LONG).unwrap().remove(0) {
            Polled::Expired { from, to, .. } if from == next && to > from => next = to,
            Polled::Record(record) => break record,
            other => panic!("{other:?} after {next}"),
        }
    };
    assert!(next > 0);
    assert_eq!(first.position.offset, next);
}

#[test]
fn acknowledged_records_survive_power_cuts() {
    let dir = tempfile::tempdir().unwrap();
    let mut disk = SimDisk::new(1);
    let mut acks = Vec::new();
    for life in 0..20 {
        let sync_delay = Duration::from_millis(1);
        let config = EmbeddedConfig { sync_delay, ..EmbeddedConfig::default() };
        let bus = open(dir.path(), &disk, config);
        let mut reader =
            bus.consumer(&[topic::EVENTS], Start::Earliest, Visibility::Durable).unwrap();
        let read = take(reader.as_mut(), acks.len());
        assert!(read.iter().all(|r| acks.contains(&(r.position, r.record.clone()))));
        for number in 0..10 {
            let sent = record("yard", life * 10 + number, 1);
            let pending = bus.send(topic::EVENTS, sent.clone()).unwrap();
            acks.push((pending.wait().unwrap(), sent));
        }
        disk = disk.cut_power(u64::from(life));
    }
    assert!(acks.windows(2).all(|w| w[0].0.offset + 1 == w[1].0.offset));
    assert!(acks.windows(11).all(|w| w[0].0.generation < w[10].0.generation));
}

#[test]
fn a_failed_sync_ends_sending_with_a_reason() {
    let (dir, disk) = (tempfile::tempdir().unwrap(), SimDisk::new(1));
    let bus = open(dir.path(), &disk, EmbeddedConfig::default());
    bus.send(topic::EVENTS, record("yard", 0, 1)).unwrap().wait().unwrap();
    disk.faults(|f| f.failing_syncs = 1);
    let lost = bus.send(topic::EVENTS, record("yard", 1, 1)).unwrap().wait().unwrap_err();
    assert_eq!(lost.kind(), Kind::Unavailable);
    let refused = bus.send(topic::EVENTS, record("yard", 2, 1)).unwrap_err();
    assert!(refused.message().contains("restart"), "{refused}");
    let broken = bus.stats().into_iter().filter(|(_, _, s)| s.broken.is_some());
    assert_eq!(broken.map(|(topic, _, _)| topic).collect::<Vec<_>>(), [topic::EVENTS]);
    assert!(bus.close().is_err());
}

#[test]
fn a_second_process_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let bus = Embedded::open(dir.path(), EmbeddedConfig::default()).unwrap();
    let second = Embedded::open(dir.path(), EmbeddedConfig::default()).err().unwrap();
    assert_eq!(second.kind(), Kind::Unavailable);
    drop(bus);
    Embedded::open(dir.path(), EmbeddedConfig::default()).unwrap();
}

#[test]
fn everything_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let bus = Embedded::open(dir.path(), EmbeddedConfig::default()).unwrap();
    drop(bus.send(topic::VIDEO, record("yard", 7, 1)).unwrap());
    let table = bus.table(topic::CAMERAS).unwrap();
    let put = table.put(b"yard", Some(b"a")).unwrap();
    let gone = table.put(b"door", Some(b"b")).and_then(|_| table.put(b"door", None)).unwrap();
    bus.close().unwrap();
    assert!(bus.send(topic::VIDEO, record("yard", 8, 1)).is_err());
    drop((bus, table));

    let bus = Embedded::open(dir.path(), EmbeddedConfig::default()).unwrap();
    let mut reader = bus.consumer(&[topic::VIDEO], Start::Earliest, Visibility::Durable).unwrap();
    assert_eq!(take(reader.as_mut(), 1)[0].record, record("yard", 7, 1));
    let table = bus.table(topic::CAMERAS).unwrap();
    let offsets: Vec<u64> =
        table.changes(0, Duration::ZERO).unwrap().iter().map(|c| c.offset).collect();
    assert_eq!(offsets, [put, gone]);
    assert!(table.put(b"hall", Some(b"c")).unwrap() > gone);
}

#[test]
fn tables_take_puts_from_many_threads() {
    let dir = tempfile::tempdir().unwrap();
    let bus = Embedded::open(dir.path(), EmbeddedConfig::default()).unwrap();
    let threads: Vec<_> = (0..4_u8)
        .map(|thread| {
            let table = bus.table(topic::GAPS).unwrap();
            std::thread::spawn(move || {
                (0..10_u8).map(|n| table.put(&[thread, n], Some(&[n])).unwrap()).collect()
            })
        })
        .collect();
    let each: Vec<Vec<u64>> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    assert!(each.iter().all(|offsets| offsets.is_sorted()));
    let mut all = each.concat();
    all.sort_unstable();
    assert_eq!(all, (0..40).collect::<Vec<_>>());
    assert_eq!(bus.table(topic::GAPS).unwrap().scan(b"").unwrap().len(), 40);
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let keep = HashMap::from([("flumen.vidoe".to_owned(), Keep::default_of(topic::VIDEO))]);
    let wrong = [
        EmbeddedConfig { partitions: 0, ..EmbeddedConfig::default() },
        EmbeddedConfig { segment_bytes: 1, ..EmbeddedConfig::default() },
        EmbeddedConfig { keep, ..EmbeddedConfig::default() },
    ];
    for config in wrong {
        let error = Embedded::open(dir.path(), config).err().unwrap();
        assert_eq!(error.kind(), Kind::Invalid);
    }
}
