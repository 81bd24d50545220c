//! Warnings that a camera fails against those that do.
//!
//! Units: hours; false warnings a camera-month of 30 days.

use serde::Serialize;

use super::read::{Told, Truth};

/// Hours before the failure from which on a warning comes too late.
pub(crate) const EARLY_H: f64 = 6.0;

/// How good a method is at warnings.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WarningScore {
    /// Cameras that fail.
    pub failing: usize,
    /// Of them warned of six hours before or more.
    pub warned: usize,
    /// Hours from the first warning to failure, of those warned of at all.
    pub lead_h: Vec<f64>,
    /// False warnings a camera-month.
    pub false_a_month: f64,
}

/// Scores the warnings that a method tells; one counts from its begin.
pub(crate) fn score(truth: &Truth, told: &[Told]) -> WarningScore {
    let mut out = WarningScore { failing: truth.drifts.len(), ..WarningScore::default() };
    for drift in &truth.drifts {
        let of = |t: &&Told| t.camera == drift.camera && t.begin_us >= drift.begin_us;
        let first = told.iter().filter(of).map(|t| t.begin_us).min();
        if let Some(lead) = first.map(|at| (drift.fails_us - at) as f64 / 3600e6) {
            out.lead_h.push(lead);
            out.warned += usize::from(lead >= EARLY_H);
        }
    }
    let wrong = told.iter().filter(|t| {
        let failing = |d: &&super::Drifting| d.camera == t.camera && t.begin_us >= d.begin_us;
        !truth.drifts.iter().any(|d| failing(&d))
    });
    out.false_a_month = wrong.count() as f64 * 30.0 / truth.camera_days().max(1e-9);
    out
}
