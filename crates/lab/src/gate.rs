//! What a gate saves and what it misses: clips of known activity, gated and ungated, beside
//! FFmpeg.
//!
//! Invariants: every figure of time is the median of pairs, A B A B; events count as the same
//! when kind and zone are equal and their spans overlap; each is found once.
//! Units: processor seconds; media time in microseconds.
//! Not here: when a gate opens (`analyzer`), other speed (`bench`).

use std::path::{Path, PathBuf};
use std::process::Command;

use flumen_analyzer::Settings;
use flumen_base::wire::{Event, GateMode, Phase, Policy};
use flumen_base::{CameraId, Context, Result};
use flumen_farm::SceneSpec;
use flumen_media::Interrupt;
use serde::Serialize;

use crate::bench::{median, reference};
use crate::pass::{Item, PassOptions, pass};
use crate::{cpu, table};

/// Shares of the time in which somebody is there, in percent.
pub const ACTIVITIES: [u32; 4] = [1, 10, 50, 100];

/// One clip in one mode.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Gated {
    /// Share of the time with activity, percent.
    pub activity: u32,
    /// `exact`, `balanced`, `thrifty`.
    pub mode: String,
    /// Units, and pictures decoded.
    pub units: u64,
    /// Pictures that were decoded.
    pub decoded: u64,
    /// FFmpeg's decoding, and demuxing, decoding and analysis here; one thread.
    pub decode_cpu_s: f64,
    /// The same here.
    pub analyse_cpu_s: f64,
    /// Median of the pairs.
    pub ratio: f64,
    /// Least and most of the pairs.
    pub spread: (f64, f64),
    /// Cameras of 25 pictures a second that one core of this machine carries.
    pub cameras_a_core: f64,
    /// Events of the exact mode longer than a group, and how many of them were told.
    pub long: (usize, usize),
    /// The same of shorter ones.
    pub short: (usize, usize),
    /// Events that the exact mode has not.
    pub more: usize,
    /// Begin of an event after that of the exact mode, largest, microseconds.
    pub begin_off_us: i64,
    /// When the begin is told after the exact mode does, in media time: median and most.
    pub delay_us: (i64, i64),
}

/// What a pass told.
#[derive(Default)]
struct Told {
    events: Vec<Span>,
    units: u64,
    decoded: u64,
    cpu_s: f64,
}

/// An event, and how far the stream was when its begin was told.
#[derive(Clone, Debug, PartialEq)]
struct Span {
    id: Vec<u8>,
    kind: String,
    begin_us: i64,
    end_us: i64,
    told_unit: u64,
}

/// Makes the clips in `dir`, once, of a farm's scene: its quiet repeated, then all of it.
///
/// # Errors
/// `NotFound` without FFmpeg, errors of `dir`.
pub fn clips(
    spec: &SceneSpec,
    dir: &Path,
    activities: &[u32],
    progress: &mut dyn FnMut(u32, u32),
) -> Result<Vec<(u32, PathBuf)>> {
    std::fs::create_dir_all(dir).context(format!("create {}", dir.display()))?;
    let scene = dir.join("scene/video.mp4");
    if !scene.exists() {
        flumen_farm::make(spec, &dir.join("scene"), progress)?;
    }
    let made = |&activity: &u32| {
        let clip = dir.join(format!("activity-{activity}.mp4"));
        if !clip.exists() {
            join(&scene, activity, &clip)?;
        }
        Ok((activity, clip))
    };
    activities.iter().map(made).collect()
}

/// Joins a busy scene and its quiet first second, played to and fro with fresh noise, to a clip
/// with GOPs of 2 s in which the scene has `activity` percent of the time.
fn join(scene: &Path, activity: u32, clip: &Path) -> Result<()> {
    let busy_s = if activity < 5 { 3.0 } else { 12.0 };
    let quiet_s = busy_s * f64::from(100 - activity) / f64::from(activity);
    let rounds = (quiet_s / 1.92).ceil();
    let graph = format!(
        "[0:v]trim=end_frame=24,setpts=PTS-STARTPTS,split[a][b];[b]reverse[r];[a][r]concat=n=2,\
         loop=loop={rounds}:size=48:start=0,trim=duration={quiet_s},setpts=N/25/TB[q];\
         [0:v]trim=duration={busy_s},setpts=PTS-STARTPTS[w];[q][w]concat=n=2,setpts=N/25/TB,\
         noise=alls=3:allf=t[v]"
    );
    let filter = if activity == 100 { "[0:v]noise=alls=3:allf=t[v]".into() } else { graph };
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-i"]).arg(scene).args(["-filter_complex", &filter]);
    let coded = ["-map", "[v]", "-c:v", "libx264", "-preset", "veryfast", "-b:v", "4M"];
    let group = ["-g", "50", "-keyint_min", "50", "-sc_threshold", "0", "-bf", "0", "-r", "25"];
    command.args(coded).args(group).arg(clip);
    cpu::run_s(&mut command).map(|_| ())
}

/// Measures each clip in each mode.
///
/// # Errors
/// Those of a pass and of FFmpeg.
pub fn gated(clips: &[(u32, PathBuf)], runs: u32, stop: &Interrupt) -> Result<Vec<Gated>> {
    let mut rows = Vec::new();
    for (activity, clip) in clips {
        let exact = told(clip, GateMode::Exact, stop)?;
        for mode in [GateMode::Exact, GateMode::Balanced, GateMode::Thrifty] {
            let mut row = Gated { activity: *activity, mode: word(mode), ..Gated::default() };
            let (mut decode, mut analyse) = (Vec::new(), Vec::new());
            for _ in 0..runs.max(1) {
                decode.push(reference(clip)?);
                let told = told(clip, mode, stop)?;
                analyse.push(told.cpu_s);
                row.hold_against(&exact, &told);
            }
            let ratios: Vec<f64> =
                analyse.iter().zip(&decode).map(|(a, d)| a / d.max(0.01)).collect();
            row.spread =
                ratios.iter().fold((f64::MAX, 0.0), |(l, h), r| (r.min(l), f64::max(h, *r)));
            row.ratio = median(&ratios);
            (row.decode_cpu_s, row.analyse_cpu_s) = (median(&decode), median(&analyse));
            row.cameras_a_core = row.units as f64 / 25.0 / row.analyse_cpu_s.max(0.001);
            rows.push(row);
        }
    }
    Ok(rows)
}

fn told(clip: &Path, mode: GateMode, stop: &Interrupt) -> Result<Told> {
    let policy = Policy { gate: mode.into(), ..Policy::default() };
    let settings = Settings { policy, ..Settings::default() };
    let options = PassOptions { camera: CameraId::new("bench")?, settings, masks: false };
    let mut told = Told::default();
    let passed = pass(clip, &options, stop, &mut |item, units| {
        if let Item::Event(event) = item {
            told.take(event, units);
        }
        Ok(())
    })?;
    (told.units, told.decoded, told.cpu_s) = (passed.units, passed.decoded, passed.cpu_s);
    Ok(told)
}

impl Told {
    fn take(&mut self, e: Event, units: u64) {
        match e.phase() {
            Phase::Begin => self.events.push(Span {
                id: e.id.to_vec(),
                kind: format!("{} {}", e.kind, e.zone),
                begin_us: e.begin_pts_us,
                end_us: e.end_pts_us,
                told_unit: units,
            }),
            _ => {
                let open = self.events.iter_mut().find(|s| s.id == e.id);
                open.into_iter().for_each(|s| s.end_us = e.end_pts_us);
            }
        }
    }
}

impl Gated {
    /// Compares with what the exact mode told.
    fn hold_against(&mut self, exact: &Told, told: &Told) {
        (self.units, self.decoded) = (told.units, told.decoded);
        (self.long, self.short) = ((0, 0), (0, 0));
        let mut left = told.events.clone();
        let mut delays = Vec::new();
        for want in &exact.events {
            let same = |s: &Span| {
                s.kind == want.kind && s.begin_us <= want.end_us && want.begin_us <= s.end_us
            };
            let at = left.iter().position(same);
            let is_long = want.end_us - want.begin_us > GROUP_US;
            let count = if is_long { &mut self.long } else { &mut self.short };
            count.0 += 1;
            let Some(at) = at else { continue };
            count.1 += 1;
            let found = left.remove(at);
            self.begin_off_us = self.begin_off_us.max((found.begin_us - want.begin_us).abs());
            delays.push((found.told_unit as i64 - want.told_unit as i64) * 40_000);
        }
        self.more = left.len();
        delays.sort_unstable();
        let middle = delays.get(delays.len() / 2).copied().unwrap_or(0);
        self.delay_us = (middle, delays.last().copied().unwrap_or(0));
    }
}

/// Length of the clips' groups.
const GROUP_US: i64 = 2_000_000;

fn word(mode: GateMode) -> String {
    let name = match mode {
        GateMode::Exact => "exact",
        GateMode::Balanced => "balanced",
        GateMode::Thrifty => "thrifty",
    };
    name.to_owned()
}

/// The figures for people.
pub fn gate_table(rows: &[Gated]) -> String {
    let head = [
        "active %",
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
        let s = |us: i64| format!("{:.2}", us as f64 / 1e6);
        vec![
            r.activity.to_string(),
            r.mode.clone(),
            r.units.to_string(),
            r.decoded.to_string(),
            format!("{:.3}", r.ratio),
            format!("{:.2}-{:.2}", r.spread.0, r.spread.1),
            format!("{:.1}", r.cameras_a_core),
            format!("{}/{}", r.long.1, r.long.0),
            format!("{}/{}", r.short.1, r.short.0),
            r.more.to_string(),
            s(r.begin_off_us),
            format!("{} most {}", s(r.delay_us.0), s(r.delay_us.1)),
        ]
    }));
    table::table(&lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_matched_by_kind_and_overlap_once() {
        let span = |kind: &str, begin_us, end_us, told_unit| Span {
            id: vec![],
            kind: kind.into(),
            begin_us,
            end_us,
            told_unit,
        };
        let exact = Told {
            events: vec![
                span("motion ", 0, 3_000_000, 5),
                span("motion ", 9_000_000, 9_500_000, 230),
            ],
            ..Told::default()
        };
        let told = Told {
            events: vec![
                span("motion ", 40_000, 3_000_000, 50),
                span("tamper ", 9_000_000, 9_100_000, 1),
            ],
            ..Told::default()
        };
        let mut row = Gated::default();
        row.hold_against(&exact, &told);
        assert_eq!((row.long, row.short, row.more), ((1, 1), (1, 0), 1));
        assert_eq!((row.begin_off_us, row.delay_us), (40_000, (1_800_000, 1_800_000)));
        assert!(gate_table(&[row]).contains("1/1"));
    }
}
