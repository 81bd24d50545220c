//! The routes of events: list, picture, live.

mod news;
mod socket;

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::IntoResponse;
use flumen_base::{CameraId, Error, Result, wire};
use serde::Deserialize;
use utoipa::IntoParams;

pub(crate) use self::news::{News, feed};
pub(crate) use self::socket::*;
use crate::app::App;
use crate::extract::{Asked, blocking};
use crate::face::EventQuery;
use crate::learning::verdict_on;
use crate::model::{Event, EventList};
use crate::problem::{Answer, ProblemDocument};

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;
const ANOMALY: &str = "anomaly";
/// How often, and how many times, a picture that is on its way is looked for.
const PICTURE_LOOK: Duration = Duration::from_millis(50);
const PICTURE_LOOKS: u32 = 60;

/// Which events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsAsked {
    /// Only this camera.
    camera: Option<String>,
    /// Only this kind.
    kind: Option<String>,
    /// Only in this zone.
    zone: Option<String>,
    /// Began at or after this.
    from_us: Option<i64>,
    /// Began before this.
    to_us: Option<i64>,
    /// Began before this: for the next page.
    before_us: Option<i64>,
    /// 1 to 1000; absent = 100.
    limit: Option<usize>,
}

impl EventsAsked {
    fn query(&self) -> Result<EventQuery> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(Error::invalid(format!("limit = {limit}: use 1 to {MAX_LIMIT}")));
        }
        let end = |us: Option<i64>| us.unwrap_or(i64::MAX);
        let query = EventQuery {
            camera: self.camera.as_deref().map(CameraId::new).transpose()?,
            kind: self.kind.clone().filter(|k| !k.is_empty()),
            zone: self.zone.clone().filter(|z| !z.is_empty()),
            from_us: self.from_us.unwrap_or(0),
            to_us: end(self.to_us).min(end(self.before_us)),
            limit,
        };
        if [&query.kind, &query.zone].into_iter().flatten().any(|k| k.len() > 64) {
            return Err(Error::invalid("kind and zone are at most 64 bytes long"));
        }
        Ok(query)
    }
}

/// Events, newest first.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(EventsAsked), responses(
    (status = 200, body = EventList),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn list_events(
    State(app): State<App>,
    Asked(asked): Asked<EventsAsked>,
) -> Answer<Json<EventList>> {
    let mut query = asked.query()?;
    let limit = query.limit;
    // One more tells whether there is a next page.
    query.limit += 1;
    let list = blocking(move || {
        let found = app.face.library.events(&query)?;
        let mut list = page(&found, limit);
        for (event, shown) in found.iter().zip(&mut list.events) {
            if event.kind == ANOMALY {
                shown.verdict = verdict_on(&*app.face.bus, &event.camera, &event.id);
            }
        }
        Ok(list)
    });
    Ok(Json(list.await?))
}

/// Cuts a page so that events that began in the same microsecond stay together: the next
/// page asks for those before a time and would lose the rest of them.
fn page(events: &[wire::Event], limit: usize) -> EventList {
    let (shown, next_before_us) = cut(events, limit, |e| e.begin_us);
    EventList { events: shown.iter().map(Event::from).collect(), next_before_us }
}

/// The first page of what was found, newest first, and before which time the next one begins.
pub(crate) fn cut<T>(
    found: &[T],
    limit: usize,
    begin_us: impl Fn(&T) -> i64,
) -> (&[T], Option<i64>) {
    let Some(extra) = found.get(limit).map(&begin_us) else { return (found, None) };
    let full = found.get(..limit).unwrap_or(found);
    match full.partition_point(|e| begin_us(e) > extra) {
        0 => (full, Some(extra)),
        n => (full.get(..n).unwrap_or(full), Some(extra.saturating_add(1))),
    }
}

/// The picture of an event.
#[utoipa::path(get, path = "/api/v1/events/{id}/picture.jpg", tag = "events",
    params(("id" = String, Path, description = "event")), responses(
    (status = 200, body = Vec<u8>, content_type = "image/jpeg"),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn event_picture(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Answer<impl IntoResponse> {
    let key = unhex(&id).ok_or_else(|| {
        Error::invalid("an event's id is 32 hexadecimal digits, as GET /api/v1/events gives it")
    })?;
    let (look, wanted) = (app.clone(), key.clone());
    let stored = blocking(move || look.face.library.picture(&wanted)).await?;
    // An event is told before it is archived: its picture may so far be on the bus only, or come
    // there a moment later, since it travels on a topic of its own.
    let mut jpeg = stored.or_else(|| app.news.picture(&key));
    for _ in 0..PICTURE_LOOKS {
        if jpeg.is_some() || !app.news.awaits_picture(&key) {
            break;
        }
        tokio::time::sleep(PICTURE_LOOK).await;
        jpeg = app.news.picture(&key);
    }
    let jpeg = jpeg.ok_or_else(|| {
        Error::not_found(format!("event {id} has no picture, or it is no longer kept"))
    })?;
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg"),
        // A later revision may bring a better picture.
        (header::CACHE_CONTROL, "private, max-age=10"),
    ];
    Ok((headers, jpeg))
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 32 {
        return None;
    }
    let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    text.as_bytes()
        .chunks(2)
        .map(|pair| Some(digit(pair.first()?)? << 4 | digit(pair.get(1)?)?))
        .collect()
}
