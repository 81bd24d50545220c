//! What a camera's picture looks like when nothing moves: the state of the model.
//!
//! Invariants: all luma planes have the working picture's size, all chroma planes its
//! chroma size; `held` is set exactly where `life` is above 0.
//! Units: values and deviations in 1/256 luma step; `still` and `ghost` in ticks of 4 ms;
//! `life` in seconds; `blink` in 1/25 luma step.
//! Not here: how it is compared (`classify`) and changed (`learn`, `absorb`, `scene`).

use crate::bits::Bits;
use crate::grid::Grid;
use crate::reduce::{Shape, Small};
use crate::state::{Reader, Writer};
use crate::sun::Sun;
use crate::tone::Tone;

/// A fresh deviation: 3 luma steps.
pub const DEVIATION: u16 = 3 << 8;
/// Seconds for which the background before is remembered.
pub const LIFE: u16 = 300;

/// The model of one camera's background.
#[derive(Clone, Debug, PartialEq)]
pub struct Background {
    /// Brightness, 8.8.
    pub luma: Grid<u16>,
    /// Mean deviation of the brightness, 8.8.
    pub spread: Grid<u16>,
    /// How much the pixel blinks.
    pub blink: Grid<u8>,
    /// Brightness of the background before, 8.8.
    pub before: Grid<u16>,
    /// How long `before` is remembered.
    pub life: Grid<u16>,
    /// Where `before` holds something.
    pub held: Bits,
    /// Short mean of what covers the background, 8.8; only inside the last mask.
    pub slow: Grid<u16>,
    /// How long `slow` has stood still; only inside the last mask.
    pub still: Grid<u16>,
    /// How long a ghost was seen here; only inside the last mask.
    pub ghost: Grid<u8>,
    /// Blue difference and its deviation, 8.8.
    pub u: [Grid<u16>; 2],
    /// Red difference and its deviation, 8.8.
    pub v: [Grid<u16>; 2],
    /// Pixels that differed in the last frame, before clean-up.
    pub raw: Bits,
    /// Pixels that moved in the last frame, after clean-up.
    pub mask: Bits,
    /// Light of the last frame.
    pub tone: Tone,
    /// What cast shadow is here.
    pub sun: Sun,
    /// Frames learned from.
    pub frames: u32,
    /// Ticks for which the scene has been another one.
    pub odd_ticks: u32,
    /// Ticks since `life` was last counted down.
    pub life_ticks: u32,
}

impl Background {
    /// A model that has seen nothing.
    pub fn new(shape: &Shape) -> Background {
        let (w, h) = (shape.width, shape.height);
        let words = || Grid::new(w, h, 0u16);
        let chroma = |value| Grid::new(shape.chroma_width, shape.chroma_height, value);
        Background {
            luma: words(),
            spread: Grid::new(w, h, DEVIATION),
            blink: Grid::new(w, h, 0),
            before: words(),
            life: words(),
            held: Bits::new(w, h),
            slow: words(),
            still: words(),
            ghost: Grid::new(w, h, 0),
            u: [chroma(128 << 8), chroma(DEVIATION)],
            v: [chroma(128 << 8), chroma(DEVIATION)],
            raw: Bits::new(w, h),
            mask: Bits::new(w, h),
            tone: Tone::default(),
            sun: Sun::default(),
            frames: 0,
            odd_ticks: 0,
            life_ticks: 0,
        }
    }

    /// Takes a picture for the background as it is.
    pub fn adopt(&mut self, small: &Small) {
        copy(&small.luma, &mut self.luma);
        copy(&small.u, &mut self.u[0]);
        copy(&small.v, &mut self.v[0]);
        self.spread.all_mut().fill(DEVIATION);
        for deviation in [&mut self.u[1], &mut self.v[1]] {
            deviation.all_mut().fill(DEVIATION);
        }
    }

    /// Remembers the whole background as the one before.
    pub fn remember(&mut self) {
        self.before.all_mut().copy_from_slice(self.luma.all());
        self.life.all_mut().fill(LIFE);
        self.held.fill();
    }

    /// Takes the colour of one pixel for the background's.
    pub fn adopt_colour(&mut self, x: usize, y: usize, small: &Small) {
        for (plane, from) in [(&mut self.u, &small.u), (&mut self.v, &small.v)] {
            plane[0].set(x / 2, y / 2, u16::from(from.at(x / 2, y / 2)) << 8);
        }
    }

    /// Counts the life of what is remembered down by whole seconds.
    pub fn age(&mut self, ticks: u32) {
        self.life_ticks += ticks;
        let seconds = u16::try_from(self.life_ticks / 250).unwrap_or(u16::MAX);
        if seconds == 0 {
            return;
        }
        self.life_ticks %= 250;
        for y in 0..self.held.height() {
            let life = self.life.row_mut(y);
            for (word, cells) in self.held.row_mut(y).iter_mut().zip(life.chunks_mut(64)) {
                if *word == 0 {
                    continue;
                }
                for (x, cell) in cells.iter_mut().enumerate() {
                    *cell = cell.saturating_sub(seconds);
                    *word &= !(u64::from(*cell == 0) << x);
                }
            }
        }
    }

    /// Writes the whole model.
    pub fn save(&self, to: &mut Writer) {
        for grid in [&self.luma, &self.spread, &self.before, &self.life, &self.slow, &self.still] {
            to.words(grid);
        }
        to.bytes(&self.blink);
        to.bytes(&self.ghost);
        for grid in self.u.iter().chain(&self.v) {
            to.words(grid);
        }
        for bits in [&self.held, &self.raw, &self.mask] {
            to.bits(bits);
        }
        self.tone.save(to);
        self.sun.save(to);
        for count in [self.frames, self.odd_ticks, self.life_ticks] {
            to.u32(count);
        }
    }

    /// Reads what `save` wrote for a picture of this shape.
    pub fn load(from: &mut Reader<'_>, shape: &Shape) -> Option<Background> {
        let (w, h) = (shape.width, shape.height);
        let (cw, ch) = (shape.chroma_width, shape.chroma_height);
        Some(Background {
            luma: from.words(w, h)?,
            spread: from.words(w, h)?,
            before: from.words(w, h)?,
            life: from.words(w, h)?,
            slow: from.words(w, h)?,
            still: from.words(w, h)?,
            blink: from.bytes(w, h)?,
            ghost: from.bytes(w, h)?,
            u: [from.words(cw, ch)?, from.words(cw, ch)?],
            v: [from.words(cw, ch)?, from.words(cw, ch)?],
            held: from.bits(w, h)?,
            raw: from.bits(w, h)?,
            mask: from.bits(w, h)?,
            tone: Tone::load(from)?,
            sun: Sun::load(from)?,
            frames: from.u32()?,
            odd_ticks: from.u32()?,
            life_ticks: from.u32()?,
        })
    }
}

fn copy(from: &Grid<u8>, to: &mut Grid<u16>) {
    for (t, f) in to.all_mut().iter_mut().zip(from.all()) {
        *t = u16::from(*f) << 8;
    }
}
