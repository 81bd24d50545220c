//! What is made of a decoded picture: result, events, pictures, mask.
//!
//! Invariants: a damaged picture changes nothing but the count of results.

use std::collections::VecDeque;

use flumen_base::wire::{
    Camera, FrameResult, Gate, PacketHeader, Policy, PrivacyMask, Quality, Rule, SourcePosition,
    Zone,
};
use flumen_base::{Error, Frame, Result};
use flumen_operators::{
    Mask, Moment, Motion, Seen, Stage, StageSink, Standing, Thing, Tuning, mark,
};

use crate::analyzer::MaskSink;
use crate::anomaly::Odd;
use crate::care::{Care, Whose};
use crate::events::{Events, Told, Who, box_of};
use crate::events_rules::{Rules, all_motion};
use crate::meta::Meta;
use crate::pictures::Pictures;
use crate::site::Site;
use crate::{Output, Settings};

/// Policies that may wait for their time.
pub(crate) const WAITING: usize = 16;

/// The operators of one camera and the policy in force.
pub(crate) struct Sight {
    pub(crate) camera: String,
    pub(crate) pictures: Pictures,
    pub(crate) policy: Versioned,
    pub(crate) waiting: VecDeque<Versioned>,
    pub(crate) motion: Option<Motion>,
    pub(crate) events: Events,
    pub(crate) rules: Rules,
    pub(crate) care: Care,
    pub(crate) odd: Odd,
    /// Things that an earlier state of the operators had numbered; 0 when there was none.
    pub(crate) born: u64,
    /// Parts of the snapshot that began anew, and why.
    pub(crate) anew: Vec<String>,
    pub(crate) mask_sink: Option<MaskSink>,
    pub(crate) stages: Option<StageSink>,
}

/// A policy, its version and the arrival time from which it counts.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Versioned {
    pub policy: Policy,
    pub masks: Vec<PrivacyMask>,
    pub zones: Vec<Zone>,
    pub rules: Vec<Rule>,
    pub site: Site,
    pub version: u64,
    pub effective_us: i64,
}

impl Sight {
    pub(crate) fn new(camera: &str, settings: &Settings) -> Sight {
        let policy = Versioned {
            policy: settings.policy,
            masks: settings.masks.clone(),
            zones: settings.zones.clone(),
            rules: settings.rules.clone(),
            site: Site::of(&settings.time_zone, &settings.group),
            version: settings.policy_version,
            effective_us: 0,
        };
        let mut sight = Sight {
            camera: camera.to_owned(),
            pictures: Pictures::new((settings.picture_width, settings.picture_quality)),
            policy,
            waiting: VecDeque::new(),
            motion: None,
            events: Events::default(),
            rules: Rules::default(),
            care: Care::default(),
            odd: Odd::of(camera, &settings.group),
            born: 0,
            anew: Vec::new(),
            mask_sink: None,
            stages: None,
        };
        // Nothing is open yet, so that nothing ends.
        sight.rule(&Meta::default(), &mut Vec::new());
        sight
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
        self.mark(Stage::Decode);
        self.policies(meta, out);
        self.care.shown(meta);
        let result = self.blank(frame, meta, damaged);
        // The operators live on media time of the records, not of the decoder.
        let frame = &Frame { pts_us: meta.pts_us, ..*frame };
        let looked = !damaged && self.look(frame, meta)?;
        if !looked {
            self.show(&result, None)?;
            out.push(Output::Frame(result));
            return Ok(());
        }
        self.looked(frame, meta, result, out)
    }

    /// Makes the records of a picture that the operators looked at.
    pub(crate) fn looked(
        &mut self,
        frame: &Frame<'_>,
        meta: &Meta,
        mut result: FrameResult,
        out: &mut Vec<Output>,
    ) -> Result<()> {
        let derived = self.policy.policy.derived;
        let key = self.pictures.derived(derived, frame, (&self.camera, meta), &self.policy.masks);
        self.mark(Stage::Pictures);
        let Some(motion) = &self.motion else { return Ok(()) };
        let things: Vec<_> = motion.things().collect();
        let standing: Vec<_> = motion.standing().collect();
        let size = (frame.luma.width as u32, frame.luma.height as u32);
        let told = self.care.see(&whose(&self.camera, &self.policy), (meta, size), motion, &things);
        self.mark(Stage::Care);
        let quality = motion.quality();
        result.boxes = things.iter().map(box_of).collect();
        result.motion_permyriad = motion.motion_permyriad();
        result.quality =
            Some(Quality { brightness: quality.brightness, sharpness: quality.sharpness });
        self.show(&result, Some(()))?;
        out.push(Output::Frame(result));
        out.extend(key.map(Output::Picture));
        if let Some(told) = told {
            self.tell(told, Some((frame, meta)), out);
        }
        match self.care.is_blind() {
            true => self.happen(frame, meta, (&[], &[]), out),
            false => self.happen(frame, meta, (&things, &standing), out),
        }
        self.picture_odd(frame, meta, out);
        self.mark(Stage::Records);
        Ok(())
    }

    /// What the things of a frame mean: events.
    fn happen(
        &mut self,
        frame: &Frame<'_>,
        meta: &Meta,
        (things, standing): (&[Thing], &[Standing]),
        out: &mut Vec<Output>,
    ) {
        self.events.remember(meta);
        let Some(motion) = &self.motion else { return };
        let who = who(&self.camera, &self.policy);
        let mut told = match all_motion(&self.policy.rules) {
            Some(_) => self.events.see(&who, meta, things),
            None => Vec::new(),
        };
        let now = Moment {
            pts_us: meta.pts_us,
            size: (frame.luma.width as u32, frame.luma.height as u32),
            odd: self.care.suspects() || !motion.is_usual(),
        };
        let seen = Seen { things, standing, moving: motion.working().mask };
        told.extend(self.rules.see(&who, (meta, now), seen, &self.events));
        for told in told {
            self.tell(told, Some((frame, meta)), out);
        }
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
                Ok(mut motion) => {
                    motion.number_after(self.born);
                    motion.on_stage(self.stages.clone());
                    self.motion = Some(motion);
                }
                Err(_) => return Ok(false),
            },
        }
        let Some(motion) = &mut self.motion else { return Ok(false) };
        motion.see(frame, meta.tag)?;
        Ok(true)
    }

    pub(crate) fn policies(&mut self, meta: &Meta, out: &mut Vec<Output>) {
        while self.waiting.front().is_some_and(|p| p.effective_us <= meta.arrival_us) {
            if let Some(next) = self.waiting.pop_front() {
                self.policy = next;
            }
            if let Some(motion) = &mut self.motion {
                motion.tune(tuning(&self.policy.policy));
            }
            self.odd.scorer.regroup(&self.policy.site.group);
            self.rule(meta, out);
        }
        self.odd.scorer.follow(meta.arrival_us);
    }

    /// Puts the policy's rules into force; what is no longer wanted ends.
    pub(crate) fn rule(&mut self, meta: &Meta, out: &mut Vec<Output>) {
        let who = who(&self.camera, &self.policy);
        let mut ended = self.rules.change((&self.policy.zones, &self.policy.rules), &who, meta);
        if all_motion(&self.policy.rules).is_none() {
            ended.extend(self.events.end(&who, meta));
        }
        for told in ended {
            self.tell(told, None, out);
        }
    }

    pub(crate) fn blank(&self, frame: &Frame<'_>, meta: &Meta, damaged: bool) -> FrameResult {
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
            model_version: self.odd.scorer.version(),
            damaged,
            ..FrameResult::default()
        }
    }

    pub(crate) fn mark(&self, stage: Stage) {
        mark(self.stages.as_ref(), stage);
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
    pub(crate) fn tell(
        &self,
        told: Told,
        shown: Option<(&Frame<'_>, &Meta)>,
        out: &mut Vec<Output>,
    ) {
        let mut event = told.event;
        self.mark(Stage::Records);
        let made = shown
            .filter(|_| told.picture)
            .and_then(|(f, meta)| self.pictures.of_event(&event, f, meta, &self.policy.masks));
        self.mark(Stage::Pictures);
        event.picture = made.is_some();
        out.extend(made.map(Output::Picture));
        out.push(Output::Event(event));
    }

    /// The stream breaks off after `meta`: what is open ends, what is followed is lost.
    pub(crate) fn break_off(&mut self, meta: &Meta, out: &mut Vec<Output>) {
        let who = who(&self.camera, &self.policy);
        let from = out.len();
        let mut ended: Vec<Told> = self.events.end(&who, meta).into_iter().collect();
        ended.extend(self.rules.break_off(&who, meta));
        ended.extend(self.care.break_off(&whose(&self.camera, &self.policy), meta, out));
        self.events.forget_frames();
        for told in ended {
            self.tell(told, None, out);
        }
        self.score(from, out);
        self.break_off_odd(meta.at, out);
        if let Some(motion) = &mut self.motion {
            motion.break_off();
        }
    }

    /// An access unit came, whatever becomes of it.
    pub(crate) fn unit(
        &mut self,
        header: &PacketHeader,
        meta: &Meta,
        bytes: usize,
        out: &mut Vec<Output>,
    ) {
        let from = out.len();
        let whose = whose(&self.camera, &self.policy);
        self.care.unit(&whose, (header, meta), bytes, out);
        self.score(from, out);
    }

    /// Ends the seconds to which nothing can come after a unit; `decoding` when pictures may.
    pub(crate) fn close(
        &mut self,
        unit: (i64, SourcePosition),
        decoding: bool,
        out: &mut Vec<Output>,
    ) {
        // What the decoder did after its last picture.
        self.mark(Stage::Decode);
        let from = out.len();
        self.care.close(&whose(&self.camera, &self.policy), unit, decoding, out);
        self.score(from, out);
        self.mark(Stage::Records);
    }
}

impl Versioned {
    /// What a camera's record says of its analysis.
    pub(crate) fn of(camera: &Camera) -> Versioned {
        Versioned {
            policy: camera.policy.unwrap_or_default(),
            masks: camera.masks.clone(),
            zones: camera.zones.clone(),
            rules: camera.rules.clone(),
            site: Site::of(&camera.time_zone, &camera.group),
            version: camera.version,
            effective_us: camera.effective_us,
        }
    }

    /// The same as a record, without the rest of the camera.
    pub(crate) fn record(&self) -> Camera {
        Camera {
            policy: Some(self.policy),
            masks: self.masks.clone(),
            zones: self.zones.clone(),
            rules: self.rules.clone(),
            time_zone: self.site.time_zone.clone(),
            group: self.site.group.clone(),
            version: self.version,
            effective_us: self.effective_us,
            ..Camera::default()
        }
    }
}

pub(crate) fn whose<'a>(camera: &'a str, policy: &'a Versioned) -> Whose<'a> {
    Whose { camera, policy_version: policy.version, rules: &policy.rules, site: &policy.site }
}

fn who<'a>(camera: &'a str, policy: &'a Versioned) -> Who<'a> {
    let rule = all_motion(&policy.rules).flatten();
    Who {
        camera,
        policy_version: policy.version,
        rule: rule.map_or("", |r| &r.id),
        muted: rule.is_some_and(|r| r.muted),
    }
}

/// The operators' words for a policy.
pub(crate) fn tuning(policy: &Policy) -> Tuning {
    let default = Tuning::default();
    let or = |value: u32, otherwise: u32| if value == 0 { otherwise } else { value };
    Tuning {
        sensitivity: or(policy.sensitivity, default.sensitivity).min(100),
        least_object: or(policy.min_object_permille.min(1000) * 100, default.least_object),
    }
}
