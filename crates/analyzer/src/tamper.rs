//! Tampering as events: one event for one span, always on.
//!
//! Invariants: the begin is dated back to the first odd picture and the end to the last one; a
//! rule of kind tamper only names who is told.
//! Not here: what is odd (`operators`).

use flumen_base::wire::{Event, Phase, RuleKind};
use flumen_operators::{Look, Motion, Reader, Tamper, TamperChange, TamperKind, Writer};

use crate::care::Whose;
use crate::events::{Told, id};
use crate::meta::Meta;

/// The word for it in events.
pub(crate) const KIND: &str = "tamper";
/// How sure it is, of 1000: it is told only when it held for a while.
const SCORE: u32 = 900;

/// One camera's watch over itself.
#[derive(Default)]
pub(crate) struct Watch {
    pub tamper: Tamper,
    /// First and last picture of what is doubted: of an odd picture, and of a frozen one.
    marks: [(Meta, Meta); 2],
}

impl Watch {
    /// Looks at the picture that `motion` saw last.
    pub(crate) fn see(&mut self, who: &Whose<'_>, meta: &Meta, motion: &Motion) -> Option<Told> {
        let look = Look {
            luma: motion.working().luma,
            quality: motion.quality(),
            known: motion.scene().known,
            key: meta.key,
            pts_us: meta.pts_us,
            tag: meta.tag,
        };
        let change = self.tamper.see(&look);
        for (mark, doubted) in self.marks.iter_mut().zip(self.tamper.doubted()) {
            match doubted {
                Some((first, _)) if first == meta.tag => *mark = (*meta, *meta),
                Some((_, last)) if last == meta.tag => mark.1 = *meta,
                _ => {}
            }
        }
        change.map(|change| self.tell(who, meta, change))
    }

    fn tell(&self, who: &Whose<'_>, meta: &Meta, change: TamperChange) -> Told {
        let (span, begins) = match change {
            TamperChange::Begin(span) => (span, true),
            TamperChange::End(span) => (span, false),
        };
        let [odd, frozen] = self.marks;
        let (first, last) = if span.kind == TamperKind::Freeze { frozen } else { odd };
        let rule = who.rules.iter().find(|r| r.kind() == RuleKind::Tamper && !r.disabled);
        let number = TamperKind::ALL.iter().position(|k| *k == span.kind).unwrap_or(0) as u64;
        let event = Event {
            id: id(who.camera, KIND, &first, (number, "")).into(),
            revision: u32::from(!begins),
            camera: who.camera.to_owned(),
            epoch: first.epoch,
            sequence: first.sequence,
            kind: KIND.to_owned(),
            phase: if begins { Phase::Begin } else { Phase::End }.into(),
            begin_us: first.capture_us,
            end_us: last.capture_us,
            begin_pts_us: first.pts_us,
            end_pts_us: last.pts_us,
            score: SCORE,
            source: Some(meta.at),
            policy_version: who.policy_version,
            detail: span.kind.name().to_owned(),
            rule: rule.map_or_else(String::new, |r| r.id.clone()),
            muted: rule.is_some_and(|r| r.muted),
            ..Event::default()
        };
        Told { event, picture: begins }
    }

    /// The stream breaks off: what is open ends.
    pub(crate) fn break_off(&mut self, who: &Whose<'_>, meta: &Meta) -> Vec<Told> {
        let ended = self.tamper.break_off();
        ended.into_iter().flatten().map(|change| self.tell(who, meta, change)).collect()
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        for (first, last) in &self.marks {
            first.save(to);
            last.save(to);
        }
        self.tamper.save(to);
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<flumen_base::Result<Watch>> {
        let mut mark = || Some((Meta::load(from)?, Meta::load(from)?));
        let marks = [mark()?, mark()?];
        Some(Tamper::load(from).map(|tamper| Watch { tamper, marks }))
    }
}
