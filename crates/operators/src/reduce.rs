//! The working picture: luma reduced by area mean to about 480 wide, chroma to half of that.
//!
//! Invariants: one whole factor for both directions; columns and rows that do not fill a
//! cell are left out (at most `factor - 1`).
//! Units: pixels.

use flumen_base::{Error, Frame, Plane, Result};

use crate::grid::Grid;
use crate::lanes::Lanes;

/// Width that the factor aims at.
const TARGET: usize = 480;

/// How a source picture maps to the working picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Shape {
    /// Columns of the source picture.
    pub source_width: usize,
    /// Rows of the source picture.
    pub source_height: usize,
    /// Source pixels a reduced pixel, each way.
    pub factor: usize,
    /// Columns of the working picture.
    pub width: usize,
    /// Rows of the working picture.
    pub height: usize,
    /// Columns of the working picture's chroma.
    pub chroma_width: usize,
    /// Rows of the working picture's chroma.
    pub chroma_height: usize,
}

impl Shape {
    /// The shape for a source size.
    ///
    /// # Errors
    /// `Unsupported` below 16 pixels or above 16,384 each way.
    pub fn of(width: usize, height: usize) -> Result<Shape> {
        if !(16..=16384).contains(&width) || !(16..=16384).contains(&height) {
            return Err(Error::unsupported(format!(
                "a picture of {width}x{height} cannot be analysed: each side must be 16 to 16384 pixels"
            )));
        }
        let side = width.max(height);
        let factor = ((2 * side + TARGET) / (2 * TARGET)).max(1);
        let cells = |n: usize| (n / factor).max(1);
        Ok(Shape {
            source_width: width,
            source_height: height,
            factor,
            width: cells(width),
            height: cells(height),
            chroma_width: cells(width.div_ceil(2)),
            chroma_height: cells(height.div_ceil(2)),
        })
    }

    /// Reduced pixels of the picture.
    pub fn area(&self) -> usize {
        self.width * self.height
    }
}

/// The working picture.
#[derive(Clone, Debug, Default)]
pub struct Small {
    /// Brightness.
    pub luma: Grid<u8>,
    /// Blue difference at half size; 128 when the source has none.
    pub u: Grid<u8>,
    /// Red difference at half size; 128 when the source has none.
    pub v: Grid<u8>,
    sums: Vec<u32>,
}

impl Small {
    /// A grey working picture.
    pub fn new(shape: &Shape) -> Small {
        let chroma = || Grid::new(shape.chroma_width, shape.chroma_height, 128);
        Small {
            luma: Grid::new(shape.width, shape.height, 0),
            u: chroma(),
            v: chroma(),
            sums: Vec::new(),
        }
    }

    /// Fills the working picture from a source picture of the same shape.
    pub fn fill(&mut self, frame: &Frame<'_>, factor: usize, lanes: Lanes) {
        reduce(&frame.luma, factor, (&mut self.luma, &mut self.sums), lanes);
        for (plane, to) in [(&frame.u, &mut self.u), (&frame.v, &mut self.v)] {
            match plane {
                Some(plane) => reduce(plane, factor, (to, &mut self.sums), lanes),
                None => to.all_mut().fill(128),
            }
        }
    }
}

/// Area mean by a whole factor, rounded to nearest.
fn reduce(
    plane: &Plane<'_>,
    factor: usize,
    (to, sums): (&mut Grid<u8>, &mut Vec<u32>),
    lanes: Lanes,
) {
    lanes.run(
        #[inline(always)]
        || rows(plane, factor, to, sums),
    );
}

#[inline(always)]
fn rows(plane: &Plane<'_>, factor: usize, to: &mut Grid<u8>, sums: &mut Vec<u32>) {
    for y in 0..to.height() {
        let out = to.row_mut(y);
        let row = |i: usize| plane.row(y * factor + i);
        match factor {
            1 => {
                for (o, i) in out.iter_mut().zip(row(0)) {
                    *o = *i;
                }
            }
            2 => by_two([row(0), row(1)], out),
            4 => by_four([row(0), row(1), row(2), row(3)], out),
            _ => by_any((0..factor).map(row), factor, out, sums),
        }
    }
}

const EVEN: u64 = 0x00ff_00ff_00ff_00ff;
const PAIR: u64 = 0x0000_ffff_0000_ffff;

/// Sums of neighbouring bytes, four 16-bit lanes.
#[inline(always)]
fn pairs(bytes: &[u8; 8]) -> u64 {
    let v = u64::from_le_bytes(*bytes);
    (v & EVEN) + (v >> 8 & EVEN)
}

#[inline(always)]
fn by_two(rows: [&[u8]; 2], out: &mut [u8]) {
    let [a, b] = rows.map(|r| r.as_chunks::<8>().0);
    let (quads, rest) = out.as_chunks_mut::<4>();
    let done = quads.len() * 8;
    for ((o, a), b) in quads.iter_mut().zip(a).zip(b) {
        let mean = (pairs(a) + pairs(b) + 0x0002_0002_0002_0002) >> 2 & EVEN;
        let near = mean | mean >> 8;
        *o = ((near & 0xffff) as u32 | (near >> 16 & 0xffff_0000) as u32).to_le_bytes();
    }
    tail(&rows, done, 2, rest);
}

#[inline(always)]
fn by_four(rows: [&[u8]; 4], out: &mut [u8]) {
    let [a, b, c, d] = rows.map(|r| r.as_chunks::<8>().0);
    let (twos, rest) = out.as_chunks_mut::<2>();
    let done = twos.len() * 8;
    for ((((o, a), b), c), d) in twos.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        let sum = pairs(a) + pairs(b) + pairs(c) + pairs(d);
        let mean = (sum & PAIR) + (sum >> 16 & PAIR) + 0x0000_0008_0000_0008;
        *o = [(mean >> 4) as u8, (mean >> 36) as u8];
    }
    tail(&rows, done, 4, rest);
}

/// The last cells of a row, from column `from` of the source on.
fn tail(rows: &[&[u8]], from: usize, factor: usize, out: &mut [u8]) {
    let area = (factor * rows.len()) as u32;
    for (i, o) in out.iter_mut().enumerate() {
        let at = from + i * factor;
        let cells = rows.iter().filter_map(|r| r.get(at..at + factor)).flatten();
        let sum: u32 = cells.map(|v| u32::from(*v)).sum();
        *o = ((sum + area / 2) / area) as u8;
    }
}

#[inline(always)]
fn by_any<'a>(
    rows: impl Iterator<Item = &'a [u8]>,
    factor: usize,
    out: &mut [u8],
    sums: &mut Vec<u32>,
) {
    sums.clear();
    sums.resize(out.len() * factor, 0);
    for row in rows {
        for (s, v) in sums.iter_mut().zip(row) {
            *s += u32::from(*v);
        }
    }
    let area = (factor * factor) as u32;
    for (o, cell) in out.iter_mut().zip(sums.chunks_exact(factor)) {
        *o = ((cell.iter().sum::<u32>() + area / 2) / area) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_factor_gives_the_rounded_mean() {
        for (factor, lanes) in
            (1..=8usize).flat_map(|f| Lanes::all().into_iter().map(move |l| (f, l)))
        {
            let (w, h) = (factor * 21 + factor / 2, factor * 3 + 1);
            let data: Vec<u8> = (0..w * h).map(|i| (i * 73 % 251) as u8).collect();
            let plane = Plane::new(&data, w, w, h).unwrap();
            let mut to = Grid::new(w / factor, h / factor, 0u8);
            reduce(&plane, factor, (&mut to, &mut Vec::new()), lanes);
            for y in 0..to.height() {
                for x in 0..to.width() {
                    let mut sum = 0;
                    for j in 0..factor {
                        for i in 0..factor {
                            sum += usize::from(data[(y * factor + j) * w + x * factor + i]);
                        }
                    }
                    let area = factor * factor;
                    assert_eq!(usize::from(to.at(x, y)), (sum + area / 2) / area, "{factor}");
                }
            }
        }
    }

    #[test]
    fn common_sizes_come_to_about_480() {
        let of = |w, h| Shape::of(w, h).map(|s| (s.factor, s.width)).unwrap();
        assert_eq!(of(1920, 1080), (4, 480));
        assert_eq!(of(1280, 720), (3, 426));
        assert_eq!(of(768, 432), (2, 384));
        assert_eq!(of(640, 360), (1, 640));
        assert!(Shape::of(8, 8).is_err());
    }
}
