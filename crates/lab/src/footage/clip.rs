//! One clip: analysed, its results gathered, scored against its truth.
//!
//! Units: seconds from the first frame for events.

use std::collections::BTreeMap;

use flumen_base::wire::{Event, FrameResult};
use flumen_base::{CameraId, Error, Result};
use flumen_media::Interrupt;

use super::cases::Case;
use super::{ClipScore, QualityOptions};
use crate::pass::{Item, PassOptions, Passed, pass};
use crate::png_read;
use crate::score::{
    Counts, Dot, PixelScorer, Span, join, parse_tracks, score_events, score_presence, score_tracks,
};

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

/// Analyses and scores one clip.
pub(super) fn score_case(
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
        // Somebody behind a tree for a moment is still the same happening.
        let mut spans = join(spans, BEFORE_S);
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
