//! What learning found in simulated days against what was planted there: the scores of
//! `flumen bench learn`.
//!
//! Invariants: every method is scored by the same code on the same days; nothing of a method is
//! read but its files; days left quiet are not scored.
//! Units: microseconds of UTC; false anomalies a camera-day.
//! Not here: the days themselves (`farm`), learning (`learn`, Spark).

mod anomalies;
mod forecasts;
mod paths;
mod pixels;
mod read;
mod report;
mod warnings;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use flumen_base::Result;
use serde::Serialize;

pub use anomalies::{AnomalyScore, KindRecall, Point};
pub use forecasts::{Ahead, ForecastScore};
pub use paths::PathScore;
pub use pixels::{PixelCost, pixel_windows};
pub use read::{Answers, Drifting, Forecast, Hour, Planted, Told, TruePath, Truth};
pub use report::Report;
pub use warnings::WarningScore;

/// One method's answers scored.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MethodScore {
    /// Its name: that of its folder or file.
    pub method: String,
    /// Of anomalies.
    pub anomalies: Option<AnomalyScore>,
    /// Of forecasts, by hours ahead.
    pub forecasts: Vec<ForecastScore>,
    /// Of usual paths.
    pub paths: Option<PathScore>,
    /// Of cameras that fail.
    pub warnings: Option<WarningScore>,
}

/// Scores the answers of methods, each a folder (`anomalies.jsonl`, `forecasts.jsonl`,
/// `paths.jsonl`, `warnings.jsonl`, what there is of it) or one file of anomalies, against `days`.
///
/// # Errors
/// `NotFound` and `Invalid` for files that are missing or cannot be read, with their line.
pub fn score(days: &Path, answers: &[PathBuf]) -> Result<Report> {
    let truth = Truth::read(days)?;
    let mut methods = Vec::new();
    for path in answers {
        let answers = Answers::read(path)?;
        methods.push(MethodScore {
            method: answers.method.clone(),
            anomalies: answers.anomalies.as_ref().map(|told| anomalies::score(&truth, told)),
            forecasts: answers
                .forecasts
                .as_ref()
                .map_or_else(Vec::new, |all| forecasts::score(&truth, all)),
            paths: answers.paths.as_ref().map(|told| paths::score(&truth, told)),
            warnings: answers.warnings.as_ref().map(|told| warnings::score(&truth, told)),
        });
    }
    Ok(Report::new(days, &truth, methods))
}
