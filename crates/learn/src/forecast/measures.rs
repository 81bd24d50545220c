//! How good forecasts were, against a week ago.
//!
//! Spec: docs/ref/models.md, "Forecast" 7.

use flumen_base::wire::model_card::Measure;
use flumen_operators::{Reader, Writer};

use super::ahead::Made;
use super::counts::interval;

const NAMES: [[&str; 2]; 2] = [["mae-1h", "coverage-1h"], ["mae-24h", "coverage-24h"]];

/// Sums of one distance, old ones fading.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    hours: f64,
    off: f64,
    squares: f64,
    /// Hours in which somebody may come, and of them those within the interval.
    busy: f64,
    within: f64,
}

impl Sums {
    fn each(&mut self) -> [&mut f64; 5] {
        let Sums { hours, off, squares, busy, within } = self;
        [hours, off, squares, busy, within]
    }
}

/// Of an hour ahead, a day ahead, and of a week ago.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Measures {
    ahead: [Sums; 2],
    naive: Sums,
}

impl Measures {
    /// Takes what was foretold, what came, and what had come a week ago.
    pub(crate) fn add(&mut self, made: &[Option<Made>; 2], came: f64, week_ago: Option<f64>) {
        let Some(naive) = week_ago else { return };
        for (sums, made) in self.ahead.iter_mut().zip(made) {
            let Some(made) = made else { continue };
            let (low, high) = interval(made.mean, made.variance);
            sums.hours += 1.0;
            sums.off += (came - made.mean).abs();
            sums.squares += (came - made.mean).powi(2);
            sums.busy += f64::from(u8::from(high > 0.0));
            sums.within += f64::from(u8::from(high > 0.0 && (low..=high).contains(&came)));
        }
        self.naive.hours += 1.0;
        self.naive.off += (came - naive).abs();
    }

    pub(crate) fn fade(&mut self, by: f64) {
        for sums in self.ahead.iter_mut().chain([&mut self.naive]) {
            sums.each().into_iter().for_each(|v| *v *= by);
        }
    }

    /// Root of the mean square of what it was off, an hour and a day ahead.
    pub(crate) fn off(&self) -> [f64; 2] {
        self.ahead.map(|sums| (sums.squares / sums.hours.max(1.0)).sqrt())
    }

    /// As they stand in a card.
    pub(crate) fn list(&self) -> Vec<Measure> {
        let share = |a: f64, b: f64| if b > 0.0 { a / b } else { 0.0 };
        let one = |name: &str, value: f64| Measure { name: name.to_owned(), value };
        let mut list = Vec::new();
        for (sums, [error, coverage]) in self.ahead.iter().zip(NAMES) {
            list.push(one(error, share(sums.off, sums.hours)));
            list.push(one(coverage, share(sums.within, sums.busy)));
        }
        list.push(one("mae-week-ago", share(self.naive.off, self.naive.hours)));
        list.push(one("hours", self.naive.hours));
        list
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        for sums in self.ahead.iter().chain([&self.naive]) {
            { *sums }.each().into_iter().for_each(|v| to.f64(*v));
        }
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Measures> {
        let mut sums = || {
            let mut sums = Sums::default();
            for v in sums.each() {
                *v = from.f64()?;
            }
            Some(sums)
        };
        Some(Measures { ahead: [sums()?, sums()?], naive: sums()? })
    }
}
