//! Measures of each picture: how bright, how rich, how sharp, how noisy, how much it changes.
//!
//! Invariants: after a restore the next measures are those that would have come; a picture of
//! another size begins anew.
//! Units: luma steps in 1/256; shares in 1/10,000. All over the working picture, every fourth
//! row; the thumb is that picture reduced to about 160 wide.
//! Source: the noise is Immerkaer's (1996) second difference, along rows only, at the quietest
//! fifth of the blocks, so that texture does not count.
//! Not here: what is normal for a camera (`tamper`).

use crate::grid::Grid;
use crate::lanes::Lanes;
use crate::quality::Quality;
use crate::state::{Reader, Writer};

/// Width that the thumb aims at.
const TARGET: usize = 160;
/// Rows of the working picture to one that is looked at.
const EVERY: usize = 4;
/// Columns and rows of blocks.
pub const BLOCKS: (usize, usize) = (16, 9);
const ALL_BLOCKS: usize = BLOCKS.0 * BLOCKS.1;

/// What is measured of one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Measures {
    /// Mean luma, 1/256.
    pub brightness: u32,
    /// Standard deviation of the thumb, 1/256.
    pub contrast: u32,
    /// Mean absolute difference of neighbours in a row, 1/256.
    pub sharpness: u32,
    /// Standard deviation of the noise, 1/256.
    pub noise: u32,
    /// Mean absolute change since the picture before, 1/256.
    pub change: u32,
    /// Share that changed at all since the picture before.
    pub changed: u32,
    /// Share that changed by more than two steps.
    pub jumped: u32,
    /// Share of the blocks that hold one value alone.
    pub flat: u32,
}

impl Measures {
    /// Writes them.
    pub fn save(&self, to: &mut Writer) {
        for v in [self.brightness, self.contrast, self.sharpness, self.noise] {
            to.u32(v);
        }
        for v in [self.change, self.changed, self.jumped, self.flat] {
            to.u32(v);
        }
    }

    /// Reads what `save` wrote.
    pub fn load(from: &mut Reader<'_>) -> Option<Measures> {
        let [brightness, contrast, sharpness, noise] =
            [from.u32()?, from.u32()?, from.u32()?, from.u32()?];
        let [change, changed, jumped, flat] = [from.u32()?, from.u32()?, from.u32()?, from.u32()?];
        Some(Measures { brightness, contrast, sharpness, noise, change, changed, jumped, flat })
    }
}

/// Measures one camera's pictures.
pub struct Measurer {
    size: (usize, usize),
    before: Option<Vec<u8>>,
    thumb: Grid<u8>,
    sums: Vec<u16>,
    blocks: [u32; ALL_BLOCKS],
    last: Measures,
    pub(crate) lanes: Lanes,
}

impl Default for Measurer {
    fn default() -> Measurer {
        Measurer {
            size: (0, 0),
            before: None,
            thumb: Grid::default(),
            sums: Vec::new(),
            blocks: [0; ALL_BLOCKS],
            last: Measures::default(),
            lanes: Lanes::default(),
        }
    }
}

/// Where block `i` of `n` begins on a side of this length.
pub fn edge(i: usize, n: usize, length: usize) -> usize {
    i * length / n
}

/// Working pixels a thumb pixel, each way.
fn factor(width: usize, height: usize) -> usize {
    ((2 * width.max(height) + TARGET) / (2 * TARGET)).max(1)
}

impl Measurer {
    /// Measures the working picture; `quality` is what is known of it already.
    pub fn see(&mut self, luma: &Grid<u8>, quality: Quality) -> Measures {
        let size = (luma.width(), luma.height());
        if self.size != size {
            let k = factor(size.0, size.1);
            self.size = size;
            self.before = None;
            self.thumb = Grid::new((size.0 / k).max(1), (size.1 / k).max(1), 0);
        }
        self.last = self.lanes.run(
            #[inline(always)]
            || {
                self.reduce(luma);
                let (brightness, contrast) = spread(&self.thumb);
                let (noise, flat) = self.noise(luma);
                let (change, changed, jumped) = self.change(luma);
                let sharpness = quality.sharpness;
                Measures { brightness, contrast, sharpness, noise, change, changed, jumped, flat }
            },
        );
        self.last
    }

    /// The last picture at about 160 wide.
    pub fn thumb(&self) -> &Grid<u8> {
        &self.thumb
    }

    /// The measures of the last picture.
    pub fn last(&self) -> &Measures {
        &self.last
    }

    /// The next picture has no connection with the last.
    pub fn break_off(&mut self) {
        self.before = None;
    }

    #[inline(always)]
    fn reduce(&mut self, luma: &Grid<u8>) {
        let k = factor(self.size.0, self.size.1);
        let area = (k * k) as u32;
        for y in 0..self.thumb.height() {
            self.sums.clear();
            self.sums.resize(self.size.0, 0);
            for i in 0..k {
                for (s, v) in self.sums.iter_mut().zip(luma.row(y * k + i)) {
                    *s += u16::from(*v);
                }
            }
            for (o, cell) in self.thumb.row_mut(y).iter_mut().zip(self.sums.chunks_exact(k)) {
                let sum: u32 = cell.iter().map(|v| u32::from(*v)).sum();
                *o = ((sum + area / 2) / area) as u8;
            }
        }
    }

    /// Noise, and share of the flat blocks.
    #[inline(always)]
    fn noise(&mut self, luma: &Grid<u8>) -> (u32, u32) {
        let (w, h) = self.size;
        let mut counts = [0u32; ALL_BLOCKS];
        self.blocks = [0; ALL_BLOCKS];
        for y in (0..h).step_by(EVERY) {
            let row = luma.row(y);
            let by = (y * BLOCKS.1 / h.max(1)).min(BLOCKS.1 - 1) * BLOCKS.0;
            for bx in 0..BLOCKS.0 {
                let (from, to) = (edge(bx, BLOCKS.0, w), edge(bx + 1, BLOCKS.0, w));
                let Some(part) = row.get(from..to) else { continue };
                let (left, right) = (part.iter(), part.iter().skip(2));
                let sum: u32 = left
                    .zip(part.iter().skip(1))
                    .zip(right)
                    .map(|((a, b), c)| (2 * i32::from(*b)).abs_diff(i32::from(*a) + i32::from(*c)))
                    .sum();
                if let Some((s, n)) = self.blocks.get_mut(by + bx).zip(counts.get_mut(by + bx)) {
                    *s += sum;
                    *n += part.len().saturating_sub(2) as u32;
                }
            }
        }
        let mut used = 0;
        for i in 0..ALL_BLOCKS {
            // A deviation of 1 makes a mean of 1.954: 256 / 1.954 = 131.
            let mean = match (self.blocks.get(i), counts.get(i)) {
                (Some(s), Some(n)) if *n > 0 => s * 131 / n,
                _ => continue,
            };
            if let Some(b) = self.blocks.get_mut(used) {
                *b = mean;
                used += 1;
            }
        }
        let Some(means) = self.blocks.get_mut(..used).filter(|m| !m.is_empty()) else {
            return (0, 0);
        };
        means.sort_unstable();
        let flat = means.iter().filter(|m| **m < 4).count() as u32;
        (means.get(used / 5).copied().unwrap_or(0), flat * 10_000 / used.max(1) as u32)
    }

    /// Mean change, share that changed and share that jumped.
    #[inline(always)]
    fn change(&mut self, luma: &Grid<u8>) -> (u32, u32, u32) {
        let w = self.size.0;
        let rows = self.size.1.div_ceil(EVERY);
        let known = self.before.is_some();
        let before = self.before.get_or_insert_with(|| vec![0; w * rows]);
        let (mut sum, mut changed, mut jumped) = (0u64, 0u64, 0u64);
        for (then, y) in before.chunks_exact_mut(w.max(1)).zip((0..self.size.1).step_by(EVERY)) {
            let now = luma.row(y);
            let (mut s, mut c, mut j) = (0u32, 0u32, 0u32);
            for (a, b) in then.iter().zip(now) {
                let d = u32::from(a.abs_diff(*b));
                s += d;
                c += u32::from(d > 0);
                j += u32::from(d > 2);
            }
            (sum, changed, jumped) =
                (sum + u64::from(s), changed + u64::from(c), jumped + u64::from(j));
            then.copy_from_slice(now);
        }
        let n = (w * rows).max(1) as u64;
        match known {
            true => (
                (sum * 256 / n) as u32,
                (changed * 10_000 / n) as u32,
                (jumped * 10_000 / n) as u32,
            ),
            false => (0, 10_000, 0),
        }
    }

    /// Writes what the next measures depend on.
    pub fn save(&self, to: &mut Writer) {
        to.u32(self.size.0 as u32);
        to.u32(self.size.1 as u32);
        to.u8(u8::from(self.before.is_some()));
        if let Some(before) = &self.before {
            to.blob(before);
        }
        to.bytes(&self.thumb);
        self.last.save(to);
    }

    /// Reads what `save` wrote.
    pub fn load(from: &mut Reader<'_>) -> Option<Measurer> {
        let (w, h) = (from.u32()? as usize, from.u32()? as usize);
        if w > 16_384 || h > 16_384 {
            return None;
        }
        let before = match from.u8()? {
            0 => None,
            _ => Some(from.blob()?.to_vec()),
        };
        if before.as_ref().is_some_and(|b| b.len() != w * h.div_ceil(EVERY)) {
            return None;
        }
        let k = factor(w, h);
        let (tw, th) = if w == 0 { (0, 0) } else { ((w / k).max(1), (h / k).max(1)) };
        let thumb = from.bytes(tw, th)?;
        let last = Measures::load(from)?;
        Some(Measurer { size: (w, h), before, thumb, last, ..Measurer::default() })
    }
}

/// Mean and standard deviation, both in 1/256.
#[inline(always)]
fn spread(thumb: &Grid<u8>) -> (u32, u32) {
    let (mut sum, mut squares) = (0u64, 0u64);
    for y in 0..thumb.height() {
        // A row's sums fit 32 bits: it is at most 240 wide.
        let row = thumb.row(y).iter().map(|v| u32::from(*v));
        sum += u64::from(row.clone().sum::<u32>());
        squares += u64::from(row.map(|v| v * v).sum::<u32>());
    }
    let n = thumb.all().len().max(1) as u64;
    let variance = (squares * n).saturating_sub(sum * sum);
    ((sum * 256 / n) as u32, (variance.isqrt() * 256 / n) as u32)
}
