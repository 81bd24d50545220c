//! Tampering: what is left of the picture while somebody, or a fault, blinds the camera.
//!
//! Invariants: a tampered frame is a pure function of its number; a frame outside the spans
//! is not touched; nothing of a tampered frame is scored.
//! Units: frames; pixels; grey levels.
//! Not here: `freeze`, `camera-moved` and `scene-cut`, which show another frame or another
//! place (`render`).

use crate::SceneSpec;
use crate::canvas::Canvas;
use crate::math::{Chance, noise2, step};
use crate::options::Tamper;

/// Seconds in which a hand turns the lens or lays something over it.
const HAND_S: f32 = 0.5;

/// A span of tampering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spell {
    pub kind: Tamper,
    pub first: u32,
    pub last: u32,
}

/// All tampering of a scene.
pub(crate) struct Tampering {
    pub spells: Vec<Spell>,
    seed: u64,
    frame_rate_hz: f32,
}

impl Tampering {
    pub fn new(spec: &SceneSpec) -> Tampering {
        let spell = |(kind, span): &(Tamper, crate::Span)| {
            let (first, last) = span.frames(spec.frame_rate_hz);
            Spell { kind: *kind, first, last: last.min(spec.frames.saturating_sub(1)) }
        };
        let spells = spec.options.tamper.iter().map(spell).filter(|s| s.first <= s.last).collect();
        Tampering { spells, seed: spec.seed, frame_rate_hz: spec.frame_rate_hz as f32 }
    }

    /// What is done to a frame.
    pub fn at(&self, number: u32) -> Option<Spell> {
        self.spells.iter().find(|s| (s.first..=s.last).contains(&number)).copied()
    }

    /// True when a kind occurs.
    pub fn any(&self, kind: Tamper) -> bool {
        self.spells.iter().any(|s| s.kind == kind)
    }

    /// Spoils the picture of frame `number`.
    pub fn spoil(&self, spell: Spell, number: u32, canvas: &mut Canvas) {
        let after = (number - spell.first + 1) as f32 / self.frame_rate_hz;
        let before = (spell.last - number + 1) as f32 / self.frame_rate_hz;
        let share = step(0.0, HAND_S, after) * step(0.0, HAND_S, before);
        let mut chance = Chance::new(self.seed ^ (u64::from(spell.first) << 24) ^ 0x7a3);
        match spell.kind {
            Tamper::LightOff => dim(canvas, chance.within(0.07, 0.16)),
            Tamper::Defocus => {
                let radius = canvas.width as f32 * chance.within(0.02, 0.035) * share;
                blur(canvas, radius as usize);
            }
            Tamper::SignalLost => flat(canvas, chance.often(0.6)),
            Tamper::NoiseBurst => {
                let sigma = chance.within(35.0, 60.0);
                noise(canvas, &mut Chance::new(self.seed ^ (u64::from(number) << 22)), sigma);
            }
            Tamper::Covered => {
                let edge = step(0.0, HAND_S, after).min(step(0.0, HAND_S, before));
                cover(canvas, edge, &mut chance);
            }
            Tamper::SceneCut | Tamper::CameraMoved | Tamper::Freeze => (),
        }
    }
}

/// What a lens sees by the last light.
fn dim(canvas: &mut Canvas, keep: f32) {
    canvas.y.iter_mut().for_each(|s| *s = (17.0 + (f32::from(*s) - 16.0) * keep) as u8);
    for plane in [&mut canvas.u, &mut canvas.v] {
        plane.iter_mut().for_each(|s| *s = (128.0 + (f32::from(*s) - 128.0) * keep * 2.0) as u8);
    }
}

/// The blue (or black) that a recorder shows.
fn flat(canvas: &mut Canvas, blue: bool) {
    let [y, u, v] = if blue { [66, 196, 96] } else { [16, 128, 128] };
    canvas.y.fill(y);
    canvas.u.fill(u);
    canvas.v.fill(v);
}

/// Adds noise of that standard deviation to each sample.
pub(crate) fn noise(canvas: &mut Canvas, chance: &mut Chance, sigma: f32) {
    let mut add = |plane: &mut Vec<u8>, sigma: f32| {
        for sample in plane {
            let bits = chance.bits();
            // Four bytes make a bell; its standard deviation is 148.
            let bell: i32 = bits.to_le_bytes().iter().take(4).map(|b| i32::from(*b)).sum();
            let jump = (bell - 510) as f32 / 148.0 * sigma;
            *sample = (f32::from(*sample) + jump).clamp(1.0, 254.0) as u8;
        }
    };
    add(&mut canvas.y, sigma);
    add(&mut canvas.u, sigma * 0.3);
    add(&mut canvas.v, sigma * 0.3);
}

/// Cloth or a hand that comes from one side: dark, out of focus, a little light through it.
fn cover(canvas: &mut Canvas, edge: f32, chance: &mut Chance) {
    let (w, h) = (canvas.width, canvas.height);
    blur_plane(&mut canvas.y, w, h, w / 40);
    let (tone, keep, seed) =
        (chance.within(18.0, 46.0), chance.within(0.02, 0.07), chance.below(99) as i32);
    let left = chance.often(0.5);
    // Past the far side when it is all there.
    let reach = edge * 1.25;
    for (i, sample) in canvas.y.iter_mut().enumerate() {
        let (x, y) = ((i % w) as f32 / w as f32, (i / w) as f32 / h as f32);
        let at = if left { x } else { 1.0 - x } + 0.06 * noise2(y * 4.0, 1.0, seed);
        let on = 1.0 - step(reach - 0.15, reach, at);
        let cloth = tone + 7.0 * noise2(x * 5.0, y * 4.0, seed) + f32::from(*sample) * keep;
        *sample = (f32::from(*sample) * (1.0 - on) + cloth * on) as u8;
    }
    for plane in [&mut canvas.u, &mut canvas.v] {
        for (i, sample) in plane.iter_mut().enumerate() {
            let x = (i % (w / 2)) as f32 / (w / 2) as f32;
            let on = 1.0 - step(reach - 0.15, reach, if left { x } else { 1.0 - x });
            *sample = (f32::from(*sample) * (1.0 - on * 0.9) + 128.0 * on * 0.9) as u8;
        }
    }
}

/// The picture out of focus.
fn blur(canvas: &mut Canvas, radius: usize) {
    let (w, h) = (canvas.width, canvas.height);
    for _ in 0..2 {
        blur_plane(&mut canvas.y, w, h, radius);
        blur_plane(&mut canvas.u, w / 2, h / 2, radius / 2);
        blur_plane(&mut canvas.v, w / 2, h / 2, radius / 2);
    }
}

/// The mean over a square, the edge repeated.
pub(crate) fn blur_plane(plane: &mut [u8], width: usize, height: usize, radius: usize) {
    if radius == 0 || width == 0 {
        return;
    }
    let mut turned = vec![0; plane.len()];
    means(plane, &mut turned, width, radius);
    means(&turned, plane, height, radius);
}

/// Running means along the rows of `from`, written to `to` with rows and columns exchanged.
fn means(from: &[u8], to: &mut [u8], width: usize, radius: usize) {
    let height = from.len() / width.max(1);
    let whole = 2 * radius as u32 + 1;
    for (y, row) in from.chunks_exact(width).enumerate() {
        let at = |x: isize| {
            let x = x.clamp(0, width as isize - 1) as usize;
            u32::from(row.get(x).copied().unwrap_or(0))
        };
        let reach = radius as isize;
        let mut sum: u32 = (-reach..=reach).map(at).sum();
        for x in 0..width {
            if let Some(out) = to.get_mut(x * height + y) {
                *out = (sum / whole) as u8;
            }
            let x = x as isize;
            sum = sum + at(x + reach + 1) - at(x - reach);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blur_keeps_the_mean_and_an_even_plane() {
        let mut plane = vec![90; 40 * 20];
        blur_plane(&mut plane, 40, 20, 6);
        assert!(plane.iter().all(|s| *s == 90));
        plane[10 * 40 + 20] = 255;
        blur_plane(&mut plane, 40, 20, 1);
        assert_eq!((plane[10 * 40 + 20], plane[9 * 40 + 19], plane[8 * 40 + 20]), (108, 108, 90));
    }
}
