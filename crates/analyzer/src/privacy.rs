//! Areas of a picture that nobody may see, filled flat before the picture goes out.
//!
//! Invariants: every sample that an area touches is filled, rounded outwards by a sample; the
//! same picture and areas give the same samples; at most 16 areas of 64 corners count.
//! Units: 1/1000 of width and height for corners; 1/1000 of a sample inside.

use flumen_base::wire::PrivacyMask;
use flumen_base::{Frame, Plane};

const AREAS: usize = 16;
const CORNERS: usize = 64;
/// What a filled sample is: dark grey.
const LUMA: u8 = 48;
const CHROMA: u8 = 128;

/// A picture of its own.
pub(crate) struct Covered {
    planes: [Option<Owned>; 3],
    pts_us: i64,
}

struct Owned {
    data: Vec<u8>,
    width: usize,
    height: usize,
}

/// A copy of a picture with the areas filled; none when there are no areas.
pub(crate) fn cover(frame: &Frame<'_>, masks: &[PrivacyMask]) -> Option<Covered> {
    if masks.is_empty() {
        return None;
    }
    let planes = [Some(frame.luma), frame.u, frame.v];
    let fills = [LUMA, CHROMA, CHROMA];
    let mut covered = Covered { planes: [None, None, None], pts_us: frame.pts_us };
    for ((to, plane), fill) in covered.planes.iter_mut().zip(planes).zip(fills) {
        *to = plane.map(|plane| {
            let mut own = Owned::of(&plane);
            masks.iter().take(AREAS).for_each(|mask| own.fill(mask, fill));
            own
        });
    }
    Some(covered)
}

impl Covered {
    /// The picture.
    pub(crate) fn frame(&self) -> Option<Frame<'_>> {
        let [luma, u, v] = &self.planes;
        Some(Frame {
            luma: luma.as_ref()?.plane(),
            u: u.as_ref().map(Owned::plane),
            v: v.as_ref().map(Owned::plane),
            pts_us: self.pts_us,
        })
    }
}

impl Owned {
    fn of(plane: &Plane<'_>) -> Owned {
        let mut data = Vec::with_capacity(plane.width * plane.height);
        for y in 0..plane.height {
            data.extend_from_slice(plane.row(y));
        }
        data.resize(plane.width * plane.height, 0);
        Owned { data, width: plane.width, height: plane.height }
    }

    fn plane(&self) -> Plane<'_> {
        let Owned { data, width, height } = self;
        Plane { data, stride: *width, width: *width, height: *height }
    }

    /// Fills a polygon, even-odd, row by row, each row as wide as the polygon is anywhere in it
    /// and in its neighbours.
    fn fill(&mut self, mask: &PrivacyMask, value: u8) {
        let corners: Vec<(i64, i64)> = mask
            .corners
            .iter()
            .take(CORNERS)
            .map(|c| {
                let at = |permille: u32, side: usize| i64::from(permille.min(1000)) * side as i64;
                (at(c.x_permille, self.width), at(c.y_permille, self.height))
            })
            .collect();
        if corners.len() < 3 {
            return;
        }
        for y in 0..self.height {
            let mut spans = Vec::new();
            // From half a row above to half a row below, in quarters of a row.
            for quarter in -2..=6 {
                spans.extend(crossings(&corners, y as i64 * 1000 + quarter * 250 + 1));
            }
            for (from, to) in spans {
                self.row(y, from.div_euclid(1000) - 1, to.div_euclid(1000) + 1, value);
            }
        }
        self.outline(&corners, value);
    }

    /// Fills samples `from..=to` of a row.
    fn row(&mut self, y: usize, from: i64, to: i64, value: u8) {
        let from = from.clamp(0, self.width as i64) as usize;
        let to = (to + 1).clamp(0, self.width as i64) as usize;
        let row = self.data.get_mut(y * self.width..(y + 1) * self.width);
        if let Some(part) = row.and_then(|row| row.get_mut(from..to.max(from))) {
            part.fill(value);
        }
    }

    /// Fills the rows of corners and of flat sides, which no line between them may cross.
    fn outline(&mut self, corners: &[(i64, i64)], value: u8) {
        for (a, b) in sides(corners) {
            let last = self.height as i64 - 1;
            if (a.1 - b.1).abs() > 1000 {
                continue;
            }
            for y in [a.1.div_euclid(1000), b.1.div_euclid(1000)] {
                let (from, to) = (a.0.min(b.0).div_euclid(1000), a.0.max(b.0).div_euclid(1000));
                self.row(y.clamp(0, last.max(0)) as usize, from, to, value);
            }
        }
    }
}

fn sides(corners: &[(i64, i64)]) -> impl Iterator<Item = ((i64, i64), (i64, i64))> {
    let next = corners.iter().cycle().skip(1);
    corners.iter().copied().zip(next.copied())
}

/// Where a horizontal line is inside a polygon: pairs of left and right.
fn crossings(corners: &[(i64, i64)], y: i64) -> Vec<(i64, i64)> {
    let mut at: Vec<i64> = sides(corners)
        .filter(|(a, b)| (a.1 <= y) != (b.1 <= y))
        .map(|(a, b)| a.0 + (b.0 - a.0) * (y - a.1) / (b.1 - a.1))
        .collect();
    at.sort_unstable();
    at.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flumen_base::wire::privacy_mask::Corner;

    fn mask(corners: &[(u32, u32)]) -> PrivacyMask {
        let corner = |&(x_permille, y_permille): &(u32, u32)| Corner { x_permille, y_permille };
        PrivacyMask { corners: corners.iter().map(corner).collect() }
    }

    fn covered(width: usize, height: usize, mask: PrivacyMask) -> Vec<Vec<bool>> {
        let data = vec![200; width * height];
        let luma = Plane::new(&data, width, width, height).unwrap();
        let frame = Frame { luma, u: None, v: None, pts_us: 5 };
        let covered = cover(&frame, &[mask]).unwrap();
        let frame = covered.frame().unwrap();
        (0..height).map(|y| frame.luma.row(y).iter().map(|v| *v == LUMA).collect()).collect()
    }

    #[test]
    fn all_that_an_area_touches_is_filled_and_little_more() {
        // A triangle: every sample whose square meets it, found the slow way.
        let (width, height) = (40usize, 30usize);
        let corners = [(100, 200), (850, 330), (400, 900)];
        let filled = covered(width, height, mask(&corners));
        let scaled: Vec<(f64, f64)> = corners
            .iter()
            .map(|(x, y)| {
                (f64::from(*x) * width as f64 / 1000.0, f64::from(*y) * height as f64 / 1000.0)
            })
            .collect();
        let inside = |x: f64, y: f64| {
            let side =
                |a: (f64, f64), b: (f64, f64)| (b.0 - a.0) * (y - a.1) - (b.1 - a.1) * (x - a.0);
            let s: Vec<f64> = (0..3).map(|i| side(scaled[i], scaled[(i + 1) % 3])).collect();
            s.iter().all(|v| *v >= 0.0) || s.iter().all(|v| *v <= 0.0)
        };
        let touched = |x: usize, y: usize| {
            let eighths = |n: usize| (0..=8).map(move |i| n as f64 + f64::from(i) / 8.0);
            eighths(x).any(|x| eighths(y).any(|y| inside(x, y)))
        };
        let mut more = 0;
        for (y, row) in filled.iter().enumerate() {
            for (x, filled) in row.iter().enumerate() {
                assert!(*filled || !touched(x, y), "sample {x},{y} shows");
                more += usize::from(*filled && !touched(x, y));
            }
        }
        assert!(more < 160, "{more} samples more than needed");
    }

    #[test]
    fn the_whole_picture_nothing_and_nonsense() {
        let all = covered(16, 8, mask(&[(0, 0), (1000, 0), (1000, 1000), (0, 1000)]));
        assert!(all.iter().flatten().all(|f| *f));
        let none = covered(16, 8, mask(&[(0, 0), (500, 500)]));
        assert!(!none.iter().flatten().any(|f| *f));
        covered(16, 8, mask(&[(u32::MAX, 7), (7, u32::MAX), (0, 0), (3, 3)]));
        let flat = covered(16, 8, mask(&[(100, 500), (900, 500), (500, 500)]));
        assert!(flat[4].iter().filter(|f| **f).count() >= 12);
    }
}
