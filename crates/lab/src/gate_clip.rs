//! Clips of many visits: short scenes of the farm, with quiet between them.
//!
//! Invariants: the same scenes, coding and seed give the same clip with the same FFmpeg.
//! Units: frames at [`RATE_HZ`].
//! Not here: which cameras (`gate_visits`).

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use flumen_base::{Error, Result};
use flumen_farm::{Renderer, SceneSpec};

/// Frames a second.
pub(crate) const RATE_HZ: u32 = 15;
/// Seconds of the scenes: in each, somebody comes and goes; a short one at both ends is empty.
const SCENES_S: [u32; 3] = [3, 5, 8];
/// How often each comes.
const TIMES: usize = 4;
/// Quiet before the first visit, and between two, in seconds.
const QUIET_S: (u32, u32) = (10, 8);
/// Frames of a scene that are played to and fro while nobody is there.
const STILL: u32 = 8;
pub(crate) const SIZE: (u32, u32) = (640, 360);

/// How a camera encodes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Coding {
    pub(crate) codec: &'static str,
    pub(crate) group_s: u32,
    pub(crate) b_frames: u32,
}

impl Coding {
    pub(crate) const fn new(codec: &'static str, group_s: u32, b_frames: u32) -> Coding {
        Coding { codec, group_s, b_frames }
    }
}

/// Encodes a camera's clip: quiet, a visit, quiet, the next, at other places of a group each time;
/// `spec` is the camera's scene of so many seconds.
pub(crate) fn make(
    spec: &dyn Fn(u32) -> Result<SceneSpec>,
    coding: Coding,
    seed: u64,
    clip: &Path,
) -> Result<()> {
    let scenes: Vec<Vec<Vec<u8>>> =
        SCENES_S.into_iter().map(|s| drawn(&spec(s)?)).collect::<Result<_>>()?;
    let mut encoder = encode(coding, clip)?;
    let mut to = encoder.stdin.take().ok_or_else(|| Error::internal("ffmpeg has no input"))?;
    let mut chance = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let still: Vec<&Vec<u8>> = scenes.iter().take(1).flatten().take(STILL as usize).collect();
    let round = || still.iter().chain(still.iter().rev());
    let failed = |e| Error::io("write pictures to ffmpeg", e);
    let empty = round().cycle().take((QUIET_S.0 * RATE_HZ) as usize);
    empty.copied().try_for_each(|f| to.write_all(f)).map_err(failed)?;
    for scene in (0..TIMES).flat_map(|_| &scenes) {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        let phase = (chance >> 33) as u32 % (coding.group_s * RATE_HZ);
        let wait = (QUIET_S.1 * RATE_HZ + phase) as usize;
        let mut shown = scene.iter().chain(round().copied().cycle().take(wait));
        shown.try_for_each(|f| to.write_all(f)).map_err(failed)?;
    }
    drop(to);
    let done = encoder.wait_with_output().map_err(|e| Error::io("wait for ffmpeg", e))?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        return Err(Error::unavailable(format!("ffmpeg ended with {}: {said}", done.status)));
    }
    Ok(())
}

/// A scene's pictures, planes one after the other.
fn drawn(spec: &SceneSpec) -> Result<Vec<Vec<u8>>> {
    let mut renderer = Renderer::new(spec)?;
    let mut one = |number| {
        let picture = renderer.draw(number);
        let frame = picture.frame()?;
        let mut all = Vec::with_capacity((spec.width * spec.height * 3 / 2) as usize);
        for plane in [Some(frame.luma), frame.u, frame.v].iter().flatten() {
            (0..plane.height).for_each(|y| all.extend_from_slice(plane.row(y)));
        }
        Ok(all)
    };
    (0..spec.frames).map(&mut one).collect()
}

fn encode(coding: Coding, clip: &Path) -> Result<Child> {
    let Coding { codec, group_s, b_frames } = coding;
    let (size, group) = (format!("{}x{}", SIZE.0, SIZE.1), group_s * RATE_HZ);
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", &size]);
    command.args(["-r", &RATE_HZ.to_string(), "-i", "-", "-vf", "noise=alls=3:allf=t"]);
    let (library, options) = match codec {
        "h265" => (
            "libx265",
            format!(
                "-x265-params keyint={group}:min-keyint={group}:scenecut=0:bframes={b_frames}:open-gop=0:log-level=error -crf 28"
            ),
        ),
        _ => (
            "libx264",
            format!("-g {group} -keyint_min {group} -sc_threshold 0 -bf {b_frames} -crf 25"),
        ),
    };
    command.args(["-c:v", library, "-preset", "veryfast"]).args(options.split(' ')).arg(clip);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().map_err(|e| Error::io("run ffmpeg; on Debian: apt install ffmpeg", e))
}
