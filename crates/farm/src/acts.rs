//! Who does more than pass: leaves or takes a thing, loiters, crosses the line, goes against the flow.
//!
//! Invariants: what is left is fetched, and what is taken is brought back, before the clip
//! ends, so that a loop has no seam; drawn by a chance of its own, so that the others of a
//! scene are who they are without it.
//! Units: seconds of the clip, metres.

use crate::body::{At, Look, Part, Skin};
use crate::ground::{Ground, LOITER_S, Lane, Spot};
use crate::light::rgb;
use crate::math::{Chance, V3, noise3, v};
use crate::person::Person;
use crate::plan::{QUIET, Role, Who};
use crate::props::crate_side;
use crate::route::{Leg, Way};
use crate::shape::Shape;
use crate::vehicle::{Model, Vehicle};
use crate::{SceneKind, SceneSpec};

/// Something that can be carried.
#[derive(Clone, Debug)]
pub(crate) struct Thing {
    size: V3,
    colour: V3,
    boards: bool,
}

impl Thing {
    fn any(chance: &mut Chance) -> Thing {
        let boards = chance.often(0.3);
        let size = if boards { v(0.3, 0.52, 0.28) } else { v(0.26, 0.7, 0.17) };
        let colour = [0x8c1c24, 0x1c3c6c, 0x18181c, 0xc87c20, 0x2c5c3c, 0xd0ccc0];
        let colour = if boards { 0xb08048 } else { chance.pick(&colour, 0) };
        Thing { size: size * chance.within(0.95, 1.15), colour: rgb(colour), boards }
    }

    /// Its parts, the middle of its foot at `at` in the body's axes.
    pub fn parts(&self, at: V3) -> Vec<Part> {
        let s = self.size;
        let low = at - v(s.x, 0.0, s.z);
        let high = at + v(s.x, s.y, s.z);
        let skin = Skin::new(if self.boards { crate_side } else { case }, self.colour);
        let mut parts = vec![Part::new(Shape::Block(low, high), skin)];
        if !self.boards {
            let dark = Skin::plain(rgb(0x202022));
            let top = at + v(0.0, s.y + 0.08, 0.0);
            parts.push(Part::new(
                Shape::Limb(top - v(0.12, 0.0, 0.0), top + v(0.12, 0.0, 0.0), 0.02),
                dark,
            ));
        }
        parts
    }
}

/// Cloth over a frame, with two bands.
fn case(at: &At<'_>) -> Look {
    let across = (at.p.x - at.skin.low.x) / (at.skin.high.x - at.skin.low.x).max(0.01);
    let band = (across - 0.25).abs() < 0.04 || (across - 0.75).abs() < 0.04;
    let fold = 0.85 + 0.25 * noise3(at.p * 11.0);
    Look::shiny(at.skin.colour * if band { 0.45 } else { fold }, 0.02)
}

/// Something that was put down or taken: the role of the thing and from when to when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Deed {
    /// `left` or `taken`.
    pub kind: &'static str,
    /// Index of the thing's role, and of who did it and who undid it.
    pub thing: usize,
    pub by: usize,
    pub undone_by: usize,
    pub from: f32,
    pub to: f32,
}

/// The extra roles of a scene.
#[derive(Default)]
pub(crate) struct Acts {
    pub roles: Vec<Role>,
    /// Indices of roles are those in `roles`.
    pub deeds: Vec<Deed>,
    /// Lanes that are taken: lane, from, to.
    pub blocked: Vec<(usize, f32, f32)>,
}

/// Draws what the options ask for.
pub(crate) fn acts(spec: &SceneSpec) -> Acts {
    let mut stage = Drama {
        ground: Ground::of(spec.kind),
        end: spec.frames as f32 / spec.frame_rate_hz as f32 - QUIET - 0.2,
        worker: spec.kind == SceneKind::Yard,
        chance: Chance::new(spec.seed ^ 0xac75),
        acts: Acts::default(),
    };
    let o = &spec.options;
    (0..o.leave).for_each(|i| stage.swap("left", i));
    (0..o.take).for_each(|i| stage.swap("taken", i));
    (0..o.loiter).for_each(|_| stage.loiter());
    (0..o.cross).for_each(|_| stage.cross());
    (0..o.against).for_each(|_| stage.against());
    stage.acts
}

struct Drama {
    ground: Ground,
    end: f32,
    worker: bool,
    chance: Chance,
    acts: Acts,
}

/// Share of a zone's side, at its edges, in which nobody stays.
const INSET: f32 = 0.27;
/// How long one stands to put something down or pick it up, and when in it that is done.
const BEND_S: f32 = 2.4;
const DONE_S: f32 = 1.2;

impl Drama {
    fn person(&mut self) -> Who {
        let worker = self.worker && self.chance.often(0.6);
        let chance = &mut self.chance;
        Who::Walker(if worker { Person::worker(chance) } else { Person::any(chance) })
    }

    /// From out of sight by way of `stops` (place, how long one stays) and out again, either way round.
    fn way(&mut self, stops: &[(Spot, f32)]) -> Way {
        let back = self.chance.often(0.4);
        let (first, last) = if back {
            (self.ground.leave, self.ground.enter)
        } else {
            (self.ground.enter, self.ground.leave)
        };
        let reverse = |spots: &[Spot]| spots.iter().rev().copied().collect::<Vec<Spot>>();
        let first = if back { reverse(first) } else { first.to_vec() };
        let last = if back { reverse(last) } else { last.to_vec() };
        let pace = self.chance.within(1.3, 1.6);
        let mut legs: Vec<Leg> = first.iter().skip(1).map(|s| Leg::To(s.0, s.1, pace)).collect();
        for ((x, z), stay) in stops {
            legs.push(Leg::To(*x, *z, if *stay > 0.0 { pace } else { 0.75 }));
            if *stay > 0.0 {
                legs.push(Leg::Stay(*stay));
            }
        }
        legs.extend(last.iter().map(|s| Leg::To(s.0, s.1, pace)));
        Way::new(first.first().copied().unwrap_or_default(), legs, 0.5)
    }

    /// Somebody leaves (or takes) a thing, and another fetches it (or brings it back).
    fn swap(&mut self, kind: &'static str, index: u32) {
        let takes = kind == "taken";
        let (x, z) = if takes { self.ground.stood } else { self.ground.left };
        // Several stand side by side.
        let spot = (x + 0.9 * index as f32, z);
        let beside = (spot.0, spot.1 - 0.65);
        let ways = [self.way(&[(beside, BEND_S)]), self.way(&[(beside, BEND_S)])];
        let reach = |way: &Way| way.stop_after() + DONE_S;
        let [first, second] = &ways;
        let tail = second.seconds() - reach(second);
        // As long as the clip gives, at most 40 s.
        let room = (self.end - QUIET - 0.2 - reach(first) - tail).max(1.0);
        let gone = (room * self.chance.within(0.6, 0.95)).min(40.0);
        let begin = QUIET + 0.2 + self.chance.unit() * (room - gone) * 0.9;
        let from = begin + reach(first);
        let to = (from + gone).max(reach(second) + QUIET + 0.1);
        let thing = Thing::any(&mut self.chance);
        let base = self.acts.roles.len();
        let starts = [begin, to - reach(second)];
        let [first, second] = ways;
        let holds =
            if takes { [(from, self.end), (0.0, to)] } else { [(0.0, from), (to, self.end)] };
        for ((way, start), hold) in [first, second].into_iter().zip(starts).zip(holds) {
            let who = self.person();
            self.acts.roles.push(Role {
                holds: Some((thing.clone(), hold.0, hold.1)),
                ..Role::new(who, way, start)
            });
        }
        let way = Way::new(spot, vec![Leg::Stay(f32::MAX / 4.0)], 0.0);
        let here = if takes { vec![(-1.0, from), (to, f32::MAX)] } else { vec![(from, to)] };
        self.acts.roles.push(Role {
            here,
            backdrop: takes,
            ..Role::new(Who::Thing(thing), way, 0.0)
        });
        self.acts.deeds.push(Deed {
            kind,
            thing: base + 2,
            by: base,
            undone_by: base + 1,
            from,
            to,
        });
    }

    fn loiter(&mut self) {
        let [low, _, high, _] = self.ground.zone;
        let mut stops = Vec::new();
        let mut stays = 0.0;
        while stays < LOITER_S + 6.0 {
            let mut between =
                |low: f32, high: f32| low + (high - low) * self.chance.within(INSET, 1.0 - INSET);
            let (x, z) = (between(low.0, high.0), between(low.1, high.1));
            let stay = self.chance.within(3.0, 7.0);
            stops.push(((x, z), 0.0));
            stops.push(((x + 0.05, z), stay));
            stays += stay;
        }
        let way = self.way(&stops);
        let who = self.person();
        self.enter(who, way);
    }

    fn cross(&mut self) {
        let [a, b] = self.ground.line;
        let share = self.chance.within(0.6, 0.9);
        let at = (a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share);
        let way = self.way(&[((at.0 - 1.0, at.1), 0.0), ((at.0 + 1.0, at.1), 0.0)]);
        let who = self.person();
        self.enter(who, way);
    }

    fn against(&mut self) {
        let Some(Lane { flow, of, z, .. }) = self.ground.lane else { return };
        let model = self.chance.pick(&[Model::Car, Model::Van, Model::Estate], Model::Car);
        let speed = self.chance.within(4.5, 7.0);
        let way = Way::new((30.0 * flow.0, z), vec![Leg::To(-32.0 * flow.0, z, speed)], 1.0);
        let who = Who::Vehicle(Vehicle::any(model, &mut self.chance));
        let (start, over) = self.enter(who, way);
        self.acts.blocked.push((of, start, over));
    }

    /// Puts somebody on stage at any time at which the way fits.
    fn enter(&mut self, who: Who, way: Way) -> (f32, f32) {
        let first = QUIET + 0.2;
        let long = way.seconds().min(self.end - first);
        let way = if way.seconds() > long { way.within(long) } else { way };
        let start = first + self.chance.unit() * (self.end - first - long).max(0.0);
        self.acts.roles.push(Role::new(who, way, start));
        (start, start + long)
    }
}
