//! People: rods and eggs on a skeleton that walks, runs, stands or pedals.
//!
//! Units: metres; the gait's phase in radians, one turn is two steps.

use std::f32::consts::PI;

use crate::body::{At, Look, Part, Skin};
use crate::light::rgb;
use crate::math::{Chance, V3, noise3, v};
use crate::shape::Shape;

/// How somebody looks.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub height: f32,
    stout: f32,
    top: V3,
    trousers: V3,
    shoes: V3,
    skin: V3,
    hair: V3,
    bag: Option<V3>,
    coat: bool,
    vest: bool,
    helmet: Option<V3>,
}

/// What the limbs do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pose {
    /// Phase of the gait and how far the legs swing (0 standing, 0.55 walking, 0.9 running).
    Walk { phase: f32, swing: f32 },
    /// On a bicycle.
    Ride { phase: f32 },
    /// On a driver's seat.
    Sit,
}

const TOPS: [u32; 12] = [
    0x8c2f2b, 0x2f4f6f, 0xd8d2c4, 0x39424e, 0x5d7a4a, 0xc98b2d, 0x6d3f63, 0xb8bcc2, 0x274a45,
    0x9a5a3c, 0x1f2430, 0x4a78a8,
];
const TROUSERS: [u32; 6] = [0x23283a, 0x3a4458, 0x4a3d30, 0x6a6258, 0x1c1c20, 0x55606e];
const SKINS: [u32; 5] = [0xe0b090, 0xc68a62, 0x8d5a3c, 0xf0c8a8, 0x5c3a28];
const HAIRS: [u32; 5] = [0x1a1410, 0x3a2616, 0x6a4a2a, 0x9a8a78, 0xb08a4a];

impl Person {
    pub fn any(chance: &mut Chance) -> Person {
        Person {
            height: chance.within(1.58, 1.88),
            stout: chance.within(0.9, 1.15),
            top: rgb(chance.pick(&TOPS, 0)),
            trousers: rgb(chance.pick(&TROUSERS, 0)),
            shoes: rgb(chance.pick(&[0x18181a, 0xd0d0d0, 0x5a3a22], 0)),
            skin: rgb(chance.pick(&SKINS, 0)),
            hair: rgb(chance.pick(&HAIRS, 0)),
            bag: chance.often(0.35).then(|| rgb(chance.pick(&TOPS, 0))),
            coat: chance.often(0.3),
            vest: false,
            helmet: None,
        }
    }

    /// Somebody who works in a yard: a bright vest and a helmet.
    pub fn worker(chance: &mut Chance) -> Person {
        let helmet = Some(rgb(chance.pick(&[0xf2f2ee, 0xf0b81c, 0x2f6fc0], 0)));
        let top = rgb(chance.pick(&[0xe8681c, 0xd8e020], 0));
        Person { vest: true, top, helmet, bag: None, coat: false, ..Person::any(chance) }
    }

    /// A rider in helmet.
    pub fn rider(chance: &mut Chance) -> Person {
        let helmet = Some(rgb(chance.pick(&[0xf2f2ee, 0xc02828, 0x202428], 0)));
        Person { helmet, bag: None, coat: false, ..Person::any(chance) }
    }

    /// The parts of the body in that pose, feet at the origin (riding: under the saddle).
    pub fn parts(&self, pose: Pose) -> Vec<Part> {
        let mut parts = Vec::with_capacity(24);
        let lift = match pose {
            Pose::Walk { phase, swing } => (phase * 2.0).cos() * 0.018 * (swing / 0.55),
            Pose::Ride { .. } => 0.06,
            Pose::Sit => 0.0,
        };
        let lean = match pose {
            Pose::Walk { swing, .. } => 0.02 + 0.09 * (swing - 0.4).max(0.0),
            Pose::Ride { .. } => 0.38,
            Pose::Sit => 0.0,
        };
        let hip = v(0.0, self.height * 0.52 + lift, 0.0);
        let shoulder =
            hip + v(0.0, self.height * 0.30 * (1.0 - lean * lean * 0.5), lean * self.height * 0.3);
        self.trunk(&mut parts, hip, shoulder);
        self.head(&mut parts, shoulder, lean);
        for side in [-1.0, 1.0] {
            self.leg(&mut parts, hip, side, pose);
            self.arm(&mut parts, shoulder, side, pose);
        }
        parts
    }

    fn trunk(&self, parts: &mut Vec<Part>, hip: V3, shoulder: V3) {
        let w = self.stout;
        let cloth = Skin::new(if self.vest { vest } else { fabric }, self.top);
        let chest = hip + (shoulder - hip) * 0.62;
        parts.push(Part::new(Shape::Egg(chest, v(0.20 * w, 0.30, 0.135 * w)), cloth.clone()));
        parts.push(Part::new(
            Shape::Limb(
                shoulder - v(0.13 * w, 0.04, 0.0),
                shoulder + v(0.13 * w, -0.04, 0.0),
                0.075,
            ),
            cloth.clone(),
        ));
        let waist = hip + v(0.0, 0.1, 0.01);
        parts.push(Part::new(Shape::Egg(waist, v(0.175 * w, 0.17, 0.13 * w)), cloth.clone()));
        let low = if self.coat { cloth } else { Skin::new(fabric, self.trousers) };
        let drop = if self.coat { 0.34 } else { 0.1 };
        parts.push(Part::new(
            Shape::Egg(hip - v(0.0, drop * 0.4, 0.0), v(0.185 * w, drop + 0.06, 0.14 * w)),
            low,
        ));
        if let Some(bag) = self.bag {
            let back = chest - v(0.0, -0.02, 0.19);
            parts.push(Part::new(Shape::Egg(back, v(0.15, 0.23, 0.1)), Skin::new(fabric, bag)));
        }
    }

    fn head(&self, parts: &mut Vec<Part>, shoulder: V3, lean: f32) {
        let top = shoulder + v(0.0, self.height * 0.115, 0.03 + lean * 0.1);
        parts.push(Part::new(Shape::Limb(shoulder, top, 0.055), Skin::plain(self.skin)));
        parts.push(Part::new(
            Shape::Egg(top + v(0.0, 0.02, 0.0), v(0.083, 0.118, 0.098)),
            Skin::plain(self.skin),
        ));
        let cap = self.helmet.unwrap_or(self.hair);
        let back = if self.helmet.is_some() { 0.005 } else { 0.024 };
        let skin = if self.helmet.is_some() {
            Skin::new(|at| Look::shiny(at.skin.colour, 0.05), cap)
        } else {
            Skin::plain(cap)
        };
        parts.push(Part::new(Shape::Egg(top + v(0.0, 0.062, -back), v(0.094, 0.095, 0.106)), skin));
    }

    fn leg(&self, parts: &mut Vec<Part>, hip: V3, side: f32, pose: Pose) {
        let (thigh, shin) = (self.height * 0.255, self.height * 0.245);
        let (forward, bend) = match pose {
            Pose::Walk { phase, swing } => {
                let p = phase + if side > 0.0 { PI } else { 0.0 };
                (p.sin() * swing, ((p + 0.9).cos().max(0.0) * 1.25 + 0.1) * swing)
            }
            Pose::Ride { phase } => {
                let p = phase + if side > 0.0 { PI } else { 0.0 };
                (1.0 + 0.38 * p.sin(), 1.25 + 0.5 * (p + 0.6).sin())
            }
            Pose::Sit => (1.45, 1.5),
        };
        let cloth = Skin::new(fabric, self.trousers);
        let from = hip + v(side * 0.095 * self.stout, -0.03, 0.0);
        let knee = from + v(0.0, -thigh * forward.cos(), thigh * forward.sin());
        let angle = forward - bend;
        let ankle = knee + v(0.0, -shin * angle.cos(), shin * angle.sin());
        let thick = self.stout;
        parts.push(Part::new(Shape::Limb(from, knee, 0.085 * thick), cloth.clone()));
        parts.push(Part::new(Shape::Limb(knee, ankle, 0.06 * thick), cloth));
        let toe = ankle + v(0.0, -0.03, 0.0) + v(0.0, (angle * 0.8).sin() * 0.05, 0.15);
        parts.push(Part::new(
            Shape::Limb(ankle - v(0.0, 0.03, 0.02), toe, 0.048),
            Skin::plain(self.shoes),
        ));
    }

    fn arm(&self, parts: &mut Vec<Part>, shoulder: V3, side: f32, pose: Pose) {
        let (upper, fore) = (self.height * 0.17, self.height * 0.15);
        let (forward, bend) = match pose {
            Pose::Walk { phase, swing } => {
                let p = phase + if side > 0.0 { 0.0 } else { PI };
                let run = (swing - 0.55).max(0.0) * 3.0;
                (p.sin() * swing * 0.75, 0.18 + 0.25 * p.sin().max(0.0) + run)
            }
            Pose::Ride { .. } => (1.05, 0.25),
            Pose::Sit => (0.7, 0.6),
        };
        let from = shoulder + v(side * 0.185 * self.stout, -0.05, 0.0);
        let out = side * 0.06;
        let elbow = from + v(out, -upper * forward.cos(), upper * forward.sin());
        let angle = forward + bend;
        let hand = elbow + v(-out * 0.3, -fore * angle.cos(), fore * angle.sin());
        let cloth = if self.vest { self.trousers } else { self.top };
        parts
            .push(Part::new(Shape::Limb(from, elbow, 0.05 * self.stout), Skin::new(fabric, cloth)));
        parts.push(Part::new(Shape::Limb(elbow, hand, 0.042), Skin::new(fabric, cloth)));
        parts.push(Part::new(Shape::Egg(hand, v(0.04, 0.05, 0.04)), Skin::plain(self.skin)));
    }
}

fn fabric(at: &At<'_>) -> Look {
    let fold = 0.82 + 0.36 * noise3(at.p * 14.0);
    Look::matt(at.skin.colour * fold)
}

/// A warning vest: bright cloth with two shining bands.
fn vest(at: &At<'_>) -> Look {
    let height = (at.p.y - at.skin.low.y) / (at.skin.high.y - at.skin.low.y).max(0.01);
    let band = (0.26..0.36).contains(&height) || (0.5..0.6).contains(&height);
    if band {
        Look::matt(rgb(0xe8e8e0))
    } else {
        Look::matt(at.skin.colour * (0.9 + 0.2 * noise3(at.p * 14.0)))
    }
}
