//! The promises of `Bus` as tests over any bus; run on the embedded one and on Kafka.
//!
//! Each function takes a bus whose topics are empty. Timestamps are whole milliseconds: finer
//! ones do not pass through every bus.

#![allow(dead_code, missing_docs)]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flumen_base::{Kind, topic};
use flumen_bus::{Bus, Consumer, Delivered, Polled, Record, Start, Visibility};

/// Longer than any bus needs; a test that waits so long has failed.
pub const LONG: Duration = Duration::from_secs(20);

pub fn record(key: &str, number: u32, timestamp_us: i64) -> Record {
    Record {
        key: Bytes::copy_from_slice(key.as_bytes()),
        headers: vec![("h".into(), Bytes::copy_from_slice(&number.to_le_bytes()))],
        value: Bytes::from(format!("{key} {number}")),
        timestamp_us,
    }
}

/// Reads until there are `count` records; anything else that is told is a failure.
pub fn take(consumer: &mut dyn Consumer, count: usize) -> Vec<Delivered> {
    let mut taken = Vec::new();
    while taken.len() < count {
        let polled = consumer.poll(count - taken.len(), LONG).unwrap();
        assert!(!polled.is_empty(), "only {} of {count} records came", taken.len());
        for item in polled {
            match item {
                Polled::Record(record) => taken.push(record),
                other => panic!("{other:?}"),
            }
        }
    }
    taken
}

/// In each partition order and offsets are those of sending, and what comes out went in.
pub fn order_and_offsets(bus: Arc<dyn Bus>) {
    let cameras = ["yard", "door", "hall", "roof"];
    let mut pending = Vec::new();
    for number in 0..50 {
        for camera in cameras {
            let sent = record(camera, number, 1_000 * (1_000 + i64::from(number)));
            pending.push((sent.clone(), bus.send(topic::VIDEO, sent).unwrap()));
        }
    }
    let mut consumer = bus.consumer(&[topic::VIDEO], Start::Earliest, Visibility::Written).unwrap();
    let read = take(consumer.as_mut(), pending.len());
    for (sent, pending) in pending {
        let ack = pending.wait().unwrap();
        assert_eq!(ack.partition, bus.partition_of(topic::VIDEO, &sent.key).unwrap());
        let found = read.iter().find(|r| r.position == ack).expect("acknowledged, so readable");
        assert_eq!(found.record, sent);
    }
    for camera in cameras {
        let of_camera = read.iter().filter(|r| r.record.key == camera.as_bytes());
        let offsets: Vec<u64> = of_camera.map(|r| r.position.offset).collect();
        assert!(offsets.is_sorted(), "{camera}: {offsets:?}");
    }
    for mark in bus.watermarks(topic::VIDEO).unwrap() {
        let count = read.iter().filter(|r| r.position.partition == mark.partition).count();
        assert_eq!((mark.first, mark.next, mark.durable), (0, count as u64, count as u64));
    }
}

/// A reader of durable records has what was acknowledged, and never more than is durable.
pub fn durable_readers(bus: Arc<dyn Bus>) {
    let mut durable = bus.consumer(&[topic::EVENTS], Start::Latest, Visibility::Durable).unwrap();
    let mut written = bus.consumer(&[topic::EVENTS], Start::Latest, Visibility::Written).unwrap();
    for number in 0..5 {
        let ack = bus.send(topic::EVENTS, record("yard", number, 1_000)).unwrap().wait().unwrap();
        let told = take(written.as_mut(), 1).remove(0);
        assert_eq!(told.position, ack);
        let told = take(durable.as_mut(), 1).remove(0);
        assert_eq!(told.position, ack);
        let marks = bus.watermarks(topic::EVENTS).unwrap();
        let mark = marks.iter().find(|m| m.partition == ack.partition).unwrap();
        assert!(mark.durable > ack.offset);
    }
    assert_eq!(durable.poll(1, Duration::ZERO).unwrap(), []);
}

/// Readers begin where they are told to.
pub fn seeks(bus: Arc<dyn Bus>) {
    let stamp = |number: u32| 1_000_000 * i64::from(number);
    let sent = (0..20).map(|n| bus.send(topic::FRAMES, record("yard", n, stamp(n))).unwrap());
    let acks: Vec<_> = sent.collect::<Vec<_>>().into_iter().map(|p| p.wait().unwrap()).collect();
    let first_of = |start| {
        let mut reader = bus.consumer(&[topic::FRAMES], start, Visibility::Durable).unwrap();
        take(reader.as_mut(), 1).remove(0).position
    };
    assert_eq!(first_of(Start::Earliest), acks[0]);
    assert_eq!(first_of(Start::Time(stamp(7))), acks[7]);
    assert_eq!(first_of(Start::Time(stamp(7) + 1)), acks[8]);
    assert_eq!(first_of(Start::Time(i64::MIN)), acks[0]);
    let at = vec![(acks[5].partition, acks[5].offset)];
    assert_eq!(first_of(Start::Offsets(at.clone())), acks[5]);

    let mut latest = bus.consumer(&[topic::FRAMES], Start::Latest, Visibility::Written).unwrap();
    let mut future =
        bus.consumer(&[topic::FRAMES], Start::Time(stamp(99)), Visibility::Written).unwrap();
    assert_eq!(latest.poll(1, Duration::ZERO).unwrap(), []);
    assert_eq!(future.poll(1, Duration::ZERO).unwrap(), []);
    let ack = bus.send(topic::FRAMES, record("yard", 20, stamp(20))).unwrap().wait().unwrap();
    assert_eq!(take(latest.as_mut(), 1).remove(0).position, ack);
    latest.seek(Start::Offsets(at)).unwrap();
    assert_eq!(take(latest.as_mut(), 1).remove(0).position, acks[5]);
}

/// 16 MiB go through, more is refused; unknown topics and tables are told from logs.
pub fn limits(bus: Arc<dyn Bus>) {
    let mut large = record("yard", 1, 5_000);
    large.value = Bytes::from(vec![7; (16 << 20) - 4096]);
    bus.send(topic::VIDEO, large.clone()).unwrap().wait().unwrap();
    let mut reader = bus.consumer(&[topic::VIDEO], Start::Earliest, Visibility::Durable).unwrap();
    assert_eq!(take(reader.as_mut(), 1).remove(0).record, large);
    large.value = Bytes::from(vec![7; (16 << 20) + 1]);
    assert_eq!(bus.send(topic::VIDEO, large).unwrap_err().kind(), Kind::Invalid);

    let unknown = bus.send("flumen.nothing", record("yard", 1, 1_000)).unwrap_err();
    assert_eq!(unknown.kind(), Kind::NotFound);
    assert_eq!(bus.watermarks(topic::CAMERAS).unwrap_err().kind(), Kind::NotFound);
    assert!(bus.table(topic::VIDEO).is_err_and(|e| e.kind() == Kind::NotFound));
    let consumer = bus.consumer(&[topic::CAMERAS], Start::Earliest, Visibility::Written);
    assert!(consumer.is_err_and(|e| e.kind() == Kind::NotFound));
}

/// A consumer of several topics has the records of all of them.
pub fn several_topics(bus: Arc<dyn Bus>) {
    let topics = [topic::VIDEO, topic::EVENTS];
    let mut consumer = bus.consumer(&topics, Start::Earliest, Visibility::Written).unwrap();
    for number in 0..10 {
        for topic in topics {
            drop(bus.send(topic, record("yard", number, 1_000)).unwrap());
        }
    }
    let read = take(consumer.as_mut(), 20);
    for topic in topics {
        let of_topic: Vec<_> = read.iter().filter(|r| r.topic == topic).collect();
        assert_eq!(of_topic.len(), 10);
        assert!(of_topic.windows(2).all(|w| w[0].position < w[1].position));
    }
}

/// A waiting reader is woken by a send from another thread.
pub fn wakes(bus: Arc<dyn Bus>) {
    let mut reader = bus.consumer(&[topic::VIDEO], Start::Latest, Visibility::Written).unwrap();
    let table = bus.table(topic::CAMERAS).unwrap();
    let from = table.put(b"before", Some(b"1")).unwrap() + 1;
    let waiter =
        std::thread::spawn(move || (take(reader.as_mut(), 1), table.changes(from, LONG).unwrap()));
    drop(bus.send(topic::VIDEO, record("yard", 1, 1_000)).unwrap());
    bus.table(topic::CAMERAS).unwrap().put(b"after", Some(b"2")).unwrap();
    let (read, changes) = waiter.join().unwrap();
    assert_eq!(read[0].record, record("yard", 1, 1_000));
    assert_eq!(changes[0].key, b"after");
}

/// Tables keep the last value of each key and tell changes in order.
pub fn tables(bus: Arc<dyn Bus>) {
    let table = bus.table(topic::GAPS).unwrap();
    assert_eq!(table.get(b"yard/1").unwrap(), None);
    let first = table.put(b"yard/1", Some(b"a")).unwrap();
    let second = table.put(b"yard/2", Some(b"b")).unwrap();
    let third = table.put(b"yarn", Some(b"c")).unwrap();
    assert!(first < second && second < third);
    assert_eq!(table.get(b"yard/2").unwrap(), Some(b"b".to_vec()));
    let pairs = |list: &[(&str, &str)]| -> Vec<(Vec<u8>, Vec<u8>)> {
        list.iter().map(|(k, v)| (k.as_bytes().to_vec(), v.as_bytes().to_vec())).collect()
    };
    assert_eq!(table.scan(b"yard/").unwrap(), pairs(&[("yard/1", "a"), ("yard/2", "b")]));
    assert_eq!(table.scan(b"").unwrap().len(), 3);
    assert_eq!(table.scan(b"\xff").unwrap(), []);

    let removed = table.put(b"yard/1", None).unwrap();
    let again = table.put(b"yard/2", Some(b"d")).unwrap();
    assert_eq!(table.get(b"yard/1").unwrap(), None);
    assert_eq!(table.scan(b"yard").unwrap(), pairs(&[("yard/2", "d")]));
    let changes = table.changes(second, Duration::ZERO).unwrap();
    let told: Vec<_> = changes.iter().map(|c| (c.offset, c.key.as_slice())).collect();
    let expected: [(u64, &[u8]); 3] = [(third, b"yarn"), (removed, b"yard/1"), (again, b"yard/2")];
    assert_eq!(told, expected);
    assert_eq!(changes[1].value, None);
    assert_eq!(table.changes(again + 1, Duration::ZERO).unwrap(), []);

    let other = bus.table(topic::SEGMENTS).unwrap();
    assert_eq!(other.get(b"yarn").unwrap(), None);
    let last = other.put_all(&[(b"a", Some(b"1")), (b"b", Some(b"2")), (b"a", None)]).unwrap();
    assert_eq!(other.scan(b"").unwrap(), pairs(&[("b", "2")]));
    assert_eq!(other.changes(last, Duration::ZERO).unwrap().len(), 1);
}
