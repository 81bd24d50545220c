//! What a mode of the gate tells of a clip, held against what the exact mode tells.
//!
//! Invariants: events count as the same when kind and zone are equal and their spans overlap;
//! each is found once.
//! Units: media time in microseconds.
//! Not here: which clips (`gate`, `gate_visits`).

use std::path::Path;

use flumen_analyzer::Settings;
use flumen_base::wire::{Event, GateMode, Phase, Policy};
use flumen_base::{CameraId, Result};
use flumen_media::Interrupt;

use crate::cpu;
use crate::pass::{Item, PassOptions, pass};

/// Units of a clip whose cost counts on neither side: a new camera is decoded in full until its
/// background is known, once in its life.
pub(crate) const START_UNITS: u64 = 150;

/// What a pass told.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) events: Vec<Span>,
    pub(crate) units: u64,
    pub(crate) decoded: u64,
    /// Processor seconds from `START_UNITS` on.
    pub(crate) cpu_s: f64,
}

/// An event, and how far the stream was when its begin was told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) id: Vec<u8>,
    pub(crate) kind: String,
    pub(crate) begin_us: i64,
    pub(crate) end_us: i64,
    pub(crate) told_unit: u64,
}

/// A clip's groups, and what a unit lasts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) group_us: i64,
    pub(crate) unit_us: i64,
}

/// What of the exact mode's events a gated pass told.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Found {
    /// Of the events longer than a group: all, told.
    pub(crate) long: (usize, usize),
    /// Of the others.
    pub(crate) short: (usize, usize),
    /// Events that the exact mode has not.
    pub(crate) more: usize,
    /// Begins beside those of the exact mode.
    pub(crate) begin_off_us: Vec<i64>,
    /// How much later the begin was told.
    pub(crate) delay_us: Vec<i64>,
}

/// Analyses a clip in a mode.
pub(crate) fn told(clip: &Path, mode: GateMode, stop: &Interrupt) -> Result<Told> {
    let policy = Policy { gate: mode.into(), ..Policy::default() };
    let settings = Settings { policy, ..Settings::default() };
    let options = PassOptions { camera: CameraId::new("bench")?, settings, masks: false };
    let mut told = Told::default();
    let (before_s, mut started_s) = (cpu::thread_s(), None);
    let passed = pass(clip, &options, stop, &mut |item, units| {
        if units > START_UNITS && started_s.is_none() {
            started_s = cpu::thread_s();
        }
        if let Item::Event(event) = item {
            told.take(event, units);
        }
        Ok(())
    })?;
    let start_s = started_s.zip(before_s).map_or(0.0, |(a, b)| a - b);
    (told.units, told.decoded) = (passed.units, passed.decoded);
    told.cpu_s = passed.cpu_s - start_s;
    Ok(told)
}

impl Told {
    fn take(&mut self, e: Event, units: u64) {
        match e.phase() {
            Phase::Begin => self.events.push(Span {
                id: e.id.to_vec(),
                kind: format!("{} {}", e.kind, e.zone),
                begin_us: e.begin_pts_us,
                end_us: e.end_pts_us,
                told_unit: units,
            }),
            _ => {
                let open = self.events.iter_mut().find(|s| s.id == e.id);
                open.into_iter().for_each(|s| s.end_us = e.end_pts_us);
            }
        }
    }

    /// Compares with what the exact mode told.
    pub(crate) fn beside(&self, exact: &Told, pace: Pace) -> Found {
        let mut found = Found::default();
        let mut left = self.events.clone();
        for want in &exact.events {
            let same = |s: &Span| {
                s.kind == want.kind && s.begin_us <= want.end_us && want.begin_us <= s.end_us
            };
            let at = left.iter().position(same);
            let is_long = want.end_us - want.begin_us > pace.group_us;
            let count = if is_long { &mut found.long } else { &mut found.short };
            count.0 += 1;
            let Some(at) = at else { continue };
            count.1 += 1;
            let span = left.remove(at);
            found.begin_off_us.push((span.begin_us - want.begin_us).abs());
            found.delay_us.push((span.told_unit as i64 - want.told_unit as i64) * pace.unit_us);
        }
        found.more = left.len();
        found
    }
}

impl Found {
    /// Adds what was found in another clip.
    pub(crate) fn add(&mut self, other: &Found) {
        self.long = (self.long.0 + other.long.0, self.long.1 + other.long.1);
        self.short = (self.short.0 + other.short.0, self.short.1 + other.short.1);
        self.more += other.more;
        self.begin_off_us.extend(&other.begin_off_us);
        self.delay_us.extend(&other.delay_us);
    }
}

/// The middle and the largest of some times; 0 of none.
pub(crate) fn middle_and_most(of: &[i64]) -> (i64, i64) {
    let mut sorted = of.to_vec();
    sorted.sort_unstable();
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
    (middle, sorted.last().copied().unwrap_or(0))
}

/// A mode's name in settings.
pub(crate) fn word(mode: GateMode) -> String {
    let name = match mode {
        GateMode::Exact => "exact",
        GateMode::Balanced => "balanced",
        GateMode::Thrifty => "thrifty",
    };
    name.to_owned()
}

/// Seconds for people.
pub(crate) fn seconds(us: i64) -> String {
    format!("{:.2}", us as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_matched_by_kind_and_overlap_once() {
        let span = |kind: &str, begin_us, end_us, told_unit| Span {
            id: vec![],
            kind: kind.into(),
            begin_us,
            end_us,
            told_unit,
        };
        let told = |events| Told { events, ..Told::default() };
        let exact = told(vec![
            span("motion ", 0, 3_000_000, 5),
            span("motion ", 9_000_000, 9_500_000, 230),
        ]);
        let gated = told(vec![
            span("motion ", 40_000, 3_000_000, 50),
            span("tamper ", 9_000_000, 9_100_000, 1),
        ]);
        let mut found = gated.beside(&exact, Pace { group_us: 2_000_000, unit_us: 40_000 });
        assert_eq!((found.long, found.short, found.more), ((1, 1), (1, 0), 1));
        assert_eq!(
            (&found.begin_off_us[..], &found.delay_us[..]),
            (&[40_000][..], &[1_800_000][..])
        );
        found.add(&found.clone());
        assert_eq!((found.long, found.short, found.more), ((2, 2), (2, 0), 2));
        assert_eq!(middle_and_most(&[5, 1, 3]), (3, 5));
    }
}
