//! Motion as events: one event for one happening, with a beginning, a few updates, an end.
//!
//! Invariants: at most one event is open; an event has at most 6 updates and lasts at most
//! 5 minutes, then the next one begins; the same records give the same ids.
//! Not here: events of rules with a zone (`events_rules`), what moves (`operators`), how a
//! picture is made (`media`).

use std::collections::VecDeque;

use flumen_base::wire::{self, Event, Phase};
use flumen_operators::{Reader, Thing, VERSION, Writer};
use sha2::{Digest, Sha256};

use crate::meta::{self, Meta};

/// Nothing seen for so long ends an event.
const QUIET_US: i64 = 2_000_000;
/// An event does not last longer.
const LONGEST_US: i64 = 300_000_000;
/// Updates follow each other no faster.
pub(crate) const UPDATE_US: i64 = 1_000_000;
/// Updates of one event.
pub(crate) const MOST_UPDATES: u32 = 6;
/// Frames whose times are remembered, to date an event back to the first sight.
const REMEMBERED: usize = 32;

/// The event that is open, and the frames just seen.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Events {
    open: Option<Open>,
    frames: VecDeque<Meta>,
}

#[derive(Clone, Debug, PartialEq)]
struct Open {
    first: Meta,
    last: Meta,
    track: u64,
    revision: u32,
    score: u32,
    best: wire::Box,
    shown_us: i64,
}

/// What becomes of a frame: a record, and whether it wants the frame as picture.
pub(crate) struct Told {
    pub event: Event,
    pub picture: bool,
}

impl Events {
    /// Takes the things seen in a frame.
    pub(crate) fn see(&mut self, who: &Who<'_>, meta: &Meta, things: &[Thing]) -> Vec<Told> {
        let mut told = Vec::new();
        let largest = things.iter().max_by_key(|t| u64::from(t.width) * u64::from(t.height));
        match (&mut self.open, largest) {
            (None, None) => {}
            (None, Some(thing)) => told.push(self.begin(who, meta, thing)),
            (Some(open), Some(thing)) => {
                open.last = *meta;
                open.score = open.score.max(thing.score);
                if meta.pts_us - open.first.pts_us >= LONGEST_US {
                    told.extend(self.end(who, meta));
                } else if open.better(thing, meta) {
                    open.revision += 1;
                    open.best = box_of(thing);
                    open.shown_us = meta.pts_us;
                    told.push(Told { event: open.record(who, Phase::Update, meta), picture: true });
                }
            }
            (Some(open), None) => {
                let still = meta.pts_us - open.last.pts_us;
                if !(0..QUIET_US).contains(&still) {
                    told.extend(self.end(who, meta));
                }
            }
        }
        told
    }

    /// Notes a frame, so that an event can be dated back to it.
    pub(crate) fn remember(&mut self, meta: &Meta) {
        if self.frames.len() == REMEMBERED {
            self.frames.pop_front();
        }
        self.frames.push_back(*meta);
    }

    /// The first remembered frame at or after a media time; `now` where there is none.
    pub(crate) fn at(&self, pts_us: i64, now: &Meta) -> Meta {
        let found = self.frames.iter().find(|m| m.epoch == now.epoch && m.pts_us >= pts_us);
        *found.unwrap_or(now)
    }

    fn begin(&mut self, who: &Who<'_>, meta: &Meta, thing: &Thing) -> Told {
        let born = self.frames.iter().find(|m| m.tag == thing.born && m.epoch == meta.epoch);
        let open = self.open.insert(Open {
            first: *born.unwrap_or(meta),
            last: *meta,
            track: thing.id,
            revision: 0,
            score: thing.score,
            best: box_of(thing),
            shown_us: meta.pts_us,
        });
        Told { event: open.record(who, Phase::Begin, meta), picture: true }
    }

    /// Ends the open event; `meta` is the unit that says so.
    pub(crate) fn end(&mut self, who: &Who<'_>, meta: &Meta) -> Option<Told> {
        let mut open = self.open.take()?;
        open.revision += 1;
        Some(Told { event: open.record(who, Phase::End, meta), picture: false })
    }

    /// The frames before have no connection with those to come.
    pub(crate) fn forget_frames(&mut self) {
        self.frames.clear();
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.u32(self.frames.len() as u32);
        for meta in &self.frames {
            meta.save(to);
        }
        to.u8(u8::from(self.open.is_some()));
        if let Some(o) = &self.open {
            o.first.save(to);
            o.last.save(to);
            for v in [o.track, o.best.track] {
                to.u64(v);
            }
            for v in [o.revision, o.score, o.best.width, o.best.height, o.best.score] {
                to.u32(v);
            }
            to.i32(o.best.left);
            to.i32(o.best.top);
            to.i64(o.shown_us);
        }
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Events> {
        let count = from.u32().filter(|n| *n as usize <= REMEMBERED)?;
        let frames = (0..count).map(|_| Meta::load(from)).collect::<Option<_>>()?;
        if from.u8()? == 0 {
            return Some(Events { open: None, frames });
        }
        let (first, last) = (Meta::load(from)?, Meta::load(from)?);
        let [track, best] = [from.u64()?, from.u64()?];
        let [revision, score, width, height, sure] =
            [from.u32()?, from.u32()?, from.u32()?, from.u32()?, from.u32()?];
        let (left, top) = (from.i32()?, from.i32()?);
        let best = wire::Box { track: best, left, top, width, height, score: sure };
        let shown_us = meta::time(from)?;
        let open = Some(Open { first, last, track, revision, score, best, shown_us });
        Some(Events { open, frames })
    }
}

/// Whose events these are, and under which policy.
pub(crate) struct Who<'a> {
    pub camera: &'a str,
    pub policy_version: u64,
    /// The rule that wants all motion told, if a person wrote one.
    pub rule: &'a str,
    pub muted: bool,
}

impl Open {
    fn better(&self, thing: &Thing, meta: &Meta) -> bool {
        self.revision < MOST_UPDATES
            && meta.pts_us - self.shown_us >= UPDATE_US
            && is_larger((thing.width, thing.height), &self.best)
    }

    fn record(&self, who: &Who<'_>, phase: Phase, meta: &Meta) -> Event {
        Event {
            id: id(who.camera, "motion", &self.first, (self.track, "")).into(),
            revision: self.revision,
            camera: who.camera.to_owned(),
            epoch: self.first.epoch,
            sequence: self.first.sequence,
            kind: "motion".to_owned(),
            phase: phase.into(),
            begin_us: self.first.capture_us,
            end_us: self.last.capture_us,
            begin_pts_us: self.first.pts_us,
            end_pts_us: self.last.pts_us,
            track: self.track,
            score: self.score,
            r#box: Some(self.best),
            source: Some(meta.at),
            policy_version: who.policy_version,
            rule: who.rule.to_owned(),
            muted: who.muted,
            ..Event::default()
        }
    }
}

/// True when a thing is shown half as large again as before.
pub(crate) fn is_larger((width, height): (u32, u32), before: &wire::Box) -> bool {
    let area = |w: u32, h: u32| u64::from(w) * u64::from(h);
    area(width, height) * 2 > area(before.width, before.height) * 3
}

/// First 16 bytes of SHA-256 over camera, 0, epoch, kind, 0, version, sequence, subject, and
/// the rule's id where there is one; numbers as 8 bytes, big endian.
pub(crate) fn id(camera: &str, kind: &str, first: &Meta, (subject, rule): (u64, &str)) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(camera.as_bytes());
    hash.update([0]);
    hash.update(first.epoch.to_be_bytes());
    hash.update(kind.as_bytes());
    hash.update([0]);
    for v in [u64::from(VERSION), first.sequence, subject] {
        hash.update(v.to_be_bytes());
    }
    hash.update(rule.as_bytes());
    hash.finalize().iter().take(16).copied().collect()
}

/// A thing as it stands in records.
pub(crate) fn box_of(thing: &Thing) -> wire::Box {
    let Thing { id, left, top, width, height, score, .. } = *thing;
    wire::Box { track: id, left, top, width, height, score }
}
