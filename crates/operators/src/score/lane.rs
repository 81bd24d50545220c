//! The models of one scope and kind: which counts, which wait for their time.
//!
//! Invariants: a model counts from the first unit whose arrival is at or after its
//! `effective_us`, and never goes back but by a person's word; at most `WAITING` wait.
//! Spec: docs/ref/models.md, "Which card counts".

use std::collections::VecDeque;
use std::sync::Arc;

use flumen_base::wire::ActiveModel;

use super::learned::Learned;
use crate::state::{Reader, Writer};

/// Models, and words of persons, that may wait for their time.
pub const WAITING: usize = 8;
/// Models in hand: those that wait, and those that are named.
const MOST: usize = 4 * WAITING;

/// What becomes of a model that is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It waits for its time.
    Taken,
    /// It was known.
    Known,
    /// A newer one of its lineage is known, and nobody names it.
    Older,
    /// Too many wait for their time.
    Full,
}

/// The models of one scope and kind.
#[derive(Clone, Debug, PartialEq, Default)]
pub(super) struct Lane {
    /// Oldest version first.
    cards: Vec<Arc<Learned>>,
    /// The last word that counts, and those to come.
    said: ActiveModel,
    coming: VecDeque<ActiveModel>,
    /// The newest version whose time has come.
    settled: u64,
    live: Option<Arc<Learned>>,
    beside: Option<Arc<Learned>>,
    /// When the next one counts.
    next_us: Option<i64>,
}

impl Lane {
    /// The model that scores.
    pub(super) fn live(&self) -> Option<&Learned> {
        self.live.as_deref()
    }

    /// The model that is scored beside and tells nothing.
    pub(super) fn beside(&self) -> Option<&Learned> {
        self.beside.as_deref()
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Lane::default()
    }

    /// True when a word that counts or will count names this version.
    fn named(&self, version: u64) -> bool {
        let names = |said: &ActiveModel| said.version == version || said.shadow == version;
        names(&self.said) || self.coming.iter().any(names)
    }

    /// Takes a model that is newer than those in hand, or named.
    pub(super) fn offer(&mut self, card: &Arc<Learned>) -> Offered {
        let version = card.model.version;
        if self.cards.iter().any(|c| c.model.version == version) {
            return Offered::Known;
        }
        let named = self.named(version);
        if !named && let Some(newest) = self.cards.last().filter(|c| c.model.version > version) {
            let follows = newest.model.lineage == card.model.lineage;
            return if follows { Offered::Older } else { Offered::Known };
        }
        let wait =
            |c: &&Arc<Learned>| c.model.version > self.settled && !self.named(c.model.version);
        let full = !named && self.cards.iter().filter(wait).count() >= WAITING;
        if full || self.cards.len() >= MOST {
            return Offered::Full;
        }
        let at = self.cards.partition_point(|c| c.model.version < version);
        self.cards.insert(at, card.clone());
        self.reckon();
        Offered::Taken
    }

    /// Drops the oldest model that waits for its time, so that there is room.
    pub(super) fn make_room(&mut self) {
        let waits =
            |c: &Arc<Learned>| c.model.version > self.settled && !self.named(c.model.version);
        if let Some(at) = self.cards.iter().position(waits) {
            self.cards.remove(at);
        }
        self.reckon();
    }

    /// A person's word; the same again changes nothing, of too many the newest replaces the last.
    pub(super) fn say(&mut self, word: &ActiveModel) {
        if self.coming.back().unwrap_or(&self.said) == word {
            return;
        }
        if self.coming.len() == WAITING {
            self.coming.pop_back();
        }
        self.coming.push_back(word.clone());
        self.reckon();
    }

    /// Puts into force what counts from `arrival_us` on; true when another model scores.
    pub(super) fn follow(&mut self, arrival_us: i64) -> bool {
        if self.next_us.is_none_or(|next| arrival_us < next) {
            return false;
        }
        while self.coming.front().is_some_and(|said| said.effective_us <= arrival_us) {
            self.said = self.coming.pop_front().unwrap_or_default();
        }
        let due = |c: &&Arc<Learned>| c.model.effective_us <= arrival_us;
        let newest = self.cards.iter().rev().find(due).map_or(0, |c| c.model.version);
        self.settled = self.settled.max(newest);
        let before = self.live.as_ref().map(|c| c.model.version);
        let wanted = if self.said.version == 0 { self.settled } else { self.said.version };
        // A version that is not in hand changes nothing until it comes.
        self.live = self.find(wanted).or_else(|| self.live.take());
        let now = self.live.as_ref().map(|c| c.model.version);
        self.beside = self.find(self.said.shadow).filter(|c| Some(c.model.version) != now);
        let (settled, mut cards) = (self.settled, std::mem::take(&mut self.cards));
        cards.retain(|c| {
            let version = c.model.version;
            version >= settled || Some(version) == now || self.named(version)
        });
        self.cards = cards;
        self.reckon();
        now != before
    }

    fn find(&self, version: u64) -> Option<Arc<Learned>> {
        self.cards.iter().find(|c| c.model.version == version).cloned()
    }

    /// Finds when the next change is due.
    fn reckon(&mut self) {
        let newer = self.cards.iter().filter(|c| c.model.version > self.settled);
        let times = newer.map(|c| c.model.effective_us);
        let words = self.coming.front().map(|said| said.effective_us);
        let late = self.owes().then_some(i64::MIN);
        self.next_us = times.chain(words).chain(late).min();
    }

    /// True when a model that a word in force names has come since.
    fn owes(&self) -> bool {
        let held = |card: &Option<Arc<Learned>>| card.as_ref().map_or(0, |c| c.model.version);
        let there = |version: u64| version != 0 && self.find(version).is_some();
        let (live, said) = (held(&self.live), &self.said);
        let pinned = there(said.version) && live != said.version;
        let beside = there(said.shadow) && live != said.shadow && held(&self.beside) != said.shadow;
        pinned || beside
    }

    pub(super) fn save(&self, camera: &str, to: &mut Writer) {
        to.u32(self.cards.len() as u32);
        for card in &self.cards {
            to.message(&card.of_camera(camera));
        }
        to.u32(self.coming.len() as u32);
        for said in std::iter::once(&self.said).chain(&self.coming) {
            to.message(said);
        }
        let version = |card: &Option<Arc<Learned>>| card.as_ref().map_or(0, |c| c.model.version);
        for v in [self.settled, version(&self.live), version(&self.beside)] {
            to.u64(v);
        }
    }

    /// Reads what `save` wrote; a card that this program does not take any more is left out.
    pub(super) fn load(from: &mut Reader<'_>) -> Option<Lane> {
        let mut lane = Lane::default();
        for _ in 0..from.u32().filter(|n| *n as usize <= MOST)? {
            lane.cards.extend(Learned::open(&from.message()?).ok());
        }
        let coming = from.u32().filter(|n| *n as usize <= WAITING)?;
        lane.said = from.message()?;
        lane.coming = (0..coming).map(|_| from.message()).collect::<Option<_>>()?;
        lane.settled = from.u64()?;
        lane.live = lane.find(from.u64()?);
        lane.beside = lane.find(from.u64()?);
        lane.reckon();
        Some(lane)
    }
}
