//! `ffmpeg ... | flumen push`, to the letter.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::common::{Flumen, Running, clip, lost, wait_for};

#[test]
fn ffmpeg_streams_through_push_and_every_unit_is_safe() {
    let dir = tempfile::tempdir().unwrap();
    let running = Flumen::start(dir.path());
    let video = clip("street", 20, 15);
    let mut ffmpeg = Running::start(
        Command::new("ffmpeg")
            .args(["-v", "error", "-re", "-i"])
            .arg(&video)
            .args(["-t", "8", "-c", "copy", "-f", "mpegts", "-"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped()),
    );
    let acks = dir.path().join("acks.txt");
    let pushed = Command::new(crate::common::FLUMEN)
        .args(["push", "dock", "--acks"])
        .arg(&acks)
        .arg("--data")
        .arg(dir.path())
        .stdin(ffmpeg.0.stdout.take().expect("a pipe"))
        .stderr(Stdio::piped())
        .spawn()
        .expect("flumen push starts");
    running.wait_live("dock", Duration::from_secs(20));
    let pushed = pushed.wait_with_output().expect("flumen push ends");
    let said = String::from_utf8_lossy(&pushed.stderr).into_owned();
    assert!(pushed.status.success(), "{said}");
    assert!(said.contains("120 access units sent, all safe"), "{said}");
    wait_for("the camera to be offline again", Duration::from_secs(20), || {
        (running.camera("dock")["state"] != "live").then_some(())
    });
    let data = running.stop();
    assert_eq!(lost(&data, &[acks]), Vec::<String>::new());
}
