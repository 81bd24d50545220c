//! A line drawn in a real browser: crossing, picture, filter, playback, webhook.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use serde_json::Value;

use crate::common::{Flumen, free_port, succeed};

const SECRET: &str = "shared by both";

#[test]
fn a_line_that_is_drawn_gives_a_crossing_to_see_filter_play_and_receive() {
    let dir = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let port = free_port();
    // The receiver of the guide, which answers only what is signed.
    let mut receiver = Command::new("python3")
        .arg(root.join("examples/python/webhook.py"))
        .args(["--port", &port.to_string(), "--secret", SECRET])
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    let (tx, heard) = channel();
    let lines = BufReader::new(receiver.stdout.take().unwrap()).lines();
    std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| tx.send(line)));

    let target = format!(
        "[{{ name = \"hall\", url = \"http://127.0.0.1:{port}/\", secret = \"{SECRET}\", kinds = [\"cross\"] }}]"
    );
    let env = [
        ("FLUMEN__NOTIFY__TARGETS", target),
        // So that the moment plays soon.
        ("FLUMEN__ARCHIVE__SEGMENT", "2 s".to_owned()),
    ];
    let running = Flumen::start_with(dir.path(), &env);
    running.add("street", "synthetic:street?seed=1&size=640x360&fps=15&seconds=20", &[]);
    running.wait_live("street", Duration::from_secs(120));

    let web = root.join("web");
    let shown = Command::new("node")
        .arg(web.join("test/rules.mjs"))
        .env("FLUMEN_URL", running.url(""))
        .env("FLUMEN_CAMERA", "street")
        .env("FLUMEN_SHOTS", Path::new(env!("CARGO_TARGET_TMPDIR")).join("shots"))
        .current_dir(&web)
        .output()
        .expect("node runs");
    let report = succeed(&shown);
    println!("{report}");
    let report: Value = serde_json::from_str(&report).unwrap();
    let id = report["facts"]["cross"]["id"].as_str().unwrap();
    loop {
        let line = heard.recv_timeout(Duration::from_secs(60)).expect("the webhook comes");
        println!("webhook: {line}");
        let words: Vec<&str> = line.split(' ').collect();
        assert_eq!(words[..2], ["street", "cross"], "only what the target wants");
        if words.last() == Some(&id) {
            break;
        }
    }
    let told = running.get("/api/v1/system").to_string();
    assert!(told.contains("webhook hall"), "the system page names it: {told}");
    running.stop();
    receiver.kill().unwrap();
    receiver.wait().unwrap();
}
