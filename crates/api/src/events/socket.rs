//! Events as they happen, over a WebSocket: one JSON event a message.

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket};
use axum::response::Response;
use tokio::sync::broadcast::error::RecvError;

use crate::app::App;
use crate::model::Event;
use crate::problem::{Answer, ProblemDocument};
use crate::sockets::{PING_EVERY, SMALL, Upgrade, going_away, open, say};

/// Events as they happen; a WebSocket, one JSON event a text message.
#[utoipa::path(get, path = "/api/v1/events/live", tag = "events", responses(
    (status = 101, body = Event, description = "WebSocket"),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn live_events(State(app): State<App>, upgrade: Upgrade) -> Answer<Response> {
    let news = app.clone();
    open(&app, upgrade, SMALL, move |socket| tell(news, socket))
}

async fn tell(app: App, mut socket: WebSocket) {
    let mut events = app.news.listen();
    let mut ping = tokio::time::interval(PING_EVERY);
    loop {
        let message = tokio::select! {
            event = events.recv() => match event {
                Ok(text) => Message::Text(text.as_ref().into()),
                // Too slow: the list of events has what was left out.
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return,
            },
            said = socket.recv() => match said {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
            _ = ping.tick() => Message::Ping(bytes::Bytes::new()),
            () = app.stopping() => return going_away(socket).await,
        };
        if !say(&mut socket, message).await {
            return;
        }
    }
}
