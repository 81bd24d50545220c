//! A street in the late afternoon: houses with shops, parked cars, lamps and trees.

use super::Built;
use crate::body::{At, Body, Look};
use crate::camera::Camera;
use crate::light::{Light, grey, rgb};
use crate::math::{Chance, V3, all, band, cell, cloudy, dice, mix, noise2, v};
use crate::person::Person;
use crate::plan::{Habit, Who};
use crate::props::{ground, house, lamp, tree};
use crate::route::{Leg, Way};
use crate::vehicle::{Model, Vehicle};
use crate::world::World;

const WALLS: [u32; 8] =
    [0xc8a888, 0xd8cbb0, 0xa86a50, 0xb8b4a8, 0xd0b06c, 0x9aa4a8, 0xc88c70, 0xe0dccc];
const TRIMS: [u32; 4] = [0xe8e4d8, 0xd8d0c0, 0xf0ece4, 0xc0b8a8];

pub(super) fn build(size: (u32, u32), chance: &mut Chance) -> Built {
    let mut bodies = vec![ground(paint, chance.below(1000) as i32)];
    houses(&mut bodies, chance);
    for x in [-27.0, -11.5, 4.5] {
        bodies.push(lamp(v(x, 0.0, 5.95), std::f32::consts::PI, 6.2));
    }
    for x in [-33.0, -19.0, -3.6, 11.5] {
        let high = chance.within(5.6, 7.0);
        bodies.push(tree(v(x + chance.within(-0.5, 0.5), 0.0, 6.6), high, chance));
    }
    for x in [-24.5, -15.0, -8.6, 1.4, 7.4] {
        if chance.often(0.75) {
            let model = chance.pick(&[Model::Car, Model::Estate, Model::Car], Model::Car);
            let car = Vehicle::any(model, chance);
            bodies.push(Body::new(
                v(x, 0.0, 4.5),
                -std::f32::consts::FRAC_PI_2,
                car.parts(false, 0.0),
            ));
        }
    }
    let world = World {
        bodies,
        camera: Camera::new(v(12.0, 5.6, -9.0), v(5.2, 1.0, 2.6), 1.22, size),
        light: light(chance),
        mirror: 0.0,
    };
    (world, habits(), (0.7, 3.2))
}

fn light(chance: &mut Chance) -> Light {
    Light {
        sun_at: v(chance.within(-0.9, -0.6), 0.85, -0.75).unit(),
        sun: v(1.46, 1.28, 1.04),
        spread: 0.03,
        sky_top: v(0.26, 0.38, 0.62),
        sky_low: v(0.66, 0.68, 0.7),
        fill: v(0.31, 0.32, 0.35),
        bounce: v(0.16, 0.14, 0.12),
        exposure: 1.12,
        haze: v(0.62, 0.62, 0.62),
        haze_rate: 0.002,
    }
}

fn houses(bodies: &mut Vec<Body>, chance: &mut Chance) {
    let mut x = -72.0;
    let mut last = 0;
    while x < 34.0 {
        let wide = chance.within(7.0, 11.5);
        let tall = 3.55 + 3.1 * (2.0 + chance.below(2) as f32) + 0.3;
        let mut wall = chance.below(WALLS.len());
        if wall == last {
            wall = (wall + 1) % WALLS.len();
        }
        last = wall;
        let colour = WALLS.get(wall).copied().unwrap_or(0xc8a888);
        let trim = chance.pick(&TRIMS, 0xe8e4d8);
        let back = 8.9 + chance.within(0.0, 0.4);
        bodies.push(house(
            v(x, 0.0, back),
            v(x + wide, tall, back + 9.0),
            rgb(colour),
            rgb(trim),
            chance.below(9999) as i32,
        ));
        x += wide + if chance.often(0.15) { 2.2 } else { 0.0 };
    }
}

fn paint(at: &At<'_>) -> Look {
    let (x, z, seed) = (at.p.x, at.p.z, at.skin.seed);
    match z {
        z if z.abs() < 3.5 => Look::matt(road(x, z, seed)),
        z if (3.5..5.55).contains(&z) => {
            let line = ((x / 5.8).rem_euclid(1.0) < 0.018) && z < 5.4 || (z - 3.6).abs() < 0.05;
            let worn = noise2(x * 4.0, z * 4.0, seed + 9);
            Look::matt(if line && worn > 0.3 { grey(0.72) } else { road(x, z, seed) * 0.9 })
        }
        z if (5.55..5.75).contains(&z) || (-3.7..-3.5).contains(&z) => {
            let joint = (x / 1.0).rem_euclid(1.0) < 0.03;
            Look::matt(grey(if joint { 0.4 } else { 0.66 + 0.08 * noise2(x * 3.0, z * 9.0, seed) }))
        }
        _ => Look::matt(pavement(x, z, seed)),
    }
}

fn road(x: f32, z: f32, seed: i32) -> V3 {
    let grain = noise2(x * 26.0, z * 26.0, seed);
    let wide = cloudy(x * 0.25, z * 0.7, seed + 1);
    // Where wheels run, the tar is polished; where engines drip, it is dark.
    let lane = (z.abs() - 1.75).abs();
    let track = band(0.6, 0.95, 0.25, lane);
    let drip = band(0.0, 0.22, 0.2, lane);
    let mut tone = 0.36 + 0.09 * wide + 0.06 * (grain - 0.5) + 0.035 * track - 0.035 * drip;
    // Patches where the road was opened.
    let patch =
        cell((x / 4.2).floor() as i32, (z / 2.6).floor() as i32, seed + 4).is_multiple_of(9);
    if patch && dice((x / 4.2).floor() as i32, 1, seed) > 0.2 {
        tone -= 0.06;
    }
    let crack = (cloudy(x * 0.5 + 7.0, z * 0.9, seed + 2) - 0.5).abs();
    tone -= 0.1 * (1.0 - (crack / 0.006).min(1.0));
    let base = grey(tone) * 1.0;
    let worn = noise2(x * 3.5, z * 14.0, seed + 3);
    let dash = z.abs() < 0.07 && (x / 5.0).rem_euclid(1.0) < 0.5;
    let zebra =
        (-10.9..-7.9).contains(&x) && z.abs() < 3.3 && ((z + 0.25) / 1.0).rem_euclid(1.0) < 0.5;
    let cover = ((x - 3.0).powi(2) + (z + 1.6).powi(2)).sqrt();
    if (dash || zebra) && worn > 0.22 {
        return mix(base, grey(0.82), 0.9 - 0.4 * track);
    }
    if cover < 0.33 {
        let ring = cover > 0.28 || ((x * 12.0).sin() * (z * 12.0).sin()) > 0.3;
        return grey(if ring { 0.2 } else { 0.3 });
    }
    base * mix(all(1.0), v(1.03, 1.0, 0.95), wide).x
}

fn pavement(x: f32, z: f32, seed: i32) -> V3 {
    let (row, shift) = ((z / 0.6).floor() as i32, 0.45 * ((z / 0.6).floor().rem_euclid(2.0)));
    let column = ((x + shift) / 0.9).floor() as i32;
    let joint = ((x + shift) / 0.9).rem_euclid(1.0) < 0.025 || (z / 0.6).rem_euclid(1.0) < 0.035;
    let tone = 0.56
        + 0.08 * dice(column, row, seed)
        + 0.06 * cloudy(x * 0.5, z * 0.5, seed + 6)
        + 0.03 * noise2(x * 20.0, z * 20.0, seed);
    let base = if joint { grey(0.4) } else { grey(tone) };
    base * v(1.03, 1.0, 0.95)
}

fn habits() -> Vec<Habit> {
    vec![
        Habit { weight: 2.2, lane: Some(0), make: |c| drive(c, -1.75, false) },
        Habit { weight: 2.2, lane: Some(1), make: |c| drive(c, 1.75, false) },
        Habit { weight: 0.9, lane: Some(0), make: |c| drive(c, -1.75, true) },
        Habit { weight: 3.0, lane: None, make: walk },
        Habit { weight: 1.4, lane: Some(2), make: cross },
        Habit { weight: 0.8, lane: None, make: window_shopper },
        Habit { weight: 0.8, lane: Some(3), make: cycle },
    ]
}

fn drive(chance: &mut Chance, z: f32, stops: bool) -> (Who, Way) {
    let model =
        chance.pick(&[Model::Car, Model::Car, Model::Estate, Model::Van, Model::Lorry], Model::Car);
    let speed = chance.within(7.0, 10.5);
    let (from, to) = if z < 0.0 { (-29.0, 22.0) } else { (22.0, -29.0) };
    let legs = if stops {
        let x = chance.within(-4.0, 4.0);
        vec![
            Leg::To(x, z, speed * 0.7),
            Leg::Stay(chance.within(3.0, 7.0)),
            Leg::To(to, z, speed * 0.7),
        ]
    } else {
        vec![Leg::To(to, z, speed)]
    };
    (Who::Vehicle(Vehicle::any(model, chance)), Way::new((from, z), legs, 1.8))
}

fn ends(chance: &mut Chance, left: f32, right: f32) -> (f32, f32) {
    if chance.often(0.5) { (left, right) } else { (right, left) }
}

fn walk(chance: &mut Chance) -> (Who, Way) {
    let far = chance.often(0.65);
    let z = if far { chance.within(7.2, 8.3) } else { chance.within(-5.4, -4.2) };
    let (from, to) = if far { ends(chance, -27.0, 15.5) } else { ends(chance, -16.0, 12.0) };
    let speed = chance.within(1.25, 1.75);
    (Who::Walker(Person::any(chance)), Way::new((from, z), vec![Leg::To(to, z, speed)], 0.5))
}

fn cross(chance: &mut Chance) -> (Who, Way) {
    let x = chance.within(-10.3, -8.5);
    let speed = chance.within(1.3, 1.7);
    let to = if chance.often(0.5) { -26.0 } else { 15.0 };
    let legs = vec![
        Leg::To(x, -4.6, speed),
        Leg::Stay(chance.within(1.0, 2.5)),
        Leg::To(x, 7.4, speed),
        Leg::To(to, 7.7, speed),
    ];
    (Who::Walker(Person::any(chance)), Way::new((-16.0, -4.6), legs, 0.5))
}

fn window_shopper(chance: &mut Chance) -> (Who, Way) {
    let (from, to) = ends(chance, -26.0, 15.0);
    let x = chance.within(-12.0, 6.0);
    let legs = vec![
        Leg::To(x, 7.9, 1.4),
        Leg::To(x + 0.1, 8.35, 0.8),
        Leg::Stay(chance.within(4.0, 9.0)),
        Leg::To(to, 7.6, 1.4),
    ];
    (Who::Walker(Person::any(chance)), Way::new((from, 7.7), legs, 0.5))
}

fn cycle(chance: &mut Chance) -> (Who, Way) {
    let paint = rgb(chance.pick(&[0x28506c, 0xb03024, 0x2c2c2c, 0x3c7c4c], 0));
    let way = Way::new((-27.0, -2.9), vec![Leg::To(20.0, -2.9, chance.within(4.2, 6.0))], 1.0);
    (Who::Cyclist(Person::rider(chance), paint), way)
}
