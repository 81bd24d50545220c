//! A loading yard at noon: a hall with a gate, stacked containers, pallets, a fence.

use std::f32::consts::FRAC_PI_2;

use super::Built;
use super::yard_skins::{concrete, corrugated, mesh, paint, ribbed, shutter, stripes};
use crate::body::{Body, Look, Part, Skin};
use crate::camera::Camera;
use crate::light::{Light, grey, rgb};
use crate::math::{Chance, all, v};
use crate::person::Person;
use crate::plan::{Habit, Who};
use crate::props::{block, bush, crates, ground, tree};
use crate::route::{Leg, Way};
use crate::shape::Shape;
use crate::vehicle::{Model, Vehicle};
use crate::world::World;

const STEEL: [u32; 7] = [0x8c3420, 0x28506c, 0x3c6448, 0xb87c28, 0x70747c, 0x9c4c34, 0x2c3c5c];

pub(super) fn build(size: (u32, u32), chance: &mut Chance) -> Built {
    let mut bodies = vec![ground(paint, chance.below(1000) as i32), hall()];
    containers(&mut bodies, chance);
    bodies.push(fence());
    for (x, z, turn) in [
        (8.6, 14.5, 0.1),
        (10.3, 14.9, -0.2),
        (9.2, 16.6, 0.3),
        (-6.4, 18.6, 0.0),
        (-7.9, 18.4, 0.2),
    ] {
        bodies.push(crates(v(x, 0.0, z), turn, 1 + chance.below(3), chance));
    }
    for x in [15.8, 19.0, 23.5, 28.0] {
        let high = chance.within(6.0, 9.0);
        bodies.push(tree(v(x, 0.0, chance.within(19.0, 27.0)), high, chance));
        bodies.push(bush(v(x - 1.0, 0.0, chance.within(13.0, 20.0)), 1.4, chance));
    }
    let mast = Skin::new(|at| Look::shiny(at.skin.colour, 0.08), rgb(0x8a9094));
    bodies.push(Body::fixed(vec![
        Part::new(Shape::Post(v(12.4, 0.0, 19.0), 0.11, 9.5), mast.clone()),
        block(v(11.7, 9.4, 18.8), v(13.1, 9.65, 19.2), mast),
        block(v(12.0, 0.0, 18.6), v(12.8, 0.7, 19.4), Skin::new(concrete, grey(0.6))),
    ]));
    let camera = Camera::new(v(4.5, 6.6, -7.5), v(0.2, 0.9, 10.0), 1.36, size);
    (World { bodies, camera, light: light(chance), mirror: 0.0 }, habits(), (0.8, 4.2))
}

fn light(chance: &mut Chance) -> Light {
    Light {
        sun_at: v(chance.within(0.35, 0.6), 0.85, -0.42).unit(),
        sun: v(1.4, 1.33, 1.22),
        spread: 0.025,
        sky_top: v(0.2, 0.36, 0.68),
        sky_low: v(0.62, 0.7, 0.78),
        fill: v(0.31, 0.33, 0.36),
        bounce: v(0.22, 0.21, 0.19),
        exposure: 1.08,
        haze: v(0.6, 0.66, 0.72),
        haze_rate: 0.002,
    }
}

/// The hall: a wall of ribbed steel with an open gate, two closed ones and an office.
fn hall() -> Body {
    let wall = Skin::new(ribbed, rgb(0xb4bcc0)).second(rgb(0x2c5c84));
    let dark = Skin::plain(grey(0.3));
    let frame = Skin::new(stripes, rgb(0xd8b41c));
    let (z, high) = (21.0, 7.2);
    let mut parts = vec![
        block(v(-24.0, 0.0, z), v(-3.0, high, z + 0.3), wall.clone()),
        block(v(1.2, 0.0, z), v(11.0, high, z + 0.3), wall.clone()),
        block(v(-3.0, 4.2, z), v(1.2, high, z + 0.3), wall.clone()),
        block(v(-24.0, high, z - 0.5), v(11.3, high + 0.35, z + 14.0), Skin::plain(rgb(0x4c545c))),
        block(v(10.7, 0.0, z), v(11.0, high, z + 14.0), wall),
        // The room behind the gate.
        block(v(-12.0, 0.0, z + 8.0), v(9.0, high, z + 8.3), dark),
    ];
    for x in [-3.15, 1.2] {
        parts.push(block(v(x, 0.0, z - 0.12), v(x + 0.15, 4.3, z), frame.clone()));
    }
    for x in [-15.0, -9.6, 4.2] {
        parts.push(block(
            v(x, 0.0, z - 0.06),
            v(x + 3.8, 4.0, z),
            Skin::new(shutter, rgb(0xd0d4d4)),
        ));
        for side in [x - 0.25, x + 3.8] {
            parts.push(block(
                v(side, 0.0, z - 0.35),
                v(side + 0.25, 1.1, z),
                Skin::plain(all(0.015)),
            ));
        }
        parts.push(block(
            v(x - 0.3, 4.3, z - 1.4),
            v(x + 4.1, 4.42, z),
            Skin::plain(rgb(0x2c5c84)),
        ));
    }
    Body::fixed(parts)
}

fn containers(bodies: &mut Vec<Body>, chance: &mut Chance) {
    for (x, z, turned) in
        [(-13.5, 9.0, false), (-13.2, 15.6, false), (-10.8, 15.8, false), (-17.0, 12.0, true)]
    {
        let high = if x < -12.0 { 2 } else { 1 };
        for level in 0..high {
            let colour = rgb(chance.pick(&STEEL, 0));
            let skin = Skin::new(corrugated, colour).seed(chance.below(999) as i32);
            let nudge = chance.within(-0.08, 0.08);
            let part = block(v(-1.22, 0.0, -3.0), v(1.22, 2.55, 3.0), skin);
            let facing = if turned { FRAC_PI_2 } else { 0.0 };
            bodies.push(Body::new(
                v(x + nudge, 2.58 * level as f32, z),
                facing + nudge * 0.2,
                vec![part],
            ));
        }
    }
}

fn fence() -> Body {
    let steel = Skin::plain(rgb(0x7c868c));
    let mut parts = Vec::new();
    for i in 0..12 {
        let z = 5.0 + 1.4 * i as f32;
        parts.push(Part::new(Shape::Post(v(14.0, 0.0, z), 0.05, 2.1), steel.clone()));
    }
    for y in [0.25, 1.1, 2.0] {
        parts.push(Part::new(Shape::Limb(v(14.0, y, 5.0), v(14.0, y, 20.6), 0.025), steel.clone()));
    }
    parts.push(block(v(13.99, 0.2, 5.0), v(14.01, 2.0, 20.6), Skin::new(mesh, rgb(0x9aa4a8))));
    Body::fixed(parts)
}

fn habits() -> Vec<Habit> {
    vec![
        Habit { weight: 2.6, lane: Some(0), make: forklift },
        Habit { weight: 1.6, lane: Some(1), make: deliver },
        Habit { weight: 1.0, lane: Some(1), make: pass },
        Habit { weight: 2.2, lane: None, make: worker },
        Habit { weight: 1.4, lane: Some(2), make: inspect },
        Habit { weight: 1.0, lane: None, make: stroll },
    ]
}

fn forklift(chance: &mut Chance) -> (Who, Way) {
    let who = Who::Forklift(Vehicle::any(Model::Forklift, chance), Person::worker(chance));
    let speed = chance.within(2.6, 3.4);
    let (x, z) = if chance.often(0.5) {
        (chance.within(-8.8, -7.2), 12.5)
    } else {
        (chance.within(5.5, 7.0), 14.0)
    };
    let turn = chance.within(11.5, 13.0);
    let legs = vec![
        Leg::To(-2.2, 25.2, speed),
        Leg::To(-0.9, 23.0, speed),
        Leg::To(-0.9, turn + 1.5, speed),
        Leg::To(-0.9 + (x + 0.9) * 0.3, turn, speed),
        Leg::To(x, z, speed),
        Leg::Stay(chance.within(2.5, 5.0)),
        Leg::To(x * 0.5, 9.0, speed),
        Leg::To(-0.9, 11.0, speed),
        Leg::To(-0.9, 23.0, speed),
        Leg::To(-2.2, 25.2, speed),
        Leg::To(-10.0, 26.0, speed),
    ];
    (who, Way::new((-10.0, 26.0), legs, 1.0))
}

fn deliver(chance: &mut Chance) -> (Who, Way) {
    let model = chance.pick(&[Model::Van, Model::Van, Model::Lorry], Model::Van);
    let x = chance.within(-2.5, 3.0);
    let legs =
        vec![Leg::To(x, 6.6, 5.0), Leg::Stay(chance.within(5.0, 11.0)), Leg::To(-30.0, 6.2, 5.0)];
    (Who::Vehicle(Vehicle::any(model, chance)), Way::new((28.0, 6.6), legs, 2.2))
}

fn pass(chance: &mut Chance) -> (Who, Way) {
    let model = chance.pick(&[Model::Lorry, Model::Car], Model::Car);
    let way = Way::new((-30.0, 4.2), vec![Leg::To(28.0, 4.2, chance.within(5.0, 6.5))], 1.0);
    (Who::Vehicle(Vehicle::any(model, chance)), way)
}

fn worker(chance: &mut Chance) -> (Who, Way) {
    let pace = chance.within(1.3, 1.6);
    let side = if chance.often(0.5) { 28.0 } else { -28.0 };
    let z = chance.within(8.6, 10.5);
    let legs = vec![
        Leg::To(0.4, 24.0, pace),
        Leg::To(2.4, 19.0, pace),
        Leg::To(2.4, 11.0, pace),
        Leg::To(side * 0.1 + 2.0, z, pace),
        Leg::To(side * 0.65, z - 1.5, pace),
    ];
    (Who::Walker(Person::worker(chance)), Way::new((6.0, 24.5), legs, 0.5))
}

fn inspect(chance: &mut Chance) -> (Who, Way) {
    let pace = chance.within(1.2, 1.5);
    let (x, z) = if chance.often(0.5) { (8.2, 13.2) } else { (-6.4, 16.6) };
    let legs = vec![
        Leg::To(0.6, 24.0, pace),
        Leg::To(1.8, 19.0, pace),
        Leg::To(x, z, pace),
        Leg::Stay(chance.within(7.0, 14.0)),
        Leg::To(1.8, 19.0, pace),
        Leg::To(0.6, 24.0, pace),
        Leg::To(6.0, 24.5, pace),
    ];
    (Who::Walker(Person::worker(chance)), Way::new((6.0, 24.5), legs, 0.5))
}

fn stroll(chance: &mut Chance) -> (Who, Way) {
    let (from, to) = if chance.often(0.5) { (-16.0, 17.0) } else { (17.0, -16.0) };
    let z = chance.within(1.6, 3.4);
    let person = if chance.often(0.5) { Person::worker(chance) } else { Person::any(chance) };
    (
        Who::Walker(person),
        Way::new((from, z), vec![Leg::To(to, z + 1.0, chance.within(1.3, 1.7))], 0.5),
    )
}
