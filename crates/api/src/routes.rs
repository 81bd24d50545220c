//! All routes, and the API's description that is made of them.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::{
    cameras, events, guard, learning, live, metrics, model, pages, push, recordings, system,
};

/// Most bytes of a body.
const MAX_BODY: usize = 256 << 10;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Flumen",
        description = "Real-time video: cameras, live view, events, recordings. Times are UTC \
                       in microseconds. Errors are application/problem+json.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(
        model::LiveMessage,
        model::ClientMessage,
        model::PushAnswer,
        model::Event
    ))
)]
struct Description;

fn described() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(cameras::list_cameras, cameras::create_camera))
        .routes(routes!(cameras::get_camera, cameras::put_camera, cameras::delete_camera))
        .routes(routes!(cameras::get_rules, cameras::put_rules))
        .routes(routes!(cameras::probe_address))
        .routes(routes!(live::live_video))
        .routes(routes!(live::snapshot))
        .routes(routes!(events::list_events))
        .routes(routes!(events::live_events))
        .routes(routes!(events::event_picture))
        .routes(routes!(learning::list_models))
        .routes(routes!(learning::get_model))
        .routes(routes!(learning::compare_models))
        .routes(routes!(learning::put_active))
        .routes(routes!(learning::get_trial))
        .routes(routes!(learning::get_normal))
        .routes(routes!(learning::get_forecast))
        .routes(routes!(learning::list_insights))
        .routes(routes!(learning::put_verdict, learning::delete_verdict))
        .routes(routes!(recordings::timeline))
        .routes(routes!(recordings::video))
        .routes(routes!(push::push_video))
        .routes(routes!(system::system))
        .routes(routes!(system::describe))
        .routes(routes!(system::healthz))
        .routes(routes!(metrics::metrics))
}

/// The router over a state.
pub(crate) fn router(app: App) -> Router {
    let (router, _) = described().split_for_parts();
    router
        .fallback(pages::page)
        .method_not_allowed_fallback(pages::not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn_with_state(app.clone(), guard::guard))
        .with_state(app)
}

/// The API's description, OpenAPI 3.1 as JSON; the same text for the same version.
pub fn openapi() -> String {
    let description = described().into_openapi();
    description.to_pretty_json().expect("a description made of constants can be written") + "\n"
}
