//! What is made of a decoded picture: result, events, pictures, mask.
//!
//! Invariants: a damaged picture changes nothing but the count of results.

use std::collections::VecDeque;

use flumen_base::wire::{FrameResult, Gate, Policy, PrivacyMask, Quality};
use flumen_base::{Error, Frame, Result};
use flumen_operators::{Mask, Motion, Reader, Tuning, Writer};

use crate::analyzer::MaskSink;
use crate::events::{Events, Told, Who, box_of};
use crate::meta::Meta;
use crate::pictures::Pictures;
use crate::{Output, Settings};

/// Policies that may wait for their time.
const WAITING: usize = 16;

/// The operators of one camera and the policy in force.
pub(crate) struct Sight {
    camera: String,
    pictures: Pictures,
    policy: Versioned,
    waiting: VecDeque<Versioned>,
    motion: Option<Motion>,
    events: Events,
    pub(crate) mask_sink: Option<MaskSink>,
}

/// A policy, its version and the arrival time from which it counts.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Versioned {
    pub policy: Policy,
    pub masks: Vec<PrivacyMask>,
    pub version: u64,
    pub effective_us: i64,
}

impl Sight {
    pub(crate) fn new(camera: &str, settings: &Settings) -> Sight {
        Sight {
            camera: camera.to_owned(),
            pictures: Pictures::new((settings.picture_width, settings.picture_quality)),
            policy: Versioned {
                policy: settings.policy,
                masks: settings.masks.clone(),
                version: settings.policy_version,
                effective_us: 0,
            },
            waiting: VecDeque::new(),
            motion: None,
            events: Events::default(),
            mask_sink: None,
        }
    }

    /// A policy that will count from its time on.
    pub(crate) fn announce(&mut self, policy: Versioned) -> Result<()> {
        let newest = self.waiting.back().unwrap_or(&self.policy).version;
        if policy.version <= newest {
            return Ok(());
        }
        if self.waiting.len() == WAITING {
            return Err(Error::exhausted(format!(
                "camera {}: {WAITING} changes of policy wait for their time already",
                self.camera
            )));
        }
        self.waiting.push_back(policy);
        Ok(())
    }

    /// Looks at a decoded picture.
    pub(crate) fn see(
        &mut self,
        frame: &Frame<'_>,
        meta: &Meta,
        damaged: bool,
        out: &mut Vec<Output>,
    ) -> Result<()> {
        self.policies(meta.arrival_us);
        let mut result = self.blank(frame, meta, damaged);
        // The operators live on media time of the records, not of the decoder.
        let frame = &Frame { pts_us: meta.pts_us, ..*frame };
        let looked = !damaged && self.look(frame, meta)?;
        if !looked {
            self.show(&result, None)?;
            out.push(Output::Frame(result));
            return Ok(());
        }
        let derived = self.policy.policy.derived;
        let key = self.pictures.derived(derived, frame, (&self.camera, meta), &self.policy.masks);
        let Some(motion) = &self.motion else { return Ok(()) };
        let things: Vec<_> = motion.things().collect();
        let quality = motion.quality();
        result.boxes = things.iter().map(box_of).collect();
        result.motion_permyriad = motion.motion_permyriad();
        result.quality =
            Some(Quality { brightness: quality.brightness, sharpness: quality.sharpness });
        self.show(&result, Some(()))?;
        out.push(Output::Frame(result));
        out.extend(key.map(Output::Picture));
        let who = Who { camera: &self.camera, policy_version: self.policy.version };
        for told in self.events.see(&who, meta, &things) {
            self.tell(told, Some((frame, meta)), out);
        }
        Ok(())
    }

    /// Runs the operators; false when the picture cannot be analysed.
    fn look(&mut self, frame: &Frame<'_>, meta: &Meta) -> Result<bool> {
        let (width, height) = (frame.luma.width, frame.luma.height);
        let tuning = tuning(&self.policy.policy);
        match &mut self.motion {
            Some(motion) if motion.fits(width, height) => {}
            Some(motion) => {
                if motion.resize(width, height).is_err() {
                    return Ok(false);
                }
            }
            None => match Motion::new(width, height, tuning) {
                Ok(motion) => self.motion = Some(motion),
                Err(_) => return Ok(false),
            },
        }
        let Some(motion) = &mut self.motion else { return Ok(false) };
        motion.see(frame, meta.tag)?;
        Ok(true)
    }

    fn policies(&mut self, arrival_us: i64) {
        while self.waiting.front().is_some_and(|p| p.effective_us <= arrival_us) {
            if let Some(next) = self.waiting.pop_front() {
                self.policy = next;
            }
            if let Some(motion) = &mut self.motion {
                motion.tune(tuning(&self.policy.policy));
            }
        }
    }

    fn blank(&self, frame: &Frame<'_>, meta: &Meta, damaged: bool) -> FrameResult {
        FrameResult {
            camera: self.camera.clone(),
            epoch: meta.epoch,
            sequence: meta.sequence,
            pts_us: meta.pts_us,
            capture_us: meta.capture_us,
            width: frame.luma.width as u32,
            height: frame.luma.height as u32,
            gate: Gate::Full.into(),
            source: Some(meta.at),
            key_offset: meta.key_offset,
            policy_version: self.policy.version,
            damaged,
            ..FrameResult::default()
        }
    }

    /// Shows result and mask to whoever watches.
    fn show(&mut self, result: &FrameResult, looked: Option<()>) -> Result<()> {
        let Some(sink) = &mut self.mask_sink else { return Ok(()) };
        match (&self.motion, looked) {
            (Some(motion), Some(())) => sink(result, motion.mask()),
            _ => sink(result, &Mask::empty(result.width as usize, result.height as usize)),
        }
        Ok(())
    }

    /// Hands out an event with the picture that it wants.
    fn tell(&self, told: Told, shown: Option<(&Frame<'_>, &Meta)>, out: &mut Vec<Output>) {
        let mut event = told.event;
        let made = shown
            .filter(|_| told.picture)
            .and_then(|(f, meta)| self.pictures.of_event(&event, f, meta, &self.policy.masks));
        event.picture = made.is_some();
        out.extend(made.map(Output::Picture));
        out.push(Output::Event(event));
    }

    /// The stream breaks off after `meta`: what is open ends, what is followed is lost.
    pub(crate) fn break_off(&mut self, meta: &Meta, out: &mut Vec<Output>) {
        let who = Who { camera: &self.camera, policy_version: self.policy.version };
        let ended = self.events.end(&who, meta);
        self.events.forget_frames();
        if let Some(told) = ended {
            self.tell(told, None, out);
        }
        if let Some(motion) = &mut self.motion {
            motion.break_off();
        }
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.u32(self.waiting.len() as u32);
        for p in std::iter::once(&self.policy).chain(&self.waiting) {
            to.message(&p.policy);
            to.u32(p.masks.len() as u32);
            p.masks.iter().for_each(|mask| to.message(mask));
            to.u64(p.version);
            to.i64(p.effective_us);
        }
        self.pictures.save(to);
        self.events.save(to);
        to.u8(u8::from(self.motion.is_some()));
        if let Some(motion) = &self.motion {
            motion.save(to);
        }
    }

    /// Reads what `save` wrote; the policy comes from the snapshot, the rest from `settings`.
    pub(crate) fn load(from: &mut Reader<'_>, camera: &str, settings: &Settings) -> Result<Sight> {
        let damaged = || Error::data_loss(format!("camera {camera}: the snapshot is damaged"));
        let mut sight = Sight::new(camera, settings);
        let count = from.u32().ok_or_else(damaged)?.min(WAITING as u32);
        for i in 0..=count {
            let next = Versioned::load(from).ok_or_else(damaged)?;
            match i {
                0 => sight.policy = next,
                _ => sight.waiting.push_back(next),
            }
        }
        sight.pictures.load(from).ok_or_else(damaged)?;
        sight.events = Events::load(from).ok_or_else(damaged)?;
        if from.u8().ok_or_else(damaged)? != 0 {
            sight.motion = Some(Motion::load(from, tuning(&sight.policy.policy))?);
        }
        Ok(sight)
    }
}

impl Versioned {
    fn load(from: &mut Reader<'_>) -> Option<Versioned> {
        let policy = from.message()?;
        let count = from.u32()?;
        let masks = (0..count).map(|_| from.message()).collect::<Option<_>>()?;
        Some(Versioned { policy, masks, version: from.u64()?, effective_us: from.i64()? })
    }
}

/// The operators' words for a policy.
fn tuning(policy: &Policy) -> Tuning {
    let default = Tuning::default();
    let or = |value: u32, otherwise: u32| if value == 0 { otherwise } else { value };
    Tuning {
        sensitivity: or(policy.sensitivity, default.sensitivity).min(100),
        least_object: or(policy.min_object_permille.min(1000) * 100, default.least_object),
    }
}
