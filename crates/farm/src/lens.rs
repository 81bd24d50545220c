//! Insects on the lens: dark, out of focus, walking about.
//!
//! Invariants: what an insect hides is not scored, what lies beside it is; an insect is not an
//! object.
//! Units: shares of the picture's width; seconds.

use std::f32::consts::TAU;

use crate::SceneSpec;
use crate::canvas::Canvas;
use crate::math::{Chance, noise2, step};

/// One visit of an insect.
struct Visit {
    from: f32,
    to: f32,
    seed: i32,
    radius: f32,
    long: f32,
    alpha: f32,
    place: (f32, f32),
}

/// All insects of a clip.
pub(crate) struct Insects(Vec<Visit>);

impl Insects {
    pub fn new(spec: &SceneSpec) -> Insects {
        let mut chance = Chance::new(spec.seed ^ 0x1e45);
        let seconds = spec.frames as f32 / spec.frame_rate_hz as f32;
        let visit = |_| {
            let long = chance.within(3.0, 9.0).min(seconds / 2.0);
            let from = chance.within(0.0, seconds - long);
            Visit {
                from,
                to: from + long,
                seed: chance.below(10_000) as i32,
                radius: chance.within(0.025, 0.06),
                long: chance.within(1.3, 2.2),
                alpha: chance.within(0.6, 0.9),
                place: (chance.within(0.15, 0.85), chance.within(0.1, 0.45)),
            }
        };
        Insects((0..spec.options.insects).map(visit).collect())
    }

    /// From when to when each is there.
    pub fn spans(&self) -> impl Iterator<Item = (f32, f32)> + '_ {
        self.0.iter().map(|v| (v.from, v.to))
    }

    /// Draws those that are there `t` seconds into the clip.
    pub fn draw(&self, canvas: &mut Canvas, t: f32) {
        for visit in self.0.iter().filter(|v| (v.from..v.to).contains(&t)) {
            visit.draw(canvas, t);
        }
    }
}

impl Visit {
    /// It walks, stops, and turns.
    fn at(&self, t: f32) -> (f32, f32, f32) {
        let t = t - self.from;
        // Walking comes in bursts.
        let walked = t + 0.9 * (t * 1.9).sin() / 1.9;
        let x = self.place.0 + 0.5 * (noise2(walked * 0.5, 3.0, self.seed) - 0.5);
        let y = self.place.1 + 0.5 * (noise2(walked * 0.5, 9.0, self.seed) - 0.5);
        (x, y, noise2(walked * 0.7, 5.0, self.seed) * TAU)
    }

    fn draw(&self, canvas: &mut Canvas, t: f32) {
        let (w, h) = (canvas.width as f32, canvas.height as f32);
        let (x, y, turn) = self.at(t);
        let (cx, cy, r) = (x * w, y * w.min(h * 1.8), self.radius * w);
        // It lands and flies off within a fifth of a second.
        let there = step(0.0, 0.2, t - self.from) * step(0.0, 0.2, self.to - t);
        let (sin, cos) = turn.sin_cos();
        let reach = r * self.long * 1.3;
        let rows =
            (cy - reach).max(0.0) as usize..((cy + reach).max(0.0) as usize).min(canvas.height);
        for py in rows {
            let columns =
                (cx - reach).max(0.0) as usize..((cx + reach).max(0.0) as usize).min(canvas.width);
            for px in columns {
                let (dx, dy) = (px as f32 - cx, py as f32 - cy);
                let (a, b) = ((dx * cos + dy * sin) / (r * self.long), (dy * cos - dx * sin) / r);
                let away = (a * a + b * b).sqrt();
                let alpha = self.alpha * there * (1.0 - step(0.45, 1.2, away));
                if alpha > 0.01 {
                    shade(canvas, px, py, alpha);
                }
            }
        }
    }
}

fn shade(canvas: &mut Canvas, x: usize, y: usize, alpha: f32) {
    let i = y * canvas.width + x;
    if let Some(s) = canvas.y.get_mut(i) {
        *s = (f32::from(*s) * (1.0 - alpha) + 34.0 * alpha) as u8;
    }
    if alpha > 0.5 {
        canvas.hidden.push(i);
    }
    if x.is_multiple_of(2) && y.is_multiple_of(2) {
        let c = y / 2 * (canvas.width / 2) + x / 2;
        for (plane, level) in [(&mut canvas.u, 122.0), (&mut canvas.v, 134.0)] {
            plane.get_mut(c).into_iter().for_each(|s| {
                *s = (f32::from(*s) * (1.0 - alpha) + level * alpha) as u8;
            });
        }
    }
}
