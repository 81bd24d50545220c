//! Words on a camera that goes towards failure.

use flumen_base::wire::{Insight, InsightKind, Oddity, Phase};

use super::trend::Trend;
use super::{NOISE, Open, WATCHED};
use crate::cards::TRAINER;
use crate::odd;

const MINUTE_US: i64 = 60_000_000;
/// What to look after, in the order of what is watched.
const LOOK_AFTER: [&str; 5] = [
    "look after the light and the lens",
    "clean the lens",
    "clean and refocus the lens",
    "look after the light and the sensor",
    "look after the network and the power supply",
];
/// Further ahead nothing is said.
const MOST_HOURS: f64 = 240.0;

impl Open {
    /// What is told at the end of an hour.
    pub(crate) fn insight(&self, camera: &str, phase: Phase, hour: u64, trend: &Trend) -> Insight {
        let dimension = WATCHED.get(self.watched).copied().unwrap_or_default();
        let at_us = |hour: u64| (hour + 1).cast_signed() * 60 * MINUTE_US;
        let left = trend.hours_left().filter(|h| phase != Phase::End && *h <= MOST_HOURS);
        let text = self.words(dimension, phase, trend, left);
        let ratio = if self.watched == NOISE { (-trend.level).exp() } else { trend.level.exp() };
        let oddity = Oddity {
            dimension: dimension.to_owned(),
            seen: ratio,
            expected: 1.0,
            text: text.clone(),
            ..Oddity::default()
        };
        Insight {
            id: odd::id(camera, InsightKind::Health, at_us(self.begin), dimension).into(),
            revision: self.revision,
            camera: camera.to_owned(),
            kind: InsightKind::Health.into(),
            phase: phase.into(),
            begin_us: at_us(self.begin),
            // Whole minutes: a pace is not known better.
            end_us: at_us(hour) + (left.unwrap_or(0.0) * 60.0) as i64 * MINUTE_US,
            dimension: dimension.to_owned(),
            oddities: vec![oddity],
            text,
            trainer: TRAINER.to_owned(),
            ..Insight::default()
        }
    }

    fn words(&self, dimension: &str, phase: Phase, trend: &Trend, left: Option<f64>) -> String {
        let noise = self.watched == NOISE;
        let percent = 100.0 * if noise { (-trend.level).exp() } else { trend.level.exp() };
        let name = if dimension == "unit_rate" { "the rate of pictures" } else { dimension };
        let now = format!("{name} is at {percent:.0} % of what is usual at this hour");
        if phase == Phase::End {
            return format!("{now}: that is about the usual again");
        }
        let look_after = LOOK_AFTER.get(self.watched).copied().unwrap_or_default();
        let moves = if noise { "grows" } else { "falls" };
        let failed = if noise { 167 } else { 60 };
        match left {
            Some(h) if h >= 1.0 => {
                format!(
                    "{now} and {moves}; at this pace it is at {failed} % in {h:.0} hours: {look_after}"
                )
            }
            _ => format!("{now}: {look_after}"),
        }
    }
}
