//! Video that is pushed to a camera of another process.
//!
//! Invariants: at most `QUEUE` units wait to be sent and `UNSETTLED` for their
//! acknowledgement; a unit is acknowledged here only after the peer did; when the peer is
//! gone every unit that waits is told so.
//! Spec: the face's own push socket.

use std::collections::VecDeque;
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flumen_base::{CameraId, Context as _, Error, Kind, Result};
use flumen_bus::{Ack, Pending};
use prost::Message as _;
use tokio::sync::oneshot;
use tungstenite::{Message, WebSocket};

use super::link::{Link, is_timeout};
use super::model::kind;
use crate::face::{PushSession, PushUnit};
use crate::model::PushAnswer;

const QUEUE: usize = 8;
const UNSETTLED: usize = 1024;
/// How often it is looked for acknowledgements while nothing is sent.
const LOOK: Duration = Duration::from_millis(10);
/// Opening a camera for writing may wait for its owner.
const ANSWER: Duration = Duration::from_secs(5);

type Acker = oneshot::Sender<Result<Ack>>;
type Why = Arc<Mutex<Option<(Kind, String)>>>;

/// A push session at another process.
pub(crate) struct Sender {
    units: SyncSender<(PushUnit, Acker)>,
    why: Why,
}

impl Sender {
    /// Opens a camera for writing where its owner is.
    ///
    /// # Errors
    /// What the owner says.
    pub(crate) fn open(link: &Link, camera: &CameraId) -> Result<Sender> {
        let socket = link.socket(&format!("/peer/v1/push/{camera}"), ANSWER)?;
        let (units, waiting) = sync_channel(QUEUE);
        let why = Why::default();
        let tell = why.clone();
        let name = camera.to_string();
        std::thread::Builder::new()
            .name(format!("push-on-{camera}"))
            .spawn(move || {
                let mut line = Line { socket, unsettled: VecDeque::new() };
                let ended = line.run(&waiting);
                let error = ended.err().unwrap_or_else(|| Error::unavailable("the push is over"));
                tracing::debug!(camera = name, "pushing on ended: {error}");
                let told = (error.kind(), error.message().to_owned());
                *tell.lock().unwrap_or_else(PoisonError::into_inner) = Some(told.clone());
                let rest = waiting.try_iter().map(|(_, acker)| acker);
                for acker in line.unsettled.drain(..).map(|(_, acker)| acker).chain(rest) {
                    let _ = acker.send(Err(Error::new(told.0, told.1.clone())));
                }
                let _ = line.socket.close(None);
                let _ = line.socket.flush();
            })
            .context("start the thread that pushes on")?;
        Ok(Sender { units, why })
    }
}

impl PushSession for Sender {
    /// The acknowledgement's position is not known here: it is zero.
    fn push(&mut self, unit: PushUnit) -> Result<Pending> {
        let (acker, pending) = Pending::new();
        self.units.send((unit, acker)).map_err(|_| {
            let why = self.why.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let (kind, text) =
                why.unwrap_or((Kind::Unavailable, "the owner of the camera is gone".into()));
            Error::new(kind, text)
        })?;
        Ok(pending)
    }
}

struct Line {
    socket: WebSocket<TcpStream>,
    unsettled: VecDeque<(u64, Acker)>,
}

impl Line {
    fn run(&mut self, waiting: &Receiver<(PushUnit, Acker)>) -> Result<()> {
        loop {
            let full = self.unsettled.len() >= UNSETTLED;
            let next =
                if full { Err(RecvTimeoutError::Timeout) } else { waiting.recv_timeout(LOOK) };
            match next {
                Ok((unit, acker)) => self.send(&unit, acker)?,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) if self.unsettled.is_empty() => return Ok(()),
                // Nobody pushes any more; what is under way may still be told for a moment.
                Err(RecvTimeoutError::Disconnected) => return self.settle(ANSWER),
            }
            self.settle(if full { LOOK } else { Duration::ZERO })?;
        }
    }

    fn send(&mut self, unit: &PushUnit, acker: Acker) -> Result<()> {
        let sequence = unit.header.sequence;
        self.unsettled.push_back((sequence, acker));
        let mut message = unit.header.encode_length_delimited_to_vec();
        message.extend_from_slice(&unit.data);
        self.socket.send(Message::binary(message)).map_err(|e| gone(&e))
    }

    /// Takes the acknowledgements that are there, waiting at most `patience` for the first.
    fn settle(&mut self, patience: Duration) -> Result<()> {
        self.patience(patience)?;
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => self.take(&text)?,
                Ok(Message::Close(_)) => {
                    return Err(gone(&tungstenite::Error::ConnectionClosed));
                }
                Ok(_) => {}
                Err(e) if is_timeout(&e) => break,
                Err(e) => return Err(gone(&e)),
            }
            self.patience(Duration::ZERO)?;
        }
        self.patience(ANSWER)
    }

    /// How long the next read may wait; not at all needs another mode of the socket.
    fn patience(&self, patience: Duration) -> Result<()> {
        let stream = self.socket.get_ref();
        let limit = (!patience.is_zero()).then_some(patience);
        stream
            .set_nonblocking(patience.is_zero())
            .and_then(|()| limit.map_or(Ok(()), |_| stream.set_read_timeout(limit)))
            .context("wait for an acknowledgement")
    }

    fn take(&mut self, text: &str) -> Result<()> {
        match serde_json::from_str(text) {
            Ok(PushAnswer::Ack { sequence }) => {
                while let Some((_, acker)) = self.unsettled.pop_front_if(|u| u.0 <= sequence) {
                    let _ = acker.send(Ok(Ack { partition: 0, offset: 0, generation: 0 }));
                }
                Ok(())
            }
            Ok(PushAnswer::Error { kind: name, detail }) => Err(Error::new(kind(&name), detail)),
            Err(_) => Ok(()), // a word of a later version
        }
    }
}

fn gone(e: &tungstenite::Error) -> Error {
    Error::unavailable(format!("the process that owns the camera went away: {e}"))
}
