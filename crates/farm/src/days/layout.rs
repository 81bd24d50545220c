//! What is usual at each kind of place: the ways that people and vehicles take, and when they come.
//!
//! Invariants: each way goes one way only; all begin and end out of sight or at the picture's edge;
//! each place has hours in which nobody comes.
//! Units: metres on the ground of the scene of that name (x to the right, z away from the camera),
//! metres a second, visits an hour.
//! Not here: the chance in it (`rhythm`), how a way looks in the picture (`sight`).

use crate::SceneKind;
use crate::route::{Leg, Way};

/// Who takes a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    Person,
    Worker,
    Car,
    Van,
    Lorry,
    Forklift,
}

impl Actor {
    /// Width, height and length.
    pub fn size(self) -> (f32, f32, f32) {
        match self {
            Actor::Person | Actor::Worker => (0.62, 1.74, 0.62),
            Actor::Car => (1.8, 1.45, 4.4),
            Actor::Van => (2.0, 2.3, 5.3),
            Actor::Lorry => (2.3, 3.1, 7.2),
            Actor::Forklift => (1.3, 2.2, 2.7),
        }
    }

    pub fn walks(self) -> bool {
        matches!(self, Actor::Person | Actor::Worker)
    }
}

/// A way that is usual.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub name: &'static str,
    pub actor: Actor,
    pub points: &'static [(f32, f32)],
    /// Point at which they stop, and for how long.
    pub stop: Option<(usize, (f32, f32))>,
    pub speed: (f32, f32),
    /// Which of the place's rhythms it follows.
    pub rhythm: usize,
}

impl Route {
    /// The way of somebody `aside` of the middle, at a speed, with a stop so long.
    pub fn way(&self, aside: (f32, f32), speed: f32, stop_s: f32) -> Way {
        let stop = self.stop.map(|(at, _)| (at, stop_s));
        through(self.points, aside, speed, stop)
    }

    /// The same way from its end to its beginning, without a stop.
    pub fn back(&self, aside: (f32, f32), speed: f32) -> Way {
        through(&self.points.iter().rev().copied().collect::<Vec<_>>(), aside, speed, None)
    }
}

/// A way through points, stopping at one of them.
pub(crate) fn through(
    points: &[(f32, f32)],
    aside: (f32, f32),
    speed: f32,
    stop: Option<(usize, f32)>,
) -> Way {
    let moved = |p: &(f32, f32)| (p.0 + aside.0, p.1 + aside.1);
    let mut legs = Vec::with_capacity(points.len() + 1);
    for (i, point) in points.iter().map(moved).enumerate().skip(1) {
        legs.push(Leg::To(point.0, point.1, speed));
        legs.extend(stop.filter(|(at, s)| *at == i && *s > 0.0).map(|(_, s)| Leg::Stay(s)));
    }
    Way::new(points.first().map_or((0.0, 0.0), moved), legs, 0.5)
}

/// Shares of a place's most by hour: Monday to Friday, Saturday, Sunday.
pub(crate) type Rhythm = [[f32; 24]; 3];

/// A kind of place.
pub(crate) struct Layout {
    pub routes: &'static [Route],
    /// Ways that nobody takes.
    pub odd: &'static [&'static [(f32, f32)]],
    pub rhythms: &'static [Rhythm],
    /// Visits in the busiest hour of an ordinary camera there.
    pub most_per_hour: f32,
    pub indoors: bool,
}

/// What is usual at a place; a park counts as a street here.
pub(crate) fn layout(kind: SceneKind) -> Layout {
    match kind {
        SceneKind::Lobby => LOBBY,
        SceneKind::Yard => YARD,
        SceneKind::Street | SceneKind::Park => STREET,
    }
}

const NOBODY: [f32; 24] = [0.0; 24];
const OFFICE: [f32; 24] = [
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.12, 0.45, 1.0, 0.8, 0.45, 0.5, 0.9, 0.75, 0.45, 0.45, 0.6, 0.9,
    0.5, 0.25, 0.12, 0.06, 0.0, 0.0,
];
const OFFICE_OUT: [f32; 24] = [
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.04, 0.1, 0.2, 0.25, 0.4, 0.55, 0.9, 0.5, 0.4, 0.55, 0.8, 1.0,
    0.7, 0.35, 0.2, 0.1, 0.0, 0.0,
];
const FEW: [f32; 24] = [
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.06, 0.14, 0.2, 0.22, 0.2, 0.2, 0.18, 0.14, 0.1, 0.06,
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
];
const SHIFT: [f32; 24] = [
    0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 0.9, 1.0, 0.85, 0.35, 0.8, 0.9, 0.3, 0.85, 0.95, 0.6, 0.5, 0.3,
    0.1, 0.0, 0.0, 0.0, 0.0, 0.0,
];
const HALF_SHIFT: [f32; 24] = [
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.4, 0.6, 0.6, 0.3, 0.5, 0.4, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0,
    0.0, 0.0, 0.0, 0.0, 0.0,
];
const TRAFFIC: [f32; 24] = [
    0.06, 0.0, 0.0, 0.0, 0.05, 0.15, 0.45, 0.9, 1.0, 0.7, 0.55, 0.55, 0.6, 0.6, 0.6, 0.7, 0.9, 1.0,
    0.8, 0.5, 0.35, 0.25, 0.18, 0.1,
];
const WEEKEND: [f32; 24] = [
    0.15, 0.08, 0.0, 0.0, 0.0, 0.05, 0.12, 0.2, 0.35, 0.5, 0.65, 0.75, 0.75, 0.7, 0.7, 0.65, 0.6,
    0.55, 0.5, 0.45, 0.4, 0.35, 0.3, 0.2,
];

const LOBBY: Layout = Layout {
    routes: &[
        Route {
            name: "in-by-the-desk",
            actor: Actor::Person,
            points: &[
                (-13.5, -4.5),
                (-10.6, 5.9),
                (-6.0, 6.2),
                (-1.4, 11.4),
                (1.6, 11.4),
                (2.2, 16.4),
                (2.6, 18.0),
                (7.5, 18.2),
            ],
            stop: Some((3, (5.0, 20.0))),
            speed: (1.2, 1.5),
            rhythm: 0,
        },
        Route {
            name: "out-of-the-corridor",
            actor: Actor::Person,
            points: &[
                (7.5, 18.2),
                (2.6, 18.0),
                (2.1, 15.0),
                (-1.0, 8.6),
                (-6.0, 5.9),
                (-10.6, 5.8),
                (-13.5, -4.5),
            ],
            stop: None,
            speed: (1.3, 1.7),
            rhythm: 1,
        },
        Route {
            name: "from-the-right-to-the-corridor",
            actor: Actor::Person,
            points: &[(8.4, 7.0), (1.0, 8.0), (1.8, 13.5), (2.3, 16.5), (2.4, 18.0), (-4.0, 18.2)],
            stop: None,
            speed: (1.2, 1.7),
            rhythm: 0,
        },
        Route {
            name: "through-the-hall",
            actor: Actor::Person,
            points: &[
                (-13.5, -4.5),
                (-10.6, 5.9),
                (-6.0, 6.0),
                (-1.0, 7.0),
                (3.0, 6.5),
                (8.4, 5.0),
            ],
            stop: Some((3, (6.0, 18.0))),
            speed: (1.2, 1.5),
            rhythm: 0,
        },
    ],
    odd: &[&[(-4.0, 0.2), (-1.0, 2.6), (0.6, 4.4), (-0.6, 4.0), (0.2, 3.4), (-4.0, 0.0)]],
    rhythms: &[[OFFICE, FEW, NOBODY], [OFFICE_OUT, FEW, NOBODY]],
    most_per_hour: 70.0,
    indoors: true,
};

const YARD: Layout = Layout {
    routes: &[
        Route {
            name: "forklift-to-the-stack",
            actor: Actor::Forklift,
            points: &[
                (-10.0, 26.0),
                (-2.2, 25.2),
                (-0.9, 23.0),
                (-0.9, 13.5),
                (-3.0, 12.2),
                (-8.0, 12.5),
                (-4.0, 9.0),
                (-0.9, 11.0),
                (-0.9, 23.0),
                (-2.2, 25.2),
                (-10.0, 26.0),
            ],
            stop: Some((5, (2.5, 5.0))),
            speed: (2.6, 3.4),
            rhythm: 0,
        },
        Route {
            name: "delivery",
            actor: Actor::Van,
            points: &[(28.0, 6.6), (0.5, 6.6), (-30.0, 6.2)],
            stop: Some((1, (8.0, 25.0))),
            speed: (4.5, 5.5),
            rhythm: 0,
        },
        Route {
            name: "worker-to-the-right",
            actor: Actor::Worker,
            points: &[(6.0, 24.5), (0.4, 24.0), (2.4, 19.0), (2.4, 11.0), (4.8, 9.6), (19.0, 8.0)],
            stop: None,
            speed: (1.3, 1.6),
            rhythm: 0,
        },
        Route {
            name: "along-the-front",
            actor: Actor::Worker,
            points: &[(-16.0, 2.2), (0.5, 2.7), (17.0, 3.2)],
            stop: None,
            speed: (1.3, 1.7),
            rhythm: 0,
        },
    ],
    odd: &[&[(19.0, 13.6), (12.9, 13.0), (12.6, 16.4), (12.9, 14.0), (12.4, 15.6), (19.0, 14.2)]],
    rhythms: &[[SHIFT, HALF_SHIFT, NOBODY]],
    most_per_hour: 50.0,
    indoors: false,
};

const STREET: Layout = Layout {
    routes: &[
        Route {
            name: "lane-in",
            actor: Actor::Car,
            points: &[(22.0, 1.75), (-29.0, 1.75)],
            stop: None,
            speed: (4.8, 7.2),
            rhythm: 0,
        },
        Route {
            name: "lane-in-with-a-stop",
            actor: Actor::Van,
            points: &[(22.0, 1.75), (2.0, 1.75), (-29.0, 1.75)],
            stop: Some((1, (5.0, 14.0))),
            speed: (4.5, 6.5),
            rhythm: 0,
        },
        Route {
            name: "far-pavement",
            actor: Actor::Person,
            points: &[(-27.0, 7.7), (2.0, 7.7), (15.5, 7.7)],
            stop: None,
            speed: (1.25, 1.75),
            rhythm: 0,
        },
        Route {
            name: "over-the-crossing",
            actor: Actor::Person,
            points: &[(-16.0, -4.6), (-9.4, -4.6), (-9.4, 7.4), (-26.0, 7.7)],
            stop: Some((1, (1.0, 6.0))),
            speed: (1.3, 1.7),
            rhythm: 0,
        },
    ],
    odd: &[&[(-12.0, -2.4), (0.0, -2.6), (2.8, -2.6), (1.8, -3.0), (2.6, -2.8), (-12.0, -2.8)]],
    rhythms: &[[TRAFFIC, WEEKEND, WEEKEND]],
    most_per_hour: 110.0,
    indoors: false,
};
