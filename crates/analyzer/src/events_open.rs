//! Happenings that are open: from what begins, goes on and ends to records of events.
//!
//! Invariants: at most 64 are open; of one rule at most 12 begin in a minute of media time, what
//! is more is told in one event that counts it; an event has at most 6 updates; the same records
//! give the same ids.
//! Not here: what happens (`operators`), all motion without a zone (`events`).

use flumen_base::wire::{self, Event, Phase};
use flumen_operators::{Reader, Writer};

use crate::events::{MOST_UPDATES, Told, UPDATE_US, Who, id, is_larger};
use crate::meta::{self, Meta};

/// Happenings open at a time.
const MOST_OPEN: usize = 64;
/// Beginnings of one rule in `MINUTE_US`.
const MOST_A_MINUTE: usize = 12;
const MINUTE_US: i64 = 60_000_000;
/// Beginnings remembered: those of all rules that a camera may have, also of some that are gone.
const MOST_TOLD: usize = 2 * 64 * MOST_A_MINUTE;
/// How often an event that counts others says how many.
const COUNTED_US: i64 = 10_000_000;
/// Names the event that counts what was too much.
const REST: u64 = u64::MAX;

/// What names a happening while it is open: its kind, its rule, and what it is about.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Name {
    pub kind: String,
    pub rule: String,
    pub subject: u64,
}

/// What is known when a happening begins.
pub(crate) struct Beginning {
    pub name: Name,
    pub zone: String,
    pub track: u64,
    pub muted: bool,
    /// The first frame of it.
    pub first: Meta,
    pub place: Option<wire::Box>,
    pub detail: String,
}

/// All that is open, and how much was told in the last minute.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Happenings {
    open: Vec<Open>,
    /// Rule, and when it told a beginning.
    told: Vec<(String, i64)>,
}

#[derive(Clone, Debug, PartialEq)]
struct Open {
    name: Name,
    zone: String,
    track: u64,
    muted: bool,
    first: Meta,
    last: Meta,
    revision: u32,
    score: u32,
    best: Option<wire::Box>,
    shown_us: i64,
    detail: String,
    /// Happenings that were too many, of an event that counts them.
    rest: u32,
}

impl Happenings {
    /// Something begins.
    pub(crate) fn begin(&mut self, who: &Who<'_>, meta: &Meta, begins: Beginning) -> Option<Told> {
        let rule = &begins.name.rule;
        self.told.retain(|(_, at)| (0..MINUTE_US).contains(&(meta.pts_us - at)));
        let told = self.told.iter().filter(|(r, _)| r == rule).count();
        let full = self.open.len() + 1 >= MOST_OPEN || self.told.len() >= MOST_TOLD;
        if told >= MOST_A_MINUTE || full {
            return self.too_much(who, meta, begins);
        }
        self.told.push((rule.clone(), meta.pts_us));
        let open = Open::new(begins, meta);
        let record = open.record(who, Phase::Begin, meta);
        self.open.push(open);
        Some(Told { event: record, picture: true })
    }

    /// Counts what is too much in an event of its own.
    fn too_much(&mut self, who: &Who<'_>, meta: &Meta, begins: Beginning) -> Option<Told> {
        let name = Name { subject: REST, ..begins.name.clone() };
        let Some(open) = self.open.iter_mut().find(|o| o.name == name) else {
            if self.open.len() >= MOST_OPEN {
                return None;
            }
            let mut open = Open::new(Beginning { name, track: 0, ..begins }, meta);
            open.count();
            let record = open.record(who, Phase::Begin, meta);
            self.open.push(open);
            return Some(Told { event: record, picture: true });
        };
        open.count();
        open.last = *meta;
        if meta.pts_us - open.shown_us < COUNTED_US {
            return None;
        }
        open.shown_us = meta.pts_us;
        open.revision += 1;
        Some(Told { event: open.record(who, Phase::Update, meta), picture: false })
    }

    /// Something goes on; told where there is a better picture of it.
    pub(crate) fn on(
        &mut self,
        who: &Who<'_>,
        meta: &Meta,
        name: &Name,
        place: Option<wire::Box>,
    ) -> Option<Told> {
        let open = self.open.iter_mut().find(|o| o.name == *name)?;
        let place = place?;
        open.last = *meta;
        open.score = open.score.max(place.score);
        let better = open.best.is_none_or(|best| is_larger((place.width, place.height), &best));
        let often = open.revision >= MOST_UPDATES || meta.pts_us - open.shown_us < UPDATE_US;
        if often || !better {
            return None;
        }
        open.best = Some(place);
        open.shown_us = meta.pts_us;
        open.revision += 1;
        Some(Told { event: open.record(who, Phase::Update, meta), picture: true })
    }

    /// Something is over; `detail` says more than at its begin unless it is empty.
    pub(crate) fn end(
        &mut self,
        who: &Who<'_>,
        meta: &Meta,
        name: &Name,
        detail: &str,
    ) -> Option<Told> {
        let at = self.open.iter().position(|o| o.name == *name)?;
        let mut open = self.open.remove(at);
        if !detail.is_empty() {
            detail.clone_into(&mut open.detail);
        }
        Some(open.ended(who, meta))
    }

    /// Ends what `gone` names, oldest first.
    pub(crate) fn end_where(
        &mut self,
        who: &Who<'_>,
        meta: &Meta,
        gone: impl Fn(&Name) -> bool,
    ) -> Vec<Told> {
        let over = |o: &mut Open| gone(&o.name);
        self.open.extract_if(.., over).map(|open| open.ended(who, meta)).collect()
    }

    /// Ends the events that count others, once the rule has room again and nothing came.
    pub(crate) fn settle(&mut self, who: &Who<'_>, meta: &Meta) -> Vec<Told> {
        let calm = |o: &mut Open| {
            o.name.subject == REST && !(0..COUNTED_US).contains(&(meta.pts_us - o.last.pts_us))
        };
        self.open.extract_if(.., calm).map(|open| open.ended(who, meta)).collect()
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.u32(self.told.len() as u32);
        for (rule, at) in &self.told {
            to.text(rule);
            to.i64(*at);
        }
        to.u32(self.open.len() as u32);
        self.open.iter().for_each(|o| o.save(to));
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Happenings> {
        let count = from.u32().filter(|n| *n as usize <= MOST_TOLD)?;
        let one = |_| Some((from.text()?, meta::time(from)?));
        let told = (0..count).map(one).collect::<Option<_>>()?;
        let count = from.u32().filter(|n| *n as usize <= MOST_OPEN)?;
        let open = (0..count).map(|_| Open::load(from)).collect::<Option<_>>()?;
        Some(Happenings { open, told })
    }
}

impl Open {
    fn new(begins: Beginning, meta: &Meta) -> Open {
        Open {
            name: begins.name,
            zone: begins.zone,
            track: begins.track,
            muted: begins.muted,
            first: begins.first,
            last: *meta,
            revision: 0,
            score: begins.place.map_or(0, |b| b.score),
            best: begins.place,
            shown_us: meta.pts_us,
            detail: begins.detail,
            rest: 0,
        }
    }

    fn count(&mut self) {
        self.rest += 1;
        self.detail = format!("{} in short time", self.rest);
    }

    fn ended(mut self, who: &Who<'_>, meta: &Meta) -> Told {
        self.revision += 1;
        Told { event: self.record(who, Phase::End, meta), picture: false }
    }

    fn record(&self, who: &Who<'_>, phase: Phase, meta: &Meta) -> Event {
        let Name { kind, rule, subject } = &self.name;
        Event {
            id: id(who.camera, kind, &self.first, (*subject, rule)).into(),
            revision: self.revision,
            camera: who.camera.to_owned(),
            epoch: self.first.epoch,
            sequence: self.first.sequence,
            kind: kind.clone(),
            phase: phase.into(),
            begin_us: self.first.capture_us,
            end_us: self.last.capture_us,
            begin_pts_us: self.first.pts_us,
            end_pts_us: self.last.pts_us,
            track: self.track,
            zone: self.zone.clone(),
            score: self.score,
            r#box: self.best,
            picture: false,
            source: Some(meta.at),
            policy_version: who.policy_version,
            detail: self.detail.clone(),
            rule: rule.clone(),
            muted: self.muted,
            oddities: Vec::new(),
        }
    }

    fn save(&self, to: &mut Writer) {
        for text in [&self.name.kind, &self.name.rule, &self.zone, &self.detail] {
            to.text(text);
        }
        for v in [self.name.subject, self.track] {
            to.u64(v);
        }
        self.first.save(to);
        self.last.save(to);
        for v in [self.revision, self.score, self.rest, u32::from(self.muted)] {
            to.u32(v);
        }
        to.i64(self.shown_us);
        to.u8(u8::from(self.best.is_some()));
        to.message(&self.best.unwrap_or_default());
    }

    fn load(from: &mut Reader<'_>) -> Option<Open> {
        let [kind, rule, zone, detail] = [from.text()?, from.text()?, from.text()?, from.text()?];
        let [subject, track] = [from.u64()?, from.u64()?];
        let (first, last) = (Meta::load(from)?, Meta::load(from)?);
        let [revision, score, rest, muted] = [from.u32()?, from.u32()?, from.u32()?, from.u32()?];
        let shown_us = meta::time(from)?;
        let shown = from.u8()? != 0;
        let best = from.message::<wire::Box>().map(|b| shown.then_some(b))?;
        Some(Open {
            name: Name { kind, rule, subject },
            zone,
            track,
            muted: muted != 0,
            first,
            last,
            revision,
            score,
            best,
            shown_us,
            detail,
            rest,
        })
    }
}

#[cfg(test)]
mod tests;
