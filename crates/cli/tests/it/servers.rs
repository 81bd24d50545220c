//! A real Kafka for a test, and Flumen's processes on it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use flumen_base::topic;
use flumen_base::wire::{Camera, Gap, PacketHeader, Source};
use flumen_bus::{Bus, Delivered, Kafka, KafkaConfig, Polled, Start, Visibility};
use prost::Message as _;

use crate::common::{FLUMEN, Flumen, Running, wait_for};

/// Partitions of the topics in these tests.
pub const PARTITIONS: u32 = 4;

/// A broker that may be killed; it ends with the test.
pub struct Broker {
    dir: tempfile::TempDir,
    pub address: String,
}

fn script(args: &[&str]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/local/kafka.sh");
    let out = Command::new(path).args(args).stdin(Stdio::null()).output().expect("kafka.sh runs");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "kafka.sh {args:?}: {said}");
}

/// A port that is free, as is the next one, which is the controller's. Below those that the
/// system gives to connections, so that none of them takes it meanwhile.
fn free_pair() -> u16 {
    let free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    let begin = 20_000 + (std::process::id() % 4000) as u16 * 2;
    let found = (begin..30_000).step_by(2).find(|p| free(*p) && free(p + 1));
    found.expect("two free ports below 30000")
}

impl Broker {
    pub fn start() -> Broker {
        let dir = tempfile::tempdir().expect("a directory");
        let port = free_pair().to_string();
        script(&["start", dir.path().to_str().expect("a path"), "--port", &port]);
        Broker { dir, address: format!("127.0.0.1:{port}") }
    }

    fn place(&self) -> &str {
        self.dir.path().to_str().expect("a path")
    }

    pub fn kill(&self) {
        script(&["kill", self.place(), "1"]);
    }

    pub fn start_again(&self) {
        script(&["start", self.place()]);
    }

    /// What makes a Flumen use it; `key` is the site's key file.
    pub fn env(&self, key: &Path) -> Vec<(&'static str, String)> {
        vec![
            ("FLUMEN__BUS__KIND", "kafka".into()),
            ("FLUMEN__KAFKA__BROKERS", self.address.clone()),
            ("FLUMEN__KAFKA__PARTITIONS", PARTITIONS.to_string()),
            ("FLUMEN__CLUSTER__SITE_KEY_FILE", key.display().to_string()),
        ]
    }

    /// A subcommand with that environment.
    pub fn flumen(&self, data: &Path, args: &[&str]) -> Output {
        let mut command = Command::new(FLUMEN);
        command.args(args).arg("--data").arg(data).envs(self.env(&data.join("site.key")));
        command.output().expect("flumen runs")
    }

    /// As a reader of the tests sees it.
    pub fn bus(&self) -> Seen {
        let dir = tempfile::tempdir().expect("a directory");
        let config = KafkaConfig {
            brokers: vec![self.address.clone()],
            partitions: PARTITIONS,
            patience: Duration::from_secs(30),
            ..KafkaConfig::default()
        };
        let kafka = Kafka::open(dir.path(), config).expect("Kafka opens");
        Seen { kafka, _spool: dir }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/local/kafka.sh");
        let _ = Command::new(path).args(["stop", self.place()]).output();
    }
}

/// What is on Kafka.
pub struct Seen {
    pub kafka: Arc<Kafka>,
    _spool: tempfile::TempDir,
}

impl Drop for Seen {
    fn drop(&mut self) {
        let _ = self.kafka.close();
    }
}

impl Seen {
    /// Everything on a log topic now, in order within each partition.
    pub fn records(&self, topic: &str) -> Vec<Delivered> {
        let marks = self.kafka.watermarks(topic).expect("watermarks");
        let mut left: u64 = marks.iter().map(|w| w.durable - w.first).sum();
        let mut reader =
            self.kafka.consumer(&[topic], Start::Earliest, Visibility::Durable).expect("a reader");
        let mut all = Vec::new();
        while left > 0 {
            let got = reader.poll(1000, Duration::from_secs(20)).expect("Kafka can be read");
            assert!(!got.is_empty(), "{topic} ends {left} records early");
            for polled in got {
                let Polled::Record(record) = polled else { panic!("{polled:?}") };
                left = left.saturating_sub(1);
                all.push(record);
            }
        }
        all
    }

    /// Headers of a camera's main stream, markers included.
    pub fn headers(&self, camera: &str) -> Vec<PacketHeader> {
        let of = |d: Delivered| {
            let header = d.record.header(topic::PACKET_HEADER)?.clone();
            PacketHeader::decode(header).ok().filter(|h| h.camera == camera)
        };
        let all = self.records(topic::VIDEO).into_iter().filter_map(of);
        all.filter(|h| h.stream() == flumen_base::wire::Stream::Main).collect()
    }

    /// Puts a camera into the table as the api does.
    pub fn camera(&self, id: &str, address: &str) {
        let source = Source { address: address.into(), ..Source::default() };
        let mut source = source;
        source.role =
            Some(flumen_base::wire::source::Role { record: true, analyse: true, live: true });
        let camera = Camera {
            id: id.into(),
            name: id.into(),
            enabled: true,
            sources: vec![source],
            time_zone: "UTC".into(),
            version: 1,
            ..Camera::default()
        };
        let table = self.kafka.table(topic::CAMERAS).expect("a table");
        table.put(id.as_bytes(), Some(&camera.encode_to_vec())).expect("the camera is put");
    }

    /// The ledger of a camera.
    pub fn gaps(&self, id: &str) -> Vec<Gap> {
        let table = self.kafka.table(topic::GAPS).expect("a table");
        let rows = table.scan(format!("{id}/").as_bytes()).expect("the ledger");
        rows.iter().map(|(_, v)| Gap::decode(v.as_slice()).expect("a gap")).collect()
    }
}

/// A role as a process of its own, without an address.
pub fn role(data: &Path, name: &str, env: &[(&str, String)]) -> Running {
    std::fs::create_dir_all(data).expect("a data directory");
    let log = std::fs::File::create(data.join("log.txt")).expect("a log");
    let mut command = Command::new(FLUMEN);
    command.arg(name).arg("--data").arg(data).envs(env.iter().map(|(k, v)| (k, v)));
    command.stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
    let mut running = Running::start(&mut command);
    let path: PathBuf = data.join("log.txt");
    wait_for(&format!("flumen {name} to run"), Duration::from_secs(60), || {
        let said = std::fs::read_to_string(&path).unwrap_or_default();
        if let Ok(Some(status)) = running.0.try_wait() {
            panic!("flumen {name} ended with {status}:\n{said}");
        }
        said.contains("runs after").then_some(())
    });
    running
}

/// Flumen in one process on this broker.
pub fn run(data: &Path, broker: &Broker) -> Flumen {
    Flumen::start_with(data, &broker.env(&data.join("site.key")))
}

/// Sequences that are missing or stand twice in the main stream of each epoch.
pub fn faults(headers: &[PacketHeader]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut last: std::collections::BTreeMap<u64, u64> = std::collections::BTreeMap::new();
    for h in headers {
        if h.marker() != flumen_base::wire::Marker::None {
            continue;
        }
        let expected = last.get(&h.epoch).map_or(0, |s| s + 1);
        if h.sequence != expected {
            wrong.push(format!("epoch {} has {} where {expected} follows", h.epoch, h.sequence));
        }
        last.insert(h.epoch, h.sequence);
    }
    wrong
}
