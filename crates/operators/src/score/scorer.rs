//! The models of one camera at work: windows in, anomalies out.
//!
//! Invariants: what comes out depends on the windows, the models and the arrival times alone; a
//! restored scorer goes on as the one that was saved; a model beside tells nothing.
//! Spec: docs/ref/models.md, "Scores", "Anomalies", "Which card counts".
//! Not here: where models come from, what becomes of an anomaly (`analyzer`).

use std::sync::Arc;

use flumen_base::wire::insight::Shadow;
use flumen_base::wire::{ActiveModel, ModelCard, Oddity, Window};
use flumen_base::{Error, Result};

use super::anomalies::{Anomalies, Anomaly};
use super::features::{is_busy, is_good};
use super::lane::{Lane, Offered};
use super::learned::Learned;
use super::minute::{Third, minute_of};
use super::model::{Model, Parameters};
use super::profile::Profile;
use super::running::{OF_WINDOWS, Running};
use super::shadow::Shadows;
use super::words::absence_oddity;
use crate::state::{Reader, Writer};

/// Kinds that score, the leading one first.
pub const SCORED: [&str; 4] = ["profile", "kmeans", "gaussian-mixture", "appearance"];
/// Good windows of a minute without movement that count as absence.
const SEEN: u32 = 30;

/// The models of one camera, and the minute that is scored.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Scorer {
    pub(super) camera: String,
    /// "group:" and the group's name.
    group: String,
    /// By `SCORED`: of the camera, and of its group.
    lanes: [[Lane; 2]; SCORED.len()],
    minute: Option<Running>,
    absent: Absent,
    anomalies: Anomalies,
    pub(super) shadows: Shadows,
}

/// Minutes without anything in sight.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
struct Absent {
    minutes: u64,
    expected: f64,
}

impl Scorer {
    /// A scorer of a camera and its group (empty = "site") without any model.
    #[must_use]
    pub fn new(camera: &str, group: &str) -> Scorer {
        Scorer { camera: camera.to_owned(), group: scope_of(group), ..Scorer::default() }
    }

    /// True when it never had a model.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.lanes.iter().flatten().all(Lane::is_empty)
            && self.minute.is_none()
            && self.anomalies == Anomalies::default()
    }

    /// The camera belongs to a group from now on; models of another one do not count any more.
    pub fn regroup(&mut self, group: &str) {
        let scope = scope_of(group);
        if scope != self.group {
            self.group = scope;
            self.lanes.iter_mut().for_each(|[_, of_group]| *of_group = Lane::default());
        }
    }

    /// Checks a card and takes it; of too many that wait the oldest goes. Cards of others and
    /// kinds that score nothing change nothing.
    ///
    /// # Errors
    /// As `Model::open`; `Invalid` for a version that is not newer. What was before stays.
    pub fn install(&mut self, card: &ModelCard) -> Result<()> {
        let learned = Learned::open(card)?;
        let mut offered = self.offer(&learned);
        if offered == Offered::Full {
            if let Some(lane) = self.lane(&card.scope, &card.kind) {
                lane.make_room();
            }
            offered = self.offer(&learned);
        }
        match offered {
            Offered::Older => Err(older(card)),
            _ => Ok(()),
        }
    }

    /// Takes a checked model.
    pub fn offer(&mut self, learned: &Arc<Learned>) -> Offered {
        let model = &learned.model;
        self.lane(&model.scope, &model.kind).map_or(Offered::Known, |lane| lane.offer(learned))
    }

    /// Takes a person's word on which model counts.
    pub fn activate(&mut self, word: &ActiveModel) {
        if let Some(lane) = self.lane(&word.scope, &word.kind) {
            lane.say(word);
        }
    }

    fn lane(&mut self, scope: &str, kind: &str) -> Option<&mut Lane> {
        let at = SCORED.iter().position(|k| *k == kind)?;
        let whose = match scope {
            s if s == self.camera => 0,
            s if s == self.group => 1,
            _ => return None,
        };
        self.lanes.get_mut(at)?.get_mut(whose)
    }

    /// A unit of this arrival time has come: puts into force what counts from then on.
    pub fn follow(&mut self, arrival_us: i64) {
        for (at, lanes) in self.lanes.iter_mut().enumerate() {
            let mut changed = false;
            for lane in lanes {
                changed |= lane.follow(arrival_us);
            }
            let of_windows = OF_WINDOWS.iter().position(|(kind, _)| *kind == at);
            if let (true, Some(at), Some(minute)) = (changed, of_windows, &mut self.minute)
                && let (Some([live, _]), Some(most)) =
                    (minute.thirds.get_mut(at), minute.most.get_mut(at))
            {
                // Scores of two models are not compared.
                (*live, *most) = (Third::default(), (0.0, 0));
            }
        }
    }

    /// Version in force of the leading model: of the first kind of `SCORED` that has one; 0 = none.
    #[must_use]
    pub fn version(&self) -> u64 {
        (0..SCORED.len()).find_map(|kind| self.live(kind)).map_or(0, |model| model.version)
    }

    /// The version of a kind that scores this camera; 0 = none.
    #[must_use]
    pub fn version_of(&self, kind: &str) -> u64 {
        let at = SCORED.iter().position(|k| *k == kind);
        at.and_then(|at| self.live(at)).map_or(0, |model| model.version)
    }

    /// Hours since 1970 that models beside have scored to their end, since it was asked last.
    pub fn shadows(&mut self) -> Vec<(u64, Shadow)> {
        std::mem::take(&mut self.shadows.ended)
    }

    /// The camera's own model, else its group's.
    pub(super) fn live(&self, kind: usize) -> Option<&Model> {
        self.lanes.get(kind)?.iter().find_map(Lane::live).map(|l| &l.model)
    }

    pub(super) fn shadow(&self, kind: usize) -> Option<&Model> {
        self.lanes.get(kind)?.iter().find_map(Lane::beside).map(|l| &l.model)
    }

    /// Takes a window, in the order in which they end; adds what is to be told to `told`.
    pub fn window(&mut self, window: &Window, told: &mut Vec<Anomaly>) {
        if self.is_new() {
            return;
        }
        let minute = minute_of(window);
        if self.minute.as_ref().is_some_and(|m| m.so_far.minute() != minute) {
            self.end_minute(told);
        }
        told.extend(self.anomalies.pass(minute));
        if !is_good(window) {
            return;
        }
        let mut running =
            self.minute.take().unwrap_or_else(|| Running::new(&self.camera, minute, window));
        running.add(window);
        if is_busy(window) {
            self.score_window(&mut running, window);
        }
        let now = running.now();
        let odd = self.odd(&running);
        self.minute = Some(running);
        told.extend(self.anomalies.see(&now, &odd));
    }

    /// The stream breaks off: what is open ends.
    pub fn break_off(&mut self) -> Option<Anomaly> {
        self.anomalies.break_off()
    }

    /// What is open once more, with a revision of its own, for a picture of it.
    pub fn again(&mut self) -> Option<Anomaly> {
        self.anomalies.again()
    }

    /// A minute is over: absence is scored, and what the models beside would have found.
    fn end_minute(&mut self, told: &mut Vec<Anomaly>) {
        let Some(running) = self.minute.take() else { return };
        let record = running.so_far.record();
        self.look_beside(&running, &record);
        let before = self.absent;
        self.absent = match self.live(0).map(|model| &model.parameters) {
            Some(Parameters::Profile(_)) if Profile::is_active(&record) => Absent::default(),
            Some(Parameters::Profile(profile)) if record.seen >= SEEN => Absent {
                minutes: before.minutes + 1,
                expected: before.expected + profile.expected_share(record.hour_of_week),
            },
            _ => before,
        };
        let Some(model) = self.live(0).filter(|_| self.absent != before) else { return };
        let Absent { minutes, expected } = self.absent;
        let odd = self.above(model, "absence", expected, |_| absence_oddity(minutes, expected));
        let odd: Vec<Oddity> = odd.into_iter().collect();
        told.extend(self.anomalies.see(&running.now(), &odd));
    }

    /// Writes it.
    pub fn save(&self, to: &mut Writer) {
        to.text(&self.camera);
        to.text(&self.group);
        for lane in self.lanes.iter().flatten() {
            lane.save(&self.camera, to);
        }
        to.u64(self.absent.minutes);
        to.f64(self.absent.expected);
        self.anomalies.save(to);
        self.shadows.save(to);
        to.u8(u8::from(self.minute.is_some()));
        if let Some(minute) = &self.minute {
            minute.save(to);
        }
    }

    /// Reads what `save` wrote.
    pub fn load(from: &mut Reader<'_>) -> Option<Scorer> {
        let mut scorer = Scorer { camera: from.text()?, group: from.text()?, ..Scorer::default() };
        for lane in scorer.lanes.iter_mut().flatten() {
            *lane = Lane::load(from)?;
        }
        scorer.absent = Absent { minutes: from.u64()?, expected: from.f64()? };
        scorer.anomalies = Anomalies::load(from)?;
        scorer.shadows = Shadows::load(from)?;
        if from.u8()? != 0 {
            scorer.minute = Some(Running::load(from)?);
        }
        Some(scorer)
    }
}

/// The error of a card that is not newer than what is known.
#[must_use]
pub fn older(card: &ModelCard) -> Error {
    let ModelCard { scope, kind, version, lineage, .. } = card;
    Error::invalid(format!(
        "model {scope}/{kind}/{version}: a newer version of lineage {lineage:?} is known: to go \
         back, name this version as the active one"
    ))
}

fn scope_of(group: &str) -> String {
    format!("group:{}", if group.is_empty() { "site" } else { group })
}
