//! What covers the background and stands still becomes background.
//!
//! Invariants: the background that was there is remembered for 300 s.
//! Units: ticks of 4 ms.

use crate::background::{Background, LIFE};
use crate::blobs::{Blobs, Nature};
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
        let watch = Watch::of(blob.nature, ticks);
        let mut count = 0;
        for run in blobs.runs(blob) {
            let place = (run.y as usize, run.from as usize, run.to as usize);
            let ripe = blobs.lanes.run(
                #[inline(always)]
                || watch.look(back, small, place),
            );
            watch.greet(back, small, place);
            if ripe {
                count += watch.take(back, small, place);
            }
        }
        counts.push(count);
    }
}

/// Row and columns of a run.
type Place = (usize, usize, usize);

/// How the pixels of a shape are watched.
struct Watch {
    ticks: u16,
    /// Added to a pixel's time as a ghost.
    ghost: u8,
    /// Ticks that a pixel stands still before it is background.
    patience: u16,
}

impl Watch {
    fn of(nature: Nature, ticks: u32) -> Watch {
        let ticks = ticks.min(250) as u16;
        let patience = match nature {
            Nature::Object => OBJECT,
            Nature::Residue => RESIDUE,
            Nature::Unclear | Nature::Ghost => UNCLEAR,
        };
        let ghost = if nature == Nature::Ghost { ticks as u8 } else { 0 };
        Watch { ticks, ghost, patience }
    }

    /// True when a pixel has stood here for long enough.
    #[inline(always)]
    fn is_ripe(&self, still: u16, ghost: u8) -> bool {
        (still >= self.patience) | (ghost >= GHOST) & (still >= GHOST_STILL)
    }

    /// Follows a run as if a shape had been there before; true when a pixel may be ripe.
    #[inline(always)]
    fn look(&self, back: &mut Background, small: &Small, (y, from, to): Place) -> bool {
        let slow = back.slow.row_mut(y).get_mut(from..to).unwrap_or_default();
        let still = back.still.row_mut(y).get_mut(from..to).unwrap_or_default();
        let ghost = back.ghost.row_mut(y).get_mut(from..to).unwrap_or_default();
        let seen = small.luma.row(y).get(from..to).unwrap_or_default();
        // Follows within 0.3 s = 75 ticks.
        let part = i32::from(self.ticks.min(75));
        let mut ripe = false;
        for (((slow, still), ghost), seen) in slow.iter_mut().zip(still).zip(ghost).zip(seen) {
            let seen = u16::from(*seen) << 8;
            let quiet = seen.abs_diff(*slow) < 10 << 8;
            *still = if quiet { still.saturating_add(self.ticks) } else { 0 };
            *ghost = ghost.saturating_add(self.ghost);
            let step = (i32::from(seen) - i32::from(*slow)) * part / 75;
            *slow = (i32::from(*slow) + step) as u16;
            ripe |= self.is_ripe(*still, *ghost);
        }
        ripe
    }

    /// Pixels of a run that no shape covered in the last frame begin now.
    fn greet(&self, back: &mut Background, small: &Small, (y, from, to): Place) {
        let Background { mask, slow, still, ghost, .. } = back;
        for x in mask.gaps_in(y, from, to) {
            slow.set(x, y, u16::from(small.luma.at(x, y)) << 8);
            still.set(x, y, 0);
            ghost.set(x, y, self.ghost);
        }
    }

    /// Makes background of the ripe pixels of a run; how many they are.
    fn take(&self, back: &mut Background, small: &Small, (y, from, to): Place) -> u32 {
        let mut count = 0;
        for x in from..to {
            if !self.is_ripe(back.still.at(x, y), back.ghost.at(x, y)) {
                continue;
            }
            if back.life.at(x, y) == 0 {
                back.before.set(x, y, back.luma.at(x, y));
                back.held.set(x, y, true);
            }
            back.life.set(x, y, LIFE);
            back.luma.set(x, y, back.slow.at(x, y));
            back.adopt_colour(x, y, small);
            fresh(back, x, y);
            count += 1;
        }
        count
    }
}
