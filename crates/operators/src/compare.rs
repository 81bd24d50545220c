//! One row of a frame against one row of the background, written so that it vectorises.
//!
//! Invariants: no lookups and no branches inside a row; all rows are `width` long.
//! Units: luma steps; deviations in 1/256.

use crate::background::Background;
use crate::grid::Grid;
use crate::reduce::Small;

/// Bit of a class that says "differs".
pub const LOW: u32 = 0;
/// Bit of a class that says "differs strongly".
pub const HIGH: u32 = 1;
/// Bit of a class that says "is shadow when the texture agrees".
pub const DARKER: u32 = 2;
/// Bit of a class that says "could be shadow, whatever its texture".
pub const MAYBE: u32 = 3;

/// Luma of black.
pub const BLACK: u8 = 16;
/// Colour steps, blue and red together, that still are the same colour in less light.
const SAME_COLOUR: i32 = 6;
/// Share of the light, in 1/32, that the deepest shadow leaves.
const DARKEST: u16 = 10;

/// Scratch rows of the comparison.
#[derive(Default)]
pub struct Rows {
    least: Vec<u8>,
    most: Vec<u8>,
    outside: Vec<u8>,
    colour: Vec<u8>,
    colour_limit: Vec<u8>,
    small_colour: Vec<u8>,
    small_limit: Vec<u8>,
    small_grey: Vec<u8>,
    grey: Vec<u8>,
    /// Of 64 pixels each; past the row's end 0.
    class: Vec<[u8; 64]>,
}

/// How far a pixel of this deviation and blinking may differ.
#[inline(always)]
pub fn limit(base: u8, spread: u16, blink: u8) -> u16 {
    u16::from(base) + ((5 * spread) >> 9) + ((5 * u16::from(blink)) >> 6)
}

impl Rows {
    /// Scratch for rows of this width.
    pub fn new(width: usize) -> Rows {
        let row = |n| vec![0u8; n];
        Rows {
            least: row(width + 2),
            most: row(width + 2),
            outside: row(width),
            colour: row(width),
            colour_limit: row(width),
            small_colour: row(width.div_ceil(2)),
            small_limit: row(width.div_ceil(2)),
            small_grey: row(width.div_ceil(2)),
            grey: row(width),
            class: vec![[0; 64]; width.div_ceil(64).max(1)],
        }
    }

    /// The classes that `compare` left.
    #[inline(always)]
    pub fn class(&self) -> &[[u8; 64]] {
        &self.class
    }

    /// How far each pixel lies outside what its 3x3 surroundings in the background hold.
    #[inline(always)]
    pub fn envelope(&mut self, lit: &Grid<u8>, image: &Grid<u8>, y: usize) {
        let (above, here) = (lit.row(y.saturating_sub(1)), lit.row(y));
        let below = if y + 1 < lit.height() { lit.row(y + 1) } else { here };
        let rows = above.iter().zip(here).zip(below);
        let inner = self.least.iter_mut().skip(1).zip(self.most.iter_mut().skip(1));
        for (((a, h), b), (lo, hi)) in rows.zip(inner) {
            *lo = (*a).min(*h).min(*b);
            *hi = (*a).max(*h).max(*b);
        }
        let width = here.len();
        repeat_ends(&mut self.least, width);
        repeat_ends(&mut self.most, width);
        let (l, m) = (thirds(&self.least, width), thirds(&self.most, width));
        let least = l[0].iter().zip(l[1]).zip(l[2]).map(|((a, b), c)| (*a).min(*b).min(*c));
        let most = m[0].iter().zip(m[1]).zip(m[2]).map(|((a, b), c)| (*a).max(*b).max(*c));
        let pixels = self.outside.iter_mut().zip(image.row(y));
        for ((out, i), (lo, hi)) in pixels.zip(least.zip(most)) {
            *out = lo.saturating_sub(*i).max(i.saturating_sub(hi));
        }
    }

    /// How far the colour differs and may differ, spread to full width.
    #[inline(always)]
    pub fn colours(&mut self, small: &Small, back: &Background, y: usize, base: u8) {
        if y % 2 == 1 {
            return;
        }
        let row = (y / 2).min(small.u.height().saturating_sub(1));
        let [u, us] = &back.u;
        let [v, vs] = &back.v;
        let us = us.row(row).iter().zip(vs.row(row));
        for (o, (us, vs)) in self.small_limit.iter_mut().zip(us) {
            *o = base.saturating_add(((us + vs) >> 7) as u8);
        }
        let blue = small.u.row(row).iter().zip(u.row(row));
        let red = small.v.row(row).iter().zip(v.row(row));
        for (o, ((iu, u), (iv, v))) in self.small_colour.iter_mut().zip(blue.zip(red)) {
            let near = |i: &u8, b: &u16| i.abs_diff((b.saturating_add(128) >> 8) as u8);
            *o = near(iu, u).saturating_add(near(iv, v));
        }
        double(&self.small_colour, &mut self.colour);
        double(&self.small_limit, &mut self.colour_limit);
    }

    /// Where the colour is the background's, paler by as much as the pixel is darker: less
    /// light falls on the same surface.
    #[inline(always)]
    pub fn greys(&mut self, small: &Small, back: &Background, lit: &Grid<u8>, y: usize) {
        if y % 2 == 1 {
            return;
        }
        let row = (y / 2).min(small.u.height().saturating_sub(1));
        let light = |of: &u8| i32::from(of.saturating_sub(BLACK));
        let image = small.luma.row(y).iter().step_by(2);
        let lights = image.zip(lit.row(y).iter().step_by(2));
        let blue = small.u.row(row).iter().zip(back.u[0].row(row));
        let red = small.v.row(row).iter().zip(back.v[0].row(row));
        for (o, ((i, b), ((iu, u), (iv, v)))) in
            self.small_grey.iter_mut().zip(lights.zip(blue.zip(red)))
        {
            let (i, b) = (light(i), light(b).max(1));
            let away = |seen: &u8, known: &u16| {
                let known = i32::from(known.saturating_add(128) >> 8) - 128;
                ((i32::from(*seen) - 128) * b - known * i).abs()
            };
            *o = u8::from(away(iu, u) + away(iv, v) < SAME_COLOUR * b);
        }
        double(&self.small_grey, &mut self.grey);
    }

    /// The class of each pixel of row `y`.
    #[inline(always)]
    pub fn compare(&mut self, image: &[u8], lit: &[u8], back: &Background, y: usize, base: u8) {
        let values = image.iter().zip(lit).zip(&self.outside);
        let state = back.spread.row(y).iter().zip(back.blink.row(y));
        let colours = self.colour.iter().zip(&self.colour_limit).zip(&self.grey);
        for (out, (((i, b), e), ((s, k), ((c, cl), grey)))) in
            self.class.as_flattened_mut().iter_mut().zip(values.zip(state.zip(colours)))
        {
            let limit = limit(base, *s, *k);
            let away = u16::from(i.abs_diff(*b));
            let outside = 2 * u16::from(*e) > limit;
            let low = (away > limit) & outside;
            let high = (5 * away > 8 * limit) & outside;
            let colour_limit = u16::from(*cl) + ((10 * u16::from(*k)) >> 8);
            let colour = u16::from(*c);
            let colour_low = colour > colour_limit;
            let colour_high = 2 * colour > 3 * colour_limit;
            let (i, b) = (u16::from(*i), u16::from(*b));
            let darker = (2 * i > b) & (20 * i < 19 * b) & (colour < 8);
            let black = u16::from(BLACK);
            let (i, b) = (i.saturating_sub(black), b.saturating_sub(black));
            let wide = (32 * i > DARKEST * b) & (32 * i < 31 * b) & (*grey != 0);
            *out = u8::from(low | colour_low)
                | u8::from(high | colour_high) << HIGH
                | u8::from(low & darker) << DARKER
                | u8::from((low | colour_low) & wide) << MAYBE;
        }
    }
}

/// Fills both ends of a row that has one more cell on each side.
#[inline(always)]
fn repeat_ends(row: &mut [u8], width: usize) {
    if let [first, second, ..] = row {
        *first = *second;
    }
    if let Some([last, end]) = row.get_mut(width..width + 2) {
        *end = *last;
    }
}

/// The row as seen from the left, the middle and the right.
#[inline(always)]
fn thirds(row: &[u8], width: usize) -> [&[u8]; 3] {
    [0, 1, 2].map(|from| row.get(from..from + width).unwrap_or(&[]))
}

/// Each value twice; the last goes on to the end.
#[inline(always)]
fn double(from: &[u8], to: &mut [u8]) {
    let (pairs, rest) = to.as_chunks_mut::<2>();
    for (pair, v) in pairs.iter_mut().zip(from) {
        *pair = [*v, *v];
    }
    for o in rest {
        *o = from.last().copied().unwrap_or(0);
    }
}
