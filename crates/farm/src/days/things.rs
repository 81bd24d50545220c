//! Visits as things that an analysis follows: told after some looks, lost and found again.
//!
//! Invariants: a thing is told in each look from when it is told until it is lost.
//! Units: shares of the picture; widths a second; seconds.

use crate::days::seen::{Noise, bell};
use crate::days::sight::{Eye, Sight};
use crate::days::visit::{LOOKS_HZ, Visit};
use crate::math::Chance;

/// The height of a picture over its width.
const HIGH: f32 = 9.0 / 16.0;
/// A look's share in a speed.
const FRESH: f32 = 0.4;

/// Somebody in sight, as it is followed.
#[derive(Clone, Debug)]
pub(crate) struct Thing {
    /// Which of the camera's visits; none of a ghost.
    pub visit: Option<usize>,
    /// When a ghost is over.
    pub until_us: i64,
    last: Option<Sight>,
    hits: u32,
    missed: u32,
    told: bool,
    age: u32,
    velocity: (f32, f32),
}

/// A thing in one look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    pub area: f32,
    pub height: f32,
    pub foot: (f32, f32),
    pub velocity: (f32, f32),
    pub dwell_s: f32,
    pub new: bool,
}

impl Thing {
    pub fn of(visit: Option<usize>, until_us: i64) -> Thing {
        Thing {
            visit,
            until_us,
            last: None,
            hits: 0,
            missed: 0,
            told: false,
            age: 0,
            velocity: (0.0, 0.0),
        }
    }

    /// Where a visit is seen at a moment.
    pub fn sight(visit: &Visit, eye: &Eye, at_us: i64) -> Option<Sight> {
        let t = (at_us - visit.start_us) as f32 / 1e6;
        eye.sight(visit.actor, &visit.way.at(t)?)
    }

    /// Takes one look; gives what is told of it.
    pub fn look(
        &mut self,
        sight: Option<Sight>,
        noise: &Noise,
        chance: &mut Chance,
    ) -> Option<Told> {
        match sight.filter(|_| !chance.often(noise.miss)) {
            Some(sight) => self.hit(sight, noise, chance),
            None => self.missed += 1,
        }
        if self.missed > noise.kept || (self.told && chance.often(noise.breaks)) {
            (self.hits, self.told, self.last) = (0, false, None);
        }
        let last = self.last.filter(|_| self.hits >= noise.told_after)?;
        let new = !self.told;
        self.age = if new { noise.told_after } else { self.age + 1 };
        self.told = true;
        let (w, h) = (last.right - last.left, last.bottom - last.top);
        let mut shake = || 1.0 + noise.jitter * bell(chance);
        let (w, h) = (w * shake(), h * shake());
        let foot = last.foot();
        let foot = (foot.0 + w * (shake() - 1.0), foot.1 + h * (shake() - 1.0));
        Some(Told {
            area: w * h,
            height: h,
            foot: (foot.0.clamp(0.0, 1.0), foot.1.clamp(0.0, 1.0)),
            velocity: (
                self.velocity.0 + noise.speed * bell(chance),
                self.velocity.1 + noise.speed * bell(chance),
            ),
            dwell_s: self.age as f32 / LOOKS_HZ as f32,
            new,
        })
    }

    fn hit(&mut self, sight: Sight, noise: &Noise, chance: &mut Chance) {
        if let Some(before) = self.last {
            let (a, b) = (before.foot(), sight.foot());
            let looks = (self.missed + 1) as f32;
            let gone = |d: f32| d * LOOKS_HZ as f32 / looks;
            let now = (gone(b.0 - a.0), gone(b.1 - a.1) * HIGH);
            let fresh = if self.hits < 2 { 1.0 } else { FRESH };
            self.velocity.0 += fresh * (now.0 - self.velocity.0);
            self.velocity.1 += fresh * (now.1 - self.velocity.1);
        } else {
            self.velocity = (noise.speed * bell(chance), 0.0);
        }
        self.last = Some(sight);
        self.hits += 1;
        self.missed = 0;
    }
}
