//! What `Motion` tells about the last frame.
//!
//! Units: source pixels; media time in microseconds.

use crate::Motion;
use crate::scene::Scene;
use crate::thing::{SceneState, Standing, Thing, Working};
use crate::tone::ONE;
use crate::track::{Place, Track};

/// Share of the samples in 1/1000 below which the light changes otherwise in each place.
const EXPLAINED: u32 = 800;
/// Moving share of the picture in 1/10,000 above which it is the picture that changes.
const MOVING: u32 = 5000;

impl Motion {
    /// The things seen in the last frame, oldest first.
    pub fn things(&self) -> impl Iterator<Item = Thing> + '_ {
        self.tracker.all().iter().filter(|t| t.visible()).map(|t| self.thing(t))
    }

    fn thing(&self, t: &Track) -> Thing {
        let factor = self.shape.factor as f64;
        let (left, top, width, height) = self.outer(&t.place);
        Thing {
            id: t.id,
            left,
            top,
            width,
            height,
            score: 1000 - 1000 / (1 + t.hits.min(99)),
            born: t.born,
            velocity: (t.velocity.0 * factor, t.velocity.1 * factor),
            age_us: i64::from(t.age) * 4000,
            hits: t.hits,
        }
    }

    /// A place in source pixels, inside the picture.
    fn outer(&self, p: &Place) -> (i32, i32, u32, u32) {
        let (w, h) = (self.shape.source_width as f64, self.shape.source_height as f64);
        let factor = self.shape.factor as f64;
        let edge = |v: f64, most: f64| (v * factor).max(0.0).min(most) as i32;
        let (left, right) = (edge(p.x - p.w / 2.0, w), edge(p.x + p.w / 2.0, w));
        let (top, bottom) = (edge(p.y - p.h / 2.0, h), edge(p.y + p.h / 2.0, h));
        (left, top, (right - left).max(1) as u32, (bottom - top).max(1) as u32)
    }

    /// Shapes that stand still, those that came to rest first before the others.
    pub fn standing(&self) -> impl Iterator<Item = Standing> + '_ {
        self.stills.told().map(|s| {
            let (left, top, width, height) = self.outer(&Place::of(&s.rect));
            Standing {
                left,
                top,
                width,
                height,
                since_us: s.since_us,
                kind: s.kind(),
                track: s.track,
            }
        })
    }

    /// What the last frame as a whole was.
    pub fn scene(&self) -> SceneState {
        let tone = &self.back.tone;
        SceneState {
            known: self.scene != Scene::Other,
            explained_permille: tone.share,
            gain_permille: (i64::from(tone.gain.max(0)) * 1000 / i64::from(ONE)) as u32,
            moved: None,
        }
    }

    /// True when the background explains the last frame, as it does while the light is steady.
    pub fn is_usual(&self) -> bool {
        let scene = self.scene();
        scene.known && scene.explained_permille >= EXPLAINED && self.motion_permyriad() <= MOVING
    }

    /// The reduced picture of the last frame, and what it was held against.
    pub fn working(&self) -> Working<'_> {
        Working {
            luma: &self.small.luma,
            u: &self.small.u,
            v: &self.small.v,
            background: &self.classes.lit,
            mask: self.mask.bits(),
            factor: self.shape.factor,
        }
    }
}
