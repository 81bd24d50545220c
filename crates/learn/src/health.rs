//! A camera that goes towards failure: its picture or its stream gets worse from hour to hour.
//!
//! Invariants: a change that came at once is no drift; what is told ends when it is usual again.
//! Units: hours of UTC since 1970; natural logarithms of ratios to the usual.
//! Spec: docs/ref/models.md, "Health".
//! Source: Sen, "Estimates of the regression coefficient based on Kendall's tau", 1968.

mod told;
mod trend;

#[cfg(test)]
mod tests;

use flumen_base::wire::{Insight, Minute, Phase};
use flumen_operators::{Reader, Writer};

use trend::{Trend, Usual};

const WHOLE: u32 = 30;
/// What is watched; of noise more is worse.
const WATCHED: [&str; 5] = ["brightness", "contrast", "sharpness", "noise", "unit_rate"];
const NOISE: usize = 3;
/// Hours from one word on an open drift to the next.
const EVERY: u64 = 6;

/// What is watched of one camera.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Health {
    hour: u64,
    hour_of_day: usize,
    minutes: u32,
    sums: [f64; WATCHED.len()],
    usual: [Usual; WATCHED.len()],
    open: Option<Open>,
}

/// A drift that was told.
#[derive(Clone, Debug, PartialEq)]
struct Open {
    watched: usize,
    revision: u32,
    begin: u64,
    told: u64,
}

impl Health {
    /// Takes a minute; gives what is told when an hour has ended by it.
    pub(crate) fn minute(&mut self, camera: &str, minute: &Minute) -> Option<Insight> {
        if minute.seen < WHOLE {
            return None;
        }
        let hour = minute.minute / 60;
        let mut told = None;
        if hour > self.hour {
            if self.minutes >= WHOLE {
                told = self.end(camera);
            }
            (self.hour, self.hour_of_day) = (hour, minute.hour_of_week as usize % 24);
            (self.minutes, self.sums) = (0, [0.0; WATCHED.len()]);
        }
        self.minutes += 1;
        let m = minute;
        let values = [m.brightness, m.contrast, m.sharpness, m.noise, m.unit_rate];
        self.sums.iter_mut().zip(values).for_each(|(sum, v)| *sum += v);
        told
    }

    /// Ends the hour under way.
    fn end(&mut self, camera: &str) -> Option<Insight> {
        let (hour, at, minutes) = (self.hour, self.hour_of_day, f64::from(self.minutes));
        for (i, (usual, sum)) in self.usual.iter_mut().zip(self.sums).enumerate() {
            usual.hour(hour, at, sum / minutes, i == NOISE);
        }
        let Some(mut open) = self.open.take() else { return self.begin(camera) };
        let usual = self.usual.get(open.watched)?;
        let (phase, trend) = match usual.recovered() {
            Some(trend) => (Phase::End, trend),
            None if hour >= open.told + EVERY => (Phase::Update, usual.trend()?),
            None => {
                self.open = Some(open);
                return None;
            }
        };
        open.revision += 1;
        open.told = hour;
        let insight = open.insight(camera, phase, hour, &trend);
        self.open = Some(open).filter(|_| phase != Phase::End);
        Some(insight)
    }

    /// Begins with what is furthest below the usual, if anything falls.
    fn begin(&mut self, camera: &str) -> Option<Insight> {
        let falling = self.usual.iter().enumerate();
        let falling =
            falling.filter_map(|(i, usual)| Some((i, usual.trend().filter(Trend::fails)?)));
        let (watched, trend) = falling.min_by(|a, b| a.1.level.total_cmp(&b.1.level))?;
        let open = Open { watched, revision: 0, begin: self.hour, told: self.hour };
        let insight = open.insight(camera, Phase::Begin, self.hour, &trend);
        self.open = Some(open);
        Some(insight)
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        for v in [self.hour, self.hour_of_day as u64, u64::from(self.minutes)] {
            to.u64(v);
        }
        self.sums.iter().for_each(|v| to.f64(*v));
        self.usual.iter().for_each(|usual| usual.save(to));
        to.u8(u8::from(self.open.is_some()));
        if let Some(open) = &self.open {
            for v in [open.watched as u64, u64::from(open.revision), open.begin, open.told] {
                to.u64(v);
            }
        }
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Health> {
        let mut it = Health { hour: from.u64()?, ..Health::default() };
        it.hour_of_day = from.u64().filter(|h| *h < 24)? as usize;
        it.minutes = u32::try_from(from.u64()?).ok()?;
        for v in &mut it.sums {
            *v = from.f64()?;
        }
        for usual in &mut it.usual {
            *usual = Usual::load(from)?;
        }
        if from.u8()? != 0 {
            let watched = from.u64().filter(|w| *w < WATCHED.len() as u64)? as usize;
            let revision = u32::try_from(from.u64()?).ok()?;
            it.open = Some(Open { watched, revision, begin: from.u64()?, told: from.u64()? });
        }
        Some(it)
    }
}
