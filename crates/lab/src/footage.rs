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
mod odd;

use std::collections::BTreeMap;
use std::path::Path;

use flumen_analyzer::Settings;
use flumen_base::wire::{Event, FrameResult};
use flumen_base::{CameraId, Error, Kind, Result};
use flumen_media::Interrupt;
use serde::Serialize;

use crate::pass::{Item, PassOptions, Passed, pass};
use crate::score::{
    Counts, Dot, PixelScorer, Span, TrackScore, parse_tracks, score_events, score_presence,
    score_tracks,
};
use crate::{png_read, table};
use cases::Case;
pub use odd::OddScore;

/// An event may begin this much before the truth says.
const BEFORE_S: f64 = 1.0;
/// And this much after.
const LATE_S: f64 = 2.0;
/// The kinds of tampering, as the truth spells them.
const TAMPER: [&str; 8] = [
    "scene-cut",
    "light-off",
    "defocus",
    "signal-lost",
    "noise-burst",
    "camera-moved",
    "freeze",
    "covered",
];

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
    /// Moving pixels.
    pub pixels: Option<Counts>,
    /// "Something is there" by frame, from the mask.
    pub presence: Option<Counts>,
    /// The same from the boxes.
    pub presence_boxes: Option<Counts>,
    /// Tracks.
    pub tracks: Option<TrackScore>,
    /// Events.
    pub events: Option<Counts>,
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
        let score = match score_case(case, options, stop, progress) {
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

/// What is gathered while a clip is analysed.
#[derive(Default)]
struct Found {
    pixels: PixelScorer,
    moving: Vec<bool>,
    boxed: Vec<bool>,
    dots: Vec<Dot>,
    events: BTreeMap<Vec<u8>, Event>,
    first_pts_us: Option<i64>,
    last_pts_us: i64,
}

fn score_case(
    case: &Case,
    options: &QualityOptions,
    stop: &Interrupt,
    progress: &mut dyn FnMut(&str, u64, u64),
) -> Result<ClipScore> {
    let run = PassOptions {
        camera: CameraId::new("file")?,
        settings: options.settings.clone(),
        masks: true,
    };
    let mut found = Found::default();
    let passed = pass(&case.video, &run, stop, &mut |item, units| {
        progress(&case.name, units, case.truth.frames);
        match item {
            Item::Frame(number, frame, mask) => {
                found.frame(case, number, &frame, &mask.unwrap_or_default())?
            }
            Item::Event(event) => {
                found.events.insert(event.id.to_vec(), event);
            }
            _ => (),
        }
        Ok(())
    })?;
    found.score(case, &passed)
}

impl Found {
    fn frame(&mut self, case: &Case, number: u64, frame: &FrameResult, mask: &[u8]) -> Result<()> {
        self.first_pts_us.get_or_insert(frame.pts_us);
        self.last_pts_us = frame.pts_us;
        self.moving.push(mask.contains(&255));
        self.boxed.push(!frame.boxes.is_empty());
        self.dots.extend(frame.boxes.iter().map(|b| Dot {
            frame: number,
            id: b.track,
            left: b.left.into(),
            top: b.top.into(),
            width: b.width.into(),
            height: b.height.into(),
        }));
        let Some(folder) = &case.masks else { return Ok(()) };
        let path = folder.join(format!("gt{number:06}.png"));
        let (width, height, truth) = png_read::grey(&path)?;
        if (width, height) != (frame.width as usize, frame.height as usize) {
            return Err(Error::invalid(format!(
                "{} is {width}x{height}, the frame {}x{}",
                path.display(),
                frame.width,
                frame.height
            )));
        }
        self.pixels.add(&truth, mask);
        Ok(())
    }

    fn score(self, case: &Case, passed: &Passed) -> Result<ClipScore> {
        let truth = &case.truth;
        let presence = |found: &[bool]| {
            truth.intervals.as_ref().map(|spans| score_presence(found, spans, &truth.ignore))
        };
        let tracks = match &case.tracks {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|e| Error::io(format!("read {}", path.display()), e))?;
                Some(score_tracks(&parse_tracks(&text)?, &self.dots))
            }
            None => None,
        };
        let fps = truth.fps.unwrap_or(f64::from(passed.info.frame_rate_millihz) / 1000.0).max(0.1);
        let mut problem = passed.broken.clone();
        if passed.decoded != truth.frames && problem.is_none() {
            problem =
                Some(format!("{} frames decoded, the truth has {}", passed.decoded, truth.frames));
        }
        Ok(ClipScore {
            name: case.name.clone(),
            frames: passed.decoded,
            truth_frames: truth.frames,
            pixels: case.masks.is_some().then(|| self.pixels.score()),
            presence: presence(&self.moving),
            presence_boxes: presence(&self.boxed),
            tracks,
            events: self.events(case, fps),
            cpu_s: passed.cpu_s,
            problem,
        })
    }

    /// Motion against the intervals, tampering against the labelled events.
    fn events(&self, case: &Case, fps: f64) -> Option<Counts> {
        let truth = &case.truth;
        let at = |frame: u64| frame as f64 / fps;
        let mut spans: Vec<Span> = Vec::new();
        for [first, last] in truth.intervals.iter().flatten() {
            spans.push(Span { kind: "motion".into(), begin_s: at(*first), end_s: at(*last) });
        }
        let tampered = truth.events.iter().filter(|e| TAMPER.contains(&e.kind.as_str()));
        spans.extend(tampered.map(|e| Span {
            kind: e.kind.clone(),
            begin_s: at(e.first),
            end_s: at(e.last),
        }));
        let scored =
            |kind: &str| TAMPER.contains(&kind) || kind == "motion" && truth.intervals.is_some();
        let seconds = |pts_us: i64| (pts_us - self.first_pts_us.unwrap_or(0)) as f64 / 1e6;
        let found: Vec<Span> = self
            .events
            .values()
            .filter(|e| scored(&e.kind))
            .map(|e| {
                let end =
                    if e.end_pts_us >= e.begin_pts_us { e.end_pts_us } else { self.last_pts_us };
                Span { kind: e.kind.clone(), begin_s: seconds(e.begin_pts_us), end_s: seconds(end) }
            })
            .collect();
        (!spans.is_empty()).then(|| score_events(&spans, &found, BEFORE_S, LATE_S))
    }
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
