//! What a webhook is sent: an event as JSON.
//!
//! Units: UTC microseconds, source pixels.

use std::fmt::Write;

use flumen_base::wire::{Event, Phase};
use serde_json::{Value, json};

/// A request that waits: what is sent and what names it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Body {
    /// Event and revision: the same for each attempt.
    pub id: String,
    pub text: String,
}

/// A phase as it is written in the configuration and sent.
pub(crate) fn phase(event: &Event) -> &'static str {
    match event.phase() {
        Phase::Begin => "begin",
        Phase::Update => "update",
        Phase::End => "end",
    }
}

impl Body {
    pub(crate) fn of(event: &Event, public_url: &str) -> Body {
        let id = event.id.iter().fold(String::new(), |mut out, b| {
            let _ = write!(out, "{b:02x}");
            out
        });
        let place = event
            .r#box
            .map(|b| json!({"left": b.left, "top": b.top, "width": b.width, "height": b.height}));
        let url = public_url.trim_end_matches('/');
        let picture = event.picture.then(|| format!("{url}/api/v1/events/{id}/picture.jpg"));
        let some = |text: &str| if text.is_empty() { Value::Null } else { text.into() };
        let value = json!({
            "id": id,
            "revision": event.revision,
            "camera": event.camera,
            "kind": event.kind,
            "phase": phase(event),
            "begin_us": event.begin_us,
            "end_us": event.end_us,
            "zone": some(&event.zone),
            "rule": some(&event.rule),
            "detail": some(&event.detail),
            "track": event.track,
            "score": event.score,
            "box": place,
            "picture": picture,
        });
        Body { id: format!("{id}-{}", event.revision), text: value.to_string() }
    }
}
