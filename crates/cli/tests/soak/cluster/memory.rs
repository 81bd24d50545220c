//! Memory of broker, JobManager and TaskManager under load: it must stay where it is.

use std::time::{Duration, Instant};

use super::client::{Writer, ends};
use super::figures::{heap_mb, machine_load, median, rss_mb};
use super::load::{Clip, Feed, Live, publish_card};
use super::servers::{Flink, Kafka};
use super::{long, number, street};
use flumen_base::topic;

const CAMERAS: usize = 4;
const EVERY: Duration = Duration::from_secs(10);

/// One process, sampled.
struct Curve {
    name: &'static str,
    pid: u32,
    rss: Vec<f64>,
    heap: Vec<f64>,
    rest: Vec<f64>,
}

impl Curve {
    fn new(name: &'static str, pid: u32) -> Curve {
        Curve { name, pid, rss: Vec::new(), heap: Vec::new(), rest: Vec::new() }
    }

    /// `committed`: what the JVM holds for heap, classes and code, where it tells.
    fn sample(&mut self, committed: Option<f64>) {
        let rss = rss_mb(self.pid);
        self.rss.push(rss);
        self.heap.push(heap_mb(self.pid));
        if let Some(committed) = committed {
            self.rest.push(rss - committed);
        }
    }

    fn print(&self) {
        let told = |all: &[f64]| {
            let worst = all.iter().copied().fold(0.0, f64::max);
            let all: Vec<String> = fifths(all).iter().map(|m| format!("{m:.0}")).collect();
            format!("{} (most {worst:.0})", all.join(" "))
        };
        print!("  {}: RSS {} MB, heap in use {} MB", self.name, told(&self.rss), told(&self.heap));
        if !self.rest.is_empty() {
            print!(
                ", native (RSS without heap, classes, code and direct buffers) {} MB",
                told(&self.rest)
            );
        }
        println!();
    }
}

/// The median of each fifth of the time.
fn fifths(all: &[f64]) -> Vec<f64> {
    let n = all.len().div_ceil(5).max(1);
    all.chunks(n).map(|part| median(&mut part.to_vec())).collect()
}

const COMMITTED: [&str; 4] = [
    "Status.JVM.Memory.Heap.Committed",
    "Status.JVM.Memory.NonHeap.Committed",
    "Status.JVM.Memory.Direct.TotalCapacity",
    "Status.JVM.Memory.Mapped.TotalCapacity",
];

#[test]
fn memory_of_the_cluster_stays_flat() {
    let minutes = number("FLUMEN_SOAK_MINUTES", if long() { 30 } else { 5 });
    let dir = tempfile::tempdir().unwrap();
    let kafka = Kafka::start(&dir.path().join("kafka"), 1);
    let flink = Flink::start(&dir.path().join("flink"), 2, 1);
    let clip = Clip::read(&street());
    let names: Vec<String> = (0..CAMERAS).map(|n| format!("memory-{n}")).collect();
    let writer = Writer::open(&kafka.brokers);
    names.iter().for_each(|id| publish_card(&writer, id));
    writer.flush();
    flink.submit(&kafka, None, &["--checkpoint-interval-ms", "5000"]);
    let live = Live::start(&kafka.brokers, names.iter().map(|id| Feed::new(id, &clip)).collect());
    let mut curves = [
        Curve::new("broker", kafka.pid(1)),
        Curve::new("JobManager", flink.pid("jobmanager")),
        Curve::new("TaskManager", flink.pid("taskmanager-1")),
    ];
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(minutes * 60) {
        std::thread::sleep(EVERY);
        for curve in &mut curves {
            let of = match curve.name {
                "JobManager" => "/jobmanager".to_owned(),
                "TaskManager" => flink.taskmanager(),
                _ => String::new(),
            };
            let committed = flink.metrics(&of, &COMMITTED).iter().sum::<f64>() / f64::from(1 << 20);
            curve.sample(committed.is_finite().then_some(committed));
        }
    }
    let (sent, _) = live.stop();
    let results: i64 = ends(&kafka.brokers, &[topic::FRAMES]).values().sum();
    println!(
        "memory over {minutes} minutes, a sample each 10 s, {CAMERAS} cameras 640x360 15/s, {sent} access units, {results} frames, load {:.0}; median of each fifth:",
        machine_load()
    );
    curves.iter().for_each(Curve::print);
    for curve in &curves {
        // A JVM touches its heap bit by bit and then stays.
        let [.., before, last] = fifths(&curve.rss)[..] else { panic!("too few samples") };
        assert!(last < 1.05 * before, "{} still grows: {:.0?} MB", curve.name, curve.rss);
    }
    assert!(results as f64 > 0.9 * sent as f64, "{results} results of {sent} access units");
}
