//! Things that stand about in more than one scene: houses, trees, lamps, benches, crates.

use crate::body::{At, Body, Look, Part, Skin};
use crate::light::rgb;
use crate::math::{Chance, V3, all, cell, cloudy, dice, mix, noise2, noise3, step, v};
use crate::shape::Shape;

/// A ground of which `paint` decides everything.
pub(crate) fn ground(paint: fn(&At<'_>) -> Look, seed: i32) -> Body {
    let slab = Shape::Block(v(-400.0, -2.0, -400.0), v(400.0, 0.0, 400.0));
    Body::fixed(vec![Part::new(slab, Skin::new(paint, all(0.5)).seed(seed))])
}

/// A plain block.
pub(crate) fn block(low: V3, high: V3, skin: Skin) -> Part {
    Part::new(Shape::Block(low, high), skin)
}

/// A tree of that height with its foot at `at`.
pub(crate) fn tree(at: V3, height: f32, chance: &mut Chance) -> Body {
    let mut parts = Vec::new();
    let bark = Skin::new(bark, rgb(0x4a3a2c));
    let fork = height * 0.38;
    parts.push(Part::new(
        Shape::Limb(v(0.0, 0.0, 0.0), v(0.0, fork, 0.0), 0.028 * height),
        bark.clone(),
    ));
    let green = rgb(chance.pick(&[0x4a6428, 0x56702c, 0x3e5a2c, 0x6a7430], 0));
    for i in 0..26 {
        let (a, b) = (chance.within(0.0, std::f32::consts::TAU), chance.within(-0.6, 1.0));
        let wide = height * 0.27 * (1.0 - b * b * 0.55).max(0.1).sqrt() * chance.within(0.45, 1.0);
        let centre = v(a.sin() * wide, height * 0.62 + b * height * 0.26, a.cos() * wide);
        let size = height * chance.within(0.085, 0.15);
        let leaves = Skin::new(foliage, green * chance.within(0.8, 1.2)).seed(i);
        parts.push(Part::leaves(Shape::Egg(centre, v(size, size * 0.8, size)), leaves));
        // Behind the ragged leaves, the dark inside.
        parts.push(Part::leaves(
            Shape::Egg(centre, v(size, size * 0.8, size) * 0.8),
            Skin::new(depths, green),
        ));
        if i % 5 == 0 {
            parts.push(Part::new(
                Shape::Limb(v(0.0, fork * 0.9, 0.0), centre, 0.012 * height),
                bark.clone(),
            ));
        }
    }
    Body::new(at, chance.within(0.0, 6.0), parts)
}

/// A bush of that size.
pub(crate) fn bush(at: V3, size: f32, chance: &mut Chance) -> Body {
    let green = rgb(chance.pick(&[0x3e5a2c, 0x4c6a30, 0x35502a], 0));
    let parts = (0..7)
        .flat_map(|i| {
            let centre =
                v(chance.within(-0.6, 0.6), chance.within(0.2, 0.6), chance.within(-0.6, 0.6))
                    * size;
            let r = size * chance.within(0.3, 0.5);
            let leaves =
                Part::leaves(Shape::Egg(centre, all(r)), Skin::new(foliage, green).seed(i));
            [leaves, Part::leaves(Shape::Egg(centre, all(r * 0.8)), Skin::new(depths, green))]
        })
        .collect();
    Body::new(at, 0.0, parts)
}

fn bark(at: &At<'_>) -> Look {
    Look::matt(at.skin.colour * (0.6 + 0.8 * noise3(v(at.p.x * 18.0, at.p.y * 3.0, at.p.z * 18.0))))
}

/// Leaves: an egg with ragged holes.
pub(crate) fn foliage(at: &At<'_>) -> Look {
    let q = at.p * 9.0 + all(at.skin.seed as f32 * 3.7);
    let leaf = noise3(q);
    if leaf < 0.42 {
        return Look::hole();
    }
    let shade = 0.45 + 0.9 * leaf * (0.6 + 0.4 * noise3(q * 2.7));
    Look::matt(at.skin.colour * shade)
}

/// Leaves in the shade of others.
fn depths(at: &At<'_>) -> Look {
    Look::matt(at.skin.colour * (0.25 + 0.35 * noise3(at.p * 7.0)))
}

/// A street lamp with its arm towards `facing`.
pub(crate) fn lamp(at: V3, facing: f32, height: f32) -> Body {
    let metal = Skin::new(|at| Look::shiny(at.skin.colour, 0.05), rgb(0x3a4044));
    let arm = v(0.0, height, 1.5);
    let parts = vec![
        Part::new(Shape::Post(v(0.0, 0.0, 0.0), 0.07, height), metal.clone()),
        Part::new(Shape::Post(v(0.0, 0.0, 0.0), 0.12, 0.9), metal.clone()),
        Part::new(Shape::Limb(v(0.0, height, 0.0), arm, 0.045), metal.clone()),
        block(arm + v(-0.14, -0.1, -0.35), arm + v(0.14, 0.03, 0.35), metal),
    ];
    Body::new(at, facing, parts)
}

/// A wooden bench, its seat towards `facing`.
pub(crate) fn bench(at: V3, facing: f32) -> Body {
    let (wood, iron) = (Skin::new(plank, rgb(0x8a5a34)), Skin::plain(rgb(0x22262a)));
    let parts = vec![
        block(v(-0.85, 0.42, -0.22), v(0.85, 0.47, 0.24), wood.clone()),
        block(v(-0.85, 0.55, -0.3), v(0.85, 0.85, -0.25), wood),
        block(v(-0.72, 0.0, -0.28), v(-0.66, 0.8, 0.2), iron.clone()),
        block(v(0.66, 0.0, -0.28), v(0.72, 0.8, 0.2), iron),
    ];
    Body::new(at, facing, parts)
}

/// A pallet with `levels` crates on it.
pub(crate) fn crates(at: V3, facing: f32, levels: usize, chance: &mut Chance) -> Body {
    let wood = rgb(0xa87c48);
    let mut parts = vec![block(v(-0.6, 0.0, -0.5), v(0.6, 0.14, 0.5), Skin::new(plank, wood))];
    for level in 0..levels {
        let y = 0.15 + 0.72 * level as f32;
        let colour = rgb(chance.pick(&[0xa87c48, 0xb89468, 0x3c6484, 0x8c6c44], 0));
        let (a, b) = (chance.within(-0.04, 0.04), chance.within(-0.04, 0.04));
        parts.push(block(
            v(-0.55 + a, y, -0.46 + b),
            v(0.55 + a, y + 0.7, 0.46 + b),
            Skin::new(crate_side, colour),
        ));
    }
    Body::new(at, facing, parts)
}

/// Planks along x.
pub(crate) fn plank(at: &At<'_>) -> Look {
    let across = if at.n.y.abs() > 0.5 { at.p.z } else { at.p.y };
    let gap = (across * 10.0).rem_euclid(1.0) < 0.14;
    let grain = 0.7 + 0.6 * noise3(v(at.p.x * 2.0, at.p.y * 40.0, at.p.z * 40.0));
    Look::matt(at.skin.colour * if gap { 0.2 } else { grain })
}

/// A house: walls with windows, a shop below when the seed says so, a cornice and a roof edge.
pub(crate) fn house(low: V3, high: V3, wall: V3, trim: V3, seed: i32) -> Body {
    let skin = Skin::new(facade, wall).second(trim).seed(seed);
    let trim = Skin::new(plaster, trim).seed(seed);
    let out = 0.25;
    let parts = vec![
        block(low, high, skin),
        block(
            v(low.x - 0.05, high.y, low.z - out),
            v(high.x + 0.05, high.y + 0.35, high.z),
            trim.clone(),
        ),
        block(v(low.x, 3.3, low.z - 0.12), v(high.x, 3.55, low.z), trim.clone()),
        block(
            v(low.x + 0.1, high.y + 0.35, low.z + 0.2),
            v(high.x - 0.1, high.y + 0.9, high.z),
            Skin::plain(rgb(0x5a4a44)),
        ),
    ];
    Body::fixed(parts)
}

/// Old plaster or stone.
pub(crate) fn plaster(at: &At<'_>) -> Look {
    let flat = v(at.p.x + at.p.z, at.p.y, 0.0);
    let stain = cloudy(flat.x * 0.6, flat.y * 0.35, at.skin.seed);
    let fine = noise2(flat.x * 9.0, flat.y * 9.0, at.skin.seed + 5);
    let foot = 0.78 + 0.22 * step(0.0, 1.2, at.p.y);
    Look::matt(at.skin.colour * ((0.78 + 0.3 * stain + 0.08 * fine) * foot))
}

const STOREY: f32 = 3.1;

/// A wall with rows of windows; the ground floor may be a shop.
fn facade(at: &At<'_>) -> Look {
    let wall = plaster(at);
    if at.n.y.abs() > 0.5 {
        return wall;
    }
    let along = if at.n.z.abs() > 0.5 { at.p.x - at.skin.low.x } else { at.p.z - at.skin.low.z };
    let width = if at.n.z.abs() > 0.5 {
        at.skin.high.x - at.skin.low.x
    } else {
        at.skin.high.z - at.skin.low.z
    };
    let bays = (width / 2.3).round().max(1.0);
    let bay = along / width * bays;
    let (column, u) = (bay.floor() as i32, (bay.fract() - 0.5) * width / bays);
    if at.p.y < 3.3 {
        return shop(at, wall, column, u, width / bays);
    }
    let level = (at.p.y - 3.55) / STOREY;
    let (floor, y) = (level.floor() as i32, level.fract() * STOREY);
    window(at, wall, (column, floor), u, y - 0.75)
}

/// A window 1.05 wide and 1.65 high whose sill is at `y` = 0.
fn window(at: &At<'_>, wall: Look, (column, floor): (i32, i32), u: f32, y: f32) -> Look {
    let inside = u.abs() < 0.52 && (0.0..1.65).contains(&y);
    if !inside {
        let frame = u.abs() < 0.66 && (-0.12..1.8).contains(&y);
        return if frame {
            Look::matt(at.skin.second * (0.85 + 0.15 * noise3(at.p * 8.0)))
        } else {
            wall
        };
    }
    let bar =
        u.abs() < 0.035 || u.abs() > 0.47 || (y - 1.1).abs() < 0.03 || !(0.05..1.6).contains(&y);
    if bar {
        return Look::matt(all(0.62));
    }
    let kind = cell(column, floor, at.skin.seed) % 7;
    let curtain = kind < 3 && u.abs() > 0.24 || kind == 3 && y > 0.7;
    let reveal = 0.35 + 0.65 * step(1.65, 1.25, y);
    let room = if curtain {
        mix(rgb(0xb8b0a0), rgb(0x8c7c6c), noise2(u * 22.0, 0.0, column)) * 0.55
    } else {
        rgb(0x1a2026)
    };
    Look { gloss: 0.12, ..Look::matt(room * reveal) }
}

fn shop(at: &At<'_>, wall: Look, column: i32, u: f32, bay: f32) -> Look {
    let door = cell(column, 77, at.skin.seed).is_multiple_of(3);
    let half = if door { 0.55 } else { bay * 0.42 };
    let sill = if door { 0.05 } else { 0.55 };
    if u.abs() > half || at.p.y < sill || at.p.y > 2.75 {
        let sign = at.p.y > 2.8 && at.p.y < 3.25;
        return if sign { Look::matt(at.skin.second * 0.55) } else { wall };
    }
    if u.abs() > half - 0.07 || (at.p.y - 2.2).abs() < 0.04 || at.p.y > 2.68 {
        return Look::matt(at.skin.second * 0.35);
    }
    let warm = step(0.3, 1.9, at.p.y) * (0.5 + 0.5 * dice(column, 3, at.skin.seed));
    let goods = noise2(u * 5.0, at.p.y * 3.0, at.skin.seed + column);
    let room = rgb(0x201c18) * (1.0 + goods) + rgb(0xd8a868) * (0.14 * warm * goods);
    Look { gloss: 0.1, ..Look::matt(room) }
}

/// Boards with gaps.
pub(crate) fn crate_side(at: &At<'_>) -> Look {
    let slat = if at.n.y.abs() > 0.5 { at.p.x } else { at.p.y };
    let gap = (slat * 7.0).fract().abs() < 0.12;
    let grain = 0.75 + 0.5 * noise3(v(at.p.x * 3.0, at.p.y * 30.0, at.p.z * 3.0));
    Look::matt(at.skin.colour * if gap { 0.25 } else { grain })
}
