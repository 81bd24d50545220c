//! Brokers and processes that are killed, a spool that is full: nothing is lost in silence.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flumen_base::{Kind, topic};
use flumen_bus::kafka::topics;
use flumen_bus::{Bus, Delivered, Kafka, KafkaConfig, Record, Start, Visibility};

use crate::broker::{child, eventually, fresh, prefix, victim, wait_for_line};
use crate::suite::{LONG, take};

/// Number `n` of a camera, with as many bytes.
fn numbered(camera: &str, n: u32, bytes: usize) -> Record {
    let mut value = vec![n as u8; bytes];
    value[..4].copy_from_slice(&n.to_le_bytes());
    Record {
        key: Bytes::copy_from_slice(camera.as_bytes()),
        headers: vec![("h".into(), Bytes::from_static(b"header"))],
        value: value.into(),
        timestamp_us: 1_700_000_000_000_000 + i64::from(n) * 40_000,
    }
}

fn number(record: &Record) -> u32 {
    u32::from_le_bytes(record.value[..4].try_into().unwrap())
}

/// All that a topic has now. A broker that is back acknowledges before it is asked how it is.
fn everything(bus: &Kafka, topic: &str) -> Vec<Delivered> {
    eventually("health says that Kafka answers", || bus.watermarks(topic).is_ok());
    let count: u64 = bus.watermarks(topic).unwrap().iter().map(|w| w.next - w.first).sum();
    let mut reader = bus.consumer(&[topic], Start::Earliest, Visibility::Durable).unwrap();
    take(reader.as_mut(), count as usize)
}

/// Numbers by camera in the order of the log, repeats of what came before taken out; how many.
fn first_times(read: &[Delivered]) -> (BTreeMap<Bytes, Vec<u32>>, usize) {
    let mut by_camera: BTreeMap<Bytes, Vec<u32>> = BTreeMap::new();
    let mut repeats = 0;
    for delivered in read {
        let numbers = by_camera.entry(delivered.record.key.clone()).or_default();
        let n = number(&delivered.record);
        if numbers.contains(&n) { repeats += 1 } else { numbers.push(n) }
    }
    (by_camera, repeats)
}

#[test]
#[ignore = "needs Kafka: make it"]
fn a_killed_broker_costs_nothing_and_no_order() {
    let victim = victim();
    let dir = tempfile::tempdir().unwrap();
    let bus = Kafka::open(dir.path(), victim.fresh(3)).unwrap();
    let cameras: Vec<String> = (0..10).map(|n| format!("cam-{n}")).collect();
    let sender = {
        let (bus, cameras) = (bus.clone(), cameras.clone());
        std::thread::spawn(move || {
            let mut pending = Vec::new();
            for n in 0..200 {
                for camera in &cameras {
                    let sent = numbered(camera, n, 5_000);
                    pending.push((sent.clone(), bus.send(topic::VIDEO, sent).unwrap()));
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            pending
        })
    };
    let there = || bus.watermarks(topic::VIDEO).map(|all| all.iter().map(|w| w.next).sum::<u64>());
    eventually("some are on Kafka", || there().is_ok_and(|records| records > 100));
    victim.kill();
    eventually("health says that Kafka is away", || !bus.health().reachable);
    victim.start_again();
    let pending = sender.join().unwrap();
    let acks: Vec<_> = pending.into_iter().map(|(r, p)| (r, p.wait().unwrap())).collect();
    assert_eq!(acks.len(), 2000);
    let read = everything(&bus, topic::VIDEO);
    for (sent, at) in &acks {
        let found = read.iter().find(|r| r.position == *at).expect("acknowledged, so there");
        assert_eq!(&found.record, sent);
    }
    let (by_camera, repeats) = first_times(&read);
    let whole: Vec<u32> = (0..200).collect();
    assert!(cameras.iter().all(|c| by_camera[c.as_bytes()] == whole));
    eprintln!("2,000 acknowledged over a kill -9 of the broker, {repeats} repeats");
    eventually("the spool is empty", || bus.health().spooled_records == 0);
    bus.close().unwrap();
}

/// Settings that a child process gets by its environment.
fn childs(config: &KafkaConfig, dir: &Path) -> [(&'static str, String); 3] {
    [
        ("FLUMEN_CHILD_DIR", dir.to_str().unwrap().to_owned()),
        ("FLUMEN_CHILD_BROKER", config.brokers[0].clone()),
        ("FLUMEN_CHILD_PREFIX", config.prefix.clone()),
    ]
}

/// What the environment says in a child process; `None` elsewhere.
pub fn as_child() -> Option<(String, KafkaConfig)> {
    let dir = std::env::var("FLUMEN_CHILD_DIR").ok()?;
    let config = KafkaConfig {
        brokers: vec![std::env::var("FLUMEN_CHILD_BROKER").unwrap()],
        prefix: std::env::var("FLUMEN_CHILD_PREFIX").unwrap(),
        ..KafkaConfig::default()
    };
    Some((dir, config))
}

#[test]
#[ignore = "a child process of another test"]
fn child_that_spools() {
    let Some((dir, config)) = as_child() else { return };
    let bus = Kafka::open(Path::new(&dir), config).unwrap();
    for n in 0..300 {
        for camera in ["yard", "door"] {
            drop(bus.send(topic::VIDEO, numbered(camera, n, 2_000)).unwrap());
        }
        if n == 250 {
            println!("half");
        }
    }
    eventually("all are in the spool", || bus.health().spooled_records >= 600);
    println!("spooled");
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
#[ignore = "needs Kafka: make it"]
fn a_killed_process_leaves_its_spool_to_the_next() {
    let victim = victim();
    let dir = tempfile::tempdir().unwrap();
    let config = victim.fresh(2);
    // Once with Kafka there, so that its partitions are known, and something is delivered.
    let bus = Kafka::open(dir.path(), config.clone()).unwrap();
    bus.send(topic::VIDEO, numbered("hall", 0, 100)).unwrap().wait().unwrap();
    bus.close().unwrap();
    drop(bus);
    victim.kill();
    let settings = childs(&config, dir.path());
    let settings: Vec<(&str, &str)> = settings.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let mut process = child("faults::child_that_spools", &settings);
    let mut out = BufReader::new(process.stdout.take().unwrap());
    wait_for_line(&mut out, "spooled");
    process.kill().unwrap();
    process.wait().unwrap();

    let bus = Kafka::open(dir.path(), config).unwrap();
    assert!(bus.health().spooled_records >= 600, "{:?}", bus.health());
    let later = bus.send(topic::VIDEO, numbered("yard", 300, 2_000)).unwrap();
    victim.start_again();
    later.wait().unwrap();
    eventually("the spool is empty", || bus.health().spooled_records == 0);
    let (by_camera, repeats) = first_times(&everything(&bus, topic::VIDEO));
    assert_eq!(by_camera[&b"yard"[..]], (0..=300).collect::<Vec<_>>());
    assert_eq!(by_camera[&b"door"[..]], (0..300).collect::<Vec<_>>());
    assert_eq!(by_camera[&b"hall"[..]], [0]);
    assert_eq!(repeats, 0, "a close and a kill while Kafka was away leave nothing to repeat");
    bus.close().unwrap();
}

#[test]
#[ignore = "a child process of another test"]
fn child_that_sends() {
    let Some((dir, config)) = as_child() else { return };
    let bus = Kafka::open(Path::new(&dir), config).unwrap();
    let mut pending = std::collections::VecDeque::new();
    for n in 0..100_000 {
        pending.push_back((n, bus.send(topic::VIDEO, numbered("yard", n, 20_000)).unwrap()));
        while let Some((n, told)) = pending.front_mut().map(|(n, p)| (*n, p.poll_now())) {
            let Some(told) = told else { break };
            told.unwrap();
            println!("acknowledged {n}");
            pending.pop_front();
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
#[ignore = "needs Kafka: make it"]
fn a_process_killed_while_it_sends_loses_nothing_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let config = fresh(2);
    let settings = childs(&config, dir.path());
    let settings: Vec<(&str, &str)> = settings.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let mut process = child("faults::child_that_sends", &settings);
    let mut out = BufReader::new(process.stdout.take().unwrap());
    wait_for_line(&mut out, "acknowledged 200");
    process.kill().unwrap();
    process.wait().unwrap();
    let last = out.lines().map_while(Result::ok).last();
    let last = last.and_then(|l| l.rsplit(' ').next()?.parse().ok()).unwrap_or(200);

    let bus = Kafka::open(dir.path(), config).unwrap();
    bus.send(topic::VIDEO, numbered("yard", 1_000_000, 100)).unwrap().wait().unwrap();
    let (by_camera, repeats) = first_times(&everything(&bus, topic::VIDEO));
    let mut numbers = by_camera[&b"yard"[..]].clone();
    assert_eq!(numbers.pop(), Some(1_000_000), "what is sent later comes later");
    assert_eq!(numbers, (0..numbers.len() as u32).collect::<Vec<_>>(), "no hole, in order");
    assert!(numbers.len() as u32 > last, "{} came, {last} was acknowledged", numbers.len());
    eprintln!("kill -9 in mid-stream: {} stored, {repeats} sent twice", numbers.len());
    bus.close().unwrap();
}

#[test]
#[ignore = "needs Kafka: make it"]
fn a_process_that_begins_while_kafka_is_away_spools() {
    let victim = victim();
    let dir = tempfile::tempdir().unwrap();
    let config = KafkaConfig {
        brokers: vec![victim.address.clone()],
        prefix: prefix(),
        patience: Duration::from_millis(500),
        ..KafkaConfig::default()
    };
    victim.kill();
    let bus = Kafka::open(dir.path(), config.clone()).unwrap();
    let pending = bus.send(topic::VIDEO, numbered("yard", 1, 100)).unwrap();
    let mut reader = bus.consumer(&[topic::VIDEO], Start::Earliest, Visibility::Written).unwrap();
    assert_eq!(reader.poll(1, Duration::ZERO).unwrap_err().kind(), Kind::Unavailable);
    let table = bus.table(topic::CAMERAS).unwrap();
    assert_eq!(table.get(b"yard").unwrap_err().kind(), Kind::Unavailable);
    assert_eq!(table.put(b"yard", Some(b"1")).unwrap_err().kind(), Kind::Unavailable);
    eventually("the spool holds it", || bus.health().spooled_records == 1);
    let health = bus.health();
    assert!(!health.reachable && health.spooled_since_us.is_some(), "{health:?}");
    assert!(health.detail.contains("does not answer"), "{}", health.detail);

    victim.start_again();
    eventually("the missing topics are named", || {
        bus.health().detail.contains("flumen topics apply")
    });
    let refused = bus.send(topic::VIDEO, numbered("yard", 2, 100)).unwrap_err();
    assert_eq!(refused.kind(), Kind::NotFound, "{refused}");
    topics::apply(&config).unwrap();
    let at = pending.wait().unwrap();
    assert_eq!(take(reader.as_mut(), 1)[0].position, at);
    eventually("the table is there", || table.put(b"yard", Some(b"1")).is_ok());
    assert_eq!(table.get(b"yard").unwrap(), Some(b"1".to_vec()));
    bus.close().unwrap();
}

#[test]
#[ignore = "needs Kafka: make it"]
fn a_full_spool_drops_whole_groups_and_says_so() {
    let victim = victim();
    let dir = tempfile::tempdir().unwrap();
    let config = KafkaConfig {
        spool_bytes: 64 << 20,
        queue_bytes: 16 << 20,
        begins: |record| number(record).is_multiple_of(10),
        ..victim.fresh(2)
    };
    let bus = Kafka::open(dir.path(), config).unwrap();
    bus.send(topic::VIDEO, numbered("yard", 1_000_000, 100)).unwrap().wait().unwrap();
    victim.kill();
    eventually("Kafka is away", || !bus.health().reachable);
    for n in 0..500 {
        for camera in ["yard", "door"] {
            send_patiently(&bus, numbered(camera, n, 100_000));
        }
    }
    eventually("records were dropped", || bus.health().dropped > 300);
    victim.start_again();
    eventually("the spool is empty", || bus.health().spooled_records == 0);
    let dropped = bus.take_dropped();
    assert!(bus.take_dropped().is_empty());
    let (by_camera, _) = first_times(&everything(&bus, topic::VIDEO));
    for camera in [&b"yard"[..], b"door"] {
        let came: Vec<u32> = by_camera[camera].iter().copied().filter(|n| *n < 1000).collect();
        let lost = dropped.iter().find(|d| d.key == camera).unwrap();
        assert_eq!(came[0] % 10, 0, "a reader can begin at the first that was kept");
        assert_eq!(came, (came[0]..500).collect::<Vec<_>>());
        assert_eq!(lost.records, u64::from(came[0]), "each one that was dropped is counted");
        assert_eq!(lost.bytes, u64::from(came[0]) * 100_000);
        let stamp = |n| numbered("yard", n, 4).timestamp_us;
        assert_eq!((lost.first_us, lost.last_us), (stamp(0), stamp(came[0] - 1)));
        eprintln!("{}: {} of 500 dropped", String::from_utf8_lossy(camera), lost.records);
    }
    assert_eq!(dropped.iter().map(|d| d.records).sum::<u64>(), bus.health().dropped);
    bus.close().unwrap();
}

/// Sends as ingest does: a full queue is asked again.
fn send_patiently(bus: &Arc<Kafka>, record: Record) {
    let began = std::time::Instant::now();
    loop {
        match bus.send(topic::VIDEO, record.clone()) {
            Ok(_) => return,
            Err(e) => assert!(e.kind() == Kind::Exhausted && began.elapsed() < LONG, "{e}"),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
