//! Routes of what learning found: insights, and what persons say of them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use flumen_base::wire::{self, Feedback};
use flumen_base::{CameraId, Error, Result, topic};
use prost::Message;
use serde::Deserialize;
use utoipa::IntoParams;

use super::stored;
use crate::app::App;
use crate::events::{cut, unhex};
use crate::extract::{Asked, Input, Parts, blocking};
use crate::face::InsightQuery;
use crate::model::{Insight, InsightKind, InsightList, Verdict, VerdictInput};
use crate::problem::{Answer, ProblemDocument};

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 999;
const MINUTE_US: i64 = 60_000_000;
/// Longest span of a verdict.
const MAX_SPAN_US: i64 = 7 * 86_400_000_000;
const MAX_DIMENSIONS: usize = 16;

/// Which insights.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct InsightsAsked {
    /// Only this camera.
    camera: Option<String>,
    /// Only this kind.
    kind: Option<InsightKind>,
    /// Began before this: for the next page.
    before_us: Option<i64>,
    /// 1 to 999; absent = 100.
    limit: Option<usize>,
}

impl InsightsAsked {
    fn query(&self) -> Result<InsightQuery> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Error::invalid(format!("limit = {limit}: use 1 to {MAX_LIMIT}")));
        }
        Ok(InsightQuery {
            camera: self.camera.as_deref().map(CameraId::new).transpose()?,
            kind: self.kind.map(InsightKind::wire),
            before_us: self.before_us.unwrap_or(i64::MAX),
            limit,
        })
    }
}

/// What learning found, newest first.
#[utoipa::path(get, path = "/api/v1/insights", tag = "learning", params(InsightsAsked), responses(
    (status = 200, body = InsightList),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn list_insights(
    State(app): State<App>,
    Asked(asked): Asked<InsightsAsked>,
) -> Answer<Json<InsightList>> {
    let mut query = asked.query()?;
    let limit = query.limit;
    // One more tells whether there is a next page.
    query.limit += 1;
    let list = blocking(move || {
        let found = app.face.library.insights(&query)?;
        let (page, next_before_us) = cut(&found, limit, |i| i.begin_us);
        let bus = &*app.face.bus;
        let shown = |i: &wire::Insight| Insight::of(i, stored::verdict_on(bus, &i.camera, &i.id));
        Ok(InsightList { insights: page.iter().map(shown).collect(), next_before_us })
    });
    Ok(Json(list.await?))
}

fn id_of(hex: &str) -> Result<Vec<u8>> {
    unhex(hex).ok_or_else(|| {
        Error::invalid(format!("{hex:?} is no id of an event or insight: 32 hexadecimal digits"))
    })
}

fn feedback(camera: &CameraId, id: Vec<u8>, input: VerdictInput, now_us: i64) -> Result<Feedback> {
    let end_us = input.end_us.unwrap_or(input.begin_us.saturating_add(MINUTE_US));
    if end_us <= input.begin_us || end_us - input.begin_us > MAX_SPAN_US {
        return Err(Error::invalid(format!(
            "begin_us = {}, end_us = {end_us}: the end is after the begin, and at most 7 days",
            input.begin_us
        )));
    }
    if input.dimensions.len() > MAX_DIMENSIONS || input.dimensions.iter().any(|d| d.len() > 32) {
        return Err(Error::invalid("at most 16 dimensions of 32 bytes each"));
    }
    let verdict = match input.verdict {
        Verdict::Anomaly => wire::Verdict::Anomaly,
        Verdict::Normal => wire::Verdict::Normal,
    };
    Ok(Feedback {
        id: id.into(),
        camera: camera.to_string(),
        verdict: verdict.into(),
        begin_us: input.begin_us,
        end_us,
        dimensions: input.dimensions,
        by: String::from("api"),
        at_us: now_us,
    })
}

/// Says whether an anomaly, event or insight, is one, or usual: what is usual is learned from the
/// next minute on.
#[utoipa::path(put, path = "/api/v1/cameras/{id}/verdicts/{found}", tag = "learning",
    params(("id" = String, Path, description = "camera"),
        ("found" = String, Path, description = "id of the event or insight")),
    request_body = VerdictInput, responses(
    (status = 204, description = "said"),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn put_verdict(
    State(app): State<App>,
    Parts((camera, found)): Parts<(String, String)>,
    Input(input): Input<VerdictInput>,
) -> Answer<StatusCode> {
    let (camera, id) = (CameraId::new(&camera)?, id_of(&found)?);
    blocking(move || {
        let bus = &*app.face.bus;
        crate::cameras::table::need(bus, &camera)?;
        let said = feedback(&camera, id, input, app.face.clock.wall_us())?;
        let key = stored::verdict_key(&said.camera, &said.id);
        bus.table(topic::FEEDBACK)?.put(key.as_bytes(), Some(&said.encode_to_vec())).map(drop)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a verdict back; what was learned from it fades.
#[utoipa::path(delete, path = "/api/v1/cameras/{id}/verdicts/{found}", tag = "learning",
    params(("id" = String, Path, description = "camera"),
        ("found" = String, Path, description = "id of the event or insight")), responses(
    (status = 204, description = "taken back"),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn delete_verdict(
    State(app): State<App>,
    Parts((camera, found)): Parts<(String, String)>,
) -> Answer<StatusCode> {
    let (camera, id) = (CameraId::new(&camera)?, id_of(&found)?);
    blocking(move || {
        let key = stored::verdict_key(camera.as_str(), &id);
        app.face.bus.table(topic::FEEDBACK)?.put(key.as_bytes(), None).map(drop)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}
