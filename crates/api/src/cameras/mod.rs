//! The routes of cameras: list, show, make, change, remove, try.
//!
//! Invariants: changes of cameras are made one at a time; each makes a new version.

mod address;
mod input;
mod probe;
mod rules;
pub(crate) mod table;
mod view;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use flumen_base::{CameraId, Error, wire};

pub(crate) use self::probe::*;
pub(crate) use self::rules::{__path_get_rules, __path_put_rules, get_rules, put_rules};
use crate::app::App;
use crate::extract::{Input, Named, blocking};
use crate::model::{Camera, CameraInput, CameraList};
use crate::problem::{Answer, Failure, ProblemDocument};

/// The group of cameras that name none.
const SITE: &str = "site";
const DAY_US: i64 = 86_400_000_000;
/// What came last is still on its way to the archive and not missing.
const SETTLE_US: i64 = 5_000_000;
/// How long a change of a camera waits until it counts.
const NOTICE_US: i64 = 1_000_000;

/// All cameras.
#[utoipa::path(get, path = "/api/v1/cameras", tag = "cameras", responses(
    (status = 200, body = CameraList),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn list_cameras(State(app): State<App>) -> Answer<Json<CameraList>> {
    let cameras = blocking(move || {
        let status = app.face.cameras.status();
        let records = table::all(&*app.face.bus)?;
        let shown = |r: &wire::Camera| {
            let status = status.iter().find(|s| s.id.as_str() == r.id);
            view::camera(r, status, coverage(&app, &r.id))
        };
        Ok(records.iter().map(shown).collect())
    })
    .await?;
    Ok(Json(CameraList { cameras }))
}

/// One camera.
#[utoipa::path(get, path = "/api/v1/cameras/{id}", tag = "cameras",
    params(("id" = String, Path, description = "camera")), responses(
    (status = 200, body = Camera),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn get_camera(State(app): State<App>, Named(id): Named) -> Answer<Json<Camera>> {
    Ok(Json(blocking(move || show(&app, &table::need(&*app.face.bus, &id)?)).await?))
}

/// Makes a camera.
#[utoipa::path(post, path = "/api/v1/cameras", tag = "cameras", request_body = CameraInput, responses(
    (status = 201, body = Camera),
    (status = 409, body = ProblemDocument, content_type = "application/problem+json",
        description = "a camera of this id is there"),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn create_camera(
    State(app): State<App>,
    Input(input): Input<CameraInput>,
) -> Answer<impl IntoResponse> {
    let id = input.id.as_deref().ok_or_else(|| Error::invalid("the camera needs an \"id\""))?;
    let id = CameraId::new(id)?;
    let _one = app.change.lock().await;
    let (find, key) = (app.clone(), id.clone());
    if blocking(move || table::get(&*find.face.bus, &key)).await?.is_some() {
        return Err(Failure::conflict(format!(
            "there is a camera {id} already: take another id, or PUT to change it"
        )));
    }
    let place = format!("/api/v1/cameras/{id}");
    let made = store(&app, id, input, None).await?;
    let mut headers = HeaderMap::new();
    headers.extend(place.parse().ok().map(|place| (header::LOCATION, place)));
    Ok((StatusCode::CREATED, headers, Json(made)))
}

/// Changes a camera, or makes it.
#[utoipa::path(put, path = "/api/v1/cameras/{id}", tag = "cameras",
    params(("id" = String, Path, description = "camera")), request_body = CameraInput, responses(
    (status = 200, body = Camera),
    (status = 409, body = ProblemDocument, content_type = "application/problem+json",
        description = "somebody changed it meanwhile"),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn put_camera(
    State(app): State<App>,
    Named(id): Named,
    Input(input): Input<CameraInput>,
) -> Answer<Json<Camera>> {
    if input.id.as_deref().is_some_and(|named| named != id.as_str()) {
        return Err(Error::invalid(format!(
            "the body names another camera than the path ({id}): a camera can't be renamed"
        ))
        .into());
    }
    let _one = app.change.lock().await;
    let (find, key) = (app.clone(), id.clone());
    let old = blocking(move || table::get(&*find.face.bus, &key)).await?;
    let newest = old.as_ref().map_or(0, |o| o.version);
    if input.version.is_some_and(|edited| edited != newest) {
        return Err(Failure::conflict(format!(
            "camera {id} was changed meanwhile (version {newest}): read it again, then change it"
        )));
    }
    Ok(Json(store(&app, id, input, old).await?))
}

/// Removes a camera; what is recorded stays.
#[utoipa::path(delete, path = "/api/v1/cameras/{id}", tag = "cameras",
    params(("id" = String, Path, description = "camera")), responses(
    (status = 204, description = "removed"),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn delete_camera(State(app): State<App>, Named(id): Named) -> Answer<StatusCode> {
    let _one = app.change.lock().await;
    let find = app.clone();
    blocking(move || table::remove(&*find.face.bus, &id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn store(
    app: &App,
    id: CameraId,
    input: CameraInput,
    old: Option<wire::Camera>,
) -> Answer<Camera> {
    let app = app.clone();
    blocking(move || {
        let mut record = input::record(&id, input, old.as_ref(), &*app.face.cameras)?;
        // A camera that runs: all its engines shall know the change before it counts.
        let ahead_us = if old.is_some() { NOTICE_US } else { 0 };
        record.version = old.map_or(0, |o| o.version) + 1;
        record.effective_us = app.face.clock.wall_us() + ahead_us;
        table::put(&*app.face.bus, &record)?;
        show(&app, &record)
    })
    .await
}

fn show(app: &App, record: &wire::Camera) -> flumen_base::Result<Camera> {
    let status = app.face.cameras.status();
    let status = status.iter().find(|s| s.id.as_str() == record.id);
    Ok(view::camera(record, status, coverage(app, &record.id)))
}

/// What can't be told is left out: a list of cameras must not fail for its sake.
fn coverage(app: &App, id: &str) -> Option<f64> {
    let now_us = app.face.clock.wall_us();
    let id = CameraId::new(id).ok()?;
    let to_us = now_us - SETTLE_US;
    app.face.library.coverage(&id, to_us - DAY_US, to_us).ok().flatten()
}
