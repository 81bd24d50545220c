//! What two versions of a model would have told of the same minutes, and which is better.
//!
//! Invariants: hours come by camera, in the order of their time; memory is bounded by the verdicts.
//! Spec: docs/ref/models.md, "A model beside".

use std::collections::BTreeSet;

use flumen_base::wire::{Feedback, Insight, Verdict};

use crate::model::{Finding, Told, Trial};

const MINUTE_US: i64 = 60_000_000;
const HOUR_MINUTES: i64 = 60;
/// As long as no more minutes lie between odd ones, it is one anomaly.
const BETWEEN: i64 = 5;
/// Scored minutes of a camera, in the mean, before anything is found.
const DAY_MINUTES: u64 = 1440;

/// A span that a person said to be an anomaly.
struct Confirmed {
    camera: String,
    begin_us: i64,
    end_us: i64,
}

/// One version's anomalies.
#[derive(Default)]
struct Side {
    /// First and last minute of the anomaly that may go on.
    open: Option<(i64, i64)>,
    anomalies: u64,
    unconfirmed: u64,
    found: BTreeSet<usize>,
}

impl Side {
    fn minute(&mut self, minute: i64, camera: &str, confirmed: &[Confirmed]) {
        match &mut self.open {
            Some((_, last)) if minute - *last <= BETWEEN + 1 => *last = minute,
            _ => {
                self.end(camera, confirmed);
                self.open = Some((minute, minute));
            }
        }
    }

    fn end(&mut self, camera: &str, confirmed: &[Confirmed]) {
        let Some((first, last)) = self.open.take() else { return };
        let (begin_us, end_us) = (first * MINUTE_US, (last + 1) * MINUTE_US);
        let meets =
            |c: &Confirmed| c.camera == camera && c.begin_us < end_us && begin_us < c.end_us;
        let found: Vec<usize> =
            (0..).zip(confirmed).filter(|(_, c)| meets(c)).map(|x| x.0).collect();
        self.anomalies += 1;
        self.unconfirmed += u64::from(found.is_empty());
        self.found.extend(found);
    }

    fn told(&self) -> Told {
        Told {
            anomalies: self.anomalies,
            unconfirmed: self.unconfirmed,
            found: self.found.len() as u64,
        }
    }
}

/// Hours of a model beside, summed up.
pub(crate) struct Tally {
    confirmed: Vec<Confirmed>,
    /// Of the confirmed ones, those in a scored minute.
    scored: BTreeSet<usize>,
    camera: String,
    cameras: u64,
    minutes: u64,
    /// Beside, and in force.
    sides: [Side; 2],
}

impl Tally {
    pub(crate) fn new(verdicts: &[Feedback]) -> Tally {
        let confirmed = verdicts.iter().filter(|v| v.verdict() == Verdict::Anomaly).map(|v| {
            Confirmed { camera: v.camera.clone(), begin_us: v.begin_us, end_us: v.end_us }
        });
        Tally {
            confirmed: confirmed.collect(),
            scored: BTreeSet::new(),
            camera: String::new(),
            cameras: 0,
            minutes: 0,
            sides: Default::default(),
        }
    }

    pub(crate) fn add(&mut self, hour: &Insight) {
        let Some(of) = &hour.shadow else { return };
        if hour.camera != self.camera {
            self.end();
            self.camera.clone_from(&hour.camera);
            self.cameras += 1;
        }
        let first = hour.begin_us.div_euclid(HOUR_MINUTES * MINUTE_US) * HOUR_MINUTES;
        for at in (0..HOUR_MINUTES).filter(|at| of.scored >> at & 1 != 0) {
            let minute = first + at;
            self.minutes += 1;
            let here = |c: &Confirmed| {
                c.camera == hour.camera
                    && c.begin_us < (minute + 1) * MINUTE_US
                    && minute * MINUTE_US < c.end_us
            };
            let hit = (0..).zip(&self.confirmed).filter(|(_, c)| here(c)).map(|x| x.0);
            self.scored.extend(hit);
            for (side, odd) in self.sides.iter_mut().zip([of.odd, of.live_odd]) {
                if odd >> at & 1 != 0 {
                    side.minute(minute, &hour.camera, &self.confirmed);
                }
            }
        }
    }

    fn end(&mut self) {
        for side in &mut self.sides {
            side.end(&self.camera, &self.confirmed);
        }
    }

    /// What comes out of all hours.
    pub(crate) fn finish(mut self, version: u64, since_us: i64) -> Trial {
        self.end();
        let [beside, in_force] = self.sides.each_ref().map(Side::told);
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
            confirmed: self.scored.len() as u64,
            beside,
            in_force,
            finding,
        }
    }
}
