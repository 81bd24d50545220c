//! Bodies: solids with a skin, standing somewhere and facing somewhere.
//!
//! Invariants: a body's own axes are x right, y up, z forward; `bounds` holds all parts.

use crate::math::{V3, all, v};
use crate::shape::{Hit, Ray, Shape, crosses, inverse};

/// Where a skin is asked for its look: place and normal in the body's axes.
pub(crate) struct At<'a> {
    pub p: V3,
    pub n: V3,
    pub skin: &'a Skin,
}

/// What a surface does with light.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Share of light given back, linear.
    pub albedo: V3,
    /// Share mirrored when looked at straight on.
    pub gloss: f32,
    /// Light of its own.
    pub glow: V3,
    /// True where the skin has a hole.
    pub hole: bool,
}

impl Look {
    pub fn matt(albedo: V3) -> Look {
        Look { albedo, gloss: 0.0, glow: V3::default(), hole: false }
    }
    pub fn shiny(albedo: V3, gloss: f32) -> Look {
        Look { gloss, ..Look::matt(albedo) }
    }
    pub fn hole() -> Look {
        Look { hole: true, ..Look::matt(V3::default()) }
    }
}

/// How a part is painted: a function and what it may vary.
#[derive(Clone, Debug)]
pub(crate) struct Skin {
    pub paint: fn(&At<'_>) -> Look,
    pub colour: V3,
    pub second: V3,
    pub seed: i32,
    /// Lowest and highest corner of what the paint fits itself to.
    pub low: V3,
    pub high: V3,
}

impl Skin {
    pub fn new(paint: fn(&At<'_>) -> Look, colour: V3) -> Skin {
        Skin { paint, colour, second: colour, seed: 0, low: V3::default(), high: V3::default() }
    }
    pub fn plain(colour: V3) -> Skin {
        Skin::new(|at| Look::matt(at.skin.colour), colour)
    }
    pub fn second(self, second: V3) -> Skin {
        Skin { second, ..self }
    }
    pub fn seed(self, seed: i32) -> Skin {
        Skin { seed, ..self }
    }
}

/// One solid of a body.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub shape: Shape,
    pub skin: Skin,
    pub low: V3,
    pub high: V3,
    /// Leaves, that the wind moves.
    pub sways: bool,
}

impl Part {
    pub fn new(shape: Shape, skin: Skin) -> Part {
        let (low, high) = shape.bounds();
        Part { shape, skin: Skin { low, high, ..skin }, low, high, sways: false }
    }

    /// Leaves.
    pub fn leaves(shape: Shape, skin: Skin) -> Part {
        Part { sways: true, ..Part::new(shape, skin) }
    }
}

impl Part {
    /// The same part elsewhere in its body.
    pub fn moved(self, by: V3) -> Part {
        Part::new(self.shape.moved(by), self.skin)
    }
}

/// What a ray meets.
pub(crate) struct Met<'a> {
    pub t: f32,
    /// In the world's axes.
    pub normal: V3,
    pub look: Look,
    pub part: &'a Part,
}

/// A thing made of parts.
#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub at: V3,
    /// Sine and cosine of where it faces, 0 = +z.
    pub facing: (f32, f32),
    pub parts: Vec<Part>,
    pub low: V3,
    pub high: V3,
    /// Middle, in the world, and radius of a ball around it.
    ball: (V3, f32),
}

impl Body {
    pub fn new(at: V3, facing: f32, parts: Vec<Part>) -> Body {
        let low = parts.iter().fold(all(f32::MAX), |a, p| a.min(p.low));
        let high = parts.iter().fold(all(f32::MIN), |a, p| a.max(p.high));
        let turn = facing.sin_cos();
        let ball = (((low + high) * 0.5).turned(turn) + at, (high - low).length() * 0.5);
        Body { at, facing: turn, parts, low, high, ball }
    }

    /// A body that stands where its parts say.
    pub fn fixed(parts: Vec<Part>) -> Body {
        Body::new(V3::default(), 0.0, parts)
    }

    fn back(&self) -> (f32, f32) {
        (-self.facing.0, self.facing.1)
    }

    /// True when `ray` passes close by: a quick test before the exact one.
    fn near(&self, ray: &Ray, limit: f32) -> bool {
        let to = self.ball.0 - ray.from;
        let along = to.dot(ray.to);
        let beside = to.dot(to) - along * along;
        let square = self.ball.1 * self.ball.1;
        beside <= square && along + self.ball.1 > 0.0 && along - self.ball.1 < limit
    }

    /// The ray in the body's axes.
    pub fn inward(&self, ray: &Ray) -> Ray {
        Ray { from: (ray.from - self.at).turned(self.back()), to: ray.to.turned(self.back()) }
    }

    /// The world's place of a point of the body.
    pub fn outward(&self, p: V3) -> V3 {
        p.turned(self.facing) + self.at
    }

    /// The eight corners of its box, in the world.
    pub fn corners(&self, low: V3, high: V3) -> [V3; 8] {
        std::array::from_fn(|i| {
            let pick = |bit: usize, a: f32, b: f32| if i >> bit & 1 == 0 { a } else { b };
            self.outward(v(pick(0, low.x, high.x), pick(1, low.y, high.y), pick(2, low.z, high.z)))
        })
    }

    /// The nearest part that `ray` (of the world) meets before `limit`.
    pub fn meet(&self, ray: &Ray, limit: f32) -> Option<Met<'_>> {
        self.meet_with(ray, limit, true)
    }

    /// The same, with or without leaves.
    pub fn meet_with(&self, ray: &Ray, limit: f32, leaves: bool) -> Option<Met<'_>> {
        if !self.near(ray, limit) {
            return None;
        }
        let inner = self.inward(ray);
        if !crosses(&inner, inverse(inner.to), self.low, self.high, limit) {
            return None;
        }
        self.meet_parts(&inner, self.parts.iter().filter(|p| leaves || !p.sways), limit)
    }

    /// The nearest of `parts` that `inner` (in the body's axes) meets before `limit`.
    pub fn meet_parts<'a>(
        &self,
        inner: &Ray,
        parts: impl Iterator<Item = &'a Part>,
        mut limit: f32,
    ) -> Option<Met<'a>> {
        let mut best: Option<(Hit, Look, &Part)> = None;
        for part in parts {
            let Some(hit) = part.shape.hit(inner, limit) else { continue };
            let look =
                (part.skin.paint)(&At { p: inner.at(hit.t), n: hit.normal, skin: &part.skin });
            if !look.hole {
                limit = hit.t;
                best = Some((hit, look, part));
            }
        }
        best.map(|(hit, look, part)| Met {
            t: hit.t,
            normal: hit.normal.turned(self.facing),
            look,
            part,
        })
    }

    /// True when something of it lies on the way.
    pub fn blocks(&self, ray: &Ray, limit: f32) -> bool {
        if !self.near(ray, limit) {
            return false;
        }
        let inner = self.inward(ray);
        let k = inverse(inner.to);
        crosses(&inner, k, self.low, self.high, limit)
            && self.parts.iter().any(|part| {
                crosses(&inner, k, part.low, part.high, limit)
                    && part.shape.hit(&inner, limit).is_some_and(|hit| {
                        !(part.skin.paint)(&At {
                            p: inner.at(hit.t),
                            n: hit.normal,
                            skin: &part.skin,
                        })
                        .hole
                    })
            })
    }
}
