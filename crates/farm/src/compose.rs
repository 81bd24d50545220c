//! One picture of a scene: backdrop, shadows, actors in their depth, and who is where.
//!
//! Invariants: actors are drawn far to near; a sample is theirs only where nothing that
//! stands still is nearer; `owner` names the nearest actor that covers half a pixel.
//! Not here: exposure, noise and the number strip (`sensor`, `code`).

use crate::body::{Body, Part};
use crate::camera::Area;
use crate::light::Tone;
use crate::math::{V3, v};
use crate::shape::Ray;
use crate::world::{Backdrop, FAR, World, mirror_share};

/// Pixels are sampled this many times each way where an actor is.
const GRID: usize = 2;
const TILE: usize = 8;

/// One actor as it stands in one frame.
pub(crate) struct Cast {
    /// From 1; 0 is nobody.
    pub id: u16,
    pub body: Body,
}

/// A picture and its truth, reused from frame to frame.
#[derive(Default)]
pub(crate) struct Canvas {
    pub width: usize,
    pub height: usize,
    pub y: Vec<u8>,
    pub u: Vec<u8>,
    pub v: Vec<u8>,
    /// Who covers most of the pixel.
    pub owner: Vec<u16>,
    /// How much of the pixel is covered by anyone, 0 to 255.
    pub cover: Vec<u8>,
    /// True where an actor takes light away or is mirrored.
    pub shadow: Vec<bool>,
    pub sun: Vec<u8>,
    pub blot: Vec<u8>,
}

/// The backdrop as bytes, ready to be mixed.
pub(crate) struct Stage {
    pub world: World,
    pub width: usize,
    pub height: usize,
    lit: [Vec<u8>; 3],
    dim: [Vec<u8>; 3],
    depth: Vec<f32>,
    mirror: Vec<bool>,
    tone: Tone,
}

impl Stage {
    /// Draws the backdrop of a world.
    pub fn new(world: World, width: usize, height: usize) -> Stage {
        let Backdrop { lit, dim, depth, mirror } = world.draw(width, height);
        let tone = Tone::new(world.light.exposure);
        Stage {
            lit: planes(&lit, width),
            dim: planes(&dim, width),
            width,
            height,
            depth,
            mirror,
            tone,
            world,
        }
    }

    /// Draws one frame; `sun` is the sun's share of its full light.
    pub fn draw(&self, casts: &[Cast], sun: f32, out: &mut Canvas) {
        let pixels = self.width * self.height;
        (out.width, out.height) = (self.width, self.height);
        refill(&mut out.owner, pixels, 0);
        refill(&mut out.cover, pixels, 0);
        refill(&mut out.shadow, pixels, false);
        refill(&mut out.sun, pixels, (sun.clamp(0.0, 1.0) * 255.0) as u8);
        for cast in casts {
            self.shadow(&cast.body, out);
        }
        self.mix_backdrop(out);
        let mut order: Vec<(f32, &Cast)> = casts
            .iter()
            .map(|c| {
                (self.world.camera.distance(c.body.outward((c.body.low + c.body.high) * 0.5)), c)
            })
            .collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, cast) in &order {
            self.ground_contact(&cast.body, out);
            if self.world.mirror > 0.0 {
                self.reflect(&cast.body, sun, out);
            }
        }
        for (_, cast) in &order {
            self.actor(cast, sun, out);
        }
    }

    fn mix_backdrop(&self, out: &mut Canvas) {
        let [ly, lu, lv] = &self.lit;
        let [dy, du, dv] = &self.dim;
        out.y.clear();
        out.y.extend(ly.iter().zip(dy).zip(&out.sun).map(|((l, d), s)| blend(*d, *l, *s)));
        let half = self.width / 2;
        let rows = || {
            out.sun
                .chunks_exact(self.width)
                .step_by(2)
                .flat_map(|row| row.iter().step_by(2).take(half))
        };
        out.u.clear();
        out.u.extend(lu.iter().zip(du).zip(rows()).map(|((l, d), s)| blend(*d, *l, *s)));
        out.v.clear();
        out.v.extend(lv.iter().zip(dv).zip(rows()).map(|((l, d), s)| blend(*d, *l, *s)));
    }

    /// Takes the sun away where the body stands before it.
    fn shadow(&self, body: &Body, out: &mut Canvas) {
        let sun_at = self.world.light.sun_at;
        let mut places = body.corners(body.low, body.high).to_vec();
        for i in 0..8 {
            if let Some(top) = places.get(i).copied() {
                places.push(top - sun_at * (top.y.max(0.0) / sun_at.y.max(0.15)));
            }
        }
        let Some(area) = Area::around(&self.world.camera, &places, (self.width, self.height))
        else {
            return;
        };
        let wide = area.right - area.left;
        out.blot.clear();
        for y in area.top..area.bottom {
            for x in area.left..area.right {
                let i = y * self.width + x;
                let hidden = self.sun_matters(i)
                    && self
                        .place(x, y, i)
                        .is_some_and(|p| body.blocks(&Ray { from: p, to: sun_at }, FAR));
                out.blot.push(u8::from(hidden));
            }
        }
        // Soft edges: the mean over 3x3.
        let blot = &out.blot;
        let at = |x: usize, y: usize| u32::from(blot.get(y * wide + x).copied().unwrap_or(0));
        for y in 1..(area.bottom - area.top).saturating_sub(1) {
            for x in 1..wide.saturating_sub(1) {
                let sum: u32 = (0..9).map(|k| at(x + k % 3 - 1, y + k / 3 - 1)).sum();
                if sum == 0 {
                    continue;
                }
                let i = (area.top + y) * self.width + area.left + x;
                if let (Some(sun), Some(shadow)) = (out.sun.get_mut(i), out.shadow.get_mut(i)) {
                    *sun = (u32::from(*sun) * (9 - sum) / 9) as u8;
                    *shadow |= sum >= 4;
                }
            }
        }
    }

    /// True where light would be visibly less without the sun.
    fn sun_matters(&self, i: usize) -> bool {
        let get = |planes: &[Vec<u8>; 3]| planes[0].get(i).copied().unwrap_or(0);
        get(&self.lit).saturating_sub(get(&self.dim)) > 5
    }

    /// The place seen by a pixel, a little nearer than it is.
    fn place(&self, x: usize, y: usize, i: usize) -> Option<V3> {
        let depth = self.depth.get(i).copied().filter(|d| *d < FAR)?;
        Some(self.world.camera.ray(x as f32 + 0.5, y as f32 + 0.5).at(depth * 0.999 - 0.01))
    }

    /// Darkens the ground close around the body's foot.
    fn ground_contact(&self, body: &Body, out: &mut Canvas) {
        let (low, high) = (body.low, body.high);
        let reach = (0.16 * (high.y - low.y)).clamp(0.2, 0.6);
        let around = v(reach, 0.0, reach) * 1.6;
        let foot = body.corners(low - around, v(high.x, low.y + 0.05, high.z) + around);
        let Some(area) = Area::around(&self.world.camera, &foot, (self.width, self.height)) else {
            return;
        };
        let (middle, half) = ((low + high) * 0.5, (high - low) * 0.42);
        for y in area.top..area.bottom {
            for x in area.left..area.right {
                let i = y * self.width + x;
                let Some(p) =
                    self.place(x, y, i).filter(|p| (p.y - body.at.y - low.y).abs() < 0.12)
                else {
                    continue;
                };
                let q = body.inward(&Ray { from: p, to: v(0.0, 1.0, 0.0) }).from - middle;
                let (dx, dz) = ((q.x.abs() - half.x).max(0.0), (q.z.abs() - half.z).max(0.0));
                let keep = 1.0 - 0.38 * (-(dx * dx + dz * dz) / (reach * reach)).exp();
                if keep < 0.99 {
                    out.darken(i, keep);
                }
            }
        }
    }

    /// The body's image in the floor.
    fn reflect(&self, body: &Body, sun: f32, out: &mut Canvas) {
        let corners = body.corners(body.low, body.high).map(|p| v(p.x, -p.y, p.z));
        let Some(area) = Area::around(&self.world.camera, &corners, (self.width, self.height))
        else {
            return;
        };
        let lit = self.sun_on(body) * sun;
        for y in (area.top..area.bottom).step_by(2) {
            for x in (area.left..area.right).step_by(2) {
                let mut quad = Quad::default();
                for k in 0..4 {
                    let (px, py) = (x + k % 2, y + k / 2);
                    let i = py * self.width + px;
                    if !self.mirror.get(i).copied().unwrap_or(false) {
                        continue;
                    }
                    let Some(from) = self.place(px, py, i) else { continue };
                    let to = self.world.camera.ray(px as f32 + 0.5, py as f32 + 0.5).to;
                    let mirrored = Ray { from, to: to.mirrored(v(0.0, 1.0, 0.0)) };
                    let Some(met) = body.meet(&mirrored, FAR) else { continue };
                    let seen = self.world.light.shade(&met.look, met.normal, mirrored.to, 0.8);
                    let share = mirror_share(self.world.mirror, -to.y) * 0.9;
                    quad.set(k, self.tone.yuv(seen.still + seen.sun * lit), share);
                    if share > 0.12 {
                        out.shadow.get_mut(i).into_iter().for_each(|s| *s = true);
                    }
                }
                out.put(x, y, &quad);
            }
        }
    }

    /// The sun's share on a body, from three places on it.
    fn sun_on(&self, body: &Body) -> f32 {
        let middle = (body.low + body.high) * 0.5;
        let share = |h: f32| {
            let place =
                body.outward(v(middle.x, body.low.y + (body.high.y - body.low.y) * h, middle.z));
            self.world.sunny(place, self.world.light.sun_at)
        };
        (share(0.15) + share(0.5) + share(0.95)) / 3.0
    }

    fn actor(&self, cast: &Cast, sun: f32, out: &mut Canvas) {
        let (camera, size) = (&self.world.camera, (self.width, self.height));
        let body = &cast.body;
        let Some(area) = Area::around(camera, &body.corners(body.low, body.high), size) else {
            return;
        };
        let parts: Vec<(Area, &Part)> = body
            .parts
            .iter()
            .filter_map(|part| {
                Some((Area::around(camera, &body.corners(part.low, part.high), size)?, part))
            })
            .collect();
        let lit = self.sun_on(body) * sun;
        let mut near = Vec::with_capacity(parts.len());
        for top in (area.top..area.bottom).step_by(TILE) {
            for left in (area.left..area.right).step_by(TILE) {
                let tile = Area {
                    left,
                    top,
                    right: (left + TILE).min(area.right),
                    bottom: (top + TILE).min(area.bottom),
                };
                near.clear();
                near.extend(parts.iter().filter(|(a, _)| a.meets(&tile)).map(|(_, p)| *p));
                if !near.is_empty() {
                    self.tile(cast, &near, &tile, lit, out);
                }
            }
        }
    }

    fn tile(&self, cast: &Cast, parts: &[&Part], tile: &Area, lit: f32, out: &mut Canvas) {
        for y in (tile.top..tile.bottom).step_by(2) {
            for x in (tile.left..tile.right).step_by(2) {
                let mut quad = Quad::default();
                for k in 0..4 {
                    let (px, py) = (x + k % 2, y + k / 2);
                    let i = py * self.width + px;
                    let (colour, cover) = self.pixel(cast, parts, (px, py), lit);
                    quad.set(k, colour, cover);
                    if cover > 0.0 {
                        out.claim(i, cast.id, cover);
                    }
                }
                out.put(x, y, &quad);
            }
        }
    }

    /// Mean colour of the covered samples of a pixel, and their share.
    fn pixel(&self, cast: &Cast, parts: &[&Part], (x, y): (usize, usize), lit: f32) -> (V3, f32) {
        let limit = self.depth.get(y * self.width + x).copied().unwrap_or(FAR);
        let (mut sum, mut hits) = (V3::default(), 0.0f32);
        for sample in 0..GRID * GRID {
            let (sx, sy) = (sample % GRID, sample / GRID);
            let cell = 1.0 / GRID as f32;
            let ray = self
                .world
                .camera
                .ray(x as f32 + (sx as f32 + 0.5) * cell, y as f32 + (sy as f32 + 0.5) * cell);
            let inner = cast.body.inward(&ray);
            let Some(met) = cast.body.meet_parts(&inner, parts.iter().copied(), limit) else {
                continue;
            };
            // Less sky is seen close to the ground and under the body.
            let height = (inner.at(met.t).y - cast.body.low.y).max(0.0);
            let open = 0.62 + 0.38 * (height / 1.2).min(1.0);
            let light = &self.world.light;
            let seen = light.shade(&met.look, met.normal, ray.to, open);
            sum = sum + self.tone.yuv(light.through_air(seen.still + seen.sun * lit, met.t));
            hits += 1.0;
        }
        (sum * (1.0 / hits.max(1.0)), hits / (GRID * GRID) as f32)
    }
}

/// Four pixels that share their chroma.
#[derive(Default)]
struct Quad {
    colour: [V3; 4],
    cover: [f32; 4],
}

impl Quad {
    fn set(&mut self, k: usize, colour: V3, cover: f32) {
        if let (Some(c), Some(s)) = (self.colour.get_mut(k), self.cover.get_mut(k)) {
            (*c, *s) = (colour, cover);
        }
    }
}

impl Canvas {
    fn put(&mut self, x: usize, y: usize, quad: &Quad) {
        let total: f32 = quad.cover.iter().sum();
        if total == 0.0 {
            return;
        }
        let mut chroma = V3::default();
        for (k, (colour, cover)) in quad.colour.iter().zip(quad.cover).enumerate() {
            toward(self.y.get_mut((y + k / 2) * self.width + x + k % 2), colour.x, cover);
            chroma = chroma + *colour * (cover / total);
        }
        let i = y / 2 * (self.width / 2) + x / 2;
        toward(self.u.get_mut(i), chroma.y, total / 4.0);
        toward(self.v.get_mut(i), chroma.z, total / 4.0);
    }

    fn claim(&mut self, i: usize, id: u16, cover: f32) {
        if let (Some(owner), Some(covered)) = (self.owner.get_mut(i), self.cover.get_mut(i)) {
            if cover >= 0.5 || *covered == 0 {
                *owner = id;
            }
            let open = (1.0 - f32::from(*covered) / 255.0) * (1.0 - cover);
            *covered = ((1.0 - open) * 255.0) as u8;
        }
    }

    fn darken(&mut self, i: usize, keep: f32) {
        if let Some(y) = self.y.get_mut(i) {
            *y = (16.0 + (f32::from(*y) - 16.0) * keep) as u8;
        }
        if let Some(shadow) = self.shadow.get_mut(i) {
            *shadow |= keep < 0.8;
        }
    }
}

fn toward(sample: Option<&mut u8>, value: f32, share: f32) {
    if let Some(s) = sample {
        *s = (f32::from(*s) * (1.0 - share) + value * share + 0.5) as u8;
    }
}

fn blend(from: u8, to: u8, share: u8) -> u8 {
    let (a, b, s) = (u16::from(from), u16::from(to), u16::from(share) + u16::from(share >> 7));
    ((a * (256 - s) + b * s + 128) >> 8) as u8
}

fn refill<T: Copy>(of: &mut Vec<T>, length: usize, value: T) {
    of.clear();
    of.resize(length, value);
}

/// Luma at full size, both chroma planes at half size.
fn planes(pixels: &[V3], width: usize) -> [Vec<u8>; 3] {
    let luma = pixels.iter().map(|p| (p.x + 0.5) as u8).collect();
    let (mut u, mut v) = (Vec::new(), Vec::new());
    for rows in pixels.chunks_exact(width * 2) {
        let (top, bottom) = rows.split_at(width);
        for (a, b) in top.chunks_exact(2).zip(bottom.chunks_exact(2)) {
            let sum = a.iter().chain(b).fold(V3::default(), |s, p| s + *p) * 0.25;
            u.push((sum.y + 0.5) as u8);
            v.push((sum.z + 0.5) as u8);
        }
    }
    [luma, u, v]
}
