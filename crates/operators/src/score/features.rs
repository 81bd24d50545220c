//! What a window says of the things in it, as twelve numbers of like size.
//!
//! Spec: docs/ref/models.md, "Windows that count" and "Features".

use flumen_base::wire::Window;

use crate::window_names::WINDOW_SCHEMA;

/// Features of a window.
pub const FEATURES: usize = 12;
/// The features of one window.
pub type FeatureVector = [f64; FEATURES];

const NAMES: [&str; FEATURES] = [
    "motion", "things", "size", "height", "foot_x", "foot_y", "speed", "way_x", "way_y", "stay",
    "day_x", "day_y",
];
/// The least deviation that counts.
const LEAST_DEVIATION: f64 = 0.05;
/// Covered share in 1/1000, and length in microseconds, that a window needs.
const COVERED: u32 = 900;
const LENGTH_US: u32 = 500_000;
const DAY_S: i64 = 86_400;

/// Places of values in a window of schema 1.
pub(super) mod at {
    pub const ACTIVITY: usize = 0;
    pub const MOTION_MEAN: usize = 48;
    pub const THINGS_MEAN: usize = 50;
    pub const THINGS_MOST: usize = 51;
    pub const THINGS_NEW: usize = 52;
    pub const SIZE_MOST: usize = 54;
    pub const HEIGHT_MEAN: usize = 55;
    pub const FOOT_X: usize = 56;
    pub const FOOT_Y: usize = 57;
    pub const SPEED_MEAN: usize = 58;
    pub const HEADING: usize = 60;
    pub const DWELL_MOST: usize = 69;
    pub const BRIGHTNESS: usize = 70;
    pub const CONTRAST: usize = 73;
    pub const SHARPNESS: usize = 74;
    pub const NOISE: usize = 75;
    pub const UNIT_RATE: usize = 83;
    pub const BYTE_RATE: usize = 88;
    pub const LOOK: usize = 90;
}

/// The value at a place; 0 where there is none.
pub(super) fn value(window: &Window, at: usize) -> f64 {
    window.values.get(at).copied().map_or(0.0, f64::from)
}

/// Names of the features in their order.
#[must_use]
pub fn names() -> [&'static str; FEATURES] {
    NAMES
}

/// True when a window may be learned from and scored.
#[must_use]
pub fn is_good(window: &Window) -> bool {
    window.schema == WINDOW_SCHEMA
        && !window.tampered
        && window.covered_permille >= COVERED
        && window.duration_us >= LENGTH_US
}

/// True when a good window has something in sight.
#[must_use]
pub fn is_busy(window: &Window) -> bool {
    is_good(window) && value(window, at::THINGS_MEAN) > 0.0
}

/// Local time of a window's beginning: seconds since 1970 as if it were UTC.
pub(super) fn local_s(window: &Window) -> i64 {
    window.begin_us.div_euclid(1_000_000) + i64::from(window.local_offset_s)
}

/// The features of a window.
#[must_use]
pub fn features(window: &Window) -> FeatureVector {
    let v = |at| value(window, at);
    let way = |k| v(at::HEADING + k);
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let (things, speed, stay) = (v(at::THINGS_MOST), v(at::SPEED_MEAN), v(at::DWELL_MOST));
    let day = local_s(window).rem_euclid(DAY_S) as f64 / DAY_S as f64;
    let quarter = if day + 0.25 >= 1.0 { day + 0.25 - 1.0 } else { day + 0.25 };
    [
        v(at::MOTION_MEAN).sqrt(),
        things / (things + 2.0),
        v(at::SIZE_MOST).sqrt(),
        v(at::HEIGHT_MEAN),
        v(at::FOOT_X),
        v(at::FOOT_Y),
        speed / (speed + 0.1),
        (way(0) - way(4)) + half * ((way(1) - way(3)) + (way(7) - way(5))),
        (way(2) - way(6)) + half * ((way(1) - way(7)) + (way(3) - way(5))),
        stay / (stay + 30.0),
        wave(day),
        wave(quarter),
    ]
}

/// A wave of the time of day: -1 at 0, 1 at a half.
fn wave(u: f64) -> f64 {
    if u < 0.5 { 4.0 * u - 1.0 } else { 3.0 - 4.0 * u }
}

/// Features by a camera's mean and standard deviation of each.
#[must_use]
pub fn standardised(
    x: &FeatureVector,
    mean: &FeatureVector,
    deviation: &FeatureVector,
) -> FeatureVector {
    let mut z = [0.0; FEATURES];
    for (((z, x), mean), deviation) in z.iter_mut().zip(x).zip(mean).zip(deviation) {
        *z = (x - mean) / deviation.max(LEAST_DEVIATION);
    }
    z
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window_names::dimensions;

    #[test]
    fn places_bear_the_names_of_windows() {
        let names: Vec<String> = dimensions().into_iter().map(|d| d.name).collect();
        for (place, name) in [
            (at::ACTIVITY, "activity_r0_c0"),
            (at::MOTION_MEAN, "motion_mean"),
            (at::THINGS_MEAN, "things_mean"),
            (at::THINGS_MOST, "things_most"),
            (at::THINGS_NEW, "things_new"),
            (at::SIZE_MOST, "size_most"),
            (at::HEIGHT_MEAN, "height_mean"),
            (at::FOOT_X, "foot_x_mean"),
            (at::FOOT_Y, "foot_y_mean"),
            (at::SPEED_MEAN, "speed_mean"),
            (at::HEADING, "heading_0"),
            (at::DWELL_MOST, "dwell_most"),
            (at::BRIGHTNESS, "brightness"),
            (at::CONTRAST, "contrast"),
            (at::SHARPNESS, "sharpness"),
            (at::NOISE, "noise"),
            (at::UNIT_RATE, "unit_rate"),
            (at::BYTE_RATE, "byte_rate"),
            (at::LOOK, "look_r0_c0"),
        ] {
            assert_eq!(names[place], name);
        }
    }
}
