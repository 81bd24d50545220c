//! A hall with a shining floor: daylight from a glass front, a desk, lifts, plants.

use std::f32::consts::FRAC_PI_2;

use super::Built;
use crate::body::{At, Body, Look, Part, Skin};
use crate::camera::Camera;
use crate::light::{Light, grey, rgb};
use crate::math::{Chance, V3, all, cloudy, dice, mix, noise2, noise3, v};
use crate::person::Person;
use crate::plan::{Habit, Who};
use crate::props::{block, bush, ground, plank, tree};
use crate::route::{Leg, Way};
use crate::shape::Shape;
use crate::world::World;

const HIGH: f32 = 4.4;

pub(super) fn build(size: (u32, u32), chance: &mut Chance) -> Built {
    let mut bodies =
        vec![ground(floor, chance.below(1000) as i32), shell(chance), front(), back(), desk()];
    for (x, z) in [(-4.6, 4.6), (-4.6, 10.2)] {
        let skin = Skin::new(
            |at| Look::shiny(at.skin.colour * (0.9 + 0.12 * noise3(at.p * 4.0)), 0.03),
            grey(0.8),
        );
        bodies.push(Body::new(
            v(x, 0.0, z),
            0.0,
            vec![
                Part::new(Shape::Post(v(0.0, 0.0, 0.0), 0.32, HIGH), skin),
                Part::new(Shape::Post(v(0.0, 0.0, 0.0), 0.4, 0.12), Skin::plain(grey(0.35))),
            ],
        ));
    }
    for (x, z) in [(-8.1, 11.8), (-1.2, 15.3), (5.1, 15.2)] {
        bodies.push(plant(v(x, 0.0, z), chance));
    }
    bodies.push(sofa(v(-7.6, 0.0, 9.0), FRAC_PI_2, chance));
    bodies.push(sofa(v(-7.6, 0.0, 3.6), FRAC_PI_2, chance));
    for z in [15.0, 21.0] {
        let high = chance.within(6.0, 8.0);
        bodies.push(tree(v(-21.0 + chance.within(-2.0, 2.0), 0.0, z), high, chance));
    }
    let camera = Camera::new(v(7.4, 3.7, 0.6), v(-1.3, 0.75, 9.0), 1.4, size);
    (World { bodies, camera, light: light(chance), mirror: 0.09 }, habits(), (1.2, 5.0))
}

fn light(chance: &mut Chance) -> Light {
    Light {
        sun_at: v(-0.8, chance.within(0.5, 0.62), chance.within(-0.5, -0.2)).unit(),
        sun: v(1.5, 1.32, 1.02),
        spread: 0.02,
        sky_top: v(0.7, 0.85, 1.05),
        sky_low: v(1.0, 1.04, 1.06),
        fill: v(0.5, 0.48, 0.45),
        bounce: v(0.4, 0.36, 0.3),
        exposure: 1.2,
        haze: all(0.6),
        haze_rate: 0.0,
    }
}

fn shell(chance: &mut Chance) -> Body {
    let wood = Skin::new(panel, rgb(0x8c5c38)).seed(chance.below(99) as i32);
    let white = Skin::new(wall, rgb(0xdcd8d0));
    let parts = vec![
        block(v(9.0, 0.0, -1.0), v(9.3, HIGH, 22.0), wood),
        block(v(-9.2, 0.0, -1.3), v(9.0, HIGH, -1.0), white.clone()),
        block(v(-9.2, HIGH, -1.3), v(9.3, HIGH + 0.4, 22.0), Skin::new(ceiling, rgb(0xe4e2dc))),
        block(v(-9.2, 0.0, -1.3), v(-9.0, HIGH, 1.6), white.clone()),
        block(v(-9.2, 0.0, 12.6), v(-9.0, HIGH, 22.0), white),
    ];
    Body::fixed(parts)
}

/// The glass front at x = -9: mullions, a lintel, an open door.
fn front() -> Body {
    let metal = Skin::new(|at| Look::shiny(at.skin.colour, 0.06), rgb(0x34383c));
    let mut parts = Vec::new();
    for z in [1.6, 3.2, 4.8, 7.0, 8.4, 9.8, 11.2, 12.55] {
        parts.push(block(v(-9.08, 0.0, z), v(-8.96, HIGH, z + 0.08), metal.clone()));
    }
    parts.push(block(v(-9.06, 2.7, 1.6), v(-8.98, 2.8, 12.6), metal.clone()));
    parts.push(block(v(-9.06, 0.0, 1.6), v(-8.98, 0.12, 4.88), metal.clone()));
    parts.push(block(v(-9.06, 0.0, 7.0), v(-8.98, 0.12, 12.6), metal.clone()));
    parts.push(block(v(-9.1, HIGH - 0.35, 1.6), v(-8.94, HIGH, 12.6), metal));
    Body::fixed(parts)
}

/// The wall at z = 16 with two lifts and the way into a corridor.
fn back() -> Body {
    let stone = Skin::new(marble, rgb(0xb8aea0));
    let steel = Skin::new(lift_door, rgb(0xa8acb0));
    let mut parts = vec![
        block(v(-9.0, 0.0, 16.0), v(0.9, HIGH, 16.3), stone.clone()),
        block(v(3.6, 0.0, 16.0), v(9.0, HIGH, 16.3), stone.clone()),
        block(v(0.9, 2.7, 16.0), v(3.6, HIGH, 16.3), stone.clone()),
        block(v(-9.0, 0.0, 19.6), v(9.0, HIGH, 19.9), Skin::new(wall, rgb(0xc4b8a4))),
    ];
    for x in [-6.6, -3.8] {
        parts.push(block(v(x - 0.12, 0.0, 15.93), v(x + 1.72, 2.45, 16.0), Skin::plain(grey(0.3))));
        parts.push(block(v(x, 0.0, 15.9), v(x + 1.6, 2.3, 16.0), steel.clone()));
        let lamp = Skin::new(
            |at| Look { glow: at.skin.colour, ..Look::matt(at.skin.colour) },
            rgb(0xf0a030) * 0.9,
        );
        parts.push(block(v(x + 0.7, 2.58, 15.92), v(x + 0.9, 2.68, 16.0), lamp));
    }
    let sign = Skin::new(letters, rgb(0x2c3438));
    parts.push(block(v(-5.8, 3.0, 15.93), v(-2.4, 3.6, 16.0), sign));
    Body::fixed(parts)
}

fn desk() -> Body {
    let wood = Skin::new(plank, rgb(0x9c6c44));
    let stone = Skin::new(|at| Look::shiny(at.skin.colour, 0.05), grey(0.88));
    let screen =
        Skin::new(|at| Look { glow: rgb(0x6090b8) * 0.5, ..Look::matt(at.skin.colour) }, all(0.02));
    let parts = vec![
        block(v(-1.7, 0.0, -0.35), v(1.7, 1.02, 0.35), wood),
        block(v(-1.8, 1.02, -0.45), v(1.8, 1.1, 0.45), stone.clone()),
        block(v(-1.8, 0.0, -0.42), v(-1.6, 1.1, 0.42), stone.clone()),
        block(v(1.6, 0.0, -0.42), v(1.8, 1.1, 0.42), stone),
        block(v(0.5, 1.15, 0.15), v(1.1, 1.5, 0.2), screen.clone()),
        block(v(-1.1, 1.15, 0.15), v(-0.5, 1.5, 0.2), screen),
    ];
    Body::new(v(-1.3, 0.0, 12.6), 0.22, parts)
}

fn sofa(at: V3, facing: f32, chance: &mut Chance) -> Body {
    let colour = rgb(chance.pick(&[0x2c5c5c, 0x7c3c2c, 0x4c4c58, 0x8c7430], 0));
    let cloth =
        Skin::new(|at| Look::matt(at.skin.colour * (0.85 + 0.3 * noise3(at.p * 9.0))), colour);
    let parts = vec![
        block(v(-1.0, 0.12, -0.4), v(1.0, 0.44, 0.42), cloth.clone()),
        block(v(-1.0, 0.3, -0.5), v(1.0, 0.85, -0.3), cloth.clone()),
        block(v(-1.12, 0.12, -0.5), v(-0.95, 0.62, 0.42), cloth.clone()),
        block(v(0.95, 0.12, -0.5), v(1.12, 0.62, 0.42), cloth),
    ];
    Body::new(at, facing, parts)
}

fn plant(at: V3, chance: &mut Chance) -> Body {
    let mut body = bush(at, 1.0, chance);
    let moved = body.parts.drain(..).map(|part| part.moved(v(0.0, 0.75, 0.0))).collect::<Vec<_>>();
    let mut parts = vec![Part::new(
        Shape::Post(v(0.0, 0.0, 0.0), 0.34, 0.75),
        Skin::new(|at| Look::shiny(at.skin.colour, 0.04), grey(0.85)),
    )];
    parts.extend(moved);
    Body::new(at, 0.0, parts)
}

fn floor(at: &At<'_>) -> Look {
    let (x, z, seed) = (at.p.x, at.p.z, at.skin.seed);
    if x < -9.1 {
        let stone = dice((x / 0.8).floor() as i32, (z / 0.8).floor() as i32, seed);
        return Look::matt(grey(0.55 + 0.12 * stone + 0.08 * cloudy(x, z, seed)));
    }
    let (i, j) = ((x / 1.2).floor() as i32, (z / 1.2).floor() as i32);
    let joint = (x / 1.2).rem_euclid(1.0) < 0.012 || (z / 1.2).rem_euclid(1.0) < 0.012;
    let shift = 40.0 * dice(i, j, seed);
    let vein = (cloudy(x * 0.9 + shift, z * 0.9, seed + 1) - 0.5).abs();
    let border = x < -5.6 && x > -6.0 || z > 13.9 && z < 14.3;
    let base = if border { rgb(0x6c5c50) } else { rgb(0xc0b4a4) };
    let tone = 0.86 + 0.1 * dice(i, j, seed + 2) + 0.14 * cloudy(x * 1.3, z * 1.3 + shift, seed)
        - 0.14 * (1.0 - (vein / 0.03).min(1.0));
    Look::matt(if joint { base * 0.6 } else { base * tone })
}

fn marble(at: &At<'_>) -> Look {
    let (i, j) = ((at.p.x / 1.5).floor() as i32, (at.p.y / 1.1).floor() as i32);
    let joint = (at.p.x / 1.5).rem_euclid(1.0) < 0.012 || (at.p.y / 1.1).rem_euclid(1.0) < 0.014;
    let vein = (cloudy(at.p.x * 0.8 + 9.0 * dice(i, j, 2), at.p.y * 0.8, 4) - 0.5).abs();
    let tone = 0.9 + 0.1 * dice(i, j, 1) - 0.18 * (1.0 - (vein / 0.035).min(1.0));
    Look::shiny(at.skin.colour * if joint { 0.55 } else { tone }, 0.02)
}

fn lift_door(at: &At<'_>) -> Look {
    let middle = (at.skin.low.x + at.skin.high.x) * 0.5;
    let gap = (at.p.x - middle).abs() < 0.015;
    let brushed = 0.85 + 0.2 * noise2(at.p.x * 60.0, at.p.y * 1.5, 1);
    Look::shiny(at.skin.colour * if gap { 0.1 } else { 0.55 * brushed }, 0.12)
}

fn letters(at: &At<'_>) -> Look {
    let u = (at.p.x - at.skin.low.x) / (at.skin.high.x - at.skin.low.x);
    let y = (at.p.y - at.skin.low.y) / (at.skin.high.y - at.skin.low.y);
    // Six bars that flow: the mark of the house, and no word.
    let bar = (u * 6.0).floor();
    let inside = (u * 6.0).fract() > 0.22 && (0.2 + 0.06 * bar..0.82).contains(&y);
    if inside {
        Look { glow: all(0.35), ..Look::matt(grey(0.95)) }
    } else {
        Look::matt(at.skin.colour)
    }
}

fn panel(at: &At<'_>) -> Look {
    let strip = (at.p.z / 0.6).floor() as i32;
    let gap = (at.p.z / 0.6).rem_euclid(1.0) < 0.025;
    let grain = 0.75
        + 0.35 * noise2(at.p.z * 22.0, at.p.y * 1.2 + strip as f32 * 7.0, at.skin.seed)
        + 0.15 * dice(strip, 0, 3);
    Look::shiny(at.skin.colour * if gap { 0.25 } else { grain }, 0.02)
}

fn wall(at: &At<'_>) -> Look {
    let foot = at.p.y < 0.12;
    Look::matt(if foot {
        grey(0.4)
    } else {
        at.skin.colour * (0.95 + 0.06 * cloudy(at.p.x + at.p.z, at.p.y, 1))
    })
}

fn ceiling(at: &At<'_>) -> Look {
    let (u, w) = ((at.p.x / 2.4).rem_euclid(1.0), (at.p.z / 2.4).rem_euclid(1.0));
    let lamp = (0.36..0.64).contains(&u) && (0.2..0.8).contains(&w);
    if lamp {
        Look { glow: all(1.3), ..Look::matt(all(0.8)) }
    } else {
        Look::matt(mix(at.skin.colour, grey(0.5), if u < 0.02 || w < 0.02 { 0.6 } else { 0.0 }))
    }
}

fn habits() -> Vec<Habit> {
    vec![
        Habit { weight: 2.4, lane: Some(0), make: visit },
        Habit { weight: 1.8, lane: None, make: leave },
        Habit { weight: 1.4, lane: None, make: pass },
        Habit { weight: 1.2, lane: Some(1), make: wait },
    ]
}

/// Comes in, stands at the desk, goes into the corridor.
fn visit(chance: &mut Chance) -> (Who, Way) {
    let pace = chance.within(1.2, 1.5);
    let (x, z) = (chance.within(-2.2, -0.5), chance.within(11.2, 11.6));
    let legs = vec![
        Leg::To(-10.6, 5.9, pace),
        Leg::To(-6.0, 6.2, pace),
        Leg::To(x, z, pace),
        Leg::To(x + 0.1, z + 0.25, pace),
        Leg::Stay(chance.within(7.0, 14.0)),
        Leg::To(1.6, 11.4, pace),
        Leg::To(2.2, 16.4, pace),
        Leg::To(2.6, 18.0, pace),
        Leg::To(7.5, 18.2, pace),
    ];
    (Who::Walker(Person::any(chance)), Way::new((-13.5, -4.5), legs, 0.5))
}

/// Comes from the corridor and goes out.
fn leave(chance: &mut Chance) -> (Who, Way) {
    let pace = chance.within(1.3, 1.7);
    let bend = chance.within(7.5, 10.0);
    let legs = vec![
        Leg::To(2.6, 18.0, pace),
        Leg::To(2.1, 15.0, pace),
        Leg::To(-1.0, bend, pace),
        Leg::To(-6.0, 5.9, pace),
        Leg::To(-10.6, 5.8, pace),
        Leg::To(-13.5, -4.5, pace),
    ];
    (Who::Walker(Person::any(chance)), Way::new((7.5, 18.2), legs, 0.5))
}

/// Crosses the hall from the right to the corridor.
fn pass(chance: &mut Chance) -> (Who, Way) {
    let pace = chance.within(1.2, 1.7);
    let z = chance.within(7.0, 9.0);
    let legs = vec![
        Leg::To(1.0, z, pace),
        Leg::To(1.8, 13.5, pace),
        Leg::To(2.3, 16.5, pace),
        Leg::To(2.4, 18.0, pace),
        Leg::To(-4.0, 18.2, pace),
    ];
    (Who::Walker(Person::any(chance)), Way::new((8.4, z - 1.0), legs, 0.5))
}

/// Comes in, waits in the middle of the hall, and goes out again.
fn wait(chance: &mut Chance) -> (Who, Way) {
    let pace = chance.within(1.2, 1.5);
    let (x, z) = (chance.within(-2.5, 0.5), chance.within(6.0, 8.0));
    let legs = vec![
        Leg::To(-10.6, 5.9, pace),
        Leg::To(-6.0, 6.0, pace),
        Leg::To(x, z, pace),
        Leg::Stay(chance.within(8.0, 15.0)),
        Leg::To(3.0, z - 0.5, pace),
        Leg::To(8.4, z - 2.0, pace),
    ];
    (Who::Walker(Person::any(chance)), Way::new((-13.5, -4.5), legs, 0.5))
}
