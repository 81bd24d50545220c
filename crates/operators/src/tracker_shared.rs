//! Several things in one shape, and one thing in several shapes.
//!
//! Invariants: who shares a shape keeps the own size inside it, and is moved only by the edges
//! that nobody else of them could make.
//! Not here: which shape is whose when each has its own (`tracker`).

use super::{KNOWN, Seen, Tracker};
use crate::track::{Place, Track};

/// Who share a shape cover at least this share of its pixels.
const COVERED: f64 = 0.8;
/// Two who part are together wider than they were by this factor.
const WIDER: f64 = 1.25;
/// Each of two who part is at least this share as tall as both.
const TALL: f64 = 0.6;

impl Tracker {
    /// A shape over two or more known things: each goes on inside it.
    pub(super) fn hold_merged(&mut self) {
        for shape in self.seen.iter_mut() {
            let inside = |t: &Track| {
                t.certain()
                    && t.age >= KNOWN
                    && t.missed == 1
                    && t.place.common(&shape.place) >= 0.6 * t.place.area()
            };
            let count = self.tracks.iter().filter(|t| inside(t)).count();
            if count < 2 {
                continue;
            }
            let mut all: Option<Place> = None;
            let (mut largest, mut covered) = (0.0f64, 0.0);
            for t in self.tracks.iter().filter(|t| inside(t)) {
                all = Some(all.map_or(t.place, |a| a.with(&t.place)));
                largest = largest.max(t.place.overlap(&shape.place));
                covered += t.place.area();
            }
            let Some(all) = all else { continue };
            let fits = all.overlap(&shape.place);
            // One of them alone explains the shape as well: then nothing is shared.
            let whole = covered >= COVERED * f64::from(shape.area);
            if fits < 0.5 || largest > fits || !whole {
                continue;
            }
            // An edge that two of them could make tells of neither.
            let mut makers = [0u32; 4];
            for t in self.tracks.iter().filter(|t| inside(t)) {
                let edges = t.place.edges_of(&all);
                makers.iter_mut().zip(edges).for_each(|(n, made)| *n += u32::from(made));
            }
            for t in self.tracks.iter_mut() {
                if inside(t) {
                    let mut edges = t.place.edges_of(&all);
                    edges.iter_mut().zip(makers).for_each(|(made, n)| *made &= n == 1);
                    t.share(&shape.place, edges);
                }
            }
            shape.free = false;
        }
    }

    /// Several shapes inside one prediction are one thing, when that fits better.
    pub(super) fn join_fragments(&mut self) {
        for t in self.tracks.iter().filter(|t| t.certain() && t.missed > 0) {
            let part = |s: &Seen| s.free && s.place.common(&t.place) >= 0.7 * s.place.area();
            if self.seen.iter().filter(|s| part(s)).count() < 2 {
                continue;
            }
            let mut whole: Option<Seen> = None;
            let mut best = 0.0f64;
            for s in self.seen.iter().filter(|s| part(s)) {
                best = best.max(s.place.overlap(&t.place));
                whole = Some(whole.map_or(*s, |w| Seen {
                    place: w.place.with(&s.place),
                    area: w.area + s.area,
                    look: if s.area > w.area { s.look } else { w.look },
                    whole: false,
                    free: true,
                }));
            }
            let Some(whole) = whole else { continue };
            if whole.place.overlap(&t.place) <= best || self.pair(t, &whole.place) {
                continue;
            }
            for s in self.seen.iter_mut() {
                if s.free && s.place.common(&t.place) >= 0.7 * s.place.area() {
                    s.free = false;
                }
            }
            self.seen.push(whole);
        }
    }

    /// Two that stand side by side, each as tall as both: they came in as one and part.
    fn pair(&self, t: &Track, whole: &Place) -> bool {
        let tall = |s: &&Seen| {
            let own = s.place.h >= TALL * whole.h && s.place.h >= s.place.w;
            s.free && own && s.place.common(&t.place) >= 0.7 * s.place.area()
        };
        if whole.w < WIDER * t.usual {
            return false;
        }
        let mut narrow = self.seen.iter().filter(tall);
        match (narrow.next(), narrow.next()) {
            (Some(a), Some(b)) => (a.place.x - b.place.x).abs() >= (a.place.w + b.place.w) / 2.0,
            _ => false,
        }
    }
}
