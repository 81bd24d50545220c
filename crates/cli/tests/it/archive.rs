//! What was recorded can be opened by others, adds up, and damage is named.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::common::{Flumen, clip, flumen, succeed, wait_for};

fn duration_s(file: &Path) -> f64 {
    let probed = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "format=duration:stream=codec_name", "-of", "json"])
        .arg(file)
        .output()
        .expect("ffprobe runs");
    assert!(probed.stderr.is_empty(), "ffprobe: {}", String::from_utf8_lossy(&probed.stderr));
    let json: Value = serde_json::from_slice(&probed.stdout).expect("ffprobe prints JSON");
    json["format"]["duration"].as_str().expect("a duration").parse().expect("a number")
}

fn videos(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            all.extend(videos(&entry.path()));
        } else {
            all.push(entry.path());
        }
    }
    all.sort();
    all
}

#[test]
fn recording_plays_elsewhere_adds_up_and_damage_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let video = clip("street", 20, 15);
    let env = [
        ("FLUMEN__INGEST__FILE_ROOTS", format!("[{:?}]", video.parent().unwrap())),
        ("FLUMEN__ARCHIVE__SEGMENT", "5 s".to_owned()),
    ];
    let running = Flumen::start_with(dir.path(), &env);
    running.add("street", &format!("file:{}", video.display()), &["--once"]);
    wait_for("the file to end", Duration::from_secs(60), || {
        (running.camera("street")["state"] == "ended").then_some(())
    });
    let events = wait_for("an event with a picture", Duration::from_secs(20), || {
        let events = running.get("/api/v1/events?camera=street")["events"].clone();
        events
            .as_array()
            .is_some_and(|e| e.iter().any(|e| e["picture"].is_string()))
            .then_some(events)
    });
    let picture = events.as_array().unwrap().iter().find_map(|e| e["picture"].as_str()).unwrap();
    let jpeg = ureq::get(running.url(picture)).call().unwrap().body_mut().read_to_vec().unwrap();
    assert!(jpeg.starts_with(&[0xff, 0xd8]), "an event's picture is a JPEG");

    wait_for("all to be filed", Duration::from_secs(30), || {
        let all = videos(&dir.path().join("archive/video/street"));
        let sum: f64 = all.iter().map(|f| duration_s(f)).sum();
        (sum > 19.9).then_some(())
    });
    let files = videos(&dir.path().join("archive/video/street"));
    let sum: f64 = files.iter().map(|f| duration_s(f)).sum();
    assert!((sum - 20.0).abs() < 0.1, "{} files of {sum} s for 20 s of video", files.len());

    let out = dir.path().join("out.mp4");
    succeed(&running.command(&[
        "export",
        "street",
        "--from",
        "-5min",
        "--out",
        out.to_str().unwrap(),
    ]));
    assert!((duration_s(&out) - 20.0).abs() < 0.1, "the export is as long as the recording");
    let data = running.stop();

    succeed(&flumen(&data, &["check"]));
    let damaged = files.first().unwrap();
    let mut bytes = std::fs::read(damaged).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(damaged, bytes).unwrap();
    let told = flumen(&data, &["check"]);
    assert_eq!(told.status.code(), Some(4), "damage has its own exit code");
    let said = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(said.contains(damaged.file_name().unwrap().to_str().unwrap()), "{said}");
}
