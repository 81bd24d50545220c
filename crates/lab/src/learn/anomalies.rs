//! Anomalies that are told against those that were planted.
//!
//! Invariants: a told one counts once: it finds what it touches, or it is false; what touches a camera
//! on its way to failure is neither. A planted one is found once, however often it is told.
//! Units: false anomalies a camera-day; seconds.

use std::collections::BTreeMap;

use serde::Serialize;

use super::read::{Planted, Told, Truth};

/// How far before and after what was planted it may be told.
const NEAR_US: i64 = 120_000_000;
/// The least share of a told span that what it finds must fill.
const FILLS: f64 = 0.1;
/// False anomalies a camera-day at which recall is told.
pub(crate) const BUDGETS: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];
/// Recalls at which false anomalies are told.
pub(crate) const RECALLS: [f64; 4] = [0.5, 0.8, 0.9, 0.95];

/// Recall of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct KindRecall {
    /// Planted.
    pub planted: usize,
    /// Found by all that is told.
    pub found: usize,
    /// Found at one false anomaly a camera-day.
    pub found_at_one: usize,
}

/// A point of the curve: what is told from one score on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// That score.
    pub score: f64,
    /// Share of the planted that is found.
    pub recall: f64,
    /// False anomalies a camera-day.
    pub false_a_day: f64,
}

/// How good a method is at anomalies.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AnomalyScore {
    /// Told in the days that count.
    pub told: usize,
    /// Share of the planted that is found by all that is told.
    pub recall: f64,
    /// False anomalies a camera-day.
    pub false_a_day: f64,
    /// Minutes a camera-day in which something false is told.
    pub false_minutes_a_day: f64,
    /// By kind.
    pub kinds: BTreeMap<String, KindRecall>,
    /// Recall at 0.25, 0.5, 1, 2 and 4 false anomalies a camera-day.
    pub recall_at: Vec<(f64, f64)>,
    /// False anomalies a camera-day at recalls of 0.5, 0.8, 0.9 and 0.95; none = not reached.
    pub false_at: Vec<(f64, Option<f64>)>,
    /// What false ones were told as.
    pub false_kinds: BTreeMap<String, usize>,
    /// The whole curve.
    pub curve: Vec<Point>,
}

fn touches(told: &Told, from: i64, to: i64) -> bool {
    told.begin_us <= to + NEAR_US && told.end_us >= from - NEAR_US
}

fn finds(told: &Told, planted: &Planted) -> bool {
    let both =
        told.end_us.min(planted.end_us + NEAR_US) - told.begin_us.max(planted.begin_us - NEAR_US);
    let whole = (told.end_us - told.begin_us).max(1);
    told.camera == planted.camera
        && touches(told, planted.begin_us, planted.end_us)
        && (both as f64 >= FILLS * whole as f64)
}

/// What a told anomaly is.
enum Verdict {
    Finds(Vec<usize>),
    False,
    /// On a camera on its way to failure.
    Failing,
}

fn judge(truth: &Truth, told: &Told) -> Verdict {
    let found: Vec<usize> =
        (0..).zip(&truth.planted).filter(|(_, p)| finds(told, p)).map(|(i, _)| i).collect();
    let failing = |d: &&super::Drifting| d.camera == told.camera && told.end_us >= d.begin_us;
    match found.is_empty() {
        false => Verdict::Finds(found),
        true if truth.drifts.iter().any(|d| failing(&d)) => Verdict::Failing,
        true => Verdict::False,
    }
}

/// Scores what a method tells.
pub(crate) fn score(truth: &Truth, told: &[Told]) -> AnomalyScore {
    let counts = |t: &&Told| t.end_us > truth.from_us && t.begin_us < truth.to_us;
    let mut told: Vec<&Told> = told.iter().filter(counts).collect();
    told.sort_by(|a, b| b.score.total_cmp(&a.score));
    let days = truth.camera_days().max(1e-9);
    let all = truth.planted.len().max(1) as f64;
    let mut found = vec![None; truth.planted.len()];
    let mut out = AnomalyScore { told: told.len(), ..AnomalyScore::default() };
    let (mut wrong, mut wrong_us) = (0usize, 0i64);
    for (at, one) in told.iter().enumerate() {
        match judge(truth, one) {
            Verdict::Finds(which) => which.into_iter().for_each(|i| {
                found.get_mut(i).into_iter().for_each(|f: &mut Option<f64>| {
                    f.get_or_insert(wrong as f64 / days);
                })
            }),
            Verdict::False => {
                wrong += 1;
                wrong_us += (one.end_us - one.begin_us).max(60_000_000);
                *out.false_kinds.entry(one.kind.clone()).or_default() += 1;
            }
            Verdict::Failing => (),
        }
        // What is told with one score is told together.
        if told.get(at + 1).is_none_or(|next| next.score < one.score) {
            let recall = found.iter().flatten().count() as f64 / all;
            out.curve.push(Point { score: one.score, recall, false_a_day: wrong as f64 / days });
        }
    }
    out.recall = found.iter().flatten().count() as f64 / all;
    out.false_a_day = wrong as f64 / days;
    out.false_minutes_a_day = wrong_us as f64 / 60e6 / days;
    let within = |budget: f64| {
        out.curve.iter().filter(|p| p.false_a_day <= budget).map(|p| p.recall).fold(0.0, f64::max)
    };
    out.recall_at = BUDGETS.iter().map(|b| (*b, within(*b))).collect();
    let least = |recall: f64| {
        let enough = out.curve.iter().filter(|p| p.recall >= recall);
        enough.map(|p| p.false_a_day).min_by(f64::total_cmp)
    };
    out.false_at = RECALLS.iter().map(|r| (*r, least(*r))).collect();
    let one_score = out.curve.iter().rfind(|p| p.false_a_day <= 1.0).map(|p| p.score);
    out.kinds = kinds(truth, &told, one_score);
    out
}

/// Recall by kind, by all that is told and by what is told at one false a camera-day.
fn kinds(truth: &Truth, told: &[&Told], one: Option<f64>) -> BTreeMap<String, KindRecall> {
    let mut kinds: BTreeMap<String, KindRecall> = BTreeMap::new();
    for planted in &truth.planted {
        let kind = kinds.entry(planted.kind.clone()).or_default();
        let best =
            told.iter().filter(|t| finds(t, planted)).map(|t| t.score).max_by(f64::total_cmp);
        kind.planted += 1;
        kind.found += usize::from(best.is_some());
        kind.found_at_one += usize::from(best.zip(one).is_some_and(|(best, one)| best >= one));
    }
    kinds
}
