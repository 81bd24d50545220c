//! How long a picture takes from its arrival to its boxes at a viewer.
//!
//! Starts a Flumen of its own over a directory of its own, with synthetic cameras, and listens
//! to their live sockets. A synthetic camera's media time is the moment at which it sends.
//! What the measured process and everything else on the machine used meanwhile stands beside
//! the times: on a machine that is busy they say little.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use flumen_base::{Clock, Context, Error, Result, SystemClock};
use serde_json::{Value, json};
use tungstenite::Message;

use crate::client::Client;
use crate::{Site, lock, show};

/// Cameras that are measured together.
struct Load {
    cameras: u32,
    scene: &'static str,
}

const SMALL: &str = "synthetic:street?seed=1&size=640x360&fps=15&seconds=20";
/// Short, because it is rendered first.
const LARGE: &str = "synthetic:street?seed=1&size=1920x1080&fps=25&seconds=10";
const LOADS: [Load; 4] = [
    Load { cameras: 4, scene: SMALL },
    Load { cameras: 2, scene: LARGE },
    Load { cameras: 4, scene: LARGE },
    Load { cameras: 8, scene: LARGE },
];
const START: Duration = Duration::from_secs(120);
/// How long a scene may take to be rendered.
const RENDER: Duration = Duration::from_secs(900);
const LISTEN: Duration = Duration::from_secs(20);
/// The group of pictures that was there before a viewer came.
const BEFORE: Duration = Duration::from_secs(2);
/// Ticks a second of `/proc`, on every Linux.
const TICKS_HZ: f64 = 100.0;

/// Ends the process that was measured, however the measuring ends.
struct Measured(Child);

impl Drop for Measured {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// For each load: p50, p95 and p99 in milliseconds over all its cameras, and the cores used.
pub fn measure(dir: &Path) -> Result<Value> {
    let site = Site { data: dir.join("latency"), config: None };
    std::fs::create_dir_all(&site.data).context("make a directory to measure in")?;
    let this = std::env::current_exe().context("find this program")?;
    let mut command = Command::new(&this);
    command.args(["run", "--listen", "127.0.0.1:0", "--data"]).arg(&site.data);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let measured = Measured(command.spawn().context("start flumen")?);
    let begin = Instant::now();
    while lock::owner(&site.data).and_then(|o| o.address).is_none() {
        if begin.elapsed() > START {
            return Err(Error::unavailable("flumen did not start"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let client = Client::of(&site)?;
    let bar = show::bar("loads of cameras");
    bar.set_length(LOADS.len() as u64);
    let mut all = Vec::new();
    for load in &LOADS {
        let names: Vec<String> = (0..load.cameras).map(|n| format!("bench-{n}")).collect();
        for name in &names {
            add(&this, &site, name, load.scene)?;
        }
        all.push(one(&client, measured.0.id(), load, &names)?);
        for name in &names {
            client.delete(&format!("/api/v1/cameras/{name}"))?;
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(Value::Array(all))
}

fn add(this: &Path, site: &Site, name: &str, scene: &str) -> Result<()> {
    let mut command = Command::new(this);
    command.args(["camera", "add", name, scene, "--data"]).arg(&site.data);
    let out = command.stdin(Stdio::null()).output().context("add a camera")?;
    match out.status.success() {
        true => Ok(()),
        false => Err(Error::unavailable(format!(
            "add a camera: {}",
            String::from_utf8_lossy(&out.stderr).trim()
        ))),
    }
}

fn one(client: &Client, pid: u32, load: &Load, names: &[String]) -> Result<Value> {
    for name in names {
        wait_live(client, name)?;
    }
    let address = client.address();
    let before = Used::now(pid)?;
    let listeners: Vec<_> = names
        .iter()
        .cloned()
        .map(|name| std::thread::spawn(move || listen(address, &name)))
        .collect();
    let mut all = Vec::new();
    for listener in listeners {
        all.extend(listener.join().map_err(|_| Error::internal("a listener ended badly"))??);
    }
    let (own, others) = Used::now(pid)?.cores_since(&before);
    all.sort_unstable();
    let at = |share: f64| {
        all.get(((all.len() as f64 - 1.0) * share) as usize).map(|us| *us as f64 / 1e3)
    };
    Ok(json!({
        "what": "picture sent by a synthetic camera -> its boxes at a WebSocket",
        "cameras": load.cameras, "scene": load.scene,
        "samples": all.len(), "p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99),
        "cores": std::thread::available_parallelism().map_or(1, usize::from),
        "cores_used": own, "cores_used_by_others": others,
    }))
}

fn wait_live(client: &Client, name: &str) -> Result<()> {
    let begin = Instant::now();
    loop {
        let camera = client.get(&format!("/api/v1/cameras/{name}"))?;
        if camera.get("state").and_then(Value::as_str) == Some("live") {
            return Ok(());
        }
        if begin.elapsed() > RENDER {
            return Err(Error::unavailable(format!("{name} did not become live: {camera}")));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Microseconds from a picture's media time to its boxes, for each picture.
fn listen(address: SocketAddr, camera: &str) -> Result<Vec<i64>> {
    let failed = |e: String| Error::unavailable(format!("live view of {camera}: {e}"));
    let stream = TcpStream::connect(address).context("connect to flumen")?;
    stream.set_read_timeout(Some(LISTEN)).context("set a limit")?;
    let url = format!("ws://{address}/api/v1/cameras/{camera}/live");
    let (mut socket, _) = tungstenite::client(url, stream).map_err(|e| failed(e.to_string()))?;
    let supports = json!({ "type": "supports", "mimes": {} }).to_string();
    socket.send(Message::text(supports)).map_err(|e| failed(e.to_string()))?;
    let (mut all, begin) = (Vec::new(), Instant::now());
    while begin.elapsed() < BEFORE + LISTEN {
        let message = socket.read().map_err(|e| failed(e.to_string()))?;
        let Message::Text(text) = message else { continue };
        let told: Value = serde_json::from_str(&text).unwrap_or_default();
        let Some(pts_us) = told.get("pts_us").and_then(Value::as_i64) else { continue };
        if begin.elapsed() > BEFORE {
            all.push(SystemClock.wall_us().saturating_sub(pts_us));
        }
    }
    Ok(all)
}

/// Processor time, in ticks.
struct Used {
    at: Instant,
    own: u64,
    all: u64,
}

impl Used {
    /// What a process and the whole machine used since they began.
    fn now(pid: u32) -> Result<Used> {
        let read = |path: &str| std::fs::read_to_string(path).context(format!("read {path}"));
        // The name in parentheses may hold spaces; `utime` and `stime` are fields 14 and 15.
        let stat = read(&format!("/proc/{pid}/stat"))?;
        let behind = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let own = behind.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok());
        // user nice system idle iowait irq softirq steal: all but the two that wait.
        let stat = read("/proc/stat")?;
        let fields = stat.lines().next().unwrap_or("").split_whitespace().skip(1).take(8);
        let busy = fields.enumerate().filter(|(n, _)| !matches!(n, 3 | 4));
        let all = busy.filter_map(|(_, n)| n.parse::<u64>().ok());
        Ok(Used { at: Instant::now(), own: own.sum(), all: all.sum() })
    }

    /// Cores that the process used, and that everything else did, of late.
    fn cores_since(&self, before: &Used) -> (f64, f64) {
        let seconds = self.at.duration_since(before.at).as_secs_f64().max(1e-3);
        let cores = |ticks: u64| (ticks as f64 / TICKS_HZ / seconds * 100.0).round() / 100.0;
        let own = self.own.saturating_sub(before.own);
        let all = self.all.saturating_sub(before.all);
        (cores(own), cores(all.saturating_sub(own)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_of_this_process_is_read() {
        let before = Used::now(std::process::id()).unwrap();
        let mut sum = 0_u64;
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(300) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let now = Used::now(std::process::id()).unwrap();
        assert!(now.own > before.own && now.all >= now.own - before.own);
        let (own, others) = now.cores_since(&before);
        assert!(own > 0.0 && others >= 0.0);
    }
}
