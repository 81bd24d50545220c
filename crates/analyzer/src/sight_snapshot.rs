//! What is made of pictures, as bytes and back: in parts, so that one that another version wrote
//! begins anew alone.
//!
//! Layout: policies, marks of the pictures, number of things so far, then the parts events, rules,
//! tampering, windows, motion.
//! Invariants: events that are open go on over a change of the operators, and things that are
//! found after it have new numbers.

use flumen_base::{Error, Result};
use flumen_operators::{Motion, Reader, Writer};

use crate::Settings;
use crate::events::Events;
use crate::events_rules::Rules;
use crate::meta::Meta;
use crate::parts::{Parts, save};
use crate::sight::{Sight, Versioned, WAITING, tuning};
use crate::tamper::Watch;
use crate::windows::Windows;

/// Each grows with the layout of its part; motion and tampering say the operators' own beside it.
const EVENTS: u32 = 1;
const RULES: u32 = 3;
const TAMPER: u32 = 1;
const WINDOWS: u32 = 1;
const MOTION: u32 = 1;

impl Sight {
    pub(crate) fn save(&self, to: &mut Writer) {
        to.u32(self.waiting.len() as u32);
        for p in std::iter::once(&self.policy).chain(&self.waiting) {
            to.message(&p.record());
        }
        self.pictures.save(to);
        to.u64(self.motion.as_ref().map_or(self.born, Motion::born));
        save(to, EVENTS, |to| self.events.save(to));
        save(to, RULES, |to| self.rules.save(to));
        save(to, TAMPER, |to| self.care.watch.save(to));
        save(to, WINDOWS, |to| self.care.windows.save(to));
        save(to, MOTION, |to| {
            to.u8(u8::from(self.motion.is_some()));
            if let Some(motion) = &self.motion {
                motion.save(to);
            }
        });
    }

    /// Reads what `save` wrote; the policy comes from the snapshot, the rest from `settings`.
    ///
    /// # Errors
    /// `DataLoss` when it is damaged.
    pub(crate) fn load(from: &mut Reader<'_>, camera: &str, settings: &Settings) -> Result<Sight> {
        let damaged = || Error::data_loss(format!("camera {camera}: the snapshot is damaged"));
        let mut sight = Sight::new(camera, settings);
        sight.head(from).ok_or_else(damaged)?;
        let mut parts = Parts::of(from, camera);
        sight.events = parts.next("open events", EVENTS, |r| Some(Ok(Events::load(r)?)))?;
        sight.rules = parts.next("rules", RULES, |r| Some(Ok(Rules::load(r)?)))?;
        sight.care.watch = parts.next("tampering", TAMPER, Watch::load)?;
        sight.care.windows = parts.next("windows", WINDOWS, |r| Some(Ok(Windows::load(r)?)))?;
        let tuning = tuning(&sight.policy.policy);
        sight.motion = parts.next("motion", MOTION, |r| match r.u8()? {
            0 => Some(Ok(None)),
            _ => Some(Motion::load(r, tuning).map(Some)),
        })?;
        sight.anew = parts.anew;
        // Rules that began anew are still those of the policy; for others it changes nothing.
        sight.rule(&Meta::default(), &mut Vec::new());
        Ok(sight)
    }

    /// Reads what stands before the parts.
    fn head(&mut self, from: &mut Reader<'_>) -> Option<()> {
        let waiting = from.u32().filter(|n| *n as usize <= WAITING)?;
        self.policy = Versioned::of(&from.message()?);
        for _ in 0..waiting {
            self.waiting.push_back(Versioned::of(&from.message()?));
        }
        self.pictures.load(from)?;
        self.born = from.u64()?;
        Some(())
    }
}
