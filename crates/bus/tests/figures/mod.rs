//! Rates and delays through Kafka, printed. They mean something only alone:
//! `FLUMEN_FIGURES=1 cargo test -p flumen-bus --features kafka --test kafka -- --ignored
//! --nocapture --test-threads 1 figures::`.

use std::time::{Duration, Instant};

use bytes::Bytes;
use flumen_base::{Kind, topic};
use flumen_bus::{Bus, Kafka, KafkaConfig, Polled, Record, Start, Visibility};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use crate::broker::{eventually, fresh, victim};

const RECORDS: u32 = 2_000;
const BYTES: usize = 100_000;

fn wanted() -> bool {
    std::env::var_os("FLUMEN_FIGURES").is_some()
}

fn unit(n: u32, value: &Bytes) -> Record {
    Record {
        key: Bytes::from(format!("cam-{}", n % 10)),
        headers: vec![("h".into(), Bytes::from_static(&[0; 80]))],
        value: value.clone(),
        timestamp_us: 1_700_000_000_000_000,
    }
}

fn send(bus: &Kafka, record: &Record) -> flumen_bus::Pending {
    loop {
        match bus.send(topic::VIDEO, record.clone()) {
            Ok(pending) => return pending,
            Err(e) => assert_eq!(e.kind(), Kind::Exhausted, "{e}"),
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn told(what: &str, took: Duration) {
    let seconds = took.as_secs_f64();
    let rate = f64::from(RECORDS) / seconds;
    eprintln!("{what}: {rate:.0} records/s of 100 KB, {:.0} MB/s", rate * BYTES as f64 / 1e6);
}

/// As Kafka's own producer test: one producer, the same promises, nothing stored.
fn plain(config: &KafkaConfig, value: &Bytes) -> Duration {
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", config.brokers.join(","));
    settings.set("enable.idempotence", "true").set("partitioner", "murmur2_random");
    settings.set("queue.buffering.max.kbytes", "65536");
    let producer: BaseProducer = settings.create().unwrap();
    let name = format!("{}{}", config.prefix, topic::FRAMES);
    let began = Instant::now();
    for n in 0..RECORDS {
        let record = unit(n, value);
        loop {
            let message = BaseRecord::to(&name).key(&record.key[..]).payload(&record.value[..]);
            match producer.send(message) {
                Ok(()) => break,
                Err(_) => producer.poll(Duration::from_millis(1)),
            }
        }
    }
    producer.flush(Duration::from_secs(120)).unwrap();
    began.elapsed()
}

#[test]
#[ignore = "prints figures of a Kafka"]
fn rates_of_store_and_forward() {
    if !wanted() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let config = fresh(12);
    let bus = Kafka::open(dir.path(), config.clone()).unwrap();
    let value = Bytes::from((0..BYTES).map(|n| (n * 31 % 251) as u8).collect::<Vec<_>>());
    for round in 1..=2 {
        let began = Instant::now();
        let pending: Vec<_> = (0..RECORDS).map(|n| send(&bus, &unit(n, &value))).collect();
        for one in pending {
            one.wait().unwrap();
        }
        told(&format!("store and forward, round {round}"), began.elapsed());
        told(&format!("plain producer, round {round}"), plain(&config, &value));
    }
    bus.close().unwrap();
}

#[test]
#[ignore = "prints figures of a Kafka"]
fn rate_of_catching_up() {
    if !wanted() {
        return;
    }
    let victim = victim();
    let dir = tempfile::tempdir().unwrap();
    let bus = Kafka::open(dir.path(), victim.fresh(12)).unwrap();
    let value = Bytes::from((0..BYTES).map(|n| (n * 31 % 251) as u8).collect::<Vec<_>>());
    send(&bus, &unit(0, &value)).wait().unwrap();
    victim.kill();
    for n in 0..RECORDS {
        drop(send(&bus, &unit(n, &value)));
    }
    eventually("all is spooled", || bus.health().spooled_records == u64::from(RECORDS));
    victim.start_again();
    let up = Instant::now();
    eventually("the first is delivered", || bus.health().spooled_records < u64::from(RECORDS));
    let (first, began) = (up.elapsed(), Instant::now());
    eventually("the spool is empty", || bus.health().spooled_records == 0);
    told("catching up", began.elapsed());
    eprintln!("the first record went {:.1} s after the broker's port opened", first.as_secs_f64());
    bus.close().unwrap();
}

#[test]
#[ignore = "prints figures of a Kafka"]
fn delay_from_send_to_read() {
    if !wanted() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let bus = Kafka::open(dir.path(), fresh(12)).unwrap();
    let mut reader = bus.consumer(&[topic::VIDEO], Start::Latest, Visibility::Written).unwrap();
    let sender = bus.clone();
    let began = Instant::now();
    let count = 1_000;
    let thread = std::thread::spawn(move || {
        for n in 0..count {
            let mut value = vec![0; 20_000];
            let now = began.elapsed().as_micros() as u64;
            value[..8].copy_from_slice(&now.to_le_bytes());
            drop(send(&sender, &unit(n, &value.into())));
            std::thread::sleep(Duration::from_millis(4));
        }
    });
    let mut delays = Vec::new();
    while delays.len() < count as usize {
        let read = reader.poll(100, Duration::from_secs(20)).unwrap();
        assert!(!read.is_empty(), "{} of {count} came", delays.len());
        for polled in read {
            let Polled::Record(read) = polled else { panic!("{polled:?}") };
            let sent = u64::from_le_bytes(read.record.value[..8].try_into().unwrap());
            delays.push(began.elapsed().as_micros() as u64 - sent);
        }
    }
    thread.join().unwrap();
    // The first second is for connections.
    delays.drain(..250);
    delays.sort_unstable();
    let at = |part: usize| delays[delays.len() * part / 100] as f64 / 1000.0;
    let most = delays[delays.len() - 1] as f64 / 1000.0;
    eprintln!(
        "10 x 25 x 20 KB: p50 {:.1} ms, p90 {:.1}, p99 {:.1}, most {most:.1}",
        at(50),
        at(90),
        at(99)
    );
    bus.close().unwrap();
}
