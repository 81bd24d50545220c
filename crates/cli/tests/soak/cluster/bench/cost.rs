//! Frames a core and bytes on the wire: embedded, Kafka + Flink, and the usual Python consumer.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flumen_base::topic;
use flumen_bus::{Bus, Embedded, EmbeddedConfig, Record};
use flumen_runtime::{Runtime, RuntimeConfig};
use prost::Message;
use serde_json::{Value, json};

use super::super::client::{Found, Reader, Writer, ends, read};
use super::super::figures::{cpu_s, median};
use super::super::load::{Clip, Feed, card, fill, finish, publish_card};
use super::super::number;
use super::super::servers::{Flink, Kafka, root};
use crate::common::wait_for;

const CAMERA: &str = "bench";
const PATIENCE: Duration = Duration::from_secs(300);
/// Frames that the Python consumer learns the background from, and frames that count.
const PYTHON: [u64; 2] = [50, 200];

/// Frames a core of one measurement: frames over CPU seconds.
type Rates = Vec<f64>;

pub fn measure(kafka: &Kafka, flink: &Flink, dir: &Path, file: &Path) -> Value {
    let (rounds, frames) = (number("FLUMEN_BENCH_ROUNDS", 3), number("FLUMEN_BENCH_FRAMES", 9000));
    let clip = Clip::read(file);
    let begin = ends(&kafka.brokers, &[topic::VIDEO]);
    let writer = Writer::open(&kafka.brokers);
    publish_card(&writer, CAMERA);
    let mut feed = Feed::new(CAMERA, &clip);
    fill(&writer, &mut feed, frames);
    finish(&writer, &feed);
    let video = read(&kafka.brokers, &[topic::VIDEO], &begin, true);
    let jpeg: Vec<Value> = [80, 95].iter().map(|quality| produce(kafka, file, *quality)).collect();
    let mut rates: [Rates; 5] = Default::default();
    for round in 0..rounds {
        let [young, flink_rate] = in_flink(kafka, flink, &format!("bench-{round}"), frames);
        let measured = [
            embedded(&dir.join(format!("embedded-{round}")), &video, frames),
            flink_rate,
            young,
            python(kafka, 1.0),
            python(kafka, 0.25),
        ];
        rates.iter_mut().zip(measured).for_each(|(all, rate)| all.push(rate));
    }
    table(&mut rates, &video, &jpeg, clip.frames())
}

fn table(rates: &mut [Rates; 5], video: &[Found], jpeg: &[Value], clip_frames: u64) -> Value {
    let size =
        |f: &Found| f.value.as_ref().map_or(0, Vec::len) + f.header.as_ref().map_or(0, Vec::len);
    let ours = video.iter().map(size).sum::<usize>() as f64 / (video.len() - 1) as f64;
    let theirs: Vec<f64> =
        jpeg.iter().map(|j| j["bytes"].as_f64().unwrap() / j["frames"].as_f64().unwrap()).collect();
    let [embedded, flink, young, python, quarter] = rates.each_mut().map(|r| median(r));
    println!("\nframes a core (CPU of the process that analyses), median of {}", rates[0].len());
    println!("  embedded runtime                  {embedded:8.1}");
    println!(
        "  Kafka + Flink, TaskManager        {flink:8.1}   {:.2} of embedded",
        flink / embedded
    );
    println!(
        "    while Java compiles the new job {young:8.1}   {:.2} of embedded",
        young / embedded
    );
    println!(
        "  Python, JPEG, MOG2 full size      {python:8.1}   Flink does {:.1} times as many",
        flink / python
    );
    println!(
        "  Python, JPEG, MOG2 quarter width  {quarter:8.1}   Flink does {:.1} times as many",
        flink / quarter
    );
    println!("bytes on the wire, a frame");
    println!("  flumen.video, with its header     {ours:8.0}");
    println!(
        "  JPEG q80 / q95                    {:8.0} / {:.0}   {:.1} / {:.1} times as many",
        theirs[0],
        theirs[1],
        theirs[0] / ours,
        theirs[1] / ours
    );
    json!({
        "what": "frames a second of one core; medians, and all rounds",
        "embedded": embedded, "flink": flink, "flink_young": young, "python": python, "python_quarter_width": quarter,
        "rounds": { "embedded": rates[0], "flink": rates[1], "flink_young": rates[2], "python": rates[3], "python_quarter_width": rates[4] },
        "flink_of_embedded": flink / embedded, "flink_of_python": flink / python,
        "bytes_a_frame": { "video": ours, "jpeg_q80": theirs[0], "jpeg_q95": theirs[1] },
        "producer_python": jpeg, "clip_frames": clip_frames,
    })
}

/// How far a measurement waits before it begins to count. Java compiles a new job's hot methods
/// in its first minute (an eighth of the TaskManager's time then): cameras stay for months.
fn warm(frames: u64) -> u64 {
    frames * 2 / 3
}

/// The embedded runtime, one worker, over a log that is given the same records.
fn embedded(dir: &Path, video: &[Found], frames: u64) -> f64 {
    let bus: Arc<dyn Bus> = Embedded::open(&dir.join("bus"), EmbeddedConfig::default()).unwrap();
    let card = card(CAMERA).encode_to_vec();
    bus.table(topic::CAMERAS).unwrap().put(CAMERA.as_bytes(), Some(&card)).unwrap();
    let config = RuntimeConfig {
        dir: dir.join("runtime"),
        workers: 1,
        // A backlog is no camera that is behind.
        shed_after: Duration::from_secs(3600),
        ..RuntimeConfig::default()
    };
    // Before the records: without a checkpoint analysis begins at the newest key frame.
    let runtime = Runtime::start(bus.clone(), config).unwrap();
    copy(bus.as_ref(), video);
    let done = |n: u64| {
        wait_for("the embedded runtime", PATIENCE, || {
            let seen = runtime.status().first().map_or(0, |camera| camera.frames);
            (seen >= n).then(|| (seen, cpu_s(std::process::id())))
        })
    };
    let (first, last) = (done(warm(frames)), done(frames));
    assert_eq!(runtime.status()[0].shed, 0, "nothing is left out");
    runtime.stop().unwrap();
    let _ = std::fs::remove_dir_all(dir);
    (last.0 - first.0) as f64 / (last.1 - first.1)
}

/// Puts the records into the log as fast as it takes them: long before a third is analysed.
fn copy(bus: &dyn Bus, video: &[Found]) {
    let mut last = None;
    for found in video {
        let header = found.header.clone().unwrap_or_default();
        let record = Record {
            key: Bytes::from(found.key.clone()),
            headers: vec![(topic::PACKET_HEADER.into(), header.into())],
            value: found.value.clone().unwrap_or_default().into(),
            timestamp_us: found.timestamp_ms * 1000,
        };
        last = Some(wait_for("room in the log", PATIENCE, || {
            bus.send(topic::VIDEO, record.clone()).ok()
        }));
    }
    last.unwrap().wait().unwrap();
}

/// The TaskManager that runs the job over the same records on Kafka: young, and warm.
fn in_flink(kafka: &Kafka, flink: &Flink, group: &str, frames: u64) -> [f64; 2] {
    let reader = Reader::open(&kafka.brokers, &[topic::FRAMES], None, false);
    let job = flink.submit(kafka, None, &["--group", group, "--parallelism", "1"]);
    let pid = flink.pid("taskmanager-1");
    let mut seen = 0;
    let mut done = |n: u64| {
        wait_for("the job", PATIENCE, || {
            // All there is: the moment counts, and a reader that lags would tell a later one.
            while seen < n {
                let found = reader.next(Duration::from_millis(100))?;
                seen += u64::from(found.key == CAMERA.as_bytes());
            }
            Some((seen, cpu_s(pid)))
        })
    };
    let marks = [frames / 9, frames / 3, warm(frames), frames].map(&mut done);
    flink.cancel(&job);
    let rate = |from: usize, to: usize| {
        (marks[to].0 - marks[from].0) as f64 / (marks[to].1 - marks[from].1)
    };
    [rate(0, 1), rate(2, 3)]
}

fn python_program(name: &str) -> Command {
    let python = root().join("target/bench/venv/bin/python");
    assert!(python.exists(), "{} is missing: run `make bench-cluster`", python.display());
    let mut command = Command::new(python);
    command.arg(root().join("bench/python").join(name));
    command
}

/// Its last line of JSON.
fn told(command: &mut Command) -> Value {
    let text = crate::common::succeed(&command.output().expect("Python runs"));
    serde_json::from_str(text.lines().last().unwrap_or_default()).expect("a line of JSON")
}

fn produce(kafka: &Kafka, file: &Path, quality: u32) -> Value {
    let topic = format!("bench.jpeg.q{quality}");
    let mut command = python_program("producer.py");
    command.arg(file).args(["--brokers", &kafka.brokers, "--topic", &topic, "--loops", "2"]);
    told(command.args(["--quality", &quality.to_string()]))
}

fn python(kafka: &Kafka, scale: f64) -> f64 {
    let mut command = python_program("consumer.py");
    command.args(["--brokers", &kafka.brokers, "--topic", "bench.jpeg.q80"]);
    command.args([
        "--warm",
        &PYTHON[0].to_string(),
        "--count",
        &PYTHON.iter().sum::<u64>().to_string(),
    ]);
    let told = told(command.args(["--scale", &scale.to_string()]));
    told["frames"].as_f64().unwrap() / told["cpu_s"].as_f64().unwrap()
}
