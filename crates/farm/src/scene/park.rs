//! A park on a clear morning: lawn, crossing paths, old trees, benches, a pond.

use super::Built;
use crate::body::{At, Look};
use crate::camera::Camera;
use crate::light::{Light, grey, rgb};
use crate::math::{Chance, V3, all, cloudy, mix, noise2, step, v};
use crate::person::Person;
use crate::plan::{Habit, Who};
use crate::props::{bench, bush, ground, lamp, tree};
use crate::route::{Leg, Way};
use crate::world::World;

/// The two paths over the ground, as (x, z) from end to end, and half their widths.
const LONG: [(f32, f32); 2] = [(-30.0, 5.0), (30.0, 14.0)];
const CROSS: [(f32, f32); 2] = [(15.0, -4.0), (-19.0, 30.0)];
const HALF: (f32, f32) = (1.6, 1.25);

pub(super) fn build(size: (u32, u32), chance: &mut Chance) -> Built {
    let mut bodies = vec![ground(paint, chance.below(1000) as i32)];
    for (x, z, high) in [
        (-10.5, 13.0, 8.5),
        (9.0, 17.5, 9.5),
        (-16.0, 22.0, 9.0),
        (2.0, 27.0, 8.0),
        (15.5, 26.0, 10.0),
        (-3.5, 35.0, 9.5),
        (-26.0, 30.0, 10.0),
        (21.0, 19.0, 8.0),
    ] {
        bodies.push(tree(
            v(x + chance.within(-0.8, 0.8), 0.0, z + chance.within(-0.8, 0.8)),
            high * chance.within(0.9, 1.1),
            chance,
        ));
    }
    for i in 0..16 {
        let x = -48.0 + 6.4 * i as f32 + chance.within(-1.5, 1.5);
        let high = chance.within(7.0, 12.0);
        bodies.push(tree(v(x, 0.0, chance.within(46.0, 58.0)), high, chance));
        bodies.push(bush(
            v(x + 2.0, 0.0, chance.within(40.0, 44.0)),
            chance.within(1.5, 2.6),
            chance,
        ));
    }
    for (x, z) in [(-7.0, 15.5), (-5.2, 16.3), (12.0, 8.6), (13.8, 8.2)] {
        bodies.push(bush(v(x, 0.0, z), chance.within(0.9, 1.3), chance));
    }
    bodies.push(bench(v(-4.6, 0.0, 11.2), std::f32::consts::PI + 0.15));
    bodies.push(bench(v(5.8, 0.0, 12.8), std::f32::consts::PI + 0.15));
    bodies.push(lamp(v(-1.6, 0.0, 11.9), 2.6, 4.2));
    bodies.push(lamp(v(-12.5, 0.0, 10.2), 2.6, 4.2));
    let camera = Camera::new(v(-3.0, 5.2, -7.0), v(-0.5, 1.35, 10.0), 1.36, size);
    (World { bodies, camera, light: light(chance), mirror: 0.0 }, habits(), (0.8, 4.5))
}

fn light(chance: &mut Chance) -> Light {
    Light {
        sun_at: v(chance.within(0.6, 0.85), 1.05, chance.within(0.1, 0.35)).unit(),
        sun: v(1.48, 1.34, 1.1),
        spread: 0.03,
        sky_top: v(0.22, 0.38, 0.72),
        sky_low: v(0.78, 0.82, 0.84),
        fill: v(0.31, 0.33, 0.35),
        bounce: v(0.13, 0.15, 0.08),
        exposure: 1.2,
        haze: v(0.72, 0.76, 0.78),
        haze_rate: 0.0035,
    }
}

/// How far (x, z) is from the line through a path's ends.
fn off(path: [(f32, f32); 2], x: f32, z: f32) -> f32 {
    let [(ax, az), (bx, bz)] = path;
    let (dx, dz) = (bx - ax, bz - az);
    ((x - ax) * dz - (z - az) * dx).abs() / (dx * dx + dz * dz).sqrt()
}

/// A place on a path: its x, and how far to its left.
fn on(path: [(f32, f32); 2], x: f32, aside: f32) -> (f32, f32) {
    let [(ax, az), (bx, bz)] = path;
    let (dx, dz) = (bx - ax, bz - az);
    let length = (dx * dx + dz * dz).sqrt();
    (x - dz / length * aside, az + (x - ax) / dx * dz + dx / length * aside)
}

fn paint(at: &At<'_>) -> Look {
    let (x, z, seed) = (at.p.x, at.p.z, at.skin.seed);
    let ragged = 0.22 * (noise2(x * 2.2, z * 2.2, seed) - 0.5)
        + 0.1 * (noise2(x * 9.0, z * 9.0, seed) - 0.5);
    let away = (off(LONG, x, z) - HALF.0).min(off(CROSS, x, z) - HALF.1) + ragged;
    let lawn = grass(x, z, seed);
    if away > 0.25 {
        return Look::matt(lawn);
    }
    let path = gravel(x, z, seed);
    Look::matt(mix(path, mix(lawn, rgb(0x5c4c34), 0.5), step(-0.1, 0.25, away)))
}

fn grass(x: f32, z: f32, seed: i32) -> V3 {
    let blades = noise2(x * 30.0, z * 16.0, seed + 1);
    let tufts = cloudy(x * 1.8, z * 1.8, seed + 2);
    let wide = cloudy(x * 0.16, z * 0.16, seed + 3);
    // Mown in strips.
    let strip = if ((x * 0.35 + z * 0.94) / 2.4).rem_euclid(2.0) < 1.0 { 1.06 } else { 0.94 };
    let green = mix(rgb(0x4a6a26), rgb(0x8a9a44), 0.35 * tufts + 0.5 * wide);
    let daisy = noise2(x * 13.0, z * 13.0, seed + 5) > 0.955 && wide > 0.45;
    if daisy { grey(0.85) } else { green * (strip * (0.68 + 0.5 * blades)) }
}

fn gravel(x: f32, z: f32, seed: i32) -> V3 {
    let grain = noise2(x * 28.0, z * 28.0, seed + 6);
    let wide = cloudy(x * 0.5, z * 0.5, seed + 7);
    let leaf = noise2(x * 5.0, z * 5.0, seed + 8) > 0.9;
    let base = rgb(0xb8a684) * (0.72 + 0.22 * wide + 0.18 * (grain - 0.5));
    if leaf {
        mix(base, rgb(0x9c6c28), 0.6)
    } else {
        base * mix(all(1.0), v(1.0, 0.96, 0.9), wide).y
    }
}

fn habits() -> Vec<Habit> {
    vec![
        Habit { weight: 2.4, lane: None, make: walk },
        Habit { weight: 1.5, lane: None, make: run },
        Habit { weight: 1.8, lane: Some(0), make: cycle },
        Habit { weight: 1.2, lane: None, make: wander },
        Habit { weight: 1.2, lane: Some(1), make: rest },
    ]
}

fn along(chance: &mut Chance, path: [(f32, f32); 2], ends: (f32, f32), speed: f32) -> Way {
    let aside = chance.within(0.4, 0.95);
    // People keep to the right.
    let (from, to, aside) =
        if chance.often(0.5) { (ends.0, ends.1, -aside) } else { (ends.1, ends.0, aside) };
    let ((x0, z0), (x1, z1)) = (on(path, from, aside), on(path, to, aside));
    Way::new((x0, z0), vec![Leg::To(x1, z1, speed)], 0.5)
}

fn walk(chance: &mut Chance) -> (Who, Way) {
    let speed = chance.within(1.3, 1.7);
    (Who::Walker(Person::any(chance)), along(chance, LONG, (-16.0, 18.0), speed))
}

fn run(chance: &mut Chance) -> (Who, Way) {
    let speed = chance.within(2.8, 3.6);
    (Who::Runner(Person::any(chance)), along(chance, LONG, (-16.0, 18.0), speed))
}

fn cycle(chance: &mut Chance) -> (Who, Way) {
    let paint = rgb(chance.pick(&[0x28506c, 0xb03024, 0x2c2c2c, 0x3c7c4c, 0xd0a020], 0));
    let speed = chance.within(4.0, 5.5);
    (Who::Cyclist(Person::rider(chance), paint), along(chance, LONG, (-18.0, 20.0), speed))
}

fn wander(chance: &mut Chance) -> (Who, Way) {
    let speed = chance.within(1.25, 1.6);
    let ends = (-13.5, 12.0);
    (Who::Walker(Person::any(chance)), along(chance, CROSS, ends, speed))
}

/// Comes, stands before a bench for a while, and goes on.
fn rest(chance: &mut Chance) -> (Who, Way) {
    let (x, z) = if chance.often(0.5) { (-4.4, 10.4) } else { (5.6, 11.9) };
    let side = if chance.often(0.5) { 1.0 } else { -1.0 };
    let ((x0, z0), (x1, z1)) = (on(LONG, -17.0 * side, 0.3), on(LONG, 18.0 * side, 0.3));
    let legs = vec![
        Leg::To(x, z - 0.6, 1.45),
        Leg::To(x, z, 1.0),
        Leg::Stay(chance.within(6.0, 12.0)),
        Leg::To(x1, z1, 1.45),
    ];
    (Who::Walker(Person::any(chance)), Way::new((x0, z0), legs, 0.5))
}
