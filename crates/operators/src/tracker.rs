//! Which shape of this frame is which thing of the last one.
//!
//! Invariants: at most 200 things and 32 that were lost; the same shapes in the same order give
//! the same ids; nothing is allocated once the lists have grown.
//! Units: reduced pixels, ticks of 4 ms.
//! Source: SORT (Bewley 2016); what looks alike costs less (after DeepSORT, Wojke 2017, with
//! histograms for its network); fragments joined and merges held by the predicted boxes
//! (`docs/design/0005-analysis.md`).

use crate::appearance::Appearance;
use crate::assign::{Assigner, NEVER};
use crate::blobs::Rect;
use crate::lost::Lost;
use crate::state::{Reader, Writer};
use crate::track::{Place, Track};

/// Things followed at most.
const MOST: usize = 200;
/// Things and shapes for which there is room from the start.
const ROOM: usize = 32;
/// Ticks after which a thing that is not seen is given up: 1 s.
const GIVEN_UP: u32 = 250;
/// Ticks that two things must have lived before they may share a shape: 0.4 s.
const KNOWN: u32 = 100;
/// Of 1,000,000 for no overlap, what looking wholly different costs.
const UNLIKE: i64 = 400_000;

/// Follows the things of one camera.
#[derive(Clone, Debug, Default)]
pub struct Tracker {
    tracks: Vec<Track>,
    lost: Lost,
    born: u64,
    seen: Vec<Seen>,
    open: Vec<usize>,
    free: Vec<usize>,
    assigner: Assigner,
}

/// What is found in a frame.
#[derive(Clone, Copy, Debug)]
pub struct Sighting {
    /// Where.
    pub rect: Rect,
    /// Pixels.
    pub area: usize,
    /// What it looks like.
    pub look: Appearance,
}

/// A shape, or several that belong together.
#[derive(Clone, Copy, Debug)]
struct Seen {
    place: Place,
    area: u32,
    look: Appearance,
    whole: bool,
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

impl Field {
    /// Whether the picture's edge cuts the columns and the rows of a place.
    fn cuts(&self, p: &Place) -> (bool, bool) {
        let side = |at: f64, size: f64, most: usize| {
            at - size / 2.0 <= 2.0 || at + size / 2.0 >= most as f64 - 2.0
        };
        (side(p.x, p.w, self.width), side(p.y, p.h, self.height))
    }
}

/// What lies in the lists of one frame is no part of the state.
impl PartialEq for Tracker {
    fn eq(&self, other: &Tracker) -> bool {
        (self.born, &self.tracks, &self.lost) == (other.born, &other.tracks, &other.lost)
    }
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
    pub fn step(
        &mut self,
        shapes: impl Iterator<Item = Sighting>,
        field: &Field,
        ticks: u32,
        tag: u64,
    ) {
        if self.seen.capacity() == 0 {
            self.make_room();
        }
        self.seen.clear();
        self.seen.extend(shapes.map(|s| Seen {
            place: Place::of(&s.rect),
            area: s.area as u32,
            look: s.look,
            whole: true,
            free: true,
        }));
        for track in &mut self.tracks {
            track.predict(ticks);
        }
        self.lost.age(ticks);
        self.hold_merged();
        self.join_fragments();
        self.match_by(field, ticks, by_overlap);
        self.match_by(field, ticks, by_distance);
        self.forget(field);
        self.begin(field, tag);
    }

    /// Room for an ordinary scene, so that the lists need not grow one by one.
    fn make_room(&mut self) {
        self.tracks.reserve(ROOM);
        self.seen.reserve(ROOM);
        self.open.reserve(ROOM);
        self.free.reserve(ROOM);
        self.assigner.reserve(ROOM);
    }

    /// Drops everything that is followed; ids go on.
    pub fn drop_all(&mut self) {
        self.tracks.clear();
        self.lost.clear();
    }

    fn match_by(&mut self, field: &Field, ticks: u32, cost: fn(&Track, &Seen) -> Option<i64>) {
        fill(&mut self.open, &self.tracks, |t| t.missed > 0);
        fill(&mut self.free, &self.seen, |s| s.free);
        if self.open.is_empty() || self.free.is_empty() {
            return;
        }
        self.assigner.costs.clear();
        for t in self.open.iter().filter_map(|i| self.tracks.get(*i)) {
            for s in self.free.iter().filter_map(|i| self.seen.get(*i)) {
                self.assigner.costs.push(cost(t, s).unwrap_or(NEVER));
            }
        }
        let pairs = self.assigner.solve(self.open.len(), self.free.len());
        for (t, s) in self.open.iter().zip(pairs) {
            let shape = s.and_then(|s| self.free.get(s)).and_then(|s| self.seen.get_mut(*s));
            if let (Some(t), Some(shape)) = (self.tracks.get_mut(*t), shape) {
                let cut = field.cuts(&shape.place);
                t.see(&shape.place, shape.area, ticks, cut);
                if shape.whole && cut == (false, false) {
                    t.look.learn(&shape.look);
                }
                shape.free = false;
            }
        }
    }

    /// Gives up what has not been seen for long, at once what was never certain.
    fn forget(&mut self, field: &Field) {
        let lost = &mut self.lost;
        self.tracks.retain(|t| {
            let edge = field.cuts(&t.place) != (false, false);
            let frames = match (t.certain(), edge) {
                (false, _) => t.missed <= 2,
                (true, true) => t.missed <= 3,
                (true, false) => true,
            };
            let kept = frames && t.unseen <= GIVEN_UP && !(edge && t.left_over());
            if !kept && t.age >= KNOWN && t.certain() && !edge {
                lost.remember(t);
            }
            kept
        });
    }

    /// What belongs to nothing is new, or comes back.
    fn begin(&mut self, field: &Field, tag: u64) {
        for new in self.seen.iter().filter(|s| s.free && s.area as usize >= field.birth) {
            if self.tracks.len() >= MOST {
                return;
            }
            let small = (new.area as usize) < 2 * field.birth;
            if small && self.tracks.iter().any(|t| t.certain() && beside(&new.place, &t.place)) {
                continue;
            }
            if let Some(mut track) = self.lost.find(&new.place, &new.look) {
                track.come_back(&new.place, new.area);
                self.tracks.push(track);
                continue;
            }
            self.born += 1;
            self.tracks.push(Track::born(self.born, new.place, new.area, new.look, tag));
        }
    }

    /// Writes all things.
    pub fn save(&self, to: &mut Writer) {
        to.u64(self.born);
        to.u32(self.tracks.len() as u32);
        for track in &self.tracks {
            track.save(to);
        }
        self.lost.save(to);
    }

    /// Reads what `save` wrote.
    pub fn load(from: &mut Reader<'_>) -> Option<Tracker> {
        let born = from.u64()?;
        let count = from.u32().filter(|n| *n as usize <= MOST)?;
        let tracks = (0..count).map(|_| Track::load(from)).collect::<Option<_>>()?;
        Some(Tracker { born, tracks, lost: Lost::load(from)?, ..Tracker::default() })
    }
}

/// A small shape at a known thing is a part or the shadow of it.
fn beside(small: &Place, known: &Place) -> bool {
    let reach = known.w.max(known.h) / 4.0;
    let apart =
        |at: f64, size: f64, other: f64, others: f64| (at - other).abs() - (size + others) / 2.0;
    apart(small.x, small.w, known.x, known.w) < reach
        && apart(small.y, small.h, known.y, known.h) < reach
}

fn unlike(t: &Track, s: &Seen) -> i64 {
    i64::from(1020 - t.look.common(&s.look).min(1020)) * UNLIKE / 1020
}

fn by_overlap(t: &Track, s: &Seen) -> Option<i64> {
    let overlap = t.place.overlap(&s.place);
    (overlap > 0.1).then(|| ((1.0 - overlap) * 1e6) as i64 + unlike(t, s))
}

fn by_distance(t: &Track, s: &Seen) -> Option<i64> {
    let (dx, dy) = (t.place.x - s.place.x, t.place.y - s.place.y);
    let reach = (t.place.w + t.place.h + s.place.w + s.place.h) / 4.0;
    let (small, large) = (t.place.area().min(s.place.area()), t.place.area().max(s.place.area()));
    let far = dx * dx + dy * dy;
    let near = far < reach * reach && small * 4.0 > large;
    near.then(|| (far * 1e6 / (reach * reach)) as i64 + unlike(t, s))
}

fn fill<T>(list: &mut Vec<usize>, of: &[T], wanted: impl Fn(&T) -> bool) {
    list.clear();
    list.extend(of.iter().enumerate().filter(|(_, t)| wanted(t)).map(|(i, _)| i));
}

#[path = "tracker_shared.rs"]
mod shared;

#[cfg(test)]
#[path = "tracker_tests.rs"]
mod tests;
