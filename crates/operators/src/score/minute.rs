//! A minute of one camera, as its windows come.
//!
//! Invariants: what a minute is made of only grows while it lasts; only good windows count.
//! Spec: docs/ref/models.md, "Minutes".

use flumen_base::wire::{Minute, Window};

use super::features::{at, is_busy, is_good, local_s, value};
use crate::state::{Reader, Writer};

const MINUTE_US: i64 = 60_000_000;
const CELLS: usize = 48;
const WAYS: usize = 96;
const LOOKS: usize = 32;
/// Brightness, contrast, sharpness, noise, rates of units and bytes.
const MEANS: [usize; 6] =
    [at::BRIGHTNESS, at::CONTRAST, at::SHARPNESS, at::NOISE, at::UNIT_RATE, at::BYTE_RATE];
/// Share of a part that moves, and of a heading, that counts.
const MOVES: f64 = 0.05;
const LEADS: f64 = 0.5;
/// Monday 5 January 1970, in hours.
const FIRST_MONDAY_H: i64 = 4 * 24;

/// The minute of UTC in which a window begins, since 1970.
#[must_use]
pub fn minute_of(window: &Window) -> u64 {
    window.begin_us.div_euclid(MINUTE_US).max(0).cast_unsigned()
}

/// Hour of the week of a window's local time: 0 = Monday 0:00.
fn hour_of_week(window: &Window) -> u32 {
    (local_s(window).div_euclid(3600) - FIRST_MONDAY_H).rem_euclid(168) as u32
}

/// Hour of the day of an hour of the week.
#[must_use]
pub fn day_hour(hour_of_week: u32) -> usize {
    hour_of_week as usize % 24
}

/// The third largest of what it saw, so that a score has to hold for three windows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Third([f64; 3]);

impl Third {
    /// Takes a score.
    pub fn add(&mut self, score: f64) {
        let mut next = score;
        for best in &mut self.0 {
            if next > *best {
                std::mem::swap(best, &mut next);
            }
        }
    }

    /// The third largest; 0 before there are three.
    #[must_use]
    pub fn value(&self) -> f64 {
        self.0[2]
    }

    /// Writes it.
    pub fn save(&self, to: &mut Writer) {
        self.0.iter().for_each(|v| to.f64(*v));
    }

    /// Reads what `save` wrote.
    pub fn load(from: &mut Reader<'_>) -> Option<Third> {
        Some(Third([from.f64()?, from.f64()?, from.f64()?]))
    }
}

/// A minute that may still grow.
#[derive(Clone, Debug, PartialEq)]
pub struct MinuteSoFar {
    record: Minute,
    /// Most things of the windows, and second most.
    most: [f64; 2],
    look: [f64; LOOKS],
    means: [f64; MEANS.len()],
}

impl MinuteSoFar {
    /// An empty minute of a camera.
    #[must_use]
    pub fn new(camera: &str, minute: u64) -> MinuteSoFar {
        let record = Minute {
            camera: camera.to_owned(),
            minute,
            cells: vec![0; CELLS],
            ways: vec![0; WAYS],
            ..Minute::default()
        };
        MinuteSoFar { record, most: [0.0; 2], look: [0.0; LOOKS], means: [0.0; MEANS.len()] }
    }

    /// Minutes since 1970.
    #[must_use]
    pub fn minute(&self) -> u64 {
        self.record.minute
    }

    /// Takes a window; one that is not good changes nothing.
    pub fn add(&mut self, window: &Window) {
        if !is_good(window) {
            return;
        }
        if self.record.seen == 0 {
            self.record.hour_of_week = hour_of_week(window);
        }
        self.record.seen += 1;
        self.record.entries += value(window, at::THINGS_NEW) as u32;
        self.record.dwell_s = self.record.dwell_s.max(value(window, at::DWELL_MOST));
        let things = value(window, at::THINGS_MOST);
        if things > self.most[0] {
            self.most = [things, self.most[0]];
        } else if things > self.most[1] {
            self.most[1] = things;
        }
        for (i, sum) in self.look.iter_mut().enumerate() {
            *sum += value(window, at::LOOK + i);
        }
        for (sum, place) in self.means.iter_mut().zip(MEANS) {
            *sum += value(window, place);
        }
        if is_busy(window) {
            self.busy(window);
        }
    }

    fn busy(&mut self, window: &Window) {
        self.record.busy += 1;
        for (i, count) in self.record.cells.iter_mut().enumerate() {
            *count += u32::from(value(window, at::ACTIVITY + i) >= MOVES);
        }
        if value(window, at::THINGS_MOST) > 2.0 {
            return;
        }
        let leads = (0..8).find(|k| value(window, at::HEADING + k) >= LEADS);
        let part = |at, parts: f64| (value(window, at) * parts).clamp(0.0, parts - 1.0) as usize;
        let place = 4 * part(at::FOOT_Y, 3.0) + part(at::FOOT_X, 4.0);
        if let Some(count) = leads.and_then(|k| self.record.ways.get_mut(8 * place + k)) {
            *count += 1;
        }
    }

    /// What has come so far, as a record.
    #[must_use]
    pub fn record(&self) -> Minute {
        let n = f64::from(self.record.seen.max(1));
        let [brightness, contrast, sharpness, noise, unit_rate, byte_rate] =
            self.means.map(|sum| sum / n);
        Minute {
            things: self.most[1] as u32,
            look: self.look.iter().map(|sum| sum / n).collect(),
            brightness,
            contrast,
            sharpness,
            noise,
            unit_rate,
            byte_rate,
            ..self.record.clone()
        }
    }

    /// Writes it.
    pub fn save(&self, to: &mut Writer) {
        to.message(&self.record);
        let sums = self.most.iter().chain(&self.look).chain(&self.means);
        sums.for_each(|v| to.f64(*v));
    }

    /// Reads what `save` wrote.
    pub fn load(from: &mut Reader<'_>) -> Option<MinuteSoFar> {
        let record: Minute = from.message()?;
        let mut minute = MinuteSoFar::new(&record.camera, record.minute);
        let fits = record.cells.len() == CELLS && record.ways.len() == WAYS;
        minute.record = fits.then_some(record)?;
        let sums = minute.most.iter_mut().chain(&mut minute.look).chain(&mut minute.means);
        for v in sums {
            *v = from.f64()?;
        }
        Some(minute)
    }
}
