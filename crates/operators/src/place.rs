//! Boxes by their middles: common pixels, the smallest box around two.
//!
//! Units: reduced pixels.

use crate::blobs::Rect;

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

    /// Which of its edges are also those of a place around it: left, right, top, bottom.
    pub fn edges_of(&self, around: &Place) -> [bool; 4] {
        let side = |a: f64, aw: f64, b: f64, bw: f64| {
            let close = aw * 0.1;
            [(a - aw / 2.0) - (b - bw / 2.0) <= close, (b + bw / 2.0) - (a + aw / 2.0) <= close]
        };
        let [left, right] = side(self.x, self.w, around.x, around.w);
        let [top, bottom] = side(self.y, self.h, around.y, around.h);
        [left, right, top, bottom]
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

/// Moves a place into another that is larger.
pub fn keep_inside(place: &mut Place, within: &Place) {
    let side = |at: f64, size: f64, middle: f64, room: f64| {
        let slack = ((room - size) / 2.0).max(0.0);
        at.max(middle - slack).min(middle + slack)
    };
    place.x = side(place.x, place.w, within.x, within.w);
    place.y = side(place.y, place.h, within.y, within.h);
}
