//! A running Flumen, its tools and its log, as the tests of real processes need them.
#![allow(dead_code)] // each test binary uses its own part

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use flumen_base::{topic, wire};
use flumen_bus::{Bus, Embedded, EmbeddedConfig, Polled, Start, Visibility};
use prost::Message as _;
use serde_json::Value;

pub mod kills;
pub mod rtsp;

/// The binary under test.
pub const FLUMEN: &str = env!("CARGO_BIN_EXE_flumen");

/// A process that ends with the test, however the test ends.
pub struct Running(pub Child);

impl Running {
    pub fn start(command: &mut Command) -> Running {
        Running(command.spawn().unwrap_or_else(|e| panic!("start {command:?}: {e}")))
    }

    pub fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        let status = Command::new("kill").args([name, &pid]).status().expect("kill runs");
        assert!(status.success(), "kill {name} {pid}");
    }

    /// Kills without a chance to tidy up, and waits until it is gone.
    pub fn kill_nine(mut self) {
        self.signal("-KILL");
        self.0.wait().expect("a killed child is reaped");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A Flumen over a data directory.
pub struct Flumen {
    pub process: Running,
    pub data: PathBuf,
    pub address: SocketAddr,
}

impl Flumen {
    /// Starts it and waits until it answers.
    pub fn start(data: &Path) -> Flumen {
        Flumen::start_with(data, &[])
    }

    pub fn start_with(data: &Path, env: &[(&str, String)]) -> Flumen {
        std::fs::create_dir_all(data).expect("a data directory");
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(data.join("log.txt"))
            .expect("a log");
        let mut command = Command::new(FLUMEN);
        command.args(["run", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        command.envs(env.iter().map(|(k, v)| (k, v))).stdin(Stdio::null());
        command.stdout(log.try_clone().expect("a log")).stderr(log);
        let mut process = Running::start(&mut command);
        let pid = process.0.id();
        let address = wait_for("flumen to tell its address", Duration::from_secs(60), || {
            if let Ok(Some(status)) = process.0.try_wait() {
                panic!("flumen ended with {status}:\n{}", tail(data));
            }
            let text = std::fs::read_to_string(data.join("lock")).ok()?;
            let owner: Value = serde_json::from_str(&text).ok()?;
            (owner["pid"] == pid).then_some(())?;
            owner["address"].as_str()?.parse().ok()
        });
        Flumen { process, data: data.to_owned(), address }
    }

    /// Starts it where it must refuse; gives what it said.
    pub fn start_fails(data: &Path) -> String {
        let output = flumen(data, &["run", "--listen", "127.0.0.1:0"]);
        assert!(!output.status.success(), "flumen started");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// GET as JSON; `Null` when there is no good answer.
    pub fn get(&self, path: &str) -> Value {
        let answer = ureq::get(self.url(path))
            .call()
            .ok()
            .and_then(|mut r| r.body_mut().read_to_string().ok());
        answer.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null)
    }

    /// A subcommand on this data directory.
    pub fn command(&self, args: &[&str]) -> Output {
        flumen(&self.data, args)
    }

    /// Adds a camera by the command that people use.
    pub fn add(&self, id: &str, address: &str, more: &[&str]) {
        let mut args = vec!["camera", "add", id, address];
        args.extend(more);
        succeed(&self.command(&args));
    }

    pub fn camera(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/cameras/{id}"))
    }

    pub fn wait_live(&self, id: &str, patience: Duration) -> Value {
        wait_for(&format!("{id} to be live; log:\n{}", tail(&self.data)), patience, || {
            let camera = self.camera(id);
            (camera["state"] == "live").then_some(camera)
        })
    }

    /// Ends it as Ctrl-C does and checks that it ended well.
    pub fn stop(mut self) -> PathBuf {
        self.process.signal("-TERM");
        let status = self.process.0.wait().expect("flumen ends");
        assert!(status.success(), "flumen ended with {status}:\n{}", tail(&self.data));
        self.data.clone()
    }
}

/// Runs a subcommand on a data directory.
pub fn flumen(data: &Path, args: &[&str]) -> Output {
    Command::new(FLUMEN).args(args).arg("--data").arg(data).output().expect("flumen runs")
}

pub fn succeed(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
    out.into_owned()
}

/// The end of the process's log.
pub fn tail(data: &Path) -> String {
    let text = std::fs::read_to_string(data.join("log.txt")).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}

/// Waits for something to become so; fails in words when it does not.
pub fn wait_for<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begin.elapsed() < patience, "waited {patience:?} for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A port that nobody listens on just now.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port()
}

/// A clip made by the farm, once for all tests of a build.
pub fn clip(scene: &str, seconds: u32, fps: u32) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{scene}-{seconds}-{fps}"));
    let video = dir.join("video.mp4");
    if !video.exists() {
        let spec = format!("synthetic:{scene}?seed=7&size=640x360&fps={fps}&seconds={seconds}");
        let making = dir.with_extension("making");
        let _ = std::fs::remove_dir_all(&making);
        let made =
            Command::new(FLUMEN).args(["farm", "make", &spec, "--out"]).arg(&making).output();
        succeed(&made.expect("flumen runs"));
        std::fs::rename(&making, &dir).expect("the clip takes its place");
    }
    video
}

/// Everything on a log topic of a stopped Flumen.
pub fn records(data: &Path, topic: &str) -> Vec<flumen_bus::Delivered> {
    let bus = Embedded::open(&data.join("bus"), EmbeddedConfig::default()).expect("the bus opens");
    let end: u64 = bus.watermarks(topic).expect("watermarks").iter().map(|w| w.next).sum();
    let mut reader =
        bus.consumer(&[topic], Start::Earliest, Visibility::Durable).expect("a reader");
    let mut all = Vec::new();
    while (all.len() as u64) < end {
        let got = reader.poll(1000, Duration::from_secs(5)).expect("the log can be read");
        assert!(!got.is_empty(), "the log ends at {} of {end} records", all.len());
        for polled in got {
            match polled {
                Polled::Record(record) => all.push(record),
                other => panic!("the log is not whole: {other:?}"),
            }
        }
    }
    drop(reader);
    bus.close().expect("the bus closes");
    all
}

/// Event records that stand more than once on the topic.
pub fn repeated_events(data: &Path) -> Vec<String> {
    let mut seen: HashMap<(Vec<u8>, u32), u32> = HashMap::new();
    for record in records(data, topic::EVENTS) {
        let event = wire::Event::decode(record.record.value).expect("an event");
        *seen.entry((event.id.to_vec(), event.revision)).or_default() += 1;
    }
    seen.into_iter().filter(|(_, n)| *n > 1).map(|(id, n)| format!("{id:?} {n} times")).collect()
}

/// Acknowledged access units, by (bytes, crc32c), that are not in the log.
pub fn lost(data: &Path, acks: &[PathBuf]) -> Vec<String> {
    let mut kept: HashMap<(usize, u32), u32> = HashMap::new();
    for record in records(data, topic::VIDEO) {
        let value = &record.record.value;
        *kept.entry((value.len(), crc32c::crc32c(value))).or_default() += 1;
    }
    let mut lost = Vec::new();
    for file in acks {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        // A line that the kill of the client cut short was not told to anybody.
        for line in text.split_inclusive('\n').filter(|l| l.ends_with('\n')) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [sequence, bytes, crc] = fields[..] else { panic!("{line:?}") };
            let key = (bytes.parse().expect("bytes"), u32::from_str_radix(crc, 16).expect("crc"));
            match kept.get_mut(&key) {
                Some(n) if *n > 0 => *n -= 1,
                _ => lost.push(format!("{}: access unit {sequence}", file.display())),
            }
        }
    }
    lost
}
