//! Vectors, seeded chance and smooth noise.
//!
//! Invariants: all of it is a pure function of its arguments; noise is in 0..1.
//! Units: whatever the caller means, metres in scenes.

use std::ops::{Add, Mul, Neg, Sub};

/// Three numbers: a place, a direction, or linear red, green and blue.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct V3 {
    pub x: f32,
    pub y: f32,
    pub z: f32,
}

/// Short for a [`V3`].
pub(crate) const fn v(x: f32, y: f32, z: f32) -> V3 {
    V3 { x, y, z }
}

/// A grey or a vector of three equal numbers.
pub(crate) const fn all(x: f32) -> V3 {
    v(x, x, x)
}

impl Add for V3 {
    type Output = V3;
    fn add(self, o: V3) -> V3 {
        v(self.x + o.x, self.y + o.y, self.z + o.z)
    }
}
impl Sub for V3 {
    type Output = V3;
    fn sub(self, o: V3) -> V3 {
        v(self.x - o.x, self.y - o.y, self.z - o.z)
    }
}
impl Mul<f32> for V3 {
    type Output = V3;
    fn mul(self, k: f32) -> V3 {
        v(self.x * k, self.y * k, self.z * k)
    }
}
impl Mul for V3 {
    type Output = V3;
    fn mul(self, o: V3) -> V3 {
        v(self.x * o.x, self.y * o.y, self.z * o.z)
    }
}
impl Neg for V3 {
    type Output = V3;
    fn neg(self) -> V3 {
        self * -1.0
    }
}

impl V3 {
    pub fn dot(self, o: V3) -> f32 {
        self.x * o.x + self.y * o.y + self.z * o.z
    }
    pub fn cross(self, o: V3) -> V3 {
        v(self.y * o.z - self.z * o.y, self.z * o.x - self.x * o.z, self.x * o.y - self.y * o.x)
    }
    pub fn length(self) -> f32 {
        self.dot(self).sqrt()
    }
    pub fn unit(self) -> V3 {
        self * (1.0 / self.length().max(1e-9))
    }
    pub fn min(self, o: V3) -> V3 {
        v(self.x.min(o.x), self.y.min(o.y), self.z.min(o.z))
    }
    pub fn max(self, o: V3) -> V3 {
        v(self.x.max(o.x), self.y.max(o.y), self.z.max(o.z))
    }
    /// Turned about the upright axis; `(sin, cos)` of the angle from +z towards +x.
    pub fn turned(self, (s, c): (f32, f32)) -> V3 {
        v(self.x * c + self.z * s, self.y, self.z * c - self.x * s)
    }
    /// The mirror image of a direction at a surface with normal `n`.
    pub fn mirrored(self, n: V3) -> V3 {
        self - n * (2.0 * self.dot(n))
    }
}

/// From `a` to `b`, `t` from 0 to 1.
pub(crate) fn mix(a: V3, b: V3, t: f32) -> V3 {
    a + (b - a) * t
}

/// 0 below `a`, 1 above `b`, smooth between.
pub(crate) fn step(a: f32, b: f32, x: f32) -> f32 {
    let t = ((x - a) / (b - a)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// 1 inside `a..b`, 0 outside, with edges `soft` wide.
pub(crate) fn band(a: f32, b: f32, soft: f32, x: f32) -> f32 {
    step(a - soft, a, x) * (1.0 - step(b, b + soft, x))
}

/// Chance that a seed fixes: SplitMix64.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Chance {
        Chance(seed ^ 0x9e37_79b9_7f4a_7c15)
    }
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// 0 to below 1.
    pub fn unit(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1u64 << 24) as f32
    }
    pub fn within(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }
    /// 0 to below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n.max(1) as u64) as usize
    }
    pub fn often(&mut self, share: f32) -> bool {
        self.unit() < share
    }
    /// One of `items`, or `last` when there is none.
    pub fn pick<T: Copy>(&mut self, items: &[T], last: T) -> T {
        items.get(self.below(items.len())).copied().unwrap_or(last)
    }
}

/// A whole number from cell coordinates, well mixed.
pub(crate) fn cell(x: i32, y: i32, z: i32) -> u32 {
    let mut h = (x as u32).wrapping_mul(0x8da6_b343)
        ^ (y as u32).wrapping_mul(0xd816_3841)
        ^ (z as u32).wrapping_mul(0xcb1a_b31f);
    h = (h ^ (h >> 15)).wrapping_mul(0x2c1b_3c6d);
    h = (h ^ (h >> 12)).wrapping_mul(0x297a_2d39);
    h ^ (h >> 15)
}

/// [`cell`] as 0..1.
pub(crate) fn dice(x: i32, y: i32, z: i32) -> f32 {
    (cell(x, y, z) >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// Smooth noise in the plane, features about 1 wide.
pub(crate) fn noise2(x: f32, y: f32, seed: i32) -> f32 {
    let (fx, fy) = (x.floor(), y.floor());
    let (ix, iy) = (fx as i32, fy as i32);
    let (tx, ty) = (step(0.0, 1.0, x - fx), step(0.0, 1.0, y - fy));
    let low = dice(ix, iy, seed) * (1.0 - tx) + dice(ix + 1, iy, seed) * tx;
    let high = dice(ix, iy + 1, seed) * (1.0 - tx) + dice(ix + 1, iy + 1, seed) * tx;
    low * (1.0 - ty) + high * ty
}

/// Smooth noise in space, features about 1 wide.
pub(crate) fn noise3(p: V3) -> f32 {
    let fz = p.z.floor();
    let tz = step(0.0, 1.0, p.z - fz);
    let seed = (fz as i32).wrapping_mul(7919);
    noise2(p.x, p.y, seed) * (1.0 - tz) + noise2(p.x, p.y, seed.wrapping_add(7919)) * tz
}

/// Noise of several sizes: wide and fine together.
pub(crate) fn cloudy(x: f32, y: f32, seed: i32) -> f32 {
    let (mut sum, mut gain, mut scale) = (0.0, 0.5, 1.0);
    for octave in 0..4 {
        sum += gain * noise2(x * scale, y * scale, seed + octave * 31);
        gain *= 0.5;
        scale *= 2.03;
    }
    sum / 0.9375
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_and_chance_stay_in_range() {
        let mut chance = Chance::new(3);
        for _ in 0..2000 {
            let (x, y) = (chance.within(-900.0, 900.0), chance.within(-900.0, 900.0));
            for n in [noise2(x, y, 5), noise3(v(x, y, x)), cloudy(x, y, 1)] {
                assert!((0.0..=1.0).contains(&n), "{n} at {x} {y}");
            }
        }
    }

    #[test]
    fn turning_goes_from_z_to_x() {
        let right = v(0.0, 0.0, 1.0).turned(std::f32::consts::FRAC_PI_2.sin_cos());
        assert!((right - v(1.0, 0.0, 0.0)).length() < 1e-6);
    }
}
