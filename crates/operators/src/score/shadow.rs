//! What a model that is scored beside would have found odd, hour by hour.
//!
//! Invariants: it tells nothing to anybody who watches; an hour is handed out once, when a minute
//! of another hour ends or another version is scored.
//! Spec: docs/ref/models.md, "A model beside".
//! Not here: what becomes of it (`analyzer`, `api`).

use flumen_base::wire::Minute;
use flumen_base::wire::insight::Shadow;

use super::minute::Third;
use super::model::{Model, Parameters};
use super::running::{OF_WINDOWS, Running};
use super::scorer::{SCORED, Scorer};
use crate::state::{Reader, Writer};

/// Minutes of an hour.
const HOUR: u64 = 60;
/// Hours that wait to be handed out; there is one a kind but for a caller that never asks.
const MOST: usize = 4 * SCORED.len();

/// The hour under way, by `SCORED`, and hours that ended.
#[derive(Clone, Debug, PartialEq, Default)]
pub(super) struct Shadows {
    /// Hour since 1970, and what was seen in it; a version of 0 is none.
    hours: [(u64, Shadow); SCORED.len()],
    pub(super) ended: Vec<(u64, Shadow)>,
}

impl Shadows {
    /// Counts a minute; `of` names the two models.
    fn add(&mut self, kind: usize, minute: u64, of: Shadow, [odd, live_odd]: [bool; 2]) {
        let Some((hour, so_far)) = self.hours.get_mut(kind) else { return };
        let same = (*hour, so_far.version, so_far.live_version)
            == (minute / HOUR, of.version, of.live_version);
        if !same {
            let before = (std::mem::replace(hour, minute / HOUR), std::mem::replace(so_far, of));
            if before.1.version != 0 && self.ended.len() < MOST {
                self.ended.push(before);
            }
        }
        let bit = 1 << (minute % HOUR);
        so_far.scored |= bit;
        so_far.odd |= if odd { bit } else { 0 };
        so_far.live_odd |= if live_odd { bit } else { 0 };
    }

    pub(super) fn save(&self, to: &mut Writer) {
        for (hour, so_far) in &self.hours {
            to.u64(*hour);
            to.message(so_far);
        }
    }

    /// Reads what `save` wrote; what has ended is handed out before anything is saved.
    pub(super) fn load(from: &mut Reader<'_>) -> Option<Shadows> {
        let mut shadows = Shadows::default();
        for (hour, so_far) in &mut shadows.hours {
            (*hour, *so_far) = (from.u64()?, from.message()?);
        }
        Some(shadows)
    }
}

impl Scorer {
    /// Scores a minute that is over by the models beside, and by those that count.
    pub(super) fn look_beside(&mut self, running: &Running, record: &Minute) {
        for kind in 0..SCORED.len() {
            let Some(shadow) = self.shadow(kind) else { continue };
            let live = self.live(kind);
            let of = Shadow {
                scope: shadow.scope.clone(),
                kind: shadow.kind.clone(),
                version: shadow.version,
                live_version: live.map_or(0, |model| model.version),
                ..Shadow::default()
            };
            let live_odd = live.is_some_and(|m| self.is_odd(m, kind, 0, running, record));
            let odd = self.is_odd(shadow, kind, 1, running, record);
            self.shadows.add(kind, running.so_far.minute(), of, [odd, live_odd]);
        }
    }

    /// True when a model finds a minute odd; `which` of the sums of its windows are this model's.
    fn is_odd(
        &self,
        model: &Model,
        kind: usize,
        which: usize,
        running: &Running,
        minute: &Minute,
    ) -> bool {
        let above = |name: &str, score: f64| {
            model.threshold(&self.camera, name).is_some_and(|threshold| score > threshold)
        };
        match &model.parameters {
            Parameters::Profile(_) => !self.odd_profile(model, minute).is_empty(),
            Parameters::Appearance(look) => above("look", look.score(minute)),
            _ => OF_WINDOWS.iter().zip(&running.thirds).any(|((of, name), thirds)| {
                *of == kind && above(name, thirds.get(which).map_or(0.0, Third::value))
            }),
        }
    }
}
