//! Simulated days of cameras: who comes when, by a rhythm of hours and days of the week, on usual
//! ways, with planted anomalies, changes of the clocks and cameras that fail; all with its truth.
//!
//! Invariants: the same [`DaysSpec`] gives the same visits, the same truth and the same windows;
//! time is simulated: no clock of the machine is read. Days begin and end at local midnight.
//! Units: microseconds of UTC; visits an hour; places 0 to 11 (three rows of four).
//! Not here: the camera's clips (`clip`), learning and its scores (`learn`, `lab`).
//! Source: docs/design/0015-farm-days.md.

mod camera;
mod clock;
mod drift;
mod files;
mod fit;
mod layout;
mod light;
mod paint;
mod pixels;
mod plant;
mod planted;
mod rhythm;
mod seen;
mod sight;
mod stream;
mod things;
mod values;
mod visit;

#[cfg(test)]
mod tests;

use flumen_base::{Error, Result};
use serde::{Deserialize, Serialize};

pub use camera::CameraDays;
pub use drift::{Drift, Failing};
pub use files::{WindowFile, WindowReader, create_windows, write_truth, write_windows};
pub use fit::fit;
pub use pixels::PixelDay;
pub use plant::{Anomaly, Kind};
pub use seen::Noise;
pub use stream::Windows;
pub use values::{DIMENSIONS, NAMED, SCHEMA};

use clock::LocalClock;

/// The most cameras and days.
const MOST: (u32, u32) = (2000, 400);

/// What days to make.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct DaysSpec {
    /// All that is drawn by chance follows from it.
    pub seed: u64,
    /// How many cameras: lobby, street and yard in turn.
    pub cameras: u32,
    /// The first day, as YYYY-MM-DD.
    pub from: String,
    /// How many days.
    pub days: u32,
    /// IANA name of the cameras' time zone.
    pub time_zone: String,
    /// The group that they are learned with; empty = "site".
    pub group: String,
    /// Days at the beginning without anomalies.
    pub quiet_days: u32,
    /// Anomalies a camera-day after that.
    pub per_day: u32,
    /// Which kinds; empty = the named ones.
    pub kinds: Vec<Kind>,
    /// Each fourth camera drifts towards failure.
    pub drift: bool,
}

impl DaysSpec {
    /// A week of three cameras in Berlin: three quiet days first, and the clocks change on the last.
    pub fn new(seed: u64) -> DaysSpec {
        DaysSpec {
            seed,
            cameras: 3,
            from: "2026-03-23".into(),
            days: 7,
            time_zone: "Europe/Berlin".into(),
            group: String::new(),
            quiet_days: 3,
            per_day: 2,
            kinds: Vec::new(),
            drift: true,
        }
    }

    /// As many days, up to the midnight before `now_us`.
    ///
    /// # Errors
    /// `Invalid` for what is no time zone.
    pub fn before(self, now_us: i64) -> Result<DaysSpec> {
        let from = LocalClock::new(&self.time_zone)?.date(now_us, self.days)?;
        Ok(DaysSpec { from, ..self })
    }

    /// First and last moment of all days.
    fn span_us(&self, clock: &LocalClock) -> Result<(i64, i64)> {
        Ok((clock.midnight_us(&self.from, 0)?, clock.midnight_us(&self.from, self.days)?))
    }

    fn check(&self) -> Result<()> {
        let fits = (1..=MOST.0).contains(&self.cameras) && (1..=MOST.1).contains(&self.days);
        if !fits || self.per_day > 8 {
            return Err(Error::invalid(format!(
                "farm days: {} cameras, {} days, {} anomalies a day; make 1 to {} cameras, 1 to {} days and 0 to 8 anomalies",
                self.cameras, self.days, self.per_day, MOST.0, MOST.1
            )));
        }
        Ok(())
    }
}

/// One hour of a camera.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hour {
    /// When it begins.
    pub begin_us: i64,
    /// Monday 0:00 local time is 0.
    pub hour_of_week: u32,
    /// Seconds that local time is ahead of UTC.
    pub local_offset_s: i32,
    /// Visits that are to be expected in it: what an oracle of forecasts knows.
    pub rate: f64,
    /// Visits that begin in it.
    pub visits: u64,
    /// Things that its windows told for the first time; 0 until the windows are made.
    pub entries: u64,
}

/// A usual way through the picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Path {
    /// Its name.
    pub name: String,
    /// Places in the order in which they are passed.
    pub places: Vec<u32>,
    /// Where the feet are, each second, in thousandths of the picture.
    pub feet: Vec<[u32; 2]>,
    /// Visits that took it.
    pub visits: u64,
    /// Of all visits.
    pub share: f64,
}

/// The days of all cameras.
#[derive(Debug)]
pub struct Days {
    /// What was asked for.
    pub spec: DaysSpec,
    /// The cameras.
    pub cameras: Vec<CameraDays>,
    begin_us: i64,
    end_us: i64,
    /// The end of the days that are left quiet.
    scored_from_us: i64,
}

impl Days {
    /// Draws the days.
    ///
    /// # Errors
    /// `Invalid` for what is no date, no time zone or beyond the limits.
    pub fn new(spec: &DaysSpec) -> Result<Days> {
        spec.check()?;
        let clock = LocalClock::new(&spec.time_zone)?;
        let (begin_us, end_us) = spec.span_us(&clock)?;
        let scored_from_us = clock.midnight_us(&spec.from, spec.quiet_days.min(spec.days))?;
        let cameras = (0..spec.cameras)
            .map(|index| CameraDays::new(spec, &clock, index))
            .collect::<Result<_>>()?;
        Ok(Days { spec: spec.clone(), cameras, begin_us, end_us, scored_from_us })
    }

    /// First moment of the first day and of the day after the last.
    pub fn span_us(&self) -> (i64, i64) {
        (self.begin_us, self.end_us)
    }

    /// The windows of all cameras, second by second and in a second camera by camera.
    pub fn windows(&self) -> Windows<'_> {
        Windows::new(self, &Noise::FITTED)
    }

    /// The same through another noise.
    pub fn windows_through(&self, noise: &Noise) -> Windows<'_> {
        Windows::new(self, noise)
    }

    /// From which a camera's light and noise follow.
    pub(crate) fn noise_seed(&self, index: u64) -> u64 {
        self.spec.seed ^ (index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    /// Takes over how many entries the windows told in each hour, by camera.
    pub fn count(&mut self, entries: &[Vec<u64>]) {
        for (camera, counts) in self.cameras.iter_mut().zip(entries) {
            camera.hours.iter_mut().zip(counts).for_each(|(hour, count)| hour.entries = *count);
        }
    }
}
