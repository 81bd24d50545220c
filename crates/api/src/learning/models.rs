//! Routes of models: list, show, compare, say which version counts.
//!
//! Invariants: a word names versions that are there, and carries them.

use axum::Json;
use axum::extract::State;
use flumen_base::wire::{ActiveModel, ModelCard};
use flumen_base::{CameraId, Error, Result, topic};
use prost::Message;
use serde::Deserialize;
use utoipa::IntoParams;

use super::stored::{self, Versions};
use crate::app::App;
use crate::extract::{Asked, Input, Parts, blocking};
use crate::face::Face;
use crate::model::{
    Active, ActiveInput, Model, ModelComparison, ModelDetail, ModelDifference, ModelList,
};
use crate::problem::{Answer, ProblemDocument};

/// All engines know a word before it counts.
const NOTICE_US: i64 = 500_000;
const MAX_REASON: usize = 500;

/// Which models.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ModelsAsked {
    /// Only of this scope: a camera, or `group:` and a group's name.
    scope: Option<String>,
    /// Only this kind.
    kind: Option<String>,
    /// Only those that score this camera: its own and its group's.
    camera: Option<String>,
}

fn shown(of: &Versions, card: &ModelCard, now_us: i64) -> Model {
    let pinned = of.word.version == card.version;
    Model::of(card, of.state(card, now_us), pinned)
}

/// Learned models, the newest version of each first; without `scope` and `camera` those of groups,
/// as those of all cameras would be too many.
#[utoipa::path(get, path = "/api/v1/models", tag = "learning", params(ModelsAsked), responses(
    (status = 200, body = ModelList),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn list_models(
    State(app): State<App>,
    Asked(asked): Asked<ModelsAsked>,
) -> Answer<Json<ModelList>> {
    Ok(Json(blocking(move || list(&app, &asked)).await?))
}

fn list(app: &App, asked: &ModelsAsked) -> Result<ModelList> {
    let now_us = app.face.clock.wall_us();
    let bus = &*app.face.bus;
    let prefixes = match (&asked.scope, &asked.camera) {
        (Some(scope), _) => vec![format!("{scope}/")],
        (None, Some(camera)) => {
            let id = CameraId::new(camera)?;
            let group = crate::cameras::table::get(bus, &id)?.map(|c| c.group).unwrap_or_default();
            let group = if group.is_empty() { String::from("site") } else { group };
            vec![format!("{id}/"), format!("group:{group}/")]
        }
        (None, None) => vec![String::from("group:")],
    };
    let mut listed = ModelList { models: Vec::new(), active: Vec::new() };
    for prefix in prefixes {
        for of in stored::versions(bus, &prefix)? {
            let kind = of.cards.first().map_or("", |card| card.kind.as_str());
            if asked.kind.as_ref().is_some_and(|asked| asked != kind) {
                continue;
            }
            listed.models.extend(of.cards.iter().rev().map(|card| shown(&of, card, now_us)));
            if !of.word.scope.is_empty() {
                listed.active.push(Active::from(&of.word));
            }
        }
    }
    Ok(listed)
}

/// One version of a model.
#[utoipa::path(get, path = "/api/v1/models/{scope}/{kind}/{version}", tag = "learning",
    params(("scope" = String, Path, description = "a camera, or group:NAME"),
        ("kind" = String, Path, description = "kind of model"),
        ("version" = u64, Path, description = "version")), responses(
    (status = 200, body = ModelDetail),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn get_model(
    State(app): State<App>,
    Parts((scope, kind, version)): Parts<(String, String, u64)>,
) -> Answer<Json<ModelDetail>> {
    let detail = blocking(move || {
        let of = stored::versions_of(&*app.face.bus, &scope, &kind)?;
        let card = stored::version(&of, version)?;
        Ok(ModelDetail::of(card, shown(&of, card, app.face.clock.wall_us())))
    });
    Ok(Json(detail.await?))
}

/// Which two versions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Compared {
    /// The first version.
    a: u64,
    /// The second version.
    b: u64,
}

/// Two versions of a model side by side.
#[utoipa::path(get, path = "/api/v1/models/{scope}/{kind}/compare", tag = "learning",
    params(("scope" = String, Path, description = "a camera, or group:NAME"),
        ("kind" = String, Path, description = "kind of model"), Compared), responses(
    (status = 200, body = ModelComparison),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn compare_models(
    State(app): State<App>,
    Parts((scope, kind)): Parts<(String, String)>,
    Asked(asked): Asked<Compared>,
) -> Answer<Json<ModelComparison>> {
    let compared = blocking(move || {
        let of = stored::versions_of(&*app.face.bus, &scope, &kind)?;
        let (a, b) = (stored::version(&of, asked.a)?, stored::version(&of, asked.b)?);
        let now_us = app.face.clock.wall_us();
        let differences = differences(a, b);
        Ok(ModelComparison { a: shown(&of, a, now_us), b: shown(&of, b, now_us), differences })
    });
    Ok(Json(compared.await?))
}

/// The numbers of a card that can stand beside another's.
fn numbers(card: &ModelCard) -> Vec<(String, f64)> {
    let mut all = vec![
        (String::from("windows"), card.windows as f64),
        (String::from("minutes"), card.minutes as f64),
    ];
    all.extend(card.measures.iter().map(|m| (m.name.clone(), m.value)));
    for normal in &card.normals {
        let named = |t: &flumen_base::wire::model_card::Threshold| {
            (format!("{}: {}", normal.camera, t.dimension), t.score)
        };
        all.extend(normal.thresholds.iter().map(named));
    }
    all
}

fn differences(a: &ModelCard, b: &ModelCard) -> Vec<ModelDifference> {
    let (a, mut b) = (numbers(a), numbers(b));
    let mut all = Vec::with_capacity(a.len());
    for (name, value) in a {
        let at = b.iter().position(|(other, _)| *other == name);
        let other = at.map(|at| b.remove(at).1);
        all.push(ModelDifference { name, a: Some(value), b: other });
    }
    all.extend(b.into_iter().map(|(name, value)| ModelDifference {
        name,
        a: None,
        b: Some(value),
    }));
    all
}

/// Says which version counts: promotes one, rolls back to one, scores one beside; version 0 goes
/// back to the newest. It counts half a second later. With `when_better` what is beside is promoted
/// by what it shows.
#[utoipa::path(put, path = "/api/v1/models/{scope}/{kind}/active", tag = "learning",
    params(("scope" = String, Path, description = "a camera, or group:NAME"),
        ("kind" = String, Path, description = "kind of model")), request_body = ActiveInput, responses(
    (status = 200, body = Active),
    (status = 404, body = ProblemDocument, content_type = "application/problem+json",
        description = "there is no such model or version"),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn put_active(
    State(app): State<App>,
    Parts((scope, kind)): Parts<(String, String)>,
    Input(input): Input<ActiveInput>,
) -> Answer<Json<Active>> {
    Ok(Json(blocking(move || say(&app.face, scope, kind, input, "api")).await?))
}

/// Writes a word.
pub(super) fn say(
    face: &Face,
    scope: String,
    kind: String,
    mut input: ActiveInput,
    by: &str,
) -> Result<Active> {
    if input.reason.len() > MAX_REASON {
        return Err(Error::invalid(format!("the reason is longer than {MAX_REASON} bytes")));
    }
    if (input.shadow != 0 || input.when_better) && !stored::SCORED.contains(&kind.as_str()) {
        return Err(Error::invalid(format!(
            "a {kind} scores nothing that comes, so none can be scored beside: use one of {}",
            stored::SCORED.join(", ")
        )));
    }
    let (bus, now_us) = (&*face.bus, face.clock.wall_us());
    let of = stored::versions_of(bus, &scope, &kind)?;
    if input.when_better && input.version == 0 {
        input.version = of.in_force(now_us);
    }
    if input.when_better && input.shadow == 0 {
        input.shadow = Some(of.newest()).filter(|v| *v != input.version).unwrap_or(0);
    }
    if input.version != 0 && input.version == input.shadow {
        return Err(Error::invalid("a version can't count and be scored beside itself"));
    }
    let mut cards = Vec::new();
    for named in [input.version, input.shadow].into_iter().filter(|v| *v != 0) {
        cards.push(stored::version(&of, named)?.clone());
    }
    let key = format!("{scope}/{kind}/active");
    let word = ActiveModel {
        scope,
        kind,
        version: input.version,
        shadow: input.shadow,
        effective_us: now_us + NOTICE_US,
        when_better: input.when_better,
        by: by.to_owned(),
        reason: input.reason,
        cards,
    };
    bus.table(topic::MODELS)?.put(key.as_bytes(), Some(&word.encode_to_vec()))?;
    Ok(Active::from(&word))
}
