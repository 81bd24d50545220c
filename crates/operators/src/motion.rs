//! One camera's frames in, what moves out: all operators in their order.
//!
//! Invariants: equal frames at equal times give equal answers, also after a restore; a
//! change of the picture's size begins a new model and keeps the ids.
//! Units: frames' times in microseconds; boxes in source pixels.

use flumen_base::{Error, Frame, Result};

use crate::absorb::absorb;
use crate::background::Background;
use crate::blobs::{Against, Blobs};
use crate::cast::Caster;
use crate::classify::Classes;
use crate::clean::Cleaner;
use crate::lanes::Lanes;
use crate::learn::{Learner, blink};
use crate::mask::Mask;
use crate::quality::{Quality, quality};
use crate::reduce::{Shape, Small};
use crate::scene::{Scene, judge, light, settle};
use crate::stage::{Stage, StageSink, mark};
use crate::standing::Stills;
use crate::state::{Reader, Writer};
use crate::tone::Fitter;
use crate::tracker::{Field, Tracker};

/// Version of the state's bytes and of what the operators answer.
pub const VERSION: u32 = 4;

/// What a person may choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// 1 to 100.
    pub sensitivity: u32,
    /// Smallest object in 1/100,000 of the picture's area.
    pub least_object: u32,
}

impl Default for Tuning {
    fn default() -> Tuning {
        Tuning { sensitivity: 50, least_object: 160 }
    }
}

/// The analysis of one camera's pictures.
pub struct Motion {
    tuning: Tuning,
    pub(crate) shape: Shape,
    pub(crate) back: Background,
    pub(crate) tracker: Tracker,
    last_pts_us: Option<i64>,
    age: u32,
    pub(crate) small: Small,
    fitter: Fitter,
    pub(crate) classes: Classes,
    cleaner: Cleaner,
    caster: Caster,
    blobs: Blobs,
    learner: Learner,
    pub(crate) mask: Mask,
    pub(crate) stills: Stills,
    pub(crate) scene: Scene,
    absorbed: Vec<u32>,
    quality: Quality,
    lanes: Lanes,
    stages: Option<StageSink>,
}

impl Motion {
    /// An analysis of pictures of this size.
    ///
    /// # Errors
    /// `Unsupported` for sizes outside 16 to 16,384.
    pub fn new(width: usize, height: usize, tuning: Tuning) -> Result<Motion> {
        let shape = Shape::of(width, height)?;
        Ok(Motion::over(shape, Background::new(&shape), Tracker::default(), tuning))
    }

    fn over(shape: Shape, back: Background, tracker: Tracker, tuning: Tuning) -> Motion {
        let (w, h) = (shape.width, shape.height);
        let mask = Mask::new(back.mask.clone(), shape);
        Motion {
            tuning,
            shape,
            back,
            tracker,
            last_pts_us: None,
            age: 0,
            small: Small::new(&shape),
            fitter: Fitter::default(),
            classes: Classes::new(w, h),
            cleaner: Cleaner::new(w, h),
            caster: Caster::new(w, h),
            blobs: Blobs::new(w, h),
            learner: Learner::new(w),
            mask,
            stills: Stills::default(),
            scene: Scene::Known,
            absorbed: Vec::new(),
            quality: Quality::default(),
            lanes: Lanes::default(),
            stages: None,
        }
    }

    /// True when the pictures have this size.
    pub fn fits(&self, width: usize, height: usize) -> bool {
        (self.shape.source_width, self.shape.source_height) == (width, height)
    }

    /// Begins anew for another size; ids of things go on.
    ///
    /// # Errors
    /// As `new`.
    pub fn resize(&mut self, width: usize, height: usize) -> Result<()> {
        let shape = Shape::of(width, height)?;
        let mut tracker = std::mem::take(&mut self.tracker);
        tracker.drop_all();
        let (lanes, stages) = (self.lanes, self.stages.take());
        *self = Motion::over(shape, Background::new(&shape), tracker, self.tuning);
        self.use_lanes(lanes);
        self.on_stage(stages);
        Ok(())
    }

    /// Number of the newest thing.
    pub fn born(&self) -> u64 {
        self.tracker.born()
    }

    /// Numbers things after those of an analysis that can't be gone on with.
    pub fn number_after(&mut self, born: u64) {
        self.tracker.number_after(born);
    }

    /// Takes other vector instructions; the answers stay.
    pub fn use_lanes(&mut self, lanes: Lanes) {
        (self.lanes, self.classes.lanes, self.learner.lanes) = (lanes, lanes, lanes);
        (self.fitter.lanes, self.blobs.lanes) = (lanes, lanes);
    }

    /// Tells `sink` of each stage of a frame when it is done; not part of the state.
    pub fn on_stage(&mut self, sink: Option<StageSink>) {
        self.stages = sink;
    }

    fn mark(&self, stage: Stage) {
        mark(self.stages.as_ref(), stage);
    }

    /// Takes another choice of a person from the next frame on.
    pub fn tune(&mut self, tuning: Tuning) {
        self.tuning = tuning;
    }

    /// What is followed now is lost: the next frame has no connection with the last.
    pub fn break_off(&mut self) {
        self.tracker.drop_all();
        self.stills.clear();
        self.last_pts_us = None;
    }

    /// Looks at one frame; `tag` names it in `Thing::born`.
    ///
    /// # Errors
    /// `Invalid` when the frame has another size than the model.
    pub fn see(&mut self, frame: &Frame<'_>, tag: u64) -> Result<()> {
        if !self.fits(frame.luma.width, frame.luma.height) {
            return Err(Error::invalid("the frame has another size than the model"));
        }
        let ticks = self.ticks(frame.pts_us);
        self.small.fill(frame, self.shape.factor, self.lanes);
        self.quality = quality(&self.small.luma, self.lanes);
        self.mark(Stage::Reduce);
        if self.back.frames == 0 {
            self.back.adopt(&self.small);
            self.back.frames = 1;
            return Ok(());
        }
        let scene = self.compare();
        self.scene = scene;
        if scene == Scene::Other {
            self.mask.bits_mut().clear();
            self.back.mask.clear();
            self.blobs.clear();
            self.stills.clear();
        } else {
            self.shapes(ticks);
        }
        match scene {
            Scene::Known => self.learner.learn(
                &mut self.back,
                &self.small,
                &self.classes,
                &self.blobs,
                (ticks, self.age),
            ),
            _ => settle(&mut self.back, scene, &self.small, ticks),
        }
        if scene == Scene::Known {
            self.back.odd_ticks = 0;
        }
        self.back.age(ticks);
        self.mark(Stage::Learn);
        self.age = self.age.saturating_add(ticks);
        let field = Field {
            width: self.shape.width,
            height: self.shape.height,
            birth: self.share(self.tuning.least_object),
        };
        self.tracker.step(self.blobs.sightings(&self.small), &field, ticks, tag);
        if scene != Scene::Other {
            self.stills.step(&self.blobs, &self.absorbed, &self.mask, &self.tracker, frame.pts_us);
        }
        self.mark(Stage::Tracks);
        Ok(())
    }

    /// Light, differences, and what the frame as a whole is.
    fn compare(&mut self) -> Scene {
        let base = (9 * (150 - self.tuning.sensitivity.clamp(1, 100)) / 100).max(4) as u8;
        let tone = light(&mut self.back, &mut self.fitter, &self.small);
        self.mark(Stage::Light);
        self.classes.light(&self.back, &tone);
        self.classes.find(&self.small, &mut self.back, &tone, base);
        let scene = judge(&tone, self.classes.low.count(), self.shape.area());
        self.back.tone = tone;
        self.mark(Stage::Compare);
        scene
    }

    /// From pixels to shapes, and what becomes of those that stand still.
    fn shapes(&mut self, ticks: u32) {
        let stages = self.stages.as_ref();
        let bits = self.mask.bits_mut();
        self.cleaner.clean(&self.classes.low, bits);
        mark(stages, Stage::Clean);
        self.caster.trim(bits, &mut self.classes, &self.small.luma, &mut self.back.sun);
        self.cleaner.finish(bits);
        mark(stages, Stage::Cast);
        let least_area = (self.shape.area() * self.tuning.least_object as usize / 320_000).max(12);
        let against = Against {
            image: &self.small.luma,
            lit: &self.classes.lit,
            high: &self.classes.high,
            least_area,
        };
        self.blobs.find(bits, &against);
        self.blobs.came(self.tracker.all());
        mark(stages, Stage::Shapes);
        blink(&mut self.back, &self.classes.low);
        absorb(&mut self.back, &self.small, &self.blobs, ticks, &mut self.absorbed);
        self.back.mask.copy_from(self.mask.bits());
        self.mark(Stage::Absorb);
    }

    /// Ticks of 4 ms since the last frame, at most a second.
    fn ticks(&mut self, pts_us: i64) -> u32 {
        let tick = |pts: i64| pts.div_euclid(4000);
        let last = self.last_pts_us.replace(pts_us);
        match last {
            Some(last) => tick(pts_us).saturating_sub(tick(last)).clamp(0, 250) as u32,
            None => 10,
        }
    }

    fn share(&self, per_100_000: u32) -> usize {
        (self.shape.area() * per_100_000 as usize / 100_000).max(12)
    }

    /// True when the last frame holds something that is followed, or is as large as what will
    /// be, or when it is no picture of the scene.
    pub fn stirs(&self) -> bool {
        let birth = self.share(self.tuning.least_object);
        self.scene != Scene::Known
            || self.blobs.all().iter().any(|b| b.area >= birth)
            || self.tracker.all().iter().any(|t| t.visible())
    }

    /// Which pixels of the last frame move.
    pub fn mask(&self) -> &Mask {
        &self.mask
    }

    /// Moving share of the last frame in 1/10,000.
    pub fn motion_permyriad(&self) -> u32 {
        (self.mask.bits().count() * 10_000 / self.shape.area().max(1)) as u32
    }

    /// Measures of the last frame.
    pub fn quality(&self) -> Quality {
        self.quality
    }

    /// Writes the whole state.
    pub fn save(&self, to: &mut Writer) {
        to.u32(VERSION);
        to.u32(self.shape.source_width as u32);
        to.u32(self.shape.source_height as u32);
        to.u32(self.age);
        to.u8(u8::from(self.last_pts_us.is_some()));
        to.i64(self.last_pts_us.unwrap_or(0));
        self.tracker.save(to);
        self.stills.save(to);
        self.back.save(to);
    }

    /// Reads what `save` wrote.
    ///
    /// # Errors
    /// `Unsupported` when another version wrote it, `DataLoss` when it is cut or damaged.
    pub fn load(from: &mut Reader<'_>, tuning: Tuning) -> Result<Motion> {
        let damaged = || Error::data_loss("the saved state of the motion operator is damaged");
        let version = from.u32().ok_or_else(damaged)?;
        if version != VERSION {
            return Err(Error::unsupported(format!(
                "the state was saved by version {version} of the motion operator, this is {VERSION}: \
                 analysis begins anew"
            )));
        }
        let (width, height) = from.u32().zip(from.u32()).ok_or_else(damaged)?;
        let shape = Shape::of(width as usize, height as usize)?;
        let mut read = || {
            let age = from.u32()?;
            let known = from.u8()? != 0;
            let pts = from.i64()?;
            let tracker = Tracker::load(from)?;
            let stills = Stills::load(from)?;
            Some((age, known.then_some(pts), (tracker, stills), Background::load(from, &shape)?))
        };
        let (age, last_pts_us, (tracker, stills), back) = read().ok_or_else(damaged)?;
        let mut motion = Motion::over(shape, back, tracker, tuning);
        (motion.age, motion.last_pts_us, motion.stills) = (age, last_pts_us, stills);
        Ok(motion)
    }
}
