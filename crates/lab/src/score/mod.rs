//! Results held against truth: pixels, presence, tracks, events.
//!
//! Not here: where truth and results come from (`footage`).

mod events;
mod pixels;
mod presence;
mod tracks;

pub use events::{Span, Tolerance, join, score_single, score_spans};
pub use pixels::PixelScorer;
pub use presence::{inside, score_presence};
pub use tracks::{Dot, TrackScore, parse_tracks, score_tracks};

use serde::Serialize;

/// Right, too many, missed; and the shares that follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Counts {
    /// Found and there.
    pub tp: u64,
    /// Found and not there.
    pub fp: u64,
    /// There and not found.
    pub r#fn: u64,
    /// Share of what was found that is there.
    pub precision: f64,
    /// Share of what is there that was found.
    pub recall: f64,
    /// Harmonic mean of both; 1 when there was nothing to find and nothing was found.
    pub f1: f64,
}

impl std::ops::Add for Counts {
    type Output = Counts;
    fn add(self, other: Counts) -> Counts {
        Counts::new(self.tp + other.tp, self.fp + other.fp, self.r#fn + other.r#fn)
    }
}

impl Counts {
    /// The shares of three counts.
    pub fn new(tp: u64, fp: u64, missed: u64) -> Counts {
        let share =
            |part: u64, whole: u64| if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
        Counts {
            tp,
            fp,
            r#fn: missed,
            precision: share(tp, tp + fp),
            recall: share(tp, tp + missed),
            f1: share(2 * tp, 2 * tp + fp + missed),
        }
    }
}
