//! Speed beside FFmpeg, and the report that holds all figures.
//!
//! Invariants: every figure is a ratio of two runs side by side, A B A B, and the median of
//! the pairs is told; a figure never fails anything.
//! Units: processor seconds.
//! Not here: the journal's bench (`crates/journal/examples/bench.rs`), latencies of the running
//! service (`cli` adds them through `Report::more`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use flumen_analyzer::Settings;
use flumen_base::{CameraId, Result};
use flumen_media::Interrupt;
use serde::Serialize;

use crate::footage::Scores;
use crate::pass::{PassOptions, pass};
use crate::profile::{StageCost, profile};
use crate::{cpu, table};

/// Analysis of one clip beside FFmpeg decoding it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Speed {
    /// The clip.
    pub clip: String,
    /// Frames analysed.
    pub frames: u64,
    /// Median of FFmpeg's decoding, whole process, one thread.
    pub decode_cpu_s: f64,
    /// Median of demuxing, decoding and analysis here, one thread.
    pub analyse_cpu_s: f64,
    /// Median of the pairs' ratios.
    pub ratio: f64,
    /// All pairs' ratios.
    pub ratios: Vec<f64>,
    /// Where the time goes, measured in a pass of its own.
    pub stages: Vec<StageCost>,
}

impl Speed {
    /// Least and greatest of the pairs' ratios.
    pub fn spread(&self) -> (f64, f64) {
        let least = self.ratios.iter().copied().fold(f64::MAX, f64::min);
        (least, self.ratios.iter().copied().fold(0.0, f64::max))
    }
}

/// Measures the analysis of each clip in `rounds` pairs; `progress` hears (pairs done, in all).
///
/// # Errors
/// `NotFound` without FFmpeg, errors of reading a clip, `Cancelled` by `stop`.
pub fn speed(
    clips: &[PathBuf],
    rounds: u32,
    stop: &Interrupt,
    progress: &mut dyn FnMut(u32, u32),
) -> Result<Vec<Speed>> {
    let all = rounds * clips.len() as u32;
    let mut done = 0;
    let mut out = Vec::new();
    for clip in clips {
        let (mut decode, mut analyse, mut frames) = (Vec::new(), Vec::new(), 0);
        for _ in 0..rounds {
            decode.push(reference(clip)?);
            let (cpu_s, decoded) = analysis(clip, stop)?;
            analyse.push(cpu_s);
            frames = decoded;
            done += 1;
            progress(done, all);
        }
        let ratios: Vec<f64> = analyse.iter().zip(&decode).map(|(a, d)| a / d.max(0.01)).collect();
        let stages = profile(clip, &options()?, stop)?;
        let clip = clip.file_name().unwrap_or(clip.as_os_str()).to_string_lossy().into_owned();
        out.push(Speed {
            clip,
            frames,
            decode_cpu_s: median(&decode),
            analyse_cpu_s: median(&analyse),
            ratio: median(&ratios),
            ratios,
            stages,
        });
    }
    Ok(out)
}

/// Processor seconds in which FFmpeg decodes a clip with one thread.
///
/// # Errors
/// `NotFound` without FFmpeg, `Unavailable` when it fails.
pub fn reference(clip: &Path) -> Result<f64> {
    let mut command = Command::new("ffmpeg");
    command
        .args(["-v", "error", "-threads", "1", "-i"])
        .arg(clip)
        .args(["-map", "0:v", "-an", "-f", "null", "-"]);
    cpu::run_s(&mut command)
}

/// Processor seconds in which the analyzer takes a clip, and the frames decoded.
///
/// # Errors
/// As `pass`.
pub fn analysis(clip: &Path, stop: &Interrupt) -> Result<(f64, u64)> {
    let passed = pass(clip, &options()?, stop, &mut |_, _| Ok(()))?;
    Ok((passed.cpu_s, passed.decoded))
}

fn options() -> Result<PassOptions> {
    let camera = CameraId::new("bench")?;
    Ok(PassOptions { camera, settings: Settings::default(), masks: false })
}

/// The middle of some numbers; 0 of none.
pub fn median(of: &[f64]) -> f64 {
    let mut sorted = of.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (low, high) =
        (sorted.get(sorted.len().saturating_sub(1) / 2), sorted.get(sorted.len() / 2));
    low.zip(high).map_or(0.0, |(a, b)| (a + b) / 2.0)
}

/// All figures of one bench.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The version measured.
    pub version: String,
    /// `release` or `debug`: only the first means anything.
    pub profile: String,
    /// The processor's name.
    pub processor: String,
    /// Cores that may be used.
    pub cores: usize,
    /// Analysis beside decoding.
    pub speed: Vec<Speed>,
    /// Scores on footage with truth.
    pub quality: Option<Scores>,
    /// Gated analysis, by activity.
    pub gate: Vec<crate::gate::Gated>,
    /// What gated analysis tells of many visits.
    pub visits: Vec<crate::gate_visits::Recall>,
    /// What other rooms measured, by name.
    pub more: BTreeMap<String, serde_json::Value>,
}

impl Report {
    /// A report about this machine and build.
    pub fn new(version: &str) -> Report {
        let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
        let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let name =
            info.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown");
        Report {
            version: version.into(),
            profile: profile.into(),
            processor: name.trim_start_matches([' ', '\t', ':']).into(),
            cores: std::thread::available_parallelism().map_or(1, |n| n.get()),
            ..Report::default()
        }
    }

    /// The figures for people.
    pub fn table(&self) -> String {
        let mut text = format!(
            "flumen {} ({}), {} x {}\n\n",
            self.version, self.profile, self.cores, self.processor
        );
        if !self.speed.is_empty() {
            text += &table::table(&self.ratios());
            text += "\n";
            text += &table::table(&self.stages());
            text += "\n";
        }
        if let Some(scores) = &self.quality {
            text += &scores.table();
            text += "\n";
        }
        if !self.gate.is_empty() {
            text += &crate::gate::gate_table(&self.gate);
            text += "\n";
        }
        if !self.visits.is_empty() {
            text += &crate::gate_visits::visits_table(&self.visits);
            text += "\n";
        }
        for (name, value) in &self.more {
            text += &format!("{name}: {value}\n");
        }
        text
    }

    /// Analysis beside FFmpeg, one row a clip.
    fn ratios(&self) -> Vec<Vec<String>> {
        let head = [
            "full analysis beside reference decode (CPU)",
            "frames",
            "decode s",
            "analysis s",
            "ratio: least",
            "median",
            "most",
        ];
        let row = |s: &Speed| {
            let (least, most) = s.spread();
            let figures = [s.decode_cpu_s, s.analyse_cpu_s, least, s.ratio, most];
            let figures = figures.iter().map(|v| format!("{v:.2}"));
            [s.clip.clone(), s.frames.to_string()].into_iter().chain(figures).collect()
        };
        std::iter::once(head.map(String::from).to_vec()).chain(self.speed.iter().map(row)).collect()
    }

    /// What each stage costs, one column a clip.
    fn stages(&self) -> Vec<Vec<String>> {
        let mut rows = vec![vec!["stage: mean us a frame, share of decoding".to_owned()]];
        let first = self.speed.first().map_or(&[][..], |s| &s.stages);
        rows.extend(first.iter().map(|cost| vec![cost.stage.clone()]));
        for speed in &self.speed {
            let costs = speed
                .stages
                .iter()
                .map(|c| format!("{:.0}  {:.1} %", c.mean_us, c.of_decode * 100.0));
            let column = std::iter::once(speed.clip.clone()).chain(costs);
            for (row, cell) in rows.iter_mut().zip(column) {
                row.push(cell);
            }
        }
        rows
    }

    /// Writes `report.json` and `report.txt` into `dir`.
    ///
    /// # Errors
    /// I/O errors of `dir`.
    pub fn write(&self, dir: &Path) -> Result<()> {
        table::write_report(dir, self, &self.table())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle() {
        assert_eq!(
            (median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0, 2.0, 3.0]), median(&[])),
            (2.0, 2.5, 0.0)
        );
    }

    #[test]
    fn a_report_is_written_for_people_and_programs() {
        let dir = tempfile::tempdir().unwrap();
        let mut report = Report::new("0.1.0");
        report.speed.push(Speed {
            clip: "a.mp4".into(),
            ratio: 1.2,
            ratios: vec![1.1, 1.3],
            ..Speed::default()
        });
        report.more.insert("journal_to_dd".into(), serde_json::json!(0.8));
        report.write(dir.path()).unwrap();
        let read: serde_json::Value =
            serde_json::from_slice(&std::fs::read(dir.path().join("report.json")).unwrap())
                .unwrap();
        assert_eq!(read["speed"][0]["ratio"], 1.2);
        let text = std::fs::read_to_string(dir.path().join("report.txt")).unwrap();
        let figures = ["1.10", "1.20", "1.30", "journal_to_dd: 0.8"];
        assert!(figures.iter().all(|f| text.contains(f)), "{text}");
    }
}
