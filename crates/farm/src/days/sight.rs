//! How somebody on a way looks in the picture: box, foot, and what of it is hidden by what stands there.
//!
//! Invariants: a pure function of who, where and the camera.
//! Units: shares of the picture's width and height; metres inside.

use crate::camera::Camera;
use crate::days::layout::Actor;
use crate::math::{V3, v};
use crate::route::Step;
use crate::scene::Scene;
use crate::world::FAR;
use crate::{SceneKind, SceneSpec};

/// Columns and rows of the places of which ways are told.
pub(crate) const PLACES: (usize, usize) = (4, 3);
/// Columns and rows of the points at which a box is looked at.
const POINTS: (usize, usize) = (3, 6);
/// Points of a box.
pub(crate) const ALL_POINTS: usize = POINTS.0 * POINTS.1;
/// Size of the picture in which things are looked at.
const SIZE: (u32, u32) = (320, 180);
/// Width and height of the map of depths.
const DEPTHS: (usize, usize) = (80, 45);
/// Share of a box's points that must be seen.
const LEAST_SEEN: f32 = 0.3;
/// The least height of what is found.
const LEAST_HEIGHT: f32 = 0.05;

/// The eye of one place and how far it sees in each part of its picture.
pub(crate) struct Eye {
    pub camera: Camera,
    depth: Vec<f32>,
}

/// Somebody as seen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight {
    pub left: f32,
    pub top: f32,
    pub right: f32,
    pub bottom: f32,
    /// Points that are seen.
    pub points: [(f32, f32); ALL_POINTS],
    pub seen: usize,
    /// Area for which each point stands.
    pub grain: f32,
}

impl Sight {
    pub fn foot(&self) -> (f32, f32) {
        ((self.left + self.right) / 2.0, self.bottom)
    }

    pub fn seen_points(&self) -> impl Iterator<Item = (f32, f32)> + '_ {
        self.points.iter().copied().take(self.seen)
    }
}

/// The place, from 0 to 11, of a point of the picture.
pub(crate) fn place(x: f32, y: f32) -> usize {
    cell(y, PLACES.1) * PLACES.0 + cell(x, PLACES.0)
}

/// Which of `n` equal parts a share is in.
pub(crate) fn cell(share: f32, n: usize) -> usize {
    ((share.max(0.0) * n as f32) as usize).min(n - 1)
}

/// The eighth of a turn of a direction in pixels, 0 = right, 2 = down.
pub(crate) fn heading(dx: f32, dy: f32) -> usize {
    let eighths = dy.atan2(dx) / std::f32::consts::FRAC_PI_4;
    (eighths.round() as i32).rem_euclid(8) as usize
}

impl Eye {
    /// The eye of a scene; its map of depths takes some thousands of rays.
    pub fn new(kind: SceneKind, seed: u64) -> Eye {
        let spec = SceneSpec { width: SIZE.0, height: SIZE.1, ..SceneSpec::new(kind, seed) };
        let world = Scene::new(&spec).world;
        let (sx, sy) = (SIZE.0 as f32 / DEPTHS.0 as f32, SIZE.1 as f32 / DEPTHS.1 as f32);
        let far = |i: usize| {
            let (x, y) = ((i % DEPTHS.0) as f32 + 0.5, (i / DEPTHS.0) as f32 + 0.5);
            world.meet(&world.camera.ray(x * sx, y * sy)).map_or(FAR, |met| met.t)
        };
        let depth = (0..DEPTHS.0 * DEPTHS.1).map(far).collect();
        Eye { camera: world.camera, depth }
    }

    /// How far one sees at a point of the picture.
    fn depth_at(&self, x: f32, y: f32) -> f32 {
        let at = cell(y, DEPTHS.1) * DEPTHS.0 + cell(x, DEPTHS.0);
        self.depth.get(at).copied().unwrap_or(FAR)
    }

    /// Where a place is seen.
    fn see(&self, place: V3) -> Option<(f32, f32)> {
        let (x, y) = self.camera.see(place)?;
        Some((x / SIZE.0 as f32, y / SIZE.1 as f32))
    }

    /// Somebody at a step of a way; nothing while hardly seen.
    pub fn sight(&self, actor: Actor, step: &Step) -> Option<Sight> {
        let (wide, high, long) = actor.size();
        let (s, c) = step.facing.sin_cos();
        let (mut low, mut top) = ((f32::MAX, f32::MAX), (f32::MIN, f32::MIN));
        for i in 0..8 {
            let side =
                |bit: usize, size: f32| if i >> bit & 1 == 0 { -size / 2.0 } else { size / 2.0 };
            let (x, z) = (side(0, wide), side(1, long));
            let y = if i >> 2 == 0 { 0.0 } else { high };
            let (px, py) = self.see(step.place + v(x * c + z * s, y, z * c - x * s))?;
            low = (low.0.min(px), low.1.min(py));
            top = (top.0.max(px), top.1.max(py));
        }
        let far = self.camera.distance(step.place + v(0.0, high / 2.0, 0.0));
        self.look(low, top, far - long.max(0.8))
    }

    /// What is seen of a box of the picture whose nearest part is so far away.
    fn look(&self, low: (f32, f32), top: (f32, f32), far: f32) -> Option<Sight> {
        let (w, h) = (top.0 - low.0, top.1 - low.1);
        let mut sight = Sight {
            left: 1.0,
            top: 1.0,
            right: 0.0,
            bottom: 0.0,
            points: [(0.0, 0.0); ALL_POINTS],
            seen: 0,
            grain: w * h / ALL_POINTS as f32,
        };
        let (dx, dy) = (w / POINTS.0 as f32, h / POINTS.1 as f32);
        for i in 0..ALL_POINTS {
            let (x, y) = (
                low.0 + dx * ((i % POINTS.0) as f32 + 0.5),
                low.1 + dy * ((i / POINTS.0) as f32 + 0.5),
            );
            let inside = (0.0..1.0).contains(&x) && (0.0..1.0).contains(&y);
            if !inside || self.depth_at(x, y) < far {
                continue;
            }
            sight.left = sight.left.min((x - dx / 2.0).max(0.0));
            sight.right = sight.right.max((x + dx / 2.0).min(1.0));
            sight.top = sight.top.min((y - dy / 2.0).max(0.0));
            sight.bottom = sight.bottom.max((y + dy / 2.0).min(1.0));
            if let Some(point) = sight.points.get_mut(sight.seen) {
                *point = (x, y);
                sight.seen += 1;
            }
        }
        let enough = sight.seen as f32 >= LEAST_SEEN * ALL_POINTS as f32
            && sight.bottom - sight.top >= LEAST_HEIGHT;
        enough.then_some(sight)
    }
}
