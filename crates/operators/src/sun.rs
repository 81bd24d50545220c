//! What a scene's own cast shadows look like: how much of the light they leave.
//!
//! Beside a thing's core lies shadow, in its upper half lies the thing. Counted for each share
//! of the light that is left, the two tell which shares are shadow here: under the sun a narrow
//! band, under clouds none, before a grey wall where grey people walk none.
//!
//! Invariants: counts are bounded, the newest weigh most; a share says nothing until enough
//! of it was seen.
//! Units: shares in 1/32 of the background's light above black; counts in reduced pixels.

use crate::compare::BLACK;
use crate::state::{Reader, Writer};

/// Shares that are told apart.
const SHARES: usize = 32;
/// Count of all shares at which all are halved.
const FULL: u32 = 1 << 18;
/// Fewest pixels beside things, well away from their cores, before a share may be shadow.
const ENOUGH: u32 = 10;
/// A share is shadow unless it lies this many times as often in things as beside them: on a
/// grey lane with grey cars it does so 25 times and more, under the sun at most twice.
const CLEAR: u32 = 8;
/// Darkest share that may be shadow: of what is darker more is clothes than shadow.
const DARKEST: usize = 14;

/// Counts of the shares beside and in things.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sun {
    beside: [u32; SHARES],
    inside: [u32; SHARES],
}

/// Share of the light that a pixel keeps.
#[inline(always)]
pub fn share(image: u8, lit: u8) -> usize {
    let light = |v: u8| u32::from(v.saturating_sub(BLACK));
    (light(image) * SHARES as u32 / light(lit).max(1)).min(SHARES as u32 - 1) as usize
}

impl Sun {
    /// Counts a pixel that could be shadow and lies beside a thing's core.
    pub fn beside(&mut self, share: usize) {
        if let Some(count) = self.beside.get_mut(share) {
            *count += 1;
        }
    }

    /// Counts a pixel that could be shadow and lies in a thing.
    pub fn inside(&mut self, share: usize) {
        if let Some(count) = self.inside.get_mut(share) {
            *count += 1;
        }
    }

    /// The shares that are shadow here, a bit each.
    pub fn shares(&self) -> u32 {
        let mut shares = 0;
        for (at, (beside, inside)) in self.beside.iter().zip(&self.inside).enumerate() {
            let shadow = at >= DARKEST && *beside >= ENOUGH && *beside * CLEAR > *inside;
            shares |= u32::from(shadow) << at;
        }
        shares
    }

    /// Forgets half when it holds much.
    pub fn age(&mut self) {
        if self.beside.iter().chain(&self.inside).sum::<u32>() > FULL {
            self.beside.iter_mut().chain(&mut self.inside).for_each(|c| *c /= 2);
        }
    }

    /// Writes the counts.
    pub fn save(&self, to: &mut Writer) {
        self.beside.iter().chain(&self.inside).for_each(|c| to.u32(*c));
    }

    /// Reads what `save` wrote.
    pub fn load(from: &mut Reader<'_>) -> Option<Sun> {
        let mut sun = Sun::default();
        for count in sun.beside.iter_mut().chain(&mut sun.inside) {
            // More than a frame beyond what is halved is damage; times `CLEAR` it fits.
            *count = from.u32().filter(|c| *c < 1 << 29)?;
        }
        Some(sun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_shadow_where_it_lies_beside_things_and_is_saved() {
        let mut sun = Sun::default();
        for _ in 0..100 {
            sun.beside(18);
            sun.beside(24);
            sun.beside(11);
            (0..10).for_each(|_| sun.inside(24));
        }
        assert_eq!(sun.shares(), 1 << 18);
        let mut to = Writer::default();
        sun.save(&mut to);
        assert_eq!(Sun::load(&mut Reader(&to.0)), Some(sun));
    }

    #[test]
    fn what_was_seen_long_ago_weighs_little() {
        let mut sun = Sun::default();
        for step in 0..3 * FULL {
            if step < FULL / 2 {
                sun.beside(20)
            } else {
                sun.inside(20)
            }
            sun.age();
        }
        assert_eq!(sun.shares(), 0);
    }

    #[test]
    fn black_has_no_share() {
        assert_eq!((share(10, 10), share(16, 200), share(255, 17)), (0, 0, 31));
    }
}
