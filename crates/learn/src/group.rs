//! What is learned of the cameras of a group together.

use std::collections::VecDeque;

use flumen_base::wire::Window;
use flumen_operators::score::{FEATURES, FeatureVector};
use flumen_operators::{Reader, Writer};

use crate::centres::{Centres, ENOUGH};
use crate::mixture::Mixtures;

/// Windows kept for golden vectors.
const SAMPLES: usize = 16;

/// A group's centres and what they come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Group {
    /// Nothing before there were enough windows.
    pub centres: Option<Centres>,
    pub mixtures: Mixtures,
    /// The minute of the last step.
    pub minute: u64,
    pub windows: u64,
    pub from_us: i64,
    pub samples: VecDeque<(String, Window)>,
    pub versions: VecDeque<u64>,
    first: Vec<FeatureVector>,
    begun: bool,
}

impl Group {
    /// Learns from the standardised windows of a step; true when the centres moved.
    pub(crate) fn learn(&mut self, minute: u64, step: &[FeatureVector]) -> bool {
        if !self.begun {
            self.from_us = minute.cast_signed() * 60_000_000;
            self.begun = true;
        }
        self.minute = minute;
        self.windows += step.len() as u64;
        self.mixtures.sample(minute, step);
        if step.is_empty() {
            return false;
        }
        if let Some(centres) = &mut self.centres {
            centres.update(step);
            return true;
        }
        self.first.extend(step);
        if self.first.len() < ENOUGH {
            return false;
        }
        let first = std::mem::take(&mut self.first);
        self.centres = Centres::first(&first);
        if let Some(centres) = &mut self.centres {
            centres.update(&first);
        }
        true
    }

    /// Keeps a window for golden vectors.
    pub(crate) fn sample(&mut self, camera: &str, window: Window) {
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back((camera.to_owned(), window));
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        self.centres.clone().unwrap_or_default().save(to);
        self.mixtures.save(to);
        for v in [self.minute, self.windows, u64::from(self.begun)] {
            to.u64(v);
        }
        to.i64(self.from_us);
        to.u32(self.samples.len() as u32);
        for (camera, window) in &self.samples {
            to.text(camera);
            to.message(window);
        }
        to.u32(self.versions.len() as u32);
        self.versions.iter().for_each(|v| to.u64(*v));
        to.u32(self.first.len() as u32);
        self.first.iter().flatten().for_each(|v| to.f64(*v));
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Group> {
        let centres = Centres::load(from)?;
        let mixtures = Mixtures::load(from)?;
        let [minute, windows, begun] = [from.u64()?, from.u64()?, from.u64()?];
        let from_us = from.i64()?;
        let count = from.u32().filter(|n| *n as usize <= SAMPLES)?;
        let samples =
            (0..count).map(|_| Some((from.text()?, from.message()?))).collect::<Option<_>>()?;
        let count = from.u32().filter(|n| *n <= 64)?;
        let versions = (0..count).map(|_| from.u64()).collect::<Option<_>>()?;
        let count = from.u32().filter(|n| (*n as usize) < ENOUGH)?;
        let vector = |_| {
            let mut z = [0.0; FEATURES];
            for v in &mut z {
                *v = from.f64()?;
            }
            Some(z)
        };
        let first = (0..count).map(vector).collect::<Option<_>>()?;
        let centres = Some(centres).filter(|c| !c.centres.is_empty());
        let begun = begun != 0;
        Some(Group { centres, mixtures, minute, windows, from_us, samples, versions, first, begun })
    }
}
