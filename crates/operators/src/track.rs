//! One thing on its way: where it is, how fast, what it looks like, how long it has been seen.
//!
//! Invariants: `place` and `velocity` are what the two filters say.
//! Units: reduced pixels, seconds.

use crate::appearance::Appearance;
use crate::kalman::Axis;
pub use crate::place::Place;
use crate::place::keep_inside;
use crate::state::{Reader, Writer};

/// A thing that is followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Counts from 1; never used twice by one tracker.
    pub id: u64,
    /// Where it is.
    pub place: Place,
    /// Pixels a second to the right and down.
    pub velocity: (f64, f64),
    /// Frames in which it was seen.
    pub hits: u32,
    /// Ticks of 4 ms since it was last seen; 0 when it was seen in this frame.
    pub unseen: u32,
    /// Frames since it was last seen.
    pub missed: u32,
    /// Ticks since it was born.
    pub age: u32,
    /// Tag of the frame in which it was born.
    pub born: u64,
    /// Pixels of the shape, when last seen.
    pub area: u32,
    /// True while it shares one shape with others.
    pub merged: bool,
    /// Pixels of the largest box that it had.
    pub largest: f64,
    /// Ticks since its box is but a small part of that.
    pub small: u32,
    /// Middle of the place where it was born.
    pub origin: (f64, f64),
    /// It has been further from its origin than half its size.
    pub walked: bool,
    /// What it looks like when it is alone.
    pub look: Appearance,
    /// Its width over the last seconds.
    pub usual: f64,
    columns: Axis,
    rows: Axis,
}

/// Which edges of a place are seen: left, right, top, bottom.
pub type Edges = [bool; 4];

/// Frames that make a thing certain.
const CERTAIN: u32 = 4;
/// What went out of the picture has less than this share of its largest box: a tenth.
const SMALLER: f64 = 10.0;
/// Ticks for which it may be so small: 0.4 s, longer than walking across the edge takes.
const REMAINS: u32 = 100;
/// Seconds over which the usual width is taken.
const USUAL: f64 = 2.0;
/// Ticks for which what is lost runs on: 0.5 s.
const RUNS: u32 = 125;

impl Track {
    /// A thing first seen here.
    pub fn born(id: u64, place: Place, area: u32, look: Appearance, tag: u64) -> Track {
        let scale = (place.w + place.h) / 2.0;
        Track {
            id,
            place,
            velocity: (0.0, 0.0),
            hits: 1,
            unseen: 0,
            missed: 0,
            age: 0,
            born: tag,
            area,
            merged: false,
            largest: place.area(),
            small: 0,
            origin: (place.x, place.y),
            walked: false,
            look,
            usual: place.w,
            columns: Axis::born(place.x, place.w, scale),
            rows: Axis::born(place.y, place.h, scale),
        }
    }

    /// It came from somewhere else than where it is, as a whole.
    pub fn moved(&self) -> bool {
        self.walked
    }

    /// Seen often enough to be told.
    pub fn certain(&self) -> bool {
        self.hits >= CERTAIN
    }

    /// Certain and seen in this frame.
    pub fn visible(&self) -> bool {
        self.certain() && self.unseen == 0
    }

    /// What remains at the edge of a thing that went out: a small part that stays there.
    pub fn left_over(&self) -> bool {
        self.small > REMAINS
    }

    /// How large it is: the noise of its edges and its speed goes by it.
    fn scale(&self) -> f64 {
        (self.place.w + self.place.h) / 2.0
    }

    /// Moves on by its velocity.
    pub fn predict(&mut self, ticks: u32) {
        let (seconds, scale) = (f64::from(ticks) * 0.004, self.scale());
        // What is lost does not run away: it keeps its speed for half a second only.
        let moves = self.unseen <= RUNS;
        self.columns.predict(seconds, scale, moves);
        self.rows.predict(seconds, scale, moves);
        self.follow_filters();
        self.unseen += ticks;
        self.missed += 1;
        self.age = self.age.saturating_add(ticks);
    }

    /// Seen at a place.
    /// `cut` tells whether the picture's edge cuts its columns and its rows.
    pub fn see(&mut self, place: &Place, area: u32, ticks: u32, cut: (bool, bool)) {
        if cut.0 {
            self.columns.loosen();
        }
        if cut.1 {
            self.rows.loosen();
        }
        self.measure(place, [true; 4]);
        self.largest = self.largest.max(place.area());
        let small = self.certain() && place.area() * SMALLER < self.largest;
        self.small = if small { self.small.saturating_add(ticks) } else { 0 };
        let (dx, dy) = (self.place.x - self.origin.0, self.place.y - self.origin.1);
        let reach = self.place.w.max(self.place.h) / 2.0;
        self.walked |= dx * dx + dy * dy > reach * reach;
        // Who comes in gets wider at once.
        let share = if cut.0 { 1.0 } else { (f64::from(ticks) * 0.004 / USUAL).min(1.0) };
        self.usual += share * (self.place.w - self.usual);
        self.area = area;
        self.sighted(false);
    }

    /// Known to be inside a shape that others share; `edges` are those that it alone makes.
    pub fn share(&mut self, shape: &Place, edges: Edges) {
        self.measure(shape, edges);
        keep_inside(&mut self.place, shape);
        (self.columns.at, self.rows.at) = (self.place.x, self.place.y);
        self.sighted(true);
    }

    /// Seen again after it was given up.
    pub fn come_back(&mut self, place: &Place, area: u32) {
        let scale = (place.w + place.h) / 2.0;
        self.columns = Axis::born(place.x, place.w, scale);
        self.rows = Axis::born(place.y, place.h, scale);
        self.follow_filters();
        self.area = area;
        self.sighted(false);
    }

    fn sighted(&mut self, merged: bool) {
        self.hits = self.hits.saturating_add(1);
        (self.unseen, self.missed, self.merged) = (0, 0, merged);
    }

    fn measure(&mut self, place: &Place, edges: Edges) {
        let scale = self.scale();
        let [left, right, top, bottom] = edges;
        let sides = [(left, -0.5), (right, 0.5)];
        for (_, side) in sides.into_iter().filter(|s| s.0) {
            self.columns.see(side, place.x + side * place.w, scale);
        }
        let sides = [(top, -0.5), (bottom, 0.5)];
        for (_, side) in sides.into_iter().filter(|s| s.0) {
            self.rows.see(side, place.y + side * place.h, scale);
        }
        self.follow_filters();
    }

    fn follow_filters(&mut self) {
        let (x, y) = (&self.columns, &self.rows);
        self.place = Place { x: x.at, y: y.at, w: x.size, h: y.size };
        self.velocity = (x.speed, y.speed);
    }

    /// Writes the track.
    pub fn save(&self, to: &mut Writer) {
        to.u64(self.id);
        self.columns.save(to);
        self.rows.save(to);
        for v in [self.hits, self.unseen, self.missed, self.age, self.area] {
            to.u32(v);
        }
        to.u64(self.born);
        to.u8(u8::from(self.merged));
        to.f64(self.largest);
        to.u32(self.small);
        to.f64(self.origin.0);
        to.f64(self.origin.1);
        to.u8(u8::from(self.walked));
        to.f64(self.usual);
        self.look.save(to);
    }

    /// Reads what `save` wrote.
    pub fn load(from: &mut Reader<'_>) -> Option<Track> {
        let id = from.u64()?;
        let (columns, rows) = (Axis::load(from)?, Axis::load(from)?);
        let mut track = Track {
            id,
            place: Place::default(),
            velocity: (0.0, 0.0),
            hits: from.u32()?,
            unseen: from.u32()?,
            missed: from.u32()?,
            age: from.u32()?,
            area: from.u32()?,
            born: from.u64()?,
            merged: from.u8()? != 0,
            largest: from.f64()?,
            small: from.u32()?,
            origin: (from.f64()?, from.f64()?),
            walked: from.u8()? != 0,
            usual: from.f64()?,
            look: Appearance::load(from)?,
            columns,
            rows,
        };
        track.follow_filters();
        Some(track)
    }
}
