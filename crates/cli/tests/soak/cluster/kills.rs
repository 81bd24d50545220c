//! TaskManager and JobManager killed under load: the answer is that of an undisturbed run.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use flumen_base::topic;
use flumen_base::wire::{Camera, GateMode, Policy};

use super::answers::{Answer, RESULTS};
use super::client::{Offsets, Reader, Writer, ends, read};
use super::figures::{at, machine_load, median};
use super::load::{Clip, Feed, Live, card, publish};
use super::servers::{Flink, Kafka};
use super::{Random, number, street};
use crate::common::wait_for;

const CAMERAS: usize = 4;

/// Every second camera is gated: what it holds back is part of its state.
fn camera(n: usize) -> Camera {
    let gate = if n.is_multiple_of(2) { GateMode::Exact } else { GateMode::Balanced };
    let policy = Policy { gate: gate.into(), ..Policy::default() };
    Camera { policy: Some(policy), ..card(&format!("kill-{n}")) }
}

/// Servers and cameras of a campaign.
pub struct Site {
    // Dropped in this order: Flink before what it works with.
    pub flink: Flink,
    pub kafka: Kafka,
    clip: std::sync::Arc<Clip>,
    cards: Vec<Camera>,
}

impl Site {
    pub fn start(dir: &Path) -> Site {
        let kafka = Kafka::start(&dir.join("kafka"), 1);
        let flink = Flink::start(&dir.join("flink"), 1, 2);
        let cards: Vec<Camera> = (0..CAMERAS).map(camera).collect();
        let writer = Writer::open(&kafka.brokers);
        cards.iter().for_each(|c| publish(&writer, c));
        writer.flush();
        Site { flink, kafka, clip: Clip::read(&street()), cards }
    }

    pub fn load(&self) -> Live {
        let feeds = self.cards.iter().map(|c| Feed::new(&c.id, &self.clip)).collect();
        Live::start(&self.kafka.brokers, feeds)
    }

    /// Waits until every access unit has its frame; then everything that came since `from`.
    pub fn finished(&self, from: &Offsets, sent: u64, committed: bool) -> Answer {
        let (brokers, frames) = (&self.kafka.brokers, [topic::FRAMES]);
        let reader = Reader::open(brokers, &frames, Some(from), committed);
        let mut seen = BTreeSet::new();
        wait_for("a frame of every access unit", Duration::from_secs(900), || {
            while let Some(found) = reader.next(Duration::from_millis(200)) {
                seen.insert(flumen_analyzer::id_of(&found.topic, &found.value.unwrap()).unwrap());
            }
            (seen.len() as u64 >= sent).then_some(())
        });
        // The end of the stream may give more than the last frame.
        std::thread::sleep(Duration::from_secs(5));
        Answer::of(&read(brokers, &RESULTS, from, committed))
    }

    /// The same records through a job that nobody disturbs, and through the analyzer alone.
    fn undisturbed(&self, sent: u64, delivery: &str) -> (Answer, Answer) {
        let from = ends(&self.kafka.brokers, &RESULTS);
        let args = ["--group", "undisturbed", "--delivery", delivery];
        let job = self.flink.submit(&self.kafka, None, &args);
        let quiet = self.finished(&from, sent, true);
        self.flink.cancel(&job);
        (quiet, self.alone())
    }

    /// The same records through the analyzer alone.
    pub fn alone(&self) -> Answer {
        let video = read(&self.kafka.brokers, &[topic::VIDEO], &Offsets::new(), true);
        Answer::embedded(&video, &self.cards)
    }

    fn frames(&self) -> i64 {
        ends(&self.kafka.brokers, &[topic::FRAMES]).values().sum()
    }

    /// Waits for new results; how long that took.
    pub fn wait_results(&self, since: Instant) -> f64 {
        let before = self.frames();
        wait_for("results after a kill", Duration::from_secs(180), || {
            (self.frames() > before).then_some(())
        });
        since.elapsed().as_secs_f64()
    }
}

fn taskmanager_killed(delivery: &str, interval_ms: &str) {
    let (times, seed) = (number("FLUMEN_KILLS", 20), Random::seed());
    let dir = tempfile::tempdir().unwrap();
    let site = Site::start(dir.path());
    let args =
        ["--group", "killed", "--delivery", delivery, "--checkpoint-interval-ms", interval_ms];
    let job = site.flink.submit(&site.kafka, None, &args);
    let live = site.load();
    site.wait_results(Instant::now());
    let (mut random, mut back) = (Random(seed), Vec::new());
    for _ in 0..times {
        std::thread::sleep(Duration::from_secs(1) + random.below(Duration::from_secs(4)));
        let (n, begin) = (site.flink.runs_on(&job), Instant::now());
        site.flink.kill_taskmanager(n);
        // The other one takes the job over, if it has come back from the last time.
        back.push(site.wait_results(begin));
        site.flink.start_taskmanager(n);
        site.flink.wait_running(&job);
    }
    let (sent, _) = live.stop();
    let exact = delivery == "exactly-once";
    let killed = site.finished(&Offsets::new(), sent, exact);
    site.flink.cancel(&job);
    let (quiet, alone) = site.undisturbed(sent, delivery);
    println!(
        "{delivery}: TaskManager killed {times} times (seed {seed}, load {:.0}), {sent} access units of {CAMERAS} cameras: {} records, {} repeats, {} conflicting; {}; results again after median {:.1} s, worst {:.1} s",
        machine_load(),
        killed.records,
        killed.repeats,
        killed.conflicting,
        killed.counts(),
        median(&mut back.clone()),
        at(&mut back, 1.0),
    );
    assert_eq!(killed.conflicting, 0);
    assert_eq!(quiet.repeats + alone.repeats, 0);
    assert_eq!(killed.differences(&quiet), Vec::<String>::new());
    assert_eq!(killed.differences(&alone), Vec::<String>::new());
    assert!(!exact || killed.repeats == 0, "{} repeats with exactly-once", killed.repeats);
}

#[test]
fn taskmanager_killed_at_least_once() {
    taskmanager_killed("at-least-once", "2000");
}

#[test]
fn taskmanager_killed_exactly_once() {
    taskmanager_killed("exactly-once", "1000");
}

#[test]
fn jobmanager_killed() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::start(dir.path());
    let args = ["--group", "killed", "--checkpoint-interval-ms", "2000"];
    site.flink.submit(&site.kafka, None, &args);
    let live = site.load();
    site.wait_results(Instant::now());
    std::thread::sleep(Duration::from_secs(10));
    let begin = Instant::now();
    site.flink.kill_jobmanager();
    site.flink.start_jobmanager();
    let job = site.flink.submit(&site.kafka, Some("latest"), &args);
    let back = site.wait_results(begin);
    let (sent, _) = live.stop();
    let killed = site.finished(&Offsets::new(), sent, false);
    site.flink.cancel(&job);
    let (quiet, alone) = site.undisturbed(sent, "at-least-once");
    println!(
        "JobManager killed under load, job submitted again from its newest checkpoint: results again after {back:.1} s (load {:.0}); {} records, {} repeats, {} conflicting; {}",
        machine_load(),
        killed.records,
        killed.repeats,
        killed.conflicting,
        killed.counts(),
    );
    assert_eq!(killed.conflicting, 0);
    assert_eq!(killed.differences(&quiet), Vec::<String>::new());
    assert_eq!(killed.differences(&alone), Vec::<String>::new());
}
