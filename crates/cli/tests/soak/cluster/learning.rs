//! What learning costs: windows a second, time of a batch and Spark's jobs in it, by cameras.

use std::path::Path;
use std::process::{Command, Stdio};

use flumen_base::wire::Window;
use flumen_base::{Clock as _, SystemClock, topic};
use flumen_farm::days::{Days, DaysSpec};
use prost::Message as _;

use super::client::Writer;
use super::figures::{machine_load, median};
use super::number;
use super::servers::{Kafka, root};
use crate::common::succeed;

/// Cameras that learn together.
const GROUP: usize = 100;
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
        let jobs = log.lines().filter(|l| l.contains("DAGScheduler") && l.contains("Job ")).count();
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
fn learn(kafka: &Kafka, dir: &Path, heap: &str, cameras: usize) -> String {
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
