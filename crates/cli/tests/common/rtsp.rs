//! A real RTSP server that can be stopped and started.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{Flumen, Running, wait_for};

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

/// Stops and starts the server; gives the times from its first answer to the first new unit.
pub fn restarts(running: &Flumen, id: &str, video: &Path, port: u16, times: u32) -> Vec<Duration> {
    let mut server = serve(video, port);
    running.wait_live(id, Duration::from_secs(30));
    let mut took = Vec::new();
    for _ in 0..times {
        drop(server);
        wait_for("the camera to be missed", Duration::from_secs(30), || {
            (running.camera(id)["state"] != "live").then_some(())
        });
        server = serve(video, port);
        let begin = Instant::now();
        running.wait_live(id, Duration::from_secs(30));
        took.push(begin.elapsed());
    }
    took
}
