//! One rule of a camera and the things beside it.
//!
//! Invariants: at most 64 things are followed; a happening begins before it goes on and ends once.
//! Units: source pixels; media time in microseconds.
//! Not here: which side of an edge a thing is on (`rules_follow`), objects (`rules_left`).

use flumen_base::wire::{Rule, RuleKind, Zone, rule::Direction, zone::Shape};

use crate::Thing;
use crate::rules::{Detail, Moment, Sign, Turn, area, or};
use crate::rules_crowd::Crowd;
use crate::rules_follow::{Follow, GONE_US, Ground, MEMORY_US, Step};
use crate::rules_left::Spots;
use crate::state::{Reader, Writer};
use crate::zone::{Outline, Point};

/// Things followed beside one rule.
const MOST: usize = 64;
/// A crossing is shown for so long.
const SHOWN_US: i64 = 2_000_000;

/// One rule and what it follows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Watched {
    pub(crate) rule: Rule,
    pub(crate) zone: Option<Zone>,
    size: (u32, u32),
    pub(crate) outline: Outline,
    /// No frame was seen yet: what is there did not come.
    pub(crate) young: bool,
    follows: Vec<Follow>,
    crowd: Crowd,
    pub(crate) spots: Spots,
}

impl Watched {
    /// One that has seen nothing.
    pub(crate) fn new(rule: Rule, zone: Option<Zone>) -> Watched {
        Watched {
            rule,
            zone,
            size: (0, 0),
            outline: Outline::default(),
            young: true,
            follows: Vec::new(),
            crowd: Crowd::default(),
            spots: Spots::default(),
        }
    }

    /// True when the other says the same; names and whom it is sent to do not matter.
    pub(crate) fn same(&self, other: &Watched) -> bool {
        let plain = |r: &Rule| Rule { muted: false, ..r.clone() };
        let place = |z: &Option<Zone>| z.as_ref().map(|z| (z.shape, z.corners.clone()));
        plain(&self.rule) == plain(&other.rule) && place(&self.zone) == place(&other.zone)
    }

    /// What it follows goes on under the words of another record.
    pub(crate) fn renamed(self, other: Watched) -> Watched {
        Watched { rule: other.rule, zone: other.zone, ..self }
    }

    /// Fits the zone to the picture's size; another size begins anew.
    pub(crate) fn fit(&mut self, size: (u32, u32)) {
        if self.size != size {
            self.forget();
            self.size = size;
            self.outline = self.zone.as_ref().map(|z| Outline::of(z, size)).unwrap_or_default();
        }
    }

    /// What is followed is lost.
    pub(crate) fn forget(&mut self) {
        self.young = true;
        self.follows.clear();
        self.crowd = Crowd::default();
        self.spots = Spots::default();
    }

    fn shape(&self) -> Shape {
        self.zone.as_ref().map_or(Shape::Area, Zone::shape)
    }

    /// Follows all things and says what that means.
    pub(crate) fn things(&mut self, now: Moment, things: &[Thing], out: &mut Vec<Sign>) {
        let mut follows = std::mem::take(&mut self.follows);
        let outline = std::mem::take(&mut self.outline);
        let ground = Ground { outline: &outline, shape: self.shape(), size: now.size };
        follows.iter_mut().for_each(|f| f.seen = false);
        for thing in things {
            if let Some(f) = follows.iter_mut().find(|f| f.track == thing.id) {
                let step = f.step(thing, &ground, now.pts_us);
                self.say(f, step, (now, Some(thing)), out);
            }
        }
        for thing in things {
            if follows.iter().all(|f| f.track != thing.id) {
                self.newcomer(&mut follows, thing, (&ground, now), out);
            }
        }
        for f in follows.iter_mut().filter(|f| !f.seen) {
            let step = f.miss(&ground, now.pts_us);
            self.say(f, step, (now, None), out);
        }
        follows.retain(|f| now.pts_us - f.last_us <= MEMORY_US);
        self.follows = follows;
        self.outline = outline;
        if matches!(self.rule.kind(), RuleKind::Crowd | RuleKind::Motion) {
            self.crowd.see(&self.rule, &self.follows, (now, things), out);
        }
    }

    /// A track that was not there before: one that goes on, a part of another thing, or new.
    fn newcomer(
        &mut self,
        follows: &mut Vec<Follow>,
        thing: &Thing,
        (ground, now): (&Ground<'_>, Moment),
        out: &mut Vec<Sign>,
    ) {
        self.give_back(follows, thing.id, now, out);
        let new = Follow::new(thing, ground, now.pts_us, self.young);
        let square = |f: &Follow| apart(f.foot, new.foot);
        let near = |f: &&mut Follow| {
            let reach = f.height.max(new.height);
            !f.seen && square(f) <= reach * reach
        };
        let ended = follows.iter_mut().filter(near).min_by(|a, b| square(a).total_cmp(&square(b)));
        if let Some(f) = ended {
            let step = f.inherit(thing, ground, now.pts_us);
            return self.say(f, step, (now, Some(thing)), out);
        }
        if follows.len() >= MOST {
            return;
        }
        let mut new = new;
        let before =
            follows.iter().find(|f| f.seen && apart(f.foot, new.foot) <= f.height * f.height);
        if let Some(whole) = before {
            new.part_of(whole);
        }
        follows.push(new);
    }

    /// A track came back while another goes on under its number: what is told of that one is over.
    fn give_back(&self, follows: &mut [Follow], track: u64, now: Moment, out: &mut Vec<Sign>) {
        for f in follows.iter_mut().filter(|f| f.subject == track && f.track != track) {
            if f.open_us.take().is_some() {
                let detail = self.stayed(f);
                let (subject, at_us) = (f.subject, now.pts_us);
                let (turn, area) = (Turn::End, None);
                out.push(Sign { rule: 0, subject, turn, at_us, area, score: 0, detail });
            }
            f.subject = f.track;
        }
    }

    /// How long a thing stayed, for a rule that asks.
    fn stayed(&self, f: &Follow) -> Detail {
        let from_us = if self.rule.kind() == RuleKind::Loiter { f.stays_us } else { f.since_us };
        if self.lasts() { Detail::Stayed(f.last_us - from_us) } else { Detail::None }
    }

    /// What a step means for this rule.
    fn say(
        &self,
        f: &mut Follow,
        step: Option<(Step, i64)>,
        (now, thing): (Moment, Option<&Thing>),
        out: &mut Vec<Sign>,
    ) {
        let sign = |f: &Follow, turn, at_us, detail| Sign {
            rule: 0,
            subject: f.subject,
            turn,
            at_us,
            area: thing.map(area),
            score: thing.map_or(0, |t| t.score),
            detail,
        };
        let stayed = self.stayed(f);
        let begins = self.begins(f, step, now);
        if f.open_us.is_some() {
            let over = begins.is_some() || self.over(f, now);
            let turn = if over { Turn::End } else { Turn::On };
            if over || thing.is_some() {
                out.push(sign(f, turn, now.pts_us, stayed));
            }
            if over {
                f.open_us = None;
            }
        }
        if let Some((at_us, detail)) = begins {
            f.open_us = Some(now.pts_us);
            f.subject = f.track;
            out.push(sign(f, Turn::Begin, at_us, detail));
        }
    }

    /// True for what goes on as long as the thing is there.
    fn lasts(&self) -> bool {
        matches!(self.rule.kind(), RuleKind::Dwell | RuleKind::Loiter)
    }

    fn begins(
        &self,
        f: &mut Follow,
        step: Option<(Step, i64)>,
        now: Moment,
    ) -> Option<(i64, Detail)> {
        let at = step.map(|(_, at_us)| at_us);
        let crossed = |forward: bool| at.map(|at_us| (at_us, Detail::Crossed(forward)));
        match (self.rule.kind(), step.map(|(s, _)| s)) {
            (RuleKind::Enter | RuleKind::Dwell, Some(Step::Entered))
            | (RuleKind::Leave, Some(Step::Left)) => at.map(|at_us| (at_us, Detail::None)),
            (RuleKind::Cross, Some(Step::Crossed(forward))) => {
                let wanted = match self.rule.direction() {
                    Direction::Both => true,
                    Direction::AToB => forward,
                    Direction::BToA => !forward,
                };
                crossed(forward).filter(|_| wanted)
            }
            (RuleKind::WrongWay, Some(Step::Crossed(forward))) => {
                crossed(forward).filter(|_| forward != (self.rule.direction() == Direction::AToB))
            }
            (RuleKind::WrongWay, None) if f.seen && f.inside => {
                self.against(f, now).map(|since_us| (since_us, Detail::None))
            }
            (RuleKind::Loiter, _) if f.seen && f.inside && f.open_us.is_none() => {
                let stayed = now.pts_us - f.stays_us;
                let long = i64::from(or(self.rule.seconds, 10)) * 1_000_000;
                // Told once for a stay, also when it is over and goes on.
                let told = f.told_us.is_some_and(|told| told >= f.stays_us);
                (stayed >= long && !f.part && !told).then(|| {
                    f.told_us = Some(now.pts_us);
                    (now.pts_us, Detail::Stayed(stayed))
                })
            }
            _ => None,
        }
    }

    /// True when what is told of a thing is over.
    fn over(&self, f: &Follow, now: Moment) -> bool {
        let unseen = now.pts_us - f.last_us;
        let began = f.open_us.unwrap_or(now.pts_us);
        if self.lasts() {
            return !f.inside || unseen > MEMORY_US;
        }
        now.pts_us - began >= SHOWN_US || unseen >= GONE_US
    }

    /// Since when a thing goes against the way of the area, once that is as far as it is high.
    fn against(&self, f: &mut Follow, now: Moment) -> Option<i64> {
        let (hx, hy) = heading(self.rule.heading);
        let (dx, dy) = (f.foot.0 - f.anchor.0, f.foot.1 - f.anchor.1);
        let (along, aside) = (dx * hx + dy * hy, dx * hy - dy * hx);
        let need = f.height.max(f64::from(now.size.0) / 25.0);
        if along >= 0.0 {
            // A step back to the right way after a wrong one must be as long to count.
            if f.told_us.is_none() || along >= need {
                (f.anchor, f.anchor_us, f.told_us) = (f.foot, now.pts_us, None);
            }
            return None;
        }
        if -along < need / 8.0 {
            // It stands and its box jitters.
            f.anchor_us = now.pts_us;
        }
        if -along < need || aside.abs() > -along {
            return None;
        }
        let since_us = std::mem::replace(&mut f.anchor_us, now.pts_us);
        f.anchor = f.foot;
        f.told_us.replace(now.pts_us).is_none().then_some(since_us)
    }

    /// Writes the state with the rule.
    pub(crate) fn save(&self, to: &mut Writer) {
        to.message(&self.rule);
        to.u8(u8::from(self.zone.is_some()));
        to.message(&self.zone.clone().unwrap_or_default());
        to.u32(self.size.0);
        to.u32(self.size.1);
        to.u8(u8::from(self.young));
        to.u32(self.follows.len() as u32);
        self.follows.iter().for_each(|f| f.save(to));
        self.crowd.save(to);
        self.spots.save(to);
    }

    /// Reads what `save` wrote.
    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Watched> {
        let rule = from.message()?;
        let known = from.u8()? != 0;
        let zone = from.message::<Zone>().map(|z| known.then_some(z))?;
        let size = (from.u32()?, from.u32()?);
        let young = from.u8()? != 0;
        let count = from.u32().filter(|n| *n as usize <= MOST)?;
        let follows = (0..count).map(|_| Follow::load(from)).collect::<Option<_>>()?;
        let crowd = Crowd::load(from)?;
        let outline = match size {
            (0, 0) => Outline::default(),
            size => zone.as_ref().map(|z| Outline::of(z, size)).unwrap_or_default(),
        };
        Some(Watched {
            rule,
            zone,
            size,
            outline,
            young,
            follows,
            crowd,
            spots: Spots::load(from)?,
        })
    }
}

fn apart(a: Point, b: Point) -> f64 {
    let (dx, dy) = (a.0 - b.0, a.1 - b.1);
    dx * dx + dy * dy
}

/// A step of length 1 in eighths of a turn from right to down.
fn heading(eighths: u32) -> Point {
    const HALF: f64 = std::f64::consts::FRAC_1_SQRT_2;
    match eighths % 8 {
        0 => (1.0, 0.0),
        1 => (HALF, HALF),
        2 => (0.0, 1.0),
        3 => (-HALF, HALF),
        4 => (-1.0, 0.0),
        5 => (-HALF, -HALF),
        6 => (0.0, -1.0),
        _ => (HALF, -HALF),
    }
}
