//! What peers say to each other as JSON.
//!
//! Invariants: fields are only ever added; one that is missing has its zero.

use flumen_base::{CameraId, Error, Kind, Result, wire};
use serde::{Deserialize, Serialize};

use crate::face::{self, CameraStatus, ProbeRequest};
use crate::model::State;

/// The cameras of a process.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) process: String,
    pub(crate) cameras: Vec<Row>,
}

/// A camera as its ingest sees it; see [`CameraStatus`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    state: State,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    since_us: i64,
    /// Number of `wire::Codec`.
    #[serde(default)]
    codec: Option<i32>,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
    #[serde(default)]
    audio: bool,
    #[serde(default)]
    frame_rate_hz: f32,
    #[serde(default)]
    bit_rate_bps: u64,
    #[serde(default)]
    units: u64,
    #[serde(default)]
    bytes: u64,
    #[serde(default)]
    dropped: u64,
    #[serde(default)]
    reconnects: u64,
    #[serde(default)]
    last_unit_us: i64,
    #[serde(default)]
    epoch: u64,
    /// Number of `wire::TimeSource`, error in microseconds.
    #[serde(default)]
    capture: Option<(i32, u32)>,
}

impl From<CameraStatus> for Row {
    fn from(s: CameraStatus) -> Row {
        Row {
            id: s.id.to_string(),
            state: State::from(s.state),
            reason: s.reason,
            since_us: s.since_us,
            codec: s.codec.map(i32::from),
            width: s.width,
            height: s.height,
            audio: s.audio,
            // JSON knows no NaN.
            frame_rate_hz: if s.frame_rate_hz.is_finite() { s.frame_rate_hz } else { 0.0 },
            bit_rate_bps: s.bit_rate_bps,
            units: s.units,
            bytes: s.bytes,
            dropped: s.dropped,
            reconnects: s.reconnects,
            last_unit_us: s.last_unit_us,
            epoch: s.epoch,
            capture: s.capture.map(|(source, error)| (source.into(), error)),
        }
    }
}

impl Row {
    /// The camera, when its name is one.
    pub(crate) fn status(self) -> Option<CameraStatus> {
        let source = |n| wire::TimeSource::try_from(n).unwrap_or_default();
        Some(CameraStatus {
            id: CameraId::new(&self.id).ok()?,
            state: state(self.state),
            reason: self.reason,
            since_us: self.since_us,
            codec: self.codec.and_then(|n| wire::Codec::try_from(n).ok()),
            width: self.width,
            height: self.height,
            audio: self.audio,
            frame_rate_hz: self.frame_rate_hz,
            bit_rate_bps: self.bit_rate_bps,
            units: self.units,
            bytes: self.bytes,
            dropped: self.dropped,
            reconnects: self.reconnects,
            last_unit_us: self.last_unit_us,
            epoch: self.epoch,
            capture: self.capture.map(|(n, error)| (source(n), error)),
        })
    }
}

fn state(state: State) -> face::State {
    match state {
        State::Live => face::State::Live,
        State::Connecting => face::State::Connecting,
        State::Offline => face::State::Offline,
        State::Disabled => face::State::Disabled,
        State::Ended => face::State::Ended,
    }
}

/// An address to try; its password travels, so the way between peers must be private.
#[derive(Serialize, Deserialize)]
pub(crate) struct Try {
    address: String,
    username: Option<String>,
    password: Option<String>,
    udp: bool,
}

impl From<&ProbeRequest> for Try {
    fn from(r: &ProbeRequest) -> Try {
        Try {
            address: r.address.clone(),
            username: r.username.clone(),
            password: r.password.clone(),
            udp: r.transport == wire::source::Transport::Udp,
        }
    }
}

impl From<Try> for ProbeRequest {
    fn from(t: Try) -> ProbeRequest {
        let transport =
            if t.udp { wire::source::Transport::Udp } else { wire::source::Transport::Tcp };
        let Try { address, username, password, .. } = t;
        ProbeRequest { address, username, password, transport }
    }
}

/// What an address gave, in the header `x-flumen-probe`; the body is the picture.
#[derive(Serialize, Deserialize)]
pub(crate) struct Tried {
    pub(crate) codec: i32,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) frame_rate_hz: f32,
    pub(crate) audio: bool,
}

/// The error that a peer's problem document tells; `text` may be any bytes.
pub(crate) fn refusal(at: &str, status: u16, text: &[u8]) -> Error {
    let told: Result<crate::ProblemDocument> =
        serde_json::from_slice(text).map_err(|_| Error::unavailable("no problem document"));
    match told {
        Ok(told) => {
            let name = told.kind.trim_start_matches("urn:flumen:").to_owned();
            Error::new(kind(&name), told.detail)
        }
        Err(_) => Error::unavailable(format!(
            "the ingest process at {at} answered with status {status} and no reason"
        )),
    }
}

/// The kind of that name; of an unknown name `Unavailable`.
pub(crate) fn kind(name: &str) -> Kind {
    Kind::ALL.into_iter().find(|k| k.name() == name).unwrap_or(Kind::Unavailable)
}
