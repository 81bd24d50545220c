//! How the whole is: workers, disk, what is wrong.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::app::App;
use crate::cluster;
use crate::extract::blocking;
use crate::face::Stage;
use crate::model::{Disk, ProblemReport, StageReport, System};
use crate::problem::{Answer, ProblemDocument};

/// How the whole is.
#[utoipa::path(get, path = "/api/v1/system", tag = "system", responses(
    (status = 200, body = System),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn system(State(app): State<App>) -> Answer<Json<System>> {
    Ok(Json(blocking(move || Ok(report(&app))).await?))
}

/// True as long as requests are answered.
#[utoipa::path(get, path = "/healthz", tag = "system", responses(
    (status = 200, body = String, content_type = "text/plain"),
))]
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// This description.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "system", responses(
    (status = 200, body = String, content_type = "application/json", description = "OpenAPI 3.1"),
))]
pub(crate) async fn describe() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], crate::openapi())
}

fn report(app: &App) -> System {
    let data_dir = app.face.stages.data_dir();
    let mut stages: Vec<StageReport> = app.face.stages.stages().into_iter().map(stage).collect();
    stages.push(live(app));
    let problems = app.face.stages.problems().into_iter().chain(cluster::problems(app));
    System {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_us: app.started_us,
        now_us: app.face.clock.wall_us(),
        disk: disk(&data_dir),
        data_dir: data_dir.display().to_string(),
        stages,
        bus: cluster::bus(app),
        engines: cluster::engines(app),
        problems: problems
            .map(|p| ProblemReport { what: p.what, place: p.where_, fix: p.fix })
            .collect(),
    }
}

fn stage(stage: Stage) -> StageReport {
    StageReport {
        name: stage.name,
        camera: stage.camera.map(|c| c.to_string()),
        // JSON knows no NaN.
        rate_hz: stage.rate_hz.filter(|rate| rate.is_finite()),
        lag_us: stage.lag_us,
        dropped: stage.dropped,
        healthy: stage.healthy,
        detail: stage.detail,
    }
}

fn live(app: &App) -> StageReport {
    let told = app.hub.counts();
    StageReport {
        name: String::from("live"),
        camera: None,
        rate_hz: told.rate_hz,
        // Nothing is late while nothing comes.
        lag_us: told.lag_us.filter(|_| told.rate_hz > Some(0.0)),
        dropped: told.skipped,
        healthy: told.reading,
        detail: format!(
            "{} watching; {} MiB held; skipped = pictures left out for slow watchers",
            told.clients,
            told.bytes >> 20
        ),
    }
}

fn disk(dir: &std::path::Path) -> Option<Disk> {
    let told = rustix::fs::statvfs(dir).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(told.f_frsize);
    Some(Disk { total_bytes: bytes(told.f_blocks), free_bytes: bytes(told.f_bavail) })
}
