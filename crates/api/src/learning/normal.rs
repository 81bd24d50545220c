//! What is normal on a camera, and what is expected to come.

use axum::Json;
use axum::extract::State;
use flumen_base::wire::{self, ModelCard, model_card::Parameters};
use flumen_base::{CameraId, Error, Result};

use super::stored;
use crate::app::App;
use crate::extract::{Named, blocking};
use crate::face::InsightQuery;
use crate::model::{
    Ahead, Forecast, ModelMeasure, Normal, UsualCrowd, UsualPath, UsualWay, thresholds,
};
use crate::problem::{Answer, ProblemDocument};

/// Bins of a table of numbers at once.
const CROWD_BINS: usize = 8;
const HEADINGS: u32 = 8;
/// Ways that are told.
const MOST_WAYS: usize = 24;

/// What is normal on a camera.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/normal", tag = "learning",
    params(("id" = String, Path, description = "camera")), responses(
    (status = 200, body = Normal),
    (status = 404, body = ProblemDocument, content_type = "application/problem+json",
        description = "nothing is learned yet, or there is no such camera"),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn get_normal(State(app): State<App>, Named(id): Named) -> Answer<Json<Normal>> {
    Ok(Json(blocking(move || normal(&app, &id)).await?))
}

fn normal(app: &App, id: &CameraId) -> Result<Normal> {
    let (bus, now_us) = (&*app.face.bus, app.face.clock.wall_us());
    let card = stored::in_force(bus, id, "profile", now_us)?.ok_or_else(|| {
        Error::not_found(format!(
            "nothing is learned of camera {id} yet: the first profile comes after ten minutes of \
             pictures, and anomalies are told after two days"
        ))
    })?;
    let Some(Parameters::Profile(profile)) = &card.parameters else {
        return Err(Error::data_loss(format!(
            "the profile of camera {id} holds no counts: roll back to another version"
        )));
    };
    let patterns = stored::in_force(bus, id, "patterns", now_us)?;
    Ok(shown(id, &card, profile, patterns.as_ref()))
}

fn share(of: f64, all: f64) -> f64 {
    if all > 0.0 { (of / all).clamp(0.0, 1.0) } else { 0.0 }
}

fn shown(
    id: &CameraId,
    card: &ModelCard,
    profile: &wire::Profile,
    patterns: Option<&ModelCard>,
) -> Normal {
    let active: f64 = profile.hour_active.iter().sum();
    let hours = profile.hour_active.iter().zip(&profile.hour_seen);
    let dwells: f64 = profile.dwells.iter().sum();
    let crowd = |(hour, bins): (usize, &[f64])| {
        let all = bins.iter().sum();
        UsualCrowd { hour: hour as u32, shares: bins.iter().map(|n| share(*n, all)).collect() }
    };
    Normal {
        camera: id.to_string(),
        version: card.version,
        trainer: card.trainer.clone(),
        from_us: card.from_us,
        to_us: card.to_us,
        minutes: card.minutes,
        hour_active: hours.map(|(of, all)| (*all > 0.0).then(|| share(*of, *all))).collect(),
        cells: profile.cells.iter().map(|n| share(*n, active)).collect(),
        ways: ways(profile, active),
        crowd: profile.crowds.chunks(CROWD_BINS).enumerate().map(crowd).collect(),
        dwell: profile.dwells.iter().map(|n| share(*n, dwells)).collect(),
        paths: patterns.map(paths).unwrap_or_default(),
        thresholds: card.normals.first().map(thresholds).unwrap_or_default(),
    }
}

/// The ways that are taken most.
fn ways(profile: &wire::Profile, active: f64) -> Vec<UsualWay> {
    let way = |(at, n): (u32, &f64)| UsualWay {
        place: at / HEADINGS,
        heading: at % HEADINGS,
        share: share(*n, active),
    };
    let mut ways: Vec<UsualWay> =
        (0..).zip(&profile.ways).filter(|(_, n)| **n >= 1.0).map(way).collect();
    ways.sort_by(|a, b| b.share.total_cmp(&a.share));
    ways.truncate(MOST_WAYS);
    ways
}

fn paths(card: &ModelCard) -> Vec<UsualPath> {
    let Some(Parameters::Patterns(patterns)) = &card.parameters else { return Vec::new() };
    let path =
        |p: &wire::patterns::Path| UsualPath { places: p.places.clone(), support: p.support };
    patterns.paths.iter().map(path).collect()
}

/// What is expected to come on a camera in the next day, hour by hour, and how good it was.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/forecast", tag = "learning",
    params(("id" = String, Path, description = "camera")), responses(
    (status = 200, body = Forecast),
    (status = 404, body = ProblemDocument, content_type = "application/problem+json",
        description = "nothing is foretold yet"),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn get_forecast(
    State(app): State<App>,
    Named(id): Named,
) -> Answer<Json<Forecast>> {
    Ok(Json(blocking(move || forecast(&app, &id)).await?))
}

fn forecast(app: &App, id: &CameraId) -> Result<Forecast> {
    let query = InsightQuery {
        camera: Some(id.clone()),
        kind: Some(wire::InsightKind::Forecast),
        before_us: i64::MAX,
        limit: 1,
    };
    let newest = app.face.library.insights(&query)?.into_iter().next().ok_or_else(|| {
        Error::not_found(format!(
            "nothing is foretold of camera {id} yet: the first forecast comes with the first \
             whole hour that was learned"
        ))
    })?;
    let card = stored::in_force(&*app.face.bus, id, "forecast", app.face.clock.wall_us())?;
    let measure =
        |m: &wire::model_card::Measure| ModelMeasure { name: m.name.clone(), value: m.value };
    Ok(Forecast {
        camera: id.to_string(),
        made_us: newest.begin_us,
        dimension: newest.dimension.clone(),
        text: newest.text.clone(),
        hours: newest.ahead.iter().map(Ahead::from).collect(),
        measures: card.map(|c| c.measures.iter().map(measure).collect()).unwrap_or_default(),
    })
}
