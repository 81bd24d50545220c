//! Where actors go and when: legs of a way with a speed, and stops.
//!
//! Invariants: a way's places are a pure function of time; a shift of start times moves
//! the whole way.
//! Units: metres, seconds, metres a second.

use crate::math::{V3, v};

/// One stretch of a way.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Leg {
    /// Straight on to (x, z) at a speed.
    To(f32, f32, f32),
    /// Stand for so long.
    Stay(f32),
}

/// A way over the ground.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    from: (f32, f32),
    legs: Vec<Leg>,
    /// Time to come to a stand or to get going.
    ease: f32,
}

/// Somebody's place on a way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub place: V3,
    /// Where it faces, 0 = +z.
    pub facing: f32,
    /// Metres gone so far.
    pub gone: f32,
    /// 0 standing, about 1 at the leg's speed.
    pub pace: f32,
    /// Coming to a stand, or standing.
    pub slows: bool,
}

/// Time over which a turn is spread.
const TURN: f32 = 0.5;

impl Way {
    pub fn new(from: (f32, f32), legs: Vec<Leg>, ease: f32) -> Way {
        Way { from, legs, ease }
    }

    /// The same way, all of it done in `seconds`.
    pub fn within(mut self, seconds: f32) -> Way {
        let share = seconds / self.seconds().max(0.1);
        for leg in &mut self.legs {
            match leg {
                Leg::To(_, _, speed) => *speed /= share,
                Leg::Stay(time) => *time *= share,
            }
        }
        self
    }

    /// How long it takes.
    pub fn seconds(&self) -> f32 {
        let mut at = self.from;
        let mut sum = 0.0;
        for leg in &self.legs {
            match leg {
                Leg::To(x, z, speed) => {
                    sum += ((x - at.0).powi(2) + (z - at.1).powi(2)).sqrt() / speed;
                    at = (*x, *z);
                }
                Leg::Stay(time) => sum += time,
            }
        }
        sum
    }

    /// How long it takes to the first stop.
    pub fn stop_after(&self) -> f32 {
        let stop = self.legs.iter().position(|leg| matches!(leg, Leg::Stay(_)));
        let legs = self.legs.iter().take(stop.unwrap_or(self.legs.len())).copied().collect();
        Way { legs, ..self.clone() }.seconds()
    }

    /// Where one is after `t` seconds; nothing before the start and after the end.
    pub fn at(&self, t: f32) -> Option<Step> {
        if t < 0.0 || t >= self.seconds() {
            return None;
        }
        let step = self.raw(t);
        // A turn is the mean of where one faces a little before and after.
        let (a, b) = (
            self.raw((t - TURN / 2.0).max(0.0)),
            self.raw((t + TURN / 2.0).min(self.seconds() - 1e-3)),
        );
        let (x, z) = (a.facing.sin() + b.facing.sin(), a.facing.cos() + b.facing.cos());
        let facing = if x.abs() + z.abs() > 0.05 { x.atan2(z) } else { step.facing };
        Some(Step { facing, ..step })
    }

    fn raw(&self, t: f32) -> Step {
        let (mut at, mut left, mut gone, mut facing) = (self.from, t, 0.0, self.first_facing());
        let mut stood = false;
        for (i, leg) in self.legs.iter().enumerate() {
            match *leg {
                Leg::To(x, z, speed) => {
                    let (dx, dz) = (x - at.0, z - at.1);
                    let length = (dx * dx + dz * dz).sqrt();
                    let time = length / speed;
                    facing = dx.atan2(dz);
                    if left < time {
                        let stops = matches!(self.legs.get(i + 1), Some(Leg::Stay(_)));
                        let (share, pace) = eased(left / time, self.ease / time, stood, stops);
                        let place = v(at.0 + dx * share, 0.0, at.1 + dz * share);
                        let slows = stops && left > time - self.ease;
                        return Step { place, facing, gone: gone + length * share, pace, slows };
                    }
                    left -= time;
                    gone += length;
                    at = (x, z);
                    stood = false;
                }
                Leg::Stay(time) => {
                    if left < time {
                        break;
                    }
                    left -= time;
                    stood = true;
                }
            }
        }
        Step { place: v(at.0, 0.0, at.1), facing, gone, pace: 0.0, slows: true }
    }

    fn first_facing(&self) -> f32 {
        self.legs
            .iter()
            .find_map(|leg| match leg {
                Leg::To(x, z, _) => Some((x - self.from.0).atan2(z - self.from.1)),
                Leg::Stay(_) => None,
            })
            .unwrap_or(0.0)
    }
}

/// Share of a leg's length and of its speed at share `u` of its time, getting going and
/// stopping over share `k` of it.
fn eased(u: f32, k: f32, starts: bool, stops: bool) -> (f32, f32) {
    let k = k.min(0.5);
    let (a, b) = (if starts { k } else { 0.0 }, if stops { k } else { 0.0 });
    let top = 1.0 / (1.0 - (a + b) / 2.0);
    if u < a {
        return (top * u * u / (2.0 * a), top * u / a);
    }
    let rest = 1.0 - u;
    if rest < b {
        return (1.0 - top * rest * rest / (2.0 * b), top * rest / b);
    }
    (top * (u - a / 2.0), top)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_goes_stands_and_goes_on() {
        let way = Way::new(
            (0.0, 0.0),
            vec![Leg::To(0.0, 4.0, 2.0), Leg::Stay(3.0), Leg::To(4.0, 4.0, 2.0)],
            0.0,
        );
        assert_eq!(way.seconds(), 7.0);
        assert!((way.at(1.0).unwrap().place.z - 2.0).abs() < 1e-5);
        let stand = way.at(3.5).unwrap();
        assert_eq!((stand.place.z, stand.pace, stand.gone), (4.0, 0.0, 4.0));
        assert!((way.at(6.5).unwrap().place.x - 3.0).abs() < 1e-5);
        assert!((way.at(6.5).unwrap().facing - std::f32::consts::FRAC_PI_2).abs() < 1e-3);
        assert!(way.at(-0.1).is_none() && way.at(7.0).is_none());
        assert!((way.clone().within(3.5).seconds() - 3.5).abs() < 1e-4);
    }

    #[test]
    fn nobody_jumps_when_stopping() {
        let way = Way::new(
            (0.0, 0.0),
            vec![Leg::To(0.0, 9.0, 3.0), Leg::Stay(1.0), Leg::To(0.0, 18.0, 3.0)],
            1.0,
        );
        let places: Vec<f32> =
            (0..700).filter_map(|i| way.at(i as f32 / 100.0)).map(|s| s.place.z).collect();
        assert!(places.windows(2).all(|w| w[1] >= w[0] && w[1] - w[0] < 0.04));
        assert!(way.at(2.99).unwrap().pace < 0.05 && way.at(2.9).unwrap().slows);
    }
}
