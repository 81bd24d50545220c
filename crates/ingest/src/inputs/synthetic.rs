//! A synthetic camera: a rendered scene, played for ever with ever new times.
//!
//! Invariants: one epoch without a seam; unit n of pass p stands at its own time plus p times
//! the length of the scene.
//! Not here: scenes (`farm`).

use std::sync::Arc;

use flumen_base::{Error, Result};
use flumen_farm::{Clip, SceneSpec};
use flumen_media::{TrackInfo, Unit, nal};

use super::Inputs;
use crate::handover::Manner;
use crate::pace::Stop;
use crate::pacer::Pacer;
use crate::source::{Attempt, Next, Source};

const ARRIVAL_ERROR_US: u32 = 20_000;

struct Synthetic {
    clip: Arc<Clip>,
    info: Arc<TrackInfo>,
    hash: u64,
    next: usize,
    passed_us: i64,
    pacer: Pacer,
    stop: Stop,
    patience: std::time::Duration,
}

pub(super) fn open(inputs: &Inputs, attempt: &Attempt<'_>) -> Result<impl Source + use<>> {
    let spec: SceneSpec = attempt.spec.address.parse()?;
    let clip = inputs.clips.get(&spec, attempt.stop, attempt.progress)?;
    let info = Arc::new(info_of(&spec));
    let pacer = Pacer::new(inputs.pace.clone());
    let (stop, patience) = (attempt.stop.clone(), inputs.overload_wait);
    Ok(Synthetic { clip, info, hash: 0, next: 0, passed_us: 0, pacer, stop, patience })
}

pub(crate) fn info_of(spec: &SceneSpec) -> TrackInfo {
    TrackInfo {
        codec: spec.codec,
        width: spec.width,
        height: spec.height,
        frame_rate_millihz: spec.frame_rate_hz * 1000,
        ..TrackInfo::default()
    }
}

impl Source for Synthetic {
    fn read(&mut self) -> Result<Next> {
        if self.next >= self.clip.units.len() {
            self.next = 0;
            self.passed_us += self.clip.spec.duration_us();
        }
        let Some(unit) = self.clip.units.get(self.next) else {
            return Err(Error::data_loss("the rendered scene is empty: remove its cache file"));
        };
        self.next += 1;
        if unit.key {
            self.hash = nal::parameter_hash(self.clip.spec.codec, &unit.data);
        }
        let duration = 1_000_000 / i64::from(self.clip.spec.frame_rate_hz.max(1));
        let dts_us = unit.dts_us + self.passed_us;
        if !self.pacer.wait(dts_us, duration, &self.stop) {
            return Err(Error::cancelled("stopped"));
        }
        Ok(Next::Unit(Unit {
            audio: false,
            info: self.info.clone(),
            pts_us: unit.pts_us + self.passed_us,
            dts_us,
            duration_us: u32::try_from(duration).unwrap_or(0),
            key: unit.key,
            corrupt: false,
            data: unit.data.clone(),
            parameter_hash: self.hash,
            capture_us: None,
        }))
    }

    fn manner(&self) -> Manner {
        Manner { arrival_error_us: ARRIVAL_ERROR_US, patience: self.patience }
    }
}
