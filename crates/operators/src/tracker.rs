//! Which shape of this frame is which thing of the last one.
//!
//! Invariants: at most 200 things; the same shapes in the same order give the same ids.
//! Units: reduced pixels, ticks of 4 ms.
//! Source: SORT (Bewley 2016) without its filter; fragments joined and merges held by the
//! predicted boxes (`docs/design/0005-analysis.md`).

use crate::assign::{NEVER, assign};
use crate::blobs::Blob;
use crate::state::{Reader, Writer};
use crate::track::{Place, Track};

/// Things followed at most.
const MOST: usize = 200;
/// Ticks after which a thing that is not seen is given up: 1 s.
const GIVEN_UP: u32 = 250;
/// Ticks that two things must have lived before they may share a shape: 0.4 s.
const KNOWN: u32 = 100;

/// Follows the things of one camera.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Tracker {
    tracks: Vec<Track>,
    born: u64,
}

/// A shape, or several that belong together.
#[derive(Clone, Copy)]
struct Seen {
    place: Place,
    area: u32,
    free: bool,
}

/// The picture that things move in.
#[derive(Clone, Copy)]
pub struct Field {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Fewest pixels of a new thing.
    pub birth: usize,
}

impl Tracker {
    /// All things, also those not seen just now.
    pub fn all(&self) -> &[Track] {
        &self.tracks
    }

    /// Number of the newest thing.
    pub fn born(&self) -> u64 {
        self.born
    }

    /// The next thing has a number above `born`.
    pub fn number_after(&mut self, born: u64) {
        self.born = self.born.max(born);
    }

    /// Takes the shapes of a frame that lies `ticks` after the one before; `tag` names it.
    pub fn step(&mut self, blobs: &[Blob], field: &Field, ticks: u32, tag: u64) {
        let mut seen: Vec<Seen> = blobs
            .iter()
            .map(|b| Seen { place: Place::of(&b.rect), area: b.area as u32, free: true })
            .collect();
        for track in &mut self.tracks {
            track.predict(ticks);
        }
        self.hold_merged(&mut seen);
        self.join_fragments(&mut seen);
        self.by_overlap(&mut seen, ticks);
        self.by_distance(&mut seen, ticks);
        self.forget(field);
        for new in seen.iter().filter(|s| s.free && s.area as usize >= field.birth) {
            if self.tracks.len() < MOST {
                self.born += 1;
                self.tracks.push(Track::born(self.born, new.place, new.area, tag));
            }
        }
    }

    /// Drops everything that is followed; ids go on.
    pub fn drop_all(&mut self) {
        self.tracks.clear();
    }

    /// A shape over two or more known things: each goes on inside it.
    fn hold_merged(&mut self, seen: &mut [Seen]) {
        for shape in seen.iter_mut() {
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
            let mut largest = 0.0f64;
            for t in self.tracks.iter().filter(|t| inside(t)) {
                all = Some(all.map_or(t.place, |a| a.with(&t.place)));
                largest = largest.max(t.place.overlap(&shape.place));
            }
            let fits = all.map_or(0.0, |a| a.overlap(&shape.place));
            // One of them alone explains the shape as well: then nothing is shared.
            if fits < 0.5 || largest > fits {
                continue;
            }
            for t in self.tracks.iter_mut().filter(|t| inside(t)) {
                keep_inside(&mut t.place, &shape.place);
                t.share();
            }
            shape.free = false;
        }
    }

    /// Several shapes inside one prediction are one thing, when that fits better.
    fn join_fragments(&self, seen: &mut Vec<Seen>) {
        for t in self.tracks.iter().filter(|t| t.certain() && t.missed > 0) {
            let part = |s: &Seen| s.free && s.place.common(&t.place) >= 0.7 * s.place.area();
            if seen.iter().filter(|s| part(s)).count() < 2 {
                continue;
            }
            let mut whole: Option<Seen> = None;
            let mut best = 0.0f64;
            for s in seen.iter().filter(|s| part(s)) {
                best = best.max(s.place.overlap(&t.place));
                whole = Some(whole.map_or(*s, |w| Seen {
                    place: w.place.with(&s.place),
                    area: w.area + s.area,
                    free: true,
                }));
            }
            let Some(whole) = whole else { continue };
            if whole.place.overlap(&t.place) <= best {
                continue;
            }
            for s in seen.iter_mut() {
                if s.free && s.place.common(&t.place) >= 0.7 * s.place.area() {
                    s.free = false;
                }
            }
            seen.push(whole);
        }
    }

    fn by_overlap(&mut self, seen: &mut [Seen], ticks: u32) {
        self.match_by(seen, ticks, |t, s| {
            let overlap = t.place.overlap(&s.place);
            (overlap > 0.1).then_some(((1.0 - overlap) * 1e6) as i64)
        });
    }

    fn by_distance(&mut self, seen: &mut [Seen], ticks: u32) {
        self.match_by(seen, ticks, |t, s| {
            let (dx, dy) = (t.place.x - s.place.x, t.place.y - s.place.y);
            let reach = (t.place.w + t.place.h + s.place.w + s.place.h) / 4.0;
            let (small, large) =
                (t.place.area().min(s.place.area()), t.place.area().max(s.place.area()));
            let near = dx * dx + dy * dy < reach * reach && small * 4.0 > large;
            near.then_some(((dx * dx + dy * dy) * 1e3) as i64)
        });
    }

    fn match_by(
        &mut self,
        seen: &mut [Seen],
        ticks: u32,
        cost: impl Fn(&Track, &Seen) -> Option<i64>,
    ) {
        let lost: Vec<usize> = places(&self.tracks, |t| t.missed > 0);
        let free: Vec<usize> = places(seen, |s| s.free);
        if lost.is_empty() || free.is_empty() {
            return;
        }
        let mut costs = Vec::with_capacity(lost.len() * free.len());
        for t in lost.iter().filter_map(|i| self.tracks.get(*i)) {
            for s in free.iter().filter_map(|i| seen.get(*i)) {
                costs.push(cost(t, s).unwrap_or(NEVER));
            }
        }
        let pairs = assign(lost.len(), free.len(), &costs);
        for (t, s) in lost.iter().zip(pairs) {
            let shape = s.and_then(|s| free.get(s)).and_then(|s| seen.get_mut(*s));
            if let (Some(t), Some(shape)) = (self.tracks.get_mut(*t), shape) {
                t.see(shape.place, shape.area, ticks);
                shape.free = false;
            }
        }
    }

    /// Gives up what has not been seen for long, at once what was never certain.
    fn forget(&mut self, field: &Field) {
        let (w, h) = (field.width as f64, field.height as f64);
        self.tracks.retain(|t| {
            let p = &t.place;
            let edge = p.x - p.w / 2.0 <= 2.0
                || p.y - p.h / 2.0 <= 2.0
                || p.x + p.w / 2.0 >= w - 2.0
                || p.y + p.h / 2.0 >= h - 2.0;
            let frames = match (t.certain(), edge) {
                (false, _) => t.missed <= 2,
                (true, true) => t.missed <= 3,
                (true, false) => true,
            };
            frames && t.unseen <= GIVEN_UP && !(edge && t.left_over())
        });
    }

    /// Writes all things.
    pub fn save(&self, to: &mut Writer) {
        to.u64(self.born);
        to.u32(self.tracks.len() as u32);
        for track in &self.tracks {
            track.save(to);
        }
    }

    /// Reads what `save` wrote.
    pub fn load(from: &mut Reader<'_>) -> Option<Tracker> {
        let born = from.u64()?;
        let count = from.u32()?;
        let tracks = (0..count.min(MOST as u32)).map(|_| Track::load(from));
        Some(Tracker { born, tracks: tracks.collect::<Option<_>>()? })
    }
}

/// Moves a place into another that is larger.
fn keep_inside(place: &mut Place, within: &Place) {
    let side = |at: f64, size: f64, middle: f64, room: f64| {
        let slack = ((room - size) / 2.0).max(0.0);
        at.max(middle - slack).min(middle + slack)
    };
    place.x = side(place.x, place.w, within.x, within.w);
    place.y = side(place.y, place.h, within.y, within.h);
}

fn places<T>(of: &[T], wanted: impl Fn(&T) -> bool) -> Vec<usize> {
    of.iter().enumerate().filter(|(_, t)| wanted(t)).map(|(i, _)| i).collect()
}

#[cfg(test)]
#[path = "tracker_tests.rs"]
mod tests;
