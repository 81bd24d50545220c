//! Kafka and Flink of a campaign: real processes by the scripts of deploy/local, ended with it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::common::{FLUMEN, succeed, wait_for};

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

/// Runs a script of deploy/local; what it printed.
pub fn script(name: &str, args: &[&str]) -> String {
    let mut command = Command::new(root().join("deploy/local").join(name));
    // Words in the campaigns' own video that a bridge with debug assertions obeys.
    command.env("FLUMEN_BRIDGE_PLANT", "on");
    succeed(&command.args(args).stdin(Stdio::null()).output().expect("the script runs"))
}

/// The first of 40 ports in a row that nobody listens on; FLUMEN_PORTS says where to look first.
pub fn ports() -> u16 {
    let first = std::env::var("FLUMEN_PORTS").ok().and_then(|p| p.parse().ok()).unwrap_or(21_000);
    let free = |base: u16| (base..base + 40).all(|p| TcpListener::bind(("127.0.0.1", p)).is_ok());
    (first..31_000).step_by(40).find(|base| free(*base)).expect("40 free ports in a row")
}

/// A Kafka of one or three nodes.
pub struct Kafka {
    dir: PathBuf,
    pub brokers: String,
}

impl Kafka {
    pub fn start(dir: &Path, nodes: u32) -> Kafka {
        let (path, port) = (dir.display().to_string(), ports().to_string());
        let said =
            script("kafka.sh", &["start", &path, "--port", &port, "--nodes", &nodes.to_string()]);
        let brokers = said.lines().find_map(|l| l.strip_prefix("READY kafka ")).expect("READY");
        let kafka = Kafka { dir: dir.to_owned(), brokers: brokers.to_owned() };
        succeed(&kafka.flumen(&["topics", "apply"]).output().expect("flumen runs"));
        kafka
    }

    /// A flumen command that works with this Kafka.
    pub fn flumen(&self, args: &[&str]) -> Command {
        let mut command = Command::new(FLUMEN);
        command.args(args).stdin(Stdio::null());
        command.env("FLUMEN__BUS__KIND", "kafka").env("FLUMEN__KAFKA__BROKERS", &self.brokers);
        command
    }

    pub fn kill(&self, node: u32) {
        script("kafka.sh", &["kill", &self.dir.display().to_string(), &node.to_string()]);
    }

    pub fn bring_back(&self, node: u32) {
        let path = self.dir.display().to_string();
        script("kafka.sh", &["start", &path, "--node", &node.to_string()]);
    }

    pub fn pid(&self, node: u32) -> u32 {
        pid(&self.dir, &format!("kafka-{node}"))
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        stop("kafka.sh", &self.dir);
    }
}

/// A Flink session cluster whose TaskManagers know the bridge.
pub struct Flink {
    dir: PathBuf,
    port: u16,
}

impl Flink {
    pub fn start(dir: &Path, slots: u32, taskmanagers: u32) -> Flink {
        Flink::start_with(dir, None, slots, taskmanagers)
    }

    /// With the bridge that lies in a folder instead of this build's.
    pub fn start_with(dir: &Path, bridge: Option<&Path>, slots: u32, taskmanagers: u32) -> Flink {
        let mut install = Command::new(FLUMEN);
        let install = install.args(["bridge", "install"]).arg(dir.join("lib"));
        bridge.map(|from| install.arg("--from").arg(from));
        succeed(&install.output().expect("flumen runs"));
        let (path, port) = (dir.display().to_string(), ports());
        let [text, slots, count] = [port.into(), slots, taskmanagers].map(|n| n.to_string());
        let more = ["--port", &text, "--slots", &slots, "--taskmanagers", &count];
        script("flink.sh", &[&["start", &path], &more[..]].concat());
        Flink { dir: dir.to_owned(), port }
    }

    fn run(&self, args: &[&str], more: &[&str]) -> String {
        let path = self.dir.display().to_string();
        let mut all = args.to_vec();
        all.push(&path);
        all.extend(more);
        script("flink.sh", &all)
    }

    /// Submits the job and waits until it runs; its id.
    pub fn submit(&self, kafka: &Kafka, from: Option<&str>, args: &[&str]) -> String {
        let jar = root().join("jvm/flink/target/flumen-flink-0.1.0.jar");
        self.submit_jar(&jar, kafka, from, args)
    }

    pub fn submit_jar(
        &self,
        jar: &Path,
        kafka: &Kafka,
        from: Option<&str>,
        args: &[&str],
    ) -> String {
        let jar = jar.display().to_string();
        let mut more: Vec<&str> = from.map_or_else(Vec::new, |from| vec!["--from", from]);
        more.extend([jar.as_str(), "--brokers", &kafka.brokers]);
        more.extend(args);
        let said = self.run(&["submit"], &more);
        let job = said.lines().find_map(|l| l.strip_prefix("JOB ")).expect("JOB").to_owned();
        self.wait_running(&job);
        job
    }

    pub fn wait_running(&self, job: &str) {
        wait_for("the job to run", Duration::from_secs(180), || self.runs(job).then_some(()));
    }

    /// Whether all tasks of the job run, not only the job itself.
    pub fn runs(&self, job: &str) -> bool {
        let told = self.rest(&format!("/jobs/{job}"));
        let tasks = told["vertices"].as_array().map_or(&[][..], Vec::as_slice);
        told["state"] == "RUNNING"
            && !tasks.is_empty()
            && tasks.iter().all(|t| t["status"] == "RUNNING")
    }

    /// Ends the job with a savepoint; its path.
    pub fn stop_job(&self, job: &str) -> String {
        let said = self.run(&["stop-job"], &[job]);
        said.lines().find_map(|l| l.strip_prefix("SAVEPOINT ")).expect("SAVEPOINT").to_owned()
    }

    pub fn cancel(&self, job: &str) {
        self.run(&["cancel"], &[job]);
        wait_for("the job to end", Duration::from_secs(60), || {
            (self.rest(&format!("/jobs/{job}"))["state"] == "CANCELED").then_some(())
        });
    }

    /// The TaskManager that runs the job's analysis.
    pub fn runs_on(&self, job: &str) -> u32 {
        let told = self.rest(&format!("/jobs/{job}"));
        let tasks = told["vertices"].as_array().expect("tasks");
        let analysis = |t: &&Value| t["name"].as_str().is_some_and(|n| n.contains("analysis"));
        let id = tasks.iter().find(analysis).expect("the analysis")["id"].clone();
        let path = format!("/jobs/{job}/vertices/{}/taskmanagers", id.as_str().expect("an id"));
        let told = self.rest(&path);
        let name = told["taskmanagers"][0]["taskmanager-id"].as_str().expect("a TaskManager");
        name.split('-').nth(1).and_then(|n| n.parse().ok()).expect("taskmanager-N-...")
    }

    pub fn kill_taskmanager(&self, n: u32) {
        self.run(&["taskmanager", "kill"], &[&n.to_string()]);
    }

    pub fn start_taskmanager(&self, n: u32) {
        self.run(&["taskmanager", "start"], &[&n.to_string()]);
    }

    pub fn kill_jobmanager(&self) {
        self.run(&["jobmanager", "kill"], &[]);
    }

    pub fn start_jobmanager(&self) {
        self.run(&["jobmanager", "start"], &[]);
    }

    /// `jobmanager` or `taskmanager-1`.
    pub fn pid(&self, name: &str) -> u32 {
        pid(&self.dir, name)
    }

    /// What a process of it wrote into its log.
    pub fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.join(format!("logs/{name}.log"))).unwrap_or_default()
    }

    /// Whether the process runs.
    pub fn alive(&self, name: &str) -> bool {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid(name)));
        status.is_ok_and(|s| !s.contains("State:\tZ"))
    }

    /// The answer of Flink's REST; `Null` when there is none.
    pub fn rest(&self, path: &str) -> Value {
        let ask = || -> Option<Value> {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
            stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
            write!(stream, "GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").ok()?;
            let mut text = String::new();
            stream.read_to_string(&mut text).ok()?;
            serde_json::from_str(text.split_once("\r\n\r\n")?.1).ok()
        };
        ask().unwrap_or(Value::Null)
    }

    /// Metrics of the TaskManager or JobManager by name.
    pub fn metrics(&self, of: &str, names: &[&str]) -> Vec<f64> {
        let told = self.rest(&format!("{of}/metrics?get={}", names.join(",")));
        let one = |name: &&str| {
            let found = told.as_array()?.iter().find(|m| m["id"] == *name)?;
            found["value"].as_str()?.parse().ok()
        };
        names.iter().map(|name| one(name).unwrap_or(f64::NAN)).collect()
    }

    /// Where the metrics of the running TaskManager are asked for.
    pub fn taskmanager(&self) -> String {
        let all = self.rest("/taskmanagers");
        let id = all["taskmanagers"].as_array().and_then(|t| t.last()?["id"].as_str());
        format!("/taskmanagers/{}", id.unwrap_or("none"))
    }
}

impl Drop for Flink {
    fn drop(&mut self) {
        stop("flink.sh", &self.dir);
    }
}

pub fn pid(dir: &Path, name: &str) -> u32 {
    let text = std::fs::read_to_string(dir.join(format!("{name}.pid"))).expect("a pid file");
    text.trim().parse().expect("a pid")
}

/// Also while a test fails, so nothing here may panic.
pub fn stop(name: &str, dir: &Path) {
    let mut command = Command::new(root().join("deploy/local").join(name));
    if command.arg("stop").arg(dir).status().is_ok_and(|s| s.success()) {
        return;
    }
    println!("{name} stop {} failed", dir.display());
}
