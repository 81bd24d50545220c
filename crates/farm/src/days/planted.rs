//! One anomaly of each kind, drawn for a camera and a day.
//!
//! Invariants: each differs from what is usual in its own dimension and as little as can be in
//! others: wrong-way at an hour with people, wrong-time on a usual way.
//! Units: microseconds of UTC, seconds, metres a second.

use std::collections::HashSet;

use crate::days::Hour;
use crate::days::camera::CameraDays;
use crate::days::clock::HOUR_US;
use crate::days::layout::{Actor, Route, layout, through};
use crate::days::plant::{Anomaly, Kind, Planted, seen};
use crate::days::visit::{LOOKS_HZ, Visit, cells, trace, ways};
use crate::math::Chance;
use crate::route::Way;

/// Visits expected in the span of an absence: none come by chance once in e^16 spans.
const MISSED: f64 = 16.0;
/// The share of a way's steps that must be unusual to be called a wrong one.
const STRANGE: f32 = 0.5;
/// The share of a stay that must be in parts of the picture in which nothing moves otherwise.
const ASIDE: f32 = 0.4;
/// Half of an hour's span is left free before its end.
const LATEST: f32 = 0.5;

/// What is usual before a camera.
pub(crate) struct Usual {
    ways: HashSet<(usize, usize)>,
    cells: [f32; 48],
    most_rate: f64,
}

impl Usual {
    pub fn of(camera: &CameraDays) -> Usual {
        let mut usual = Usual { ways: HashSet::new(), cells: [0.0; 48], most_rate: 0.0 };
        for (route, _) in &camera.routes {
            let seen = trace(&camera.eye, route.actor, &route.way((0.0, 0.0), middle(route), 0.0));
            usual.ways.extend(ways(&seen));
            usual.cells.iter_mut().zip(cells(&seen)).for_each(|(a, b)| *a += b);
        }
        usual.most_rate = camera.hours.iter().map(|h| h.rate).fold(0.0, f64::max);
        usual
    }

    /// The share of a way's steps that go where or how nobody goes; none when hardly seen.
    pub fn against(&self, camera: &CameraDays, actor: Actor, way: &Way) -> Option<f32> {
        let steps = ways(&trace(&camera.eye, actor, way));
        let strange = steps.iter().filter(|s| !self.ways.contains(s)).count();
        (steps.len() >= 4).then(|| strange as f32 / steps.len() as f32)
    }

    /// The share of a way's time in parts of the picture in which nothing moves otherwise.
    pub fn aside(&self, camera: &CameraDays, way: &Way) -> f32 {
        let seen = cells(&trace(&camera.eye, Actor::Person, way));
        seen.iter().zip(&self.cells).filter(|(_, usual)| **usual < 0.004).map(|(s, _)| s).sum()
    }
}

fn middle(route: &Route) -> f32 {
    (route.speed.0 + route.speed.1) / 2.0
}

/// An hour of a day that a test takes, and a moment in it.
fn moment<'a>(
    camera: &'a CameraDays,
    day: (i64, i64),
    fits: impl Fn(&Hour) -> bool,
    chance: &mut Chance,
) -> Option<(&'a Hour, i64)> {
    let hours: Vec<&Hour> =
        camera.hours.iter().filter(|h| (day.0..day.1).contains(&h.begin_us) && fits(h)).collect();
    let hour = hours.get(chance.below(hours.len()))?;
    Some((hour, hour.begin_us + (f64::from(chance.within(0.02, LATEST)) * HOUR_US as f64) as i64))
}

fn person(start_us: i64, way: Way, chance: &mut Chance) -> Visit {
    Visit { start_us, actor: Actor::Person, way, seed: chance.bits(), route: None }
}

fn later(at_us: i64, seconds: f32) -> i64 {
    at_us + (f64::from(seconds) * 1e6) as i64
}

/// Draws one of a kind; nothing when there is no room for it there.
pub(crate) fn draw(
    camera: &CameraDays,
    usual: &Usual,
    kind: Kind,
    day: (i64, i64),
    chance: &mut Chance,
) -> Option<Planted> {
    // When most come, and when people come at all.
    let busy = |share: f64| move |h: &Hour| h.rate >= share * usual.most_rate;
    let visits = match kind {
        Kind::WrongTime => wrong_time(camera, day, chance)?,
        Kind::WrongPlace => {
            let (_, at) = moment(camera, day, busy(0.2), chance)?;
            vec![person(at, wrong_place(camera, usual, chance)?, chance)]
        }
        Kind::WrongWay => {
            let (_, at) = moment(camera, day, busy(0.2), chance)?;
            vec![wrong_way(camera, usual, at, chance)?]
        }
        Kind::Loitering => {
            let (_, at) = moment(camera, day, busy(0.15), chance)?;
            let stand = stand(camera, chance)?;
            vec![stay(camera, &stand, at, (360.0, 900.0), chance)?]
        }
        Kind::Crowd => {
            let (_, at) = moment(camera, day, busy(0.1), chance)?;
            let (stand, many) = (stand(camera, chance)?, 8 + chance.below(5));
            let one = |_| {
                let at = later(at, chance.within(0.0, 45.0));
                (0..8).find_map(|_| stay(camera, &stand, at, (120.0, 200.0), chance))
            };
            (0..many).map(one).collect::<Option<Vec<_>>>()?
        }
        Kind::Absence => return absence(camera, day, chance),
        Kind::ChangedLook => return changed_look(camera, day, chance),
        Kind::Rush => {
            let (_, at) = moment(camera, day, busy(0.2), chance)?;
            let route = walked(camera, chance)?;
            let speed = middle(&route) * chance.within(3.0, 3.8);
            vec![person(at, route.way((0.2, 0.2), speed, 0.0), chance)]
        }
        Kind::Large => {
            let (_, at) = moment(camera, day, busy(0.2), chance)?;
            let route = walked(camera, chance)?;
            let way = route.way((0.0, 0.0), middle(&route), 8.0);
            vec![Visit { actor: Actor::Lorry, ..person(at, way, chance) }]
        }
    };
    let anomaly = seen(camera, kind, &visits)?;
    Some(Planted { anomaly, visits })
}

/// One of the camera's ways for people, for any of its ways when there is none.
fn walked(camera: &CameraDays, chance: &mut Chance) -> Option<Route> {
    let walks: Vec<&Route> =
        camera.routes.iter().map(|(r, _)| r).filter(|r| r.actor.walks()).collect();
    walks.get(chance.below(walks.len())).map(|r| (*r).clone())
}

/// One to three people on usual ways, some at night.
fn wrong_time(camera: &CameraDays, day: (i64, i64), chance: &mut Chance) -> Option<Vec<Visit>> {
    let (_, mut at) = moment(camera, day, |h| h.rate == 0.0, chance)?;
    let mut visits = Vec::new();
    for _ in 0..1 + chance.below(3) {
        let visit = camera.visit(chance.below(camera.routes.len()), at, chance)?;
        visits.push(Visit { route: None, ..visit });
        at = later(at, chance.within(15.0, 60.0));
    }
    Some(visits)
}

/// The way of the place that is the most aside.
fn wrong_place(camera: &CameraDays, usual: &Usual, chance: &mut Chance) -> Option<Way> {
    let layout = layout(camera.kind);
    let aside = (chance.within(-0.2, 0.2), chance.within(-0.2, 0.2));
    let stay_s = chance.within(15.0, 60.0);
    let ways = layout.odd.iter().map(|points| {
        let way = through(points, aside, 0.9, Some((points.len() / 2, stay_s)));
        (usual.aside(camera, &way), way)
    });
    let best = ways.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= ASIDE).then_some(best.1)
}

/// Somebody on a usual way from its end to its beginning, where nobody goes like that.
fn wrong_way(
    camera: &CameraDays,
    usual: &Usual,
    start_us: i64,
    chance: &mut Chance,
) -> Option<Visit> {
    let (route, _) = camera.routes.get(chance.below(camera.routes.len()))?;
    let aside = (chance.within(-0.2, 0.2), chance.within(-0.2, 0.2));
    let way = route.back(aside, chance.within(route.speed.0, route.speed.1));
    let strange = usual.against(camera, route.actor, &way)?;
    let visit = Visit { actor: route.actor, ..person(start_us, way, chance) };
    (strange >= STRANGE).then_some(visit)
}

/// A usual way for people and a point of it.
fn stand(camera: &CameraDays, chance: &mut Chance) -> Option<(Route, usize)> {
    let route = walked(camera, chance)?;
    let at = 1 + chance.below(route.points.len().saturating_sub(2).max(1));
    Some((route, at))
}

/// Somebody who stands near a point of a way for so many seconds; nothing when hidden there.
fn stay(
    camera: &CameraDays,
    (route, stand): &(Route, usize),
    at: i64,
    seconds: (f32, f32),
    chance: &mut Chance,
) -> Option<Visit> {
    let aside = (chance.within(-0.9, 0.9), chance.within(-0.9, 0.9));
    let stays_s = chance.within(seconds.0, seconds.1);
    let way = through(route.points, aside, middle(route), Some((*stand, stays_s)));
    let seen = trace(&camera.eye, Actor::Person, &way).len() as f32 / LOOKS_HZ as f32;
    (seen >= 0.95 * stays_s).then(|| person(at, way, chance))
}

/// Hours in which people come, without any.
fn absence(camera: &CameraDays, day: (i64, i64), chance: &mut Chance) -> Option<Planted> {
    let first = moment(camera, day, |h| h.rate > 4.0, chance)?.0.begin_us;
    let hours = camera.hours.iter().filter(|h| h.begin_us >= first && h.begin_us < day.1);
    let (mut missed, mut end) = (0.0, first);
    for hour in hours {
        missed += hour.rate;
        end = hour.begin_us + HOUR_US;
        if missed >= MISSED && end - first >= HOUR_US * 3 / 2 {
            break;
        }
    }
    let long = (HOUR_US * 3 / 2..=HOUR_US * 4).contains(&(end - first));
    let anomaly =
        Anomaly { kind: Kind::Absence, begin_us: first, end_us: end, place: None, look: None };
    (long && missed >= MISSED).then_some(Planted { anomaly, visits: Vec::new() })
}

/// Something stands in the view, or light falls on a part of it.
fn changed_look(camera: &CameraDays, day: (i64, i64), chance: &mut Chance) -> Option<Planted> {
    // Where it can be seen: by day, or under lamps.
    let (_, begin_us) = moment(camera, day, |h| h.rate > 0.0, chance)?;
    let end_us = later(begin_us, chance.within(3600.0, 4.0 * 3600.0));
    let (row, column) = (1 + chance.below(2), chance.below(6));
    let (high, wide) = (1 + chance.below(2), 2 + chance.below(2));
    let part = |i: usize| (row + i / wide) * 8 + column + i % wide;
    let parts: Vec<usize> =
        (0..high * wide).map(part).filter(|p| *p < 32 && p % 8 >= column).collect();
    let by = chance.within(22.0, 45.0) * if chance.often(0.5) { 1.0 } else { -1.0 };
    let place = (row * 3 / 4 * 4 + column / 2) as u32;
    let anomaly = Anomaly {
        kind: Kind::ChangedLook,
        begin_us,
        end_us,
        place: Some(place),
        look: Some((parts, by)),
    };
    Some(Planted { anomaly, visits: Vec::new() })
}
