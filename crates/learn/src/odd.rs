//! Odd minutes of one camera as insights: begun, merged, ended.
//!
//! Spec: docs/ref/models.md, "Anomalies"; the id: `Insight` in the proto.

use flumen_base::wire::{Insight, InsightKind, Oddity, Phase};
use flumen_operators::score::alike;
use flumen_operators::{Reader, Writer};
use sha2::{Digest, Sha256};

use crate::cards::TRAINER;

const MINUTE_US: i64 = 60_000_000;
/// Minutes that may lie between odd ones.
pub(crate) const APART: u64 = 5;
const AN_HOUR: u32 = 6;
const MOST_ODDITIES: u32 = 16;

/// What is open of one camera.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Odd {
    open: Option<Open>,
    hour: u64,
    begun: u32,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Open {
    id: Vec<u8>,
    dimension: String,
    revision: u32,
    first: u64,
    last: u64,
    oddities: Vec<Oddity>,
}

fn ratio(odd: &Oddity) -> f64 {
    odd.score / odd.threshold
}

impl Odd {
    /// Takes what is odd in a minute; gives what begins, changes or ends by it.
    pub(crate) fn minute(
        &mut self,
        camera: &str,
        minute: u64,
        mut odd: Vec<Oddity>,
    ) -> Vec<Insight> {
        let mut told = Vec::new();
        let ends =
            |o: &Open| minute > o.last + APART || !odd.is_empty() && !alike(&o.oddities, &odd);
        if self.open.as_ref().is_some_and(ends)
            && let Some(mut open) = self.open.take()
        {
            open.revision += 1;
            told.push(open.record(camera, Phase::End));
        }
        odd.sort_by(|a, b| ratio(b).total_cmp(&ratio(a)));
        let Some(leading) = odd.first() else { return told };
        if let Some(open) = &mut self.open {
            open.last = minute;
            if open.merge(odd) {
                open.revision += 1;
                told.push(open.record(camera, Phase::Update));
            }
            return told;
        }
        if self.hour != minute / 60 {
            (self.hour, self.begun) = (minute / 60, 0);
        }
        if self.begun < AN_HOUR {
            self.begun += 1;
            let dimension = leading.dimension.clone();
            let begin_us = minute.cast_signed() * MINUTE_US;
            let id = id(camera, InsightKind::Anomaly, begin_us, &dimension);
            let open =
                Open { id, dimension, revision: 0, first: minute, last: minute, oddities: odd };
            told.push(open.record(camera, Phase::Begin));
            self.open = Some(open);
        }
        told
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.u64(self.hour);
        to.u32(self.begun);
        to.u8(u8::from(self.open.is_some()));
        let Some(open) = &self.open else { return };
        to.blob(&open.id);
        to.text(&open.dimension);
        to.u32(open.revision);
        to.u64(open.first);
        to.u64(open.last);
        to.u32(open.oddities.len() as u32);
        open.oddities.iter().for_each(|odd| to.message(odd));
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Odd> {
        let (hour, begun) = (from.u64()?, from.u32()?);
        if from.u8()? == 0 {
            return Some(Odd { open: None, hour, begun });
        }
        let (id, dimension) = (from.blob()?.to_vec(), from.text()?);
        let (revision, first, last) = (from.u32()?, from.u64()?, from.u64()?);
        let count = from.u32().filter(|n| *n <= MOST_ODDITIES)?;
        let oddities = (0..count).map(|_| from.message()).collect::<Option<_>>()?;
        let open = Some(Open { id, dimension, revision, first, last, oddities });
        Some(Odd { open, hour, begun })
    }
}

impl Open {
    /// Keeps the oddest of each dimension; true when there is a new one.
    fn merge(&mut self, odd: Vec<Oddity>) -> bool {
        let before = self.oddities.len();
        for one in odd {
            match self.oddities.iter_mut().find(|o| o.dimension == one.dimension) {
                Some(known) if one.score > known.score => *known = one,
                Some(_) => {}
                None => self.oddities.push(one),
            }
        }
        self.oddities.sort_by(|a, b| ratio(b).total_cmp(&ratio(a)));
        self.oddities.len() > before
    }

    fn record(&self, camera: &str, phase: Phase) -> Insight {
        let first = self.oddities.first();
        Insight {
            id: self.id.clone().into(),
            revision: self.revision,
            camera: camera.to_owned(),
            kind: InsightKind::Anomaly.into(),
            phase: phase.into(),
            begin_us: self.first.cast_signed() * MINUTE_US,
            end_us: (self.last + 1).cast_signed() * MINUTE_US,
            dimension: self.dimension.clone(),
            oddities: self.oddities.clone(),
            text: first.map_or_else(String::new, |o| o.text.clone()),
            model_version: first.map_or(0, |o| o.version),
            trainer: TRAINER.to_owned(),
            ..Insight::default()
        }
    }
}

/// The id of an insight.
pub(crate) fn id(camera: &str, kind: InsightKind, begin_us: i64, dimension: &str) -> Vec<u8> {
    let text = format!("{camera}\0{}\0{begin_us}\0{dimension}\0", kind as i32);
    Sha256::digest(text).into_iter().take(16).collect()
}
