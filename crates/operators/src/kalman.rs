//! One direction of a box that moves: its middle, speed and length, each with how sure it is.
//!
//! Invariants: only + - * / in a fixed order; a length never below `LEAST`; the variances of
//! middle, speed and length never negative.
//! Units: reduced pixels, seconds; variances in their squares.
//! Source: the Kalman filter (1960) with white acceleration, fed edge by edge as scalars
//! (Bar-Shalom, Li, Kirubarajan 2001); an edge far from its prediction is trusted less (after
//! Geman and McClure's weights), so that a missing head or a shadow below moves no box.

use crate::state::{Reader, Writer};

/// Shortest length.
const LEAST: f64 = 2.0;
/// Acceleration: lengths a second, each second.
const DRIFT: f64 = 1.5;
/// Growth: share of the length in a second.
const GROWTH: f64 = 0.35;
/// An edge lies within this share of the length.
const EDGE: f64 = 0.06;
/// And within this many pixels, whatever the length.
const PIXEL: f64 = 0.7;
/// Squared surprise, in variances, at which an edge is trusted half.
const TRUST: f64 = 4.0;
/// At the picture's edge the length may change by this share of itself from frame to frame.
const LOOSE: f64 = 0.3;

/// Middle, speed and length along one direction.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Axis {
    /// Middle.
    pub at: f64,
    /// Speed.
    pub speed: f64,
    /// Length.
    pub size: f64,
    /// Covariances: middle, middle-speed, middle-length, speed, speed-length, length.
    p: [f64; 6],
}

impl Axis {
    /// First seen at `at`; `scale` is how large the whole thing is.
    pub fn born(at: f64, size: f64, scale: f64) -> Axis {
        let noise = edge_noise(scale);
        let speed = 4.0 * scale * scale;
        Axis { at, speed: 0.0, size, p: [noise, 0.0, 0.0, speed, 0.0, 2.0 * noise] }
    }

    /// Goes on for `seconds`; without `moves` it stays, and only grows unsure.
    pub fn predict(&mut self, seconds: f64, scale: f64, moves: bool) {
        let dt = seconds;
        let [mm, ms, ml, ss, sl, ll] = self.p;
        if moves {
            self.at += self.speed * dt;
        }
        let q = DRIFT * scale * DRIFT * scale;
        let g = GROWTH * scale * GROWTH * scale;
        self.p = [
            mm + 2.0 * dt * ms + dt * dt * ss + q * dt * dt * dt / 3.0,
            ms + dt * ss + q * dt * dt / 2.0,
            ml + dt * sl,
            ss + q * dt,
            sl,
            ll + g * dt,
        ];
    }

    /// Its lower (`side` -0.5) or upper (0.5) edge is seen at `edge`.
    pub fn see(&mut self, side: f64, edge: f64, scale: f64) {
        let [mm, ms, ml, ss, sl, ll] = self.p;
        let (a, b, c) = (mm + side * ml, ms + side * sl, ml + side * ll);
        let surprise = edge - (self.at + side * self.size);
        let noise = edge_noise(scale);
        let expected = a + side * c + noise;
        let variance = a + side * c + noise * (1.0 + surprise * surprise / (TRUST * expected));
        let (ga, gb, gc) = (a / variance, b / variance, c / variance);
        self.at += ga * surprise;
        self.speed += gb * surprise;
        self.size = (self.size + gc * surprise).max(LEAST);
        self.p = [
            (mm - ga * a).max(0.0),
            ms - ga * b,
            ml - ga * c,
            (ss - gb * b).max(0.0),
            sl - gb * c,
            (ll - gc * c).max(0.0),
        ];
    }

    /// Its length changes at once: it comes into or goes out of the picture.
    pub fn loosen(&mut self) {
        let [.., length] = &mut self.p;
        *length += LOOSE * LOOSE * self.size * self.size;
    }

    /// Writes it.
    pub fn save(&self, to: &mut Writer) {
        for v in [self.at, self.speed, self.size].into_iter().chain(self.p) {
            to.f64(v);
        }
    }

    /// Reads what `save` wrote.
    pub fn load(from: &mut Reader<'_>) -> Option<Axis> {
        let (at, speed, size) = (from.f64()?, from.f64()?, from.f64()?);
        let mut p = [0.0; 6];
        for v in &mut p {
            *v = from.f64()?;
        }
        Some(Axis { at, speed, size, p })
    }
}

fn edge_noise(scale: f64) -> f64 {
    let noise = EDGE * scale + PIXEL;
    noise * noise
}
