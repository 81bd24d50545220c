//! Rain and snow before the lens.
//!
//! Invariants: who is where in the picture stays as it is: drops and flakes are not objects.
//! Units: shares of the picture's size; seconds.
//! Source: rain is uncorrelated from frame to frame at camera rates (Garg and Nayar 2007);
//! flakes fall slowly enough to be followed.

use std::f32::consts::TAU;

use crate::canvas::Canvas;
use crate::math::Chance;
use crate::options::Weather;

/// Drops of the strongest rain in a picture of 640x360, and flakes of the strongest snow.
const DROPS: f32 = 520.0;
const FLAKES: f32 = 420.0;

/// What falls.
pub(crate) struct Fall {
    kind: Weather,
    strength: f32,
    slant: f32,
    seed: u64,
}

impl Fall {
    pub fn new(kind: Weather, percent: u32, wind: u32, seed: u64) -> Fall {
        let mut chance = Chance::new(seed ^ 0x4a11);
        let side = if chance.often(0.5) { 1.0 } else { -1.0 };
        let slant = side * (0.08 + 0.5 * wind as f32 / 100.0) * chance.within(0.6, 1.2);
        Fall { kind, strength: percent as f32 / 100.0, slant, seed }
    }

    /// Draws it over the picture of frame `number`, `t` seconds into the clip.
    pub fn draw(&self, canvas: &mut Canvas, number: u32, t: f32) {
        self.veil(canvas);
        match self.kind {
            Weather::Rain => self.rain(canvas, number),
            Weather::Snow => self.snow(canvas, t),
        }
    }

    /// Far things lose contrast and colour.
    fn veil(&self, canvas: &mut Canvas) {
        let share = 0.16 * self.strength;
        let air = if self.kind == Weather::Rain { 118.0 } else { 158.0 };
        canvas.y.iter_mut().for_each(|s| *s = (f32::from(*s) * (1.0 - share) + air * share) as u8);
        for plane in [&mut canvas.u, &mut canvas.v] {
            plane.iter_mut().for_each(|s| {
                *s = (f32::from(*s) * (1.0 - share * 2.0) + 256.0 * share + 0.5) as u8
            });
        }
    }

    fn rain(&self, canvas: &mut Canvas, number: u32) {
        let mut chance = Chance::new(self.seed ^ (u64::from(number) << 18) ^ 0x4a12);
        let (w, h) = (canvas.width as f32, canvas.height as f32);
        let count = DROPS * self.strength;
        for _ in 0..count as usize {
            // Most drops are far: short and faint.
            let near = chance.unit().powi(3);
            let (x, y) = (chance.unit() * w, chance.unit() * h * 1.1 - h * 0.1);
            let length = h * (0.025 + 0.11 * near);
            let alpha = 0.16 + 0.3 * near;
            let wide = (h / 360.0 * (0.6 + 1.2 * near)).max(0.5);
            let slant = self.slant + chance.within(-0.03, 0.03);
            let steps = length as usize;
            for k in 0..steps {
                let fade = 1.0 - (2.0 * k as f32 / length - 1.0).powi(2);
                let (px, py) = (x + slant * k as f32, y + k as f32);
                let right = wide as usize;
                for dx in 0..=right {
                    lighten(canvas, px + dx as f32, py, 205.0, alpha * fade * wide.min(1.0));
                }
            }
        }
    }

    fn snow(&self, canvas: &mut Canvas, t: f32) {
        let mut chance = Chance::new(self.seed ^ 0x5a03);
        let (w, h) = (canvas.width as f32, canvas.height as f32);
        for _ in 0..(FLAKES * self.strength) as usize {
            let near = chance.unit().powi(5);
            let radius = h * (0.0028 + 0.022 * near);
            let speed = h * (0.16 + 0.6 * near) * chance.within(0.8, 1.2);
            let (x, y) = (chance.unit() * w, chance.unit() * h);
            let (sway, turn) = (h * chance.within(0.01, 0.03), chance.within(0.0, TAU));
            let (tall, broad) = (h + 4.0 * radius, w + 4.0 * radius);
            let py = (y + speed * t).rem_euclid(tall) - 2.0 * radius;
            let drift = x + self.slant * speed * 1.5 * t + sway * (t * 1.7 + turn).sin();
            let px = drift.rem_euclid(broad) - 2.0 * radius;
            // What is close is out of focus.
            let alpha = 0.9 - 0.55 * near.sqrt();
            disc(canvas, (px, py), radius, 222.0, alpha);
        }
    }
}

/// A soft disc.
fn disc(canvas: &mut Canvas, (cx, cy): (f32, f32), radius: f32, level: f32, alpha: f32) {
    let reach = (radius + 1.5).ceil() as isize;
    for dy in -reach..=reach {
        for dx in -reach..=reach {
            let (px, py) = ((cx as isize + dx) as f32, (cy as isize + dy) as f32);
            let away = ((px + 0.5 - cx).powi(2) + (py + 0.5 - cy).powi(2)).sqrt();
            let share = (radius + 0.7 - away).clamp(0.0, radius.max(1.0)) / radius.max(1.0);
            if share > 0.0 {
                lighten(canvas, px, py, level, alpha * share.min(1.0));
            }
        }
    }
}

/// A sample of luma some way towards `level`.
fn lighten(canvas: &mut Canvas, x: f32, y: f32, level: f32, share: f32) {
    if x < 0.0 || y < 0.0 || x as usize >= canvas.width {
        return;
    }
    if let Some(s) = canvas.y.get_mut(y as usize * canvas.width + x as usize) {
        *s = (f32::from(*s) + (level - f32::from(*s)) * share.clamp(0.0, 1.0)) as u8;
    }
}
