//! What a camera shows when nobody tampers with it: slow reference of picture and measures.
//!
//! Invariants: after two seconds no part of the picture is followed faster than one luma step a
//! second, so things in front leave no edges.
//! Units: luma steps in 1/256; ticks of 4 ms.

use crate::grid::Grid;
use crate::measure::{BLOCKS, Measures};
use crate::state::{Reader, Writer};
use crate::tamper_layer::{Agreement, Layer};

/// Blocks of the coarse layer.
const COARSE: (usize, usize) = (6, 4);
/// Thumb pixels a pixel of the coarse layer.
const POOL: usize = 4;
/// Learned from this often, in ticks: a quarter of a second.
const EVERY: u32 = 62;
/// Times of learning until the view is known: two seconds.
pub const KNOWN: u32 = 8;
/// Most change by one learning: one luma step a second.
const SLOW: i32 = 64;

/// A reference view.
#[derive(Clone, Debug, Default)]
pub struct View {
    mean: Grid<u16>,
    /// Times learned from.
    pub learned: u32,
    ticks: u32,
    /// Usual measures.
    pub usual: Measures,
    fine: Layer,
    coarse: Layer,
    now: Grid<u8>,
    pooled: Grid<u8>,
}

/// A picture against a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Against {
    /// At thumb size.
    pub fine: Agreement,
    /// At a quarter of it.
    pub coarse: Agreement,
}

impl Against {
    /// Blocks that have edges: both scales, as a person would trust them.
    pub fn has_edges(&self) -> bool {
        self.fine.blocks >= 24 || self.coarse.blocks >= 6
    }

    /// Share of blocks that agree, the better of the scales that have edges; 1000 without any.
    pub fn agree(&self) -> u32 {
        match (self.fine.blocks >= 24, self.coarse.blocks >= 6) {
            (true, true) => self.fine.agree.max(self.coarse.agree),
            (true, false) => self.fine.agree,
            (false, true) => self.coarse.agree,
            (false, false) => 1000,
        }
    }
}

/// Mean of squares of `POOL`.
fn pool(from: &Grid<u8>, to: &mut Grid<u8>) {
    let (w, h) = ((from.width() / POOL).max(1), (from.height() / POOL).max(1));
    if (to.width(), to.height()) != (w, h) {
        *to = Grid::new(w, h, 0);
    }
    for y in 0..h {
        for x in 0..w {
            let mut sum = 0;
            for i in 0..POOL {
                let row = from.row(y * POOL + i);
                let cell = row.get(x * POOL..x * POOL + POOL).unwrap_or(&[]);
                sum += cell.iter().map(|v| u32::from(*v)).sum::<u32>();
            }
            to.set(x, y, (sum / (POOL * POOL) as u32) as u8);
        }
    }
}

impl View {
    /// A view that has seen nothing.
    pub fn new() -> View {
        View { fine: Layer::new(BLOCKS), coarse: Layer::new(COARSE), ..View::default() }
    }

    /// True when it says something.
    pub fn is_known(&self) -> bool {
        self.learned >= KNOWN
    }

    /// True when a thumb of this size can be held against it.
    pub fn fits(&self, thumb: &Grid<u8>) -> bool {
        let size = (self.mean.width(), self.mean.height());
        self.learned == 0 || size == (thumb.width(), thumb.height())
    }

    /// Holds a thumb against the view.
    pub fn compare(&mut self, thumb: &Grid<u8>) -> Against {
        pool(thumb, &mut self.pooled);
        Against { fine: self.fine.compare(thumb), coarse: self.coarse.compare(&self.pooled) }
    }

    /// Learns from a thumb and its measures that are as usual.
    pub fn learn(&mut self, thumb: &Grid<u8>, measures: &Measures, ticks: u32) {
        let fits = (self.mean.width(), self.mean.height()) == (thumb.width(), thumb.height());
        self.ticks += ticks;
        if fits && self.ticks < EVERY {
            return;
        }
        let times = (self.ticks / EVERY).clamp(1, 4) as i32;
        self.ticks = 0;
        if !fits {
            *self = View { mean: Grid::new(thumb.width(), thumb.height(), 0), ..View::new() };
        }
        self.learned = self.learned.saturating_add(1);
        let early = self.learned <= KNOWN;
        let n = self.learned.min(KNOWN) as i32;
        for (mean, now) in self.mean.all_mut().iter_mut().zip(thumb.all()) {
            let d = (i32::from(*now) << 8) - i32::from(*mean);
            let step =
                if early { d / n } else { (d / 16 * times).clamp(-SLOW * times, SLOW * times) };
            *mean = (i32::from(*mean) + step) as u16;
        }
        self.usual = blend(&self.usual, measures, if early { n } else { 32 });
        self.adopt();
    }

    /// Makes the layers from the mean.
    fn adopt(&mut self) {
        if (self.now.width(), self.now.height()) != (self.mean.width(), self.mean.height()) {
            self.now = Grid::new(self.mean.width(), self.mean.height(), 0);
        }
        for (to, mean) in self.now.all_mut().iter_mut().zip(self.mean.all()) {
            *to = (mean >> 8) as u8;
        }
        self.fine.adopt(&self.now);
        pool(&self.now, &mut self.pooled);
        self.coarse.adopt(&self.pooled);
    }

    /// The reference picture.
    pub fn picture(&self) -> &Grid<u8> {
        &self.now
    }

    /// Writes it.
    pub fn save(&self, to: &mut Writer) {
        to.u32(self.mean.width() as u32);
        to.u32(self.mean.height() as u32);
        to.words(&self.mean);
        to.u32(self.learned);
        to.u32(self.ticks);
        self.usual.save(to);
    }

    /// Reads what `save` wrote.
    pub fn load(from: &mut Reader<'_>) -> Option<View> {
        let (w, h) = (from.u32()? as usize, from.u32()? as usize);
        let mean = from.words(w, h)?;
        let (learned, ticks) = (from.u32()?, from.u32()?);
        let usual = Measures::load(from)?;
        let mut view = View { mean, learned, ticks, usual, ..View::new() };
        if learned > 0 {
            view.adopt();
        }
        Some(view)
    }
}

/// Moves usual measures by one part in `n`.
fn blend(usual: &Measures, now: &Measures, n: i32) -> Measures {
    let b = |u: u32, v: u32| {
        let (u, v) = (i64::from(u), i64::from(v));
        // Rounded away from zero, so that small differences are not kept for ever.
        let d = v - u;
        (u + (d + d.signum() * i64::from(n - 1)) / i64::from(n)).max(0) as u32
    };
    Measures {
        brightness: b(usual.brightness, now.brightness),
        contrast: b(usual.contrast, now.contrast),
        sharpness: b(usual.sharpness, now.sharpness),
        noise: b(usual.noise, now.noise),
        change: b(usual.change, now.change),
        changed: b(usual.changed, now.changed),
        jumped: b(usual.jumped, now.jumped),
        flat: b(usual.flat, now.flat),
    }
}
