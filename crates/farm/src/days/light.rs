//! The light of a place by time of day, and what its camera makes of it.
//!
//! Invariants: a pure function of camera, light and time.
//! Units: light as a share of that of a clear day; luma.

use crate::days::values::{self as at, LOOK, Values};
use crate::math::{Chance, noise2, step};

/// What is left of daylight at night under lamps.
const NIGHT: f32 = 0.3;
/// What is left in a hall when its lamps are off.
const OFF: f32 = 0.4;
const LOOKS: usize = LOOK.0 * LOOK.1;

/// The light at a second of the local day; `day` tells one day's clouds from another's.
pub(crate) fn light(indoors: bool, second_of_day: u32, (day, seed): (i32, i32)) -> f32 {
    let hour = second_of_day as f32 / 3600.0;
    let clouds = noise2(hour * 2.5, day as f32 * 7.3, seed);
    let sun = step(6.0, 8.2, hour) * (1.0 - step(18.3, 20.6, hour));
    if indoors {
        let on = step(5.9, 6.0, hour) * (1.0 - step(21.9, 22.0, hour));
        return OFF + (0.9 - OFF) * on + (0.04 + 0.1 * clouds) * sun;
    }
    NIGHT + (1.0 - NIGHT) * sun * (0.72 + 0.28 * clouds)
}

/// What a camera's picture measures when nothing moves in it, by clear daylight.
#[derive(Clone, Debug)]
pub(crate) struct View {
    look: [f32; LOOKS],
    contrast: f32,
    sharpness: f32,
    noise: f32,
    colour: (f32, f32),
    key_bytes: f32,
    other_bytes: f32,
}

/// What is done to a view.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Harm {
    pub blur: f32,
    pub dark: f32,
}

impl View {
    pub fn draw(chance: &mut Chance) -> View {
        let mut look = [0.0; LOOKS];
        for (i, cell) in look.iter_mut().enumerate() {
            // Sky or ceiling above, ground below.
            let row = [165.0, 105.0, 112.0, 122.0].get(i / LOOK.1).copied().unwrap_or(110.0);
            *cell = row + chance.within(-28.0, 28.0);
        }
        View {
            look,
            contrast: chance.within(38.0, 56.0),
            sharpness: chance.within(5.5, 9.0),
            noise: chance.within(1.0, 1.8),
            colour: (chance.within(119.0, 126.0), chance.within(127.0, 135.0)),
            key_bytes: chance.within(9_000.0, 15_000.0),
            other_bytes: chance.within(500.0, 1_100.0),
        }
    }

    /// Writes what the picture measures; `extra` is the look of what stands in it besides.
    pub fn tell(&self, light: f32, harm: Harm, extra: &[f32; LOOKS], out: &mut Values) {
        let light = light * (1.0 - 0.8 * harm.dark);
        let shown = 0.18 + 0.82 * light;
        let mut sum = 0.0;
        for (i, (base, more)) in self.look.iter().zip(extra).enumerate() {
            let value = (base * shown + more).clamp(16.0, 240.0);
            out.set(at::LOOKS + i, value);
            sum += value;
        }
        let brightness = sum / LOOKS as f32;
        out.set(at::BRIGHTNESS, brightness);
        out.set(at::CONTRAST, self.contrast * shown * (1.0 - 0.35 * harm.blur));
        out.set(at::SHARPNESS, self.sharpness * (0.35 + 0.65 * light) * (1.0 - 0.8 * harm.blur));
        out.set(at::NOISE, self.noise + 2.6 * (1.0 - light).max(0.0));
        out.set(at::FLAT, 0.01 + 0.05 * (1.0 - light).max(0.0) + 0.1 * harm.blur);
        out.set(at::VIEW_KEPT, (0.99 - 0.55 * harm.blur - 0.5 * harm.dark).clamp(0.0, 1.0));
        let (u, v) = self.colour;
        out.set(at::COLOUR_U, 128.0 + (u - 128.0) * shown);
        out.set(at::COLOUR_V, 128.0 + (v - 128.0) * shown);
        let detail = (0.5 + 0.5 * light) * (1.0 - 0.6 * harm.blur);
        out.set(at::KEY_BYTES, self.key_bytes * detail);
        out.set(at::OTHER_BYTES, self.other_bytes * (0.6 + 0.4 * detail) + 250.0 * (1.0 - light));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nights_are_dark_and_noons_bright() {
        for day in 0..20 {
            let (night, noon) =
                (light(false, 2 * 3600, (day, 4)), light(false, 12 * 3600, (day, 4)));
            assert!(night < 0.35 && noon > 0.6 && noon <= 1.0, "{night} {noon}");
            assert!(
                light(true, 3 * 3600, (day, 4)) < 0.5 && light(true, 9 * 3600, (day, 4)) > 0.85
            );
        }
    }
}
