//! Objects left and objects taken: what stands alone, each told once.
//!
//! Invariants: a place is told only where something that is no smaller moved in the 10 s before it
//! came to rest (so light, rain and infra-red bring nothing), and after it stood for as long as the
//! rule wants with nobody near but who passes; what came on its own way, as somebody who stands or
//! an object that was thrown, must not stir for three times as long; a told place is not told again
//! until it was empty for a minute; what came to rest where the picture was odd just before is not
//! told; at most 32 places a rule.
//! Units: source pixels; media time in microseconds.
//! Not here: which shapes stand (`standing`), who was where (`rules_visits`), where it was odd
//! (`rules_settled`).

use flumen_base::wire::{Rule, RuleKind};

use crate::rules::{Detail, Moment, Seen, Sign, Turn, or};
use crate::rules_follow::maybe;
use crate::rules_settled::Settling;
use crate::rules_visits::{Area, Visits, area_of, passes};
use crate::state::{Reader, Writer};
use crate::thing::StandingKind;
use crate::zone::Outline;
use crate::{Standing, Thing};

/// Places of one rule.
const MOST: usize = 32;
/// A place that was empty for so long is forgotten; a happening there is over before.
const FORGET_US: i64 = 60_000_000;
const EMPTY_US: i64 = 3_000_000;
/// An object that nobody fetches is shown for so long.
const LONGEST_US: i64 = 300_000_000;
/// Overlap of the boxes of what does not stir; who stands and waits moves more than that.
const STEADY: f64 = 0.9;
/// Names a happening by its place where there is no track that could.
pub(crate) const NAMELESS: u64 = 1 << 63;

/// The places that one rule watches.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Spots(Vec<Spot>);

#[derive(Clone, Debug, PartialEq)]
struct Spot {
    area: Area,
    /// Track of the first shape; names the happening.
    subject: u64,
    /// Since when nobody is with it.
    alone_us: i64,
    /// Box of what stands here, and since when it does not stir.
    shape: Area,
    still_us: i64,
    seen_us: i64,
    brought: bool,
    /// When what stands here came to rest.
    since_us: i64,
    /// It came with an odd picture, as far as one can see.
    odd: bool,
    told: bool,
    open_us: Option<i64>,
}

impl Spots {
    /// Looks at what stands in a frame.
    pub(crate) fn see(
        &mut self,
        now: Moment,
        (rule, outline): (&Rule, &Outline),
        Seen { things, standing, .. }: Seen<'_>,
        (visits, settling): (&Visits, &Settling),
        out: &mut Vec<Sign>,
    ) {
        let kind = match rule.kind() {
            RuleKind::Taken => StandingKind::Taken,
            _ => StandingKind::Left,
        };
        let long_us = i64::from(or(rule.seconds, 10)) * 1_000_000;
        // What it is that came by itself is not clear: an object does not stir.
        let unclear = |s: &Standing| kind == StandingKind::Left && s.kind == StandingKind::Unclear;
        for still in standing.iter().filter(|s| s.kind == kind || unclear(s)) {
            let area = (still.left, still.top, still.width, still.height);
            let foot = (
                f64::from(still.left) + f64::from(still.width) / 2.0,
                f64::from(still.top) + f64::from(still.height),
            );
            if !outline.holds(foot) {
                continue;
            }
            let unsettled = settling.holds(area, now.size);
            let Some(spot) = self.spot(still, area, unsettled) else { continue };
            spot.seen_us = now.pts_us;
            spot.brought |= visits.brought(area, now.size, still.since_us);
            if attended(area, things, standing) {
                spot.alone_us = now.pts_us;
            }
            spot.stir(area, things, now.pts_us);
            let mut alone = now.pts_us - spot.alone_us.max(still.since_us);
            let mut long_us = long_us;
            if unclear(still) {
                alone = alone.min(now.pts_us - spot.still_us);
                long_us *= 3;
            }
            if !spot.told && spot.brought && !spot.odd && alone >= long_us {
                spot.told = true;
                spot.open_us = Some(now.pts_us);
                out.push(spot.sign(Turn::Begin, now, Detail::Stayed(alone)));
            }
        }
        for spot in &mut self.0 {
            let Some(since) = spot.open_us else { continue };
            if now.pts_us - spot.seen_us >= EMPTY_US || now.pts_us - since >= LONGEST_US {
                spot.open_us = None;
                out.push(spot.sign(Turn::End, now, Detail::Stayed(spot.seen_us - spot.alone_us)));
            } else if since != now.pts_us {
                out.push(spot.sign(Turn::On, now, Detail::None));
            }
        }
        self.0.retain(|s| s.open_us.is_some() || now.pts_us - s.seen_us < FORGET_US);
    }

    /// The place of a shape, a new one if need be.
    fn spot(&mut self, still: &Standing, area: Area, unsettled: bool) -> Option<&mut Spot> {
        let same = |s: &Spot| overlap(s.area, area) >= 0.4;
        let at = self.0.iter().position(same).unwrap_or(self.0.len());
        if at == self.0.len() && at < MOST {
            let taken = |s: &Spot| s.subject == still.track;
            let subject = match still.track == 0 || self.0.iter().any(taken) {
                true => NAMELESS | (area.0.max(0) as u64) << 32 | area.1.max(0) as u64,
                false => still.track,
            };
            let (alone_us, seen_us) = (still.since_us, still.since_us);
            self.0.push(Spot {
                area,
                subject,
                alone_us,
                shape: area,
                still_us: seen_us,
                seen_us,
                brought: false,
                since_us: still.since_us,
                odd: unsettled,
                told: false,
                open_us: None,
            });
        }
        let spot = self.0.get_mut(at)?;
        if still.since_us > spot.since_us {
            spot.since_us = still.since_us;
            spot.odd &= unsettled;
        }
        Some(spot)
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.u32(self.0.len() as u32);
        for s in &self.0 {
            save_area(to, s.area);
            to.u64(s.subject);
            to.i64(s.alone_us);
            save_area(to, s.shape);
            to.i64(s.still_us);
            to.i64(s.seen_us);
            to.u8(u8::from(s.brought));
            to.i64(s.since_us);
            to.u8(u8::from(s.odd));
            to.u8(u8::from(s.told));
            to.u8(u8::from(s.open_us.is_some()));
            to.i64(s.open_us.unwrap_or(0));
        }
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Spots> {
        let count = from.u32().filter(|n| *n as usize <= MOST)?;
        let mut spot = || {
            Some(Spot {
                area: load_area(from)?,
                subject: from.u64()?,
                alone_us: from.i64()?,
                shape: load_area(from)?,
                still_us: from.i64()?,
                seen_us: from.i64()?,
                brought: from.u8()? != 0,
                since_us: from.i64()?,
                odd: from.u8()? != 0,
                told: from.u8()? != 0,
                open_us: maybe(from)?,
            })
        };
        Some(Spots((0..count).map(|_| spot()).collect::<Option<_>>()?))
    }
}

fn save_area(to: &mut Writer, (left, top, width, height): Area) {
    to.i32(left);
    to.i32(top);
    to.u32(width);
    to.u32(height);
}

fn load_area(from: &mut Reader<'_>) -> Option<Area> {
    Some((from.i32()?, from.i32()?, from.u32()?, from.u32()?))
}

impl Spot {
    /// Notes whether what stands here keeps its outline; where it became background it does.
    fn stir(&mut self, area: Area, things: &[Thing], now_us: i64) {
        let same = |t: &&Thing| overlap(area, area_of(t)) >= 0.4;
        let Some(shape) = things.iter().find(same).map(area_of) else { return };
        if overlap(shape, self.shape) < STEADY {
            (self.shape, self.still_us) = (shape, now_us);
        }
    }

    fn sign(&self, turn: Turn, now: Moment, detail: Detail) -> Sign {
        let (subject, area) = (self.subject, Some(self.area));
        Sign { rule: 0, subject, turn, at_us: now.pts_us, area, score: 900, detail }
    }
}

/// True when somebody is with what stands here: a thing within half its own height of it that does
/// not just pass, and is neither the object itself nor another that stands.
fn attended(area: Area, things: &[Thing], standing: &[Standing]) -> bool {
    let stands = |t: &Thing| {
        standing
            .iter()
            .filter(|s| s.kind != StandingKind::Unclear)
            .any(|s| overlap((s.left, s.top, s.width, s.height), area_of(t)) >= 0.4)
    };
    let near = |t: &Thing| {
        let reach = i64::from(t.height) / 2;
        let apart = |low: i32, length: u32, other: i32, others: u32| {
            let (low, other) = (i64::from(low), i64::from(other));
            (other - low - i64::from(length)).max(low - other - i64::from(others))
        };
        apart(t.left, t.width, area.0, area.2) <= reach
            && apart(t.top, t.height, area.1, area.3) <= reach
    };
    let with = |t: &Thing| near(t) && !passes(t) && overlap(area, area_of(t)) < 0.4 && !stands(t);
    things.iter().any(with)
}

/// Common pixels by all pixels.
fn overlap(a: Area, b: Area) -> f64 {
    let side = |low: i32, length: u32, other: i32, others: u32| {
        let end = (i64::from(low) + i64::from(length)).min(i64::from(other) + i64::from(others));
        (end - i64::from(low.max(other))).max(0) as f64
    };
    let common = side(a.0, a.2, b.0, b.2) * side(a.1, a.3, b.1, b.3);
    let all = f64::from(a.2) * f64::from(a.3) + f64::from(b.2) * f64::from(b.3) - common;
    common / all.max(1.0)
}
