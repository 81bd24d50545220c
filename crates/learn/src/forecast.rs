//! Entries of the hours to come of one camera.
//!
//! Invariants: what was foretold of an hour is never changed by what came; hours that were not
//! seen for half their minutes teach nothing.
//! Units: hours of UTC since 1970, entries an hour.
//! Spec: docs/ref/models.md, "Forecast".

mod ahead;
mod counts;
mod measures;
mod season;
#[cfg(test)]
mod tests;
mod told;

use std::collections::VecDeque;

use flumen_base::wire::Minute;
use flumen_operators::{Reader, Writer};

use ahead::{Ahead, Inputs, Made};
use counts::interval;
use measures::Measures;
use season::{Rates, Season, WEEK};

/// Good windows of a minute that is seen, and such minutes of an hour that is.
const WHOLE: u32 = 30;
/// Hours that are foretold, told of afterwards, and needed before the first forecast.
const HOURS: usize = 24;
const PAST: usize = 48;
const ENOUGH: u64 = 24;
const FADE: f64 = 0.975;
/// Hours after which half of a level is forgotten, and what stands against it at first.
const HALF_LIFE: [f64; 2] = [6.0, 72.0];
const USUAL: f64 = 10.0;
/// A count further off, in standard deviations, is learned as this one.
const FAR: f64 = 5.0;

/// What came of late, and what the season had said.
type Level = (f64, f64);

/// One camera's counts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Forecasts {
    hour: u64,
    hour_of_week: usize,
    minutes: u32,
    entries: f64,
    /// Hours learned.
    pub hours: u64,
    season: Season,
    levels: [Level; 2],
    /// How many times as wide as a Poisson counts are; of the last day.
    wide: f64,
    /// One hour ahead, and a day.
    ahead: [Ahead; 2],
    /// Counts of the last week by hour; below 0 where there is none.
    week: [f64; WEEK],
    past: VecDeque<Past>,
    measures: Measures,
    pub versions: VecDeque<u64>,
}

/// An hour that is over.
#[derive(Clone, Debug, PartialEq)]
struct Past {
    hour: u64,
    value: f64,
    low: f64,
    high: f64,
    came: f64,
}

/// What an ended hour asks for.
pub(crate) struct Ended {
    /// The hour that begins, and the next ones.
    next: Vec<Made>,
    /// The first of a day.
    pub day: bool,
}

impl Default for Forecasts {
    fn default() -> Forecasts {
        Forecasts {
            hour: 0,
            hour_of_week: 0,
            minutes: 0,
            entries: 0.0,
            hours: 0,
            season: Season::default(),
            levels: [(0.0, 0.0); 2],
            wide: 1.0,
            ahead: [Ahead::default(), Ahead::default()],
            week: [-1.0; WEEK],
            past: VecDeque::new(),
            measures: Measures::default(),
            versions: VecDeque::new(),
        }
    }
}

impl Forecasts {
    /// Takes a minute; gives what is to be told when an hour has ended by it.
    pub(crate) fn minute(&mut self, minute: &Minute) -> Option<Ended> {
        if minute.seen == 0 {
            return None;
        }
        let hour = minute.minute / 60;
        let ended = (hour > self.hour).then(|| self.turn(hour, minute.hour_of_week as usize));
        if minute.seen >= WHOLE {
            self.minutes += 1;
            self.entries += f64::from(minute.entries);
        }
        ended.flatten()
    }

    /// Ends the hour under way and begins another.
    fn turn(&mut self, hour: u64, hour_of_week: usize) -> Option<Ended> {
        if self.minutes >= WHOLE {
            self.learn(self.entries * 60.0 / f64::from(self.minutes));
        } else {
            let hour = self.hour;
            self.ahead.iter_mut().for_each(|ahead| ahead.forget(hour));
        }
        let day = self.hour / 24 != hour / 24;
        if day {
            self.season.fade(FADE);
            self.ahead.iter_mut().for_each(|ahead| ahead.fade(FADE));
            self.measures.fade(FADE);
            self.wide = self.ahead[0].spread().0;
        }
        for skipped in self.hour.max(hour.saturating_sub(WEEK as u64))..hour {
            if skipped != self.hour || self.minutes < WHOLE {
                self.set(skipped, -1.0);
            }
        }
        (self.hour, self.hour_of_week, self.minutes, self.entries) = (hour, hour_of_week, 0, 0.0);
        if self.hours < ENOUGH {
            return None;
        }
        let next = self.next();
        if let (Some(first), Some(last)) = (next.first(), next.last()) {
            self.ahead[0].keep(first.clone());
            self.ahead[1].keep(last.clone());
        }
        Some(Ended { next, day })
    }

    /// Learns what the hour under way brought.
    fn learn(&mut self, came: f64) {
        let (hour, at) = (self.hour, self.hour_of_week);
        let made = [self.ahead[0].of(hour), self.ahead[1].of(hour)];
        self.measures.add(&made, came, self.known(hour));
        let mut kept = came;
        if let Some(made) = made[0].as_ref().filter(|m| m.known) {
            let far = FAR * (made.variance + 1.0).sqrt();
            kept = came.clamp((made.mean - far).max(0.0), made.mean + far);
        }
        for (ahead, made) in self.ahead.iter_mut().zip(&made) {
            made.iter().for_each(|made| ahead.learn(made, came, kept));
        }
        let usual = self.season.rates(self.wide).of(at);
        for ((seen, expected), half) in self.levels.iter_mut().zip(HALF_LIFE) {
            let fade = 0.5_f64.powf(1.0 / half);
            (*seen, *expected) = (*seen * fade + kept, *expected * fade + usual);
        }
        self.season.add(at, kept);
        self.set(hour, came);
        self.hours += 1;
        let [Some(made), _] = made else { return };
        if self.past.len() == PAST {
            self.past.pop_front();
        }
        let (low, high) = interval(made.mean, made.variance);
        self.past.push_back(Past { hour, value: made.mean, low, high, came });
    }

    /// The count of a week before an hour.
    fn known(&self, hour: u64) -> Option<f64> {
        self.week.get(hour as usize % WEEK).copied().filter(|count| *count >= 0.0)
    }

    fn set(&mut self, hour: u64, count: f64) {
        self.week.get_mut(hour as usize % WEEK).into_iter().for_each(|at| *at = count);
    }

    /// This hour and those after it.
    fn next(&self) -> Vec<Made> {
        let rates = self.season.rates(self.wide);
        (0..HOURS).map(|steps| self.made(&rates, steps)).collect()
    }

    /// The hour so many after this one.
    fn made(&self, rates: &Rates, steps: usize) -> Made {
        let at = (self.hour_of_week + steps) % WEEK;
        let season = rates.of(at);
        let against = USUAL * self.wide;
        let [short, long] =
            self.levels.map(|(seen, usual)| (seen + against) / (usual + against) - 1.0);
        let inputs = Inputs::new(season, season * short, season * long);
        let far = steps as f64 / (HOURS - 1) as f64;
        let mean = self.ahead.each_ref().map(|ahead| ahead.weights.dot(&inputs).max(0.0));
        let mean = mean[0] + (mean[1] - mean[0]) * far;
        let [(a, b), (c, d)] = self.ahead.each_ref().map(Ahead::spread);
        let (a, b) = (a + (c - a) * far, b + (d - b) * far);
        let weeks = rates.weeks.get(at).copied().unwrap_or(1.0);
        Made {
            hour: self.hour + steps as u64,
            inputs,
            mean,
            variance: (a * mean + b * mean * mean) * (1.0 + 1.0 / weeks),
            weeks,
            known: self.season.weeks(at) >= 1.0,
        }
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        for v in [self.hour, self.hour_of_week as u64, u64::from(self.minutes), self.hours] {
            to.u64(v);
        }
        let [short, long] = self.levels;
        for v in [self.entries, self.wide, short.0, short.1, long.0, long.1] {
            to.f64(v);
        }
        self.season.save(to);
        self.ahead.iter().for_each(|ahead| ahead.save(to));
        self.week.iter().for_each(|v| to.f64(*v));
        self.measures.save(to);
        to.u32(self.past.len() as u32);
        for p in &self.past {
            to.u64(p.hour);
            [p.value, p.low, p.high, p.came].iter().for_each(|v| to.f64(*v));
        }
        to.u32(self.versions.len() as u32);
        self.versions.iter().for_each(|v| to.u64(*v));
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Forecasts> {
        let mut it = Forecasts { hour: from.u64()?, ..Forecasts::default() };
        it.hour_of_week = from.u64().filter(|h| *h < WEEK as u64)? as usize;
        it.minutes = u32::try_from(from.u64()?).ok()?;
        it.hours = from.u64()?;
        (it.entries, it.wide) = (from.f64()?, from.f64()?);
        it.levels = [(from.f64()?, from.f64()?), (from.f64()?, from.f64()?)];
        it.season = Season::load(from)?;
        it.ahead = [Ahead::load(from, HOURS)?, Ahead::load(from, HOURS)?];
        for v in &mut it.week {
            *v = from.f64()?;
        }
        it.measures = Measures::load(from)?;
        let past = |from: &mut Reader<'_>| {
            let hour = from.u64()?;
            let [value, low, high, came] = [from.f64()?, from.f64()?, from.f64()?, from.f64()?];
            Some(Past { hour, value, low, high, came })
        };
        let count = from.u32().filter(|n| *n as usize <= PAST)?;
        it.past = (0..count).map(|_| past(from)).collect::<Option<_>>()?;
        let count = from.u32().filter(|n| *n <= 64)?;
        it.versions = (0..count).map(|_| from.u64()).collect::<Option<_>>()?;
        Some(it)
    }
}

/// Fits the weights of a group's cameras, of all their hours together.
pub(crate) fn fit(group: &mut [&mut Forecasts]) {
    for distance in 0..2 {
        let all = group.iter().filter_map(|one| one.ahead.get(distance));
        let Some(weights) = ahead::fit(all) else { continue };
        let all = group.iter_mut().filter_map(|one| one.ahead.get_mut(distance));
        all.for_each(|ahead| ahead.weights = weights);
    }
}
