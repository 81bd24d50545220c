//! Connected regions of a bit plane, as runs.
//!
//! Invariants: 4-connected; regions are in the order of their first run, runs of a region
//! from top to bottom and left to right.
//! Source: run-based two-pass labelling with union-find (He, Chao, Suzuki 2008).

use crate::bits::Bits;

/// A run of set bits: columns `from..to` of row `y`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Row.
    pub y: u32,
    /// First column.
    pub from: u32,
    /// Past the last column.
    pub to: u32,
}

/// A connected region; `right` and `bottom` are past the last pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// First column.
    pub left: usize,
    /// First row.
    pub top: usize,
    /// Past the last column.
    pub right: usize,
    /// Past the last row.
    pub bottom: usize,
    /// Pixels.
    pub area: usize,
    first: usize,
    count: usize,
}

/// All regions of a plane; memory is kept from frame to frame.
#[derive(Default)]
pub struct Regions {
    found: Vec<Run>,
    parent: Vec<u32>,
    ids: Vec<u32>,
    sorted: Vec<Run>,
    regions: Vec<Region>,
}

impl Regions {
    /// Finds the regions of `bits`.
    pub fn find(&mut self, bits: &Bits) {
        self.found.clear();
        self.parent.clear();
        let mut above = 0..0;
        for y in 0..bits.height() {
            let start = self.found.len();
            let found = &mut self.found;
            bits.runs(y, |from, to| {
                found.push(Run { y: y as u32, from: from as u32, to: to as u32 });
            });
            self.parent.extend(start as u32..self.found.len() as u32);
            self.join(above, start);
            above = start..self.found.len();
        }
        self.gather();
    }

    /// All regions.
    pub fn all(&self) -> &[Region] {
        &self.regions
    }

    /// The runs of a region.
    pub fn runs(&self, region: &Region) -> &[Run] {
        self.sorted.get(region.first..region.first + region.count).unwrap_or(&[])
    }

    /// Joins the runs of a row with those above that they touch.
    fn join(&mut self, above: std::ops::Range<usize>, start: usize) {
        let mut up = above.start;
        for here in start..self.found.len() {
            let Some(run) = self.found.get(here).copied() else { break };
            while up < above.end
                && let Some(other) = self.found.get(up).copied()
            {
                if other.from >= run.to {
                    break;
                }
                if other.to > run.from {
                    self.unite(up as u32, here as u32);
                }
                if other.to > run.to {
                    break;
                }
                up += 1;
            }
        }
    }

    fn root(&mut self, mut of: u32) -> u32 {
        while let Some(up) = self.parent.get(of as usize).copied()
            && up != of
        {
            let higher = self.parent.get(up as usize).copied().unwrap_or(up);
            if let Some(p) = self.parent.get_mut(of as usize) {
                *p = higher;
            }
            of = higher;
        }
        of
    }

    fn unite(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        let (low, high) = (a.min(b), a.max(b));
        if let Some(p) = self.parent.get_mut(high as usize) {
            *p = low;
        }
    }

    /// Sorts the runs by region and measures the regions.
    fn gather(&mut self) {
        self.regions.clear();
        self.ids.clear();
        for i in 0..self.found.len() {
            // A root is its region's first run, so its id is known when others ask for it.
            let root = self.root(i as u32) as usize;
            let Some(run) = self.found.get(i) else { break };
            let id = match self.ids.get(root) {
                Some(id) => *id,
                None => {
                    self.regions.push(Region::of(run));
                    self.regions.len() as u32 - 1
                }
            };
            self.ids.push(id);
            if let Some(region) = self.regions.get_mut(id as usize) {
                region.take(run);
            }
        }
        let mut first = 0;
        for region in &mut self.regions {
            region.first = first;
            first += std::mem::take(&mut region.count);
        }
        self.sorted.clear();
        self.sorted.resize(self.found.len(), Run { y: 0, from: 0, to: 0 });
        for (run, id) in self.found.iter().zip(&self.ids) {
            let Some(region) = self.regions.get_mut(*id as usize) else { continue };
            if let Some(place) = self.sorted.get_mut(region.first + region.count) {
                *place = *run;
                region.count += 1;
            }
        }
    }
}

impl Region {
    fn of(run: &Run) -> Region {
        let (left, right) = (run.from as usize, run.to as usize);
        let (top, bottom) = (run.y as usize, run.y as usize + 1);
        Region { left, top, right, bottom, area: 0, first: 0, count: 0 }
    }

    fn take(&mut self, run: &Run) {
        self.left = self.left.min(run.from as usize);
        self.right = self.right.max(run.to as usize);
        self.bottom = self.bottom.max(run.y as usize + 1);
        self.area += (run.to - run.from) as usize;
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_that_meet_later_are_one() {
        // Two arms joined at the bottom, a speck, and a diagonal neighbour (4-connected: apart).
        let rows = ["#..#....", "#..#..#.", "####....", "....#..."];
        let mut bits = Bits::new(8, 4);
        for (y, row) in rows.iter().enumerate() {
            for (x, c) in row.bytes().enumerate() {
                bits.set(x, y, c == b'#');
            }
        }
        let mut regions = Regions::default();
        regions.find(&bits);
        let areas: Vec<_> = regions.all().iter().map(|r| r.area).collect();
        assert_eq!(areas, [8, 1, 1]);
        let u = regions.all()[0];
        assert_eq!((u.left, u.top, u.right, u.bottom), (0, 0, 4, 3));
        let total: u32 = regions.runs(&u).iter().map(|r| r.to - r.from).sum();
        assert_eq!(total, 8);
    }

    #[test]
    fn regions_agree_with_a_flood_fill() {
        let (w, h) = (70, 40);
        let mut bits = Bits::new(w, h);
        for y in 0..h {
            for x in 0..w {
                bits.set(x, y, (x * x * 3 + y * 7 + x * y * 5) % 9 < 5);
            }
        }
        let mut regions = Regions::default();
        regions.find(&bits);
        let mut seen = vec![false; w * h];
        let mut areas = Vec::new();
        for start in 0..w * h {
            let (mut todo, mut area) = (vec![start], 0);
            while let Some(i) = todo.pop() {
                let (x, y) = (i % w, i / w);
                if seen[i] || !bits.get(x, y) {
                    continue;
                }
                seen[i] = true;
                area += 1;
                todo.extend((x > 0).then(|| i - 1));
                todo.extend((x + 1 < w).then_some(i + 1));
                todo.extend((y > 0).then(|| i - w));
                todo.extend((y + 1 < h).then_some(i + w));
            }
            areas.extend((area > 0).then_some(area));
        }
        let found: Vec<_> = regions.all().iter().map(|r| r.area).collect();
        assert_eq!(found, areas);
    }
}
