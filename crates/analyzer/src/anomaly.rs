//! Learned models at work on a camera's windows: anomalies as events.
//!
//! Invariants: each window is scored once, when it ends, by the models in force then; a model
//! counts from the first picture on whose unit arrived at or after its time; the begin is told at
//! once, the picture follows with the next frame as an update.
//! Spec: docs/ref/models.md.
//! Not here: what is odd (`operators`), where models come from (`models`).

use flumen_base::Frame;
use flumen_base::wire::insight::Shadow;
use flumen_base::wire::{Event, Insight, InsightKind, Phase, RuleKind, SourcePosition};
use flumen_operators::score::{Anomaly, Scorer};
use flumen_operators::{Reader, Writer};
use sha2::{Digest, Sha256};

use crate::Output;
use crate::care::Whose;
use crate::events::{Told, id};
use crate::meta::Meta;
use crate::sight::{Sight, whose};

/// The word for it in events.
pub(crate) const KIND: &str = "anomaly";

const MINUTE_US: i64 = 60_000_000;
const HOUR_US: i64 = 60 * MINUTE_US;

/// A camera's scorer, and whether what it told wants a picture.
#[derive(Default)]
pub(crate) struct Odd {
    pub scorer: Scorer,
    picture_due: bool,
}

impl Odd {
    pub(crate) fn of(camera: &str, group: &str) -> Odd {
        Odd { scorer: Scorer::new(camera, group), picture_due: false }
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.u8(u8::from(self.picture_due));
        self.scorer.save(to);
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Odd> {
        let picture_due = from.u8()? != 0;
        Some(Odd { scorer: Scorer::load(from)?, picture_due })
    }
}

impl Sight {
    /// Scores the windows that stand in `out` from a place on.
    pub(crate) fn score(&mut self, from: usize, out: &mut Vec<Output>) {
        if self.odd.scorer.is_new() {
            return;
        }
        let mut told = Vec::new();
        for output in out.iter().skip(from) {
            let Output::Window(window) = output else { continue };
            let mut turns = Vec::new();
            self.odd.scorer.window(window, &mut turns);
            let at = window.source.unwrap_or_default();
            told.extend(turns.into_iter().map(|turn| (turn, at)));
        }
        for (turn, at) in told {
            self.turn(&turn, at, out);
        }
        let hours = self.odd.scorer.shadows();
        out.extend(hours.into_iter().map(|hour| Output::Insight(shadow(&self.camera, hour))));
    }

    fn turn(&mut self, turn: &Anomaly, at: SourcePosition, out: &mut Vec<Output>) {
        self.odd.picture_due = turn.phase != Phase::End;
        let event = event(&whose(&self.camera, &self.policy), turn, at);
        self.tell(Told { event, picture: false }, None, out);
    }

    /// Tells what is open once more, with the frame in view, where it was told without.
    pub(crate) fn picture_odd(&mut self, frame: &Frame<'_>, meta: &Meta, out: &mut Vec<Output>) {
        if !std::mem::take(&mut self.odd.picture_due) {
            return;
        }
        let Some(turn) = self.odd.scorer.again() else { return };
        let event = event(&whose(&self.camera, &self.policy), &turn, meta.at);
        self.tell(Told { event, picture: true }, Some((frame, meta)), out);
    }

    /// The stream breaks off: what is open ends.
    pub(crate) fn break_off_odd(&mut self, at: SourcePosition, out: &mut Vec<Output>) {
        if let Some(turn) = self.odd.scorer.break_off() {
            self.turn(&turn, at, out);
        }
    }
}

/// What a model beside made of an hour.
fn shadow(camera: &str, (hour, of): (u64, Shadow)) -> Insight {
    let hour_us = hour.cast_signed() * HOUR_US;
    let minute = |at: u32| hour_us + i64::from(at) * MINUTE_US;
    let begin_us = minute(of.scored.trailing_zeros());
    let dimension = format!("{}/{}/{}/{}", of.scope, of.kind, of.version, of.live_version);
    let named = format!("{camera}\0{}\0{begin_us}\0{dimension}\0", InsightKind::Shadow as i32);
    let id: Vec<u8> = Sha256::digest(named).into_iter().take(16).collect();
    Insight {
        id: id.into(),
        revision: 1,
        camera: camera.to_string(),
        kind: InsightKind::Shadow.into(),
        phase: Phase::End.into(),
        begin_us,
        end_us: minute(u64::BITS - of.scored.leading_zeros()),
        dimension,
        text: format!(
            "{} of {} minutes odd, {} to the version that counts",
            of.odd.count_ones(),
            of.scored.count_ones(),
            of.live_odd.count_ones()
        ),
        model_version: of.version,
        shadow: Some(of),
        ..Insight::default()
    }
}

fn event(whose: &Whose<'_>, turn: &Anomaly, at: SourcePosition) -> Event {
    let first = Meta { epoch: turn.first.epoch, sequence: turn.first.sequence, ..Meta::default() };
    let rule = whose.rules.iter().find(|r| r.kind() == RuleKind::Anomaly && !r.disabled);
    Event {
        id: id(whose.camera, KIND, &first, (0, "")).into(),
        revision: turn.revision,
        camera: whose.camera.to_owned(),
        epoch: first.epoch,
        sequence: first.sequence,
        kind: KIND.to_owned(),
        phase: turn.phase.into(),
        begin_us: turn.first.begin_us,
        end_us: turn.end_us,
        begin_pts_us: turn.first.begin_pts_us,
        end_pts_us: turn.end_pts_us,
        score: turn.score(),
        source: Some(at),
        policy_version: whose.policy_version,
        detail: turn.text(),
        rule: rule.map_or_else(String::new, |r| r.id.clone()),
        muted: rule.is_some_and(|r| r.muted),
        oddities: turn.oddities.clone(),
        ..Event::default()
    }
}
