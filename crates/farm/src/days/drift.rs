//! A camera that goes towards failure: less sharp, darker, or fewer packets from hour to hour.
//!
//! Invariants: the damage is 0 before the drift begins, grows all the time, and is 1 from the failure on.
//! Units: microseconds of UTC; damage is a share.

use serde::Serialize;

use crate::days::DaysSpec;
use crate::math::Chance;

const HOUR_US: f64 = 3_600_000_000.0;
/// The shortest range of days in which a camera can drift.
pub(crate) const LEAST_DAYS: u32 = 4;

/// What fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failing {
    /// The lens goes out of focus.
    Sharpness,
    /// The picture goes dark.
    Brightness,
    /// Packets get lost.
    PacketRate,
}

impl Failing {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Failing::Sharpness => "sharpness",
            Failing::Brightness => "brightness",
            Failing::PacketRate => "packet-rate",
        }
    }
}

/// A drift from its begin to failure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// What fails.
    pub failing: Failing,
    /// When it begins.
    pub begin_us: i64,
    /// When the camera is of no more use.
    pub fails_us: i64,
}

impl Drift {
    /// Each fourth camera drifts in its last days, when there are days enough.
    pub(crate) fn draw(
        spec: &DaysSpec,
        index: u32,
        (begin, end): (i64, i64),
        chance: &mut Chance,
    ) -> Option<Drift> {
        if !spec.drift || index % 4 != 3 || spec.days < LEAST_DAYS {
            return None;
        }
        let failing = *[Failing::Sharpness, Failing::Brightness, Failing::PacketRate]
            .get(index as usize / 4 % 3)?;
        let fails_us = end - (f64::from(chance.within(1.0, 10.0)) * HOUR_US) as i64;
        let lasts = f64::from(chance.within(30.0, 60.0)) * HOUR_US;
        Some(Drift { failing, begin_us: (fails_us - lasts as i64).max(begin), fails_us })
    }

    /// How far it has come: 0 to 1.
    pub fn damage(&self, at_us: i64) -> f32 {
        let whole = (self.fails_us - self.begin_us).max(1) as f64;
        ((at_us - self.begin_us) as f64 / whole).clamp(0.0, 1.0) as f32
    }
}
