//! What a camera's rules say of each frame: which happening begins, goes on, ends.
//!
//! Invariants: what is said depends on the frames alone; at most 64 things are followed beside
//! one rule; a change of the rules leaves what is followed for those that stay as they were;
//! a track that goes on under another number within 2 s and its own height is the same thing.
//! Units: source pixels; media time in microseconds.
//! Not here: one rule (`rules_watched`), geometry (`zone`, `line`), objects (`rules_left`), records (`analyzer`).

use flumen_base::wire::{Rule, RuleKind, Zone};

use crate::bits::Bits;
use crate::rules_left::NAMELESS;
use crate::rules_settled::Settling;
use crate::rules_visits::Visits;
use crate::rules_watched::Watched;
use crate::state::{Reader, Writer};
use crate::{Standing, Thing};

/// Rules of one camera.
const MOST_RULES: usize = 64;

/// Where in a happening a sign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It begins.
    Begin,
    /// It goes on.
    On,
    /// It is over.
    End,
}

/// What there is to say besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Nothing.
    None,
    /// Over a line, from A to B when true.
    Crossed(bool),
    /// How long something stayed, in microseconds.
    Stayed(i64),
    /// How many things.
    Count(u32),
}

/// One rule about one happening in one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sign {
    /// Place of the rule among those in force.
    pub rule: usize,
    /// Names the happening together with the rule: the thing's track, or another number.
    pub subject: u64,
    /// Where it stands.
    pub turn: Turn,
    /// Media time from which it counts.
    pub at_us: i64,
    /// What is to be shown of it: left, top, width, height.
    pub area: Option<(i32, i32, u32, u32)>,
    /// How sure, 0 to 1000.
    pub score: u32,
    /// What there is to say besides.
    pub detail: Detail,
}

impl Sign {
    /// The track that it is about; 0 = none.
    pub fn track(&self) -> u64 {
        if self.subject >= NAMELESS { 0 } else { self.subject }
    }
}

/// A frame's time and size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Media time.
    pub pts_us: i64,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// Something may be wrong with the picture, or its light changes: what is new in it says little.
    pub odd: bool,
}

/// What a frame shows.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// What moves or waits.
    pub things: &'a [Thing],
    /// What stands.
    pub standing: &'a [Standing],
    /// Pixels of the working picture that move.
    pub moving: &'a Bits,
}

/// All rules of one camera.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Watch {
    rules: Vec<Watched>,
    visits: Visits,
    settling: Settling,
}

impl Watch {
    /// Puts rules into force, and says which of those before go on as they are.
    ///
    /// Rules that are switched off, of a zone that is not there, or beyond 64 are left out.
    pub fn change(&mut self, zones: &[Zone], rules: &[Rule]) -> Vec<String> {
        let mut before = std::mem::take(&mut self.rules);
        let mut kept = Vec::new();
        for rule in rules.iter().filter(|r| !r.disabled).take(MOST_RULES) {
            let zone = zones.iter().find(|z| z.id == rule.zone);
            if zone.is_none() && !rule.zone.is_empty() {
                continue;
            }
            let next = Watched::new(rule.clone(), zone.cloned());
            match before.iter().position(|b| b.same(&next)) {
                Some(at) => {
                    kept.push(rule.id.clone());
                    self.rules.push(before.swap_remove(at).renamed(next));
                }
                None => self.rules.push(next),
            }
        }
        kept
    }

    /// The rule that `Sign::rule` names.
    pub fn rule(&self, at: usize) -> Option<&Rule> {
        self.rules.get(at).map(|w| &w.rule)
    }

    /// Looks at what a frame holds and appends what the rules say of it.
    pub fn see(&mut self, now: Moment, seen: Seen<'_>, out: &mut Vec<Sign>) {
        let objects = |w: &Watched| matches!(w.rule.kind(), RuleKind::Left | RuleKind::Taken);
        if self.rules.iter().any(objects) {
            self.settling.see(now, seen.moving);
            self.visits.see(now, seen.things, &self.settling);
        }
        for (index, watched) in self.rules.iter_mut().enumerate() {
            let from = out.len();
            watched.fit(now.size);
            if objects(watched) {
                let place = (&watched.rule, &watched.outline);
                watched.spots.see(now, place, seen, (&self.visits, &self.settling), out);
            } else {
                watched.things(now, seen.things, out);
            }
            watched.young = false;
            out.iter_mut().skip(from).for_each(|s| s.rule = index);
        }
    }

    /// What is followed is lost; the next frame has no connection with the last.
    pub fn break_off(&mut self) {
        for watched in &mut self.rules {
            watched.forget();
        }
        (self.visits, self.settling) = (Visits::default(), Settling::default());
    }

    /// Writes all of it.
    pub fn save(&self, to: &mut Writer) {
        self.visits.save(to);
        self.settling.save(to);
        to.u32(self.rules.len() as u32);
        self.rules.iter().for_each(|w| w.save(to));
    }

    /// Reads what `save` wrote.
    pub fn load(from: &mut Reader<'_>) -> Option<Watch> {
        let (visits, settling) = (Visits::load(from)?, Settling::load(from)?);
        let count = from.u32().filter(|n| *n as usize <= MOST_RULES)?;
        let rules = (0..count).map(|_| Watched::load(from)).collect::<Option<_>>()?;
        Some(Watch { rules, visits, settling })
    }
}

/// A person's number, or the usual one.
pub(crate) fn or(value: u32, usual: u32) -> u32 {
    if value == 0 { usual } else { value }
}

/// Where a thing is.
pub(crate) fn area(thing: &Thing) -> (i32, i32, u32, u32) {
    (thing.left, thing.top, thing.width, thing.height)
}
