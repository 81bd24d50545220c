//! What is told of usual paths.

use flumen_base::wire::{self, Insight, InsightKind, Phase, patterns};

use super::{Mined, Patterns};
use crate::cards::TRAINER;
use crate::odd;

const DAY_US: i64 = 86_400_000_000;
const ROWS: [&str; 3] = ["top", "middle", "bottom"];
const COLUMNS: [&str; 4] = ["left", "centre left", "centre right", "right"];

/// A place in words.
fn name(place: u8) -> String {
    let row = ROWS.get(usize::from(place / 4)).copied().unwrap_or_default();
    let column = COLUMNS.get(usize::from(place % 4)).copied().unwrap_or_default();
    format!("{row} {column}")
}

impl Mined {
    /// Parameters of a card.
    pub(crate) fn card(&self) -> wire::Patterns {
        let path = |(way, share): &(Vec<u8>, f64)| patterns::Path {
            places: way.iter().map(|p| u32::from(*p)).collect(),
            support: *share,
        };
        wire::Patterns { paths: self.paths.iter().map(path).collect() }
    }
}

impl Patterns {
    /// The insight of a path that was not usual before.
    pub(crate) fn insight(&self, camera: &str, mined: &Mined) -> Option<Insight> {
        let (way, share) = mined.new.as_ref()?;
        let begin_us = mined.day.cast_signed() * DAY_US;
        let names: Vec<String> = way.iter().map(|place| name(*place)).collect();
        Some(Insight {
            id: odd::id(camera, InsightKind::Pattern, begin_us, "path").into(),
            camera: camera.to_owned(),
            kind: InsightKind::Pattern.into(),
            phase: Phase::End.into(),
            begin_us,
            end_us: begin_us,
            dimension: "path".to_owned(),
            places: way.iter().map(|p| u32::from(*p)).collect(),
            support: *share,
            text: format!(
                "a path that is usual now and was not: {} ({:.0} % of the visits)",
                names.join(", "),
                100.0 * share
            ),
            model_version: self.versions.back().copied().unwrap_or(0),
            trainer: TRAINER.to_owned(),
            ..Insight::default()
        })
    }
}
