//! A Kafka for tests: the one of `FLUMEN_KAFKA`, or one of `deploy/local/kafka.sh` for this run.

#![allow(dead_code, missing_docs)]

use std::collections::HashMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use flumen_base::topic;
use flumen_bus::kafka::topics;
use flumen_bus::{KafkaConfig, Keep};

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/local/kafka.sh")
}

/// The broker that most tests share; it ends with the test program.
fn shared() -> &'static str {
    static SHARED: OnceLock<String> = OnceLock::new();
    SHARED.get_or_init(|| match std::env::var("FLUMEN_KAFKA") {
        Ok(address) => address,
        Err(_) => {
            let own = Own::start();
            let address = own.address.clone();
            // It must outlive every test: a thread that nobody ends would be killed with us.
            end_with_us(&own);
            std::mem::forget(own);
            address
        }
    })
}

/// Stops the broker once this process is gone.
fn end_with_us(own: &Own) {
    let wait = "(while kill -0 $1 2>/dev/null; do sleep 0.5; done; \"$2\" stop \"$3\"; rm -rf \"$3\") \
                </dev/null >/dev/null 2>&1 &";
    let mut shell = Command::new("setsid");
    shell.args(["bash", "-c", wait, "bash", &std::process::id().to_string()]);
    assert!(shell.arg(script()).arg(&own.dir).status().unwrap().success());
}

/// Settings for topics with their own prefix on the shared broker.
pub fn config(prefix: &str) -> KafkaConfig {
    KafkaConfig {
        brokers: shared().split(',').map(str::to_owned).collect(),
        prefix: prefix.into(),
        partitions: 3,
        keep: for_ever(),
        ..KafkaConfig::default()
    }
}

/// Tests have stamps of long ago: by default Kafka would remove their records within minutes.
fn for_ever() -> HashMap<String, Keep> {
    let keep = Keep { age: Duration::from_secs(200 * 365 * 86_400), bytes: 20 << 30 };
    topic::LOGS.iter().map(|t| ((*t).to_owned(), keep)).collect()
}

/// A name that no run had before.
pub fn prefix() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("t{}-{}-{count}.", now.as_secs() % 1_000_000, std::process::id())
}

/// Settings for new, empty topics on the shared broker.
pub fn fresh(partitions: u32) -> KafkaConfig {
    let config = KafkaConfig { partitions, ..config(&prefix()) };
    topics::apply(&config).unwrap();
    config
}

/// A broker of one test, which may be killed.
pub struct Own {
    pub dir: PathBuf,
    pub address: String,
}

impl Own {
    pub fn start() -> Own {
        // One after the other: a port is taken only once the broker listens.
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = tempfile::tempdir().unwrap().keep();
        let port = free_port().to_string();
        run(&["start", dir.to_str().unwrap(), "--port", &port]);
        Own { dir, address: format!("127.0.0.1:{port}") }
    }

    pub fn kill(&self) {
        run(&["kill", self.dir.to_str().unwrap(), "1"]);
    }

    pub fn start_again(&self) {
        run(&["start", self.dir.to_str().unwrap()]);
    }

    pub fn fresh(&self, partitions: u32) -> KafkaConfig {
        let config = KafkaConfig {
            brokers: vec![self.address.clone()],
            partitions,
            prefix: prefix(),
            keep: for_ever(),
            ..KafkaConfig::default()
        };
        topics::apply(&config).unwrap();
        config
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = Command::new(script()).arg("stop").arg(&self.dir).status();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn run(words: &[&str]) {
    let out = Command::new(script()).args(words).output().unwrap();
    let (told, errors) =
        (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "kafka.sh {words:?}: {told} {errors}");
}

/// A port that is free, and the next one with it.
fn free_port() -> u16 {
    let from: u16 = std::env::var("FLUMEN_KAFKA_PORTS").map_or(29_100, |p| p.parse().unwrap());
    let start = from + (std::process::id() % 20) as u16 * 2;
    let free = |port: u16| std::net::TcpListener::bind(("127.0.0.1", port)).is_ok();
    (0..50).map(|n| start + 2 * n).find(|p| free(*p) && free(*p + 1)).unwrap()
}

/// Waits until something is so, at most a minute.
pub fn eventually(what: &str, is: impl Fn() -> bool) -> Duration {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_secs(60), "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
    began.elapsed()
}

/// The broker that fault tests kill, one test at a time. It runs when this returns.
pub fn victim() -> MutexGuard<'static, Own> {
    static VICTIM: OnceLock<Mutex<Own>> = OnceLock::new();
    let made = || {
        let own = Own::start();
        end_with_us(&own);
        Mutex::new(own)
    };
    let own = VICTIM.get_or_init(made).lock().unwrap_or_else(PoisonError::into_inner);
    own.start_again();
    own
}

/// Runs one test of this program in a process of its own, for killing.
pub fn child(test: &str, settings: &[(&str, &str)]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]);
    command.envs(settings.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Reads a child's output up to a line that holds `word`.
pub fn wait_for_line(out: &mut impl BufRead, word: &str) {
    let mut line = String::new();
    while out.read_line(&mut line).unwrap() > 0 {
        if line.contains(word) {
            return;
        }
        line.clear();
    }
    panic!("the child ended without `{word}`");
}
