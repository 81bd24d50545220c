//! Where the processor time of a clip's analysis goes, by stage.
//!
//! Invariants: what is between two marks belongs to the stage of the second one; all of it
//! belongs to some stage.
//! Units: microseconds of processor time.
//! Not here: the stages (`operators`), the comparison with FFmpeg (`bench`).

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use flumen_analyzer::Stage;
use flumen_base::Result;
use flumen_media::Interrupt;
use serde::Serialize;

use crate::cpu;
use crate::pass::{PassOptions, watched};

/// What a stage costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StageCost {
    /// Its name.
    pub stage: String,
    /// Microseconds a frame, the mean.
    pub mean_us: f64,
    /// The middle frame's microseconds, which another program's turn on the core does not move.
    pub median_us: f64,
    /// The mean as a share of the decoder's.
    pub of_decode: f64,
}

/// What each frame costs so far, by stage.
struct Meter {
    last_us: f64,
    /// Of the frame at hand.
    open: Vec<f64>,
    /// Of all frames, stage by stage.
    frames: Vec<Vec<f64>>,
}

impl Meter {
    fn new() -> Meter {
        let stages = Stage::ALL.len();
        Meter {
            last_us: cpu::exact_us(),
            open: vec![0.0; stages],
            frames: vec![Vec::new(); stages],
        }
    }

    fn mark(&mut self, stage: Stage) {
        let now_us = cpu::exact_us();
        let at = Stage::ALL.iter().position(|s| *s == stage).unwrap_or(0);
        if stage == Stage::Read {
            self.end();
        }
        if let Some(open) = self.open.get_mut(at) {
            *open += now_us - self.last_us;
        }
        self.last_us = now_us;
    }

    /// A unit is read, so what the one before cost is known.
    fn end(&mut self) {
        for (frames, open) in self.frames.iter_mut().zip(&mut self.open) {
            frames.push(std::mem::take(open));
        }
    }

    fn costs(&mut self) -> Vec<StageCost> {
        self.end();
        let sum = |stage: &[f64]| stage.iter().sum::<f64>();
        let place = Stage::ALL.iter().position(|s| *s == Stage::Decode);
        let decode = place.and_then(|at| self.frames.get(at)).map_or(0.0, |f| sum(f));
        let cost = |(stage, frames): (&Stage, &Vec<f64>)| StageCost {
            stage: stage.name().to_owned(),
            mean_us: sum(frames) / frames.len().max(1) as f64,
            median_us: crate::bench::median(frames),
            of_decode: sum(frames) / decode.max(1.0),
        };
        Stage::ALL.iter().zip(&self.frames).map(cost).collect()
    }
}

/// Analyses a clip and tells what each stage costs.
///
/// # Errors
/// As `pass`.
pub fn profile(clip: &Path, options: &PassOptions, stop: &Interrupt) -> Result<Vec<StageCost>> {
    let meter = Arc::new(Mutex::new(Meter::new()));
    let hears = Arc::clone(&meter);
    let sink = Arc::new(move |stage| {
        hears.lock().unwrap_or_else(PoisonError::into_inner).mark(stage);
    });
    watched(clip, options, Some(sink), stop, &mut |_, _| Ok(()))?;
    let mut meter = meter.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(meter.costs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_gets_what_lies_before_its_mark() {
        let mut meter = Meter::new();
        for stage in [Stage::Read, Stage::Decode, Stage::Reduce, Stage::Read, Stage::Decode] {
            meter.mark(stage);
        }
        let costs = meter.costs();
        assert_eq!(costs.len(), Stage::ALL.len());
        let of = |name: &str| costs.iter().find(|c| c.stage == name).unwrap().mean_us;
        assert!(of("decode") > 0.0 && of("reduce") > 0.0);
        assert_eq!(of("learn"), 0.0);
    }
}
