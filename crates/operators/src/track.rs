//! One thing on its way: where it is, how fast, how long it has been seen.
//!
//! Units: reduced pixels, seconds.

use crate::blobs::Rect;
use crate::state::{Reader, Writer};

/// A box by its middle; exact on every machine since only + - * / touch it.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Place {
    /// Middle column.
    pub x: f64,
    /// Middle row.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Place {
    /// The place of a rectangle.
    pub fn of(rect: &Rect) -> Place {
        let (w, h) = (f64::from(rect.right - rect.left), f64::from(rect.bottom - rect.top));
        Place { x: f64::from(rect.left) + w / 2.0, y: f64::from(rect.top) + h / 2.0, w, h }
    }

    /// Pixels.
    pub fn area(&self) -> f64 {
        self.w * self.h
    }

    /// Pixels that both hold.
    pub fn common(&self, other: &Place) -> f64 {
        let side = |a: f64, aw: f64, b: f64, bw: f64| {
            let low = (a - aw / 2.0).max(b - bw / 2.0);
            let high = (a + aw / 2.0).min(b + bw / 2.0);
            (high - low).max(0.0)
        };
        side(self.x, self.w, other.x, other.w) * side(self.y, self.h, other.y, other.h)
    }

    /// Common pixels by all pixels.
    pub fn overlap(&self, other: &Place) -> f64 {
        let common = self.common(other);
        common / (self.area() + other.area() - common).max(1.0)
    }

    /// The smallest place that holds both.
    pub fn with(&self, other: &Place) -> Place {
        let side = |a: f64, aw: f64, b: f64, bw: f64| {
            let low = (a - aw / 2.0).min(b - bw / 2.0);
            let high = (a + aw / 2.0).max(b + bw / 2.0);
            ((low + high) / 2.0, high - low)
        };
        let (x, w) = side(self.x, self.w, other.x, other.w);
        let (y, h) = side(self.y, self.h, other.y, other.h);
        Place { x, y, w, h }
    }
}

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
}

/// Frames that make a thing certain.
const CERTAIN: u32 = 4;
/// Share of the surprise by which the velocity is corrected.
const GAIN: f64 = 0.35;
/// What went out of the picture has less than this share of its largest box: a tenth.
const SMALLER: f64 = 10.0;
/// Ticks for which it may be so small: 0.4 s, longer than walking across the edge takes.
const REMAINS: u32 = 100;

impl Track {
    /// A thing first seen here.
    pub fn born(id: u64, place: Place, area: u32, tag: u64) -> Track {
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

    /// Moves on by its velocity.
    pub fn predict(&mut self, ticks: u32) {
        let seconds = f64::from(ticks) * 0.004;
        // What is lost does not run away: it keeps its speed for half a second only.
        if self.unseen <= 125 {
            self.place.x += self.velocity.0 * seconds;
            self.place.y += self.velocity.1 * seconds;
        }
        self.unseen += ticks;
        self.missed += 1;
        self.age = self.age.saturating_add(ticks);
    }

    /// Seen at a place.
    pub fn see(&mut self, place: Place, area: u32, ticks: u32) {
        let seconds = f64::from(self.unseen.max(ticks).max(1)) * 0.004;
        let gain = if self.hits < 3 { 0.6 } else { GAIN };
        self.velocity.0 += gain * (place.x - self.place.x) / seconds;
        self.velocity.1 += gain * (place.y - self.place.y) / seconds;
        self.place = place;
        self.largest = self.largest.max(place.area());
        let small = self.certain() && place.area() * SMALLER < self.largest;
        self.small = if small { self.small.saturating_add(ticks) } else { 0 };
        let (dx, dy) = (place.x - self.origin.0, place.y - self.origin.1);
        let reach = place.w.max(place.h) / 2.0;
        self.walked |= dx * dx + dy * dy > reach * reach;
        self.area = area;
        self.hits = self.hits.saturating_add(1);
        self.unseen = 0;
        self.missed = 0;
        self.merged = false;
    }

    /// Known to be inside a shape that others share.
    pub fn share(&mut self) {
        self.hits = self.hits.saturating_add(1);
        self.unseen = 0;
        self.missed = 0;
        self.merged = true;
    }

    /// Writes the track.
    pub fn save(&self, to: &mut Writer) {
        to.u64(self.id);
        let Place { x, y, w, h } = self.place;
        for v in [x, y, w, h, self.velocity.0, self.velocity.1] {
            to.f64(v);
        }
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
    }

    /// Reads what `save` wrote.
    pub fn load(from: &mut Reader<'_>) -> Option<Track> {
        Some(Track {
            id: from.u64()?,
            place: Place { x: from.f64()?, y: from.f64()?, w: from.f64()?, h: from.f64()? },
            velocity: (from.f64()?, from.f64()?),
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
        })
    }
}
