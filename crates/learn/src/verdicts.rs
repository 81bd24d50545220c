//! What people said of anomalies, and what is learned from it.
//!
//! Invariants: a verdict counts once; what a person calls usual is not told again for the same
//! minutes.
//! Spec: docs/ref/models.md, "Verdicts".

use std::collections::VecDeque;

use flumen_base::wire::{self, Feedback, Minute, Verdict};
use flumen_operators::score::Profile;
use flumen_operators::{Reader, Writer};

use crate::camera::{COUNT, DIMENSIONS};

const MINUTE_US: i64 = 60_000_000;
/// Odd minutes that a verdict can speak of, verdicts that wait for theirs, verdicts known.
const MINUTES: usize = 64;
const WAITING: usize = 16;
const KNOWN: usize = 256;
/// Times that a minute is taught at most.
const LESSONS: u32 = 500;
/// A score that is usual is this far below the floor of its dimension.
const ABOVE: f64 = 1.5;

/// Verdicts on one camera, and the minutes that they may be on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Verdicts {
    /// Below these nothing is odd: 0 where no verdict says so.
    floors: [f64; COUNT],
    minutes: VecDeque<OddMinute>,
    waiting: VecDeque<Feedback>,
    known: VecDeque<(Vec<u8>, i64)>,
    /// Anomalies that people called usual, and right.
    pub counts: [u64; 2],
}

#[derive(Clone, Debug, PartialEq)]
struct OddMinute {
    minute: Minute,
    /// 0 where it was not odd.
    scores: [f64; COUNT],
}

impl Verdicts {
    /// The least threshold of a dimension by what people said.
    pub(crate) fn floor(&self, dimension: usize) -> f64 {
        self.floors.get(dimension).copied().unwrap_or(0.0)
    }

    /// Lets floors sink.
    pub(crate) fn fade(&mut self, by: f64) {
        self.floors.iter_mut().for_each(|floor| *floor *= by);
    }

    /// Keeps a minute that was odd; a score is 0 where it was not.
    pub(crate) fn odd(&mut self, minute: &Minute, scores: [f64; COUNT]) {
        if self.minutes.len() == MINUTES {
            self.minutes.pop_front();
        }
        let minute = Minute { look: Vec::new(), ..minute.clone() };
        self.minutes.push_back(OddMinute { minute, scores });
    }

    /// Takes a verdict; one that is known changes nothing.
    pub(crate) fn take(&mut self, verdict: &Feedback) {
        let name = (verdict.id.to_vec(), verdict.at_us);
        if self.known.contains(&name) {
            return;
        }
        if self.known.len() == KNOWN {
            self.known.pop_front();
        }
        self.known.push_back(name);
        if self.waiting.len() == WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(verdict.clone());
    }

    /// Learns from verdicts on minutes up to this one; true when something changed.
    pub(crate) fn learn(&mut self, newest: u64, profile: &mut Profile) -> bool {
        let ended_us = (newest + 1).cast_signed() * MINUTE_US;
        let waiting = std::mem::take(&mut self.waiting);
        let (due, later): (VecDeque<_>, _) =
            waiting.into_iter().partition(|v| v.end_us <= ended_us);
        self.waiting = later;
        for verdict in &due {
            match verdict.verdict() {
                Verdict::Normal => self.usual(verdict, profile),
                Verdict::Anomaly => self.counts[1] += 1,
                Verdict::Unspecified => {}
            }
        }
        !due.is_empty()
    }

    /// Teaches that the minutes of a verdict are usual.
    fn usual(&mut self, verdict: &Feedback, profile: &mut Profile) {
        self.counts[0] += 1;
        let of = |minute: &Minute| {
            let begin_us = minute.minute.cast_signed() * MINUTE_US;
            begin_us < verdict.end_us.max(verdict.begin_us + 1)
                && begin_us + MINUTE_US > verdict.begin_us
        };
        for odd in self.minutes.iter().filter(|odd| of(&odd.minute)) {
            let all = DIMENSIONS.iter().zip(&odd.scores).zip(&mut self.floors).enumerate();
            for (at, (((name, least), score), floor)) in all.filter(|(_, ((_, s), _))| **s > 0.0) {
                let named = verdict.dimensions.is_empty()
                    || verdict.dimensions.iter().any(|dimension| dimension == name);
                if named && !teach(profile, &odd.minute, at, least / 2.0) {
                    *floor = floor.max(ABOVE * score);
                }
            }
        }
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        self.floors.iter().for_each(|v| to.f64(*v));
        self.counts.iter().for_each(|v| to.u64(*v));
        to.u32(self.minutes.len() as u32);
        for odd in &self.minutes {
            to.message(&odd.minute);
            odd.scores.iter().for_each(|v| to.f64(*v));
        }
        to.u32(self.waiting.len() as u32);
        self.waiting.iter().for_each(|v| to.message(v));
        to.u32(self.known.len() as u32);
        for (id, at_us) in &self.known {
            to.blob(id);
            to.i64(*at_us);
        }
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Verdicts> {
        let mut it = Verdicts { floors: scores(from)?, ..Verdicts::default() };
        it.counts = [from.u64()?, from.u64()?];
        for _ in 0..from.u32().filter(|n| *n as usize <= MINUTES)? {
            it.minutes.push_back(OddMinute { minute: from.message()?, scores: scores(from)? });
        }
        for _ in 0..from.u32().filter(|n| *n as usize <= WAITING)? {
            it.waiting.push_back(from.message()?);
        }
        for _ in 0..from.u32().filter(|n| *n as usize <= KNOWN)? {
            it.known.push_back((from.blob()?.to_vec(), from.i64()?));
        }
        Some(it)
    }
}

fn scores(from: &mut Reader<'_>) -> Option<[f64; COUNT]> {
    let mut all = [0.0; COUNT];
    for v in &mut all {
        *v = from.f64()?;
    }
    Some(all)
}

/// Counts a minute in one dimension until its score there is as low as this, at its hour on every
/// day; false when that can't be.
fn teach(profile: &mut Profile, minute: &Minute, dimension: usize, until: f64) -> bool {
    let days = if dimension == 0 { 7 } else { 1 };
    (0..days).all(|day| {
        let hour_of_week = (minute.hour_of_week + 24 * day) % 168;
        once(profile, &Minute { hour_of_week, ..minute.clone() }, dimension, until)
    })
}

fn once(profile: &mut Profile, minute: &Minute, dimension: usize, until: f64) -> bool {
    let mut one = Profile::empty();
    one.learn(minute);
    let (one, mut record) = (one.record(), profile.record().clone());
    for _ in 0..LESSONS {
        let Some(taught) = Profile::of(&record) else { return false };
        let scores = taught.scores(minute);
        let Some(score) = scores.get(dimension) else { return false };
        if score.score <= until {
            *profile = taught;
            return true;
        }
        for (list, more) in counts(&mut record, one, dimension) {
            list.iter_mut().zip(more).for_each(|(count, more)| *count += more);
        }
    }
    false
}

/// The counts that a dimension is scored by.
fn counts<'a>(
    record: &'a mut wire::Profile,
    one: &'a wire::Profile,
    dimension: usize,
) -> Vec<(&'a mut Vec<f64>, &'a Vec<f64>)> {
    match dimension {
        0 => vec![
            (&mut record.hour_seen, &one.hour_seen),
            (&mut record.hour_active, &one.hour_active),
        ],
        1 => vec![(&mut record.cells, &one.cells)],
        2 => vec![(&mut record.ways, &one.ways)],
        3 => vec![(&mut record.crowds, &one.crowds)],
        4 => vec![(&mut record.dwells, &one.dwells)],
        _ => Vec::new(),
    }
}
