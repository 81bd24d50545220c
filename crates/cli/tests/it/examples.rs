//! The examples of docs/guide/05-consumers.md, as a reader would run them.

use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use flumen_base::topic;
use flumen_base::wire::{Event, Phase};
use flumen_bus::{Bus, Record};
use prost::Message as _;

use crate::common::succeed;
use crate::servers::Broker;

const BEGIN_US: i64 = 1_763_830_000_000_000;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// Three events, one of them twice as after a restart of the analysis, and one that is damaged.
fn publish(broker: &Broker) {
    let seen = broker.bus();
    let put = |value: Vec<u8>| {
        let key = Bytes::from_static(b"yard");
        let record = Record {
            key,
            headers: Vec::new(),
            value: value.into(),
            timestamp_us: flumen_base::Clock::wall_us(&flumen_base::SystemClock),
        };
        seen.kafka.send(topic::EVENTS, record).unwrap().wait().unwrap();
    };
    for number in [0u8, 1, 1, 2] {
        let event = Event {
            id: vec![number; 16].into(),
            camera: "yard".into(),
            kind: "motion".into(),
            phase: Phase::End.into(),
            begin_us: BEGIN_US + i64::from(number),
            score: 900,
            ..Event::default()
        };
        put(event.encode_to_vec());
        put(vec![0xff; 7]);
    }
}

/// Camera, kind, phase and score of each line; the time is written differently in each language.
fn told(said: &str) -> Vec<Vec<String>> {
    let lines = said.lines().filter(|l| l.starts_with("yard\t"));
    lines
        .map(|l| {
            l.split('\t').enumerate().filter(|(n, _)| *n != 3).map(|(_, f)| f.to_owned()).collect()
        })
        .collect()
}

fn python(broker: &Broker) -> String {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-example");
    let bin = venv.join("bin");
    let dir = examples().join("python");
    if !bin.join("pip").exists() {
        succeed(&Command::new("python3").args(["-m", "venv"]).arg(&venv).output().unwrap());
    }
    let pip = ["install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt"];
    succeed(&Command::new(bin.join("pip")).args(pip).current_dir(&dir).output().unwrap());
    let protoc = ["-m", "grpc_tools.protoc", "-I", "../../crates/base/proto", "--python_out"];
    let mut make = Command::new(bin.join("python"));
    succeed(&make.args(protoc).arg(&bin).arg("flumen.proto").current_dir(&dir).output().unwrap());
    let mut run = Command::new(bin.join("python"));
    run.env("PYTHONPATH", &bin).arg(dir.join("events.py"));
    run.args(["--brokers", &broker.address, "--from", "earliest", "--count", "3"]);
    succeed(&run.output().unwrap())
}

fn java(broker: &Broker) -> String {
    let dir = examples().join("java");
    let package = ["-q", "-B", "package"];
    succeed(&Command::new("mvn").args(package).current_dir(&dir).output().unwrap());
    let mut run = Command::new("java");
    run.args(["-Xmx128m", "-jar"]).arg(dir.join("target/events.jar"));
    succeed(&run.args([&broker.address, "earliest", "3"]).output().unwrap())
}

#[test]
#[ignore = "needs Kafka: make it"]
fn consumers_in_python_and_java_print_each_event_once() {
    let dir = tempfile::tempdir().unwrap();
    let broker = Broker::start();
    succeed(&broker.flumen(dir.path(), &["topics", "apply"]));
    publish(&broker);
    let line: Vec<String> = ["yard", "motion", "end", "900"].map(str::to_owned).into();
    let expected = vec![line; 3];
    assert_eq!(told(&python(&broker)), expected);
    assert_eq!(told(&java(&broker)), expected);
}
