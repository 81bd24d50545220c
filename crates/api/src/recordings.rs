//! What is recorded: the timeline and the video itself.
//!
//! Invariants: at most two pieces of video wait for a client; a client that takes nothing
//! for ten minutes is let go.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use bytes::Bytes;
use flumen_base::{Error, Result};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use utoipa::IntoParams;

use crate::app::App;
use crate::extract::{Asked, Named, blocking, span};
use crate::face::{EventQuery, Video};
use crate::model::{Event, GapSpan, RecordingTimeline, Span};
use crate::problem::{Answer, ProblemDocument};

const DAY_US: i64 = 86_400_000_000;
const MAX_TIMELINE_US: i64 = 366 * DAY_US;
const MAX_VIDEO_US: i64 = DAY_US;
const MAX_EVENTS: usize = 1000;
/// Pieces between the reader and the client.
const PIECES: usize = 2;
const STALL: Duration = Duration::from_secs(600);
/// UTC of the film's time 0, in microseconds.
const START: HeaderName = HeaderName::from_static("x-flumen-start-us");
/// UTC of its end: earlier than asked for where the picture's codec or size changes.
const END: HeaderName = HeaderName::from_static("x-flumen-end-us");

/// A span of a camera's time.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SpanAsked {
    /// UTC.
    from_us: i64,
    /// UTC.
    to_us: i64,
}

/// A span of a camera's time as a file.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct VideoAsked {
    /// UTC; the video begins at the key frame at or before it.
    from_us: i64,
    /// UTC; at most a day after `from_us`.
    to_us: i64,
    /// 1 = to be stored by the browser instead of played.
    #[serde(default)]
    download: u8,
}

/// What is recorded and what is missing.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/timeline", tag = "recordings",
    params(("id" = String, Path, description = "camera"), SpanAsked), responses(
    (status = 200, body = RecordingTimeline),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn timeline(
    State(app): State<App>,
    Named(camera): Named,
    Asked(asked): Asked<SpanAsked>,
) -> Answer<Json<RecordingTimeline>> {
    let SpanAsked { from_us, to_us } = asked;
    span(from_us, to_us, MAX_TIMELINE_US)?;
    let told = blocking(move || {
        let library = &app.face.library;
        let line = library.timeline(&camera, from_us, to_us)?;
        let (camera, limit) = (Some(camera), MAX_EVENTS);
        let query = EventQuery { camera, kind: None, zone: None, from_us, to_us, limit };
        let events = library.events(&query)?;
        let recorded = |&(start_us, end_us): &(i64, i64)| Span { start_us, end_us };
        Ok(RecordingTimeline {
            segments: line.segments.iter().map(recorded).collect(),
            pending: line.pending.iter().map(recorded).collect(),
            gaps: line.gaps.iter().map(GapSpan::from).collect(),
            events: events.iter().map(Event::from).collect(),
        })
    })
    .await?;
    Ok(Json(told))
}

/// The recording as fMP4, without transcoding: to be played, up to where the picture's codec or
/// size changes; to be stored, refused when they do.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/video.mp4", tag = "recordings",
    params(("id" = String, Path, description = "camera"), VideoAsked), responses(
    (status = 200, body = Vec<u8>, content_type = "video/mp4",
        headers(("x-flumen-start-us" = i64, description = "UTC of the film's time 0"),
            ("x-flumen-end-us" = i64, description = "UTC of its end"))),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn video(
    State(app): State<App>,
    Named(camera): Named,
    Asked(asked): Asked<VideoAsked>,
) -> Answer<impl IntoResponse> {
    span(asked.from_us, asked.to_us, MAX_VIDEO_US)?;
    let permit = app.downloads.clone().try_acquire_owned().map_err(|_| {
        Error::exhausted("too many recordings are being read (api.max_downloads): close some")
    })?;
    let kind = if asked.download == 1 { "attachment" } else { "inline" };
    let name = format!("{kind}; filename=\"{camera}-{}.mp4\"", asked.from_us / 1_000_000);
    let look = app.clone();
    // The first piece is read before the answer begins, so that errors get their status.
    let (first, rest, end_us) = blocking(move || {
        let (library, from_us, to_us) = (&look.face.library, asked.from_us, asked.to_us);
        let (mut video, end_us) = match asked.download {
            1 => (library.video(&camera, from_us, to_us)?, to_us),
            _ => library.video_part(&camera, from_us, to_us)?,
        };
        match video.pieces.next() {
            Some(first) => Ok((first?, video, end_us)),
            None => Err(Error::not_found(format!(
                "nothing of camera {camera} is recorded between these times"
            ))),
        }
    })
    .await?;
    let start_us = rest.start_us.to_string();
    let (send, mut pieces) = mpsc::channel(PIECES);
    tokio::spawn(pump(app, first, rest, send, permit));
    let body = Body::from_stream(stream::poll_fn(move |cx| pieces.poll_recv(cx)));
    let headers: [(HeaderName, String); 4] = [
        (header::CONTENT_TYPE, "video/mp4".into()),
        (header::CONTENT_DISPOSITION, name),
        (START, start_us),
        (END, end_us.to_string()),
    ];
    Ok((headers, body))
}

/// Moves pieces from the archive to the client as fast as the client takes them.
async fn pump(
    app: App,
    first: Bytes,
    mut video: Video,
    send: mpsc::Sender<Result<Bytes>>,
    _permit: OwnedSemaphorePermit,
) {
    let mut piece = Ok(first);
    loop {
        let failed = piece.is_err();
        tokio::select! {
            sent = tokio::time::timeout(STALL, send.send(piece)) => {
                if failed || !matches!(sent, Ok(Ok(()))) {
                    return;
                }
            }
            () = app.stopping() => return,
        }
        let read = move || {
            let next = video.pieces.next();
            (next, video)
        };
        match tokio::task::spawn_blocking(read).await {
            Ok((Some(next), rest)) => (piece, video) = (next, rest),
            Ok((None, _)) | Err(_) => return,
        }
    }
}
