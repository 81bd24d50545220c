//! Model cards of what was learned, with golden vectors.
//!
//! Spec: docs/ref/models.md.

use flumen_base::wire::{self, ModelCard, model_card};
use flumen_operators::score::{FeatureVector, MODEL_SCHEMA, features};

use crate::camera::{CLUSTER, Camera, DENSITY, DIMENSIONS, LOOK, OF_PROFILE};
use crate::group::Group;

/// This program, as it stands in cards and insights.
pub const TRAINER: &str = concat!("flumen ", env!("CARGO_PKG_VERSION"));
const MINUTE_US: i64 = 60_000_000;

/// The card of a group's centres; nothing while there are none.
pub(crate) fn centres(
    name: &str,
    group: &Group,
    cameras: &[&Camera],
    lineage: &str,
) -> Option<ModelCard> {
    let centres = group.centres.as_ref()?;
    let (normals, golden) = of_windows(group, cameras, CLUSTER, |z| centres.nearest(z));
    Some(ModelCard {
        from_us: group.from_us,
        windows: group.windows,
        parent: group.versions.back().copied().unwrap_or(0),
        normals,
        golden,
        parameters: Some(model_card::Parameters::Clusters(wire::Clusters {
            centres: centres.centres.iter().flatten().copied().collect(),
            weights: centres.weights.clone(),
        })),
        ..card(&format!("group:{name}"), "kmeans", group.minute, lineage)
    })
}

/// The card of a group's mixture; nothing while there is none.
pub(crate) fn mixture(
    name: &str,
    group: &Group,
    cameras: &[&Camera],
    minute: u64,
    lineage: &str,
) -> Option<ModelCard> {
    let model = group.mixtures.model.as_ref()?;
    let (normals, golden) = of_windows(group, cameras, DENSITY, |z| model.density(z));
    Some(ModelCard {
        from_us: group.from_us,
        windows: group.windows,
        parent: group.mixtures.versions.back().copied().unwrap_or(0),
        normals,
        golden,
        parameters: Some(model_card::Parameters::Mixture(model.record.clone())),
        ..card(&format!("group:{name}"), "gaussian-mixture", minute, lineage)
    })
}

/// Normals and golden vectors of a model that scores a group's windows.
fn of_windows(
    group: &Group,
    cameras: &[&Camera],
    dimension: usize,
    score: impl Fn(&FeatureVector) -> f64,
) -> (Vec<model_card::Normal>, Vec<model_card::Golden>) {
    let golden = |(camera, window): &(String, wire::Window)| {
        let of = cameras.iter().find(|c| c.name == *camera)?;
        Some(model_card::Golden {
            camera: camera.clone(),
            window: Some(window.clone()),
            scores: vec![score(&of.normals.standardised(&features(window)))],
            minute: None,
        })
    };
    let seen = cameras.iter().filter(|c| c.normals.windows > 0);
    let normals = seen.map(|c| normal(c, dimension..dimension + 1, true)).collect();
    (normals, group.samples.iter().filter_map(golden).collect())
}

/// The card of a camera's profile.
pub(crate) fn profile(camera: &Camera, minute: u64, lineage: &str) -> ModelCard {
    let golden = camera.samples.iter().map(|sample| model_card::Golden {
        camera: camera.name.clone(),
        window: None,
        scores: camera.profile.scores(sample).iter().map(|s| s.score).collect(),
        minute: Some(sample.clone()),
    });
    ModelCard {
        from_us: camera.from_us,
        windows: camera.windows,
        minutes: camera.minutes,
        parent: camera.versions.back().copied().unwrap_or(0),
        normals: vec![normal(camera, OF_PROFILE, false)],
        golden: golden.collect(),
        parameters: Some(model_card::Parameters::Profile(camera.profile.record().clone())),
        ..card(&camera.name, "profile", minute, lineage)
    }
}

/// The card of a camera's looks.
pub(crate) fn appearance(camera: &Camera, minute: u64, lineage: &str) -> ModelCard {
    let golden = camera.looks.samples.iter().map(|sample| model_card::Golden {
        camera: camera.name.clone(),
        window: None,
        scores: vec![camera.looks.score(sample)],
        minute: Some(sample.clone()),
    });
    ModelCard {
        from_us: camera.from_us,
        windows: camera.windows,
        minutes: camera.minutes,
        parent: camera.looks.versions.back().copied().unwrap_or(0),
        normals: vec![normal(camera, LOOK..LOOK + 1, false)],
        golden: golden.collect(),
        parameters: Some(model_card::Parameters::Appearance(camera.looks.record.clone())),
        ..card(&camera.name, "appearance", minute, lineage)
    }
}

/// The card of a camera's forecasts.
pub(crate) fn forecast(camera: &Camera, minute: u64, lineage: &str) -> ModelCard {
    let (parameters, measures) = camera.forecasts.card();
    ModelCard {
        from_us: camera.from_us,
        windows: camera.windows,
        minutes: camera.minutes,
        parent: camera.forecasts.versions.back().copied().unwrap_or(0),
        measures,
        parameters: Some(model_card::Parameters::Forecaster(parameters)),
        ..card(&camera.name, "forecast", minute, lineage)
    }
}

/// The card of a camera's usual paths.
pub(crate) fn patterns(
    camera: &Camera,
    paths: wire::Patterns,
    minute: u64,
    lineage: &str,
) -> ModelCard {
    ModelCard {
        from_us: camera.from_us,
        windows: camera.windows,
        minutes: camera.minutes,
        parent: camera.patterns.versions.back().copied().unwrap_or(0),
        parameters: Some(model_card::Parameters::Patterns(paths)),
        ..card(&camera.name, "patterns", minute, lineage)
    }
}

fn card(scope: &str, kind: &str, minute: u64, lineage: &str) -> ModelCard {
    ModelCard {
        scope: scope.to_owned(),
        kind: kind.to_owned(),
        version: minute,
        lineage: lineage.to_owned(),
        trainer: TRAINER.to_owned(),
        schema: MODEL_SCHEMA,
        to_us: (minute + 1).cast_signed() * MINUTE_US,
        ..ModelCard::default()
    }
}

/// What is normal of a camera: thresholds of some dimensions, mean and deviation on request.
fn normal(camera: &Camera, dimensions: std::ops::Range<usize>, scale: bool) -> model_card::Normal {
    let of =
        |v: [f64; flumen_operators::score::FEATURES]| if scale { v.to_vec() } else { Vec::new() };
    let threshold = |at: usize| {
        let (dimension, _) = DIMENSIONS.get(at)?;
        let score = camera.threshold(at)?;
        Some(model_card::Threshold { dimension: (*dimension).to_owned(), score })
    };
    model_card::Normal {
        camera: camera.name.clone(),
        mean: of(camera.normals.mean),
        deviation: of(camera.normals.deviation()),
        thresholds: dimensions.filter_map(threshold).collect(),
        minutes: camera.minutes,
    }
}
