//! What an hour of the week usually brings.
//!
//! Invariants: an hour of the week that was never seen has a rate, too.
//! Units: entries an hour; local time.
//! Spec: docs/ref/models.md, "Forecast" 2.
//! Source: empirical Bayes of counts: Casella, "An introduction to empirical Bayes data analysis",
//! The American Statistician, 1985.

use flumen_operators::{Reader, Writer};

pub(crate) const WEEK: usize = 168;
const HOURS: usize = 24;
/// Working days end before this hour of the week.
const WORK: usize = 120;
/// The least unevenness of days of a kind, and weeks that a rate counts for that was never seen.
const LEAST: f64 = 1e-4;
const UNSEEN: f64 = 0.5;

/// Weeks and entries by hour of the week, old ones fading.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Season {
    weeks: [f64; WEEK],
    entries: [f64; WEEK],
}

/// What is expected by hour of the week, and on how many weeks that stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rates {
    pub rate: [f64; WEEK],
    pub weeks: [f64; WEEK],
}

impl Rates {
    pub(crate) fn of(&self, hour_of_week: usize) -> f64 {
        self.rate.get(hour_of_week).copied().unwrap_or(0.0)
    }
}

impl Default for Season {
    fn default() -> Season {
        Season { weeks: [0.0; WEEK], entries: [0.0; WEEK] }
    }
}

/// Weeks and entries of hours.
type Both = (f64, f64);

fn sum(all: impl Iterator<Item = Both>) -> Both {
    all.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

fn mean((weeks, entries): Both) -> Option<f64> {
    (weeks > 0.0).then(|| entries / weeks)
}

impl Season {
    pub(crate) fn add(&mut self, hour_of_week: usize, count: f64) {
        self.weeks.get_mut(hour_of_week).into_iter().for_each(|n| *n += 1.0);
        self.entries.get_mut(hour_of_week).into_iter().for_each(|n| *n += count);
    }

    pub(crate) fn fade(&mut self, by: f64) {
        self.weeks.iter_mut().chain(&mut self.entries).for_each(|n| *n *= by);
    }

    /// How often an hour of the week was seen.
    pub(crate) fn weeks(&self, hour_of_week: usize) -> f64 {
        self.weeks.get(hour_of_week).copied().unwrap_or(0.0)
    }

    fn hours(&self) -> impl Iterator<Item = (usize, Both)> {
        self.weeks.iter().copied().zip(self.entries.iter().copied()).enumerate()
    }

    /// By hour of the day, of the hours of the week that count.
    fn by_hour(&self, of: impl Fn(usize) -> bool) -> [Both; HOURS] {
        std::array::from_fn(|g| {
            sum(self.hours().filter(|(h, _)| h % HOURS == g && of(*h)).map(|(_, both)| both))
        })
    }

    /// What is expected, with counts that vary `wide` times as much as a Poisson's.
    pub(crate) fn rates(&self, wide: f64) -> Rates {
        let any = self.by_hour(|_| true);
        let all = mean(sum(any.iter().copied())).unwrap_or(0.0);
        let mut rates = Rates { rate: [all; WEEK], weeks: [UNSEEN; WEEK] };
        for work in [true, false] {
            let kind = self.by_hour(|h| (h < WORK) == work);
            let uneven = self.uneven(work, &kind, wide);
            for (h, own) in self.hours().filter(|(h, _)| (*h < WORK) == work) {
                let at = |of: &[Both; HOURS]| of.get(h % HOURS).copied().unwrap_or_default();
                let (rate, weeks) = match mean(at(&kind)) {
                    None => (mean(at(&any)).unwrap_or(all), UNSEEN),
                    Some(usual) if usual > 0.0 => {
                        let as_much = wide / (uneven * usual);
                        let weeks = own.0 + as_much;
                        ((own.1 + as_much * usual) / weeks, weeks.min(own.0 + at(&kind).0))
                    }
                    Some(_) => (0.0, UNSEEN),
                };
                rates.rate.get_mut(h).into_iter().for_each(|r| *r = rate);
                rates.weeks.get_mut(h).into_iter().for_each(|w| *w = weeks);
            }
        }
        rates
    }

    /// How far the days of a kind lie apart at the same hour: relative variance of their true means.
    fn uneven(&self, work: bool, kind: &[Both; HOURS], wide: f64) -> f64 {
        let (mut apart, mut scale) = (0.0, 0.0);
        for (h, (weeks, entries)) in self.hours().filter(|(h, _)| (*h < WORK) == work) {
            let of = kind.get(h % HOURS).copied().unwrap_or_default();
            let Some(usual) = mean(of).filter(|usual| weeks > 0.0 && *usual > 0.0) else {
                continue;
            };
            let others = 1.0 - weeks / of.0;
            let by_chance = wide * usual / weeks * others;
            apart += ((entries / weeks - usual).powi(2) - by_chance) * weeks / usual;
            scale += usual * weeks * others;
        }
        if scale > 0.0 { (apart / scale).max(LEAST) } else { 1.0 }
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        self.weeks.iter().chain(&self.entries).for_each(|v| to.f64(*v));
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Season> {
        let mut it = Season::default();
        for v in it.weeks.iter_mut().chain(&mut it.entries) {
            *v = from.f64()?;
        }
        Some(it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five working days of `counts` at 9:00, `weeks` times.
    fn nine(counts: [f64; 5], weeks: u32) -> Season {
        let mut season = Season::default();
        for (day, count) in counts.iter().enumerate() {
            (0..weeks).for_each(|_| season.add(24 * day + 9, *count));
        }
        season
    }

    #[test]
    fn days_that_differ_by_chance_alone_are_taken_together() {
        let rates = nine([18.0, 22.0, 20.0, 24.0, 16.0], 1).rates(1.0);
        assert!((rates.of(9) - 20.0).abs() < 0.1, "{}", rates.of(9));
        // The same differences week after week are the days' own.
        let rates = nine([18.0, 22.0, 20.0, 24.0, 16.0], 40).rates(1.0);
        assert!((rates.of(9) - 18.0).abs() < 0.2, "{}", rates.of(9));
    }

    #[test]
    fn days_of_another_kind_stand_in_until_there_are_own_ones() {
        let mut season = nine([10.0; 5], 2);
        assert_eq!(season.rates(1.0).of(WORK + 9), 10.0);
        season.add(WORK + 9, 2.0);
        assert_eq!(season.rates(1.0).of(WORK + 24 + 9), 2.0, "Sunday as Saturday");
        assert_eq!(season.rates(1.0).of(9), 10.0);
        assert_eq!(Season::default().rates(1.0).of(3), 0.0);
    }
}
