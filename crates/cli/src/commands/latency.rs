//! How long a picture takes from its arrival to its boxes at a viewer.
//!
//! Starts a Flumen of its own over a directory of its own, with synthetic cameras, and listens
//! to their live sockets. A synthetic camera's media time is the moment at which it sends.

use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use flumen_base::{Clock, Context, Error, Result, SystemClock};
use serde_json::{Value, json};
use tungstenite::Message;

use crate::{Site, lock};

const CAMERAS: u32 = 4;
const SCENE: &str = "synthetic:street?seed=1&size=640x360&fps=15&seconds=20";
const WARM_UP: Duration = Duration::from_secs(120);
const LISTEN: Duration = Duration::from_secs(20);

/// Ends the process that was measured, however the measuring ends.
struct Measured(Child);

impl Drop for Measured {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// p50, p95 and p99 in milliseconds over all cameras.
pub fn measure(dir: &Path) -> Result<Value> {
    let site = Site { data: dir.join("latency"), config: None };
    let this = std::env::current_exe().context("find this program")?;
    std::fs::create_dir_all(&site.data).context("make a directory to measure in")?;
    let flumen = |args: &[&str]| {
        let mut command = Command::new(&this);
        command.args(args).arg("--data").arg(&site.data);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let _measured =
        Measured(flumen(&["run", "--listen", "127.0.0.1:0"]).spawn().context("start flumen")?);
    let begin = Instant::now();
    let address = loop {
        match lock::owner(&site.data).and_then(|o| o.address) {
            Some(address) => break address,
            None if begin.elapsed() > WARM_UP => {
                return Err(Error::unavailable("flumen did not start"));
            }
            None => std::thread::sleep(Duration::from_millis(50)),
        }
    };
    let mut names = Vec::new();
    for n in 0..CAMERAS {
        let name = format!("bench-{n}");
        flumen(&["camera", "add", &name, SCENE]).status().context("add a camera")?;
        names.push(name);
    }
    let listeners: Vec<_> =
        names.into_iter().map(|name| std::thread::spawn(move || listen(address, &name))).collect();
    let mut all = Vec::new();
    for listener in listeners {
        all.extend(listener.join().map_err(|_| Error::internal("a listener ended badly"))??);
    }
    all.sort_unstable();
    let at = |share: f64| {
        all.get(((all.len() as f64 - 1.0) * share) as usize).map(|us| *us as f64 / 1e3)
    };
    Ok(json!({
        "what": "picture sent by a 640x360 15/s camera -> its boxes at a WebSocket, 4 cameras",
        "samples": all.len(), "p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99),
    }))
}

/// Microseconds from a picture's media time to its boxes, for each picture.
fn listen(address: SocketAddr, camera: &str) -> Result<Vec<i64>> {
    let failed = |e: String| Error::unavailable(format!("live view of {camera}: {e}"));
    let stream = TcpStream::connect(address).context("connect to flumen")?;
    stream.set_read_timeout(Some(WARM_UP)).context("set a limit")?;
    let url = format!("ws://{address}/api/v1/cameras/{camera}/live");
    let (mut socket, _) = tungstenite::client(url, stream).map_err(|e| failed(e.to_string()))?;
    let supports = json!({ "type": "supports", "mimes": {} }).to_string();
    socket.send(Message::text(supports)).map_err(|e| failed(e.to_string()))?;
    let (mut all, mut first) = (Vec::new(), None);
    loop {
        let message = socket.read().map_err(|e| failed(e.to_string()))?;
        let Message::Text(text) = message else { continue };
        let told: Value = serde_json::from_str(&text).unwrap_or_default();
        let Some(pts_us) = told.get("pts_us").and_then(Value::as_i64) else { continue };
        let begin = *first.get_or_insert_with(Instant::now);
        // The first second is the group of pictures that was there before.
        if begin.elapsed() > Duration::from_secs(2) {
            all.push(SystemClock.wall_us() - pts_us);
        }
        if begin.elapsed() > LISTEN {
            return Ok(all);
        }
    }
}
