//! Shapes that are worth keeping: size, box, and whether they are things.
//!
//! Units: reduced pixels.
//! Source: light on a surface keeps the surface's gradients (correlation); a ghost has the
//! background's edge where the picture has none (after Cucchiara 2003).

use crate::appearance::Appearance;
use crate::bits::Bits;
use crate::clean::border;
use crate::grid::Grid;
use crate::lanes::Lanes;
use crate::reduce::Small;
use crate::regions::{Region, Regions, Run};
use crate::track::{Place, Track};
use crate::tracker::Sighting;

/// What a shape's border says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Something stands in front of the background.
    Object,
    /// Something left: the background holds it still.
    Ghost,
    /// Neither is clear.
    Unclear,
    /// Neither is clear, and nothing that walked is here: what something left behind.
    Residue,
}

/// A rectangle; `right` and `bottom` are past the last pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Rect {
    /// First column.
    pub left: i32,
    /// First row.
    pub top: i32,
    /// Past the last column.
    pub right: i32,
    /// Past the last row.
    pub bottom: i32,
}

/// A kept shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blob {
    /// Box without thin outliers.
    pub rect: Rect,
    /// Pixels.
    pub area: usize,
    /// What its border says.
    pub nature: Nature,
    region: Region,
}

/// The kept shapes of a frame; memory is kept from frame to frame.
#[derive(Default)]
pub struct Blobs {
    regions: Regions,
    blobs: Vec<Blob>,
    border: Bits,
    rows: Vec<u32>,
    columns: Vec<i32>,
    pub(crate) lanes: Lanes,
}

/// What the shapes are measured against.
pub struct Against<'a> {
    /// The frame.
    pub image: &'a Grid<u8>,
    /// The background in the frame's light.
    pub lit: &'a Grid<u8>,
    /// Strongly differing pixels.
    pub high: &'a Bits,
    /// Fewest pixels of a kept shape.
    pub least_area: usize,
}

/// Most shapes that are kept of one frame; the smallest go first.
const MOST: usize = 200;

impl Blobs {
    /// Scratch for planes of this size.
    pub fn new(width: usize, height: usize) -> Blobs {
        Blobs {
            border: Bits::new(width, height),
            rows: Vec::with_capacity(height),
            columns: Vec::with_capacity(width + 1),
            ..Blobs::default()
        }
    }

    /// Finds the kept shapes of `shapes` and leaves only them in it.
    pub fn find(&mut self, shapes: &mut Bits, against: &Against<'_>) {
        self.regions.find(shapes);
        border(shapes, &mut self.border);
        shapes.clear();
        self.blobs.clear();
        for region in self.regions.all() {
            let runs = self.regions.runs(region);
            if region.area < against.least_area || !strong(runs, region.area, against.high) {
                continue;
            }
            if lights(runs, against, self.lanes) {
                continue;
            }
            let rect = trimmed(region, runs, &mut self.rows, &mut self.columns);
            let nature = nature(runs, &self.border, against);
            self.blobs.push(Blob { rect, area: region.area, nature, region: *region });
        }
        if self.blobs.len() > MOST {
            // Ties keep the order of finding, so the same frame always keeps the same shapes.
            self.blobs.sort_by_key(|b| std::cmp::Reverse(b.area));
            self.blobs.truncate(MOST);
        }
        for blob in &self.blobs {
            for run in self.regions.runs(&blob.region) {
                shapes.set_run(run.y as usize, run.from as usize, run.to as usize);
            }
        }
    }

    /// The kept shapes.
    pub fn all(&self) -> &[Blob] {
        &self.blobs
    }

    /// What came here as a whole is no ghost; what is unclear and did not come is a residue.
    pub fn came(&mut self, tracks: &[Track]) {
        for blob in &mut self.blobs {
            let place = Place::of(&blob.rect);
            let walked = |least: f64| {
                tracks.iter().any(|t| {
                    t.certain() && t.moved() && t.place.common(&place) >= least * place.area()
                })
            };
            blob.nature = match blob.nature {
                Nature::Ghost if walked(0.5) => Nature::Unclear,
                Nature::Unclear if !walked(0.2) => Nature::Residue,
                other => other,
            };
        }
    }

    /// The kept shapes as the tracker takes them.
    pub fn sightings<'a>(&'a self, small: &'a Small) -> impl Iterator<Item = Sighting> + 'a {
        self.blobs.iter().map(|b| {
            let middle = ((b.rect.top + b.rect.bottom) / 2).max(0) as u32;
            let look = Appearance::of(self.runs(b), middle, small);
            Sighting { rect: b.rect, area: b.area, look }
        })
    }

    /// The runs of a shape.
    pub fn runs(&self, blob: &Blob) -> &[Run] {
        self.regions.runs(&blob.region)
    }

    /// Forgets all shapes.
    pub fn clear(&mut self) {
        self.blobs.clear();
    }
}

/// At least 4 strongly differing pixels, and 15 % of all.
fn strong(runs: &[Run], area: usize, high: &Bits) -> bool {
    let count = |r: &Run| high.count_run(r.y as usize, r.from as usize, r.to as usize);
    let strong: usize = runs.iter().map(count).sum();
    strong >= 4 && strong * 100 >= area * 15
}

/// True when the frame's texture inside is the background's: a lamp, not a thing.
fn lights(runs: &[Run], against: &Against<'_>, lanes: Lanes) -> bool {
    let mut sums = [0i64; 3];
    let mut n = 0;
    for run in runs {
        let parts = lanes.run(
            #[inline(always)]
            || products(run, against),
        );
        for (sum, part) in sums.iter_mut().zip(parts) {
            *sum += i64::from(part);
        }
        n += i64::from(run.to - run.from);
    }
    let [both, image, lit] = sums;
    let squared = i128::from(both) * i128::from(both) * 10000;
    let alike = squared > 7225 * i128::from(image) * i128::from(lit);
    both > 0 && alike && lit > 60 * n
}

/// Products of the gradients of a run: of both pictures, of the frame, of the background. A run
/// is at most 16,384 long, so they fit.
#[inline(always)]
fn products(run: &Run, against: &Against<'_>) -> [i32; 3] {
    let (y, from, to) = (run.y as usize, run.from as usize, run.to as usize);
    let mut sums = [0i32; 3];
    let mut take = |(ix, iy): (i32, i32), (bx, by): (i32, i32)| {
        let parts = [ix * bx + iy * by, ix * ix + iy * iy, bx * bx + by * by];
        for (sum, part) in sums.iter_mut().zip(parts) {
            *sum += part;
        }
    };
    match against.image.around(y, from, to).zip(against.lit.around(y, from, to)) {
        Some((image, lit)) => {
            image.gradients().zip(lit.gradients()).for_each(|(i, b)| take(i, b));
        }
        None => {
            (from..to).for_each(|x| take(against.image.gradient(x, y), against.lit.gradient(x, y)))
        }
    }
    sums
}

/// The box without rows and columns that hold less than 5 % of the fullest.
fn trimmed(region: &Region, runs: &[Run], rows: &mut Vec<u32>, columns: &mut Vec<i32>) -> Rect {
    rows.clear();
    rows.resize(region.bottom - region.top, 0);
    columns.clear();
    columns.resize(region.right - region.left + 1, 0);
    for run in runs {
        if let Some(row) = rows.get_mut(run.y as usize - region.top) {
            *row += run.to - run.from;
        }
        for (x, by) in [(run.from, 1), (run.to, -1)] {
            if let Some(column) = columns.get_mut(x as usize - region.left) {
                *column += by;
            }
        }
    }
    let mut open = 0;
    for column in columns.iter_mut() {
        open += *column;
        *column = open;
    }
    columns.pop();
    let (top, bottom) = full(rows.iter().map(|r| *r as i32));
    let (left, right) = full(columns.iter().copied());
    let (x, y) = (region.left as i32, region.top as i32);
    Rect { left: x + left, top: y + top, right: x + right, bottom: y + bottom }
}

/// First and past the last place that holds at least 5 % of the fullest.
fn full(counts: impl DoubleEndedIterator<Item = i32> + ExactSizeIterator + Clone) -> (i32, i32) {
    let most = counts.clone().max().unwrap_or(0);
    let enough = |c: i32| c * 20 >= most;
    let first = counts.clone().position(enough).unwrap_or(0);
    let last = counts.clone().rposition(enough).unwrap_or(0);
    (first as i32, last as i32 + 1)
}

/// Compares the edges along the border in the background and in the frame.
fn nature(runs: &[Run], border: &Bits, against: &Against<'_>) -> Nature {
    let (mut image, mut lit, mut n) = (0u64, 0u64, 0u64);
    for run in runs {
        let y = run.y as usize;
        for x in border.columns_in(y, run.from as usize, run.to as usize) {
            let size = |(x, y): (i32, i32)| u64::from(x.unsigned_abs() + y.unsigned_abs());
            image += size(against.image.gradient(x, y));
            lit += size(against.lit.gradient(x, y));
            n += 1;
        }
    }
    let (lit, image) = (lit + n, image + n);
    if lit * 10 > image * 18 {
        Nature::Ghost
    } else if lit * 100 < image * 55 {
        Nature::Object
    } else {
        Nature::Unclear
    }
}
