//! One picture of a scene: backdrop, shadows, actors in their depth, and who is where.
//!
//! Invariants: actors are drawn far to near; a sample is theirs only where nothing that
//! stands still is nearer; `owner` names the nearest actor that covers half a pixel.
//! Not here: exposure, noise and the number strip (`sensor`, `code`).

use crate::body::{Body, Met, Part};
use crate::camera::Area;
use crate::canvas::{Canvas, Quad, blend, planes, refill};
use crate::light::Tone;
use crate::math::{V3, v};
use crate::shape::Ray;
use crate::wind::{Layer, Sway, Wind};
use crate::world::{Backdrop, FAR, World};

/// Pixels are sampled this many times each way where an actor is.
const GRID: usize = 2;
const TILE: usize = 8;

/// One actor as it stands in one frame.
pub(crate) struct Cast {
    /// From 1; 0 is nobody.
    pub id: u16,
    pub body: Body,
}

/// The backdrop as bytes, ready to be mixed.
pub(crate) struct Stage {
    pub world: World,
    pub width: usize,
    pub height: usize,
    lit: [Vec<u8>; 3],
    dim: [Vec<u8>; 3],
    pub depth: Vec<f32>,
    /// What each pixel shows, a little nearer than it is.
    places: Vec<V3>,
    /// True where it would be visibly darker without the sun.
    pub sunlit: Vec<bool>,
    pub mirror: Vec<bool>,
    pub tone: Tone,
    /// Leaves, what is behind them, and how they move; nothing without wind.
    sway: Option<Sway>,
    /// What lamps give to each pixel by night; empty where there is no night.
    pub lamplight: Vec<f32>,
}

impl Stage {
    /// Draws the backdrop of a world.
    pub fn new(world: World, width: usize, height: usize, wind: Option<Wind>) -> Stage {
        let drawn = world.draw(width, height);
        let sway = wind.map(|wind| {
            let Backdrop { lit, dim, depth, .. } = world.behind(&drawn, width);
            let (lit, dim) = (planes(&lit, width), planes(&dim, width));
            let reach = wind.reach(&drawn.leaves, width);
            Sway { wind, leaves: drawn.leaves.clone(), reach, behind: Layer { lit, dim, depth } }
        });
        let Backdrop { lit, dim, depth, mirror, .. } = drawn;
        let tone = Tone::new(world.light.exposure);
        let eye = |(i, depth): (usize, &f32)| {
            let ray = world.camera.ray((i % width) as f32 + 0.5, (i / width) as f32 + 0.5);
            ray.at(depth.min(FAR) * 0.999 - 0.01)
        };
        let places = depth.iter().enumerate().map(eye).collect();
        let sunlit = lit.iter().zip(&dim).map(|(l, d)| l.x - d.x > 5.0).collect();
        let (lit, dim) = (planes(&lit, width), planes(&dim, width));
        Stage {
            lit,
            dim,
            width,
            height,
            depth,
            places,
            sunlit,
            mirror,
            tone,
            world,
            sway,
            lamplight: Vec::new(),
        }
    }

    /// Draws the frame at `t` seconds; `sun` is the sun's share of its full light.
    pub fn draw(&self, casts: &[Cast], (t, sun): (f32, f32), out: &mut Canvas) {
        let pixels = self.width * self.height;
        (out.width, out.height) = (self.width, self.height);
        out.hidden.clear();
        out.depth.clear();
        refill(&mut out.owner, pixels, 0);
        refill(&mut out.cover, pixels, 0);
        refill(&mut out.shadow, pixels, false);
        refill(&mut out.sun, pixels, (sun.clamp(0.0, 1.0) * 255.0) as u8);
        for cast in casts {
            self.shadow(&cast.body, out);
        }
        self.mix_backdrop(out);
        if let Some(sway) = &self.sway {
            sway.wind.blow(self, sway, out, t);
        }
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

    /// How far away what stands still is in a pixel.
    pub(crate) fn depth_at(&self, i: usize) -> f32 {
        self.depth.get(i).copied().unwrap_or(FAR)
    }

    /// The place seen by a pixel; nothing in the sky.
    pub(crate) fn place(&self, i: usize) -> Option<V3> {
        self.places.get(i).copied().filter(|p| p.dot(*p) < FAR)
    }

    /// The sun's share on a body, from three places on it.
    pub(crate) fn sun_on(&self, body: &Body) -> f32 {
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

    /// Draws a tile: one ray a pixel inside a part, several where parts meet or end.
    fn tile(&self, cast: &Cast, parts: &[&Part], tile: &Area, lit: f32, out: &mut Canvas) {
        let mut centres: [Option<Met<'_>>; TILE * TILE] = std::array::from_fn(|_| None);
        for (k, centre) in centres.iter_mut().enumerate() {
            let (x, y) = (tile.left + k % TILE, tile.top + k / TILE);
            if x < tile.right && y < tile.bottom {
                let ray = self.world.camera.ray(x as f32 + 0.5, y as f32 + 0.5);
                *centre = cast.body.meet_parts(
                    &cast.body.inward(&ray),
                    parts.iter().copied(),
                    self.limit(x, y, out),
                );
            }
        }
        for y in (tile.top..tile.bottom).step_by(2) {
            for x in (tile.left..tile.right).step_by(2) {
                let even = even(&centres, x - tile.left, y - tile.top);
                if matches!(even, Some(None)) {
                    continue;
                }
                let mut quad = Quad::default();
                for k in 0..4 {
                    let (px, py) = (x + k % 2, y + k / 2);
                    let centre = centres
                        .get((py - tile.top) * TILE + px - tile.left)
                        .and_then(Option::as_ref);
                    let (colour, cover) = match (even, centre) {
                        (Some(_), Some(met)) => {
                            let ray = self.world.camera.ray(px as f32 + 0.5, py as f32 + 0.5);
                            (self.tone.yuv(self.lit_up(cast, &ray, met, lit)), 1.0)
                        }
                        _ => self.pixel(cast, parts, (px, py, self.limit(px, py, out)), lit),
                    };
                    quad.set(k, colour, cover);
                    if cover > 0.0 {
                        out.claim(py * self.width + px, cast.id, cover);
                    }
                }
                out.put(x, y, &quad);
            }
        }
    }

    /// How far a pixel sees.
    fn limit(&self, x: usize, y: usize, out: &Canvas) -> f32 {
        let i = y * self.width + x;
        out.depth.get(i).or(self.depth.get(i)).copied().unwrap_or(FAR)
    }

    /// The light that comes from a place of an actor.
    fn lit_up(&self, cast: &Cast, ray: &Ray, met: &Met<'_>, lit: f32) -> V3 {
        // Less sky is seen close to the ground and under the body.
        let height = (ray.at(met.t).y - cast.body.at.y - cast.body.low.y).max(0.0);
        let open = 0.62 + 0.38 * (height / 1.2).min(1.0);
        let light = &self.world.light;
        let seen = light.shade(&met.look, met.normal, ray.to, open);
        light.through_air(seen.still + seen.sun * lit, met.t)
    }

    /// Mean colour of the covered samples of a pixel, and their share.
    fn pixel(
        &self,
        cast: &Cast,
        parts: &[&Part],
        (x, y, limit): (usize, usize, f32),
        lit: f32,
    ) -> (V3, f32) {
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
            sum = sum + self.tone.yuv(self.lit_up(cast, &ray, &met, lit));
            hits += 1.0;
        }
        (sum * (1.0 / hits.max(1.0)), hits / (GRID * GRID) as f32)
    }
}

/// The part that all pixels in and around a block of 2x2 meet at their middle (`Some(None)`: no
/// part); nothing when they differ.
fn even<'a>(
    centres: &[Option<Met<'a>>; TILE * TILE],
    x: usize,
    y: usize,
) -> Option<Option<&'a Part>> {
    let at =
        |x: usize, y: usize| centres.get(y * TILE + x).and_then(Option::as_ref).map(|met| met.part);
    let first = at(x, y);
    let same = |part: Option<&Part>| part.map(std::ptr::from_ref) == first.map(std::ptr::from_ref);
    let mut around = (y.saturating_sub(1)..(y + 3).min(TILE))
        .flat_map(|y| (x.saturating_sub(1)..(x + 3).min(TILE)).map(move |x| (x, y)));
    around.all(|(x, y)| same(at(x, y))).then_some(first)
}
