//! Flicker of lamps on the mains, as a rolling shutter shows it: bands that wander.
//!
//! Units: seconds, Hz, shares of the light.

use std::f32::consts::TAU;

use crate::canvas::Canvas;
use crate::math::Chance;

/// Share of the light that the strongest flicker takes and gives.
const DEEPEST: f32 = 0.2;
/// Seconds in which the shutter goes from the first row to the last.
const READOUT_S: f32 = 0.012;

/// A flickering light.
pub(crate) struct Flicker {
    depth: f32,
    /// Twice the frequency of the mains, never exactly what it is called.
    rate_hz: f32,
}

impl Flicker {
    pub fn new(percent: u32, seed: u64) -> Flicker {
        let mut chance = Chance::new(seed ^ 0xf11c);
        let mains = if chance.often(0.6) { 100.0 } else { 120.0 };
        let off = chance.within(0.2, 0.9) * if chance.often(0.5) { 1.0 } else { -1.0 };
        Flicker { depth: DEEPEST * percent as f32 / 100.0, rate_hz: mains + off }
    }

    /// Changes the light of each row, `t` seconds into the clip.
    pub fn draw(&self, canvas: &mut Canvas, t: f32) {
        let (width, rows) = (canvas.width, canvas.height as f32);
        for (y, row) in canvas.y.chunks_exact_mut(width).enumerate() {
            let at = f64::from(t) + f64::from(y as f32 / rows * READOUT_S);
            let phase = (at * f64::from(self.rate_hz)).fract() as f32;
            let gain = 1.0 + self.depth * (TAU * phase).sin();
            for sample in row {
                *sample = (16.0 + (f32::from(*sample) - 16.0) * gain + 0.5).clamp(1.0, 254.0) as u8;
            }
        }
    }
}
