//! Light and tone: what reaches the eye from a lit surface, and its YUV samples.
//!
//! Invariants: samples are BT.601 limited range, as cameras of this size send.
//! Units: linear light, 1 = white paper in full sun at exposure 1.
//! Source: K. Narkowicz, "ACES filmic tone mapping curve"; Schlick's Fresnel term.

use crate::body::Look;
use crate::math::{V3, all, cloudy, mix, step, v};

/// The light of a scene.
#[derive(Clone, Debug)]
pub(crate) struct Light {
    /// Towards the sun (indoors: the window).
    pub sun_at: V3,
    pub sun: V3,
    /// How far the sun's edge is from its middle: soft shadows.
    pub spread: f32,
    pub sky_top: V3,
    pub sky_low: V3,
    /// Light from above on a surface that sees the whole sky or ceiling.
    pub fill: V3,
    /// Light that comes up from the ground.
    pub bounce: V3,
    pub exposure: f32,
    pub haze: V3,
    /// Share of the haze a metre.
    pub haze_rate: f32,
}

/// Light from a surface, with and without the sun's own part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub still: V3,
    pub sun: V3,
}

impl Light {
    /// The sky in a direction; below the horizon what the ground gives back.
    pub fn sky(&self, to: V3) -> V3 {
        if to.y < 0.0 {
            return mix(self.sky_low * 0.5, self.bounce, step(0.0, 0.15, -to.y));
        }
        let sun = to.dot(self.sun_at).max(0.0).powi(24);
        let clear = mix(self.sky_low, self.sky_top, to.y.sqrt().min(1.0));
        let cloud =
            step(0.48, 0.75, cloudy(to.x / (to.y + 0.12) * 0.7, to.z / (to.y + 0.12) * 0.7, 71));
        mix(clear, self.sky_low * 1.1, cloud * 0.85) + self.sun * (0.06 * sun)
    }

    /// Light that a surface sends along `-to`; `open` is the share of the sky it sees.
    pub fn shade(&self, look: &Look, n: V3, to: V3, open: f32) -> Seen {
        let around = mix(self.bounce, self.fill, n.y * 0.5 + 0.5) * open;
        let mut seen = Seen {
            still: look.albedo * around + look.glow,
            sun: look.albedo * self.sun * n.dot(self.sun_at).max(0.0),
        };
        if look.gloss > 0.0 {
            let mirror = to.mirrored(n);
            let share = look.gloss + (1.0 - look.gloss) * (1.0 + to.dot(n)).clamp(0.0, 1.0).powi(5);
            seen.still = mix(seen.still, self.sky(mirror) * (0.4 + 0.6 * open), share);
            seen.sun =
                seen.sun + self.sun * (mirror.dot(self.sun_at).max(0.0).powi(90) * share * 5.0);
        }
        seen
    }

    /// The part of a far thing's light that the air takes and replaces.
    pub fn through_air(&self, colour: V3, distance: f32) -> V3 {
        mix(colour, self.haze, 1.0 - (-distance * self.haze_rate).exp())
    }
}

/// Linear light to display values, by table.
pub(crate) struct Tone {
    table: Vec<f32>,
    exposure: f32,
}

const STEPS: f32 = 4095.0;

impl Tone {
    pub fn new(exposure: f32) -> Tone {
        let curve = |i: usize| {
            let share = i as f32 / (STEPS + 1.0);
            let x = share / (1.0 - share) * 0.8;
            let film = (x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14);
            film.clamp(0.0, 1.0).powf(1.0 / 2.2)
        };
        Tone { table: (0..=STEPS as usize).map(curve).collect(), exposure }
    }

    fn one(&self, x: f32) -> f32 {
        let x = (x * self.exposure).max(0.0);
        let place = (x / (1.0 + x) * STEPS) as usize;
        self.table.get(place).copied().unwrap_or(1.0)
    }

    /// Luma and the two chroma samples of linear light.
    pub fn yuv(&self, light: V3) -> V3 {
        let (r, g, b) = (self.one(light.x), self.one(light.y), self.one(light.z));
        v(
            16.0 + 65.481 * r + 128.553 * g + 24.966 * b,
            128.0 - 37.797 * r - 74.203 * g + 112.0 * b,
            128.0 + 112.0 * r - 93.786 * g - 18.214 * b,
        )
    }
}

/// Linear red, green and blue of a colour as people write it, 0xRRGGBB.
pub(crate) fn rgb(hex: u32) -> V3 {
    let one = |shift: u32| ((hex >> shift & 255) as f32 / 255.0).powf(2.2);
    v(one(16), one(8), one(0))
}

/// A grey of that share of white, as people see it.
pub(crate) fn grey(level: f32) -> V3 {
    all(level.powf(2.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_and_white_stay_in_limited_range() {
        let tone = Tone::new(1.0);
        let (black, white) = (tone.yuv(all(0.0)), tone.yuv(all(50.0)));
        assert!((black.x - 16.0).abs() < 0.5 && (white.x - 235.0).abs() < 1.5);
        assert!((white.y - 128.0).abs() < 0.5 && (white.z - 128.0).abs() < 0.5);
        let red = tone.yuv(rgb(0xff0000));
        assert!(red.z > 200.0 && red.y < 128.0);
    }
}
