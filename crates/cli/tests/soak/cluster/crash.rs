//! A packet that crashes the decoder inside a TaskManager: left out after the second crash.
//!
//! Needs a bridge with debug assertions, which obeys planted faults.

use std::collections::BTreeSet;
use std::time::Duration;

use flumen_base::topic;
use flumen_base::wire::{FrameResult, GapCause};
use prost::Message;

use super::answers::{Answer, RESULTS};
use super::client::{Found, Offsets, Writer, ends, read};
use super::load::{Clip, Feed, card, fill, finish, publish_card};
use super::servers::{Flink, Kafka};
use super::street;
use crate::common::wait_for;

const PATIENCE: Duration = Duration::from_secs(180);
/// Access units of each camera, and the one that is planted.
const UNITS: u64 = 120;
const PLANTED: u64 = 65;

fn of<'a>(found: &'a [Found], camera: &'a str, topic: &'a str) -> impl Iterator<Item = &'a Found> {
    found.iter().filter(move |f| f.key == camera.as_bytes() && f.topic == topic)
}

#[test]
fn decoder_crash_is_left_out_after_the_second_time() {
    let dir = tempfile::tempdir().unwrap();
    let kafka = Kafka::start(&dir.path().join("kafka"), 1);
    let flink = Flink::start(&dir.path().join("flink"), 1, 1);
    let writer = Writer::open(&kafka.brokers);
    let clip = Clip::read(&street());
    for (id, planted) in [("good", None), ("bad", Some(PLANTED))] {
        publish_card(&writer, id);
        let mut feed = Feed::new(id, &clip).with_fault(planted, b"flumen:abort");
        fill(&writer, &mut feed, UNITS);
        finish(&writer, &feed);
    }
    let job = flink.submit(&kafka, None, &["--checkpoint-interval-ms", "500"]);
    let gone = || !flink.alive("taskmanager-1");
    for crash in 1..=2 {
        wait_for("the decoder to crash", PATIENCE, || gone().then_some(()));
        println!("crash {crash} of the TaskManager");
        flink.start_taskmanager(1);
    }
    let frames = || ends(&kafka.brokers, &[topic::FRAMES]).values().sum::<i64>();
    // The group of the planted unit gives none.
    let group = clip.group(PLANTED, UNITS);
    let wanted = (2 * UNITS - (group.end - group.start)) as i64;
    wait_for("the other frames", PATIENCE, || (frames() >= wanted).then_some(()));
    std::thread::sleep(Duration::from_secs(3));
    assert!(!gone() && flink.runs(&job), "no third crash");

    let all = read(&kafka.brokers, &RESULTS, &Offsets::new(), true);
    let video = read(&kafka.brokers, &[topic::VIDEO], &Offsets::new(), true);
    let good = |all: Vec<Found>| all.into_iter().filter(|f| f.key == b"good").collect::<Vec<_>>();
    let alone = Answer::embedded(&good(video), &[card("good")]);
    assert_eq!(Answer::of(&good(all.clone())).differences(&alone), Vec::<String>::new());
    let seen: BTreeSet<u64> = of(&all, "bad", topic::FRAMES)
        .map(|f| FrameResult::decode(f.value.as_deref().unwrap()).unwrap().sequence)
        .collect();
    let left_out: Vec<u64> = (0..UNITS).filter(|n| !seen.contains(n)).collect();
    // Units before the planted one may have been told before the first crash.
    assert!(left_out.first().is_some_and(|n| (group.start..=PLANTED).contains(n)), "{left_out:?}");
    assert!(left_out.iter().copied().eq(left_out[0]..group.end), "{left_out:?} of {group:?}");
    assert_eq!(of(&all, "bad", topic::REJECTS).count(), 1);
    let gaps = all.iter().filter(|f| f.topic == topic::GAPS);
    let gaps: Vec<_> = gaps
        .map(|f| flumen_base::wire::Gap::decode(f.value.as_deref().unwrap()).unwrap())
        .collect();
    assert!(
        gaps.iter().any(|g| g.camera == "bad" && g.cause() == GapCause::Decoder && g.end_us > 0),
        "{gaps:?}"
    );
    flink.cancel(&job);
}
