//! One clip through the analyzer.
//!
//! Units: seconds from the first frame for events.

use std::collections::BTreeMap;

use flumen_base::wire::{Event, FrameResult};
use flumen_base::{CameraId, Result};
use flumen_media::Interrupt;

use super::cases::Case;
use super::expect::with_rules;
use super::found::Found;
use super::{ClipScore, QualityOptions};
use crate::pass::{Item, PassOptions, pass};
use crate::score::{Dot, Span};

/// Analyses and scores one clip.
pub(super) fn score_case(
    case: &Case,
    options: &QualityOptions,
    stop: &Interrupt,
    progress: &mut dyn FnMut(&str, u64, u64),
) -> Result<ClipScore> {
    let run = PassOptions {
        camera: CameraId::new("file")?,
        settings: with_rules(&options.settings, &case.truth),
        masks: true,
    };
    let mut found = Found::default();
    let mut events: BTreeMap<Vec<u8>, Event> = BTreeMap::new();
    let mut times: Option<(i64, i64)> = None;
    let passed = pass(&case.video, &run, stop, &mut |item, units| {
        progress(&case.name, units, case.truth.frames);
        match item {
            Item::Frame(number, frame, mask) => {
                times = Some((times.map_or(frame.pts_us, |t| t.0), frame.pts_us));
                let size = (frame.width as usize, frame.height as usize);
                let boxed = !frame.boxes.is_empty();
                found.dots.extend(dots(number, &frame));
                found.frame(case, number, size, &mask.unwrap_or_default(), boxed)?;
            }
            Item::Event(event) => {
                events.insert(event.id.to_vec(), event);
            }
            _ => (),
        }
        Ok(())
    })?;
    let (first_us, last_us) = times.unwrap_or_default();
    found.events = events.values().map(|e| span(e, first_us, last_us)).collect();
    let rate = f64::from(passed.info.frame_rate_millihz) / 1000.0;
    let fps = case.truth.fps.unwrap_or(rate).max(0.1);
    let mut score = found.score(case, passed.decoded, fps)?;
    score.cpu_s = passed.cpu_s;
    score.problem = passed.broken.or(score.problem);
    Ok(score)
}

fn dots(number: u64, frame: &FrameResult) -> impl Iterator<Item = Dot> + '_ {
    frame.boxes.iter().map(move |b| Dot {
        frame: number,
        id: b.track,
        left: b.left.into(),
        top: b.top.into(),
        width: b.width.into(),
        height: b.height.into(),
        counts: true,
    })
}

/// An event as it ended, or as it stands at the end of the clip.
fn span(event: &Event, first_us: i64, last_us: i64) -> Span {
    let seconds = |pts_us: i64| (pts_us - first_us) as f64 / 1e6;
    let ended = event.end_pts_us >= event.begin_pts_us;
    Span {
        // The truth calls each kind of tampering by its own name.
        kind: if event.kind == "tamper" { event.detail.clone() } else { event.kind.clone() },
        zone: event.zone.clone(),
        begin_s: seconds(event.begin_pts_us),
        end_s: seconds(if ended { event.end_pts_us } else { last_us }),
    }
}
