//! Brokers killed and away under load: nothing acknowledged is lost, order is kept.

use std::time::{Duration, Instant};

use flumen_base::topic;
use flumen_bus::Bus;

use super::client::{Offsets, leader, read};
use super::figures::{machine_load, median};
use super::load::{Clip, Feed};
use super::servers::Kafka;
use super::spooled::{Spooled, verdict};
use super::{Random, long, number, street};
use crate::common::wait_for;

const CAMERAS: usize = 4;

fn cameras(kafka: &Kafka, spool: &std::path::Path) -> Spooled {
    let clip = Clip::read(&street());
    let feeds = (0..CAMERAS).map(|n| Feed::new(&format!("broker-{n}"), &clip)).collect();
    let cameras = Spooled::start(&kafka.brokers, spool, feeds);
    wait_acks(&cameras, 50, Duration::from_secs(60));
    cameras
}

fn wait_acks(cameras: &Spooled, more: u64, patience: Duration) {
    let before = cameras.acked();
    wait_for("acknowledgements", patience, || (cameras.acked() >= before + more).then_some(()));
}

/// Waits until nothing waits in the spool but what is on its way.
fn wait_caught_up(cameras: &Spooled) -> Duration {
    let begin = Instant::now();
    wait_for("the spool to be empty", Duration::from_secs(900), || {
        (cameras.bus.health().spooled_records <= 2 * CAMERAS as u64).then_some(())
    });
    begin.elapsed()
}

/// Ends the cameras; all that was sent must be acknowledged and stand on the topic, in order.
fn finish(kafka: &Kafka, cameras: Spooled) -> String {
    let (sent, acked) = cameras.stop();
    let found = verdict(&read(&kafka.brokers, &[topic::VIDEO], &Offsets::new(), true), &acked);
    assert_eq!(acked.all.len() as u64, sent, "acknowledged and sent");
    assert_eq!((found.lost, found.out_of_order), (0, 0), "lost, out of order");
    format!(
        "{sent} access units of {CAMERAS} cameras sent, {} acknowledged, {} lost, {} out of order, {} repeated (load {:.0})",
        acked.all.len(),
        found.lost,
        found.out_of_order,
        found.repeated,
        machine_load()
    )
}

#[test]
fn broker_killed_under_load() {
    let (times, seed) = (number("FLUMEN_BROKER_KILLS", 5), Random::seed());
    let dir = tempfile::tempdir().unwrap();
    let kafka = Kafka::start(&dir.path().join("kafka"), 1);
    let cameras = cameras(&kafka, &dir.path().join("spool"));
    let (mut random, mut back) = (Random(seed), Vec::new());
    for _ in 0..times {
        std::thread::sleep(Duration::from_secs(1) + random.below(Duration::from_secs(3)));
        let begin = Instant::now();
        kafka.kill(1);
        kafka.bring_back(1);
        wait_acks(&cameras, 10, Duration::from_secs(120));
        back.push(begin.elapsed().as_secs_f64());
    }
    wait_caught_up(&cameras);
    let told = finish(&kafka, cameras);
    println!(
        "the broker killed and started again {times} times (seed {seed}): {told}; acknowledgements again after median {:.1} s",
        median(&mut back)
    );
}

#[test]
fn broker_away() {
    let away = Duration::from_secs(number("FLUMEN_AWAY_SECONDS", if long() { 600 } else { 60 }));
    let dir = tempfile::tempdir().unwrap();
    let kafka = Kafka::start(&dir.path().join("kafka"), 1);
    let cameras = cameras(&kafka, &dir.path().join("spool"));
    kafka.kill(1);
    std::thread::sleep(away);
    let spooled = cameras.bus.health();
    assert!(!spooled.reachable, "the bus knows that Kafka is away");
    kafka.bring_back(1);
    wait_acks(&cameras, 1, Duration::from_secs(120));
    let before = cameras.acked();
    let took = wait_caught_up(&cameras).as_secs_f64();
    let caught_up = cameras.acked() - before;
    let mb = spooled.spooled_bytes as f64 / 1e6;
    let told = finish(&kafka, cameras);
    println!(
        "the broker away for {} s: {} records, {mb:.1} MB spooled; caught up in {took:.1} s after its first answer, {:.0} records/s ({:.0} times live); {told}",
        away.as_secs(),
        spooled.spooled_records,
        caught_up as f64 / took,
        caught_up as f64 / took / (CAMERAS as f64 * 15.0),
    );
}

#[test]
fn three_brokers() {
    let dir = tempfile::tempdir().unwrap();
    let kafka = Kafka::start(&dir.path().join("kafka"), 3);
    let cameras = cameras(&kafka, &dir.path().join("spool"));
    // The partition of the first camera.
    let partition = cameras.bus.partition_of(topic::VIDEO, b"broker-0").unwrap();
    let first = leader(&kafka.brokers, topic::VIDEO, partition as i32);
    let begin = Instant::now();
    kafka.kill(first);
    wait_for("all cameras to be acknowledged again", Duration::from_secs(60), || {
        (cameras.acked() + 2 * CAMERAS as u64 >= cameras.sent()).then_some(())
    });
    let failover = begin.elapsed().as_secs_f64();
    std::thread::sleep(Duration::from_secs(5));
    let second = (1..=3).find(|n| *n != first).unwrap();
    kafka.kill(second);
    std::thread::sleep(Duration::from_secs(3));
    let at_minority = cameras.acked();
    std::thread::sleep(Duration::from_secs(15));
    let refused = cameras.acked() - at_minority;
    let spooled = cameras.bus.health().spooled_records;
    assert_eq!(refused, 0, "acknowledged by one broker of three");
    assert!(spooled > 0, "what is not acknowledged is spooled");
    kafka.bring_back(second);
    kafka.bring_back(first);
    wait_acks(&cameras, 1, Duration::from_secs(120));
    let took = wait_caught_up(&cameras).as_secs_f64();
    println!(
        "three brokers: the leader killed, all acknowledged again after {failover:.1} s; a second killed: {refused} acknowledged in 15 s, {spooled} records spooled; caught up {took:.1} s after the first answer; {}",
        finish(&kafka, cameras)
    );
}
