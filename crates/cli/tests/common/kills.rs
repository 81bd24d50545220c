//! Killing Flumen under load, and counting what is missing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::common::{FLUMEN, Flumen, Running, clip, wait_for};

/// What a campaign saw.
pub struct Campaign {
    pub acks: Vec<PathBuf>,
    /// From start to the first answer, each time.
    pub starts: Vec<Duration>,
}

/// Kills a loaded Flumen `times` times, at moments drawn from `seed`.
pub fn kill_under_load(data: &Path, times: u32, seed: u64) -> Campaign {
    let video = clip("street", 20, 15);
    let mut campaign = Campaign { acks: Vec::new(), starts: Vec::new() };
    let mut random = seed;
    for round in 0..=times {
        let begin = Instant::now();
        let running = Flumen::start(data);
        campaign.starts.push(begin.elapsed());
        if round == 0 {
            running.add("yard", "synthetic:yard?seed=2&size=640x360&fps=15&seconds=20", &[]);
            running.wait_live("yard", Duration::from_secs(60));
        }
        if round == times {
            running.stop();
            break;
        }
        let acks = data.join(format!("acks-{round}.txt"));
        let load = push(data, &video, &acks);
        wait_for("the first acknowledgement", Duration::from_secs(20), || {
            acks.metadata().ok().filter(|m| m.len() > 0)
        });
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis((random >> 33) % 1_500));
        running.process.kill_nine();
        drop(load);
        campaign.acks.push(acks);
    }
    campaign
}

/// A client that pushes a clip as fast as it is taken, and keeps the acknowledgements.
fn push(data: &Path, video: &Path, acks: &Path) -> (Running, Running) {
    let mut ffmpeg = Running::start(
        Command::new("ffmpeg")
            .args(["-v", "quiet", "-re", "-stream_loop", "-1", "-i"])
            .arg(video)
            .args(["-c", "copy", "-f", "mpegts", "-"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped()),
    );
    let client = Running::start(
        Command::new(FLUMEN)
            .args(["push", "load", "--acks"])
            .arg(acks)
            .arg("--data")
            .arg(data)
            .stdin(ffmpeg.0.stdout.take().expect("a pipe"))
            .stderr(Stdio::null()),
    );
    (ffmpeg, client)
}
