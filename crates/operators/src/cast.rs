//! Takes cast shadow off things.
//!
//! A shadow that lies beside a thing makes one shape with it. The core of a shape are the
//! pixels that cannot be shadow: brighter, much darker, of another colour. Where the core is
//! large enough to be the thing, the rest of the shape is kept in the core's columns alone,
//! and below a core that is too short for a person, what merely could be shadow comes back
//! (grey trousers). A shape without such a core, a grey thing before a grey ground, stays.
//! Where the scene has shown how dark its shadows are (`sun`), pixels of that darkness go: in the
//! core's columns if they keep the background's texture as well; and beside the columns what is
//! of another darkness stays (a leg, an arm).
//!
//! Invariants: pixels are added only below a core, inside its columns.
//! Units: reduced pixels.

use crate::bits::{Bits, Ones};
use crate::classify::{Classes, shades};
use crate::clean::majority;
use crate::grid::Grid;
use crate::regions::{Region, Regions};
use crate::sun::{Sun, share};

/// Share of a shape, in percent, that its cores must have to be the thing.
const ENOUGH: usize = 15;
/// Fewest pixels of a core.
const LEAST: usize = 8;
/// Noise of a shadow's gradients where shadow is known to lie, in luma steps.
const NOISE: i32 = 40;
/// Fewest shares of the light that must be known as shadow's to trust in them beside cores.
const SURE: u32 = 6;
/// How tall somebody is whose core is one wide, in tenths.
const TALL: usize = 20;
/// A core's height by this is kept beside it: legs and arms swing.
const MARGIN: usize = 12;

/// Scratch of the trimming; nothing of it lives longer than a frame.
#[derive(Default)]
pub struct Caster {
    raw: Bits,
    /// Pixels that differ, shadow with them.
    all: Bits,
    core: Bits,
    /// Could be shadow, and is what shadow is here.
    gone: Bits,
    /// The same, and keeps the background's texture.
    flat: Bits,
    smooth: Bits,
    /// Cores and what is near beside them.
    near: Bits,
    /// Where shapes stay, and where what could be shadow comes back.
    keep: Bits,
    below: Bits,
    shapes: Regions,
    cores: Regions,
    /// For each shape the pixels of its cores.
    weight: Vec<usize>,
    /// For each core its shape.
    owner: Vec<Option<usize>>,
}

impl Caster {
    /// Scratch for planes of this size.
    pub fn new(width: usize, height: usize) -> Caster {
        let bits = || Bits::new(width, height);
        Caster {
            raw: bits(),
            all: bits(),
            core: bits(),
            gone: bits(),
            flat: bits(),
            smooth: bits(),
            near: bits(),
            keep: bits(),
            below: bits(),
            ..Caster::default()
        }
    }

    /// Takes shadow off the cleaned shapes of a frame.
    pub fn trim(
        &mut self,
        shapes: &mut Bits,
        classes: &mut Classes,
        image: &Grid<u8>,
        sun: &mut Sun,
    ) {
        classes.cast.clear();
        self.shapes.find(shapes);
        classes.whole.clear();
        classes.whole.extend_from_slice(self.shapes.all());
        if self.shapes.all().is_empty() {
            return;
        }
        self.planes(shapes, classes, image, sun.shares());
        self.cores.find(&self.core);
        self.weigh();
        self.place();
        self.differing(classes);
        let open = if sun.shares().count_ones() >= SURE { !0 } else { 0 };
        self.watch(shapes, classes, image, sun);
        let words = self
            .keep
            .all()
            .iter()
            .zip(self.below.all())
            .zip(self.all.all())
            .zip(self.gone.all())
            .zip(self.smooth.all());
        let shapes = shapes.all_words_mut().iter_mut().zip(classes.cast.all_words_mut());
        for ((shape, cast), ((((keep, below), all), gone), smooth)) in shapes.zip(words) {
            let kept = (*shape & keep | below & all) & !smooth | *shape & open & !gone;
            *cast = *shape & !kept;
            *shape = kept;
        }
    }

    /// Where shapes stay: in the columns of their cores, and whole without cores.
    fn place(&mut self) {
        self.keep.clear();
        self.near.clear();
        self.below.clear();
        let thing = |weight: usize, shape: &Region| weight * 100 >= shape.area * ENOUGH;
        for (core, owner) in self.cores.all().iter().zip(&self.owner) {
            let Some(at) = *owner else { continue };
            let Some((shape, weight)) = self.shapes.all().get(at).zip(self.weight.get(at)) else {
                continue;
            };
            if thing(*weight, shape) {
                hold(&mut self.keep, core, shape.bottom, 0);
                hold(&mut self.near, core, shape.bottom, (core.right - core.left) / 2);
                reach(&mut self.below, core);
            }
        }
        for (shape, weight) in self.shapes.all().iter().zip(&self.weight) {
            if !thing(*weight, shape) {
                for run in self.shapes.runs(shape) {
                    self.near.set_run(run.y as usize, run.from as usize, run.to as usize);
                    self.keep.set_run(run.y as usize, run.from as usize, run.to as usize);
                }
            }
        }
    }

    /// Counts what could be shadow beside things and in them.
    fn watch(&self, shapes: &Bits, classes: &Classes, image: &Grid<u8>, sun: &mut Sun) {
        let at = |x: usize, y: usize| share(image.at(x, y), classes.lit.at(x, y));
        for y in 0..shapes.height() {
            let words = shapes.row(y).iter().zip(classes.maybe.row(y)).zip(classes.low.row(y));
            for (i, (((shape, maybe), low), keep)) in words.zip(self.near.row(y)).enumerate() {
                for bit in Ones(shape & maybe & low & !keep) {
                    sun.beside(at(i * 64 + bit, y));
                }
            }
        }
        for (core, owner) in self.cores.all().iter().zip(&self.owner) {
            if owner.is_none() {
                continue;
            }
            for y in core.top..(core.top + core.bottom).div_ceil(2) {
                for x in core.left..core.right {
                    if classes.maybe.get(x, y) && classes.low.get(x, y) && shapes.get(x, y) {
                        sun.inside(at(x, y));
                    }
                }
            }
        }
        sun.age();
    }

    /// What differs at all; asked only where something may come back.
    fn differing(&mut self, classes: &Classes) {
        if self.below.all().iter().all(|word| *word == 0) {
            return;
        }
        let words = classes.low.all().iter().zip(classes.shadow.all());
        for (raw, (low, shadow)) in self.raw.all_words_mut().iter_mut().zip(words) {
            *raw = low | shadow;
        }
        majority(&self.raw, &mut self.all);
    }

    /// What of the shapes is the scene's own shadow, and what cannot be shadow.
    fn planes(&mut self, shapes: &Bits, classes: &Classes, image: &Grid<u8>, shadow: u32) {
        if shadow == 0 {
            self.gone.clear();
            self.smooth.clear();
        } else {
            self.shaded(shapes, classes, (image, shadow));
            majority(&self.raw, &mut self.gone);
            majority(&self.flat, &mut self.smooth);
        }
        let words = classes.low.all().iter().zip(classes.maybe.all()).zip(shapes.all());
        for (raw, ((low, maybe), shape)) in self.raw.all_words_mut().iter_mut().zip(words) {
            *raw = low & !maybe & shape;
        }
        majority(&self.raw, &mut self.core);
    }

    /// What of the shapes could be shadow and leaves a share of the light that shadow leaves here.
    fn shaded(&mut self, shapes: &Bits, classes: &Classes, (image, shadow): (&Grid<u8>, u32)) {
        self.raw.clear();
        self.flat.clear();
        for y in 0..shapes.height() {
            for (i, (shape, maybe)) in shapes.row(y).iter().zip(classes.maybe.row(y)).enumerate() {
                for bit in Ones(shape & maybe) {
                    let (x, lit) = (i * 64 + bit, &classes.lit);
                    if shadow >> share(image.at(x, y), lit.at(x, y)) & 1 != 0 {
                        self.raw.set(x, y, true);
                        self.flat.set(x, y, shades(image, lit, NOISE, (x, y)));
                    }
                }
            }
        }
    }

    /// Finds the shape of each core, and how much of a shape its cores are.
    fn weigh(&mut self) {
        self.weight.clear();
        self.weight.resize(self.shapes.all().len(), 0);
        self.owner.clear();
        for core in self.cores.all() {
            let owner = if core.area < LEAST { None } else { self.shape_of(core) };
            if let Some(weight) = owner.and_then(|o| self.weight.get_mut(o)) {
                *weight += core.area;
            }
            self.owner.push(owner);
        }
    }

    /// The shape that holds the middle of a core's longest run.
    fn shape_of(&self, core: &Region) -> Option<usize> {
        let run = *self.cores.runs(core).iter().max_by_key(|r| r.to - r.from)?;
        let (x, y) = ((run.from + run.to) / 2, run.y);
        let around = |s: &Region| {
            (s.top..s.bottom).contains(&(y as usize)) && (s.left..s.right).contains(&(x as usize))
        };
        let holds = |s: &Region| {
            self.shapes.runs(s).iter().any(|r| r.y == y && (r.from..r.to).contains(&x))
        };
        self.shapes.all().iter().position(|s| around(s) && holds(s))
    }
}

/// Keeps a core's columns, and a little beside them, from its top to its shape's bottom.
fn hold(keep: &mut Bits, core: &Region, bottom: usize, more: usize) {
    let margin = more + 1 + (core.bottom - core.top) / MARGIN;
    let (left, right) = (core.left.saturating_sub(margin), (core.right + margin).min(keep.width()));
    for y in core.top.saturating_sub(2)..bottom {
        keep.set_run(y, left, right);
    }
}

/// Marks the place below a core that is upright, but too short for somebody standing.
fn reach(below: &mut Bits, core: &Region) {
    let (width, height) = (core.right - core.left, core.bottom - core.top);
    let tall = width * TALL / 10;
    if height < width || height >= tall {
        return;
    }
    let (left, right) =
        (core.left.saturating_sub(width / 8), (core.right + width / 8).min(below.width()));
    for y in core.bottom..(core.top + tall).min(below.height()) {
        below.set_run(y, left, right);
    }
}
