//! One thing beside one rule: where its foot is, which side counts, and since when.
//!
//! Invariants: a side counts only after 0.2 s on it and away from the edge by a margin, or after
//! 2 s; a box that jitters on an edge therefore says nothing, and what is said is dated back to
//! the first frame on the new side.
//! Units: source pixels; media time in microseconds.

use flumen_base::wire::zone::Shape;

use crate::Thing;
use crate::state::{Reader, Writer};
use crate::zone::{Outline, Point};

/// A side must be held for so long.
const SURE_US: i64 = 200_000;
/// Then it counts even on the edge.
const SURELY_US: i64 = 2_000_000;
/// A thing that was on a new side and is unseen for so long was there.
pub(crate) const GONE_US: i64 = 400_000;
/// A thing is remembered for so long, for a track that goes on where it ended.
pub(crate) const MEMORY_US: i64 = 2_000_000;
/// Who leaves an area and comes in again within this goes on with the same stay or walk.
const AGAIN_US: i64 = 10_000_000;
/// What appeared in front of another thing is taken for a part of it for so long.
const PART_US: i64 = 1_000_000;

/// The ground that a rule looks at.
pub(crate) struct Ground<'a> {
    pub outline: &'a Outline,
    pub shape: Shape,
    /// Width and height of the picture.
    pub size: (u32, u32),
}

/// What a step of a thing means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Entered,
    Left,
    /// Over the line, from A to B when true.
    Crossed(bool),
}

/// What is remembered of a thing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Follow {
    pub track: u64,
    /// Track under which its signs are told; another one where a track went on as this one.
    pub subject: u64,
    pub foot: Point,
    pub height: f64,
    pub first: Point,
    pub first_us: i64,
    pub last_us: i64,
    pub seen: bool,
    /// Its box touches the edge of the picture.
    pub rim: bool,
    pub inside: bool,
    /// It appeared inside and has not moved yet: nobody knows whether it came.
    pub fresh: bool,
    pub part: bool,
    pub since_us: i64,
    /// Since when it stays, steps out of the area and in again left out.
    pub stays_us: i64,
    /// When it was last inside; the least number before.
    pub inside_us: i64,
    pub pending_us: Option<i64>,
    /// Crossings that do not count yet, from A to B less those back.
    pub net: i32,
    /// How far it went the right way, and when, for who watches for the wrong one.
    pub anchor: Point,
    pub anchor_us: i64,
    /// When its stay, or its walk against the flow, was told; nothing once that is over.
    pub told_us: Option<i64>,
    /// Begin of what is told of it and goes on.
    pub open_us: Option<i64>,
}

/// Where a thing meets the ground.
pub(crate) fn foot(thing: &Thing) -> Point {
    let (x, y) = thing.foot();
    (f64::from(x), f64::from(y))
}

impl Follow {
    /// A thing seen for the first time; `young` when the rule itself is new.
    pub(crate) fn new(thing: &Thing, ground: &Ground<'_>, now_us: i64, young: bool) -> Follow {
        let at = foot(thing);
        let inside = ground.shape == Shape::Area && ground.outline.holds(at);
        Follow {
            track: thing.id,
            subject: thing.id,
            foot: at,
            height: f64::from(thing.height),
            first: at,
            first_us: now_us,
            last_us: now_us,
            seen: true,
            rim: rim(thing, ground.size),
            inside,
            fresh: inside && !young,
            part: false,
            since_us: now_us,
            stays_us: now_us,
            inside_us: if inside { now_us } else { i64::MIN },
            pending_us: None,
            net: 0,
            anchor: at,
            anchor_us: now_us,
            told_us: None,
            open_us: None,
        }
    }

    /// Goes on as another track that ended here.
    pub(crate) fn inherit(
        &mut self,
        thing: &Thing,
        ground: &Ground<'_>,
        now_us: i64,
    ) -> Option<(Step, i64)> {
        self.track = thing.id;
        self.step(thing, ground, now_us)
    }

    /// A thing that appeared in front of `whole` is on its side and no newcomer.
    pub(crate) fn part_of(&mut self, whole: &Follow) {
        self.part = true;
        self.fresh = false;
        self.inside = whole.inside;
    }

    /// Counts among others just now.
    pub(crate) fn counts(&self, now_us: i64) -> bool {
        self.inside
            && now_us - self.last_us <= GONE_US
            && !(self.part && now_us - self.first_us < PART_US)
    }

    /// Seen in this frame; what that means, and since when.
    pub(crate) fn step(
        &mut self,
        thing: &Thing,
        ground: &Ground<'_>,
        now_us: i64,
    ) -> Option<(Step, i64)> {
        let to = foot(thing);
        let before = std::mem::replace(&mut self.foot, to);
        self.height = f64::from(thing.height);
        self.last_us = now_us;
        self.seen = true;
        self.rim = rim(thing, ground.size);
        if ground.shape == Shape::Line {
            self.net += ground.outline.over(before, to);
        } else if self.fresh && self.moved(thing) {
            self.fresh = false;
            if self.inside && ground.outline.holds(to) {
                return Some((Step::Entered, self.first_us));
            }
        }
        let other = match ground.shape {
            Shape::Line => self.net != 0,
            Shape::Area => ground.outline.holds(to) != self.inside,
        };
        if !other {
            self.pending_us = None;
            return None;
        }
        let since = *self.pending_us.get_or_insert(now_us);
        let held = now_us - since;
        let margin = (f64::from(ground.size.1) * 0.008).max(self.height * 0.08);
        let away = || ground.outline.away(to, ground.shape == Shape::Area) >= margin * margin;
        let sure = held >= SURELY_US || (held >= SURE_US && away());
        sure.then(|| self.turn(ground.shape, since)).flatten()
    }

    /// Not seen in this frame.
    pub(crate) fn miss(&mut self, ground: &Ground<'_>, now_us: i64) -> Option<(Step, i64)> {
        self.seen = false;
        if now_us - self.last_us < GONE_US {
            return None;
        }
        if let Some(since) = self.pending_us.filter(|&since| since < self.last_us) {
            return self.turn(ground.shape, since);
        }
        if self.inside && self.rim && ground.shape == Shape::Area {
            return self.turn(ground.shape, self.last_us);
        }
        None
    }

    /// The new side counts.
    fn turn(&mut self, shape: Shape, since_us: i64) -> Option<(Step, i64)> {
        self.pending_us = None;
        let net = std::mem::take(&mut self.net);
        let fresh = std::mem::take(&mut self.fresh);
        if shape == Shape::Line {
            return Some((Step::Crossed(net > 0), since_us));
        }
        self.inside = !self.inside;
        if self.inside {
            self.since_us = since_us;
            if since_us.saturating_sub(self.inside_us) >= AGAIN_US {
                (self.stays_us, self.told_us) = (since_us, None);
            }
            (self.anchor, self.anchor_us) = (self.foot, since_us);
            return Some((Step::Entered, since_us));
        }
        self.inside_us = since_us;
        (!fresh).then_some((Step::Left, since_us))
    }

    /// It is no longer where it appeared.
    fn moved(&self, thing: &Thing) -> bool {
        let far = f64::from(thing.width.min(thing.height)) / 2.0;
        let (dx, dy) = (self.foot.0 - self.first.0, self.foot.1 - self.first.1);
        dx * dx + dy * dy >= far * far
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.u64(self.track);
        to.u64(self.subject);
        for (x, y) in [self.foot, self.first, self.anchor] {
            to.f64(x);
            to.f64(y);
        }
        to.f64(self.height);
        for v in [self.first_us, self.last_us, self.since_us, self.anchor_us] {
            to.i64(v);
        }
        to.i64(self.stays_us);
        to.i64(self.inside_us);
        for v in [self.pending_us, self.open_us, self.told_us] {
            to.u8(u8::from(v.is_some()));
            to.i64(v.unwrap_or(0));
        }
        to.i32(self.net);
        for v in [self.seen, self.rim, self.inside, self.fresh, self.part] {
            to.u8(u8::from(v));
        }
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Follow> {
        let (track, subject) = (from.u64()?, from.u64()?);
        let mut point = || Some((from.f64()?, from.f64()?));
        let [foot, first, anchor] = [point()?, point()?, point()?];
        let height = from.f64()?;
        let [first_us, last_us, since_us, anchor_us] =
            [from.i64()?, from.i64()?, from.i64()?, from.i64()?];
        let (stays_us, inside_us) = (from.i64()?, from.i64()?);
        let [pending_us, open_us, told_us] = [maybe(from)?, maybe(from)?, maybe(from)?];
        let net = from.i32()?;
        let mut flag = || from.u8().map(|v| v != 0);
        let [seen, rim, inside, fresh, part] = [flag()?, flag()?, flag()?, flag()?, flag()?];
        Some(Follow {
            track,
            subject,
            foot,
            height,
            first,
            first_us,
            last_us,
            seen,
            rim,
            inside,
            fresh,
            part,
            since_us,
            stays_us,
            inside_us,
            pending_us,
            net,
            anchor,
            anchor_us,
            told_us,
            open_us,
        })
    }
}

/// A time that may be absent, as `save` wrote it.
pub(crate) fn maybe(from: &mut Reader<'_>) -> Option<Option<i64>> {
    let known = from.u8()? != 0;
    let value = from.i64()?;
    Some(known.then_some(value))
}

/// True when the box touches the edge of the picture, or nearly.
fn rim(thing: &Thing, (width, height): (u32, u32)) -> bool {
    let near = |low: i32, length: u32, side: u32| {
        let margin = i64::from(side) / 50;
        i64::from(low) <= margin || i64::from(low) + i64::from(length) >= i64::from(side) - margin
    };
    near(thing.left, thing.width, width) || near(thing.top, thing.height, height)
}
