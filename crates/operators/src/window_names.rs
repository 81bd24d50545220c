//! The dimensions of a window by name, in their order.
//!
//! Invariants: the order and meaning of a schema never change; another order or meaning is
//! another schema. `docs/ref/windows.md` says the same, and a test holds it to that.

/// Counts the changes of names, order or meaning.
pub const WINDOW_SCHEMA: u32 = 1;
/// Rows and columns of the grid of activity.
pub const ACTIVITY: (usize, usize) = (6, 8);
/// Rows and columns of the picture's look.
pub const LOOK: (usize, usize) = (4, 8);
/// Directions, from right over down.
pub const HEADINGS: usize = 8;
/// Values of a window.
pub const WINDOW_DIMENSIONS: usize =
    ACTIVITY.0 * ACTIVITY.1 + BETWEEN.len() + HEADINGS + AFTER.len() + LOOK.0 * LOOK.1;

/// One value of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Its name, unique.
    pub name: String,
    /// Its unit.
    pub unit: &'static str,
    /// The least and the most it can be.
    pub range: (&'static str, &'static str),
    /// What it is.
    pub what: &'static str,
}

type Row = (&'static str, &'static str, &'static str, &'static str);

/// Between the grid and the headings.
const BETWEEN: [Row; 12] = [
    ("motion_mean", "share", "1", "share of the picture that moves, mean of the pictures"),
    ("motion_most", "share", "1", "the same, the most"),
    ("things_mean", "things", "", "things in sight, mean of the pictures"),
    ("things_most", "things", "", "the same, the most"),
    ("things_new", "things", "", "things told for the first time"),
    ("size_mean", "share", "1", "area of a thing's box, of the picture's, mean of all sights"),
    ("size_most", "share", "1", "the same, the most"),
    ("height_mean", "share", "1", "height of a thing's box, of the picture's, mean"),
    ("foot_x_mean", "share", "1", "where things meet the ground, from the left, mean"),
    ("foot_y_mean", "share", "1", "where things meet the ground, from the top, mean"),
    ("speed_mean", "widths/s", "", "speed of things in picture widths a second, mean"),
    ("speed_most", "widths/s", "", "the same, the most"),
];

/// Between the headings and the look.
const AFTER: [Row; 22] = [
    ("dwell_mean", "s", "", "how long things have been in sight, mean of all sights"),
    ("dwell_most", "s", "", "the same, the most"),
    ("brightness", "luma", "255", "mean of the picture"),
    ("brightness_least", "luma", "255", "of the darkest picture"),
    ("brightness_most", "luma", "255", "of the brightest picture"),
    ("contrast", "luma", "128", "standard deviation of the picture, about 160 wide"),
    ("sharpness", "luma", "255", "mean difference of neighbours in a row of the working picture"),
    ("noise", "luma", "255", "standard deviation of the noise of the working picture"),
    ("change", "luma", "255", "mean change from picture to picture"),
    ("changed", "share", "1", "share of the pixels that change at all from picture to picture"),
    ("flat", "share", "1", "share of the picture that holds one value alone"),
    ("view_kept", "share", "1", "share of the camera's usual view that is seen"),
    ("colour_u", "chroma", "255", "mean blue difference; 128 = grey"),
    ("colour_v", "chroma", "255", "mean red difference; 128 = grey"),
    ("picture_rate", "1/s", "", "pictures that were analysed"),
    ("unit_rate", "1/s", "", "access units that came"),
    ("key_units", "units", "", "key units among them"),
    ("key_bytes", "bytes", "", "size of a key unit, mean; 0 = there was none"),
    ("other_bytes", "bytes", "", "size of another unit, mean"),
    ("other_bytes_most", "bytes", "", "the same, the most"),
    ("byte_rate", "bytes/s", "", "bytes of all units"),
    ("arrival_gap_most", "s", "", "longest time from the arrival of a unit to the next"),
];

/// All dimensions of schema `WINDOW_SCHEMA`, in the order of a window's values.
pub fn dimensions() -> Vec<Dimension> {
    let one = |name: String, unit, most, what| Dimension { name, unit, range: ("0", most), what };
    let row = |&(name, unit, most, what): &Row| one(name.to_owned(), unit, most, what);
    let cells = |(rows, columns): (usize, usize)| {
        (0..rows).flat_map(move |r| (0..columns).map(move |c| (r, c)))
    };
    let mut all: Vec<Dimension> = cells(ACTIVITY)
        .map(|(r, c)| {
            one(format!("activity_r{r}_c{c}"), "share", "1", "share of this part that moves, mean")
        })
        .collect();
    all.extend(BETWEEN.iter().map(row));
    all.extend((0..HEADINGS).map(|i| {
        one(
            format!("heading_{i}"),
            "share",
            "1",
            "share of the way that things went into this eighth",
        )
    }));
    all.extend(AFTER.iter().map(row));
    all.extend(cells(LOOK).map(|(r, c)| {
        one(format!("look_r{r}_c{c}"), "luma", "255", "mean brightness of this part of the picture")
    }));
    all
}
