//! What is odd: scores of the models in force against their thresholds.
//!
//! Spec: docs/ref/models.md, "Scores", "Thresholds".
//! Not here: which models are in force, what an odd minute leads to (`scorer`, `anomalies`).

use flumen_base::wire::{Minute, Oddity, Window};

use super::model::{Model, Parameters};
use super::profile::PROFILE_DIMENSIONS;
use super::running::{OF_WINDOWS, Running};
use super::scorer::Scorer;
use super::words::{look_oddity, movement_oddity, profile_oddity};

impl Scorer {
    pub(super) fn score_window(&self, running: &mut Running, window: &Window) {
        let scored = running.thirds.iter_mut().zip(&mut running.most);
        for ((kind, _), ([live, beside], most)) in OF_WINDOWS.iter().zip(scored) {
            if let Some(model) = self.live(*kind)
                && let Some(score) = model.window(&self.camera, window)
            {
                live.add(score);
                if score > most.0 {
                    *most = (score, self.strangest(model, window));
                }
            }
            let shadow = self.shadow(*kind).and_then(|m| m.window(&self.camera, window));
            shadow.into_iter().for_each(|score| beside.add(score));
        }
    }

    /// The feature that is farthest from what is usual.
    fn strangest(&self, model: &Model, window: &Window) -> u32 {
        let Some(z) = model.standardised(&self.camera, window) else { return 0 };
        let usual = match &model.parameters {
            Parameters::Clusters(clusters) => clusters.nearest(&z).1,
            _ => [0.0; super::FEATURES],
        };
        let mut most = (0.0, 0);
        for (at, (z, usual)) in z.iter().zip(&usual).enumerate() {
            let far = (z - usual).abs();
            if far > most.0 {
                most = (far, at as u32);
            }
        }
        most.1
    }

    /// What is odd in a minute so far.
    pub(super) fn odd(&self, running: &Running) -> Vec<Oddity> {
        let record = running.so_far.record();
        let mut odd = Vec::new();
        if let Some(model) = self.live(0) {
            odd.extend(self.odd_profile(model, &record));
        }
        for (at, (kind, dimension)) in OF_WINDOWS.iter().enumerate() {
            let score = running.thirds.get(at).map_or(0.0, |[live, _]| live.value());
            let feature = running.most.get(at).map_or(0, |(_, feature)| *feature as usize);
            let Some(model) = self.live(*kind) else { continue };
            odd.extend(self.above(model, dimension, score, |threshold| {
                movement_oddity(dimension, score, threshold, feature)
            }));
        }
        if let Some(model) = self.live(3)
            && let Parameters::Appearance(appearance) = &model.parameters
        {
            let score = appearance.score(&record);
            odd.extend(self.above(model, "look", score, |threshold| look_oddity(score, threshold)));
        }
        odd
    }

    pub(super) fn odd_profile(&self, model: &Model, minute: &Minute) -> Vec<Oddity> {
        let Parameters::Profile(profile) = &model.parameters else { return Vec::new() };
        let scores = profile.scores(minute);
        let named = PROFILE_DIMENSIONS.iter().zip(&scores).enumerate();
        let odd = named.filter_map(|(at, (dimension, score))| {
            let words = |_| profile_oddity(at, score, profile, minute);
            self.above(model, dimension, score.score, words)
        });
        odd.collect()
    }

    /// An oddity, where a score is above the threshold of its dimension.
    pub(super) fn above(
        &self,
        model: &Model,
        dimension: &str,
        score: f64,
        words: impl Fn(f64) -> Oddity,
    ) -> Option<Oddity> {
        let threshold = model.threshold(&self.camera, dimension)?;
        (score > threshold).then(|| Oddity {
            threshold,
            kind: model.kind.clone(),
            version: model.version,
            ..words(threshold)
        })
    }
}
