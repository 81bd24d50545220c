//! How the light of a frame differs from the background's: one curve over all pixels.
//!
//! Invariants: integers only; the curve moves no value by more than 120.
//! Units: gain in 1/4096; values, offset, residuals and the curve in 1/256 luma step.
//! Source: iteratively reweighted least squares with Geman-McClure weights; after it the
//! trimmed mean residual of 16 bands (`docs/design/0005-analysis.md`).

use crate::bits::Bits;
use crate::grid::Grid;
use crate::lanes::Lanes;
use crate::state::{Reader, Writer};

/// Gain 1.
pub const ONE: i32 = 4096;
/// Every how many pixels one is sampled, each way.
const STEP: usize = 4;
/// Fewest samples that a curve is made from.
const FEWEST: usize = 64;
/// Residual bands: 16 of 16 luma steps.
const BANDS: usize = 16;
/// Residuals of a band from -24 to 24 luma steps.
const SPAN: usize = 49;
/// Residuals this close to a band's median, in luma steps, make its mean.
const TRIM: i32 = 4;

/// Background value to what it should be in this light.
#[derive(Clone, Debug, PartialEq)]
pub struct Tone {
    /// Factor in 1/4096.
    pub gain: i32,
    /// Addend in 1/256.
    pub offset: i32,
    /// Samples within 12 of the curve, in 1/1000.
    pub share: u32,
    delta: [i16; 256],
}

impl Default for Tone {
    fn default() -> Tone {
        Tone { gain: ONE, offset: 0, share: 1000, delta: [0; 256] }
    }
}

impl Tone {
    /// The background value (8.8) in this light, rounded.
    #[inline(always)]
    pub fn apply(&self, b: u16) -> u8 {
        ((i32::from(b) + i32::from(self.delta(b)) + 128) >> 8).clamp(0, 255) as u8
    }

    /// How far the curve moves a background value (8.8), in 1/256.
    #[inline(always)]
    pub fn delta(&self, b: u16) -> i16 {
        self.delta.get(usize::from(b >> 8)).copied().unwrap_or(0)
    }

    /// Many background values in this light.
    pub fn row(&self, from: &[u16], to: &mut [u8], lanes: Lanes) {
        // Each whole step in this light with the half for rounding: all fit 16 bits, and the
        // little that the part of a step adds past them is cut off at 255 anyway.
        let mut lit = [0u16; 256];
        for (v, (lit, delta)) in (0i32..).zip(lit.iter_mut().zip(&self.delta)) {
            *lit = (v * 256 + i32::from(*delta) + 128).clamp(0, 65_535) as u16;
        }
        lanes.run(
            #[inline(always)]
            || {
                for (t, b) in to.iter_mut().zip(from) {
                    let [part, step] = b.to_le_bytes();
                    let whole = lit.get(usize::from(step)).copied().unwrap_or(0);
                    *t = (whole.saturating_add(u16::from(part)) >> 8) as u8;
                }
            },
        );
    }

    /// True when the light is so different that nothing should be learned from it.
    pub fn extreme(&self) -> bool {
        self.gain < ONE * 45 / 100 || self.gain > ONE * 22 / 10
    }

    /// Writes what the next frame needs of this one.
    pub fn save(&self, to: &mut Writer) {
        to.i32(self.gain);
        to.i32(self.offset);
    }

    /// Reads what `save` wrote.
    pub fn load(from: &mut Reader<'_>) -> Option<Tone> {
        Some(Tone { gain: from.i32()?, offset: from.i32()?, ..Tone::default() })
    }
}

/// Finds the curve of a frame; keeps only scratch memory.
#[derive(Default)]
pub struct Fitter {
    back: Vec<u16>,
    seen: Vec<u8>,
    lit: Vec<u8>,
    weights: Vec<u32>,
    pub(crate) lanes: Lanes,
}

impl Fitter {
    /// The curve from `back` to `image` over the pixels that were not moving (`skip`).
    ///
    /// Without enough pixels the last gain and offset stay.
    pub fn fit(&mut self, image: &Grid<u8>, back: &Grid<u16>, skip: &Bits, last: &Tone) -> Tone {
        self.sample(image, back, skip);
        if self.back.len() < FEWEST {
            return curve(last.gain, last.offset, &[0; BANDS]);
        }
        let (mut gain, mut offset) = self.start(last);
        for _ in 0..4 {
            let before = (gain, offset);
            (gain, offset) = self.improve(gain, offset);
            if before == (gain, offset) {
                break;
            }
        }
        let mut tone = curve(gain, offset, &self.bands(gain, offset));
        self.lit.resize(self.back.len(), 0);
        tone.row(&self.back, &mut self.lit, self.lanes);
        let near = self.lanes.run(
            #[inline(always)]
            || -> u32 {
                let pairs = self.lit.iter().zip(&self.seen);
                pairs.map(|(lit, i)| u32::from(lit.abs_diff(*i) < 12)).sum()
            },
        );
        tone.share = (near as usize * 1000 / self.back.len()) as u32;
        tone
    }

    fn sample(&mut self, image: &Grid<u8>, back: &Grid<u16>, skip: &Bits) {
        self.back.clear();
        self.seen.clear();
        for y in (STEP / 2..image.height()).step_by(STEP) {
            let cells = image.row(y).chunks(64).zip(back.row(y).chunks(64)).zip(skip.row(y));
            for ((image, back), skip) in cells {
                let values = image.iter().zip(back).enumerate();
                for (x, (i, b)) in values.skip(STEP / 2).step_by(STEP) {
                    if (5..250).contains(i) && skip >> x & 1 == 0 {
                        self.back.push(*b);
                        self.seen.push(*i);
                    }
                }
            }
        }
    }

    fn pairs(&self) -> impl Iterator<Item = (u16, u8)> + '_ {
        self.back.iter().copied().zip(self.seen.iter().copied())
    }

    /// The best of four simple guesses, by how many samples they explain.
    fn start(&self, last: &Tone) -> (i32, i32) {
        let ratio = median(
            self.pairs()
                .filter(|(b, _)| *b >= 8 << 8)
                .map(|(b, i)| (u32::from(i) * (128 << 8) / u32::from(b)) as usize),
        );
        let shift = median(self.pairs().map(|(b, i)| 255 + usize::from(i) - usize::from(b >> 8)));
        let guesses = [
            (ONE, 0),
            (last.gain, last.offset),
            (ratio.map_or(ONE, |r| r as i32 * 32), 0),
            (ONE, shift.map_or(0, |s| (s as i32 - 255) * 256)),
        ];
        let inliers = |(gain, offset): &(i32, i32)| {
            self.lanes.run(
                #[inline(always)]
                || -> u32 {
                    let near = |(b, i)| residual(b, i, *gain, *offset).abs() < 10 << 8;
                    self.pairs().map(|pair| u32::from(near(pair))).sum()
                },
            )
        };
        let mut best = (ONE, 0);
        let mut most = 0;
        for guess in guesses {
            let n = inliers(&guess);
            if n > most {
                (best, most) = (guess, n);
            }
        }
        best
    }

    /// One round of weighted least squares, held towards gain 1 where the picture is flat.
    fn improve(&mut self, gain: i32, offset: i32) -> (i32, i32) {
        let [n, sb, si, sbb, sbi] = self.lanes.run(
            #[inline(always)]
            || {
                self.weigh(gain, offset);
                self.sums()
            },
        );
        if n == 0 {
            return (gain, offset);
        }
        let wide = i128::from;
        let ridge = (20 << 16) * wide(n) * wide(n);
        let over = wide(n) * wide(sbi) - wide(sb) * wide(si) + ridge;
        let under = wide(n) * wide(sbb) - wide(sb) * wide(sb) + ridge;
        let gain = (over * wide(i64::from(ONE)) / under.max(1)) as i64;
        let gain = gain.clamp(i64::from(ONE) / 5, i64::from(ONE) * 5);
        let offset = (si - gain * sb / i64::from(ONE)) / n;
        (gain as i32, offset as i32)
    }

    /// The weight of each sample.
    #[inline(always)]
    fn weigh(&mut self, gain: i32, offset: i32) {
        self.weights.resize(self.back.len(), 0);
        let pairs = self.back.iter().zip(&self.seen);
        for (w, (b, i)) in self.weights.iter_mut().zip(pairs) {
            let half = (residual(*b, *i, gain, offset).unsigned_abs() >> 7) as usize;
            *w = WEIGHTS.get(half).copied().unwrap_or(0);
        }
    }

    /// Weighted sums of 1, background, image, and the background by both.
    #[inline(always)]
    fn sums(&self) -> [i64; 5] {
        let mut sums = [0u64; 5];
        for ((b, i), w) in self.back.iter().zip(&self.seen).zip(&self.weights) {
            // At most 10 bits by 16: products of 32 bits are all that is needed.
            let (b, i) = (u32::from(*b), u32::from(*i) << 8);
            let [wb, wi] = [w * b, w * i];
            let wide = |a: u32, b: u32| u64::from(a) * u64::from(b);
            let parts = [u64::from(*w), u64::from(wb), u64::from(wi), wide(wb, b), wide(wb, i)];
            for (sum, part) in sums.iter_mut().zip(parts) {
                *sum += part;
            }
        }
        sums.map(u64::cast_signed)
    }

    /// What the line leaves over, by bands of background brightness.
    ///
    /// The mean near the median, since a median alone is off by up to half a step, and what
    /// hides behind things sums that up for minutes.
    fn bands(&self, gain: i32, offset: i32) -> [i32; BANDS] {
        let mut steps = [[(0i32, 0i32); SPAN]; BANDS];
        for (b, i) in self.pairs() {
            let r = residual(b, i, gain, offset);
            let step = (((r + 128) >> 8) + 24) as usize;
            if let Some(steps) = steps.get_mut(usize::from(b >> 12))
                && let Some((count, sum)) = steps.get_mut(step)
            {
                *count += 1;
                *sum += r;
            }
        }
        let mut bands = [0; BANDS];
        for (band, steps) in bands.iter_mut().zip(&steps) {
            *band = trimmed_mean(steps).clamp(-12 << 8, 12 << 8);
        }
        bands
    }
}

/// Mean of the residuals near their median, shrunk towards 0 where there are few.
fn trimmed_mean(steps: &[(i32, i32); SPAN]) -> i32 {
    let total: i32 = steps.iter().map(|(count, _)| count).sum();
    let mut below = 0;
    let middle = steps.iter().position(|(count, _)| {
        below += count;
        2 * below >= total
    });
    let middle = middle.unwrap_or(24) as i32;
    let near = (0i32..).zip(steps);
    let (mut n, mut sum) = (0, 0);
    for (_, (count, of)) in near.filter(|(step, _)| (step - middle).abs() <= TRIM) {
        n += count;
        sum += of;
    }
    sum / (n + 50)
}

/// Geman-McClure weights by residual in half luma steps: (1 + (r/6)^2)^-2 in 1/1024.
#[allow(clippy::indexing_slicing)] // run by the compiler
static WEIGHTS: [u32; 128] = {
    let mut weights = [0; 128];
    let mut half = 0;
    while half < 128 {
        let under = 144 + (half * half) as u64;
        weights[half] = (1024 * 144 * 144 / (under * under)) as u32;
        half += 1;
    }
    weights
};

/// What the line does not explain, in 1/256.
#[inline(always)]
fn residual(b: u16, i: u8, gain: i32, offset: i32) -> i32 {
    (i32::from(i) << 8) - ((gain * i32::from(b)) >> 12) - offset
}

fn median(values: impl Iterator<Item = usize>) -> Option<usize> {
    let mut counts = [0u32; 1024];
    let mut total = 0;
    for v in values {
        if let Some(c) = counts.get_mut(v) {
            *c += 1;
            total += 1;
        }
    }
    let mut below = 0;
    counts.iter().position(|c| {
        below += c;
        total > 0 && 2 * below >= total
    })
}

/// The curve of a line and its bands; between the bands' middles it is interpolated.
fn curve(gain: i32, offset: i32, bands: &[i32; BANDS]) -> Tone {
    let mut tone = Tone { gain, offset, ..Tone::default() };
    let band = |i: i32| bands.get(i.clamp(0, 15) as usize).copied().unwrap_or(0);
    for (v, delta) in (0i32..).zip(tone.delta.iter_mut()) {
        let (cell, part) = ((v - 8).div_euclid(16), (v - 8).rem_euclid(16));
        let rest = (band(cell) * (16 - part) + band(cell + 1) * part) / 16;
        let value = (((gain * v) >> 4) + offset + rest).clamp(0, 255 << 8);
        *delta = (value - v * 256).clamp(-120 * 256, 120 * 256) as i16;
    }
    tone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(light: impl Fn(i32) -> i32) -> (Grid<u8>, Grid<u16>) {
        let (mut image, mut back) = (Grid::new(160, 90, 0u8), Grid::new(160, 90, 0u16));
        for (n, (i, b)) in image.all_mut().iter_mut().zip(back.all_mut()).enumerate() {
            let v = 40 + (n * 31 % 140) as i32;
            *b = (v as u16) << 8;
            *i = light(v).clamp(0, 255) as u8;
        }
        (image, back)
    }

    #[test]
    fn light_that_changes_is_followed() {
        let lights: [fn(i32) -> i32; 4] =
            [|v| v, |v| v * 14 / 10, |v| v * 6 / 10, |v| v * 8 / 10 + 30];
        for light in lights {
            let (image, back) = scene(light);
            let skip = Bits::new(160, 90);
            let tone = Fitter::default().fit(&image, &back, &skip, &Tone::default());
            assert!(tone.share > 990, "{tone:?}");
            for v in [60u16, 100, 140] {
                let expect = light(i32::from(v)) as u8;
                assert!(tone.apply(v << 8).abs_diff(expect) <= 2, "{v}");
            }
        }
    }

    #[test]
    fn a_third_of_strangers_does_not_bend_it() {
        let (mut image, back) = scene(|v| v * 12 / 10);
        for y in 0..30 {
            image.row_mut(y).fill(30);
        }
        let tone = Fitter::default().fit(&image, &back, &Bits::new(160, 90), &Tone::default());
        assert!(tone.apply(100 << 8).abs_diff(120) <= 3);
        assert!(tone.share < 750);
    }

    #[test]
    fn nothing_to_go_by_keeps_the_last() {
        let (image, back) = scene(|v| v);
        let mut skip = Bits::new(160, 90);
        skip.fill();
        let last = Tone { gain: 5000, offset: 256, ..Tone::default() };
        let tone = Fitter::default().fit(&image, &back, &skip, &last);
        assert_eq!((tone.gain, tone.offset), (5000, 256));
    }
}
