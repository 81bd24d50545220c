//! Who does what at zone, line and lane, as the picture shows it.
//!
//! Somebody is where the lower edge of their box has its middle, as for the rules of a camera:
//! a car that is seen from its corner stands there beside its lane, so lanes are drawn for that.
//! Invariants: what happens on an edge, nearer to it than the size of a small error, is `maybe`:
//! it may be told and need not be.
//! Units: pixels; frames from 0.

use crate::SceneSpec;
use crate::camera::Camera;
use crate::ground::{LOITER_S, Zone};
use crate::happening::Happening;
use crate::plan::{Role, Who};

type Point = (f32, f32);

/// Where somebody stands in the picture.
#[derive(Clone, Copy)]
struct Foot {
    at: Point,
    height: f32,
}

/// Happenings, and those that are not sure.
#[derive(Default)]
pub(crate) struct Trespass {
    pub sure: Vec<Happening>,
    pub maybe: Vec<Happening>,
}

/// Somebody's way through the picture, and how large it is.
struct Walk {
    feet: Vec<Option<Foot>>,
    size: Point,
    fps: u32,
}

/// What one of the actors does to zones and lines.
pub(crate) fn trespass(
    spec: &SceneSpec,
    camera: &Camera,
    zones: &[Zone],
    (role, object): (&Role, u16),
) -> Trespass {
    let mut out = Trespass::default();
    if matches!(role.who, Who::Thing(_)) {
        return out;
    }
    let fps = spec.frame_rate_hz;
    let feet = (0..spec.frames).map(|n| foot(role, camera, n as f32 / fps as f32)).collect();
    let walk = Walk { feet, size: (spec.width as f32, spec.height as f32), fps };
    for zone in zones {
        let corners: Vec<Point> = zone
            .corners
            .iter()
            .map(|c| (c[0] as f32 * walk.size.0 / 1000.0, c[1] as f32 * walk.size.1 / 1000.0))
            .collect();
        let tell = |sure: bool, happening: Happening| {
            let zone = Some(zone.id);
            let (object, class) = (Some(object), Some(role.who.class()));
            let list = if sure { &mut out.sure } else { &mut out.maybe };
            list.push(Happening { zone, object, class, ..happening });
        };
        match (zone.kind, zone.direction) {
            ("line", _) => walk.crossings(&corners, tell),
            (_, Some(degrees)) => walk.against(&corners, degrees, tell),
            _ => walk.loitering(&corners, tell),
        }
    }
    out
}

/// The middle of the lower edge of somebody's box.
fn foot(role: &Role, camera: &Camera, t: f32) -> Option<Foot> {
    let body = role.body(t)?;
    let seen = body.corners(body.low, body.high).map(|corner| camera.see(corner));
    let (mut low, mut high) = ((f32::MAX, f32::MAX), (f32::MIN, f32::MIN));
    for corner in seen {
        let (x, y) = corner?;
        low = (low.0.min(x), low.1.min(y));
        high = (high.0.max(x), high.1.max(y));
    }
    Some(Foot { at: ((low.0 + high.0) / 2.0, high.1), height: high.1 - low.1 })
}

impl Walk {
    /// How near to an edge nobody can say on which side somebody is.
    fn margin(&self, foot: &Foot) -> f32 {
        (0.02 * self.size.1).max(0.15 * foot.height)
    }

    /// Staying in an area for too long.
    fn loitering(&self, area: &[Point], mut tell: impl FnMut(bool, Happening)) {
        let stays = (LOITER_S * self.fps as f32) as u32;
        let second = self.fps;
        for [first, last] in self.runs(0, |_, f| depth(area, f.at) > -self.margin(f)) {
            let sure =
                |n: &u32| self.foot(*n).is_some_and(|f| depth(area, f.at) >= self.margin(&f));
            let inside = |n: &u32| self.foot(*n).is_some_and(|f| depth(area, f.at) >= 0.0);
            let in_for = |is: &dyn Fn(&u32) -> bool| {
                let from = (first..=last).find(is)?;
                Some((from, (from..=last).take_while(is).last().unwrap_or(from)))
            };
            let (deep, nominal) = (in_for(&sure), in_for(&inside));
            // Who stands on the edge for a while may have left.
            let all_in = nominal.filter(|n| {
                let long = deep.is_some_and(|d| d.1.max(d.0 + stays) <= n.1 && n.1 - d.0 > stays);
                long && n.1 - n.0 > stays + second
            });
            if let Some((from, to)) = all_in {
                tell(true, Happening::new("loiter", from + stays, to));
            } else if last - first + second >= stays {
                let from = (first + stays).saturating_sub(second);
                tell(false, Happening::new("loiter", from, last));
            }
        }
    }

    /// Steps over a line.
    fn crossings(&self, line: &[Point], mut tell: impl FnMut(bool, Happening)) {
        let &[p, q] = line else { return };
        let reach = 3 * self.fps as usize;
        for (n, pair) in (1u32..).zip(self.feet.windows(2)) {
            let &[Some(a), Some(b)] = pair else { continue };
            let to_right = cross(p, q, b.at) >= 0.0;
            if (cross(p, q, a.at) >= 0.0) == to_right {
                continue;
            }
            let m = self.margin(&b);
            // Along the line from its first corner, and what is left of it.
            let length = apart(p, q).sqrt().max(1.0);
            let along = ((b.at.0 - p.0) * (q.0 - p.0) + (b.at.1 - p.1) * (q.1 - p.1)) / length;
            let inner = along.min(length - along);
            if inner < -m {
                continue;
            }
            let beyond = |f: &Option<Foot>, right: bool| {
                f.is_some_and(|f| {
                    let side = cross(p, q, f.at) / length;
                    if right { side >= m } else { side <= -m }
                })
            };
            let at = n as usize;
            let before = self.feet.iter().take(at).rev().take(reach);
            let after = self.feet.iter().skip(at).take(reach);
            let sure = inner >= m
                && before.into_iter().any(|f| beyond(f, !to_right))
                && after.into_iter().any(|f| beyond(f, to_right));
            let direction = Some(if to_right { "right" } else { "left" });
            tell(sure, Happening { direction, ..Happening::new("cross", n, n) });
        }
    }

    /// Going against the way of a lane, further than one is high.
    fn against(&self, area: &[Point], degrees: u32, mut tell: impl FnMut(bool, Happening)) {
        let (sin, cos) = (degrees as f32).to_radians().sin_cos();
        let back = |a: &Foot, b: &Foot| -((b.at.0 - a.at.0) * cos + (b.at.1 - a.at.1) * sin);
        let goes = |before: Option<Foot>, f: &Foot| {
            // Slower than this is standing.
            let step = 0.1 * f.height / self.fps as f32;
            before.is_some_and(|b| back(&b, f) > step) && depth(area, f.at) > -self.margin(f)
        };
        for [first, last] in self.runs(10 * self.fps, goes) {
            let feet = (first..=last).filter_map(|n| Some((n, self.foot(n)?)));
            let inside: Vec<(u32, Foot)> =
                feet.clone().filter(|(_, f)| depth(area, f.at) >= 0.0).collect();
            let deep: Vec<Foot> =
                feet.filter(|(_, f)| depth(area, f.at) >= self.margin(f)).map(|(_, f)| f).collect();
            let way = match deep.as_slice() {
                [a, .., b] => back(a, b) / a.height.max(b.height).max(self.size.0 / 25.0),
                _ => 0.0,
            };
            let (from, to) = match inside.as_slice() {
                [a, .., b] => (a.0, b.0),
                _ => (first, last),
            };
            tell(way >= 1.3, Happening::new("wrong-way", from, to));
        }
    }

    fn foot(&self, n: u32) -> Option<Foot> {
        self.feet.get(n as usize).copied().flatten()
    }

    /// Runs of frames in which `is` holds for the place before and then, with breaks of at most `gap`.
    fn runs(&self, gap: u32, is: impl Fn(Option<Foot>, &Foot) -> bool) -> Vec<[u32; 2]> {
        let mut runs: Vec<[u32; 2]> = Vec::new();
        let mut before = None;
        for (n, foot) in (0u32..).zip(&self.feet) {
            if foot.as_ref().is_some_and(|f| is(before, f)) {
                match runs.last_mut() {
                    Some([_, last]) if n - *last <= gap + 1 => *last = n,
                    _ => runs.push([n, n]),
                }
            }
            before = *foot;
        }
        runs
    }
}

/// Above 0 on the right of who goes from `a` to `b`; y points down.
fn cross(a: Point, b: Point, p: Point) -> f32 {
    (b.0 - a.0) * (p.1 - a.1) - (b.1 - a.1) * (p.0 - a.0)
}

/// Square of a distance.
fn apart(a: Point, b: Point) -> f32 {
    (b.0 - a.0).powi(2) + (b.1 - a.1).powi(2)
}

/// How far a point is inside an area; outside it is below 0.
fn depth(area: &[Point], p: Point) -> f32 {
    let next = || area.iter().zip(area.iter().cycle().skip(1));
    let over = |(a, b): &(&Point, &Point)| {
        (a.1 > p.1) != (b.1 > p.1) && p.0 < (b.0 - a.0) * (p.1 - a.1) / (b.1 - a.1) + a.0
    };
    let away = |(a, b): (&Point, &Point)| {
        let along =
            ((p.0 - a.0) * (b.0 - a.0) + (p.1 - a.1) * (b.1 - a.1)) / apart(*a, *b).max(1.0);
        let along = along.clamp(0.0, 1.0);
        apart((a.0 + along * (b.0 - a.0), a.1 + along * (b.1 - a.1)), p)
    };
    let away = next().map(away).fold(f32::MAX, f32::min).sqrt();
    if next().filter(over).count() % 2 == 1 { away } else { -away }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: [Point; 4] = [(40.0, 20.0), (80.0, 20.0), (80.0, 60.0), (40.0, 60.0)];

    /// Somebody 20 pixels high at these places, ten frames a second, in a picture of 100x100.
    fn walk(places: impl IntoIterator<Item = Point>) -> Walk {
        let feet = places.into_iter().map(|at| Some(Foot { at, height: 20.0 })).collect();
        Walk { feet, size: (100.0, 100.0), fps: 10 }
    }

    fn told(of: impl FnOnce(&mut dyn FnMut(bool, Happening))) -> Vec<(bool, u32, u32)> {
        let mut all = Vec::new();
        of(&mut |sure, h| all.push((sure, h.first, h.last)));
        all
    }

    #[test]
    fn depth_counts_from_the_nearest_edge() {
        assert_eq!(depth(&AREA, (60.0, 30.0)), 10.0);
        assert_eq!(depth(&AREA, (60.0, 15.0)), -5.0);
    }

    #[test]
    fn who_steps_over_the_line_is_sure_and_who_passes_its_end_is_not() {
        let line = [(50.0, 80.0), (50.0, 20.0)];
        let at = |y: f32| {
            told(|tell| walk((0..60).map(|n| (20.0 + n as f32, y))).crossings(&line, tell))
        };
        assert_eq!(at(50.0), [(true, 30, 30)]);
        assert_eq!(at(19.0), [(false, 30, 30)]);
        assert_eq!(at(10.0), []);
        let stops = (0..60).map(|n| ((20.0 + n as f32).min(51.0), 50.0));
        assert_eq!(told(|tell| walk(stops).crossings(&line, tell)), [(false, 30, 30)]);
    }

    #[test]
    fn who_stays_loiters_and_who_stands_on_the_edge_may() {
        let stay = |x: f32, frames: usize| {
            told(|tell| walk(vec![(x, 40.0); frames]).loitering(&AREA, tell))
        };
        assert_eq!(stay(60.0, 300), [(true, 200, 299)]);
        assert_eq!(stay(60.0, 205), [(false, 190, 204)]);
        assert_eq!(stay(60.0, 150), []);
        assert_eq!(stay(41.0, 300), [(false, 190, 299)]);
    }

    #[test]
    fn against_the_lane_counts_once_for_a_walk_and_from_its_own_height_on() {
        let go = |y: f32, from: f32, to: f32| {
            let steps = (0..=((from - to) as usize)).map(|n| (from - n as f32, y));
            told(|tell| walk(steps).against(&AREA, 0, tell))
        };
        assert_eq!(go(40.0, 90.0, 30.0), [(true, 10, 50)]);
        assert_eq!(go(40.0, 90.0, 68.0), [(false, 10, 22)]);
        assert_eq!(go(59.0, 90.0, 30.0), [(false, 10, 50)]);
        assert_eq!(
            told(|tell| walk((0..60).map(|n| (30.0 + n as f32, 40.0))).against(&AREA, 0, tell)),
            []
        );
    }
}
