//! What only Kafka has: sizes, partitions by Java's rule, topics, tables over processes.

use std::time::Duration;

use bytes::Bytes;
use flumen_base::{Kind, topic};
use flumen_bus::kafka::topics;
use flumen_bus::{Bus, Kafka, Polled, Record, Start, Visibility, murmur2_partition};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use crate::broker::{eventually, fresh};
use crate::suite::{record, take};

fn sized(bytes: usize) -> Record {
    let value: Vec<u8> = (0..bytes).map(|n| (n / 1000) as u8).collect();
    Record { value: Bytes::from(value), ..record("yard", 1, 1_000) }
}

/// As ingest splits them: `crates/ingest/src/outbox.rs`.
const PART: usize = 8 << 20;

#[test]
#[ignore = "needs Kafka: make it"]
fn large_access_units_pass() {
    let dir = tempfile::tempdir().unwrap();
    let config = fresh(1);
    let bus = Kafka::open(dir.path(), config.clone()).unwrap();
    let mut reader = bus.consumer(&[topic::VIDEO], Start::Earliest, Visibility::Durable).unwrap();
    for (mib, parts) in [(7, 1), (12, 2), (20, 3)] {
        let unit = sized(mib << 20);
        let mut pending = Vec::new();
        for part in unit.value.chunks(PART) {
            let one = Record { value: Bytes::copy_from_slice(part), ..unit.clone() };
            pending.push(bus.send(topic::VIDEO, one).unwrap());
        }
        assert_eq!(pending.len(), parts);
        for one in pending {
            one.wait().unwrap();
        }
        let read = take(reader.as_mut(), parts);
        let joined: Vec<u8> = read.iter().flat_map(|r| r.record.value.to_vec()).collect();
        assert!(joined == unit.value, "{mib} MiB");
    }
    let refused = bus.send(topic::VIDEO, sized(20 << 20)).unwrap_err();
    assert_eq!(refused.kind(), Kind::Invalid);
    assert!(refused.message().contains("16 MiB"), "{refused}");
    bus.close().unwrap();
}

#[test]
#[ignore = "needs Kafka: make it"]
fn partitions_are_those_of_kafkas_own_rule() {
    let config = fresh(6);
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", config.brokers.join(","));
    settings.set("partitioner", "murmur2_random");
    let producer: BaseProducer = settings.create().unwrap();
    let name = format!("{}{}", config.prefix, topic::VIDEO);
    let keys: Vec<String> = (0..40).map(|n| format!("cam-{n}-zürich")).collect();
    for key in &keys {
        producer.send(BaseRecord::to(&name).key(key.as_str()).payload("x")).unwrap();
    }
    producer.flush(Duration::from_secs(10)).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let bus = Kafka::open(dir.path(), config).unwrap();
    let mut reader = bus.consumer(&[topic::VIDEO], Start::Earliest, Visibility::Durable).unwrap();
    for read in take(reader.as_mut(), keys.len()) {
        assert_eq!(read.position.partition, murmur2_partition(&read.record.key, 6));
        let ours = bus.partition_of(topic::VIDEO, &read.record.key).unwrap();
        assert_eq!(read.position.partition, ours);
    }
}

#[test]
#[ignore = "needs Kafka: make it"]
fn a_wrong_setting_is_named_and_made_right() {
    let config = fresh(2);
    assert_eq!(topics::check(&config).unwrap(), []);
    let name = format!("{}{}", config.prefix, topic::VIDEO);
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", config.brokers.join(","));
    let admin: AdminClient<DefaultClientContext> = settings.create().unwrap();
    let change = AlterConfig::new(ResourceSpecifier::Topic(&name))
        .set("max.message.bytes", "1000000")
        .set("flush.messages", "77");
    let told = tokio_free(admin.alter_configs([&change], &AdminOptions::new()));
    assert!(told.unwrap()[0].is_ok());

    let found = topics::check(&config).unwrap();
    let wrong = found.iter().find(|f| f.setting == "max.message.bytes").unwrap();
    assert_eq!((wrong.topic.as_str(), wrong.is.as_str()), (name.as_str(), "1000000"));
    let dir = tempfile::tempdir().unwrap();
    let bus = Kafka::open(dir.path(), config.clone()).unwrap();
    eventually("health names it", || bus.health().detail.contains("max.message.bytes"));
    // What Kafka does not take yet waits for the setting, and is not lost.
    let pending = bus.send(topic::VIDEO, sized(2 << 20)).unwrap();
    eventually("health says why records wait", || {
        bus.health().detail.contains("flumen topics check")
    });
    let done = topics::apply(&config).unwrap();
    assert!(done.iter().all(|f| f.fix == "changed"), "{done:?}");
    pending.wait().unwrap();
    assert_eq!(topics::check(&config).unwrap(), []);
    let resource = [ResourceSpecifier::Topic(name.as_str())];
    let described = tokio_free(admin.describe_configs(&resource, &AdminOptions::new()));
    let described = described.unwrap().remove(0).unwrap();
    let own = described.get("flush.messages").unwrap().value.clone();
    assert_eq!(own.as_deref(), Some("77"), "what somebody else set stays");
    let shown = topics::show(&config).unwrap();
    let video = shown.iter().find(|s| s.name == name).unwrap();
    assert_eq!((video.partitions, video.replicas, video.records), (2, 1, 1));
    topics::remove(&config).unwrap();
}

/// Waits for a future on this thread.
fn tokio_free<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
#[ignore = "needs Kafka: make it"]
fn tables_are_rebuilt_and_seen_by_other_processes() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let config = fresh(3);
    let bus = Kafka::open(dir.path(), config.clone()).unwrap();
    let table = bus.table(topic::CAMERAS).unwrap();
    let keys: Vec<String> = (0..50).map(|n| format!("cam-{n:02}")).collect();
    let items: Vec<(&[u8], Option<&[u8]>)> =
        keys.iter().map(|k| (k.as_bytes(), Some(&b"1"[..]))).collect();
    table.put_all(&items).unwrap();
    assert_eq!(table.scan(b"cam-").unwrap().len(), 50);
    for n in 0..20_u8 {
        table.put(b"cam-00", Some(&[n])).unwrap();
        assert_eq!(table.get(b"cam-00").unwrap(), Some(vec![n]), "what was put is read");
    }
    table.put(b"cam-01", None).unwrap();

    let second = Kafka::open(other.path(), config.clone()).unwrap();
    let seen = second.table(topic::CAMERAS).unwrap();
    assert_eq!(seen.scan(b"").unwrap(), table.scan(b"").unwrap());
    assert_eq!(seen.get(b"cam-01").unwrap(), None);
    let last = seen.changes(0, Duration::ZERO).unwrap().last().unwrap().offset;
    table.put(b"cam-99", Some(b"new")).unwrap();
    let change = seen.changes(last + 1, Duration::from_secs(20)).unwrap().remove(0);
    assert_eq!(
        (change.key.as_slice(), change.value.as_deref()),
        (&b"cam-99"[..], Some(&b"new"[..]))
    );

    // Claims of cameras: the offset is Kafka's, the same for all, and grows over processes.
    let owners = bus.table(topic::OWNERS).unwrap();
    let first = owners.put(b"yard", Some(b"a")).unwrap();
    let next = second.table(topic::OWNERS).unwrap().put(b"yard", Some(b"b")).unwrap();
    assert!(next > first);
    eventually("the other sees it", || owners.get(b"yard").unwrap() == Some(b"b".to_vec()));
    assert_eq!(owners.changes(0, Duration::ZERO).unwrap()[0].offset, next);

    bus.close().unwrap();
    drop((table, owners, bus));
    let again = Kafka::open(dir.path(), config).unwrap();
    assert_eq!(again.table(topic::CAMERAS).unwrap().scan(b"").unwrap().len(), 50);
}

#[test]
#[ignore = "needs Kafka: make it"]
fn offsets_of_a_group_are_committed_for_who_comes_later() {
    let dir = tempfile::tempdir().unwrap();
    let bus = Kafka::open(dir.path(), fresh(2)).unwrap();
    let group = format!("{}flumen-analysis", bus.config().prefix);
    assert_eq!(bus.committed(&group, topic::VIDEO).unwrap(), [(0, None), (1, None)]);
    bus.commit(&group, topic::VIDEO, &[(0, 17), (1, 0)]).unwrap();
    assert_eq!(bus.committed(&group, topic::VIDEO).unwrap(), [(0, Some(17)), (1, Some(0))]);
}

#[test]
#[ignore = "needs Kafka: make it"]
fn what_was_removed_is_told_and_what_transactions_leave_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let config = fresh(1);
    let bus = Kafka::open(dir.path(), config.clone()).unwrap();
    let name = format!("{}{}", config.prefix, topic::EVENTS);
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", config.brokers.join(","));
    settings.set("transactional.id", &name);
    let producer: BaseProducer = settings.create().unwrap();
    producer.init_transactions(Duration::from_secs(20)).unwrap();
    for n in 0..6_u8 {
        producer.begin_transaction().unwrap();
        producer.send(BaseRecord::to(&name).key("yard").payload(&[n][..])).unwrap();
        let limit = Duration::from_secs(20);
        producer.flush(limit).unwrap();
        if n % 3 == 1 {
            producer.abort_transaction(limit)
        } else {
            producer.commit_transaction(limit)
        }
        .unwrap();
    }
    let mut all = bus.consumer(&[topic::EVENTS], Start::Earliest, Visibility::Durable).unwrap();
    let read = take(all.as_mut(), 4);
    let values: Vec<u8> = read.iter().map(|r| r.record.value[0]).collect();
    assert_eq!(values, [0, 2, 3, 5], "aborted ones are not seen, and no hole is told");
    assert_eq!(all.poll(1, Duration::from_millis(300)).unwrap(), []);

    // Offsets 0 to 5: a record and the end of its transaction each time.
    let from = |offset| Start::Offsets(vec![(0, offset)]);
    let mut behind = bus.consumer(&[topic::EVENTS], from(2), Visibility::Durable).unwrap();
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", config.brokers.join(",")).create().unwrap();
    let mut until = rdkafka::TopicPartitionList::new();
    until.add_partition_offset(&name, 0, rdkafka::Offset::Offset(5)).unwrap();
    tokio_free(admin.delete_records(&until, &AdminOptions::new())).unwrap();
    behind.seek(from(1)).unwrap();
    let mut told = Vec::new();
    while told.len() < 3 {
        let more = behind.poll(1, Duration::from_secs(20)).unwrap();
        assert!(!more.is_empty(), "{told:?}");
        told.extend(more);
    }
    let topic = topic::EVENTS.to_owned();
    assert_eq!(told[0], Polled::Expired { topic, partition: 0, from: 1, to: 5 });
    let offsets = |p: &Polled| if let Polled::Record(r) = p { r.position.offset } else { 0 };
    assert_eq!(told[1..].iter().map(offsets).collect::<Vec<_>>(), [6, 10]);
    assert_eq!(bus.watermarks(topic::EVENTS).unwrap()[0].first, 5);
    bus.close().unwrap();
}
