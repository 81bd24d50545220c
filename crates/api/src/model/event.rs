//! Events and what is recorded, as JSON.

use flumen_base::wire;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Oddity, Verdict};

/// Where an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It began.
    Begin,
    /// It goes on.
    Update,
    /// It is over.
    End,
}

/// A place in the picture, in pixels of the source; origin top left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventBox {
    /// x of the left edge.
    pub left: i32,
    /// y of the top edge.
    pub top: i32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// Something happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Camera.
    pub camera: String,
    /// `motion`, `enter`, `leave`, `cross`, `dwell`, `loiter`, `crowd`, `wrong-way`, `left`,
    /// `taken`, `tamper`, ...
    pub kind: String,
    /// Where it stands.
    pub phase: Phase,
    /// Capture time of its first picture.
    pub begin_us: i64,
    /// Capture time of its last picture; absent while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_us: Option<i64>,
    /// 0 to 1000.
    pub score: u32,
    /// The track it belongs to; 0 = none.
    pub track: u64,
    /// What there is to say besides, for a person: `A to B`, `12.4 s`, `5 things`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The rule that told it; absent = none of a person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The zone it happened in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Where in the picture.
    #[serde(rename = "box", skip_serializing_if = "Option::is_none")]
    pub place: Option<EventBox>,
    /// URL of its picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Of an anomaly: expected against seen, by dimension.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub oddities: Vec<Oddity>,
    /// What a person said of an anomaly; in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

impl From<&wire::Event> for Event {
    fn from(event: &wire::Event) -> Event {
        let id = hex(&event.id);
        let ended = event.phase() == wire::Phase::End;
        Event {
            camera: event.camera.clone(),
            kind: event.kind.clone(),
            phase: match event.phase() {
                wire::Phase::Begin => Phase::Begin,
                wire::Phase::Update => Phase::Update,
                wire::Phase::End => Phase::End,
            },
            begin_us: event.begin_us,
            end_us: ended.then_some(event.end_us),
            score: event.score,
            track: event.track,
            detail: (!event.detail.is_empty()).then(|| event.detail.clone()),
            rule: (!event.rule.is_empty()).then(|| event.rule.clone()),
            zone: (!event.zone.is_empty()).then(|| event.zone.clone()),
            place: event.r#box.as_ref().map(|b| EventBox {
                left: b.left,
                top: b.top,
                width: b.width,
                height: b.height,
            }),
            picture: event.picture.then(|| format!("/api/v1/events/{id}/picture.jpg")),
            oddities: event.oddities.iter().map(Oddity::from).collect(),
            verdict: None,
            id,
        }
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// Some events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EventList {
    /// Newest first.
    pub events: Vec<Event>,
    /// There are older ones: ask again with `before_us` of this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_before_us: Option<i64>,
}

/// A recorded span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Span {
    /// UTC.
    pub start_us: i64,
    /// UTC.
    pub end_us: i64,
}

/// A span that is not covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GapSpan {
    /// UTC.
    pub start_us: i64,
    /// UTC; absent while it lasts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_us: Option<i64>,
    /// `offline`, `network`, `decoder`, `shed`, `disk`, `expired`, `backfilled` or `unknown`.
    pub cause: String,
    /// What happened.
    pub detail: String,
}

impl From<&wire::Gap> for GapSpan {
    fn from(gap: &wire::Gap) -> GapSpan {
        let cause = match gap.cause() {
            wire::GapCause::Unspecified => "unknown",
            wire::GapCause::Offline => "offline",
            wire::GapCause::Network => "network",
            wire::GapCause::Decoder => "decoder",
            wire::GapCause::Shed => "shed",
            wire::GapCause::Disk => "disk",
            wire::GapCause::Expired => "expired",
            wire::GapCause::Backfilled => "backfilled",
        };
        GapSpan {
            start_us: gap.start_us,
            end_us: (gap.end_us != 0).then_some(gap.end_us),
            cause: cause.to_owned(),
            detail: gap.detail.clone(),
        }
    }
}

/// What there is of a camera between two times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RecordingTimeline {
    /// Recorded, in order.
    pub segments: Vec<Span>,
    /// Recorded and stored, in order, but not yet in a file: it plays a minute later.
    pub pending: Vec<Span>,
    /// Missing, in order, with the reason.
    pub gaps: Vec<GapSpan>,
    /// The newest 1000 events of the span, newest first.
    pub events: Vec<Event>,
}
