//! Who was lost not long ago and may come back near there.
//!
//! Invariants: at most 32, the longest lost go first; who comes back keeps the number.
//! Units: ticks of 4 ms, reduced pixels.

use crate::appearance::Appearance;
use crate::state::{Reader, Writer};
use crate::track::{Place, Track};

/// Remembered at most.
const MOST: usize = 32;
/// Ticks for which somebody is remembered: 4 s.
const REMEMBERED: u32 = 1000;
/// Common part of the looks, of 1020, from which on it is the same one.
const ALIKE: u32 = 760;
/// The areas of the boxes differ at most by this factor.
const SIZES: f64 = 2.0;

/// Things that were given up.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Lost(Vec<Track>);

impl Lost {
    /// Remembers who was given up.
    pub fn remember(&mut self, track: &Track) {
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push(track.clone());
    }

    /// Time goes by.
    pub fn age(&mut self, ticks: u32) {
        self.0.retain_mut(|t| {
            t.unseen = t.unseen.saturating_add(ticks);
            t.age = t.age.saturating_add(ticks);
            t.unseen <= REMEMBERED
        });
    }

    /// Who most likely is what is seen at a place, and may be there by now.
    pub fn find(&mut self, place: &Place, look: &Appearance) -> Option<Track> {
        let likely = |t: &Track| {
            let (dx, dy) = (t.place.x - place.x, t.place.y - place.y);
            let size = (t.place.w + t.place.h) / 2.0;
            // Nobody walks more than about his own height in a second.
            let reach = size * (1.0 + f64::from(t.unseen) * 0.004);
            let (a, b) = (t.place.area(), place.area());
            let near = dx * dx + dy * dy < reach * reach && a < SIZES * b && b < SIZES * a;
            let alike = t.look.common(look);
            (near && alike >= ALIKE).then_some(alike)
        };
        let best = self.0.iter().enumerate().filter_map(|(i, t)| Some((likely(t)?, i)));
        let (_, at) = best.max()?;
        Some(self.0.remove(at))
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Writes them.
    pub fn save(&self, to: &mut Writer) {
        to.u32(self.0.len() as u32);
        self.0.iter().for_each(|t| t.save(to));
    }

    /// Reads what `save` wrote.
    pub fn load(from: &mut Reader<'_>) -> Option<Lost> {
        let count = from.u32().filter(|n| *n as usize <= MOST)?;
        (0..count).map(|_| Track::load(from)).collect::<Option<_>>().map(Lost)
    }
}
