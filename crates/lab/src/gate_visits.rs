//! What a gate misses: many visits to drawn scenes, of several lengths, at every place of a
//! group, gated and ungated.
//!
//! Invariants: the same seed makes the same cameras with the same FFmpeg; the exact mode is the
//! measure, right or wrong.
//! Units: media time in microseconds, frames at [`RATE_HZ`].
//! Not here: what a gate costs (`gate`).

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use flumen_base::wire::GateMode;
use flumen_base::{Context, Error, Result};
use flumen_farm::{Renderer, SceneKind, SceneSpec};
use flumen_media::Interrupt;
use serde::Serialize;

use crate::gate_told::{Found, Pace, middle_and_most, seconds, told, word};
use crate::table;

/// Frames a second.
const RATE_HZ: u32 = 15;
/// Seconds of the scenes: in each, somebody comes and goes; a short one at both ends is empty.
const SCENES_S: [u32; 3] = [3, 5, 8];
/// How often each comes.
const TIMES: usize = 4;
/// Quiet before the first visit, and between two, in seconds.
const QUIET_S: (u32, u32) = (10, 8);
/// Frames of a scene that are played to and fro while nobody is there.
const STILL: u32 = 8;
const SIZE: (u32, u32) = (640, 360);

/// How a camera encodes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Coding {
    codec: &'static str,
    group_s: u32,
    b_frames: u32,
}

const CODINGS: [Coding; 8] = [
    Coding { codec: "h264", group_s: 1, b_frames: 0 },
    Coding { codec: "h264", group_s: 2, b_frames: 0 },
    Coding { codec: "h264", group_s: 4, b_frames: 0 },
    Coding { codec: "h264", group_s: 2, b_frames: 2 },
    Coding { codec: "h265", group_s: 2, b_frames: 0 },
    Coding { codec: "h265", group_s: 4, b_frames: 2 },
    Coding { codec: "h265", group_s: 1, b_frames: 0 },
    Coding { codec: "h264", group_s: 4, b_frames: 2 },
];

/// A camera that is visited.
#[derive(Clone, Debug, PartialEq)]
pub struct Visited {
    kind: SceneKind,
    seed: u64,
    /// `day`, `night`, `rain`; under a roof `flicker` instead.
    light: &'static str,
    coding: Coding,
}

/// What a mode told of the visits to some cameras.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Recall {
    /// Which cameras.
    pub cameras: String,
    /// `balanced`, `thrifty`.
    pub mode: String,
    /// Share of the pictures that were decoded.
    pub decoded: f64,
    /// Events of the exact mode longer than a group, and how many of them were told.
    pub long: (usize, usize),
    /// The same of shorter ones.
    pub short: (usize, usize),
    /// Events that the exact mode has not.
    pub more: usize,
    /// Begins beside those of the exact mode: median and most, microseconds.
    pub begin_off_us: (i64, i64),
    /// How much later begins are told: median and most, microseconds.
    pub delay_us: (i64, i64),
    #[serde(skip)]
    found: Found,
    #[serde(skip)]
    units: (u64, u64),
}

impl Visited {
    /// Camera `index` of a seed.
    fn drawn(seed: u64, index: usize) -> Visited {
        let kind = SceneKind::ALL.get(index % 4).copied().unwrap_or(SceneKind::Street);
        let third = if kind == SceneKind::Lobby { "flicker" } else { "rain" };
        let light = ["day", "night", third].get(index / 4 % 3).copied().unwrap_or("day");
        // So that each kind of scene meets each way of encoding.
        let at = (index + index / 4) % CODINGS.len();
        let [first, ..] = CODINGS;
        let coding = CODINGS.get(at).copied().unwrap_or(first);
        Visited { kind, seed: seed + index as u64, light, coding }
    }

    fn spec(&self, seconds: u32) -> Result<SceneSpec> {
        let option = match self.light {
            "night" => "&night=70",
            "rain" => "&weather=rain:50&wind=30",
            "flicker" => "&flicker=30",
            _ => "",
        };
        let (name, (width, height)) = (self.kind.name(), SIZE);
        let seed = self.seed;
        format!("synthetic:{name}?seed={seed}&size={width}x{height}&fps={RATE_HZ}&seconds={seconds}{option}")
            .parse()
    }

    fn pace(&self) -> Pace {
        let group_us = i64::from(self.coding.group_s) * 1_000_000;
        Pace { group_us, unit_us: 1_000_000 / i64::from(RATE_HZ) }
    }

    fn name(&self) -> String {
        let Coding { codec, group_s, b_frames } = self.coding;
        let (kind, seed, light) = (self.kind.name(), self.seed, self.light);
        format!("{kind} {seed} {light} {codec} {group_s} s, {b_frames} B")
    }

    /// True when the camera counts for a row of the table.
    fn is(&self, what: &str) -> bool {
        let group = format!("groups of {} s", self.coding.group_s);
        what == "all"
            || what == self.light
            || what == self.coding.codec
            || what == group
            || (what == "B frames" && self.coding.b_frames > 0)
    }
}

/// The rows of the table.
const ROWS: [&str; 11] = [
    "all",
    "groups of 1 s",
    "groups of 2 s",
    "groups of 4 s",
    "h264",
    "h265",
    "B frames",
    "day",
    "night",
    "rain",
    "flicker",
];

/// Visits to `cameras` cameras drawn from a seed, in each mode; `each` hears a camera's rows.
///
/// # Errors
/// `NotFound` without FFmpeg, errors of `dir`, those of a pass.
pub fn visits(
    dir: &Path,
    (cameras, seed): (usize, u64),
    stop: &Interrupt,
    each: &mut dyn FnMut(&Recall),
) -> Result<Vec<Recall>> {
    std::fs::create_dir_all(dir).context(format!("create {}", dir.display()))?;
    let modes = [GateMode::Balanced, GateMode::Thrifty];
    let blank = |(what, mode): (&str, GateMode)| Recall {
        cameras: what.to_owned(),
        mode: word(mode),
        ..Recall::default()
    };
    let all = modes.into_iter().flat_map(|mode| ROWS.map(|what| (what, mode)));
    let mut rows: Vec<Recall> = all.map(blank).collect();
    let clip = dir.join("visits.mp4");
    for camera in (0..cameras).map(|index| Visited::drawn(seed, index)) {
        make(&camera, &clip)?;
        let exact = told(&clip, GateMode::Exact, stop)?;
        for mode in modes {
            let gated = told(&clip, mode, stop)?;
            let found = gated.beside(&exact, camera.pace());
            let mut one = blank((&camera.name(), mode));
            one.add(&found, (gated.units, gated.decoded));
            each(&one);
            let counts = |r: &&mut Recall| r.mode == one.mode && camera.is(&r.cameras);
            for row in rows.iter_mut().filter(counts) {
                row.add(&found, (gated.units, gated.decoded));
            }
        }
    }
    rows.retain(|row| row.units.0 > 0);
    std::fs::remove_file(&clip).context(format!("remove {}", clip.display()))?;
    Ok(rows)
}

impl Recall {
    fn add(&mut self, found: &Found, (units, decoded): (u64, u64)) {
        self.found.add(found);
        self.units = (self.units.0 + units, self.units.1 + decoded);
        self.decoded = self.units.1 as f64 / self.units.0.max(1) as f64;
        (self.long, self.short, self.more) = (self.found.long, self.found.short, self.found.more);
        self.begin_off_us = middle_and_most(&self.found.begin_off_us);
        self.delay_us = middle_and_most(&self.found.delay_us);
    }
}

/// Encodes a camera's clip: quiet, a visit, quiet, the next, at other places of a group each time.
fn make(camera: &Visited, clip: &Path) -> Result<()> {
    let scenes: Vec<Vec<Vec<u8>>> =
        SCENES_S.into_iter().map(|s| drawn(&camera.spec(s)?)).collect::<Result<_>>()?;
    let mut encoder = encode(camera, clip)?;
    let mut to = encoder.stdin.take().ok_or_else(|| Error::internal("ffmpeg has no input"))?;
    let mut chance = camera.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let still: Vec<&Vec<u8>> = scenes.iter().take(1).flatten().take(STILL as usize).collect();
    let round = || still.iter().chain(still.iter().rev());
    let failed = |e| Error::io("write pictures to ffmpeg", e);
    let empty = round().cycle().take((QUIET_S.0 * RATE_HZ) as usize);
    empty.copied().try_for_each(|f| to.write_all(f)).map_err(failed)?;
    for scene in (0..TIMES).flat_map(|_| &scenes) {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        let phase = (chance >> 33) as u32 % (camera.coding.group_s * RATE_HZ);
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

fn encode(camera: &Visited, clip: &Path) -> Result<Child> {
    let Coding { codec, group_s, b_frames } = camera.coding;
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

/// The figures for people.
pub fn visits_table(rows: &[Recall]) -> String {
    let head =
        ["gate: visits", "mode", "decoded", "long", "short", "more", "begin off s", "delay s"];
    let mut lines = vec![head.map(String::from).to_vec()];
    let both = |(middle, most)| format!("{} most {}", seconds(middle), seconds(most));
    lines.extend(rows.iter().map(|r| {
        vec![
            r.cameras.clone(),
            r.mode.clone(),
            format!("{:.2}", r.decoded),
            format!("{}/{}", r.long.1, r.long.0),
            format!("{}/{}", r.short.1, r.short.0),
            r.more.to_string(),
            both(r.begin_off_us),
            both(r.delay_us),
        ]
    }));
    table::table(&lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cameras_meet_each_way_of_encoding() {
        let drawn: Vec<Visited> = (0..24).map(|i| Visited::drawn(7, i)).collect();
        for kind in SceneKind::ALL {
            let of: Vec<_> = drawn.iter().filter(|c| c.kind == kind).collect();
            assert!(
                of.iter().enumerate().all(|(i, a)| of[..i].iter().all(|b| a.coding != b.coding))
            );
            assert!(of.iter().all(|c| c.spec(3).is_ok()));
        }
        assert!(CODINGS.iter().all(|c| drawn.iter().any(|d| d.coding == *c)));
        assert_eq!(drawn[0], Visited::drawn(7, 0));
    }

    #[test]
    fn rows_add_up() {
        let mut row = Recall::default();
        let found = Found { long: (2, 1), delay_us: vec![5, 9], ..Found::default() };
        row.add(&found, (10, 2));
        row.add(&found, (10, 4));
        assert_eq!((row.long, row.decoded, row.delay_us), ((4, 2), 0.3, (9, 9)));
        assert!(visits_table(&[row]).contains("2/4"));
    }
}
