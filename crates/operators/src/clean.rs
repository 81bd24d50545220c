//! From single moving pixels to shapes: majority, close; without their cast shadow, fill holes,
//! open: shadow below somebody's feet would close what lies between the legs.
//!
//! Source: binary morphology with a 3x3 square; the majority of 9 is counted by bit-sliced
//! adders, 64 pixels at a time.

use crate::bits::{Bits, Sides};
use crate::regions::Regions;

/// Scratch planes of the clean-up.
#[derive(Default)]
pub struct Cleaner {
    other: Bits,
    inverse: Bits,
    holes: Regions,
}

impl Cleaner {
    /// Scratch for planes of this size.
    pub fn new(width: usize, height: usize) -> Cleaner {
        Cleaner {
            other: Bits::new(width, height),
            inverse: Bits::new(width, height),
            holes: Regions::default(),
        }
    }

    /// Writes what is left of `raw` without specks and gaps to `out`.
    pub fn clean(&mut self, raw: &Bits, out: &mut Bits) {
        majority(raw, out);
        dilate(out, &mut self.other);
        erode(&self.other, out);
    }

    /// Fills the holes of `shapes` and takes what is thin off them.
    pub fn finish(&mut self, shapes: &mut Bits) {
        self.fill_holes(shapes);
        erode(shapes, &mut self.other);
        dilate(&self.other, shapes);
    }

    /// Fills what is enclosed and smaller than 2 % of the frame.
    fn fill_holes(&mut self, bits: &mut Bits) {
        for (i, b) in self.inverse.all_words_mut().iter_mut().zip(bits.all()) {
            *i = !b;
        }
        self.inverse.trim();
        self.holes.find(&self.inverse);
        let (width, height) = (bits.width(), bits.height());
        let most = width * height / 50;
        for region in self.holes.all() {
            let inside =
                region.left > 0 && region.top > 0 && region.right < width && region.bottom < height;
            if inside && region.area < most {
                for run in self.holes.runs(region) {
                    bits.set_run(run.y as usize, run.from as usize, run.to as usize);
                }
            }
        }
    }
}

fn dilate(from: &Bits, to: &mut Bits) {
    to.around(from, false, Sides::any, |[a, b, c]| a | b | c);
}

fn erode(from: &Bits, to: &mut Bits) {
    to.around(from, true, Sides::all, |[a, b, c]| a & b & c);
}

/// Sum of three bits: its ones and its twos.
#[inline(always)]
fn full(a: u64, b: u64, c: u64) -> (u64, u64) {
    (a ^ b ^ c, a & b | c & (a ^ b))
}

/// At least 5 of 9.
pub fn majority(from: &Bits, to: &mut Bits) {
    to.around(from, false, |r| full(r.left, r.here, r.right), most);
}

/// At least 5 of three sums of two bits each, 0 to 3.
#[inline(always)]
fn most([a, b, c]: [(u64, u64); 3]) -> u64 {
    let (ones, carry) = full(a.0, b.0, c.0);
    let (twos, carry4) = full(a.1, b.1, c.1);
    // total = ones + 2 * (twos + carry) + 4 * carry4
    let (t, u) = (twos ^ carry, twos & carry);
    // bits: ones, t, (carry4 + u): fours = carry4 ^ u, eights = carry4 & u
    let (fours, eights) = (carry4 ^ u, carry4 & u);
    eights | fours & (ones | t)
}

/// The 4-neighbour border of a shape: pixels of it that touch something else.
pub fn border(shape: &Bits, out: &mut Bits) {
    let row = |r: Sides| (r.here, r.left & r.right);
    out.around(shape, true, row, |[above, here, below]| here.0 & !(above.0 & below.0 & here.1));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn majority_counts_to_five() {
        let (w, h) = (67, 20);
        let mut raw = Bits::new(w, h);
        for y in 0..h {
            for x in 0..w {
                raw.set(x, y, (x * 31 + y * 17 + x * x * y) % 7 < 4);
            }
        }
        let mut out = Bits::new(w, h);
        majority(&raw, &mut out);
        for y in 0..h as i32 {
            for x in 0..w as i32 {
                let mut n = 0;
                for dy in -1..=1 {
                    for dx in -1..=1 {
                        let (x, y) = (x + dx, y + dy);
                        n += i32::from(x >= 0 && y >= 0 && raw.get(x as usize, y as usize));
                    }
                }
                assert_eq!(out.get(x as usize, y as usize), n >= 5, "{x},{y}: {n}");
            }
        }
    }

    #[test]
    fn specks_go_and_holes_close() {
        let mut raw = Bits::new(100, 100);
        for y in 20..60 {
            raw.set_run(y, 30, 70);
        }
        for y in 35..43 {
            for x in 45..53 {
                raw.set(x, y, false);
            }
        }
        raw.set(5, 5, true);
        let mut out = Bits::new(100, 100);
        let mut cleaner = Cleaner::new(100, 100);
        cleaner.clean(&raw, &mut out);
        cleaner.finish(&mut out);
        assert!(out.get(48, 40) && !out.get(5, 5) && out.get(40, 30));
        assert!(out.count().abs_diff(1600) < 12);
    }
}
