//! One client that watches a camera, over a WebSocket.

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket};
use axum::response::Response;
use flumen_base::wire::{self, FrameResult};
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

use super::mux::{Mux, Out, jpeg};
use super::queue::{Item, Queue};
use crate::app::App;
use crate::cameras::table;
use crate::extract::{Asked, Named, blocking};
use crate::model::{self, ClientMessage, LiveBox, LiveMessage};
use crate::problem::{Answer, ProblemDocument};
use crate::sockets::{SMALL, Upgrade, going_away, open, say, say_json};

/// How long a client has to say whether it plays H.265.
const ASK: Duration = Duration::from_millis(500);
/// How often a client is told something even when there is nothing new.
const BEAT: Duration = Duration::from_secs(5);

/// Which stream to watch.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Wanted {
    /// The full one.
    #[default]
    Main,
    /// The small one.
    Sub,
    /// The small one if the camera has one for live view, else the full one.
    Auto,
}

/// How to watch.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LiveAsked {
    /// Absent = main.
    #[serde(default)]
    #[param(inline)]
    stream: Wanted,
}

/// Live pictures and boxes; a WebSocket, see LiveMessage and ClientMessage.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/live", tag = "live",
    params(("id" = String, Path, description = "camera"), LiveAsked), responses(
    (status = 101, body = LiveMessage, description = "WebSocket"),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn live_video(
    State(app): State<App>,
    Named(camera): Named,
    Asked(asked): Asked<LiveAsked>,
    upgrade: Upgrade,
) -> Answer<Response> {
    let (find, key) = (app.clone(), camera.clone());
    let record = blocking(move || table::need(&*find.face.bus, &key)).await?;
    let stream = choose(&record, asked.stream);
    let other = stream != analysed(&record);
    let watch = app.clone();
    open(&app, upgrade, SMALL, async move |mut socket| {
        let mut client = Client { app: watch, mux: Mux::default(), other, state: None };
        if client.app.hub.is_h265(camera.as_str(), stream) && !client.ask(&mut socket).await {
            return;
        }
        let queue = client.app.hub.watch(camera.as_str(), stream);
        if client.run(&mut socket, &queue).await == End::Stopping {
            going_away(socket).await;
        }
    })
}

fn choose(record: &wire::Camera, wanted: Wanted) -> wire::Stream {
    let sub = |s: &wire::Source| s.stream() == wire::Stream::Sub && s.role.is_some_and(|r| r.live);
    match wanted {
        Wanted::Main => wire::Stream::Main,
        Wanted::Sub => wire::Stream::Sub,
        Wanted::Auto if record.sources.iter().any(sub) => wire::Stream::Sub,
        Wanted::Auto => wire::Stream::Main,
    }
}

fn analysed(record: &wire::Camera) -> wire::Stream {
    let by_role = record.sources.iter().find(|s| s.role.is_some_and(|r| r.analyse));
    by_role.map_or(wire::Stream::Main, wire::Source::stream)
}

#[derive(PartialEq, Eq)]
enum End {
    Gone,
    Stopping,
}

struct Client {
    app: App,
    mux: Mux,
    /// Another stream is analysed than the one that is watched.
    other: bool,
    state: Option<LiveMessage>,
}

impl Client {
    /// Waits for a moment for what the client plays; false when it is gone.
    async fn ask(&mut self, socket: &mut WebSocket) -> bool {
        match tokio::time::timeout(ASK, socket.recv()).await {
            Ok(said) => self.heard(said),
            Err(_) => true,
        }
    }

    async fn run(&mut self, socket: &mut WebSocket, queue: &Queue) -> End {
        let mut beat = tokio::time::interval_at(Instant::now() + BEAT, BEAT);
        loop {
            let fine = tokio::select! {
                item = queue.next() => {
                    beat.reset();
                    self.tell(socket, item).await
                }
                said = socket.recv() => self.heard(said),
                // A page sees no pings: so it knows that the server is there.
                _ = beat.tick() => match &self.state {
                    Some(state) => say_json(socket, state).await,
                    None => true,
                },
                () = self.app.stopping() => return End::Stopping,
            };
            if !fine {
                return End::Gone;
            }
        }
    }

    /// Takes what the client says; false when it is gone.
    fn heard(&mut self, said: Option<Result<Message, axum::Error>>) -> bool {
        match said {
            Some(Ok(Message::Text(text))) => {
                // Words of a later version are left alone.
                if let Ok(ClientMessage::Supports { mimes }) = serde_json::from_str(&text) {
                    self.mux.supports(mimes);
                }
                true
            }
            Some(Ok(Message::Close(_)) | Err(_)) | None => false,
            Some(Ok(_)) => true,
        }
    }

    async fn tell(&mut self, socket: &mut WebSocket, item: Item) -> bool {
        match item {
            Item::State(state, reason, late) => {
                let late = late.map(|l| l.to_string());
                let state = LiveMessage::State { state: model::State::from(state), reason, late };
                let fine = say_json(socket, &state).await;
                self.state = Some(state);
                fine
            }
            Item::Skip(why) => {
                say_json(socket, &LiveMessage::Skip { reason: why.to_owned() }).await
            }
            Item::Boxes(result) => {
                let epoch = self.mux.epoch().filter(|_| self.other).unwrap_or(result.epoch);
                say_json(socket, &boxes(&result, epoch)).await
            }
            Item::Unit(unit) => match self.mux.unit(&unit) {
                Ok(out) => self.send(socket, out).await,
                Err(e) => {
                    tracing::debug!(camera = unit.header.camera, "a unit can't be shown: {e}");
                    true
                }
            },
        }
    }

    async fn send(&self, socket: &mut WebSocket, out: Vec<Out>) -> bool {
        for one in out {
            let fine = match one {
                Out::Say(message) => say_json(socket, &message).await,
                Out::Send(bytes) => say(socket, Message::Binary(bytes)).await,
                Out::Still(unit) => match unit.jpeg().await {
                    Ok(made) => say(socket, Message::Binary(jpeg(unit.header.pts_us, &made))).await,
                    Err(e) => {
                        let reason = e.to_string();
                        say_json(socket, &LiveMessage::Skip { reason }).await
                    }
                },
            };
            if !fine {
                return false;
            }
        }
        true
    }
}

fn boxes(result: &FrameResult, epoch: u64) -> LiveMessage {
    let one = |b: &wire::Box| LiveBox {
        track: b.track,
        left: b.left,
        top: b.top,
        width: b.width,
        height: b.height,
        score: b.score,
    };
    LiveMessage::Boxes {
        epoch,
        pts_us: result.pts_us,
        width: result.width,
        height: result.height,
        boxes: result.boxes.iter().map(one).collect(),
        motion_permyriad: result.motion_permyriad,
    }
}
