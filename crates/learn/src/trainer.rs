//! Windows in, cards and insights out, one step a minute and group.
//!
//! Invariants: what a step holds depends on the order of windows inside their partitions alone,
//! never on when it is asked for or which partition was read first; a step is made once.
//! Spec: docs/ref/models.md, "Training"; docs/design/0014-learning.md.

use std::collections::BTreeMap;

use flumen_base::wire::{Feedback, Insight, ModelCard, Window};
use flumen_base::{Error, Result};
use flumen_operators::score::{FeatureVector, minute_of};
use flumen_operators::{Reader, Writer};

use crate::camera::Camera;
use crate::cards;
use crate::forecast;
use crate::group::Group;

const LAYOUT: u32 = 7;
const DAY: u64 = 1440;
const MINUTE_US: i64 = 60_000_000;
/// How far windows of one partition may lie apart.
const SLACK_US: i64 = 5_000_000;
/// A partition that is so far behind has no cameras any more.
const IDLE_US: i64 = 600_000_000;
const KEPT_VERSIONS: usize = 20;
const PROFILE_EVERY: u64 = 10;
const MOST_PARTITIONS: u32 = 100_000;
const MOST_CAMERAS: u32 = 100_000;

/// What a step gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Out {
    /// A new version of a model.
    Card(Box<ModelCard>),
    /// A version that is kept no longer: its key on `flumen.models`.
    Gone(String),
    /// Something was found.
    Insight(Box<Insight>),
}

/// What is learned of all cameras.
#[derive(Clone, Debug, PartialEq)]
pub struct Trainer {
    lineage: String,
    newest: BTreeMap<u32, i64>,
    cameras: BTreeMap<String, Camera>,
    groups: BTreeMap<String, Group>,
    repeats: u64,
    late: u64,
    steps: u64,
}

impl Trainer {
    /// One that has seen nothing; `lineage` names it in its cards.
    #[must_use]
    pub fn new(lineage: &str) -> Trainer {
        Trainer {
            lineage: lineage.to_owned(),
            newest: BTreeMap::new(),
            cameras: BTreeMap::new(),
            groups: BTreeMap::new(),
            repeats: 0,
            late: 0,
            steps: 0,
        }
    }

    /// Takes a window as it stands in its partition.
    pub fn take(&mut self, partition: u32, window: Window) {
        if self.cameras.get(&window.camera).is_some_and(|c| c.knows(&window)) {
            self.repeats += 1;
            return;
        }
        let end_us = (minute_of(&window) + 1).cast_signed() * MINUTE_US;
        let seen = self.newest.entry(partition).or_insert(i64::MIN);
        if *seen >= end_us.saturating_add(SLACK_US) {
            self.late += 1;
            return;
        }
        *seen = (*seen).max(window.begin_us);
        let camera = self.cameras.entry(window.camera.clone());
        camera.or_insert_with_key(|name| Camera::new(name)).take(window);
    }

    /// Takes what a person said; it counts from the next step of its camera on.
    pub fn verdict(&mut self, verdict: &Feedback) {
        if let Some(camera) = self.cameras.get_mut(&verdict.camera) {
            camera.verdicts.take(verdict);
        }
    }

    /// Makes the steps that are complete.
    pub fn steps(&mut self, out: &mut Vec<Out>) {
        let complete = self.complete();
        while let Some(minute) = self.next()
            && (minute + 1).cast_signed() * MINUTE_US + SLACK_US <= complete
        {
            self.step(minute, out);
        }
    }

    /// The oldest minute that is open.
    fn next(&self) -> Option<u64> {
        self.cameras.values().filter_map(|c| c.open.keys().next().copied()).min()
    }

    /// Up to here each partition that lives has been read.
    fn complete(&self) -> i64 {
        let most = self.newest.values().copied().max().unwrap_or(i64::MIN);
        let living = self.newest.values().filter(|v| **v > most.saturating_sub(IDLE_US));
        living.copied().min().unwrap_or(i64::MIN)
    }

    fn step(&mut self, minute: u64, out: &mut Vec<Out>) {
        let mut by_group: BTreeMap<String, Vec<FeatureVector>> = BTreeMap::new();
        for camera in self.cameras.values_mut() {
            let Some(open) = camera.open.remove(&minute) else { continue };
            let group = self.groups.entry(camera.group.clone()).or_default();
            let windows = by_group.entry(camera.group.clone()).or_default();
            let record = open.record();
            let scored = camera.score(&open, &record, group);
            let odd = camera.oddities(&record, &scored, group);
            let told = camera.odd.minute(&camera.name, minute, odd);
            out.extend(told.into_iter().map(|i| Out::Insight(Box::new(i))));
            let ended = camera.forecasts.minute(&record);
            let health = camera.health.minute(&camera.name, &record);
            out.extend(health.map(|i| Out::Insight(Box::new(i))));
            if camera.learn(&open, record, &scored) {
                let card = cards::appearance(camera, minute, &self.lineage);
                publish(card, &mut camera.looks.versions, out);
            }
            foretell(camera, ended.as_ref(), minute, &self.lineage, out);
            camera.patterns.minute(&open.feet);
            windows.extend(open.features.iter().map(|x| camera.normals.standardised(x)));
            if let Some(sample) = open.sample {
                group.sample(&camera.name, sample);
            }
            if camera.hear(minute) || minute % PROFILE_EVERY == camera.turn() % PROFILE_EVERY {
                let card = cards::profile(camera, minute, &self.lineage);
                publish(card, &mut camera.versions, out);
            }
        }
        self.groups_step(minute, by_group, out);
    }

    /// Learns what all cameras of a group show together.
    fn groups_step(
        &mut self,
        minute: u64,
        by_group: BTreeMap<String, Vec<FeatureVector>>,
        out: &mut Vec<Out>,
    ) {
        for (name, windows) in by_group {
            self.steps += 1;
            let Some(group) = self.groups.get_mut(&name) else { continue };
            if group.minute / DAY != minute / DAY {
                let own = self.cameras.values_mut().filter(|c| c.group == name);
                let mut own: Vec<_> = own.collect();
                own.iter_mut().for_each(|camera| find_paths(camera, minute, &self.lineage, out));
                let mut all: Vec<_> = own.into_iter().map(|c| &mut c.forecasts).collect();
                forecast::fit(&mut all);
                if group.mixtures.fit(group.centres.as_ref()) {
                    let own: Vec<_> = self.cameras.values().filter(|c| c.group == name).collect();
                    let card = cards::mixture(&name, group, &own, minute, &self.lineage);
                    card.into_iter()
                        .for_each(|card| publish(card, &mut group.mixtures.versions, out));
                }
            }
            if group.learn(minute, &windows) {
                let own: Vec<_> = self.cameras.values().filter(|c| c.group == name).collect();
                if let Some(card) = cards::centres(&name, group, &own, &self.lineage) {
                    publish(card, &mut group.versions, out);
                }
            }
        }
    }

    /// Steps made, windows that came again, windows that came too late.
    #[must_use]
    pub fn counts(&self) -> (u64, u64, u64) {
        (self.steps, self.repeats, self.late)
    }

    /// All that is learned, as bytes.
    pub fn save(&self, to: &mut Writer) {
        to.u32(LAYOUT);
        to.text(&self.lineage);
        for v in [self.repeats, self.late, self.steps] {
            to.u64(v);
        }
        to.u32(self.newest.len() as u32);
        for (partition, newest_us) in &self.newest {
            to.u32(*partition);
            to.i64(*newest_us);
        }
        to.u32(self.cameras.len() as u32);
        self.cameras.values().for_each(|c| c.save(to));
        to.u32(self.groups.len() as u32);
        for (name, group) in &self.groups {
            to.text(name);
            group.save(to);
        }
    }

    /// Reads what `save` wrote.
    ///
    /// # Errors
    /// `Unsupported` for another layout, `DataLoss` when it is damaged.
    pub fn load(from: &mut Reader<'_>) -> Result<Trainer> {
        let damaged = || Error::data_loss("the state of learning is damaged");
        let layout = from.u32().ok_or_else(damaged)?;
        if layout != LAYOUT {
            return Err(Error::unsupported(format!(
                "the state of learning has layout {layout}, this program reads {LAYOUT}"
            )));
        }
        Trainer::parts(from).ok_or_else(damaged)
    }

    fn parts(from: &mut Reader<'_>) -> Option<Trainer> {
        let mut it = Trainer::new(&from.text()?);
        (it.repeats, it.late, it.steps) = (from.u64()?, from.u64()?, from.u64()?);
        for _ in 0..from.u32().filter(|n| *n <= MOST_PARTITIONS)? {
            it.newest.insert(from.u32()?, from.i64()?);
        }
        for _ in 0..from.u32().filter(|n| *n <= MOST_CAMERAS)? {
            let camera = Camera::load(from)?;
            it.cameras.insert(camera.name.clone(), camera);
        }
        for _ in 0..from.u32().filter(|n| *n <= MOST_CAMERAS)? {
            it.groups.insert(from.text()?, Group::load(from)?);
        }
        Some(it)
    }
}

/// Gives out what an ended hour asks for.
fn foretell(
    camera: &mut Camera,
    ended: Option<&forecast::Ended>,
    minute: u64,
    lineage: &str,
    out: &mut Vec<Out>,
) {
    let Some(ended) = ended else { return };
    if ended.day {
        let card = cards::forecast(camera, minute, lineage);
        publish(card, &mut camera.forecasts.versions, out);
    }
    out.push(Out::Insight(Box::new(camera.forecasts.insight(&camera.name, ended))));
}

/// Gives out the usual paths at the beginning of a day.
fn find_paths(camera: &mut Camera, minute: u64, lineage: &str, out: &mut Vec<Out>) {
    let Some(mined) = camera.patterns.turn(minute / DAY) else { return };
    let card = cards::patterns(camera, mined.card(), minute, lineage);
    publish(card, &mut camera.patterns.versions, out);
    let new = camera.patterns.insight(&camera.name, &mined);
    out.extend(new.map(|i| Out::Insight(Box::new(i))));
}

/// Gives out a card, and ends the versions that are too many.
fn publish(card: ModelCard, versions: &mut std::collections::VecDeque<u64>, out: &mut Vec<Out>) {
    let name = format!("{}/{}/", card.scope, card.kind);
    versions.push_back(card.version);
    out.push(Out::Card(Box::new(card)));
    while versions.len() > KEPT_VERSIONS {
        out.extend(versions.pop_front().map(|version| Out::Gone(format!("{name}{version}"))));
    }
}
