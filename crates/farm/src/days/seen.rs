//! What an analysis makes of the truth: things missed, boxes that shake, tracks that break, ghosts.
//!
//! Invariants: the constants are those of [`Noise::FITTED`] unless another noise is given.
//! Units: shares of the picture, luma, looks (5 a second), seconds.
//! Source: `flumen farm fit` on a day of pixels; what of it is not taken as it is, and why, stands in
//! docs/design/0015-farm-days.md.

use crate::math::Chance;

/// The noise model of windows that are made from truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Noise {
    /// Chance that somebody in sight is missed in one look.
    pub miss: f32,
    /// Chance in one look that a track breaks and goes on as a new thing.
    pub breaks: f32,
    /// Looks until a thing is told.
    pub told_after: u32,
    /// Looks for which a thing that is not seen is still told.
    pub kept: u32,
    /// Share of a box that is foreground.
    pub fill: f32,
    /// Deviation of a box's edges, as a share of its size.
    pub jitter: f32,
    /// Deviation of a speed, in widths a second.
    pub speed: f32,
    /// False things an hour by clear day; three times as many at night outdoors.
    pub ghosts_per_hour: f32,
    /// Share of the picture that moves when nothing does.
    pub restless: f32,
    /// Deviation of a part of the look from second to second, luma.
    pub look: f32,
    /// Deviation of sharpness, contrast and noise, as a share.
    pub measure: f32,
    /// Deviation of sizes of units, as a share.
    pub bytes: f32,
}

impl Noise {
    /// As fitted on a day of pixels.
    pub const FITTED: Noise = Noise {
        miss: 0.1,
        breaks: 0.0008,
        told_after: 4,
        kept: 5,
        fill: 0.36,
        jitter: 0.1,
        speed: 0.014,
        ghosts_per_hour: 0.6,
        restless: 0.00005,
        look: 0.04,
        measure: 0.007,
        bytes: 0.095,
    };
}

/// About normal, deviation 1, from one draw: the sum of four even 16 bit numbers.
pub(crate) fn bell(chance: &mut Chance) -> f32 {
    let bits = chance.bits();
    let sum = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
    // The sum of four even numbers in 0..65536 has mean 131,070 and deviation 37,837.
    (sum as f32 - 131_070.0) / 37_837.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bell_has_mean_0_and_deviation_1() {
        let mut chance = Chance::new(5);
        let all: Vec<f32> = (0..20_000).map(|_| bell(&mut chance)).collect();
        let mean = all.iter().sum::<f32>() / all.len() as f32;
        let variance = all.iter().map(|v| v * v).sum::<f32>() / all.len() as f32;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
    }
}
