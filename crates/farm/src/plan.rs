//! Who appears when: roles drawn by chance from a scene's ways, so that a loop has no seam.
//!
//! Invariants: nobody is on stage in the first and the last [`QUIET`] seconds (a sixth of
//! a clip shorter than six times that); two vehicles are never in one lane at once.

use crate::acts::Thing;
use crate::bicycle::bicycle;
use crate::body::{Body, Part};
use crate::math::{Chance, V3, v};
use crate::person::{Person, Pose};
use crate::route::{Step, Way};
use crate::vehicle::Vehicle;

/// Seconds without anybody at both ends of a loop.
pub(crate) const QUIET: f32 = 1.0;

/// Who it is.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    Walker(Person),
    Runner(Person),
    Cyclist(Person, V3),
    Vehicle(Vehicle),
    /// A forklift with its driver.
    Forklift(Vehicle, Person),
    /// A thing that stands there.
    Thing(Thing),
}

impl Who {
    /// Its class in the truth.
    pub fn class(&self) -> &'static str {
        match self {
            Who::Walker(_) | Who::Runner(_) => "person",
            Who::Cyclist(..) => "bicycle",
            Who::Vehicle(_) | Who::Forklift(..) => "vehicle",
            Who::Thing(_) => "thing",
        }
    }

    fn parts(&self, step: &Step) -> Vec<Part> {
        let turn = |metres: f32| step.gone / metres * std::f32::consts::TAU;
        match self {
            Who::Walker(person) => person.parts(Pose::Walk {
                phase: turn(0.8 * person.height),
                swing: 0.5 * step.pace.min(1.0),
            }),
            Who::Runner(person) => person.parts(Pose::Walk {
                phase: turn(1.25 * person.height),
                swing: 0.85 * step.pace.min(1.0),
            }),
            Who::Cyclist(person, paint) => {
                let mut parts = bicycle(*paint);
                parts.extend(person.parts(Pose::Ride { phase: turn(5.5) }));
                parts
            }
            Who::Vehicle(vehicle) => vehicle.parts(step.slows, 0.0),
            Who::Thing(thing) => thing.parts(V3::default()),
            Who::Forklift(vehicle, driver) => {
                let mut parts = vehicle.parts(false, 0.15);
                let seat = v(0.0, -0.12, -0.35);
                parts.extend(driver.parts(Pose::Sit).into_iter().map(|part| part.moved(seat)));
                parts
            }
        }
    }
}

/// One appearance.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub who: Who,
    pub way: Way,
    /// Seconds from the start of the clip.
    pub start: f32,
    /// What is carried, from when to when of the clip.
    pub holds: Option<(Thing, f32, f32)>,
    /// From when to when of the clip it is there; always when empty.
    pub here: Vec<(f32, f32)>,
    /// It belongs to the scene: no object of the truth.
    pub backdrop: bool,
}

/// Where a carried thing hangs, beside the right leg.
const HAND: V3 = v(0.42, 0.1, 0.05);

impl Role {
    pub fn new(who: Who, way: Way, start: f32) -> Role {
        Role { who, way, start, holds: None, here: Vec::new(), backdrop: false }
    }

    /// True when it is there at `t` seconds.
    fn is_here(&self, t: f32) -> bool {
        self.here.is_empty() || self.here.iter().any(|(from, to)| (*from..*to).contains(&t))
    }

    /// Where it stands or goes at `t` seconds of the clip; nothing while away.
    pub fn spot(&self, t: f32) -> Option<(f32, f32)> {
        let step = self.way.at(t - self.start).filter(|_| self.is_here(t))?;
        Some((step.place.x, step.place.z))
    }

    /// True when it is on stage at `t` seconds and does not move.
    pub fn stands(&self, t: f32) -> bool {
        self.is_here(t) && self.way.at(t - self.start).is_some_and(|step| step.pace == 0.0)
    }

    /// The body at `t` seconds of the clip; nothing while away.
    pub fn body(&self, t: f32) -> Option<Body> {
        let step = self.way.at(t - self.start).filter(|_| self.is_here(t))?;
        let sway = match self.who {
            Who::Walker(_) if step.pace == 0.0 => 0.1 * ((t - self.start) * 0.9).sin(),
            _ => 0.0,
        };
        let mut parts = self.who.parts(&step);
        if let Some((thing, _, _)) = self.holds.as_ref().filter(|h| (h.1..h.2).contains(&t)) {
            parts.extend(thing.parts(HAND));
        }
        Some(Body::new(step.place, step.facing + sway, parts))
    }
}

/// One kind of appearance: how often, which lane it needs alone, and how it is drawn.
pub(crate) struct Habit {
    pub weight: f32,
    pub lane: Option<usize>,
    pub make: fn(&mut Chance) -> (Who, Way),
}

/// Draws the roles of a clip `seconds` long; `pause` is the usual time from one to the next,
/// `blocked` the lanes that others have (lane, from, to).
pub(crate) fn plan(
    habits: &[Habit],
    seconds: f32,
    pause: (f32, f32),
    blocked: &[(usize, f32, f32)],
    chance: &mut Chance,
) -> Vec<Role> {
    let quiet = QUIET.min(seconds / 6.0) + 0.1;
    let end = seconds - quiet;
    let mut free = [0.0f32; 8];
    let mut roles = Vec::new();
    let mut t = quiet;
    while t < end {
        if let Some(habit) = draw(habits, chance) {
            let (who, way) = (habit.make)(chance);
            let lane = habit.lane.and_then(|lane| free.get_mut(lane));
            let over = t + way.seconds();
            let meets = |b: &&(usize, f32, f32)| Some(b.0) == habit.lane && t < b.2 && b.1 < over;
            let open = blocked.iter().find(meets).is_none();
            if open && over <= end && lane.as_ref().is_none_or(|free| **free <= t) {
                lane.into_iter().for_each(|free| *free = over + 0.3);
                roles.push(Role::new(who, way, t));
            }
        }
        t += chance.within(pause.0, pause.1);
    }
    if roles.is_empty() {
        // A clip too short for anybody's way: one hurries.
        roles.extend(draw(habits, chance).map(|habit| {
            let (who, way) = (habit.make)(chance);
            Role::new(who, way.within(seconds - 2.0 * quiet), quiet)
        }));
    }
    roles
}

fn draw<'a>(habits: &'a [Habit], chance: &mut Chance) -> Option<&'a Habit> {
    let mut left = chance.unit() * habits.iter().map(|h| h.weight).sum::<f32>();
    habits
        .iter()
        .find(|habit| {
            left -= habit.weight;
            left < 0.0
        })
        .or(habits.last())
}
