//! One clip as another program saw it: its masks and tracks from a folder.
//!
//! Layout: `masks/NNNNNN.png` (from 000001, size of the clip, above 127 = moving) and
//! `tracks.txt` (MOTChallenge columns), as `flumen analyze --masks` writes; `summary.json`
//! with `cpu_s` where it is known.
//! Invariants: a program without events is taken to raise one for motion while it has a box.

use std::path::Path;

use flumen_base::{Context, Result};

use super::ClipScore;
use super::cases::Case;
use super::found::Found;
use crate::png_read;
use crate::score::{Span, join, parse_tracks};

/// Boxes of one happening are at most this far apart.
const QUIET_S: f64 = 2.0;

/// Scores what lies in `dir` against the truth of a clip.
pub(super) fn score_other(case: &Case, dir: &Path) -> Result<ClipScore> {
    let path = dir.join("tracks.txt");
    let text = std::fs::read_to_string(&path).context(format!("read {}", path.display()))?;
    let mut found = Found { dots: parse_tracks(&text)?, ..Found::default() };
    let mut boxed = vec![false; case.truth.frames as usize + 1];
    for dot in &found.dots {
        boxed.get_mut(dot.frame as usize).into_iter().for_each(|b| *b = true);
    }
    let mut frames = 0;
    for (number, boxed) in (0u64..).zip(&boxed).skip(1) {
        let mask = dir.join(format!("masks/{number:06}.png"));
        if !mask.exists() {
            break;
        }
        let (width, height, samples) = png_read::grey(&mask)?;
        found.frame(case, number, (width, height), &samples, *boxed)?;
        frames = number;
    }
    let fps = case.truth.fps.unwrap_or(25.0).max(0.1);
    let at = |frame: usize| frame as f64 / fps;
    let seen = found.boxed.iter().enumerate().filter(|(_, boxed)| **boxed);
    let spans = seen.map(|(n, _)| Span::new("motion", at(n), at(n))).collect();
    found.events = join(spans, QUIET_S);
    let mut score = found.score(case, frames, fps)?;
    score.cpu_s = cpu_s(dir).unwrap_or(0.0);
    Ok(score)
}

fn cpu_s(dir: &Path) -> Option<f64> {
    let text = std::fs::read(dir.join("summary.json")).ok()?;
    serde_json::from_slice::<serde_json::Value>(&text).ok()?.get("cpu_s")?.as_f64()
}
