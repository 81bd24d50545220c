//! A real RTSP server that can be stopped and started.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use flumen_base::{Clock, SystemClock};
use serde_json::Value;
use tungstenite::{Message, WebSocket};

use crate::common::{Flumen, Running, free_port, wait_for};

/// Serves `video` at `rtsp://127.0.0.1:PORT/cam` in a loop.
pub fn serve(video: &Path, port: u16) -> Running {
    let script =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/local/rtsp_server.py");
    let mut server = Running::start(
        Command::new("/usr/bin/python3")
            .arg(script)
            .arg(port.to_string())
            .arg(format!("cam={}", video.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped()),
    );
    let out = server.0.stdout.take().expect("a pipe");
    let said = BufReader::new(out).lines().map_while(Result::ok).find(|l| l.starts_with("READY"));
    assert!(said.is_some(), "the RTSP server did not come up");
    server
}

/// A camera over RTSP, `gate`, beside one that needs no network, `yard`.
pub struct Pair {
    pub running: Flumen,
    /// When `yard` was live, UTC.
    pub yard_live_us: i64,
    port: u16,
}

/// How long the camera took to come back, from the server's first answer.
#[derive(Clone, Copy, Debug)]
pub struct Back {
    /// Until it was live again: its first access unit, a key picture, is in the log.
    pub live: Duration,
    /// Until a picture of the new connection was decoded and its result was at a viewer.
    pub decoded: Duration,
}

impl Pair {
    pub fn start(data: &Path) -> Pair {
        let env = [("FLUMEN__INGEST__ALLOW_HOSTS", "[\"127.0.0.1\"]".to_owned())];
        let running = Flumen::start_with(data, &env);
        let port = free_port();
        running.add("yard", "synthetic:yard?seed=2&size=640x360&fps=15&seconds=20", &[]);
        running.wait_live("yard", Duration::from_secs(60));
        let yard_live_us = SystemClock.wall_us();
        running.add("gate", &format!("rtsp://127.0.0.1:{port}/cam"), &[]);
        Pair { running, yard_live_us, port }
    }

    /// Stops and starts the server of `video` and waits each time until the camera is back.
    pub fn restarts(&self, video: &Path, times: u32) -> Vec<Back> {
        let mut server = Some(serve(video, self.port));
        self.running.wait_live("gate", Duration::from_secs(30));
        let mut viewer = Viewer::of(&self.running, "gate");
        viewer.decoded_after(0);
        let once = |_| {
            drop(server.take());
            wait_for("the camera to be missed", Duration::from_secs(30), || {
                (self.running.camera("gate")["state"] != "live").then_some(())
            });
            server = Some(serve(video, self.port));
            let (begin, begin_us) = (Instant::now(), SystemClock.wall_us());
            self.running.wait_live("gate", Duration::from_secs(30));
            let live = begin.elapsed();
            viewer.decoded_after(begin_us);
            Back { live, decoded: begin.elapsed() }
        };
        (0..times).map(once).collect()
    }
}

/// Hears what was found in each picture of a camera.
struct Viewer(WebSocket<TcpStream>);

impl Viewer {
    fn of(running: &Flumen, camera: &str) -> Viewer {
        let stream = TcpStream::connect(running.address).expect("flumen answers");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
        let url = format!("ws://{}/api/v1/cameras/{camera}/live", running.address);
        Viewer(tungstenite::client(url, stream).expect("a live socket").0)
    }

    /// Waits for the result of a picture from after `us`: it was decoded.
    fn decoded_after(&mut self, us: i64) {
        loop {
            let message = self.0.read().expect("live view goes on");
            let Message::Text(text) = message else { continue };
            let told: Value = serde_json::from_str(&text).expect("JSON");
            if told["type"] == "boxes" && told["pts_us"].as_i64() > Some(us) {
                return;
            }
        }
    }
}
