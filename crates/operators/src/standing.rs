//! Shapes that stand still: what was left, what was taken.
//!
//! Invariants: at most 64 places are watched; a place keeps the rectangle at which it came
//! to rest, so that what creeps is no standing thing.
//! Units: reduced pixels; media time in microseconds.

use crate::blobs::{Blobs, Nature, Rect};
use crate::mask::Mask;
use crate::state::{Reader, Writer};
use crate::thing::StandingKind;
use crate::track::Place;
use crate::tracker::Tracker;

/// Places watched at most.
const MOST: usize = 64;
/// A place is told after it was still for this long.
const TOLD_US: i64 = 1_000_000;
/// A place that is hidden, or left for a moment, is kept for this long.
const HIDDEN_US: i64 = 2_000_000;
/// A place that became background is told for this long, as its background before is kept.
const ABSORBED_US: i64 = 300_000_000;
/// Overlap with its first rectangle from which on a shape has not moved.
const SAME: f64 = 0.6;

/// A place where something stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Still {
    /// Where it came to rest.
    pub rect: Rect,
    /// When.
    pub since_us: i64,
    /// When it was last seen there.
    pub seen_us: i64,
    /// The track that holds it, 0 when none does.
    pub track: u64,
    /// True when its track came from somewhere else.
    walked: bool,
    /// Frames in which it looked like a thing, and like a ghost.
    votes: [u32; 2],
    /// Pixels, and how many of them were absorbed.
    area: u32,
    absorbed: u32,
    /// When it had become background; 0 before.
    gone_us: i64,
}

/// All places of one camera.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Stills(Vec<Still>);

impl Still {
    /// True when it is worth telling.
    pub fn told(&self) -> bool {
        self.gone_us != 0 || self.seen_us - self.since_us >= TOLD_US
    }

    /// What it seems to be.
    pub fn kind(&self) -> StandingKind {
        let [thing, ghost] = self.votes;
        match (ghost > thing, self.walked) {
            (true, _) => StandingKind::Taken,
            (false, false) if thing > 0 => StandingKind::Left,
            _ => StandingKind::Unclear,
        }
    }

    fn place(&self) -> Place {
        Place::of(&self.rect)
    }
}

impl Stills {
    /// All places that are worth telling, oldest first.
    pub fn told(&self) -> impl Iterator<Item = &Still> {
        self.0.iter().filter(|s| s.told())
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Takes the shapes of a frame; `absorbed` holds for each how many pixels became background.
    pub fn step(
        &mut self,
        blobs: &Blobs,
        absorbed: &[u32],
        mask: &Mask,
        tracker: &Tracker,
        now_us: i64,
    ) {
        for (blob, absorbed) in blobs.all().iter().zip(absorbed) {
            let place = Place::of(&blob.rect);
            let same = |s: &Still| s.gone_us == 0 && s.place().overlap(&place) >= SAME;
            let at = self.0.iter().position(same).unwrap_or(self.0.len());
            if at == self.0.len() && at < MOST {
                self.0.push(Still::new(blob.rect, now_us));
            }
            let Some(still) = self.0.get_mut(at) else { continue };
            still.seen_us = now_us;
            still.area = blob.area as u32;
            still.absorbed += absorbed;
            match blob.nature {
                Nature::Object => still.votes[0] += 1,
                Nature::Ghost => still.votes[1] += 1,
                Nature::Unclear | Nature::Residue => (),
            }
            if still.absorbed * 2 > still.area {
                still.gone_us = now_us;
            }
            still.hold(tracker);
            // At the picture's edge nobody sees whether it came from beyond.
            still.walked |= at_edge(mask, &blob.rect);
        }
        for still in self.0.iter_mut().filter(|s| s.gone_us == 0 && s.seen_us < now_us) {
            // Somebody in front of it, or one shape with somebody: it is still there.
            if still.told() && covered(mask, &still.rect) {
                still.seen_us = now_us;
            }
        }
        self.0.retain(|s| match (s.gone_us, s.told()) {
            (0, true) => now_us - s.seen_us <= HIDDEN_US,
            (0, false) => s.seen_us == now_us,
            (gone, _) => now_us - gone <= ABSORBED_US,
        });
    }

    /// Writes all places.
    pub fn save(&self, to: &mut Writer) {
        to.u32(self.0.len() as u32);
        for s in &self.0 {
            for v in [s.rect.left, s.rect.top, s.rect.right, s.rect.bottom] {
                to.i32(v);
            }
            for v in [s.since_us, s.seen_us, s.gone_us] {
                to.i64(v);
            }
            to.u64(s.track);
            to.u8(u8::from(s.walked));
            for v in [s.votes[0], s.votes[1], s.area, s.absorbed] {
                to.u32(v);
            }
        }
    }

    /// Reads what `save` wrote.
    pub fn load(from: &mut Reader<'_>) -> Option<Stills> {
        let count = from.u32().filter(|n| *n as usize <= MOST)?;
        let stills = (0..count).map(|_| Still::load(from));
        Some(Stills(stills.collect::<Option<_>>()?))
    }
}

impl Still {
    fn new(rect: Rect, now_us: i64) -> Still {
        Still {
            rect,
            since_us: now_us,
            seen_us: now_us,
            track: 0,
            walked: false,
            votes: [0; 2],
            area: 0,
            absorbed: 0,
            gone_us: 0,
        }
    }

    /// Looks for the track that holds this place.
    fn hold(&mut self, tracker: &Tracker) {
        let place = self.place();
        let best = tracker.all().iter().filter(|t| t.certain() && t.missed == 0);
        let best = best.max_by(|a, b| {
            a.place.overlap(&place).total_cmp(&b.place.overlap(&place)).then(b.id.cmp(&a.id))
        });
        let Some(best) = best.filter(|t| t.place.overlap(&place) >= 0.3) else { return };
        self.track = best.id;
        self.walked = best.moved();
    }

    fn load(from: &mut Reader<'_>) -> Option<Still> {
        Some(Still {
            rect: Rect {
                left: from.i32()?,
                top: from.i32()?,
                right: from.i32()?,
                bottom: from.i32()?,
            },
            since_us: from.i64()?,
            seen_us: from.i64()?,
            gone_us: from.i64()?,
            track: from.u64()?,
            walked: from.u8()? != 0,
            votes: [from.u32()?, from.u32()?],
            area: from.u32()?,
            absorbed: from.u32()?,
        })
    }
}

/// True when a rectangle touches the picture's edge, where the clean-up leaves a column or two.
fn at_edge(mask: &Mask, rect: &Rect) -> bool {
    let (width, height) = (mask.bits().width() as i32, mask.bits().height() as i32);
    rect.left <= 2 || rect.top <= 2 || rect.right >= width - 2 || rect.bottom >= height - 2
}

/// True when at least half of a rectangle moves.
fn covered(mask: &Mask, rect: &Rect) -> bool {
    let bits = mask.bits();
    let side = |v: i32, most: usize| (v.max(0) as usize).min(most);
    let (left, right) = (side(rect.left, bits.width()), side(rect.right, bits.width()));
    let (top, bottom) = (side(rect.top, bits.height()), side(rect.bottom, bits.height()));
    let count: usize = (top..bottom).map(|y| bits.count_run(y, left, right)).sum();
    count > 0 && count * 2 >= right.saturating_sub(left) * bottom.saturating_sub(top)
}
