//! What two versions of a model would have told of the same minutes, and which is better.
//!
//! Invariants: hours come by camera, in the order of their time; memory is bounded by the verdicts.
//! Spec: docs/ref/models.md, "A model beside".

use std::collections::HashMap;

use flumen_base::wire::{Feedback, Insight, Verdict};

use crate::model::{Finding, Told, Trial};

const MINUTE_US: i64 = 60_000_000;
const HOUR_MINUTES: i64 = 60;
/// As long as no more minutes lie between odd ones, it is one anomaly.
const BETWEEN: i64 = 5;
/// Scored minutes of a camera, in the mean, before anything is found.
const DAY_MINUTES: u64 = 1440;

/// A span that a person said to be an anomaly.
#[derive(Clone, Copy)]
struct Confirmed {
    begin_us: i64,
    end_us: i64,
    /// It lies in a scored minute, and who would have told it.
    scored: bool,
    found: [bool; 2],
}

impl Confirmed {
    /// True when it meets a span of minutes, the last one in it.
    fn meets(&self, first: i64, last: i64) -> bool {
        self.begin_us < (last + 1) * MINUTE_US && first * MINUTE_US < self.end_us
    }
}

/// Hours of a model beside, summed up; of two sides the first is the one beside.
#[derive(Default)]
pub(crate) struct Tally {
    /// By camera, of those that have not come yet.
    verdicts: HashMap<String, Vec<Confirmed>>,
    camera: String,
    /// Of this camera.
    confirmed: Vec<Confirmed>,
    /// First and last minute of each side's anomaly that may go on.
    open: [Option<(i64, i64)>; 2],
    cameras: u64,
    minutes: u64,
    scored: u64,
    sides: [Told; 2],
}

impl Tally {
    pub(crate) fn new(verdicts: &[Feedback]) -> Tally {
        let mut tally = Tally::default();
        for v in verdicts.iter().filter(|v| v.verdict() == Verdict::Anomaly) {
            let (begin_us, end_us) = (v.begin_us, v.end_us);
            let confirmed = Confirmed { begin_us, end_us, scored: false, found: [false; 2] };
            tally.verdicts.entry(v.camera.clone()).or_default().push(confirmed);
        }
        tally
    }

    pub(crate) fn add(&mut self, hour: &Insight) {
        let Some(of) = &hour.shadow else { return };
        if hour.camera != self.camera {
            self.end_camera();
            self.camera.clone_from(&hour.camera);
            self.confirmed = self.verdicts.remove(&hour.camera).unwrap_or_default();
            self.cameras += 1;
        }
        let first = hour.begin_us.div_euclid(HOUR_MINUTES * MINUTE_US) * HOUR_MINUTES;
        for at in (0..HOUR_MINUTES).filter(|at| of.scored >> at & 1 != 0) {
            let minute = first + at;
            self.minutes += 1;
            for confirmed in &mut self.confirmed {
                confirmed.scored |= confirmed.meets(minute, minute);
            }
            for (side, odd) in [of.odd, of.live_odd].into_iter().enumerate() {
                if odd >> at & 1 != 0 {
                    self.odd(side, minute);
                }
            }
        }
    }

    fn odd(&mut self, side: usize, minute: i64) {
        let open = self.open.get_mut(side).and_then(Option::as_mut);
        if let Some((_, last)) = open.filter(|(_, last)| minute - *last <= BETWEEN + 1) {
            *last = minute;
            return;
        }
        self.end(side);
        self.open.get_mut(side).into_iter().for_each(|open| *open = Some((minute, minute)));
    }

    /// A side's anomaly is over.
    fn end(&mut self, side: usize) {
        let (Some(open), Some(told)) = (self.open.get_mut(side), self.sides.get_mut(side)) else {
            return;
        };
        let Some((first, last)) = open.take() else { return };
        let mut unconfirmed = true;
        for confirmed in self.confirmed.iter_mut().filter(|c| c.meets(first, last)) {
            unconfirmed = false;
            confirmed.found.get_mut(side).into_iter().for_each(|found| *found = true);
        }
        told.anomalies += 1;
        told.unconfirmed += u64::from(unconfirmed);
    }

    fn end_camera(&mut self) {
        (0..self.sides.len()).for_each(|side| self.end(side));
        for confirmed in self.confirmed.drain(..) {
            self.scored += u64::from(confirmed.scored);
            for (told, found) in self.sides.iter_mut().zip(confirmed.found) {
                told.found += u64::from(found);
            }
        }
    }

    /// What comes out of all hours.
    pub(crate) fn finish(mut self, version: u64, since_us: i64) -> Trial {
        self.end_camera();
        let [beside, in_force] = self.sides;
        let early = self.cameras == 0 || self.minutes < DAY_MINUTES * self.cameras;
        let finding = if early {
            Finding::TooEarly
        } else if beside.found >= in_force.found && beside.unconfirmed < in_force.unconfirmed {
            Finding::Better
        } else {
            Finding::NotBetter
        };
        Trial {
            version,
            since_us,
            cameras: self.cameras,
            minutes: self.minutes,
            confirmed: self.scored,
            beside,
            in_force,
            finding,
        }
    }
}
