//! How the background follows the frames.
//!
//! Invariants: a pixel inside the mask never learns from the frame, only the light.
//! Units: rates in 1/65536 a frame.

use crate::background::{Background, DEVIATION};
use crate::bits::Bits;
use crate::blobs::{Blobs, Rect};
use crate::classify::Classes;
use crate::lanes::Lanes;
use crate::reduce::Small;
use crate::regions::Region;

/// Scratch of the learner.
#[derive(Default)]
pub struct Learner {
    pub(crate) lanes: Lanes,
    /// Of the row at hand.
    rates: Vec<i16>,
    half: Vec<i16>,
    /// Regions around kept shapes.
    near: Vec<Region>,
}

/// Highest rate: below one half, so that it fits 16 bits with its sign.
const FASTEST: u32 = 32_000;
/// Ticks after the start in which a kept blob's surroundings learn at full speed: 2 s.
const START: u32 = 500;

impl Learner {
    /// Scratch for pictures of this size.
    pub fn new(width: usize) -> Learner {
        let half = vec![0; width.div_ceil(2)];
        Learner { rates: vec![0; width], half, ..Learner::default() }
    }

    /// Lets the background follow a frame that lies `ticks` after the one before.
    ///
    /// `back.mask` is this frame's mask, `age` the ticks since the model began.
    pub fn learn(
        &mut self,
        back: &mut Background,
        small: &Small,
        classes: &Classes,
        blobs: &Blobs,
        (ticks, age): (u32, u32),
    ) {
        let by_time = ticks.saturating_mul(131);
        let by_count = 65_536 / (back.frames + 1);
        let rate = by_time.max(by_count).min(FASTEST) as i16;
        self.near(classes, blobs, age);
        self.lanes.run(
            #[inline(always)]
            || {
                for y in 0..small.luma.height() {
                    self.rate(back, classes, rate, y);
                    luma_row(back, small, classes, &self.rates, (y, rate));
                    if y % 2 == 0 {
                        halve(&self.rates, &mut self.half);
                        chroma_rows(back, small, &self.half, y / 2);
                    }
                }
            },
        );
        lighten_before(back, rate);
        back.frames = back.frames.saturating_add(1);
    }

    /// Where learning is slow because something is there.
    fn near(&mut self, classes: &Classes, blobs: &Blobs, age: u32) {
        self.near.clear();
        if age > START {
            let kept = |of: &&Region| blobs.all().iter().any(|b| inside(b.rect, of));
            self.near.extend(classes.whole.iter().filter(kept));
        }
    }

    /// How fast each pixel of a row may learn.
    #[inline(always)]
    fn rate(&mut self, back: &Background, classes: &Classes, rate: i16, y: usize) {
        self.rates.fill(rate);
        let part = |percent: i32| (i32::from(rate) * percent / 100) as i16;
        for of in self.near.iter().filter(|of| (of.top..of.bottom).contains(&y)) {
            if let Some(run) = self.rates.get_mut(of.left..of.right) {
                run.fill(part(15));
            }
        }
        fill_runs(&classes.shadow, y, &mut self.rates, part(10));
        // What looks like shadow beside a thing may be its sleeve: next to nothing.
        fill_runs(&classes.cast, y, &mut self.rates, part(1));
        fill_runs(&back.mask, y, &mut self.rates, 0);
    }
}

/// True when a kept shape begins inside a region.
fn inside(rect: Rect, of: &Region) -> bool {
    let (x, y) = ((rect.left + rect.right) as usize / 2, (rect.top + rect.bottom) as usize / 2);
    (of.left..of.right).contains(&x) && (of.top..of.bottom).contains(&y)
}

#[inline(never)]
fn fill_runs(bits: &Bits, y: usize, row: &mut [i16], value: i16) {
    bits.runs(y, |from, to| {
        if let Some(run) = row.get_mut(from..to) {
            run.fill(value);
        }
    });
}

/// `a * rate / 65536`, rounded down when `turn` is 0 and up when it is -1: taken in turns,
/// so that rounding does not pull one way.
#[inline(always)]
fn scaled(a: i16, rate: i16, turn: i16) -> i16 {
    let turned = (a ^ turn).wrapping_sub(turn);
    let part = ((i32::from(turned) * i32::from(rate)) >> 16) as i16;
    (part ^ turn).wrapping_sub(turn)
}

#[inline(always)]
fn luma_row(
    back: &mut Background,
    small: &Small,
    classes: &Classes,
    rates: &[i16],
    (y, rate): (usize, i16),
) {
    let turn = turn(back);
    let spread_rate = (i32::from(rate) * 3 / 2).min(32_000) as i16;
    let (image, lit) = (small.luma.row(y), classes.lit.row(y));
    spread_kernel(back.spread.row_mut(y), image, lit, rates, spread_rate);
    luma_kernel(back.luma.row_mut(y), image, lit, rates, (rate, turn));
    let row = back.luma.row_mut(y);
    for x in back.mask.columns(y) {
        if let Some(b) = row.get_mut(x) {
            *b = b.wrapping_add_signed(scaled(back.tone.delta(*b), rate, turn));
        }
    }
}

/// Blue and red of a row.
#[inline(always)]
fn chroma_rows(back: &mut Background, small: &Small, rates: &[i16], y: usize) {
    let turn = turn(back);
    for (from, to) in [(&small.u, &mut back.u), (&small.v, &mut back.v)] {
        let [value, spread] = to;
        chroma_row(from.row(y), value.row_mut(y), spread.row_mut(y), (rates, turn));
    }
}

/// 0 and -1 in turns.
fn turn(back: &Background) -> i16 {
    -((back.frames & 1) as i16)
}

#[inline(always)]
fn luma_kernel(
    luma: &mut [u16],
    image: &[u8],
    lit: &[u8],
    rates: &[i16],
    (rate, turn): (i16, i16),
) {
    for (((b, i), lit), own) in luma.iter_mut().zip(image).zip(lit).zip(rates) {
        let d = i16::from(*i) - i16::from(*lit);
        // Inside the mask nothing is learned here, and the light is followed more exactly.
        let learns = -i16::from(*own != 0);
        // The curve moves no value by more than 120, so this fits 16 bits.
        let light = (u16::from(*lit) << 8).wrapping_sub(*b) as i16;
        let step = scaled(d << 7, *own, turn) << 1;
        *b = (*b).wrapping_add_signed(step.wrapping_add(scaled(light, rate & learns, turn)));
    }
}

/// The mean deviation follows what is not moving, between 0.5 and 12 luma steps.
#[inline(always)]
fn spread_kernel(spread: &mut [u16], image: &[u8], lit: &[u8], rates: &[i16], rate: i16) {
    for (((s, i), lit), own) in spread.iter_mut().zip(image).zip(lit).zip(rates) {
        let target = i16::from(i.abs_diff(*lit).min(20)) << 8;
        let now = *s as i16;
        let learns = -i16::from(*own != 0);
        let moved = now + (scaled(target - now, rate, 0) & learns);
        *s = moved.clamp(128, 12 << 8) as u16;
    }
}

#[inline(always)]
fn chroma_row(from: &[u8], value: &mut [u16], spread: &mut [u16], (rates, turn): (&[i16], i16)) {
    for (((i, b), s), rate) in from.iter().zip(value).zip(spread).zip(rates) {
        let d = i16::from(*i) - (b.saturating_add(128) >> 8) as i16;
        *b = b.wrapping_add_signed(scaled(d << 7, *rate, turn) << 1);
        let target = (d.unsigned_abs().min(20) << 8) as i16;
        let now = *s as i16;
        let moved = now + scaled(target - now, *rate, 0);
        *s = moved.clamp(128, 12 << 8) as u16;
    }
}

/// Every second value; the last goes on to the end.
#[inline(always)]
fn halve(from: &[i16], to: &mut [i16]) {
    let pairs = from.as_chunks::<2>().0;
    for (o, [first, _]) in to.iter_mut().zip(pairs) {
        *o = *first;
    }
    if let (Some(o), Some(last)) = (to.get_mut(pairs.len()..), from.last()) {
        o.fill(*last);
    }
}

/// The background before follows the light too: every eighth row, eight times as fast.
fn lighten_before(back: &mut Background, rate: i16) {
    let rate = (i32::from(rate) * 8).min(FASTEST as i32) as i16;
    let turn = -((back.frames >> 3 & 1) as i16);
    let first = back.frames as usize % 8;
    for y in (first..back.held.height()).step_by(8) {
        let row = back.before.row_mut(y);
        for x in back.held.columns(y) {
            if let Some(b) = row.get_mut(x) {
                *b = b.wrapping_add_signed(scaled(back.tone.delta(*b), rate, turn));
            }
        }
    }
}

/// Blinking pixels become harder to convince: `toggled` differ from the last frame's answer.
pub fn blink(back: &mut Background, low: &Bits) {
    for k in back.blink.all_mut() {
        *k = k.saturating_sub(1);
    }
    for y in 0..low.height() {
        let words = low.row(y).iter().zip(back.raw.row(y)).zip(back.mask.row(y));
        let blink = back.blink.row_mut(y);
        for (cells, ((low, raw), mask)) in blink.chunks_mut(64).zip(words) {
            for bit in crate::bits::Ones((low ^ raw) & !mask) {
                if let Some(k) = cells.get_mut(bit) {
                    *k = k.saturating_add(16).min(250);
                }
            }
        }
    }
    back.raw.copy_from(low);
}

/// A pixel's deviation when its background is replaced.
pub fn fresh(back: &mut Background, x: usize, y: usize) {
    back.spread.set(x, y, DEVIATION);
}
