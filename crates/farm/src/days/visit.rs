//! One visit: who comes when and takes which way, and what of it can be seen.
//!
//! Units: microseconds of UTC for when, seconds within a visit.

use crate::days::layout::Actor;
use crate::days::sight::{ALL_POINTS, Eye, Sight, cell, heading, place};
use crate::route::Way;

/// Looks at a visit this many times a second.
pub(crate) const LOOKS_HZ: u32 = 5;
/// Seconds in a place from which on it is on somebody's path.
const STAYS_S: f32 = 0.6;

/// Somebody's visit.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub start_us: i64,
    pub actor: Actor,
    pub way: Way,
    /// How they look.
    pub seed: u64,
    /// Which of the camera's routes it is; none of an anomaly.
    pub route: Option<usize>,
}

impl Visit {
    pub fn end_us(&self) -> i64 {
        self.start_us + (f64::from(self.way.seconds()) * 1e6) as i64
    }

    /// When it is in sight, first and last moment; nothing when never.
    pub fn in_sight_us(&self, eye: &Eye) -> Option<(i64, i64)> {
        let at = |t: f32| self.start_us + (f64::from(t) * 1e6) as i64;
        let trace = trace(eye, self.actor, &self.way);
        Some((at(trace.first()?.0), at(trace.last()?.0)))
    }
}

/// A way as the camera sees it: seconds from its begin, and the sight.
pub(crate) fn trace(eye: &Eye, actor: Actor, way: &Way) -> Vec<(f32, Sight)> {
    let looks = (way.seconds() * LOOKS_HZ as f32) as u32;
    let one = |k: u32| {
        let t = k as f32 / LOOKS_HZ as f32;
        Some((t, eye.sight(actor, &way.at(t)?)?))
    };
    (0..looks).filter_map(one).collect()
}

/// The places of a trace in their order, those passed in a moment left out.
pub(crate) fn places(trace: &[(f32, Sight)]) -> Vec<usize> {
    let mut runs: Vec<(usize, u32)> = Vec::new();
    for (_, sight) in trace {
        let (x, y) = sight.foot();
        match runs.last_mut() {
            Some((at, count)) if *at == place(x, y) => *count += 1,
            _ => runs.push((place(x, y), 1)),
        }
    }
    runs.retain(|(_, count)| *count as f32 >= STAYS_S * LOOKS_HZ as f32);
    let mut order: Vec<usize> = runs.into_iter().map(|(at, _)| at).collect();
    order.dedup();
    order
}

/// Place and heading of each step of a trace, while it moves.
pub(crate) fn ways(trace: &[(f32, Sight)]) -> Vec<(usize, usize)> {
    let feet = trace.iter().map(|(_, s)| s.foot());
    let ahead = trace.iter().skip(2).map(|(_, s)| s.foot());
    feet.zip(ahead)
        .filter(|(a, b)| (a.0 - b.0).abs() + (a.1 - b.1).abs() > 0.004)
        .map(|(a, b)| {
            // Pixels are square, shares are not.
            (place(a.0, a.1), heading((b.0 - a.0) * 16.0, (b.1 - a.1) * 9.0))
        })
        .collect()
}

/// The parts of the 6 x 8 grid that a trace moves in, with the share of its time.
pub(crate) fn cells(trace: &[(f32, Sight)]) -> [f32; 48] {
    let mut counts = [0.0; 48];
    let one = 1.0 / (trace.len().max(1) * ALL_POINTS) as f32;
    for (x, y) in trace.iter().flat_map(|(_, s)| s.seen_points()) {
        let at = cell(y, 6) * 8 + cell(x, 8);
        counts.get_mut(at).into_iter().for_each(|c| *c += one);
    }
    counts
}
