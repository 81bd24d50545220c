//! `flumen push`: access units come in over a WebSocket and are acknowledged when durable.
//!
//! Invariants: while the bus is full nothing is read from the socket; an acknowledged
//! sequence means that it and all before it are durable; at most `WAITING` units and
//! `UNSETTLED` acknowledgements are under way.
//! Spec: a binary message is a length-delimited `PacketHeader` and the access unit.
//! Not here: the camera's epoch and sequence, which ingest gives.

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket};
use axum::response::Response;
use bytes::Bytes;
use flumen_base::{CameraId, Context, Error, Result, wire};
use flumen_bus::Pending;
use prost::Message as _;
use tokio::sync::mpsc::{self, OwnedPermit};
use tokio::sync::watch;

use crate::app::App;
use crate::extract::{Named, blocking};
use crate::face::{PushSession, PushUnit};
use crate::model::PushAnswer;
use crate::problem::{Answer, ProblemDocument};
use crate::sockets::{PING_EVERY, Upgrade, going_away, open, say, say_json};
use crate::stop::Stop;

const WAITING: usize = 8;
const UNSETTLED: usize = 1024;
const MAX_UNIT: usize = 16 << 20;
/// Longest message that is taken.
pub(crate) const MAX_MESSAGE: usize = MAX_UNIT + (64 << 10);

type Unit = (u64, PushUnit);
type Unsettled = (u64, Result<Pending>);

/// How far it is: the newest durable sequence, and why it ends.
#[derive(Default)]
struct Settled {
    sequence: Option<u64>,
    error: Option<Error>,
}

/// Sends video to a camera whose address is `push:`; a WebSocket, see PushAnswer.
#[utoipa::path(get, path = "/api/v1/push/{camera}", tag = "push",
    params(("camera" = String, Path, description = "camera")), responses(
    (status = 101, body = PushAnswer, description = "WebSocket"),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn push_video(
    State(app): State<App>,
    Named(camera): Named,
    upgrade: Upgrade,
) -> Answer<Response> {
    let (find, key) = (app.clone(), camera.clone());
    // Only a real WebSocket may take the camera.
    let session = match &upgrade {
        Ok(_) => Some(blocking(move || find.face.cameras.push(&key)).await?),
        Err(_) => None,
    };
    let ends = app.ends.clone();
    open(&app, upgrade, MAX_MESSAGE, async move |socket| {
        if let Some(session) = session {
            take(&ends, socket, &camera, session).await;
        }
    })
}

/// Takes what a sender pushes until it ends, and says why when it ends badly.
pub(crate) async fn take(
    ends: &Stop,
    mut socket: WebSocket,
    camera: &CameraId,
    session: Box<dyn PushSession>,
) {
    match receive(ends, &mut socket, camera, session).await {
        Ok(()) => {}
        Err(_) if ends.is_told() => going_away(socket).await,
        Err(e) => {
            let kind = e.kind().name().to_owned();
            let detail = e.message().to_owned();
            say_json(&mut socket, &PushAnswer::Error { kind, detail }).await;
            say(&mut socket, Message::Close(None)).await;
        }
    }
}

async fn receive(
    ends: &Stop,
    socket: &mut WebSocket,
    camera: &CameraId,
    session: Box<dyn PushSession>,
) -> Result<()> {
    let (units, mut settled) = start(camera, session)?;
    let mut room: Option<OwnedPermit<Unit>> = None;
    let mut next = None;
    let mut ping = tokio::time::interval(PING_EVERY);
    loop {
        let fine = tokio::select! {
            permit = units.clone().reserve_owned(), if room.is_none() => match permit {
                Ok(permit) => {
                    room = Some(permit);
                    true
                }
                // The session failed: the reason comes through `settled`.
                Err(_) => {
                    settled.changed().await.ok();
                    acknowledge(socket, &mut settled).await?
                }
            },
            said = socket.recv(), if room.is_some() => match said {
                Some(Ok(Message::Binary(bytes))) => {
                    let unit = unit(bytes, &mut next)?;
                    room.take().map(|room| room.send(unit)).is_some()
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => false,
                Some(Ok(_)) => true,
            },
            changed = settled.changed() => match changed {
                Ok(()) => acknowledge(socket, &mut settled).await?,
                Err(_) => return Err(Error::unavailable("the camera took no more: it is gone")),
            },
            _ = ping.tick() => say(socket, Message::Ping(Bytes::new())).await,
            () = ends.told() => return Err(Error::cancelled("the server stops")),
        };
        if !fine {
            return Ok(());
        }
    }
}

/// The thread that hands units over, and the task that waits until they are durable.
fn start(
    camera: &CameraId,
    mut session: Box<dyn PushSession>,
) -> Result<(mpsc::Sender<Unit>, watch::Receiver<Settled>)> {
    let (units, mut waiting) = mpsc::channel::<Unit>(WAITING);
    let (sent, unsettled) = mpsc::channel::<Unsettled>(UNSETTLED);
    let (tell, settled) = watch::channel(Settled::default());
    std::thread::Builder::new()
        .name(format!("push-{camera}"))
        .spawn(move || {
            while let Some((sequence, unit)) = waiting.blocking_recv() {
                let pending = session.push(unit);
                let failed = pending.is_err();
                if sent.blocking_send((sequence, pending)).is_err() || failed {
                    return;
                }
            }
        })
        .context("start the thread that takes pushed video")?;
    tokio::spawn(settle(unsettled, tell));
    Ok((units, settled))
}

async fn settle(mut unsettled: mpsc::Receiver<Unsettled>, tell: watch::Sender<Settled>) {
    while let Some((sequence, pending)) = unsettled.recv().await {
        let acked = match pending {
            Ok(pending) => pending.acked().await,
            Err(e) => Err(e),
        };
        let failed = acked.is_err();
        tell.send_modify(|settled| match acked {
            Ok(_) => settled.sequence = Some(sequence),
            Err(e) => settled.error = Some(e),
        });
        if failed {
            return;
        }
    }
}

/// Tells the newest durable sequence; false when the client is gone.
async fn acknowledge(
    socket: &mut WebSocket,
    settled: &mut watch::Receiver<Settled>,
) -> Result<bool> {
    let (sequence, error) = {
        let now = settled.borrow_and_update();
        let again = |e: &Error| Error::new(e.kind(), e.message().to_owned());
        (now.sequence, now.error.as_ref().map(again))
    };
    let fine = match sequence {
        Some(sequence) => say_json(socket, &PushAnswer::Ack { sequence }).await,
        None => true,
    };
    error.map_or(Ok(fine), Err)
}

/// Takes a message apart; the client's own count must have no hole.
fn unit(mut bytes: Bytes, next: &mut Option<u64>) -> Result<Unit> {
    let header = wire::PacketHeader::decode_length_delimited(&mut bytes).map_err(|e| {
        Error::invalid(format!("a message must begin with a length-delimited PacketHeader: {e}"))
    })?;
    if next.is_some_and(|next| next != header.sequence) {
        return Err(Error::invalid(format!(
            "sequence {} follows {}: count without holes",
            header.sequence,
            next.unwrap_or(0).wrapping_sub(1)
        )));
    }
    if bytes.is_empty() || bytes.len() > MAX_UNIT {
        return Err(Error::invalid(format!(
            "the access unit of sequence {} has {} bytes: it must have 1 to {MAX_UNIT}",
            header.sequence,
            bytes.len()
        )));
    }
    if header.codec() == wire::Codec::Unspecified {
        return Err(Error::unsupported(format!(
            "sequence {} names no codec that is known: use H.264, H.265 or MJPEG, and AAC, Opus \
             or G.711 for sound",
            header.sequence
        )));
    }
    *next = Some(header.sequence.wrapping_add(1));
    Ok((header.sequence, PushUnit { header, data: bytes }))
}
