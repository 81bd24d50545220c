//! A view of a camera as edges by block, and how well a picture keeps them.
//!
//! Invariants: agreement does not depend on brightness or contrast of the picture.
//! Units: shares and ratios in 1/1000.
//! Source: correlation of gradients by block votes as in tampering detection by edges
//! (Gil-Jimenez and others 2007, Ellwart and others 2012), with votes so that things in front
//! cost only the blocks that they cover.

use crate::grid::Grid;
use crate::measure::edge;

/// Mean squared gradient from which a block has edges to be held against.
const LEAST_ENERGY: u64 = 16;
/// Of a block of which less is kept, and which is not stronger than noise, nothing is left.
const BLANK: (u32, u32) = (150, 400);
/// Most blocks of a layer.
const MOST: usize = 144;

/// The edges of a reference picture at one scale.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layer {
    blocks: (usize, usize),
    gx: Grid<i16>,
    gy: Grid<i16>,
    energy: Vec<u64>,
}

/// How a picture keeps the edges of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Agreement {
    /// Blocks of the reference that have edges.
    pub blocks: u32,
    /// Share of them whose edges correlate with the picture's by more than .5.
    pub agree: u32,
    /// Median correlation; below zero counts as zero.
    pub like: u32,
    /// Median share of the reference's edges that is left.
    pub kept: u32,
    /// Median strength of the picture's gradients, as a share of the reference's.
    pub strength: u32,
    /// Share of the blocks of which nothing is left, and that show nothing else.
    pub blank: u32,
}

#[derive(Clone, Copy, Default)]
struct Sums {
    cross: i64,
    energy: u64,
}

impl Layer {
    /// A layer of this many columns and rows of blocks, at most 144 together.
    pub fn new(blocks: (usize, usize)) -> Layer {
        Layer { blocks, energy: vec![0; (blocks.0 * blocks.1).min(MOST)], ..Layer::default() }
    }

    /// Takes `picture` as the reference.
    pub fn adopt(&mut self, picture: &Grid<u8>) {
        let (w, h) = (picture.width(), picture.height());
        if (self.gx.width(), self.gx.height()) != (w, h) {
            self.gx = Grid::new(w, h, 0);
            self.gy = Grid::new(w, h, 0);
        }
        for y in 1..h.saturating_sub(1) {
            let (above, row, below) = (picture.row(y - 1), picture.row(y), picture.row(y + 1));
            let across = row.iter().zip(row.iter().skip(2));
            for (g, (a, b)) in self.gx.row_mut(y).iter_mut().skip(1).zip(across) {
                *g = i16::from(*b) - i16::from(*a);
            }
            for (g, (a, b)) in self.gy.row_mut(y).iter_mut().zip(above.iter().zip(below)) {
                *g = i16::from(*b) - i16::from(*a);
            }
        }
        let mut sums = [Sums::default(); MOST];
        self.sums(picture, &mut sums);
        for (e, s) in self.energy.iter_mut().zip(&sums) {
            *e = s.energy;
        }
    }

    /// Gradients of `picture` by block, with the reference's and alone.
    fn sums(&self, picture: &Grid<u8>, sums: &mut [Sums; MOST]) {
        let (w, h) = (picture.width(), picture.height());
        let (columns, rows) = self.blocks;
        for by in 0..rows {
            let (top, bottom) = (edge(by, rows, h).max(1), edge(by + 1, rows, h).min(h.max(1) - 1));
            for y in top..bottom {
                let lines = [picture.row(y - 1), picture.row(y), picture.row(y + 1)];
                for bx in 0..columns {
                    let from = edge(bx, columns, w).max(1);
                    let to = edge(bx + 1, columns, w).min(w.max(1) - 1);
                    let (rx, ry) = (self.gx.row(y).get(from..to), self.gy.row(y).get(from..to));
                    let (Some(rx), Some(ry)) = (rx, ry) else { continue };
                    let part = segment(lines, (from, to), rx, ry);
                    if let (Some(s), Some((cross, energy))) =
                        (sums.get_mut(by * columns + bx), part)
                    {
                        s.cross += i64::from(cross);
                        s.energy += u64::from(energy);
                    }
                }
            }
        }
    }

    /// Holds a picture against the reference.
    pub fn compare(&self, picture: &Grid<u8>) -> Agreement {
        let mut sums = [Sums::default(); MOST];
        if (picture.width(), picture.height()) != (self.gx.width(), self.gx.height()) {
            return Agreement::default();
        }
        self.sums(picture, &mut sums);
        let least = LEAST_ENERGY * (picture.width() * picture.height()) as u64
            / (self.blocks.0 * self.blocks.1).max(1) as u64;
        let (mut like, mut kept, mut strength) = ([0u32; MOST], [0u32; MOST], [0u32; MOST]);
        let (mut n, mut agree, mut blank) = (0, 0, 0);
        for (s, reference) in sums.iter().zip(&self.energy) {
            if *reference < least.max(1) {
                continue;
            }
            let cross = s.cross.max(0) as u64;
            let both = u128::from(*reference) * u128::from(s.energy);
            let whole = u128::from(cross) * u128::from(cross);
            let correlation = match both {
                0 => 0,
                _ => (whole * 1_000_000 / both).isqrt() as u32,
            };
            agree += u32::from(correlation > 500);
            let (Some(l), Some(k), Some(e)) =
                (like.get_mut(n), kept.get_mut(n), strength.get_mut(n))
            else {
                break;
            };
            *l = correlation;
            *k = (cross * 1000 / reference).min(100_000) as u32;
            *e = (s.energy.saturating_mul(1_000_000) / reference).isqrt().min(100_000) as u32;
            blank += u32::from(*k < BLANK.0 && *e < BLANK.1);
            n += 1;
        }
        Agreement {
            blocks: n as u32,
            agree: agree * 1000 / n.max(1) as u32,
            blank: blank * 1000 / n.max(1) as u32,
            like: median(like.get_mut(..n)),
            kept: median(kept.get_mut(..n)),
            strength: median(strength.get_mut(..n)),
        }
    }
}

/// Products of gradients of columns `from..to` of the middle line with the reference's.
fn segment(
    [above, row, below]: [&[u8]; 3],
    (from, to): (usize, usize),
    rx: &[i16],
    ry: &[i16],
) -> Option<(i32, u32)> {
    let (left, right) = (row.get(from - 1..to - 1)?, row.get(from + 1..to + 1)?);
    let (above, below) = (above.get(from..to)?, below.get(from..to)?);
    let (mut cross, mut energy) = (0i32, 0i32);
    let pairs = left.iter().zip(right).zip(above.iter().zip(below)).zip(rx.iter().zip(ry));
    for (((l, r), (a, b)), (rx, ry)) in pairs {
        let x = i32::from(i16::from(*r) - i16::from(*l));
        let y = i32::from(i16::from(*b) - i16::from(*a));
        cross += x * i32::from(*rx) + y * i32::from(*ry);
        energy += x * x + y * y;
    }
    Some((cross, energy.cast_unsigned()))
}

fn median(values: Option<&mut [u32]>) -> u32 {
    let Some(values) = values.filter(|v| !v.is_empty()) else { return 0 };
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}
