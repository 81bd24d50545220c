//! Who went where of late, for what may have been left or taken there.
//!
//! Invariants: what stands, or only changes its light, was nowhere; the larger counts for 10 s.
//! Units: source pixels; media time in microseconds.

use crate::Thing;
use crate::rules::Moment;
use crate::rules_settled::Settling;
use crate::state::{Reader, Writer};

/// Who brought it was there so long before it came to rest.
const BROUGHT_US: i64 = 10_000_000;
/// Own heights a second from which on somebody passes: people walk at 0.6 to 1, towards the camera
/// at 0.25 or more in the picture.
const PASSES: f64 = 0.25;
/// No picture has more.
const MOST_PIXELS: u64 = 1 << 40;
/// Cells of the grid, across and down.
pub(crate) const COLUMNS: usize = 32;
pub(crate) const ROWS: usize = 18;

/// A box: left, top, width, height.
pub(crate) type Area = (i32, i32, u32, u32);

/// When something moved where, and how large it was, on a coarse grid.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Visits(Vec<(i64, u64)>);

impl Visits {
    /// Notes where the things of a frame go; what stands, or only changes its light, brings nothing,
    /// nor does what goes where the picture is not as usual yet.
    pub(crate) fn see(&mut self, now: Moment, things: &[Thing], settling: &Settling) {
        if self.0.is_empty() {
            self.0.resize(COLUMNS * ROWS, (i64::MIN, 0));
        }
        for thing in things.iter().filter(|t| passes(t)) {
            let size = pixels(area_of(thing));
            for cell in cells(area_of(thing), now.size).filter(|c| settling.has_settled(*c)) {
                let Some(last) = self.0.get_mut(cell) else { continue };
                // Who is larger counts for as long as it may have brought something.
                if size >= last.1 || now.pts_us.saturating_sub(last.0) > BROUGHT_US {
                    *last = (now.pts_us, size);
                }
            }
        }
    }

    /// True when something that is no smaller went there in the 10 s before or since.
    pub(crate) fn brought(&self, area: Area, size: (u32, u32), since_us: i64) -> bool {
        let from_us = since_us.saturating_sub(BROUGHT_US);
        let carries = |&(at, of): &(i64, u64)| at >= from_us && of * 5 >= pixels(area) * 4;
        cells(area, size).any(|cell| self.0.get(cell).is_some_and(carries))
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.u8(u8::from(!self.0.is_empty()));
        for (at, of) in &self.0 {
            to.i64(*at);
            to.u64(*of);
        }
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Visits> {
        let count = if from.u8()? == 0 { 0 } else { COLUMNS * ROWS };
        let mut one = || Some((from.i64()?, from.u64()?.min(MOST_PIXELS)));
        Some(Visits((0..count).map(|_| one()).collect::<Option<_>>()?))
    }
}

/// True for what goes on its way and does not stay.
pub(crate) fn passes(thing: &Thing) -> bool {
    let (x, y) = thing.velocity;
    let far = PASSES * f64::from(thing.height);
    x * x + y * y >= far * far
}

/// Pixels of a box.
fn pixels(area: Area) -> u64 {
    (u64::from(area.2) * u64::from(area.3)).min(MOST_PIXELS)
}

/// The grid's cells under an area.
pub(crate) fn cells(
    (left, top, width, height): Area,
    size: (u32, u32),
) -> impl Iterator<Item = usize> {
    let cell = |at: i64, side: u32, count: usize| {
        (at.max(0) * count as i64 / i64::from(side.max(1))).min(count as i64 - 1) as usize
    };
    let right = i64::from(left) + i64::from(width);
    let bottom = i64::from(top) + i64::from(height);
    let columns = cell(left.into(), size.0, COLUMNS)..=cell(right, size.0, COLUMNS);
    let rows = cell(top.into(), size.1, ROWS)..=cell(bottom, size.1, ROWS);
    rows.flat_map(move |y| columns.clone().map(move |x| y * COLUMNS + x))
}

/// The box of a thing.
pub(crate) fn area_of(thing: &Thing) -> Area {
    (thing.left, thing.top, thing.width, thing.height)
}
