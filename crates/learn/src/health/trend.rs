//! One value against its own day, and where it goes.
//!
//! Spec: docs/ref/models.md, "Health".

use std::collections::VecDeque;

use flumen_operators::{Reader, Writer};

/// Days that the usual looks back on, and those it needs.
const DAYS: f64 = 7.0;
const ENOUGH: f64 = 2.0;
/// How far one hour moves the usual, as a logarithm.
const MOST: f64 = 0.1;
/// Hours of a trend, and the time in which they have to lie.
const HOURS: usize = 12;
const WITHIN: u64 = 24;
/// A trend that reaches this share of the usual in so many hours fails; above the other it is
/// still usual.
const FAILED: f64 = 0.6;
const USUAL: f64 = 0.9;
const AHEAD: f64 = 24.0;
/// A fall counts when it is so many times as large as what lies beside the line.
const CLEAR: f64 = 4.0;

/// What is usual by hour of the day, and the last hours beside it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Usual {
    hours: [(f64, f64); 24],
    last: VecDeque<(u64, f64)>,
}

/// Where the last hours go.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trend {
    /// Logarithm of the share of the usual, now.
    pub level: f64,
    slope: f64,
    /// Of the older and the newer half of the hours.
    halves: [f64; 2],
    beside: f64,
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    let at = |i: usize| all.get(i).copied().unwrap_or(0.0);
    let half = all.len() / 2;
    if all.len() % 2 == 1 { at(half) } else { (at(half.saturating_sub(1)) + at(half)) / 2.0 }
}

/// The median of the slopes of all pairs.
fn slope(of: &[(u64, f64)]) -> f64 {
    let later = |i: usize| of.iter().skip(i + 1);
    let pairs = of.iter().enumerate().flat_map(|(i, a)| later(i).map(move |b| (a, b)));
    median(pairs.map(|((t, x), (u, y))| (y - x) / (u - t) as f64).collect())
}

impl Usual {
    /// Takes an hour's mean; `more` where more is worse.
    pub(crate) fn hour(&mut self, hour: u64, hour_of_day: usize, mean: f64, more: bool) {
        let Some((days, usual)) = self.hours.get_mut(hour_of_day) else { return };
        let value = mean.max(1e-6).ln() * if more { -1.0 } else { 1.0 };
        let off = value - *usual;
        if *days >= ENOUGH {
            self.last.push_back((hour, off));
            self.last.retain(|(at, _)| hour - at < WITHIN);
            if self.last.len() > HOURS {
                self.last.pop_front();
            }
        }
        let moved = if *days >= ENOUGH { off.clamp(-MOST, MOST) } else { off };
        *days = (*days + 1.0).min(DAYS);
        *usual += moved / *days;
    }

    /// Nothing before there are hours enough.
    pub(crate) fn trend(&self) -> Option<Trend> {
        let all: Vec<_> = self.last.iter().copied().collect();
        let (now, _) = *all.last().filter(|_| all.len() == HOURS)?;
        let (older, newer) = all.split_at(HOURS / 2);
        let slope_of_all = slope(&all);
        let at_now = |(t, x): &(u64, f64)| x + slope_of_all * (now - t) as f64;
        let level = median(all.iter().map(at_now).collect());
        let beside = median(all.iter().map(|hour| (at_now(hour) - level).abs()).collect());
        Some(Trend { level, slope: slope_of_all, halves: [slope(older), slope(newer)], beside })
    }

    /// Where it is, when that is about the usual again.
    pub(crate) fn recovered(&self) -> Option<Trend> {
        let newer: Vec<f64> = self.last.iter().rev().take(HOURS / 2).map(|(_, x)| *x).collect();
        let level = median(newer);
        let back = self.last.len() >= HOURS / 2 && level > USUAL.ln();
        back.then_some(Trend { level, slope: 0.0, halves: [0.0; 2], beside: 0.0 })
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        for (days, usual) in self.hours {
            to.f64(days);
            to.f64(usual);
        }
        to.u32(self.last.len() as u32);
        for (hour, off) in &self.last {
            to.u64(*hour);
            to.f64(*off);
        }
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Usual> {
        let mut it = Usual::default();
        for hour in &mut it.hours {
            *hour = (from.f64()?, from.f64()?);
        }
        let count = from.u32().filter(|n| *n as usize <= HOURS)?;
        it.last = (0..count).map(|_| Some((from.u64()?, from.f64()?))).collect::<Option<_>>()?;
        Some(it)
    }
}

impl Trend {
    /// True when it falls all the time, clearly, and fails soon.
    pub(crate) fn fails(&self) -> bool {
        let falls = self.slope < 0.0 && self.halves.iter().all(|half| *half <= self.slope / 3.0);
        let fall = -self.slope * (HOURS - 1) as f64;
        falls
            && fall > CLEAR * self.beside
            && self.level < USUAL.ln()
            && self.level + AHEAD * self.slope <= FAILED.ln()
    }

    /// Hours until it has failed; nothing when it does not go there.
    pub(crate) fn hours_left(&self) -> Option<f64> {
        let left = (FAILED.ln() - self.level) / self.slope;
        (self.slope < 0.0).then(|| left.max(0.0))
    }
}
