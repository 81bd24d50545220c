//! WebSockets: a bounded number, bounded messages, a limit on each write.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::http::StatusCode;
use axum::response::Response;
use flumen_base::Error;
use serde::Serialize;
use tokio::sync::Semaphore;

use crate::app::App;
use crate::problem::{Answer, Failure};

/// A client that takes nothing for so long is gone.
const WRITE_LIMIT: Duration = Duration::from_secs(15);
/// How often a silent client is asked whether it is there.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(20);
/// What a client may say on sockets that carry only small words.
pub(crate) const SMALL: usize = 16 << 10;

/// A request for a WebSocket, or why it is none.
pub(crate) type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// Opens a socket if there is room and hands it to `run`.
pub(crate) fn open<F>(
    app: &App,
    upgrade: Upgrade,
    max_message: usize,
    run: impl FnOnce(WebSocket) -> F + Send + 'static,
) -> Answer<Response>
where
    F: Future<Output = ()> + Send + 'static,
{
    open_within((&app.sockets, app.max_sockets, "api.max_websockets"), upgrade, max_message, run)
}

/// As `open`, with the places of somebody else: (places, their number, the setting's name).
pub(crate) fn open_within<F>(
    places: (&Arc<Semaphore>, usize, &str),
    upgrade: Upgrade,
    max_message: usize,
    run: impl FnOnce(WebSocket) -> F + Send + 'static,
) -> Answer<Response>
where
    F: Future<Output = ()> + Send + 'static,
{
    let upgrade = upgrade.map_err(|e| {
        Failure::http(
            StatusCode::UPGRADE_REQUIRED,
            "upgrade",
            format!("this address speaks WebSocket: {}", e.body_text()),
        )
    })?;
    let (places, max, setting) = places;
    let permit = places.clone().try_acquire_owned().map_err(|_| {
        Error::exhausted(format!("{max} WebSockets are open already ({setting}): close some"))
    })?;
    let upgrade = upgrade.max_message_size(max_message).max_frame_size(max_message);
    Ok(upgrade.on_upgrade(async move |socket| {
        run(socket).await;
        drop(permit);
    }))
}

/// Sends one message; false when the client is gone or takes nothing.
pub(crate) async fn say(socket: &mut WebSocket, message: Message) -> bool {
    matches!(tokio::time::timeout(WRITE_LIMIT, socket.send(message)).await, Ok(Ok(())))
}

/// Sends JSON as text.
pub(crate) async fn say_json(socket: &mut WebSocket, value: &impl Serialize) -> bool {
    match serde_json::to_string(value) {
        Ok(text) => say(socket, Message::Text(text.into())).await,
        Err(_) => false,
    }
}

/// Says good-bye because the server stops.
pub(crate) async fn going_away(mut socket: WebSocket) {
    let frame = CloseFrame { code: close_code::AWAY, reason: "the server stops".into() };
    let _ =
        tokio::time::timeout(Duration::from_millis(500), socket.send(Message::Close(Some(frame))))
            .await;
}
