//! Where each value of a window stands, as far as days make it by name.
//!
//! Invariants: the places are those of schema 1 (`operators`, `docs/ref/windows.md`); a test of `lab`
//! holds them against it, since this room does not know that one.

/// The schema that is made.
pub const SCHEMA: u32 = 1;
/// Values of a window.
pub const DIMENSIONS: usize = 122;
/// Rows and columns of activity, and of the look.
pub(crate) const ACTIVITY: (usize, usize) = (6, 8);
pub(crate) const LOOK: (usize, usize) = (4, 8);

macro_rules! places {
    ($($constant:ident $name:literal $at:literal),* $(,)?) => {
        $(pub(crate) const $constant: usize = $at;)*

        /// The names of the first of each list and of all single values, with their places.
        pub const NAMED: &[(&str, usize)] = &[$(($name, $at)),*];
    };
}

places! {
    CELLS "activity_r0_c0" 0,
    MOTION_MEAN "motion_mean" 48,
    MOTION_MOST "motion_most" 49,
    THINGS_MEAN "things_mean" 50,
    THINGS_MOST "things_most" 51,
    THINGS_NEW "things_new" 52,
    SIZE_MEAN "size_mean" 53,
    SIZE_MOST "size_most" 54,
    HEIGHT_MEAN "height_mean" 55,
    FOOT_X "foot_x_mean" 56,
    FOOT_Y "foot_y_mean" 57,
    SPEED_MEAN "speed_mean" 58,
    SPEED_MOST "speed_most" 59,
    HEADINGS "heading_0" 60,
    DWELL_MEAN "dwell_mean" 68,
    DWELL_MOST "dwell_most" 69,
    BRIGHTNESS "brightness" 70,
    BRIGHTNESS_LEAST "brightness_least" 71,
    BRIGHTNESS_MOST "brightness_most" 72,
    CONTRAST "contrast" 73,
    SHARPNESS "sharpness" 74,
    NOISE "noise" 75,
    CHANGE "change" 76,
    CHANGED "changed" 77,
    FLAT "flat" 78,
    VIEW_KEPT "view_kept" 79,
    COLOUR_U "colour_u" 80,
    COLOUR_V "colour_v" 81,
    PICTURE_RATE "picture_rate" 82,
    UNIT_RATE "unit_rate" 83,
    KEY_UNITS "key_units" 84,
    KEY_BYTES "key_bytes" 85,
    OTHER_BYTES "other_bytes" 86,
    OTHER_BYTES_MOST "other_bytes_most" 87,
    BYTE_RATE "byte_rate" 88,
    ARRIVAL_GAP "arrival_gap_most" 89,
    LOOKS "look_r0_c0" 90,
}

/// The values of one window while they are made; places outside are ignored.
pub(crate) struct Values(pub Vec<f32>);

impl Values {
    pub fn new() -> Values {
        Values(vec![0.0; DIMENSIONS])
    }
    pub fn set(&mut self, at: usize, value: f32) {
        self.0.get_mut(at).into_iter().for_each(|v| *v = value);
    }
    pub fn add(&mut self, at: usize, value: f32) {
        self.0.get_mut(at).into_iter().for_each(|v| *v += value);
    }
    pub fn get(&self, at: usize) -> f32 {
        self.0.get(at).copied().unwrap_or(0.0)
    }
}
