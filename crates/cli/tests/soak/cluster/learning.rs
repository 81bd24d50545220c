//! What learning costs by number of cameras, and learning while its executors are killed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use flumen_base::wire::{Insight, ModelCard, Window};
use flumen_base::{Clock as _, SystemClock, topic};
use flumen_farm::days::{Days, DaysSpec};
use prost::Message as _;

use super::client::{Offsets, Writer, ends, read};
use super::figures::{machine_load, median};
use super::servers::{Kafka, pid, ports, root, script, stop};
use super::{Random, number};
use crate::common::succeed;

/// Cameras that learn together.
const GROUP: usize = 100;
/// Windows of a batch, where executors are killed.
const BATCH: usize = 6000;
/// Where the day begins: at night nothing is learned.
const HOURS: i64 = 11;

/// One line that the job tells of a batch.
#[derive(Debug)]
struct Batch {
    records: f64,
    learned_ms: f64,
    state_kb: f64,
    published: f64,
    published_ms: f64,
}

#[test]
fn learning_by_number_of_cameras() {
    println!("learning, a batch a minute of windows, local[2] (load {:.1}):", machine_load());
    for (cameras, heap) in [(20, "700m"), (200, "1200m"), (1000, "4g")] {
        let minutes = number("FLUMEN_LEARN_MINUTES", 8) as i64;
        let dir = tempfile::tempdir().unwrap();
        let kafka = Kafka::start(&dir.path().join("kafka"), 1);
        let windows = feed(&kafka, cameras, minutes);
        let log = learn(&kafka, &dir.path().join("spark"), heap, cameras);
        let batches: Vec<Batch> = log.lines().filter_map(batch).collect();
        let jobs =
            log.lines().filter(|l| l.contains("DAGScheduler") && l.contains("Got job ")).count();
        assert_eq!(batches.iter().map(|b| b.records as usize).sum::<usize>(), windows);
        let of =
            |f: fn(&Batch) -> f64| median(&mut batches.iter().skip(1).map(f).collect::<Vec<_>>());
        let all_s =
            batches.iter().skip(1).map(|b| b.learned_ms + b.published_ms).sum::<f64>() / 1e3;
        let counted = batches.iter().skip(1).map(|b| b.records).sum::<f64>();
        println!(
            "  {cameras} cameras in groups of {GROUP}, heap {heap}: {} batches of {:.0} windows; learned \
             and kept in {:.0} ms, {:.0} cards and insights published in {:.0} ms, state {:.1} MB; \
             {:.0} windows a second; {:.1} Spark jobs a batch",
            batches.len(),
            of(|b| b.records),
            of(|b| b.learned_ms),
            of(|b| b.published),
            of(|b| b.published_ms),
            of(|b| b.state_kb) / 1024.0,
            counted / all_s,
            jobs as f64 / batches.len() as f64
        );
    }
}

/// A Spark of one Master and one Worker; the driver beside it.
pub struct Spark {
    dir: PathBuf,
    port: u16,
}

impl Spark {
    fn start(dir: &Path) -> Spark {
        let port = ports();
        script("spark.sh", &["start", &dir.display().to_string(), "--port", &port.to_string()]);
        Spark { dir: dir.to_owned(), port }
    }

    /// A driver with local executors, and nothing else.
    pub fn alone(dir: &Path) -> Spark {
        Spark { dir: dir.to_owned(), port: 0 }
    }

    /// Learns from what comes until it is dropped.
    pub fn follow(&self, kafka: &Kafka) {
        let jar = root().join("jvm/spark/target/flumen-spark-0.1.0.jar").display().to_string();
        let dir = self.dir.display().to_string();
        let place = format!("file://{dir}/learn");
        let of = ["submit", &dir, &jar, "flumen.spark.Learn"];
        let more = ["--brokers", &kafka.brokers, "--dir", &place, "--trigger-ms", "1000"];
        script("spark.sh", &[&of[..], &more].concat());
    }

    /// Windows that it has learned from or holds.
    pub fn records(&self) -> usize {
        self.log().lines().filter_map(batch).map(|b| b.records as usize).sum()
    }

    fn submit(&self, kafka: &Kafka, most: usize) {
        let jar = root().join("jvm/spark/target/flumen-spark-0.1.0.jar");
        let (dir, most) = (self.dir.display().to_string(), most.to_string());
        let place = format!("file://{dir}/learn");
        let job =
            ["submit", &dir, "--master", "cluster", &jar.display().to_string()].map(str::to_owned);
        let of = ["flumen.spark.Learn", "--brokers", &kafka.brokers, "--dir", &place];
        let more = ["--trigger-ms", "0", "--max-records", &most];
        let all: Vec<&str> = job.iter().map(String::as_str).chain(of).chain(more).collect();
        script("spark.sh", &all);
    }

    fn ended(&self) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", pid(&self.dir, "driver")));
        status.map_or(true, |s| s.contains("State:\tZ"))
    }

    /// The executor that this Worker runs now.
    fn executor(&self) -> Option<u32> {
        let worker = format!("spark://Worker@127.0.0.1:{}", self.port + 10);
        let own = |pid: &u32| {
            let line = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.contains("CoarseGrainedExecutorBackend") && line.contains(&worker)
        };
        let all = std::fs::read_dir("/proc").ok()?;
        all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).find(own)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("logs/driver.log")).unwrap_or_default()
    }

    fn log_end(&self) -> String {
        let log = self.log();
        let told = |line: &&str| !line.starts_with('\t') && !line.contains(" INFO ");
        let lines: Vec<&str> = log.lines().filter(told).collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }

    fn batches(&self) -> usize {
        self.log().lines().filter_map(batch).count()
    }
}

impl Drop for Spark {
    fn drop(&mut self) {
        stop("spark.sh", &self.dir);
    }
}

/// Cards that are there in the end and insights by id and revision, of what came after a place.
pub fn learned(
    kafka: &Kafka,
    from: &Offsets,
) -> (BTreeMap<Vec<u8>, ModelCard>, BTreeMap<(Vec<u8>, u32), Insight>) {
    let (mut cards, mut insights) = (BTreeMap::new(), BTreeMap::new());
    for found in read(&kafka.brokers, &[topic::MODELS, topic::INSIGHTS], from, true) {
        match (found.topic == topic::MODELS, found.value) {
            (true, None) => drop(cards.remove(&found.key)),
            (true, Some(value)) => {
                let card = ModelCard::decode(value.as_slice()).unwrap();
                cards.insert(found.key, ModelCard { effective_us: 0, ..card });
            }
            (false, value) => {
                let insight = Insight::decode(value.unwrap().as_slice()).unwrap();
                let name = (insight.id.to_vec(), insight.revision);
                let before = insights.insert(name, insight.clone());
                assert!(before.is_none_or(|b| b == insight), "two insights with one id");
            }
        }
    }
    (cards, insights)
}

#[test]
fn executors_killed_while_it_learns() {
    let dir = tempfile::tempdir().unwrap();
    let kafka = Kafka::start(&dir.path().join("kafka"), 1);
    let windows = feed_days(&kafka);
    learn(&kafka, &dir.path().join("alone"), "700m", BATCH / 60);
    let alone = learned(&kafka, &Offsets::new());
    assert!(!alone.1.is_empty(), "days with planted anomalies, and nothing told");
    let before = ends(&kafka.brokers, &[topic::MODELS, topic::INSIGHTS]);

    let spark = Spark::start(&dir.path().join("spark"));
    spark.submit(&kafka, BATCH);
    let (mut kills, most) = (0, number("FLUMEN_KILLS", 5));
    let mut random = Random(Random::seed());
    let mut last = None;
    while !spark.ended() {
        let at = spark.batches();
        // A new one that is at work: it has done a batch, and then for a moment that chance gives.
        let at_work = |e: &u32| last.map_or(at > 2, |(before, n)| before != *e && at > n + 2);
        if let Some(executor) = spark.executor().filter(|e| kills < most && at_work(e)) {
            std::thread::sleep(random.below(Duration::from_secs(1)));
            kill(executor);
            (kills, last) = (kills + 1, Some((executor, at)));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(
        kills,
        most,
        "the job ended before all kills; its log ends with {}",
        spark.log_end()
    );
    let killed = learned(&kafka, &before);
    assert_eq!(alone.0.keys().collect::<Vec<_>>(), killed.0.keys().collect::<Vec<_>>());
    assert!(alone == killed, "the same versions, and other numbers in them");
    println!(
        "{windows} windows on a Master and a Worker, {kills} executors killed: {} cards and {} insights \
         as those of an undisturbed run in one process",
        alone.0.len(),
        alone.1.len()
    );
}

fn kill(pid: u32) {
    succeed(&Command::new("kill").args(["-KILL", &pid.to_string()]).output().unwrap());
}

/// Half of the seconds of 68 hours of two cameras: two days until something can be odd, and some
/// hours in which it is.
fn feed_days(kafka: &Kafka) -> usize {
    let spec = DaysSpec { cameras: 2, days: 3, quiet_days: 2, per_day: 8, ..DaysSpec::new(11) };
    let days = Days::new(&spec).unwrap();
    let until = days.span_us().0 + 68 * 3_600_000_000;
    let windows = days.windows().take_while(|w| w.begin_us < until);
    let writer = Writer::open(&kafka.brokers);
    let mut sent = 0;
    for window in windows.filter(|w| w.begin_us / 1_000_000 % 60 < 30) {
        let at_us = SystemClock.wall_us();
        writer.send(topic::WINDOWS, &window.camera, None, &window.encode_to_vec(), at_us);
        sent += 1;
    }
    writer.flush();
    sent
}

/// Windows of a busy hour, of three cameras of the farm under as many names as there are to be.
fn feed(kafka: &Kafka, cameras: usize, minutes: i64) -> usize {
    let days = Days::new(&DaysSpec { days: 1, ..DaysSpec::new(7) }).unwrap();
    let begin = days.span_us().0 + HOURS * 3_600_000_000;
    let until = begin + minutes * 60_000_000;
    let hour = days.windows().skip_while(|w| w.begin_us < begin).take_while(|w| w.begin_us < until);
    let hour: Vec<Window> = hour.collect();
    let writer = Writer::open(&kafka.brokers);
    let mut sent = 0;
    for second in hour.chunk_by(|a, b| a.begin_us / 1_000_000 == b.begin_us / 1_000_000) {
        for camera in 0..cameras {
            let window = Window {
                camera: format!("camera-{camera:04}"),
                group: format!("floor-{}", camera / GROUP),
                ..second[camera % second.len()].clone()
            };
            let (key, at_us) = (window.camera.clone(), SystemClock.wall_us());
            // With stamps of its own day Kafka would remove it at once: it is older than is kept.
            writer.send(topic::WINDOWS, &key, None, &window.encode_to_vec(), at_us);
            sent += 1;
        }
    }
    writer.flush();
    sent
}

/// Runs the job over all that is there; its log.
pub fn learn(kafka: &Kafka, dir: &Path, heap: &str, cameras: usize) -> String {
    let jar = root().join("jvm/spark/target/flumen-spark-0.1.0.jar");
    let mut command = Command::new(root().join("deploy/local/spark.sh"));
    command.arg("run").arg(dir).args(["--heap", heap]).arg(jar);
    let (place, most) = (format!("file://{}/learn", dir.display()), (cameras * 60).max(1000));
    command.args(["flumen.spark.Learn", "--brokers", &kafka.brokers, "--dir", &place]);
    command.args(["--trigger-ms", "0", "--max-records", &most.to_string()]);
    succeed(&command.stdin(Stdio::null()).output().unwrap());
    let mut files: Vec<_> =
        std::fs::read_dir(dir.join("logs")).unwrap().map(|f| f.unwrap().path()).collect();
    files.retain(|f| f.file_name().unwrap().to_string_lossy().starts_with("run.log"));
    files.iter().map(|f| std::fs::read_to_string(f).unwrap()).collect()
}

/// Reads `batch N: R records, S steps in all, C cameras; learned and kept in T ms (K KB of
/// state), P records published in U ms`.
fn batch(line: &str) -> Option<Batch> {
    let (_, told) = line.split_once(": ").filter(|(head, _)| head.contains(" batch "))?;
    let numbers = told.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok());
    let [records, _, _, learned_ms, state_kb, published, published_ms] =
        numbers.collect::<Vec<f64>>().try_into().ok()?;
    Some(Batch { records, learned_ms, state_kb, published, published_ms })
}
