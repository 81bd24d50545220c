//! Cars, vans, lorries, forklifts and bicycles.
//!
//! Units: metres; z is forward, the origin lies on the ground below the middle.

use crate::body::{At, Look, Part, Skin};
use crate::light::rgb;
use crate::math::{Chance, V3, all, mix, noise3, v};
use crate::props::crate_side;
use crate::shape::Shape;

/// What drives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Model {
    Car,
    Estate,
    Van,
    Lorry,
    Forklift,
}

/// A vehicle and its paint.
#[derive(Clone, Debug)]
pub(crate) struct Vehicle {
    pub model: Model,
    paint: V3,
    second: V3,
}

const PAINTS: [u32; 10] = [
    0xb8bcc0, 0x24282e, 0xe8e8e4, 0x8c1c1c, 0x1c3c6c, 0x5a6268, 0x2c4a3a, 0xc8a02c, 0x6a2c3c,
    0x3c6c8c,
];
const BOXES: [u32; 5] = [0xe8e4dc, 0x2c5c8c, 0xb84c24, 0xd8b83c, 0x4c6c5c];

impl Vehicle {
    pub fn any(model: Model, chance: &mut Chance) -> Vehicle {
        let paint = match model {
            Model::Forklift => chance.pick(&[0xe09018, 0xd8b010, 0xc83c1c], 0),
            Model::Van => chance.pick(&[0xe8e8e4, 0xd0d4d8, 0x2c4c7c, 0xd8b430], 0),
            _ => chance.pick(&PAINTS, 0),
        };
        Vehicle { model, paint: rgb(paint), second: rgb(chance.pick(&BOXES, 0)) }
    }

    /// The parts; `braking` lights the rear, `lift` is the height of the forks.
    pub fn parts(&self, braking: bool, lift: f32) -> Vec<Part> {
        let mut parts = Vec::with_capacity(16);
        match self.model {
            Model::Car => self.car(&mut parts, 4.3, 1.43, (-1.75, -1.0, 0.35, 1.15), braking),
            Model::Estate => self.car(&mut parts, 4.7, 1.52, (-2.25, -1.85, 0.4, 1.25), braking),
            Model::Van => self.van(&mut parts, braking),
            Model::Lorry => self.lorry(&mut parts, braking),
            Model::Forklift => self.forklift(&mut parts, lift),
        }
        parts
    }

    fn body_skin(&self, braking: bool) -> Skin {
        Skin::new(coachwork, self.paint).second(if braking {
            rgb(0xff2010) * 2.5
        } else {
            rgb(0x8c1410)
        })
    }

    /// `roof`: where the rear screen begins, the roof begins, ends, and the windscreen ends.
    fn car(
        &self,
        parts: &mut Vec<Part>,
        length: f32,
        top: f32,
        roof: (f32, f32, f32, f32),
        braking: bool,
    ) {
        let (l, w, belt) = (length / 2.0, 0.88, 0.88);
        let low = hull_of(
            &[
                (-l, 0.3),
                (-l + 0.06, belt - 0.02),
                (roof.3 + 0.1, belt),
                (l - 0.25, 0.76),
                (l, 0.58),
                (l, 0.28),
                (0.0, 0.22),
            ],
            w,
            0.08,
        );
        parts.push(Part::new(low, self.body_skin(braking)));
        let cabin = hull_of(
            &[
                (roof.0, belt - 0.04),
                (roof.1, top - 0.05),
                ((roof.1 + roof.2) / 2.0, top),
                (roof.2, top - 0.04),
                (roof.3, belt - 0.04),
            ],
            w - 0.06,
            0.28,
        );
        parts.push(Part::new(cabin, Skin::new(glasshouse, self.paint)));
        wheels(parts, &[-l + 0.85, l - 0.82], w - 0.02, 0.31);
    }

    fn van(&self, parts: &mut Vec<Part>, braking: bool) {
        let profile = [
            (-2.8, 0.35),
            (-2.8, 2.15),
            (-2.7, 2.28),
            (1.4, 2.28),
            (1.62, 2.2),
            (2.2, 1.35),
            (2.72, 1.12),
            (2.8, 0.6),
            (2.75, 0.3),
        ];
        parts.push(Part::new(
            hull_of(&profile, 0.97, 0.05),
            Skin {
                second: if braking { rgb(0xff2010) * 2.5 } else { rgb(0x8c1410) },
                ..Skin::new(van_side, self.paint)
            },
        ));
        wheels(parts, &[-1.75, 1.85], 0.95, 0.34);
    }

    fn lorry(&self, parts: &mut Vec<Part>, braking: bool) {
        let cab = [(2.2, 0.5), (2.2, 2.6), (3.3, 2.65), (3.9, 2.3), (4.1, 1.3), (4.1, 0.45)];
        parts.push(Part::new(hull_of(&cab, 1.15, 0.03), Skin::new(lorry_cab, self.paint)));
        parts.push(Part::new(
            Shape::Block(v(-1.2, 0.95, -4.1), v(1.2, 3.3, 2.05)),
            Skin::new(box_side, self.second),
        ));
        let under = Skin::plain(rgb(0x2a2c30));
        parts.push(Part::new(Shape::Block(v(-0.9, 0.55, -4.0), v(0.9, 0.95, 2.3)), under));
        let lamp = if braking { rgb(0xff2010) * 2.5 } else { rgb(0x7c1410) };
        parts.push(Part::new(
            Shape::Block(v(-1.1, 0.6, -4.12), v(1.1, 0.78, -4.0)),
            Skin::new(|at| Look { glow: at.skin.colour * 0.5, ..Look::matt(at.skin.colour) }, lamp),
        ));
        wheels(parts, &[-3.0, -1.9, 3.0], 1.1, 0.48);
    }

    fn forklift(&self, parts: &mut Vec<Part>, lift: f32) {
        let paint = Skin::new(coachwork, self.paint).second(rgb(0x601010));
        let dark = Skin::plain(rgb(0x26282c));
        parts.push(Part::new(
            hull_of(
                &[
                    (-1.15, 0.25),
                    (-1.2, 0.85),
                    (-1.0, 1.05),
                    (-0.35, 1.05),
                    (0.0, 0.62),
                    (0.75, 0.62),
                    (0.8, 0.2),
                ],
                0.55,
                0.04,
            ),
            paint,
        ));
        for x in [-0.47, 0.47] {
            parts.push(Part::new(
                Shape::Limb(v(x, 0.95, -0.75), v(x, 2.1, -0.6), 0.04),
                dark.clone(),
            ));
            parts.push(Part::new(Shape::Limb(v(x, 0.7, 0.6), v(x, 2.1, 0.35), 0.04), dark.clone()));
            parts.push(Part::new(
                Shape::Block(v(x - 0.07, 0.1, 0.85), v(x + 0.07, 2.25, 0.97)),
                dark.clone(),
            ));
            parts.push(Part::new(
                Shape::Block(
                    v(x * 0.7 - 0.06, 0.08 + lift, 0.97),
                    v(x * 0.7 + 0.06, 0.13 + lift, 2.1),
                ),
                dark.clone(),
            ));
        }
        parts.push(Part::new(Shape::Block(v(-0.52, 2.08, -0.65), v(0.52, 2.15, 0.4)), dark));
        let load = Skin::new(crate_side, rgb(0xa87c48));
        parts.push(Part::new(
            Shape::Block(v(-0.5, 0.15 + lift, 1.02), v(0.5, 0.95 + lift, 1.95)),
            load,
        ));
        wheels(parts, &[-0.8, 0.5], 0.55, 0.27);
    }
}

/// A solid from its side view (z, y), clockwise or not, `half` wide, leaning in by `taper` above its foot.
fn hull_of(profile: &[(f32, f32)], half: f32, taper: f32) -> Shape {
    let low = profile
        .iter()
        .fold(v(-half, f32::MAX, f32::MAX), |a, p| v(-half, a.y.min(p.1), a.z.min(p.0)));
    let high = profile
        .iter()
        .fold(v(half, f32::MIN, f32::MIN), |a, p| v(half, a.y.max(p.1), a.z.max(p.0)));
    let middle = (low + high) * 0.5;
    let mut planes = Vec::with_capacity(profile.len() + 2);
    for (a, b) in profile.iter().zip(profile.iter().cycle().skip(1)) {
        let normal = v(0.0, b.0 - a.0, a.1 - b.1).unit();
        let on = v(0.0, a.1, a.0);
        let normal = if normal.dot(on - middle) < 0.0 { -normal } else { normal };
        planes.push((normal, normal.dot(on)));
    }
    for side in [-1.0, 1.0] {
        let normal = v(side, taper, 0.0).unit();
        planes.push((normal, normal.dot(v(side * half, low.y, 0.0))));
    }
    Shape::Hull(planes, low, high)
}

fn wheels(parts: &mut Vec<Part>, places: &[f32], out: f32, radius: f32) {
    for z in places {
        for side in [-1.0, 1.0] {
            let centre = v(side * (out - 0.09), radius, *z);
            parts.push(Part::new(
                Shape::Wheel(centre, radius, 0.11),
                Skin::new(tyre, rgb(0x9a9ca0)),
            ));
        }
    }
}

fn tyre(at: &At<'_>) -> Look {
    let middle = (at.skin.low + at.skin.high) * 0.5;
    let radius = (at.skin.high.y - at.skin.low.y) * 0.5;
    let far = ((at.p.y - middle.y).powi(2) + (at.p.z - middle.z).powi(2)).sqrt() / radius;
    if at.n.x.abs() > 0.5 && far < 0.66 {
        Look::shiny(at.skin.colour * (0.5 + 0.5 * far), 0.1)
    } else {
        Look::matt(all(0.012))
    }
}

fn lamps(at: &At<'_>, look: Look) -> Look {
    let (low, high) = (at.skin.low, at.skin.high);
    let wide = at.p.x.abs() / high.x;
    let tall = (at.p.y - low.y) / (high.y - low.y);
    if at.p.z > high.z - 0.3 && wide > 0.55 && (0.45..0.75).contains(&tall) {
        return Look { glow: rgb(0xfff4dc) * 0.9, ..Look::shiny(rgb(0xe8eef4), 0.3) };
    }
    if at.p.z < low.z + 0.12 && wide > 0.6 && (0.6..0.88).contains(&tall) {
        return Look { glow: at.skin.second, ..Look::shiny(at.skin.second, 0.1) };
    }
    if at.p.z < low.z + 0.07 && wide < 0.3 && (0.35..0.55).contains(&tall) {
        return Look::matt(all(0.7));
    }
    look
}

fn coachwork(at: &At<'_>) -> Look {
    let (low, high) = (at.skin.low, at.skin.high);
    let tall = (at.p.y - low.y) / (high.y - low.y);
    let dirt = 0.75 + 0.25 * tall;
    let mut look = Look::shiny(at.skin.colour * dirt, 0.06);
    if tall < 0.16 {
        look = Look::matt(all(0.02));
    }
    let door = |z: f32| (at.p.z - z).abs() < 0.012 && tall > 0.2;
    if at.n.x.abs() > 0.6 && (door(-0.85) || door(0.1) || door(1.0)) {
        look.albedo = look.albedo * 0.35;
    }
    lamps(at, look)
}

fn glass() -> Look {
    Look::shiny(rgb(0x10161a), 0.07)
}

fn glasshouse(at: &At<'_>) -> Look {
    let (low, high) = (at.skin.low, at.skin.high);
    let tall = (at.p.y - low.y) / (high.y - low.y);
    let along = (at.p.z - low.z) / (high.z - low.z);
    let paint = Look::shiny(at.skin.colour, 0.06);
    if at.n.y > 0.75 || tall > 0.9 {
        return paint;
    }
    let pillar = at.n.x.abs() > 0.6
        && ((0.52..0.56).contains(&along) || !(0.1..0.9).contains(&(along + 0.0)) && tall > 0.75);
    let edge = at.n.x.abs() <= 0.6 && at.p.x.abs() > high.x * 0.86 - tall * 0.1;
    if pillar || edge { paint } else { glass() }
}

fn van_side(at: &At<'_>) -> Look {
    let screen = at.n.z > 0.3 && at.n.y > 0.2 && at.p.y > 1.28;
    let door = at.n.x.abs() > 0.7
        && at.p.z > 0.95
        && at.p.z < 1.75
        && at.p.y > 1.3
        && at.p.y < 2.0
        && at.p.z < 2.9 - at.p.y * 0.75;
    if screen && at.p.x.abs() < 0.86 || door {
        return glass();
    }
    coachwork(at)
}

fn lorry_cab(at: &At<'_>) -> Look {
    let screen = at.n.z > 0.4 && at.p.y > 1.4 && at.p.y < 2.3 && at.p.x.abs() < 1.0;
    let door = at.n.x.abs() > 0.7 && at.p.z > 2.7 && at.p.z < 3.6 && at.p.y > 1.5 && at.p.y < 2.2;
    if screen || door { glass() } else { coachwork(at) }
}

fn box_side(at: &At<'_>) -> Look {
    let rib = if at.n.x.abs() > 0.5 { (at.p.z * 9.0).sin() } else { 0.0 };
    let stripe = at.n.x.abs() > 0.5 && (at.p.y - 1.9 - at.p.z * 0.12).abs() < 0.28;
    let base = if stripe { mix(at.skin.colour, all(0.8), 0.75) } else { at.skin.colour };
    Look::shiny(base * (0.92 + 0.06 * rib + 0.08 * noise3(at.p * 2.0)), 0.03)
}
