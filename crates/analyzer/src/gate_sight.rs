//! What a gate asks of the operators: whether a key picture shows something, at no cost for
//! what they know.
//!
//! Invariants: a look that shows something leaves no trace, so that the pictures before it can be
//! looked at first, in their order.
//! Not here: what is decoded (`gate_run`).

use flumen_base::wire::{FrameResult, Gate as Decided, GateMode};
use flumen_base::{Frame, Result};
use flumen_operators::{Motion, Reader, Writer};

use crate::Output;
use crate::gate::Unit;
use crate::meta::Meta;
use crate::sight::{Sight, tuning};

impl Sight {
    /// True when the last picture shows something, or something may be wrong with it.
    pub(crate) fn stirs(&self) -> bool {
        self.care.suspects() || self.motion.as_ref().is_none_or(Motion::stirs)
    }

    /// The mode that counts for a unit of this arrival.
    pub(crate) fn gate_mode(&self, arrival_us: i64) -> GateMode {
        let due = self.waiting.iter().take_while(|p| p.effective_us <= arrival_us);
        due.last().unwrap_or(&self.policy).policy.gate()
    }

    /// Looks at a key picture: false, and nothing happened, when it shows something; else the
    /// units before it, since the last key, are told as quiet, and then the picture.
    pub(crate) fn try_quiet(
        &mut self,
        frame: &Frame<'_>,
        meta: &Meta,
        (held, size): (&[Unit], (u32, u32)),
        out: &mut Vec<Output>,
    ) -> Result<bool> {
        let frame = &Frame { pts_us: meta.pts_us, ..*frame };
        let fits = |m: &&mut Motion| m.fits(frame.luma.width, frame.luma.height);
        let Some(motion) = self.motion.as_mut().filter(fits) else { return Ok(false) };
        let mut before = Writer::default();
        motion.save(&mut before);
        motion.see(frame, meta.tag)?;
        if motion.stirs() {
            // What was just saved is read: without damage.
            *motion = Motion::load(&mut Reader(&before.0), tuning(&self.policy.policy))?;
            return Ok(false);
        }
        self.left_out(held, (size, Decided::Quiet), out);
        self.policies(meta, out);
        self.care.shown(meta);
        let result = self.blank(frame, meta, false);
        self.looked(frame, meta, result, out)?;
        Ok(true)
    }

    /// Tells that these units were not decoded, because nothing happens or by order; the first is
    /// the key unit that they need, whose picture was told.
    pub(crate) fn left_out(
        &mut self,
        held: &[Unit],
        (size, decided): ((u32, u32), Decided),
        out: &mut Vec<Output>,
    ) {
        let Some((key, _)) = held.first() else { return };
        let mut shown: Vec<&Meta> = held.iter().skip(1).map(|(meta, _)| meta).collect();
        shown.sort_by_key(|m| (m.pts_us, m.tag));
        for meta in shown {
            self.policies(meta, out);
            if decided == Decided::Quiet {
                self.care.quiet(meta);
            }
            out.push(Output::Frame(self.unseen(meta, key, (size, decided))));
        }
    }

    fn unseen(
        &self,
        meta: &Meta,
        key: &Meta,
        ((width, height), decided): ((u32, u32), Decided),
    ) -> FrameResult {
        FrameResult {
            camera: self.camera.clone(),
            epoch: meta.epoch,
            sequence: meta.sequence,
            pts_us: meta.pts_us,
            capture_us: meta.capture_us,
            width,
            height,
            gate: decided.into(),
            source: Some(meta.at),
            key_offset: key.at.offset,
            policy_version: self.policy.version,
            model_version: self.odd.scorer.version(),
            ..FrameResult::default()
        }
    }
}
