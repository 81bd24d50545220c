//! Which pixels differ from the background, and which of those are only shadow.
//!
//! Invariants: integers; each output bit depends on its pixel's 3x3 surroundings alone.
//! Units: luma steps.
//! Source: envelope test against sub-pixel shifts; shadow by ratio, colour and gradient
//! (after Horprasert 1999 and Sanin 2012).

use fearless_simd::{Simd, dispatch};

use crate::background::Background;
use crate::bits::{Bits, Ones};
use crate::compare::{DARKER, HIGH, LOW, MAYBE, Rows, limit};
use crate::grid::Grid;
use crate::lanes::{Lanes, holds};
use crate::reduce::Small;
use crate::regions::Region;
use crate::tone::Tone;

/// The answer for one frame, and scratch rows.
#[derive(Default)]
pub struct Classes {
    /// The background in this frame's light.
    pub lit: Grid<u8>,
    /// Differs.
    pub low: Bits,
    /// Differs strongly.
    pub high: Bits,
    /// Shadow.
    pub shadow: Bits,
    /// Could be shadow by its light and colour, whatever its texture.
    pub maybe: Bits,
    /// Taken off a shape as its cast shadow (`cast`).
    pub cast: Bits,
    /// The shapes with their cast shadow.
    pub whole: Vec<Region>,
    darker: Bits,
    rows: Rows,
    pub(crate) lanes: Lanes,
}

impl Classes {
    /// Scratch for pictures of this size.
    pub fn new(width: usize, height: usize) -> Classes {
        let bits = || Bits::new(width, height);
        Classes {
            lit: Grid::new(width, height, 0),
            low: bits(),
            high: bits(),
            shadow: bits(),
            maybe: bits(),
            cast: bits(),
            whole: Vec::new(),
            darker: bits(),
            rows: Rows::new(width),
            lanes: Lanes::default(),
        }
    }

    /// Puts the background into the frame's light.
    pub fn light(&mut self, back: &Background, tone: &Tone) {
        tone.row(back.luma.all(), self.lit.all_mut(), self.lanes);
    }

    /// Compares a frame with the background; `base` is the threshold of a quiet pixel.
    pub fn find(&mut self, small: &Small, back: &mut Background, tone: &Tone, base: u8) {
        dispatch!(self.lanes.level(), simd => simd.vectorize(
            #[inline(always)]
            || {
                for y in 0..self.lit.height() {
                    self.row(simd, (small, back), y, base);
                    self.shadows(&small.luma, back, y);
                    self.remembered(small, back, tone, y, base);
                }
            },
        ));
    }

    /// Compares a row.
    #[inline(always)]
    fn row<S: Simd>(&mut self, simd: S, (small, back): (&Small, &Background), y: usize, base: u8) {
        self.rows.envelope(&self.lit, &small.luma, y);
        self.rows.colours(small, back, y, base);
        self.rows.greys(small, back, &self.lit, y);
        self.rows.compare(small.luma.row(y), self.lit.row(y), back, y, base);
        let planes = [
            (LOW, &mut self.low),
            (HIGH, &mut self.high),
            (DARKER, &mut self.darker),
            (MAYBE, &mut self.maybe),
        ];
        for (bit, plane) in planes {
            for (word, bytes) in plane.row_mut(y).iter_mut().zip(self.rows.class()) {
                *word = holds(simd, bytes, 1 << bit);
            }
        }
    }

    /// Takes shadow out of a row.
    #[inline(never)]
    fn shadows(&mut self, image: &Grid<u8>, back: &Background, y: usize) {
        self.shadow.row_mut(y).fill(0);
        for i in 0..self.darker.row(y).len() {
            let word = self.darker.row(y).get(i).copied().unwrap_or(0);
            let mut shadow = 0u64;
            for bit in Ones(word) {
                let spread = back.spread.at(i * 64 + bit, y);
                let is =
                    shades(image, &self.lit, 8 + ((5 * i32::from(spread)) >> 9), (i * 64 + bit, y));
                shadow |= u64::from(is) << bit;
            }
            for (bits, keep) in
                [(&mut self.low, false), (&mut self.high, false), (&mut self.shadow, true)]
            {
                if let Some(w) = bits.row_mut(y).get_mut(i) {
                    *w = if keep { shadow } else { *w & !shadow };
                }
            }
        }
    }

    /// Finds pixels that look as the background before: that is the background again.
    #[inline(never)]
    fn remembered(
        &mut self,
        small: &Small,
        back: &mut Background,
        tone: &Tone,
        y: usize,
        base: u8,
    ) {
        for i in 0..self.low.row(y).len() {
            let low = self.low.row(y).get(i).copied().unwrap_or(0);
            let held = back.held.row(y).get(i).copied().unwrap_or(0);
            for bit in Ones(low & held) {
                let x = i * 64 + bit;
                let before = back.before.at(x, y);
                let limit = limit(base, back.spread.at(x, y), back.blink.at(x, y));
                if u16::from(tone.apply(before).abs_diff(small.luma.at(x, y))) < limit {
                    back.before.set(x, y, back.luma.at(x, y));
                    back.luma.set(x, y, before);
                    back.adopt_colour(x, y, small);
                    self.lit.set(x, y, tone.apply(before));
                    self.low.set(x, y, false);
                    self.high.set(x, y, false);
                }
            }
        }
    }
}

/// True when a darker pixel keeps the background's texture: light is missing, nothing is there.
pub fn shades(image: &Grid<u8>, lit: &Grid<u8>, noise: i32, (x, y): (usize, usize)) -> bool {
    let (i, b) = (i32::from(image.at(x, y)), i32::from(lit.at(x, y)));
    let ((ix, iy), (bx, by)) = (image.gradient(x, y), lit.gradient(x, y));
    // All sides times b, so that the ratio i / b needs no division.
    let differs = (ix * b - i * bx).abs() + (iy * b - i * by).abs();
    // Two differences of noisy pixels: the noisier, the less they say.
    differs < noise * b + i * (bx.abs() + by.abs()) / 4
}
