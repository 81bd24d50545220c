//! A folder of footage with truth, analysed and scored.
//!
//! Layout understood: a folder with `video.mp4` and `events.json` (and `groundtruth/`,
//! `tracks.txt`), as `flumen farm make` writes; a folder of such folders; a folder with
//! `truth/` (such folders, and `*.json` that name a clip) and `odd/oracle.tsv` (for each odd
//! stream the pictures that FFmpeg decodes).
//! Invariants: one setting for all clips; a clip that cannot be scored says why and does not
//! stop the others.
//! Units: frame numbers in JSON from 0, in mask names and tracks from 1.

mod cases;
mod clip;
mod expect;
mod found;
mod odd;
mod other;

use std::collections::BTreeMap;
use std::path::Path;

use flumen_analyzer::Settings;
use flumen_base::{Error, Kind, Result};
use flumen_media::Interrupt;
use serde::Serialize;

use crate::score::{Counts, Span, TrackScore};
use crate::table;
pub use odd::OddScore;

/// How footage is scored.
#[derive(Clone, Debug, Default)]
pub struct QualityOptions {
    /// Settings of the analyzer, the same for all clips.
    pub settings: Settings,
    /// Leave out the odd streams.
    pub skip_odd: bool,
}

/// The scores of one clip.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ClipScore {
    /// The clip's name.
    pub name: String,
    /// Frames decoded.
    pub frames: u64,
    /// Frames that the truth has.
    pub truth_frames: u64,
    /// Length of the clip.
    pub seconds: f64,
    /// Moving pixels.
    pub pixels: Option<Counts>,
    /// "Something is there" by frame, from the mask.
    pub presence: Option<Counts>,
    /// The same from the boxes.
    pub presence_boxes: Option<Counts>,
    /// Tracks.
    pub tracks: Option<TrackScore>,
    /// Events of all kinds that the truth knows.
    pub events: Option<Counts>,
    /// The same by kind.
    pub events_by_kind: BTreeMap<String, Counts>,
    /// What should be told, for a look at what is missing.
    pub expected: Vec<Span>,
    /// What was told, of the kinds that are scored.
    pub told: Vec<Span>,
    /// Processor seconds of demuxing, decoding and analysis.
    pub cpu_s: f64,
    /// Why it could not be scored, or not whole.
    pub problem: Option<String>,
}

/// The scores of a folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Clips with truth.
    pub clips: Vec<ClipScore>,
    /// Odd streams against FFmpeg.
    pub odd: Vec<OddScore>,
}

impl Scores {
    /// Both tables, for people.
    pub fn table(&self) -> String {
        let head = [
            "clip", "frames", "pixel F1", "P", "R", "presence", "boxes", "IDF1", "MOTA",
            "switches", "events P", "R", "",
        ];
        let mut rows = vec![head.map(String::from).to_vec()];
        for c in &self.clips {
            let f = |x: Option<f64>| x.map_or("-".into(), |x| format!("{x:.3}"));
            rows.push(vec![
                c.name.clone(),
                c.frames.to_string(),
                f(c.pixels.map(|s| s.f1)),
                f(c.pixels.map(|s| s.precision)),
                f(c.pixels.map(|s| s.recall)),
                f(c.presence.map(|s| s.f1)),
                f(c.presence_boxes.map(|s| s.f1)),
                f(c.tracks.map(|s| s.idf1)),
                f(c.tracks.map(|s| s.mota)),
                c.tracks.map_or("-".into(), |s| s.switches.to_string()),
                f(c.events.map(|s| s.precision)),
                f(c.events.map(|s| s.recall)),
                c.problem.clone().unwrap_or_default(),
            ]);
        }
        let mut text = table::table(&rows);
        if !self.odd.is_empty() {
            let mut rows =
                vec![["odd stream", "FFmpeg", "decoded", "", ""].map(String::from).to_vec()];
            for o in &self.odd {
                let verdict = if o.agrees { "same" } else { "DIFFERS" };
                rows.push(vec![
                    o.file.clone(),
                    o.expected.to_string(),
                    o.decoded.to_string(),
                    verdict.into(),
                    o.detail.clone(),
                ]);
            }
            text += "\n";
            text += &table::table(&rows);
        }
        text
    }
}

/// Analyses and scores all footage in `dir`; `progress` hears (clip, frames done, frames in all).
///
/// # Errors
/// `NotFound` when `dir` holds no footage with truth, `Cancelled` by `stop`.
pub fn quality(
    dir: &Path,
    options: &QualityOptions,
    stop: &Interrupt,
    progress: &mut dyn FnMut(&str, u64, u64),
) -> Result<Scores> {
    let cases = cases::find(dir)?;
    let mut scores = Scores::default();
    for case in &cases {
        let score = match clip::score_case(case, options, stop, progress) {
            Ok(score) => score,
            Err(e) if e.kind() == Kind::Cancelled => return Err(e),
            Err(e) => ClipScore {
                name: case.name.clone(),
                problem: Some(e.to_string()),
                ..ClipScore::default()
            },
        };
        scores.clips.push(score);
    }
    if !options.skip_odd {
        scores.odd = odd::score(dir, &options.settings, stop)?;
    }
    if scores.clips.is_empty() && scores.odd.is_empty() {
        return Err(Error::not_found(format!(
            "{} holds no footage with truth: video.mp4 with events.json, truth/ or odd/oracle.tsv",
            dir.display()
        )));
    }
    Ok(scores)
}

/// Scores what another program found: for each clip of `dir` the folder of its name in `results`.
///
/// # Errors
/// `NotFound` when none of the clips has results.
pub fn quality_of(dir: &Path, results: &Path) -> Result<Scores> {
    let mut scores = Scores::default();
    for case in cases::find(dir)? {
        let folder = results.join(&case.name);
        if !folder.is_dir() {
            continue;
        }
        scores.clips.push(other::score_other(&case, &folder).unwrap_or_else(|e| ClipScore {
            name: case.name.clone(),
            problem: Some(e.to_string()),
            ..ClipScore::default()
        }));
    }
    if scores.clips.is_empty() {
        return Err(Error::not_found(format!(
            "{} holds no results for the clips of {}",
            results.display(),
            dir.display()
        )));
    }
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_farm_scene_scores_well_and_a_damaged_truth_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let spec = "synthetic:yard?seed=5&size=320x180&fps=10&seconds=15".parse().unwrap();
        flumen_farm::make(&spec, &dir.path().join("yard"), &mut |_, _| ()).unwrap();
        std::fs::create_dir(dir.path().join("bad")).unwrap();
        std::fs::write(dir.path().join("bad/events.json"), "{").unwrap();
        std::fs::write(dir.path().join("bad/video.mp4"), "no video").unwrap();
        let scores =
            quality(dir.path(), &QualityOptions::default(), &Interrupt::new(), &mut |_, _, _| ());
        assert!(scores.unwrap_err().to_string().contains("bad/events.json"));
        std::fs::write(dir.path().join("bad/events.json"), r#"{"frames": 3}"#).unwrap();
        let scores =
            quality(dir.path(), &QualityOptions::default(), &Interrupt::new(), &mut |_, _, _| ())
                .unwrap();
        assert_eq!(scores.clips.len(), 2);
        assert!(scores.clips[0].problem.is_some());
        let yard = &scores.clips[1];
        assert_eq!((yard.frames, yard.problem.as_deref()), (150, None));
        assert!(yard.pixels.unwrap().f1 > 0.5, "{yard:?}");
        assert!(
            yard.presence.unwrap().recall > 0.8 && yard.tracks.is_some() && yard.events.is_some()
        );
        assert!(scores.table().contains("yard"));
    }

    #[test]
    fn an_empty_folder_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let none =
            quality(dir.path(), &QualityOptions::default(), &Interrupt::new(), &mut |_, _, _| ());
        assert_eq!(none.unwrap_err().kind(), Kind::NotFound);
    }
}
