//! Whether another picture is the same scene from another direction.
//!
//! Blocks of the reference with edges are looked for in the picture, each for itself, so that a
//! turn about the axis costs nothing. In another scene they are found nowhere, or each in another
//! direction. Blocks that such a turn takes out of the picture say nothing.
//! Units: thumb pixels at half size.

use crate::grid::Grid;

/// Columns and rows of blocks that are looked for.
const BLOCKS: (usize, usize) = (8, 5);
/// Columns and rows that a block may have gone: three eighths of the picture.
const REACH: (isize, isize) = (30, 14);
/// Displacements that belong together differ by no more.
const NEAR: usize = 6;
/// Mean squared gradient of a block worth looking for.
const LEAST_ENERGY: i64 = 40;

/// Half of a picture, each way.
fn half(from: &Grid<u8>) -> Grid<u8> {
    let (w, h) = ((from.width() / 2).max(1), (from.height() / 2).max(1));
    let mut to = Grid::new(w, h, 0u8);
    for y in 0..h {
        for x in 0..w {
            let at = |i, j| u32::from(from.at(2 * x + i, 2 * y + j));
            to.set(x, y, ((at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1) + 2) / 4) as u8);
        }
    }
    to
}

/// Gradients of a picture, as pairs.
fn gradients(of: &Grid<u8>) -> Grid<(i16, i16)> {
    let mut to = Grid::new(of.width(), of.height(), (0i16, 0i16));
    for y in 1..of.height().saturating_sub(1) {
        for x in 1..of.width().saturating_sub(1) {
            let v = |x, y| i16::from(of.at(x, y));
            to.set(x, y, (v(x + 1, y) - v(x - 1, y), v(x, y + 1) - v(x, y - 1)));
        }
    }
    to
}

/// Correlation of a block at a displacement, in 1/1000; the energies must not be 0.
fn correlation(
    reference: &Grid<(i16, i16)>,
    picture: &Grid<(i16, i16)>,
    block: Block,
    (dx, dy): (isize, isize),
) -> i64 {
    let (left, top, right, bottom) = block;
    let (mut cross, mut a, mut b) = (0i64, 0i64, 0i64);
    for y in top..bottom {
        let (row, Some(to)) = (reference.row(y), y.checked_add_signed(dy)) else { return 0 };
        let Some(from) = left.checked_add_signed(dx) else { return 0 };
        let other = picture.row(to).get(from..from + (right - left));
        let (Some(row), Some(other)) = (row.get(left..right), other) else { return 0 };
        for (r, p) in row.iter().zip(other) {
            let (rx, ry, px, py) = (i64::from(r.0), i64::from(r.1), i64::from(p.0), i64::from(p.1));
            cross += rx * px + ry * py;
            a += rx * rx + ry * ry;
            b += px * px + py * py;
        }
    }
    let whole = (cross.max(0) as u128).pow(2) * 1_000_000;
    let both = a as u128 * b as u128;
    whole.checked_div(both).unwrap_or(0).isqrt() as i64
}

/// First column and row, and those after the last.
type Block = (usize, usize, usize, usize);

/// The blocks of a picture that are worth looking for.
fn blocks(reference: &Grid<(i16, i16)>) -> Vec<Block> {
    let (w, h) = (reference.width(), reference.height());
    let all = (0..BLOCKS.0 * BLOCKS.1).map(|i| {
        let (bx, by) = (i % BLOCKS.0, i / BLOCKS.0);
        let (left, top) = (bx * w / BLOCKS.0, by * h / BLOCKS.1);
        (left, top, (bx + 1) * w / BLOCKS.0, (by + 1) * h / BLOCKS.1)
    });
    let has_edges = |block: &Block| {
        let pixels = ((block.2 - block.0) * (block.3 - block.1)) as i64;
        let energy: i64 = (block.1..block.3)
            .filter_map(|y| reference.row(y).get(block.0..block.2))
            .flatten()
            .map(|g| i64::from(g.0) * i64::from(g.0) + i64::from(g.1) * i64::from(g.1))
            .sum();
        energy >= LEAST_ENERGY * pixels.max(1)
    };
    all.filter(has_edges).collect()
}

/// True when most of the blocks of `reference` are found elsewhere in `picture`.
pub(crate) fn is_moved(reference: &Grid<u8>, picture: &Grid<u8>) -> bool {
    if (reference.width(), reference.height()) != (picture.width(), picture.height()) {
        return false;
    }
    let (reference, picture) = (gradients(&half(reference)), gradients(&half(picture)));
    let blocks = blocks(&reference);
    let mut found: Vec<(isize, isize)> = blocks
        .iter()
        .map(|block| best(&reference, &picture, *block))
        .filter_map(|(like, by)| (like >= 600).then_some(by))
        .collect();
    let (common, (dx, dy)) = together(&mut found);
    let stays = |(left, top, right, bottom): &&Block| {
        let within = |at: usize, by: isize, end: usize| {
            at.checked_add_signed(by).is_some_and(|at| at <= end)
        };
        within(*left, dx, reference.width())
            && within(*right, dx, reference.width())
            && within(*top, dy, reference.height())
            && within(*bottom, dy, reference.height())
    };
    let looked = blocks.iter().filter(stays).count();
    looked >= 3 && common >= 3 && common * 5 >= looked * 2
}

/// How many displacements lie near the median one, and that one.
fn together(found: &mut [(isize, isize)]) -> (usize, (isize, isize)) {
    let middle = found.len() / 2;
    found.sort_unstable_by_key(|by| by.0);
    let dx = found.get(middle).map_or(0, |by| by.0);
    found.sort_unstable_by_key(|by| by.1);
    let dy = found.get(middle).map_or(0, |by| by.1);
    let near = |by: &&(isize, isize)| by.0.abs_diff(dx) <= NEAR && by.1.abs_diff(dy) <= NEAR;
    (found.iter().filter(near).count(), (dx, dy))
}

/// The best correlation of a block within reach, and where.
fn best(
    reference: &Grid<(i16, i16)>,
    picture: &Grid<(i16, i16)>,
    block: Block,
) -> (i64, (isize, isize)) {
    let mut best = (0, (0, 0));
    for dy in -REACH.1..=REACH.1 {
        for dx in -REACH.0..=REACH.0 {
            let like = correlation(reference, picture, block, (dx, dy));
            if like > best.0 {
                best = (like, (dx, dy));
            }
        }
    }
    best
}
