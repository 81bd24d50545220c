//! How one camera's picture usually looks: principal components of its hours.
//!
//! Invariants: hours are of UTC; a fit holds whole hours alone.
//! Spec: docs/ref/models.md, `appearance` and "Training" 5.
//! Source: eigenpictures: Turk and Pentland, "Eigenfaces for recognition", 1991.

use std::collections::VecDeque;

use flumen_base::wire::{self, Minute};
use flumen_operators::score::Appearance;
use flumen_operators::{Reader, Writer};
use nalgebra::{SMatrix, SVector, SymmetricEigen};

const PARTS: usize = 32;
type Look = SVector<f64, PARTS>;

/// Hours that a fit looks back on, and those it needs.
const MOST: usize = 96;
const ENOUGH: usize = 24;
/// Minutes of an hour that count as one.
const WHOLE: u32 = 20;
/// Directions, and the least variance of one.
const DIRECTIONS: usize = 4;
const LEAST: f64 = 1e-9;
/// Hours between fits.
const EVERY: u64 = 6;
const SAMPLES: usize = 8;

/// Hours of one camera and what they come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Looks {
    pub model: Option<Appearance>,
    pub record: wire::Appearance,
    /// Minutes for golden vectors.
    pub samples: VecDeque<Minute>,
    pub versions: VecDeque<u64>,
    hours: VecDeque<Look>,
    hour: u64,
    sum: Look,
    minutes: u32,
    last: Option<Minute>,
}

impl Looks {
    /// How far a minute is from the usual looks; 0 while nothing is known.
    pub(crate) fn score(&self, minute: &Minute) -> f64 {
        self.model.as_ref().map_or(0.0, |model| model.score(minute))
    }

    /// Learns from a minute; true when the model is a new one.
    pub(crate) fn learn(&mut self, minute: &Minute, usual: bool, turn: u64) -> bool {
        let hour = minute.minute / 60;
        let ended = hour != self.hour;
        if ended {
            self.end_hour();
            self.hour = hour;
        }
        if let Some(look) = Appearance::look(minute).filter(|_| usual) {
            self.sum += Look::from(look);
            self.minutes += 1;
            self.last = Some(minute.clone());
        }
        ended && hour % EVERY == turn % EVERY && self.fit()
    }

    fn end_hour(&mut self) {
        if self.minutes >= WHOLE {
            keep(&mut self.hours, self.sum / f64::from(self.minutes), MOST);
            if let Some(sample) = self.last.take() {
                keep(&mut self.samples, sample, SAMPLES);
            }
        }
        (self.sum, self.minutes) = (Look::zeros(), 0);
    }

    fn fit(&mut self) -> bool {
        if self.hours.len() < ENOUGH {
            return false;
        }
        let count = self.hours.len() as f64;
        let mean: Look = self.hours.iter().sum::<Look>() / count;
        let mut covariance = SMatrix::<f64, PARTS, PARTS>::zeros();
        for hour in &self.hours {
            let d = hour - mean;
            covariance += d * d.transpose() / (count - 1.0);
        }
        let eigen = SymmetricEigen::new(covariance);
        let mut by_size: Vec<_> =
            eigen.eigenvalues.iter().copied().zip(eigen.eigenvectors.column_iter()).collect();
        by_size.sort_by(|a, b| b.0.total_cmp(&a.0));
        let directions = by_size.iter().take(DIRECTIONS).filter(|(size, _)| *size > LEAST);
        self.record = wire::Appearance {
            mean: mean.iter().copied().collect(),
            directions: directions.flat_map(|(_, u)| u.iter().copied()).collect(),
        };
        self.model = Appearance::of(&self.record);
        self.model.is_some()
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.message(&self.record);
        to.u64(self.hour);
        to.u32(self.minutes);
        self.sum.iter().for_each(|v| to.f64(*v));
        to.u32(self.hours.len() as u32);
        self.hours.iter().flat_map(Look::iter).for_each(|v| to.f64(*v));
        let minutes: Vec<_> = self.samples.iter().chain(&self.last).collect();
        to.u8(u8::from(self.last.is_some()));
        to.u32(minutes.len() as u32);
        minutes.iter().for_each(|minute| to.message(*minute));
        to.u32(self.versions.len() as u32);
        self.versions.iter().for_each(|v| to.u64(*v));
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Looks> {
        let record: wire::Appearance = from.message()?;
        let mut it = Looks { model: Appearance::of(&record), record, ..Looks::default() };
        (it.hour, it.minutes) = (from.u64()?, from.u32()?);
        it.sum = look(from)?;
        let count = from.u32().filter(|n| *n as usize <= MOST)?;
        it.hours = (0..count).map(|_| look(from)).collect::<Option<_>>()?;
        let last = from.u8()? != 0;
        let count = from.u32().filter(|n| *n as usize <= SAMPLES + 1)?;
        it.samples = (0..count).map(|_| from.message()).collect::<Option<_>>()?;
        it.last = if last { it.samples.pop_back() } else { None };
        let count = from.u32().filter(|n| *n <= 64)?;
        it.versions = (0..count).map(|_| from.u64()).collect::<Option<_>>()?;
        Some(it)
    }
}

fn look(from: &mut Reader<'_>) -> Option<Look> {
    let mut look = Look::zeros();
    for v in &mut look {
        *v = from.f64()?;
    }
    Some(look)
}

/// Puts one at the end; the oldest goes when there are too many.
fn keep<T>(list: &mut VecDeque<T>, one: T, most: usize) {
    if list.len() == most {
        list.pop_front();
    }
    list.push_back(one);
}
