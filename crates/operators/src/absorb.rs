//! What covers the background and stands still becomes background.
//!
//! Invariants: the background that was there is remembered for 300 s.
//! Units: ticks of 4 ms.

use crate::background::{Background, LIFE};
use crate::blobs::{Blob, Blobs, Nature};
use crate::learn::fresh;
use crate::reduce::Small;

/// Ticks that a thing stands still before it is background: 120 s.
const OBJECT: u16 = 30_000;
/// The same when it is unclear whether it is a thing: 60 s.
const UNCLEAR: u16 = 15_000;
/// The same for what something left behind: 6 s.
const RESIDUE: u16 = 1_500;
/// Ticks, in sum, that a shape must have looked like a ghost: 0.6 s.
const GHOST: u8 = 150;
/// Ticks that a ghost must have stood still: 0.3 s.
const GHOST_STILL: u16 = 75;

/// Watches the pixels of all kept shapes; `back.mask` is still the last frame's mask.
///
/// `counts` gets, for each shape, how many of its pixels became background.
pub fn absorb(
    back: &mut Background,
    small: &Small,
    blobs: &Blobs,
    ticks: u32,
    counts: &mut Vec<u32>,
) {
    counts.clear();
    for blob in blobs.all() {
        let mut count = 0;
        for run in blobs.runs(blob) {
            for x in run.from as usize..run.to as usize {
                count += u32::from(pixel(back, small, blob, (x, run.y as usize), ticks));
            }
        }
        counts.push(count);
    }
}

/// Watches one pixel; true when it became background.
fn pixel(
    back: &mut Background,
    small: &Small,
    blob: &Blob,
    (x, y): (usize, usize),
    ticks: u32,
) -> bool {
    let seen = u16::from(small.luma.at(x, y)) << 8;
    let known = back.mask.get(x, y);
    let slow = if known { back.slow.at(x, y) } else { seen };
    let quiet = seen.abs_diff(slow) < 10 << 8;
    let ticks16 = ticks.min(250) as u16;
    let still = match (known, quiet) {
        (true, true) => back.still.at(x, y).saturating_add(ticks16),
        _ => 0,
    };
    let ghost = if known { back.ghost.at(x, y) } else { 0 };
    let ghost = match blob.nature {
        Nature::Ghost => ghost.saturating_add(ticks16 as u8),
        _ => ghost,
    };
    // Follows within 0.3 s = 75 ticks.
    let slow = (i32::from(slow)
        + (i32::from(seen) - i32::from(slow)) * i32::from(ticks16.min(75)) / 75)
        as u16;
    back.slow.set(x, y, slow);
    back.still.set(x, y, still);
    back.ghost.set(x, y, ghost);
    let patience = match blob.nature {
        Nature::Object => OBJECT,
        Nature::Residue => RESIDUE,
        Nature::Unclear | Nature::Ghost => UNCLEAR,
    };
    let absorbed = still >= patience || (ghost >= GHOST && still >= GHOST_STILL);
    if absorbed {
        if back.life.at(x, y) == 0 {
            back.before.set(x, y, back.luma.at(x, y));
            back.held.set(x, y, true);
        }
        back.life.set(x, y, LIFE);
        back.luma.set(x, y, slow);
        back.adopt_colour(x, y, small);
        fresh(back, x, y);
    }
    absorbed
}
