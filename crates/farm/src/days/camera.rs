//! The days of one camera: its rates, its visits, its usual paths, what is planted and how it ends.
//!
//! Invariants: all follows from the spec and the camera's number; visits stand in the order in which
//! they begin; without anomalies an hour's expected count is its rate.
//! Units: microseconds of UTC, visits an hour.

use flumen_base::Result;

use crate::SceneKind;
use crate::days::clock::{HOUR_US, LocalClock};
use crate::days::drift::Drift;
use crate::days::layout::{Layout, Route, layout};
use crate::days::plant::{self, Anomaly};
use crate::days::rhythm::{arrivals, factor, share};
use crate::days::sight::Eye;
use crate::days::visit::{Visit, places, trace};
use crate::days::{DaysSpec, Hour, Path};
use crate::math::Chance;

/// Exponentials in the rate's factor of overdispersed cameras.
const SHAPE: u32 = 12;
/// Two vehicles of a lane come at least so far apart.
const LANE_US: i64 = 2_500_000;
/// Hours of a week.
const WEEK: usize = 168;

/// One camera and all that happens before it.
pub struct CameraDays {
    /// Its id.
    pub id: String,
    /// Which scene it sees.
    pub kind: SceneKind,
    /// The seed of that scene.
    pub scene_seed: u64,
    /// Exponentials in the rate's factor; 0 = counts are Poisson.
    pub shape: u32,
    /// Its hours, in their order.
    pub hours: Vec<Hour>,
    /// Its usual paths.
    pub paths: Vec<Path>,
    /// What is planted, in its order.
    pub anomalies: Vec<Anomaly>,
    /// How it drifts towards failure, if it does.
    pub drift: Option<Drift>,
    pub(crate) routes: Vec<(Route, f32)>,
    pub(crate) visits: Vec<Visit>,
    pub(crate) eye: Eye,
    pub(crate) indoors: bool,
    /// The longest of the visits.
    longest_us: i64,
}

impl std::fmt::Debug for CameraDays {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {} visits, {} anomalies", self.id, self.visits.len(), self.anomalies.len())
    }
}

/// What is a camera's own: how much busier, earlier or later than the usual of its place.
struct Habits {
    routes: Vec<(Route, f32)>,
    most_per_hour: f32,
    later: i32,
    uneven: Vec<f32>,
}

impl Habits {
    fn draw(layout: &Layout, chance: &mut Chance) -> Habits {
        let mut routes: Vec<(Route, f32)> =
            layout.routes.iter().map(|r| (r.clone(), chance.within(0.6, 1.4))).collect();
        if chance.often(0.5) {
            routes.remove(chance.below(routes.len()));
        }
        let all: f32 = routes.iter().map(|(_, w)| w).sum();
        routes.iter_mut().for_each(|(_, w)| *w /= all);
        Habits {
            routes,
            most_per_hour: layout.most_per_hour * chance.within(0.55, 1.3),
            later: chance.below(3) as i32 - 1,
            uneven: (0..WEEK).map(|_| chance.within(0.8, 1.25)).collect(),
        }
    }

    /// Visits an hour on each route.
    fn rates(&self, layout: &Layout, hour_of_week: u32) -> Vec<f64> {
        let own = (hour_of_week as i32 - self.later).rem_euclid(WEEK as i32) as u32;
        let uneven = self.uneven.get(hour_of_week as usize).copied().unwrap_or(1.0);
        let one = |(route, weight): &(Route, f32)| {
            let rhythm = layout.rhythms.get(route.rhythm);
            f64::from(rhythm.map_or(0.0, |r| share(r, own)) * weight * uneven * self.most_per_hour)
        };
        self.routes.iter().map(one).collect()
    }
}

impl CameraDays {
    /// Draws the days of camera `index`.
    pub(crate) fn new(spec: &DaysSpec, clock: &LocalClock, index: u32) -> Result<CameraDays> {
        let kind = [SceneKind::Lobby, SceneKind::Street, SceneKind::Yard]
            .get(index as usize % 3)
            .copied()
            .unwrap_or(SceneKind::Lobby);
        let mut chance = Chance::new(spec.seed.rotate_left(20) ^ (u64::from(index) << 3) ^ 0xda75);
        let layout = layout(kind);
        let habits = Habits::draw(&layout, &mut chance);
        let scene_seed = chance.bits() >> 40;
        let shape = if index % 2 == 1 { SHAPE } else { 0 };
        let mut camera = CameraDays {
            id: format!("{}-{index:02}", kind.name()),
            kind,
            scene_seed,
            shape,
            hours: Vec::new(),
            paths: Vec::new(),
            anomalies: Vec::new(),
            drift: None,
            visits: Vec::new(),
            eye: Eye::new(kind, scene_seed),
            indoors: layout.indoors,
            longest_us: 0,
            routes: habits.routes.clone(),
        };
        let (begin, end) = spec.span_us(clock)?;
        let mut at = begin;
        while at < end {
            let local = clock.local(at);
            let rates = habits.rates(&layout, local.hour_of_week);
            camera.hour(at, (local.hour_of_week, local.ahead_s), &rates, &mut chance);
            at += HOUR_US;
        }
        camera.visits.sort_by_key(|v| v.start_us);
        camera.keep_lanes();
        plant::plant(&mut camera, spec, clock, &mut chance)?;
        camera.drift = Drift::draw(spec, index, (begin, end), &mut chance);
        camera.finish();
        Ok(camera)
    }

    /// Draws one hour.
    fn hour(&mut self, begin_us: i64, local: (u32, i32), rates: &[f64], chance: &mut Chance) {
        let busy = factor(self.shape, chance);
        for (index, rate) in rates.iter().enumerate() {
            for offset in arrivals(rate * busy, chance) {
                let visit = self.visit(index, begin_us + offset, chance);
                self.visits.extend(visit);
            }
        }
        self.hours.push(Hour {
            begin_us,
            hour_of_week: local.0,
            local_offset_s: local.1,
            rate: rates.iter().sum(),
            visits: 0,
            entries: 0,
        });
    }

    /// Seconds that local time is ahead of UTC.
    pub(crate) fn ahead_s(&self, at_us: i64) -> i32 {
        let after = self.hours.partition_point(|h| h.begin_us <= at_us);
        let hour = after.checked_sub(1).and_then(|i| self.hours.get(i));
        hour.map_or(0, |h| h.local_offset_s)
    }

    /// Who is on a way at a moment.
    pub(crate) fn visits_at(&self, at_us: i64) -> impl Iterator<Item = &Visit> {
        let after = self.visits.partition_point(|v| v.start_us <= at_us);
        let first = self.visits.partition_point(|v| v.start_us < at_us - self.longest_us);
        let begun = self.visits.get(first..after).unwrap_or(&[]);
        begun.iter().filter(move |v| v.end_us() > at_us)
    }

    /// Somebody on a route.
    pub(crate) fn visit(&self, route: usize, start_us: i64, chance: &mut Chance) -> Option<Visit> {
        let (r, _) = self.routes.get(route)?;
        let aside = if r.actor.walks() { 0.35 } else { 0.12 };
        let aside = (chance.within(-aside, aside), chance.within(-aside, aside));
        let speed = chance.within(r.speed.0, r.speed.1);
        let stop_s = r.stop.map_or(0.0, |(_, (low, high))| chance.within(low, high));
        Some(Visit {
            start_us,
            actor: r.actor,
            way: r.way(aside, speed, stop_s),
            seed: chance.bits(),
            route: Some(route),
        })
    }

    /// Those who drive wait until the lane before them is free.
    fn keep_lanes(&mut self) {
        let mut free = vec![i64::MIN; self.routes.len()];
        for visit in self.visits.iter_mut().filter(|v| !v.actor.walks()) {
            if let Some(free) = visit.route.and_then(|r| free.get_mut(r)) {
                visit.start_us = visit.start_us.max(*free);
                *free = visit.start_us + LANE_US;
            }
        }
        self.visits.sort_by_key(|v| v.start_us);
    }

    /// Counts what came, and tells the paths.
    fn finish(&mut self) {
        let lasts = |v: &Visit| v.end_us() - v.start_us;
        self.longest_us = self.visits.iter().map(lasts).max().unwrap_or(0);
        for visit in self.visits.iter() {
            let at = self.hours.partition_point(|h| h.begin_us <= visit.start_us);
            if let Some(hour) = at.checked_sub(1).and_then(|i| self.hours.get_mut(i)) {
                hour.visits += 1;
            }
        }
        let all = self.visits.len().max(1) as f64;
        for (index, (route, _)) in self.routes.iter().enumerate() {
            let speed = (route.speed.0 + route.speed.1) / 2.0;
            let stop_s = route.stop.map_or(0.0, |(_, (low, high))| (low + high) / 2.0);
            let seen = trace(&self.eye, route.actor, &route.way((0.0, 0.0), speed, stop_s));
            let visits = self.visits.iter().filter(|v| v.route == Some(index)).count() as u64;
            let permille = |(_, s): &(f32, crate::days::sight::Sight)| {
                let (x, y) = s.foot();
                [(x * 1000.0) as u32, (y * 1000.0) as u32]
            };
            self.paths.push(Path {
                name: route.name.to_owned(),
                places: places(&seen).into_iter().map(|p| p as u32).collect(),
                feet: seen.iter().step_by(5).map(permille).collect(),
                visits,
                share: visits as f64 / all,
            });
        }
    }
}
