//! What a gate saves: clips of known activity, gated and ungated, beside FFmpeg.
//!
//! Invariants: the first units of a clip count on neither side; the modes' figures are medians of rounds, reference, balanced, thrifty in turn;
//! the exact mode, which `bench` measures better, has one round.
//! Units: processor seconds; media time in microseconds.
//! Not here: when a gate opens (`analyzer`), what it misses (`gate_visits`).

use std::path::{Path, PathBuf};
use std::process::Command;

use flumen_base::wire::GateMode;
use flumen_base::{Context, Result};
use flumen_farm::SceneSpec;
use flumen_media::Interrupt;
use serde::Serialize;

use crate::bench::{median, reference};
use crate::gate_told::{Pace, START_UNITS, Told, middle_and_most, seconds, told, word};
use crate::{cpu, table};

/// Clips, by the share of the time in which somebody is there, in percent, as parts of one clip:
/// from and to which second. Somebody comes a second after `QUIET_S`.
const CLIPS: [(u32, [u32; 2]); 4] =
    [(100, [104, 116]), (50, [94, 116]), (1, [4, 106]), (10, [4, 116])];
/// What is encoded: quiet, in whose first seconds the encoder finds its rate, and the scene.
const QUIET_S: u32 = 104;
const BUSY_S: u32 = 12;
const PACE: Pace = Pace { group_us: 2_000_000, unit_us: 40_000 };

/// One clip in one mode.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Gated {
    /// Share of the time with activity, percent.
    pub activity: u32,
    /// `exact`, `balanced`, `thrifty`.
    pub mode: String,
    /// Access units of the clip.
    pub units: u64,
    /// Pictures that were decoded.
    pub decoded: u64,
    /// FFmpeg's decoding, one thread, of the units that count.
    pub decode_cpu_s: f64,
    /// Demuxing, decoding and analysis here, one thread.
    pub analyse_cpu_s: f64,
    /// Median of the rounds.
    pub ratio: f64,
    /// Least and most of the rounds.
    pub spread: (f64, f64),
    /// Cameras of 25 pictures a second that one core of this machine carries.
    pub cameras_a_core: f64,
    /// Events of the exact mode longer than a group, and how many of them were told.
    pub long: (usize, usize),
    /// The same of shorter ones.
    pub short: (usize, usize),
    /// Events that the exact mode has not.
    pub more: usize,
    /// Begin of an event beside that of the exact mode, largest, microseconds.
    pub begin_off_us: i64,
    /// When the begin is told after the exact mode does, in media time: median and most.
    pub delay_us: (i64, i64),
}

/// Makes the clips in `dir`, once, of a farm's scene of 14 s: parts of one
/// clip, cut at its groups. The shortest is first.
///
/// # Errors
/// `NotFound` without FFmpeg, errors of `dir`.
pub fn clips(
    spec: &SceneSpec,
    dir: &Path,
    progress: &mut dyn FnMut(u32, u32),
) -> Result<Vec<(u32, PathBuf)>> {
    std::fs::create_dir_all(dir).context(format!("create {}", dir.display()))?;
    if !dir.join("scene/events.json").exists() {
        flumen_farm::make(spec, &dir.join("scene"), progress)?;
    }
    if !dir.join("coded.mp4").exists() {
        code(dir)?;
    }
    let made = |(activity, span): (u32, [u32; 2])| {
        let clip = dir.join(format!("active-{activity}.mp4"));
        if !clip.exists() {
            cut(dir, span, &clip)?;
        }
        Ok((activity, clip))
    };
    CLIPS.into_iter().map(made).collect()
}

/// Encodes the scene's quiet first second, to and fro, and the scene: fresh noise on all, groups
/// of 2 s, 4 Mbit/s.
fn code(dir: &Path) -> Result<()> {
    let graph = format!(
        "[0:v]trim=end_frame=24,setpts=PTS-STARTPTS,split[a][b];[b]reverse[r];[a][r]concat=n=2,\
         loop=loop=-1:size=48:start=0,trim=duration={QUIET_S},setpts=N/25/TB[q];\
         [0:v]trim=duration={BUSY_S},setpts=PTS-STARTPTS[w];[q][w]concat=n=2,setpts=N/25/TB,\
         noise=alls=3:allf=t[v]"
    );
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-i"]).arg(dir.join("scene/video.mp4"));
    command.args(["-filter_complex", &graph, "-map", "[v]"]);
    command.args(["-c:v", "libx264", "-preset", "veryfast", "-b:v", "4M", "-r", "25"]);
    command.args(["-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-bf", "0"]);
    whole(&mut command, &dir.join("coded.mp4"))
}

/// Takes a part of what was encoded; it begins and ends with a group.
fn cut(dir: &Path, [from, to]: [u32; 2], clip: &Path) -> Result<()> {
    let list = format!("file 'coded.mp4'\ninpoint {from}\noutpoint {to}\n");
    let path = dir.join("part.txt");
    std::fs::write(&path, list).context(format!("write {}", path.display()))?;
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-f", "concat", "-i"]).arg(&path).args(["-c", "copy"]);
    whole(&mut command, clip)
}

/// Runs FFmpeg so that the file is there only when it is whole.
fn whole(command: &mut Command, clip: &Path) -> Result<()> {
    let part = clip.with_extension("part.mp4");
    cpu::run_s(command.arg(&part))?;
    std::fs::rename(&part, clip).context(format!("rename {}", part.display()))
}

/// Measures each clip in each mode; `each` hears a row as soon as it is known.
///
/// # Errors
/// Those of a pass and of FFmpeg.
pub fn gated(
    clips: &[(u32, PathBuf)],
    runs: u32,
    stop: &Interrupt,
    each: &mut dyn FnMut(&Gated),
) -> Result<Vec<Gated>> {
    let mut rows = Vec::new();
    for (activity, clip) in clips {
        let mut decode = vec![reference(clip)?];
        let exact = told(clip, GateMode::Exact, stop)?;
        let first = row((*activity, GateMode::Exact), &exact, &exact, (&decode, &[exact.cpu_s]));
        each(&first);
        rows.push(first);
        let modes = [GateMode::Balanced, GateMode::Thrifty];
        let mut gated = modes.map(|_| (Told::default(), Vec::new()));
        for round in 0..runs.max(1) {
            if round > 0 {
                decode.push(reference(clip)?);
            }
            for ((last, cpu_s), mode) in gated.iter_mut().zip(modes) {
                *last = told(clip, mode, stop)?;
                cpu_s.push(last.cpu_s);
            }
        }
        for ((last, cpu_s), mode) in gated.iter().zip(modes) {
            let row = row((*activity, mode), &exact, last, (&decode, cpu_s));
            each(&row);
            rows.push(row);
        }
    }
    Ok(rows)
}

/// A row from what a mode told, and the processor seconds of its rounds.
fn row(
    (activity, mode): (u32, GateMode),
    exact: &Told,
    told: &Told,
    (decode, analyse): (&[f64], &[f64]),
) -> Gated {
    let found = told.beside(exact, PACE);
    let counted = told.units.saturating_sub(START_UNITS);
    let share = counted as f64 / told.units.max(1) as f64;
    let decode: Vec<f64> = decode.iter().map(|s| s * share).collect();
    let ratios: Vec<f64> = analyse.iter().zip(&decode).map(|(a, d)| a / d.max(0.01)).collect();
    let analyse_cpu_s = median(analyse);
    Gated {
        activity,
        mode: word(mode),
        units: told.units,
        decoded: told.decoded,
        decode_cpu_s: median(&decode),
        analyse_cpu_s,
        ratio: median(&ratios),
        spread: ratios.iter().fold((f64::MAX, 0.0), |(l, h), r| (r.min(l), f64::max(h, *r))),
        cameras_a_core: counted as f64 / 25.0 / analyse_cpu_s.max(0.001),
        long: found.long,
        short: found.short,
        more: found.more,
        begin_off_us: middle_and_most(&found.begin_off_us).1,
        delay_us: middle_and_most(&found.delay_us),
    }
}

/// The figures for people.
pub fn gate_table(rows: &[Gated]) -> String {
    let head = [
        "gate: active %",
        "mode",
        "units",
        "decoded",
        "ratio",
        "spread",
        "cameras a core",
        "long",
        "short",
        "more",
        "begin off s",
        "delay s",
    ];
    let mut lines = vec![head.map(String::from).to_vec()];
    lines.extend(rows.iter().map(|r| {
        vec![
            r.activity.to_string(),
            r.mode.clone(),
            r.units.to_string(),
            r.decoded.to_string(),
            format!("{:.3}", r.ratio),
            format!("{:.3}-{:.3}", r.spread.0, r.spread.1),
            format!("{:.1}", r.cameras_a_core),
            format!("{}/{}", r.long.1, r.long.0),
            format!("{}/{}", r.short.1, r.short.0),
            r.more.to_string(),
            seconds(r.begin_off_us),
            format!("{} most {}", seconds(r.delay_us.0), seconds(r.delay_us.1)),
        ]
    }));
    table::table(&lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_medians_of_its_rounds() {
        let exact = Told { units: 300, decoded: 300, cpu_s: 2.0, ..Told::default() };
        let told = Told { units: 300, decoded: 30, ..Told::default() };
        // Of 300 units the first 150 do not count.
        let times = ([2.0, 4.0, 2.0], [0.25, 0.4, 0.21]);
        let row = row((10, GateMode::Balanced), &exact, &told, (&times.0, &times.1));
        assert_eq!((row.ratio, row.spread, row.analyse_cpu_s), (0.21, (0.2, 0.25), 0.25));
        assert_eq!((row.decoded, row.cameras_a_core), (30, 24.0));
        assert!(gate_table(&[row]).contains("balanced"));
    }
}
