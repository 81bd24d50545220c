//! The newest key picture as a JPEG.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use flumen_base::Error;

use crate::app::App;
use crate::cameras::table;
use crate::extract::{Named, blocking};
use crate::problem::{Answer, ProblemDocument};

/// The newest key picture.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/snapshot.jpg", tag = "live",
    params(("id" = String, Path, description = "camera")), responses(
    (status = 200, body = Vec<u8>, content_type = "image/jpeg"),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn snapshot(
    State(app): State<App>,
    Named(camera): Named,
) -> Answer<impl IntoResponse> {
    let (find, key) = (app.clone(), camera.clone());
    blocking(move || table::need(&*find.face.bus, &key)).await?;
    let newest = app.hub.newest_key(camera.as_str()).ok_or_else(|| {
        Error::unavailable(format!(
            "camera {camera} has sent no key picture since this program started: try again soon"
        ))
    })?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], newest.jpeg().await?))
}
