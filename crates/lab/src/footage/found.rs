//! What an analysis found in a clip, gathered frame by frame, and its scores.
//!
//! Invariants: frames that the truth says are not to be scored count for nothing, in pixels,
//! presence and tracks.
//! Units: frames from 1 here, from 0 in the truth; seconds from the first frame for events.

use std::collections::BTreeMap;

use flumen_base::{Error, Result};

use super::ClipScore;
use super::cases::Case;
use super::expect::{Expected, USUAL};
use crate::png_read;
use crate::score::{
    Counts, Dot, PixelScorer, Span, inside, parse_tracks, score_presence, score_single,
    score_spans, score_tracks,
};

/// All that was found.
#[derive(Default)]
pub(super) struct Found {
    pub pixels: PixelScorer,
    pub moving: Vec<bool>,
    pub boxed: Vec<bool>,
    pub dots: Vec<Dot>,
    pub events: Vec<Span>,
}

impl Found {
    /// Adds the mask of frame `number` (255 = moving), row by row, and whether it has boxes.
    pub fn frame(
        &mut self,
        case: &Case,
        number: u64,
        size: (usize, usize),
        mask: &[u8],
        boxed: bool,
    ) -> Result<()> {
        self.moving.push(mask.iter().any(|m| *m > 127));
        self.boxed.push(boxed);
        let Some(folder) = &case.masks else { return Ok(()) };
        let path = folder.join(format!("gt{number:06}.png"));
        let (width, height, truth) = png_read::grey(&path)?;
        if (width, height) != size {
            return Err(Error::invalid(format!(
                "{} is {width}x{height}, the frame {}x{}",
                path.display(),
                size.0,
                size.1
            )));
        }
        self.pixels.add(&truth, mask);
        Ok(())
    }

    /// The scores of `decoded` frames at `fps`.
    pub fn score(self, case: &Case, decoded: u64, fps: f64) -> Result<ClipScore> {
        let truth = &case.truth;
        let presence = |found: &[bool]| {
            truth.intervals.as_ref().map(|spans| score_presence(found, spans, &truth.ignore))
        };
        let tracks = match &case.tracks {
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|e| Error::io(format!("read {}", path.display()), e))?;
                let scored = |dots: &[Dot]| -> Vec<Dot> {
                    let left_out = |d: &&Dot| !inside(&truth.ignore, d.frame.saturating_sub(1));
                    dots.iter().filter(left_out).copied().collect()
                };
                Some(score_tracks(&scored(&parse_tracks(&text)?), &scored(&self.dots)))
            }
            None => None,
        };
        let expected = Expected::of(truth, fps);
        let by_kind = self.by_kind(&expected);
        let scored = |s: &&Span| expected.kinds.contains(&s.kind.as_str());
        let told = self.events.iter().filter(scored).cloned().collect();
        let events = by_kind.values().copied().reduce(|a, b| a + b);
        let seconds = decoded as f64 / fps;
        let problem = (decoded != truth.frames)
            .then(|| format!("{decoded} frames, the truth has {}", truth.frames));
        Ok(ClipScore {
            name: case.name.clone(),
            frames: decoded,
            truth_frames: truth.frames,
            seconds,
            pixels: case.masks.is_some().then(|| self.pixels.score()),
            presence: presence(&self.moving),
            presence_boxes: presence(&self.boxed),
            tracks,
            events,
            events_by_kind: by_kind,
            expected: [expected.motion, expected.single].concat(),
            told,
            cpu_s: 0.0,
            problem,
        })
    }

    /// Motion against the intervals, the rest against single happenings.
    fn by_kind(&self, expected: &Expected) -> BTreeMap<String, Counts> {
        let of = |spans: &[Span], kind: &str| -> Vec<Span> {
            spans.iter().filter(|s| s.kind == kind).cloned().collect()
        };
        let mut scores = BTreeMap::new();
        for kind in &expected.kinds {
            let (found, allowed) = (of(&self.events, kind), of(&expected.allowed, kind));
            let counts = if *kind == "motion" {
                score_spans(&expected.motion, &found, &allowed, USUAL)
            } else {
                score_single(&of(&expected.single, kind), &found, &allowed, |kind| {
                    expected.tolerance(kind)
                })
            };
            // A kind that neither is there nor was told says nothing.
            if counts.tp + counts.fp + counts.r#fn > 0 || *kind == "motion" {
                scores.insert((*kind).to_owned(), counts);
            }
        }
        scores
    }
}
