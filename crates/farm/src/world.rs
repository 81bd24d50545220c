//! All that stands still in a scene, and its picture: drawn once, with and without sun.
//!
//! Invariants: rows are independent, so that threads change nothing.
//! Units: metres; depth is the distance from the eye along the pixel's ray.

use crate::body::{Body, Met};
use crate::camera::Camera;
use crate::light::{Light, Tone};
use crate::math::{Chance, V3, all, mix, v};
use crate::shape::Ray;

/// Depth where there is only sky.
pub(crate) const FAR: f32 = 1e9;
/// How far a surface looks for what hides the sky from it.
const NEAR_SKY: f32 = 2.5;
/// Rays a pixel, each way.
const GRID: usize = 2;
/// Rays that look for the sky, for each of these.
const SKY_RAYS: usize = 4;

/// A scene without its actors.
pub(crate) struct World {
    pub bodies: Vec<Body>,
    pub camera: Camera,
    pub light: Light,
    /// The floor mirrors what stands on it, by this share.
    pub mirror: f32,
}

/// The picture of a world without actors.
#[derive(Default)]
pub(crate) struct Backdrop {
    /// Luma, blue and red difference of each pixel with the sun shining.
    pub lit: Vec<V3>,
    /// The same with the sun hidden.
    pub dim: Vec<V3>,
    pub depth: Vec<f32>,
    /// True where the floor mirrors.
    pub mirror: Vec<bool>,
    /// True where leaves are seen.
    pub leaves: Vec<bool>,
}

impl World {
    /// The nearest thing that stands there.
    pub fn meet(&self, ray: &Ray) -> Option<Met<'_>> {
        self.meet_with(ray, true)
    }

    /// The same, with or without leaves.
    fn meet_with(&self, ray: &Ray, leaves: bool) -> Option<Met<'_>> {
        let mut best: Option<Met<'_>> = None;
        for body in &self.bodies {
            let limit = best.as_ref().map_or(FAR, |m| m.t);
            if let Some(met) = body.meet_with(ray, limit, leaves) {
                best = Some(met);
            }
        }
        best
    }

    /// Share of the sun that reaches `place`: 0 or 1.
    pub fn sunny(&self, place: V3, to: V3) -> f32 {
        let ray = Ray { from: place, to };
        if self.bodies.iter().any(|b| b.blocks(&ray, FAR)) { 0.0 } else { 1.0 }
    }

    /// Share of the sky that `place` sees, from some rays of a pixel's even spread.
    fn open(&self, place: V3, n: V3, spread: &mut Spread) -> f32 {
        let mut free = 0.0;
        for _ in 0..SKY_RAYS {
            let ray = Ray { from: place, to: (n * 1.02 + spread.next()).unit() };
            if !self.bodies.iter().any(|b| b.blocks(&ray, NEAR_SKY)) {
                free += 1.0 / SKY_RAYS as f32;
            }
        }
        0.25 + 0.75 * free
    }

    /// Light along a ray: without the sun's part, and with it.
    fn look(&self, ray: &Ray, (bounces, leaves): (u32, bool), spread: &mut Spread) -> (V3, V3) {
        let Some(met) = self.meet_with(ray, leaves) else {
            let sky = self.light.sky(ray.to);
            return (sky, sky);
        };
        let place = ray.at(met.t) + met.normal * 0.004;
        let seen =
            self.light.shade(&met.look, met.normal, ray.to, self.open(place, met.normal, spread));
        let jitter = spread.edge() * self.light.spread;
        let sun = if seen.sun.length() > 1e-4 {
            self.sunny(place, (self.light.sun_at + jitter).unit())
        } else {
            0.0
        };
        let (mut still, mut full) = (seen.still, seen.still + seen.sun * sun);
        if bounces > 0 && self.mirror > 0.0 && met.normal.y > 0.9 && place.y < 0.02 {
            let mirrored = Ray { from: place, to: ray.to.mirrored(met.normal) };
            let (a, b) = self.look(&mirrored, (0, leaves), &mut spread.other());
            let share = mirror_share(self.mirror, -ray.to.y);
            (still, full) = (mix(still, a, share), mix(full, b, share));
        }
        (self.light.through_air(still, met.t), self.light.through_air(full, met.t))
    }

    /// One pixel with the sun shining and with the sun hidden.
    fn pixel(&self, x: usize, y: usize, leaves: bool, tone: &Tone) -> (V3, V3) {
        let mut spread = Spread::new((y * 8192 + x) as u64);
        let (mut lit, mut dim) = (V3::default(), V3::default());
        for sample in 0..GRID * GRID {
            let (sx, sy) = (sample % GRID, sample / GRID);
            let cell = 1.0 / GRID as f32;
            let (px, py) =
                (x as f32 + (sx as f32 + 0.5) * cell, y as f32 + (sy as f32 + 0.5) * cell);
            let (still, full) = self.look(&self.camera.ray(px, py), (1, leaves), &mut spread);
            dim = dim + tone.yuv(still);
            lit = lit + tone.yuv(full);
        }
        let share = 1.0 / (GRID * GRID) as f32;
        (lit * share, dim * share)
    }

    fn row(&self, y: usize, width: usize, tone: &Tone, out: &mut Backdrop) {
        for x in 0..width {
            let (lit, dim) = self.pixel(x, y, true, tone);
            out.lit.push(lit);
            out.dim.push(dim);
            let ray = self.camera.ray(x as f32 + 0.5, y as f32 + 0.5);
            let met = self.meet(&ray);
            out.mirror
                .push(self.mirror > 0.0 && met.as_ref().is_some_and(|m| ray.at(m.t).y < 0.02));
            out.leaves.push(met.as_ref().is_some_and(|m| m.part.sways));
            out.depth.push(met.map_or(FAR, |m| m.t));
        }
    }

    /// The picture behind the leaves: that of `with`, and what is behind where it has leaves.
    pub fn behind(&self, with: &Backdrop, width: usize) -> Backdrop {
        let tone = Tone::new(self.light.exposure);
        let mut out = Backdrop {
            lit: with.lit.clone(),
            dim: with.dim.clone(),
            depth: with.depth.clone(),
            ..Backdrop::default()
        };
        for (i, _) in with.leaves.iter().enumerate().filter(|(_, leaf)| **leaf) {
            let (x, y) = (i % width, i / width);
            let (lit, dim) = self.pixel(x, y, false, &tone);
            let ray = self.camera.ray(x as f32 + 0.5, y as f32 + 0.5);
            let depth = self.meet_with(&ray, false).map_or(FAR, |m| m.t);
            for (plane, value) in [(&mut out.lit, lit), (&mut out.dim, dim)] {
                plane.get_mut(i).into_iter().for_each(|p| *p = value);
            }
            out.depth.get_mut(i).into_iter().for_each(|d| *d = depth);
        }
        out
    }

    /// Draws the world; the time it takes is that of some millions of rays, on all cores.
    pub fn draw(&self, width: usize, height: usize) -> Backdrop {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get()).min(4);
        let rows = height.div_ceil(threads);
        let tone = Tone::new(self.light.exposure);
        let strip = |first: usize| {
            let mut out = Backdrop::default();
            for y in first..(first + rows).min(height) {
                self.row(y, width, &tone, &mut out);
            }
            out
        };
        let mut whole = Backdrop::default();
        std::thread::scope(|scope| {
            let parts: Vec<_> =
                (0..height).step_by(rows).map(|first| scope.spawn(move || strip(first))).collect();
            for part in parts {
                let part = part.join().unwrap_or_default();
                whole.lit.extend(part.lit);
                whole.dim.extend(part.dim);
                whole.depth.extend(part.depth);
                whole.mirror.extend(part.mirror);
                whole.leaves.extend(part.leaves);
            }
        });
        // A thread that could not finish would leave the picture short.
        whole.lit.resize(width * height, all(128.0));
        whole.dim.resize(width * height, all(128.0));
        whole.depth.resize(width * height, FAR);
        whole.mirror.resize(width * height, false);
        whole.leaves.resize(width * height, false);
        whole
    }
}

/// Directions spread evenly over a pixel's rays (R2 sequence), turned by chance from pixel to pixel.
struct Spread {
    u: f32,
    w: f32,
    count: u32,
}

impl Spread {
    fn new(seed: u64) -> Spread {
        let mut chance = Chance::new(seed);
        Spread { u: chance.unit(), w: chance.unit(), count: 0 }
    }

    /// A direction on the unit sphere.
    fn next(&mut self) -> V3 {
        self.u = (self.u + 0.754_877_7).fract();
        self.w = (self.w + 0.569_840_3).fract();
        self.sphere()
    }

    /// A direction for the sun's edge, which leaves the others as they are.
    fn edge(&mut self) -> V3 {
        self.count += 1;
        let turn = self.count as f32;
        Spread { u: (self.u + 0.618 * turn).fract(), w: (self.w + 0.382 * turn).fract(), count: 0 }
            .sphere()
    }

    /// An own spread for a mirrored ray.
    fn other(&self) -> Spread {
        Spread { u: (self.u + 0.5).fract(), w: (self.w + 0.25).fract(), count: self.count }
    }

    fn sphere(&self) -> V3 {
        let (y, (s, c)) = (1.0 - 2.0 * self.u, (self.w * std::f32::consts::TAU).sin_cos());
        let r = (1.0 - y * y).max(0.0).sqrt();
        v(r * s, y, r * c)
    }
}

/// The share of a mirrored thing in a floor seen at that steepness.
pub(crate) fn mirror_share(share: f32, steep: f32) -> f32 {
    share + (1.0 - share) * 0.6 * (1.0 - steep.clamp(0.0, 1.0)).powi(4)
}
