//! The camera's own part: exposure that drifts and the noise of its sensor.
//!
//! Invariants: the noise of a frame follows from seed and frame number alone.

use crate::canvas::Canvas;
use crate::math::Chance;

const TILE: usize = 1 << 15;
/// Standard deviation of luma noise in grey levels, before the dark gains on the bright.
const SIGMA: f32 = 1.6;

/// A sensor.
pub(crate) struct Sensor {
    seed: u64,
    noise: Vec<i8>,
}

impl Sensor {
    pub fn new(seed: u64) -> Sensor {
        let mut chance = Chance::new(seed ^ 0x5e50);
        let mut last = 0.0;
        // A camera's own cleaning leaves neighbours alike.
        let noise = (0..TILE)
            .map(|_| {
                let bell: f32 = (0..6).map(|_| chance.unit() - 0.5).sum::<f32>() * 1.41;
                last = 0.35 * last + 0.94 * bell;
                (last * SIGMA * 16.0).clamp(-127.0, 127.0) as i8
            })
            .collect();
        Sensor { seed, noise }
    }

    /// Sets the exposure and adds the noise of frame `number`.
    pub fn expose(&self, canvas: &mut Canvas, number: u32, gain: f32) {
        let table: Vec<u8> = (0..=255u32)
            .map(|y| (16.0 + (y as f32 - 16.0) * gain + 0.5).clamp(16.0, 240.0) as u8)
            .collect();
        let mut chance = Chance::new(self.seed ^ (u64::from(number) << 20));
        let width = canvas.width;
        for row in canvas.y.chunks_exact_mut(width) {
            let noise = self.row(&mut chance, width);
            for (sample, n) in row.iter_mut().zip(noise) {
                let level = table.get(usize::from(*sample)).copied().unwrap_or(*sample);
                *sample = noisy(level, *n, 4);
            }
        }
        for plane in [&mut canvas.u, &mut canvas.v] {
            for row in plane.chunks_exact_mut(width / 2) {
                for (sample, n) in row.iter_mut().zip(self.row(&mut chance, width / 2)) {
                    *sample = noisy(*sample, *n, 5);
                }
            }
        }
    }

    fn row(&self, chance: &mut Chance, width: usize) -> &[i8] {
        let start = chance.below(TILE.saturating_sub(width));
        self.noise.get(start..).unwrap_or(&[])
    }
}

fn noisy(level: u8, noise: i8, shift: u32) -> u8 {
    let half = 1 << (shift - 1);
    (i16::from(level) + ((i16::from(noise) + half) >> shift)).clamp(1, 254) as u8
}
