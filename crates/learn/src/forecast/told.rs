//! What is told of a forecast: the insight of each hour, the parameters of the card of each day.
//!
//! Spec: docs/ref/models.md, "Forecast" 6 and 7.

use flumen_base::wire::{Forecaster, Insight, InsightKind, Phase, insight, model_card};

use super::ahead::INPUTS;
use super::counts::interval;
use super::{Ended, Forecasts, HOURS};
use crate::cards::TRAINER;
use crate::odd;

const HOUR_US: i64 = 3_600_000_000;

impl Forecasts {
    /// What is told when an hour has ended.
    pub(crate) fn insight(&self, camera: &str, ended: &Ended) -> Insight {
        let begin_us = at_us(self.hour);
        let past = self.past.iter().map(|p| step(p.hour, p.value, (p.low, p.high), Some(p.came)));
        let next = ended.next.iter();
        let next = next.map(|m| step(m.hour, m.mean, interval(m.mean, m.variance), None));
        let ahead: Vec<_> = past.chain(next).collect();
        Insight {
            id: odd::id(camera, InsightKind::Forecast, begin_us, "entries").into(),
            camera: camera.to_owned(),
            kind: InsightKind::Forecast.into(),
            phase: Phase::End.into(),
            begin_us,
            end_us: at_us(self.hour + HOURS as u64),
            dimension: "entries".to_owned(),
            text: self.words(ended),
            ahead,
            model_version: self.versions.back().copied().unwrap_or(0),
            trainer: TRAINER.to_owned(),
            ..Insight::default()
        }
    }

    fn words(&self, ended: &Ended) -> String {
        let Some(first) = ended.next.first() else { return String::new() };
        let (low, high) = interval(first.mean, first.variance);
        let day: f64 = ended.next.iter().map(|made| made.mean).sum();
        let mut words = format!(
            "{:.0} entries are expected in this hour, most likely {low} to {high}, and {day:.0} in 24 hours",
            first.mean
        );
        if let Some(past) = self.past.back().filter(|p| p.hour + 1 == self.hour) {
            let last = format!(
                "; in the hour before {:.0} came, {:.0} were expected",
                past.came, past.value
            );
            words.push_str(&last);
        }
        words
    }

    /// Parameters of a card, with its measures.
    pub(crate) fn card(&self) -> (Forecaster, Vec<model_card::Measure>) {
        let names =
            ["1h", "24h"].iter().flat_map(|h| INPUTS.iter().map(move |i| format!("{i}@{h}")));
        let parameters = Forecaster {
            inputs: names.collect(),
            weights: self.ahead.iter().flat_map(|a| a.weights.iter().copied()).collect(),
            intercept: 0.0,
            off: self.measures.off().to_vec(),
            season: self.season.rates(self.wide).rate.to_vec(),
        };
        (parameters, self.measures.list())
    }
}

fn at_us(hour: u64) -> i64 {
    hour.cast_signed() * HOUR_US
}

fn step(hour: u64, value: f64, (low, high): (f64, f64), came: Option<f64>) -> insight::Ahead {
    insight::Ahead { begin_us: at_us(hour), end_us: at_us(hour + 1), value, low, high, came }
}
