//! The cameras of all ingest processes of a site, for a process that has none itself.
//!
//! Invariants: `status` never waits: one thread asks all peers every `EVERY`, each within
//! `ASK`; a peer that does not answer makes the cameras it has claimed offline, with the
//! reason; at most `PEERS` are asked; a camera belongs to the peer that shows it with the
//! highest epoch, else to its claim in `flumen.owners`.
//! Not here: how a peer is asked (`link`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::{RecvTimeoutError, Sender as Ender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use flumen_base::wire::{self, Camera, Owner, PacketHeader};
use flumen_base::{CameraId, Clock, Context as _, Error, Result, SystemClock, topic};
use flumen_bus::Bus;
use prost::Message as _;

use super::announce::PROCESS;
use super::link::{Link, is_timeout};
use super::model::{Told, Tried, Try};
use super::sender::Sender;
use super::server::PROBE_HEADER;
use super::{Latest, Packet, Packets, Token};
use crate::face::{CameraStatus, Cameras, Probe, ProbeRequest, PushSession, State};

const EVERY: Duration = Duration::from_secs(1);
const ASK: Duration = Duration::from_secs(2);
const PEERS: usize = 64;
/// A try connects, reads to the first picture and makes a JPEG of it.
const PROBE: Duration = Duration::from_secs(15);
/// A peer says something on a live socket every two seconds.
const SILENT: Duration = Duration::from_secs(7);

/// What a site decides without asking the cameras' owners.
pub trait Rules: Send + Sync {
    /// Seals a password with the site's key; see [`Cameras::seal`].
    ///
    /// # Errors
    /// `Unavailable` when the key can't be read.
    fn seal(&self, camera: &CameraId, password: &str) -> Result<Bytes>;

    /// Says whether this site lets a camera have this address; see [`Cameras::check`].
    ///
    /// # Errors
    /// `Invalid` with the rule that forbids it.
    fn check(&self, address: &str) -> Result<()>;
}

/// The cameras of all ingest processes of a site.
pub struct Remote {
    shared: Arc<Shared>,
    end: Option<Ender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    bus: Arc<dyn Bus>,
    token: Token,
    rules: Arc<dyn Rules>,
    seen: Mutex<Seen>,
}

#[derive(Clone, Default)]
struct Seen {
    cameras: BTreeMap<CameraId, (CameraStatus, Option<String>)>,
    peers: Vec<PeerStatus>,
}

/// A peer as it was heard last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerStatus {
    /// Its name.
    pub process: String,
    /// HOST:PORT.
    pub address: String,
    /// Why it does not answer; `None` when it does.
    pub problem: Option<String>,
}

impl Remote {
    /// Begins to ask the peers that `flumen.owners` names.
    ///
    /// # Errors
    /// `Unavailable` when its thread can't be started.
    pub fn start(bus: Arc<dyn Bus>, token: Token, rules: Arc<dyn Rules>) -> Result<Arc<Remote>> {
        let shared = Arc::new(Shared { bus, token, rules, seen: Mutex::default() });
        let (end, ended) = channel();
        let asks = shared.clone();
        let thread = std::thread::Builder::new()
            .name("peers".into())
            .spawn(move || {
                loop {
                    asks.ask();
                    if ended.recv_timeout(EVERY) != Err(RecvTimeoutError::Timeout) {
                        return;
                    }
                }
            })
            .context("start the thread that asks the peers")?;
        Ok(Arc::new(Remote { shared, end: Some(end), thread: Some(thread) }))
    }

    /// The peers as they were heard last.
    pub fn peers(&self) -> Vec<PeerStatus> {
        self.shared.seen().peers.clone()
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// What `flumen.owners` says: (camera -> claim), (address -> process).
type Claims = (BTreeMap<CameraId, Owner>, BTreeMap<String, String>);

impl Shared {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One round over all peers.
    fn ask(&self) {
        let read = || Ok::<_, Error>((self.claims()?, self.cameras()?));
        let ((claims, peers), cameras) = match read() {
            Ok(read) => read,
            Err(e) => return tracing::warn!("the owners of cameras can't be read: {e}"),
        };
        let heard: Vec<(PeerStatus, Result<Told>)> = std::thread::scope(|scope| {
            let asking: Vec<_> = peers
                .into_iter()
                .map(|(address, process)| scope.spawn(move || self.ask_one(address, process)))
                .collect();
            asking.into_iter().filter_map(|one| one.join().ok()).collect()
        });
        let mut now = seen(cameras, &claims, heard);
        let mut before = self.seen();
        for (id, (status, _)) in now.cameras.iter_mut().filter(|(_, (_, at))| at.is_none()) {
            let since = before.cameras.get(id).filter(|(old, _)| old.state == status.state);
            status.since_us = since.map_or(status.since_us, |(old, _)| old.since_us);
        }
        *before = now;
    }

    fn claims(&self) -> Result<Claims> {
        let mut claims = Claims::default();
        for (key, value) in self.bus.table(topic::OWNERS)?.scan(b"")? {
            let Ok(owner) = Owner::decode(value.as_slice()) else { continue };
            if !owner.address.is_empty() && claims.1.len() < PEERS {
                claims.1.insert(owner.address.clone(), owner.process.clone());
            }
            if key.first() != Some(&PROCESS)
                && let Ok(id) = CameraId::new(&String::from_utf8_lossy(&key))
            {
                claims.0.insert(id, owner);
            }
        }
        Ok(claims)
    }

    fn cameras(&self) -> Result<Vec<Camera>> {
        let rows = self.bus.table(topic::CAMERAS)?.scan(b"")?;
        Ok(rows.iter().filter_map(|(_, v)| Camera::decode(v.as_slice()).ok()).collect())
    }

    fn ask_one(&self, address: String, process: String) -> (PeerStatus, Result<Told>) {
        let told = Link::to(&address, &self.token, ASK)
            .and_then(|link| link.get("/peer/v1/cameras"))
            .and_then(|heard| {
                serde_json::from_slice::<Told>(&heard.body).map_err(|e| {
                    Error::unavailable(format!("the process at {address} can't be understood: {e}"))
                })
            });
        let problem = told.as_ref().err().map(ToString::to_string);
        let process = told.as_ref().map_or(process, |t| t.process.clone());
        (PeerStatus { process, address, problem }, told)
    }

    /// Where a camera is to be asked for.
    fn owner(&self, camera: &CameraId) -> Result<String> {
        let seen = self.seen();
        if let Some((_, Some(address))) = seen.cameras.get(camera) {
            return Ok(address.clone());
        }
        drop(seen);
        let claimed = self.claims()?.0.remove(camera).map(|o| o.address);
        claimed.filter(|a| !a.is_empty()).ok_or_else(|| {
            Error::unavailable(format!(
                "no ingest process has taken camera {camera}: start `flumen ingest`, or wait a \
                 moment when it runs"
            ))
        })
    }
}

/// What is told of each camera, from what the peers said.
fn seen(
    cameras: Vec<Camera>,
    claims: &BTreeMap<CameraId, Owner>,
    heard: Vec<(PeerStatus, Result<Told>)>,
) -> Seen {
    let mut all = Seen::default();
    let mut away: BTreeMap<String, String> = BTreeMap::new();
    let mut up: BTreeSet<String> = BTreeSet::new();
    for (peer, told) in heard {
        match told {
            Ok(told) => {
                up.insert(peer.address.clone());
                for status in told.cameras.into_iter().filter_map(|row| row.status()) {
                    let newer =
                        all.cameras.get(&status.id).is_none_or(|(old, _)| old.epoch < status.epoch);
                    if newer {
                        all.cameras.insert(status.id.clone(), (status, Some(peer.address.clone())));
                    }
                }
            }
            Err(e) => drop(away.insert(peer.address.clone(), e.to_string())),
        }
        all.peers.push(peer);
    }
    for camera in cameras {
        let Ok(id) = CameraId::new(&camera.id) else { continue };
        if all.cameras.contains_key(&id) {
            continue;
        }
        let claim = claims.get(&id);
        let (state, reason) = match claim.and_then(|c| away.get(&c.address)) {
            Some(why) => (State::Offline, format!("{why}; another one takes the camera over")),
            None if up.is_empty() => {
                (State::Offline, "no ingest process runs: start `flumen ingest`".to_owned())
            }
            None => (State::Connecting, "an ingest process is taking it".to_owned()),
        };
        let state = if camera.enabled { state } else { State::Disabled };
        let reason = camera.enabled.then_some(reason);
        all.cameras.insert(id.clone(), (nothing_of(id, state, reason), None));
    }
    all
}

/// A camera of which nobody tells anything.
fn nothing_of(id: CameraId, state: State, reason: Option<String>) -> CameraStatus {
    CameraStatus {
        id,
        state,
        reason,
        since_us: SystemClock.wall_us(),
        codec: None,
        width: 0,
        height: 0,
        audio: false,
        frame_rate_hz: 0.0,
        bit_rate_bps: 0,
        units: 0,
        bytes: 0,
        dropped: 0,
        reconnects: 0,
        last_unit_us: 0,
        epoch: 0,
        capture: None,
    }
}

impl Cameras for Remote {
    fn status(&self) -> Vec<CameraStatus> {
        self.shared.seen().cameras.values().map(|(status, _)| status.clone()).collect()
    }

    fn seal(&self, camera: &CameraId, password: &str) -> Result<Bytes> {
        self.shared.rules.seal(camera, password)
    }

    fn check(&self, address: &str) -> Result<()> {
        self.shared.rules.check(address)
    }

    fn probe(&self, request: &ProbeRequest) -> Result<Probe> {
        let peers = self.peers();
        let up = peers.iter().find(|p| p.problem.is_none()).ok_or_else(|| {
            Error::unavailable("no ingest process answers that could try it: start `flumen ingest`")
        })?;
        let link = Link::to(&up.address, &self.shared.token, PROBE)?;
        let heard = link.post("/peer/v1/probe", &Try::from(request))?;
        let tried = heard.headers.get(PROBE_HEADER).and_then(|t| t.to_str().ok());
        let tried: Option<Tried> = tried.and_then(|t| serde_json::from_str(t).ok());
        let tried = tried.ok_or_else(|| {
            Error::unavailable(format!("the process at {} can't be understood", up.address))
        })?;
        Ok(Probe {
            codec: wire::Codec::try_from(tried.codec).unwrap_or_default(),
            width: tried.width,
            height: tried.height,
            frame_rate_hz: tried.frame_rate_hz,
            audio: tried.audio,
            jpeg: (!heard.body.is_empty()).then(|| heard.body.into()),
        })
    }

    fn push(&self, camera: &CameraId) -> Result<Box<dyn PushSession>> {
        let link = Link::to(&self.shared.owner(camera)?, &self.shared.token, ASK)?;
        Ok(Box::new(Sender::open(&link, camera)?))
    }
}

impl Latest for Remote {
    fn subscribe(&self, camera: &CameraId) -> Result<Box<dyn Packets>> {
        let link = Link::to(&self.shared.owner(camera)?, &self.shared.token, ASK)?;
        let socket = link.socket(&format!("/peer/v1/live/{camera}"), SILENT)?;
        Ok(Box::new(Listening { socket, heard: std::time::Instant::now() }))
    }
}

/// A live socket to a camera's owner.
struct Listening {
    socket: tungstenite::WebSocket<std::net::TcpStream>,
    heard: std::time::Instant,
}

impl Packets for Listening {
    fn next(&mut self, timeout: Duration) -> Result<Vec<Packet>> {
        let gone = |e: &dyn std::fmt::Display| {
            Error::unavailable(format!("the owner of the camera went away: {e}"))
        };
        let limit = timeout.max(Duration::from_millis(1));
        self.socket.get_ref().set_read_timeout(Some(limit)).map_err(|e| gone(&e))?;
        match self.socket.read() {
            Ok(message) => {
                self.heard = std::time::Instant::now();
                match message {
                    tungstenite::Message::Binary(mut data) => {
                        let header = PacketHeader::decode_length_delimited(&mut data)
                            .map_err(|e| gone(&e))?;
                        Ok(vec![Packet { header, data }])
                    }
                    tungstenite::Message::Close(_) => Err(gone(&"it says good-bye")),
                    _ => Ok(Vec::new()),
                }
            }
            Err(e) if is_timeout(&e) && self.heard.elapsed() < SILENT => Ok(Vec::new()),
            Err(e) => Err(gone(&e)),
        }
    }
}
