//! What is in a frame, exactly: mask, boxes, and which objects are in sight.
//!
//! Invariants: mask values are CDnet's: 255 object, 50 its shadow or mirror image, 0 nothing,
//! 170 not to be scored (the edge of an object, an object too small to count, the place from
//! which something of the scene was taken, or an object behind an insect on the lens), 85 outside
//! (the band with the frame's number, and all of a frame that is tampered with). A box holds the pixels of which an object covers half.
//! An object that hardly differs from what is beside it is not to be scored either: nobody could see it.
//! Units: pixels of the picture; frame numbers from 0.

use crate::canvas::Canvas;
use crate::code;
use crate::render::Picture;

/// An object counts in a frame when it covers this share of it (and [`FEW`] pixels).
const SHARE: f32 = 0.0005;
const FEW: usize = 16;
/// An object that differs by less from what is beside it, in grey levels, is hardly visible: two
/// and a half times the sensor's noise.
const FAINT: f32 = 4.0;
/// How far beside it, in pixels.
const BESIDE: usize = 4;

/// Mask value of an object.
pub const OBJECT: u8 = 255;
/// Mask value of an object's shadow or mirror image.
pub const SHADOW: u8 = 50;
/// Mask value where nothing is scored.
pub const UNKNOWN: u8 = 170;
/// Mask value outside the scored region.
pub const OUTSIDE: u8 = 85;

/// One object in one frame: the part of it that is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TruthBox {
    /// The object's number, from 1, the same in all frames.
    pub object: u16,
    /// First column.
    pub left: u32,
    /// First row.
    pub top: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Pixels of which it covers at least half.
    pub pixels: u32,
}

/// What a frame shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameTruth {
    /// Objects in sight, by number.
    pub boxes: Vec<TruthBox>,
    /// Objects that are there, and too small or too faint to count.
    pub faint: Vec<TruthBox>,
    /// Something is there, though hardly visible; or the picture is tampered with.
    pub doubtful: bool,
}

impl Picture<'_> {
    /// The boxes of this frame.
    pub fn truth(&self) -> FrameTruth {
        if self.tampered {
            return FrameTruth { doubtful: true, ..FrameTruth::default() };
        }
        let c = self.canvas;
        let least = FEW.max((SHARE * (c.width * c.height) as f32) as usize);
        let mut found: Vec<Option<Extent>> = vec![None; self.roles.len() + 1];
        let rows = code::band_top(c.height);
        let (owners, covers) = (c.owner.chunks_exact(c.width), c.cover.chunks_exact(c.width));
        for (y, (owners, covers)) in owners.zip(covers).take(rows).enumerate() {
            for (x, (owner, cover)) in owners.iter().zip(covers).enumerate() {
                if *owner == 0 || *cover < 127 {
                    continue;
                }
                if let Some(extent) = found.get_mut(usize::from(*owner)) {
                    extent.get_or_insert(Extent::at(x, y)).add(x, y);
                }
            }
        }
        let mut truth = FrameTruth::default();
        for (object, extent) in found.into_iter().enumerate() {
            match extent {
                Some(e) if e.pixels >= least && self.differs(e, object as u16) >= FAINT => {
                    truth.boxes.push(e.boxed(object as u16));
                }
                Some(e) => truth.faint.push(e.boxed(object as u16)),
                None => (),
            }
        }
        truth.doubtful = !truth.faint.is_empty();
        truth
    }

    /// By how much an object differs from what is beside it in its rows, in grey levels: the
    /// means, so that noise does not count, of luma or colour, whichever differs more.
    fn differs(&self, e: Extent, object: u16) -> f32 {
        let c: &Canvas = self.canvas;
        let (left, right) = (e.left.saturating_sub(BESIDE), (e.right + BESIDE + 1).min(c.width));
        let (mut sum, mut pixels) = (0.0, 0.0);
        for y in e.top..=e.bottom {
            let (mut inside, mut beside) = (Mean::default(), Mean::default());
            for x in left..right {
                let i = y * c.width + x;
                let half = (y / 2) * (c.width / 2) + x / 2;
                let at = |plane: &[u8], i: usize| plane.get(i).copied().map_or(128.0, f32::from);
                let sample = [at(&c.y, i), at(&c.u, half), at(&c.v, half)];
                match (c.owner.get(i), c.cover.get(i)) {
                    (Some(owner), Some(127..)) if *owner == object => inside.add(sample),
                    (Some(0), _) | (_, Some(0)) => beside.add(sample),
                    _ => (),
                }
            }
            // A row without anything beside it, within a crowd or over the whole picture.
            let by = if beside.count > 0.0 { inside.differs(&beside) } else { FAINT };
            sum += by * inside.count;
            pixels += inside.count;
        }
        if pixels > 0.0 { sum / pixels } else { 0.0 }
    }

    /// The mask of this frame, row by row; `truth` is this frame's.
    pub fn mask(&self, truth: &FrameTruth) -> Vec<u8> {
        let c: &Canvas = self.canvas;
        if self.tampered {
            return vec![OUTSIDE; c.width * c.height];
        }
        let counts = |owner: u16| truth.boxes.iter().any(|b| b.object == owner);
        let band = code::band_top(c.height) * c.width;
        let samples = c.owner.iter().zip(&c.cover).zip(&c.shadow).enumerate();
        let mut mask: Vec<u8> = samples
            .map(|(i, ((owner, cover), shadow))| match (*owner, *cover) {
                _ if i >= band => OUTSIDE,
                (0, _) | (_, 0) => {
                    if *shadow {
                        SHADOW
                    } else {
                        0
                    }
                }
                (owner, 230..) if counts(owner) => OBJECT,
                _ => UNKNOWN,
            })
            .collect();
        for i in self.holes.iter().copied().flatten().filter(|i| **i < band) {
            let bare = mask.get_mut(*i).filter(|m| **m == 0 || **m == SHADOW);
            bare.into_iter().for_each(|m| *m = UNKNOWN);
        }
        for i in c.hidden.iter().filter(|i| **i < band) {
            let bare = mask.get_mut(*i).filter(|m| **m == OBJECT);
            bare.into_iter().for_each(|m| *m = UNKNOWN);
        }
        mask
    }
}

/// Mean of samples of three planes.
#[derive(Default)]
struct Mean {
    sums: [f32; 3],
    count: f32,
}

impl Mean {
    fn add(&mut self, sample: [f32; 3]) {
        self.sums.iter_mut().zip(sample).for_each(|(sum, s)| *sum += s);
        self.count += 1.0;
    }

    fn differs(&self, other: &Mean) -> f32 {
        let mean = |sum: f32, of: &Mean| sum / of.count.max(1.0);
        let by = self.sums.iter().zip(other.sums);
        by.map(|(a, b)| (mean(*a, self) - mean(b, other)).abs()).fold(0.0, f32::max)
    }
}

#[derive(Clone, Copy)]
struct Extent {
    left: usize,
    top: usize,
    right: usize,
    bottom: usize,
    pixels: usize,
}

impl Extent {
    fn at(x: usize, y: usize) -> Extent {
        Extent { left: x, top: y, right: x, bottom: y, pixels: 0 }
    }

    fn add(&mut self, x: usize, y: usize) {
        self.left = self.left.min(x);
        self.right = self.right.max(x);
        self.bottom = self.bottom.max(y);
        self.pixels += 1;
    }

    fn boxed(self, object: u16) -> TruthBox {
        TruthBox {
            object,
            left: self.left as u32,
            top: self.top as u32,
            width: (self.right - self.left + 1) as u32,
            height: (self.bottom - self.top + 1) as u32,
            pixels: self.pixels as u32,
        }
    }
}
