//! Takes cast shadow off things.
//!
//! A shadow that lies beside a thing makes one shape with it. The core of a shape are the
//! pixels that cannot be shadow: brighter, much darker, of another colour. Where the core is
//! large enough to be the thing, the rest of the shape is kept in the core's columns alone,
//! and below a core that is too short for a person, what merely could be shadow comes back
//! (grey trousers). A shape without such a core, a grey thing before a grey ground, stays.
//!
//! Invariants: pixels are added only below a core, inside its columns.
//! Units: reduced pixels.

use crate::bits::Bits;
use crate::classify::Classes;
use crate::clean::majority;
use crate::regions::{Region, Regions};

/// Share of a shape, in percent, that its cores must have to be the thing.
const ENOUGH: usize = 15;
/// Fewest pixels of a core.
const LEAST: usize = 8;
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
            keep: bits(),
            below: bits(),
            ..Caster::default()
        }
    }

    /// Takes shadow off the cleaned shapes of a frame.
    pub fn trim(&mut self, shapes: &mut Bits, classes: &mut Classes) {
        classes.cast.clear();
        self.planes(shapes, classes);
        self.shapes.find(shapes);
        classes.whole.clear();
        classes.whole.extend_from_slice(self.shapes.all());
        if self.shapes.all().is_empty() {
            return;
        }
        self.cores.find(&self.core);
        self.weigh();
        self.keep.clear();
        self.below.clear();
        let thing = |weight: usize, shape: &Region| weight * 100 >= shape.area * ENOUGH;
        for (core, owner) in self.cores.all().iter().zip(&self.owner) {
            let Some(at) = *owner else { continue };
            let Some((shape, weight)) = self.shapes.all().get(at).zip(self.weight.get(at)) else {
                continue;
            };
            if thing(*weight, shape) {
                hold(&mut self.keep, core, shape.bottom);
                reach(&mut self.below, core);
            }
        }
        for (shape, weight) in self.shapes.all().iter().zip(&self.weight) {
            if !thing(*weight, shape) {
                for run in self.shapes.runs(shape) {
                    self.keep.set_run(run.y as usize, run.from as usize, run.to as usize);
                }
            }
        }
        let words = self.keep.all().iter().zip(self.below.all()).zip(self.all.all());
        let shapes = shapes.all_words_mut().iter_mut().zip(classes.cast.all_words_mut());
        for ((shape, cast), ((keep, below), all)) in shapes.zip(words) {
            *cast = *shape & !keep;
            *shape = *shape & keep | below & all;
        }
    }

    /// What differs at all, and what of the shapes cannot be shadow.
    fn planes(&mut self, shapes: &Bits, classes: &Classes) {
        let words = classes.low.all().iter().zip(classes.shadow.all());
        for (raw, (low, shadow)) in self.raw.all_words_mut().iter_mut().zip(words) {
            *raw = low | shadow;
        }
        majority(&self.raw, &mut self.all);
        let words = classes.low.all().iter().zip(classes.maybe.all()).zip(shapes.all());
        for (raw, ((low, maybe), shape)) in self.raw.all_words_mut().iter_mut().zip(words) {
            *raw = low & !maybe & shape;
        }
        majority(&self.raw, &mut self.core);
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
fn hold(keep: &mut Bits, core: &Region, bottom: usize) {
    let margin = 1 + (core.bottom - core.top) / MARGIN;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(bits: &mut Bits, (left, top, right, bottom): (usize, usize, usize, usize)) {
        (top..bottom).for_each(|y| bits.set_run(y, left, right));
    }

    #[test]
    fn shadow_beside_a_thing_goes_and_a_grey_thing_stays() {
        let mut classes = Classes::new(200, 100);
        // Somebody whose shadow falls to the right, and a grey box alone.
        for place in [(20, 20, 32, 60), (20, 54, 80, 60), (120, 40, 150, 70)] {
            rect(&mut classes.low, place);
        }
        rect(&mut classes.maybe, (34, 54, 80, 60));
        rect(&mut classes.maybe, (120, 40, 150, 70));
        let mut shapes = classes.low.clone();
        Caster::new(200, 100).trim(&mut shapes, &mut classes);
        assert!(shapes.get(25, 30) && shapes.get(30, 58));
        assert!(!shapes.get(60, 57), "the shadow");
        assert!(shapes.get(121, 41) && shapes.get(149, 69), "the grey box");
    }

    #[test]
    fn grey_trousers_come_back() {
        let mut classes = Classes::new(200, 100);
        rect(&mut classes.low, (20, 20, 34, 36));
        rect(&mut classes.shadow, (21, 36, 33, 52));
        let mut shapes = classes.low.clone();
        Caster::new(200, 100).trim(&mut shapes, &mut classes);
        assert!(shapes.get(27, 44));
        assert!(!shapes.get(27, 56));
    }
}
