//! A real HDFS: the learning job keeps checkpoint and state there, and loses nothing with a
//! DataNode, nor with itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::common::{Running, succeed, wait_for};
use crate::servers::Broker;
use crate::spark::{cards, feed, insights, learn_at};

/// Hours of camera time, in batches of two to three.
const HOURS: i64 = 16;

/// A NameNode and two DataNodes; they end with the test.
struct Hdfs {
    dir: tempfile::TempDir,
    port: u16,
}

impl Hdfs {
    fn start() -> Hdfs {
        let (dir, port) = (tempfile::tempdir().unwrap(), ports());
        let hdfs = Hdfs { dir, port };
        hdfs.script(&["start"], &["--port", &port.to_string()]);
        hdfs
    }

    /// hdfs.sh: its command, its directory, and more; what it printed.
    fn script(&self, command: &[&str], more: &[&str]) -> String {
        succeed(&self.run(command, more).unwrap())
    }

    fn run(&self, command: &[&str], more: &[&str]) -> std::io::Result<Output> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/local/hdfs.sh");
        let mut script = Command::new(path);
        script.args(command).arg(self.dir.path()).args(more).stdin(Stdio::null()).output()
    }

    fn address(&self) -> String {
        format!("hdfs://127.0.0.1:{}", self.port)
    }

    /// How clients are to use it.
    fn conf(&self) -> PathBuf {
        self.dir.path().join("conf-namenode")
    }
}

impl Drop for Hdfs {
    fn drop(&mut self) {
        let _ = self.run(&["stop"], &[]);
    }
}

/// The first of 40 ports in a row that nobody listens on, above those of the tests' Kafka.
fn ports() -> u16 {
    let free = |base: u16| {
        (base..base + 40).all(|p| std::net::TcpListener::bind(("127.0.0.1", p)).is_ok())
    };
    let begin = 30_000 + (std::process::id() % 50) as u16 * 40;
    (begin..32_700).step_by(40).find(|base| free(*base)).expect("40 free ports in a row")
}

/// Batches that the job has told of.
fn batches(dir: &Path) -> usize {
    let log = std::fs::read_to_string(dir.join("logs/run.log")).unwrap_or_default();
    log.lines().filter(|line| line.contains(" batch ") && line.contains("published in")).count()
}

#[test]
#[ignore = "needs Kafka, Spark and HDFS: make it"]
fn the_learning_job_on_hdfs_loses_nothing_with_a_datanode_nor_with_itself() {
    let (broker, hdfs) = (Broker::start(), Hdfs::start());
    let dir = tempfile::tempdir().unwrap();
    succeed(&broker.flumen(dir.path(), &["topics", "apply"]));
    let bus = broker.bus();
    let (windows, embedded) = feed(&bus, HOURS);
    let place = format!("{}/learn", hdfs.address());
    let job = || {
        let mut job = learn_at(&place, dir.path(), &broker, &[]);
        job.env("HADOOP_CONF_DIR", hdfs.conf());
        job
    };
    let running = Running::start(job().stdout(Stdio::null()).stderr(Stdio::null()));
    let told = |most: usize| {
        wait_for("batches", Duration::from_secs(120), || {
            (batches(dir.path()) >= most).then_some(())
        });
    };
    told(1);
    hdfs.script(&["datanode", "kill"], &["2"]);
    told(3);
    running.kill_nine();
    // With one DataNode it goes on, and ends.
    succeed(&job().output().unwrap());
    embedded.same(&cards(&bus), &insights(&bus));
    hdfs.script(&["datanode", "start"], &["2"]);
    let listed = hdfs.script(&["dfs"], &["-ls", "/learn/state"]);
    let states = listed.lines().filter(|line| line.contains("/learn/state/")).count();
    assert!(states >= 5, "one a batch: {listed}");
    println!("{windows} windows, a DataNode and the job killed: cards and insights as embedded");
}
