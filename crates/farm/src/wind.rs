//! Trees and bushes in the wind: the picture of their leaves moves, before what is behind them.
//!
//! Invariants: depth moves with the leaves, so that who stands behind them is hidden exactly by
//! what is drawn; the truth has no leaf. A loop has a seam of less than a leaf.
//! Units: pixels, seconds.

use std::f32::consts::TAU;

use crate::canvas::{Canvas, blend};
use crate::compose::Stage;
use crate::math::noise2;

/// How far the strongest wind moves a twig, in widths of the picture.
const REACH: f32 = 0.0075;

/// What is seen where leaves have moved away.
pub(crate) struct Layer {
    pub lit: [Vec<u8>; 3],
    pub dim: [Vec<u8>; 3],
    pub depth: Vec<f32>,
}

/// Leaves in the wind.
pub(crate) struct Sway {
    pub wind: Wind,
    pub leaves: Vec<bool>,
    /// True where leaves may come.
    pub reach: Vec<bool>,
    pub behind: Layer,
}

/// The wind of a scene.
pub(crate) struct Wind {
    strength: f32,
    seed: i32,
}

impl Wind {
    pub fn new(percent: u32, seed: u64) -> Wind {
        Wind { strength: percent as f32 / 100.0, seed: (seed % 9973) as i32 }
    }

    /// How far the leaves around a pixel are from their place, `t` seconds into the clip.
    fn shift(&self, (x, y): (f32, f32), width: f32, t: f32) -> (f32, f32) {
        // Gusts cross the picture; twigs of a hand's breadth swing on their own.
        let gust = 0.35 + 0.65 * noise2(x / width * 3.0 - t * 0.35, t * 0.22, self.seed);
        let cell = (x / width * 26.0, y / width * 26.0);
        let turn = TAU * noise2(cell.0, cell.1, self.seed + 7);
        let rate = 2.2 + 2.6 * noise2(cell.0, cell.1, self.seed + 11);
        let swing = (t * rate + turn).sin() + 0.5 * (t * rate * 2.3 + 2.0 * turn).sin();
        let lean = 0.6 * (t * 0.9 + x / width * 4.0).sin();
        let reach = REACH * width * self.strength * gust;
        (reach * (swing * 0.7 + lean), reach * 0.35 * (t * rate * 1.3 + turn).cos())
    }

    /// The pixels to which leaves may come.
    pub fn reach(&self, leaves: &[bool], width: usize) -> Vec<bool> {
        let far = (REACH * width as f32 * 2.5).ceil() as usize + 1;
        let spread = |from: &[bool], step: usize, row: usize| -> Vec<bool> {
            let at = |i: usize, k: usize| {
                let near = |j: Option<usize>| {
                    j.filter(|j| step > 1 || j / row == i / row).and_then(|j| from.get(j))
                        == Some(&true)
                };
                near(i.checked_sub(k * step)) || near(i.checked_add(k * step))
            };
            (0..from.len()).map(|i| (0..=far).any(|k| at(i, k))).collect()
        };
        spread(&spread(leaves, 1, width), width, width)
    }

    /// Moves the leaves of the backdrop in `canvas` and says how far away each pixel is now.
    pub fn blow(&self, stage: &Stage, sway: &Sway, canvas: &mut Canvas, t: f32) {
        canvas.depth.clear();
        canvas.depth.extend_from_slice(&stage.depth);
        let still = [canvas.y.clone(), canvas.u.clone(), canvas.v.clone()];
        let (w, h) = (stage.width, stage.height);
        for i in (0..w * h).filter(|i| sway.reach.get(*i) == Some(&true)) {
            let (x, y) = ((i % w) as f32, (i / w) as f32);
            let (dx, dy) = self.shift((x, y), w as f32, t);
            let from = ((x - dx).clamp(0.0, (w - 1) as f32), (y - dy).clamp(0.0, (h - 1) as f32));
            let (sx, sy) = ((from.0 + 0.5) as usize, (from.1 + 0.5) as usize);
            let j = sy.min(h - 1) * w + sx.min(w - 1);
            let leaf = |i: usize| sway.leaves.get(i) == Some(&true);
            if leaf(j) {
                canvas.leaf(i, (&still, from, j), stage);
            } else if leaf(i) {
                canvas.bare(i, &sway.behind);
            }
        }
    }
}

impl Canvas {
    /// A pixel to which the leaves of `from` (about pixel `j`) of the still picture came.
    fn leaf(
        &mut self,
        i: usize,
        (still, from, j): (&[Vec<u8>; 3], (f32, f32), usize),
        stage: &Stage,
    ) {
        let w = stage.width;
        let [y, u, v] = still;
        copy(&mut self.y, i, between(y, w, from.0, from.1));
        copy(&mut self.depth, i, stage.depth_at(j));
        if let Some(c) = corner(i, w) {
            let d = j / w / 2 * (w / 2) + j % w / 2;
            copy(&mut self.u, c, u.get(d).copied().unwrap_or(128));
            copy(&mut self.v, c, v.get(d).copied().unwrap_or(128));
        }
    }

    /// A pixel that the leaves have left.
    fn bare(&mut self, i: usize, behind: &Layer) {
        let sun = self.sun.get(i).copied().unwrap_or(0);
        let mixed = |plane: usize, k: usize| {
            let at = |p: &[Vec<u8>; 3]| p.get(plane).and_then(|p| p.get(k)).copied().unwrap_or(128);
            blend(at(&behind.dim), at(&behind.lit), sun)
        };
        copy(&mut self.y, i, mixed(0, i));
        copy(&mut self.depth, i, behind.depth.get(i).copied().unwrap_or(1e9));
        if let Some(c) = corner(i, self.width) {
            copy(&mut self.u, c, mixed(1, c));
            copy(&mut self.v, c, mixed(2, c));
        }
    }
}

/// The chroma sample that begins at a pixel, if one does.
fn corner(i: usize, width: usize) -> Option<usize> {
    let (x, y) = (i % width, i / width);
    (x % 2 == 0 && y % 2 == 0).then(|| y / 2 * (width / 2) + x / 2)
}

/// The plane between its samples.
fn between(plane: &[u8], width: usize, x: f32, y: f32) -> u8 {
    let (left, top) = (x as usize, y as usize);
    let (tx, ty) = (x - left as f32, y - top as f32);
    let at = |dx: usize, dy: usize| {
        let k = (top + dy) * width + (left + dx).min(width - 1);
        f32::from(plane.get(k).or(plane.last()).copied().unwrap_or(0))
    };
    let high = at(0, 0) * (1.0 - tx) + at(1, 0) * tx;
    let low = at(0, 1) * (1.0 - tx) + at(1, 1) * tx;
    (high * (1.0 - ty) + low * ty + 0.5) as u8
}

fn copy<T>(plane: &mut [T], i: usize, value: T) {
    if let Some(sample) = plane.get_mut(i) {
        *sample = value;
    }
}
