//! The ingest process' side: its cameras, trying an address, pushed video, newest packets.
//!
//! Invariants: every request shows the token, else 401 and nothing is done; at most
//! `SOCKETS` sockets and `PROBES` tries at a time; it ends within `GRACE` of a stop.
//! Spec: `GET /peer/v1/cameras` JSON (`model::Told`); `POST /peer/v1/probe` JSON, answered by
//! the picture with `x-flumen-probe`; WebSockets `/peer/v1/push/{camera}` as the face's own,
//! `/peer/v1/live/{camera}`: binary messages, each a length-delimited `PacketHeader` and data.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use flumen_base::{CameraId, Context as _, Error, Result};
use prost::Message as _;
use tokio::sync::{Semaphore, mpsc};

use super::announce::Announcement;
use super::model::{Told, Tried, Try};
use super::{Latest, Packets, PeerConfig, Token};
use crate::extract::{Input, Named, blocking};
use crate::face::{Cameras, ProbeRequest};
use crate::listener::Bounded;
use crate::problem::{Answer, Failure};
use crate::push;
use crate::sockets::{SMALL, Upgrade, going_away, open_within, say};
use crate::stop::Stop;

const SOCKETS: usize = 128;
const PROBES: usize = 3;
const MAX_BODY: usize = 64 << 10;
const GRACE: Duration = Duration::from_millis(1200);
/// Packets on their way from the camera to one socket.
const ON_THE_WAY: usize = 64;
/// A listener hears something at least so often.
const BEAT: Duration = Duration::from_secs(2);
pub(crate) const PROBE_HEADER: &str = "x-flumen-probe";

/// What an ingest process shows.
#[derive(Clone)]
pub struct Shown {
    /// Its name in `flumen.owners`.
    pub process: String,
    /// Its cameras.
    pub cameras: Arc<dyn Cameras>,
    /// Their newest packets: the tap.
    pub latest: Arc<dyn Latest>,
    /// The site's token.
    pub token: Token,
}

/// A place that is listened on and not yet answered at, so that its address can be told
/// before there is something to show.
pub struct Place {
    listener: TcpListener,
    address: String,
    max_connections: usize,
}

impl Place {
    /// Takes the address of the configuration.
    ///
    /// # Errors
    /// `Invalid` for a configuration that can't work, `Unavailable` when the address is taken.
    pub fn take(config: &PeerConfig) -> Result<Place> {
        config.validate()?;
        let listener = TcpListener::bind(config.listen).map_err(|e| {
            let free = "stop the program that holds it, or set another peer.listen (port 0 = any)";
            Error::unavailable(format!("can't listen on {}: {e}; {free}", config.listen))
                .with_source(e)
        })?;
        listener.set_nonblocking(true).context("set the listener up")?;
        let bound = listener.local_addr().context("read the bound address")?;
        let address =
            if config.address.is_empty() { bound.to_string() } else { config.address.clone() };
        Ok(Place { listener, address, max_connections: config.max_connections })
    }

    /// HOST:PORT under which others reach it, for `flumen.owners`.
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// A running peer.
pub struct Server {
    stop: Stop,
    thread: Option<JoinHandle<()>>,
    announcement: Announcement,
}

impl Server {
    /// Answers at a place from now on, on threads of its own, and announces it in
    /// `flumen.owners`.
    ///
    /// # Errors
    /// `Unavailable` when a thread can't be started.
    pub fn start(place: Place, shown: Shown, bus: Arc<dyn flumen_bus::Bus>) -> Result<Server> {
        let stop = Stop::default();
        let announcement = Announcement::start(bus, &shown.process, &place.address)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("start the async thread of the peer")?;
        let peer = Peer(Arc::new(Inner {
            shown,
            stop: stop.clone(),
            sockets: Arc::new(Semaphore::new(SOCKETS)),
            probes: Arc::new(Semaphore::new(PROBES)),
        }));
        let thread = std::thread::Builder::new()
            .name("peer".into())
            .spawn(move || {
                if let Err(e) = runtime.block_on(serve(peer, place)) {
                    tracing::error!("the peer's server ended: {e}");
                }
                runtime.shutdown_timeout(GRACE);
            })
            .context("start the thread of the peer")?;
        Ok(Server { stop, thread: Some(thread), announcement })
    }

    /// Ends it, takes the announcement back, and waits at most some seconds.
    pub fn stop(mut self) {
        self.announcement.take_back();
        self.end();
    }

    fn end(&mut self) {
        self.stop.tell();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread of the peer had panicked");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

#[derive(Clone)]
struct Peer(Arc<Inner>);

struct Inner {
    shown: Shown,
    stop: Stop,
    sockets: Arc<Semaphore>,
    probes: Arc<Semaphore>,
}

async fn serve(peer: Peer, place: Place) -> Result<()> {
    let listener =
        tokio::net::TcpListener::from_std(place.listener).context("take the listener over")?;
    let (stop, late) = (peer.0.stop.clone(), peer.0.stop.clone());
    let server = axum::serve(Bounded::new(listener, place.max_connections), router(peer))
        .with_graceful_shutdown(async move { stop.told().await });
    tokio::select! {
        ended = server.into_future() => ended.context("serve the peers"),
        () = async { late.told().await; tokio::time::sleep(GRACE).await } => Ok(()),
    }
}

fn router(peer: Peer) -> Router {
    Router::new()
        .route("/peer/v1/cameras", get(cameras))
        .route("/peer/v1/probe", post(probe))
        .route("/peer/v1/push/{camera}", get(push_video))
        .route("/peer/v1/live/{camera}", get(live_video))
        .fallback(async || Failure::from(Error::not_found("there is nothing here")))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn_with_state(peer.clone(), guard))
        .with_state(peer)
}

async fn guard(State(peer): State<Peer>, request: Request, next: Next) -> Response {
    let mut shown = request.headers().get_all(header::AUTHORIZATION).iter();
    let good = match (shown.next(), shown.next()) {
        (Some(one), None) => peer.0.shown.token.is_shown(one.as_bytes()),
        _ => false,
    };
    // No page of a browser has business here.
    if !good || request.headers().contains_key(header::ORIGIN) {
        let why = "this is for processes of the same site only: they show its token";
        return Failure::http(StatusCode::UNAUTHORIZED, "unauthorized", why).into_response();
    }
    next.run(request).await
}

async fn cameras(State(peer): State<Peer>) -> Answer<Json<Told>> {
    let told = blocking(move || {
        let shown = &peer.0.shown;
        let cameras = shown.cameras.status().into_iter().map(Into::into).collect();
        Ok(Told { process: shown.process.clone(), cameras })
    });
    Ok(Json(told.await?))
}

async fn probe(State(peer): State<Peer>, Input(asked): Input<Try>) -> Answer<Response> {
    let permit = peer.0.probes.clone().try_acquire_owned().map_err(|_| {
        Error::exhausted("other addresses are being tried just now: try again in some seconds")
    })?;
    let request = ProbeRequest::from(asked);
    let found = blocking(move || {
        // Held by the call itself: it goes on when the asker is gone.
        let _permit = permit;
        peer.0.shown.cameras.check(&request.address)?;
        peer.0.shown.cameras.probe(&request)
    })
    .await?;
    let tried = Tried {
        codec: found.codec.into(),
        width: found.width,
        height: found.height,
        frame_rate_hz: if found.frame_rate_hz.is_finite() { found.frame_rate_hz } else { 0.0 },
        audio: found.audio,
    };
    let tried = serde_json::to_string(&tried).ok().and_then(|t| HeaderValue::from_str(&t).ok());
    let tried = tried.ok_or_else(|| Error::internal("five numbers fit into a header"))?;
    Ok(([(PROBE_HEADER, tried)], found.jpeg.unwrap_or_default()).into_response())
}

async fn push_video(
    State(peer): State<Peer>,
    Named(camera): Named,
    upgrade: Upgrade,
) -> Answer<Response> {
    let (find, key) = (peer.clone(), camera.clone());
    // Only a real WebSocket may take the camera.
    let session = match &upgrade {
        Ok(_) => Some(blocking(move || find.0.shown.cameras.push(&key)).await?),
        Err(_) => None,
    };
    let stop = peer.0.stop.clone();
    open_within(
        (&peer.0.sockets, SOCKETS, "between processes"),
        upgrade,
        push::MAX_MESSAGE,
        async move |socket| {
            if let Some(session) = session {
                push::take(&stop, socket, &camera, session).await;
            }
        },
    )
}

async fn live_video(
    State(peer): State<Peer>,
    Named(camera): Named,
    upgrade: Upgrade,
) -> Answer<Response> {
    let (find, key) = (peer.clone(), camera.clone());
    let packets = match &upgrade {
        Ok(_) => Some(blocking(move || find.0.shown.latest.subscribe(&key)).await?),
        Err(_) => None,
    };
    let stop = peer.0.stop.clone();
    let places = (&peer.0.sockets, SOCKETS, "between processes");
    open_within(places, upgrade, SMALL, async move |mut socket| {
        let Some(packets) = packets else { return };
        match pump(&camera, packets) {
            Ok(messages) => {
                forward(&stop, &mut socket, messages).await;
                going_away(socket).await;
            }
            Err(e) => tracing::error!("live packets can't be passed on: {e}"),
        }
    })
}

/// The thread that waits for packets; it ends when nobody takes them any more.
fn pump(camera: &CameraId, mut packets: Box<dyn Packets>) -> Result<mpsc::Receiver<Bytes>> {
    let (send, messages) = mpsc::channel(ON_THE_WAY);
    std::thread::Builder::new()
        .name(format!("peer-{camera}"))
        .spawn(move || {
            while !send.is_closed() {
                let Ok(came) = packets.next(Duration::from_millis(500)) else { return };
                for packet in came {
                    let mut message = packet.header.encode_length_delimited_to_vec();
                    message.extend_from_slice(&packet.data);
                    if send.blocking_send(message.into()).is_err() {
                        return;
                    }
                }
            }
        })
        .context("start a thread that passes packets on")?;
    Ok(messages)
}

async fn forward(stop: &Stop, socket: &mut WebSocket, mut messages: mpsc::Receiver<Bytes>) {
    let mut beat = tokio::time::interval(BEAT);
    loop {
        let fine = tokio::select! {
            message = messages.recv() => match message {
                Some(message) => say(socket, Message::Binary(message)).await,
                None => false,
            },
            said = socket.recv() => !matches!(said, Some(Ok(Message::Close(_)) | Err(_)) | None),
            _ = beat.tick() => say(socket, Message::Ping(Bytes::new())).await,
            () = stop.told() => false,
        };
        if !fine {
            return;
        }
    }
}
