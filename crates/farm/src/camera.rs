//! The eye: from pixels to rays and from places to pixels.
//!
//! Units: metres; pixels from the top left corner of the picture.

use crate::math::{V3, v};
use crate::shape::Ray;

/// A pinhole camera.
#[derive(Clone, Debug)]
pub(crate) struct Camera {
    at: V3,
    right: V3,
    up: V3,
    ahead: V3,
    focal: f32,
    centre: (f32, f32),
}

impl Camera {
    /// Stands at `at`, looks at `target`; `view` is the picture's width over its distance.
    pub fn new(at: V3, target: V3, view: f32, size: (u32, u32)) -> Camera {
        let ahead = (target - at).unit();
        let right = v(0.0, 1.0, 0.0).cross(ahead).unit();
        let (width, height) = (size.0 as f32, size.1 as f32);
        // A picture higher than 16:9 keeps the scene's width.
        Camera {
            at,
            right,
            up: ahead.cross(right),
            ahead,
            focal: width / view,
            centre: (width / 2.0, height / 2.0),
        }
    }

    /// The same eye looking elsewhere: radians to the right and up.
    pub fn turned(&self, right: f32, up: f32) -> Camera {
        let ahead = (self.ahead + self.right * right.tan() + self.up * up.tan()).unit();
        let right = v(0.0, 1.0, 0.0).cross(ahead).unit();
        Camera { ahead, right, up: ahead.cross(right), ..self.clone() }
    }

    /// The ray through a point of the picture.
    pub fn ray(&self, x: f32, y: f32) -> Ray {
        let to = self.ahead + self.right * ((x - self.centre.0) / self.focal)
            - self.up * ((y - self.centre.1) / self.focal);
        Ray { from: self.at, to: to.unit() }
    }

    /// Where a place is seen; nothing when it is not well before the camera.
    pub fn see(&self, place: V3) -> Option<(f32, f32)> {
        let p = place - self.at;
        let depth = p.dot(self.ahead);
        (depth > 0.3).then(|| {
            (
                self.centre.0 + self.focal * p.dot(self.right) / depth,
                self.centre.1 - self.focal * p.dot(self.up) / depth,
            )
        })
    }

    /// From a place to the eye.
    pub fn towards(&self, place: V3) -> V3 {
        (self.at - place).unit()
    }

    /// How far a place is from the eye.
    pub fn distance(&self, place: V3) -> f32 {
        (place - self.at).length()
    }
}

/// Pixels from (left, top) up to, not with, (right, bottom).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub left: usize,
    pub top: usize,
    pub right: usize,
    pub bottom: usize,
}

impl Area {
    /// The area that holds `places`, a pixel around, on whole 2x2 blocks; nothing when outside the picture.
    pub fn around(camera: &Camera, places: &[V3], size: (usize, usize)) -> Option<Area> {
        let (mut low, mut high) = ((f32::MAX, f32::MAX), (f32::MIN, f32::MIN));
        for place in places {
            // Beside or behind the eye: no bound to be had.
            let Some((x, y)) = camera.see(*place) else {
                return Some(Area { left: 0, top: 0, right: size.0, bottom: size.1 });
            };
            low = (low.0.min(x), low.1.min(y));
            high = (high.0.max(x), high.1.max(y));
        }
        let area = Area {
            left: (low.0 - 1.0).max(0.0) as usize & !1,
            top: (low.1 - 1.0).max(0.0) as usize & !1,
            right: (((high.0 + 2.0).max(0.0) as usize + 1) & !1).min(size.0),
            bottom: (((high.1 + 2.0).max(0.0) as usize + 1) & !1).min(size.1),
        };
        (area.left < area.right && area.top < area.bottom).then_some(area)
    }

    /// True when the two share a pixel.
    pub fn meets(&self, other: &Area) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ray_goes_through_what_is_seen() {
        let camera = Camera::new(v(3.0, 5.0, -9.0), v(0.0, 1.0, 4.0), 1.3, (640, 360));
        for place in [v(0.0, 1.0, 4.0), v(2.0, 0.0, 6.0), v(-4.0, 3.0, 9.0)] {
            let (x, y) = camera.see(place).unwrap();
            let near = camera.ray(x, y).at(camera.distance(place));
            assert!((near - place).length() < 1e-3);
        }
        assert!(camera.see(v(3.0, 5.0, -19.0)).is_none());
        // What lies to the right is seen on the right, what is higher is seen higher.
        let (a, b) = (camera.see(v(0.0, 1.0, 4.0)).unwrap(), camera.see(v(1.0, 2.0, 4.0)).unwrap());
        assert!(b.0 > a.0 && b.1 < a.1);
    }
}
