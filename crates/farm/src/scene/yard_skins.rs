//! The surfaces of the yard.
//!
//! Not here: what they are on (`yard`).

use crate::body::{At, Look};
use crate::light::{grey, rgb};
use crate::math::{V3, all, cloudy, dice, mix, noise2, noise3, step, v};

pub(super) fn mesh(at: &At<'_>) -> Look {
    let wire = |u: f32| (u * 5.0).rem_euclid(1.0) < 0.16;
    if wire(at.p.z + at.p.y) || wire(at.p.z - at.p.y) {
        Look::matt(at.skin.colour)
    } else {
        Look::hole()
    }
}

pub(super) fn ribbed(at: &At<'_>) -> Look {
    let along = if at.n.z.abs() > 0.5 { at.p.x } else { at.p.z };
    let rib = ((along * 3.2).rem_euclid(1.0) - 0.5).abs();
    let stain = cloudy(along * 0.5, at.p.y * 0.25, 3) * (1.0 - 0.5 * step(0.0, 2.5, at.p.y));
    let base = if (4.9..5.9).contains(&at.p.y) { at.skin.second } else { at.skin.colour };
    Look::shiny(base * (0.78 + 0.28 * rib + 0.1 - 0.22 * stain), 0.03)
}

pub(super) fn shutter(at: &At<'_>) -> Look {
    let slat = (at.p.y * 6.0).rem_euclid(1.0);
    let grime = 1.0 - 0.35 * (1.0 - step(0.0, 1.2, at.p.y)) * noise2(at.p.x * 3.0, at.p.y * 2.0, 8);
    Look::shiny(at.skin.colour * ((0.7 + 0.3 * slat) * grime), 0.03)
}

pub(super) fn stripes(at: &At<'_>) -> Look {
    Look::matt(if (at.p.y * 2.5 + at.p.x * 2.5).rem_euclid(1.0) < 0.5 {
        at.skin.colour
    } else {
        all(0.02)
    })
}

pub(super) fn corrugated(at: &At<'_>) -> Look {
    let long = at.n.x.abs() > 0.5;
    let along = if long { at.p.z } else { at.p.x };
    let edge = at.p.y < 0.16
        || at.p.y > 2.4
        || (if long { at.p.z.abs() > 2.88 } else { at.p.x.abs() > 1.1 });
    let wave = if edge || at.n.y.abs() > 0.5 { 0.5 } else { 0.5 + 0.5 * (along * 22.0).sin() };
    let doors = !long && at.n.y.abs() < 0.5;
    let bar = doors && ((at.p.x.abs() - 0.35).abs() < 0.03 || (at.p.x.abs() - 0.85).abs() < 0.03);
    let label = long && (0.4..2.3).contains(&at.p.z) && (1.5..2.05).contains(&at.p.y);
    let letter = label && dice((at.p.z * 4.0) as i32, (at.p.y * 4.0) as i32, at.skin.seed) > 0.45;
    let rust = step(0.62, 0.8, cloudy(along * 1.3 + 9.0, at.p.y * 0.9, at.skin.seed));
    let base = if bar || letter {
        mix(at.skin.colour, all(0.75), 0.8)
    } else {
        mix(at.skin.colour, rgb(0x5c3018), rust * 0.8)
    };
    Look::shiny(base * (0.68 + 0.4 * wave), 0.02)
}

pub(super) fn concrete(at: &At<'_>) -> Look {
    Look::matt(at.skin.colour * (0.85 + 0.3 * noise3(at.p * 5.0)))
}

pub(super) fn paint(at: &At<'_>) -> Look {
    let (x, z, seed) = (at.p.x, at.p.z, at.skin.seed);
    if x > 14.4 {
        let tuft = cloudy(x * 1.4, z * 1.4, seed) * 0.7 + 0.3 * noise2(x * 18.0, z * 18.0, seed);
        return Look::matt(mix(rgb(0x3c5424), rgb(0x7c8444), tuft));
    }
    let slab = dice((x / 5.0).floor() as i32, (z / 5.0).floor() as i32, seed);
    let joint = (x / 5.0).rem_euclid(1.0) < 0.008 || (z / 5.0).rem_euclid(1.0) < 0.008;
    let wide = cloudy(x * 0.22, z * 0.22, seed + 1);
    let fine = noise2(x * 22.0, z * 22.0, seed + 2);
    let oil = step(0.66, 0.8, cloudy(x * 0.55 + 4.0, z * 0.55, seed + 3));
    let tread = step(0.55, 0.75, cloudy(x * 0.12, (z - 6.0) * 0.9, seed + 4))
        * (1.0 - step(2.0, 4.0, (z - 6.0).abs()));
    let mut tone =
        0.54 + 0.07 * wide + 0.03 * slab + 0.05 * (fine - 0.5) - 0.13 * oil - 0.08 * tread;
    if joint {
        tone -= 0.12;
    }
    let crack = (cloudy(x * 0.35, z * 0.35 + 40.0, seed + 5) - 0.5).abs();
    tone -= 0.1 * (1.0 - (crack / 0.004).min(1.0));
    Look::matt(markings(x, z, seed, grey(tone) * v(1.03, 1.0, 0.94)))
}

fn markings(x: f32, z: f32, seed: i32, base: V3) -> V3 {
    let worn =
        noise2(x * 5.0, z * 5.0, seed + 7) * 0.7 + 0.3 * noise2(x * 20.0, z * 20.0, seed + 8);
    let dock =
        [-15.3, -11.0, -9.9, -5.6, 3.9, 8.3].iter().any(|line| (x - line).abs() < 0.07) && z > 14.5;
    let walk = x > 1.6 && x < 3.2 && z > 9.0 && z < 20.5;
    let edge = walk && !(1.72..3.08).contains(&x);
    let hatch = walk && ((x + z) * 0.7).rem_euclid(1.0) < 0.18;
    if (dock || edge || hatch) && worn > 0.36 { mix(base, rgb(0xe0b828), 0.75) } else { base }
}
