//! Cameras as JSON.

use flumen_base::wire;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Rule, Zone};
use crate::face;

/// How a camera is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Pictures arrive.
    Live,
    /// Trying, not yet a picture.
    Connecting,
    /// It does not answer; it is tried again.
    Offline,
    /// Switched off by a person.
    Disabled,
    /// A file that was played once is over.
    Ended,
}

impl From<face::State> for State {
    fn from(state: face::State) -> State {
        match state {
            face::State::Live => State::Live,
            face::State::Connecting => State::Connecting,
            face::State::Offline => State::Offline,
            face::State::Disabled => State::Disabled,
            face::State::Ended => State::Ended,
        }
    }
}

/// By which clock it is known when a picture was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaptureSource {
    /// The camera's own UTC, from its RTCP sender reports.
    Rtcp,
    /// The camera's own pace, set to UTC by the arrival here.
    Camera,
    /// The arrival here.
    Arrival,
}

impl CaptureSource {
    /// As ingest tells it.
    pub fn of(source: wire::TimeSource) -> CaptureSource {
        match source {
            wire::TimeSource::Rtcp => CaptureSource::Rtcp,
            wire::TimeSource::Camera => CaptureSource::Camera,
            wire::TimeSource::Arrival => CaptureSource::Arrival,
        }
    }
}

/// Codec of a video stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// H.264.
    H264,
    /// H.265.
    H265,
    /// A JPEG a picture.
    Mjpeg,
}

impl Codec {
    /// The video codec of that number, if it is one.
    pub fn of(codec: wire::Codec) -> Option<Codec> {
        match codec {
            wire::Codec::H264 => Some(Codec::H264),
            wire::Codec::H265 => Some(Codec::H265),
            wire::Codec::Mjpeg => Some(Codec::Mjpeg),
            _ => None,
        }
    }
}

/// Which of a camera's video streams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Full size.
    #[default]
    Main,
    /// A smaller one of the same scene.
    Sub,
}

/// How RTSP carries its packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// Inside the RTSP connection.
    #[default]
    Tcp,
    /// Beside it.
    Udp,
}

/// Which frames are decoded while nothing happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Each one.
    #[default]
    Exact,
    /// Key frames, and all as soon as a key frame shows something or packets change in size.
    Balanced,
    /// Key frames, and all as soon as a key frame shows something.
    Thrifty,
}

/// A camera: what its owner wants and how it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Camera {
    /// 1 to 63 of a-z, 0-9 and '-'.
    pub id: String,
    /// For people; text, never markup.
    pub name: String,
    /// It shall run.
    pub enabled: bool,
    /// How it is.
    pub state: State,
    /// Why, when it is not live.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when it is so.
    pub since_us: i64,
    /// Of the main stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<Codec>,
    /// Of the main stream, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Of the main stream, in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Measured pictures a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<f32>,
    /// Measured bits a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bit_rate_bps: Option<u64>,
    /// It has sound.
    pub audio: bool,
    /// Arrival of the newest access unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_unit_us: Option<i64>,
    /// By which clock the newest picture's time is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture_source: Option<CaptureSource>,
    /// How far that time may be off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture_error_us: Option<u32>,
    /// Connections after the first.
    pub reconnects: u64,
    /// Access units thrown away.
    pub dropped: u64,
    /// One or two addresses.
    pub sources: Vec<Source>,
    /// How it is analysed and kept.
    pub policy: Policy,
    /// Places in the picture that rules speak of.
    pub zones: Vec<Zone>,
    /// What is told of it; none = all that moves.
    pub rules: Vec<Rule>,
    /// IANA name.
    pub time_zone: String,
    /// Group it is learned with.
    pub group: String,
    /// Counts the versions from 1.
    pub version: u64,
    /// Share of the last 24 hours, or of the time since the first recording when that is
    /// shorter, that is recorded, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage_24h: Option<f64>,
}

/// One address of a camera.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Source {
    /// Which stream comes from there.
    pub stream: Stream,
    /// Without user name and password.
    pub address: String,
    /// User name, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// A password is stored.
    pub has_password: bool,
    /// It is recorded.
    pub record: bool,
    /// It is analysed.
    pub analyse: bool,
    /// It is shown live.
    pub live: bool,
    /// How RTSP carries its packets.
    pub transport: Transport,
    /// A file is played once instead of in a loop.
    pub once: bool,
}

/// How a camera is analysed and kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Policy {
    /// 0 to 100; higher is shed later when the machine is too slow.
    pub priority: u32,
    /// 1 to 100; 0 = default.
    pub sensitivity: u32,
    /// Smallest object in 1/1000 of the picture's area; 0 = default.
    pub min_object_permille: u32,
    /// Which frames are decoded while nothing happens; the picture is analysed later by at most
    /// a group of pictures then, and visits shorter than that may be missed.
    pub gate: Gate,
    /// Days the archive keeps it; absent = the site's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_days: Option<u32>,
    /// Bytes the archive keeps of it; absent = no limit of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_bytes: Option<u64>,
    /// Key pictures that go out on `flumen.pictures` by themselves; absent = none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub derived: Option<DerivedPictures>,
    /// Areas that are filled in every picture that goes out, at most 16; each a polygon.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub masks: Vec<Vec<Corner>>,
}

/// Reduced key pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct DerivedPictures {
    /// Least media time from one to the next, at most a day; 0 = each key picture.
    pub every_us: i64,
    /// Largest width, at most 4096; 0 = 640.
    pub width: u32,
    /// JPEG quality 1 to 100; 0 = 80.
    pub quality: u32,
}

/// A corner of a privacy mask or zone, in 1/1000 of the picture's width and height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Corner {
    /// From the left, 0 to 1000.
    pub x: u32,
    /// From the top, 0 to 1000.
    pub y: u32,
}

/// All cameras.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CameraList {
    /// In the order of their ids.
    pub cameras: Vec<Camera>,
}

/// A camera as somebody wants it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CameraInput {
    /// 1 to 63 of a-z, 0-9 and '-'; on PUT it may be left out.
    pub id: Option<String>,
    /// Up to 100 characters; absent = the id, on PUT as before.
    pub name: Option<String>,
    /// Absent = true, on PUT as before.
    pub enabled: Option<bool>,
    /// One main, at most one sub.
    pub sources: Vec<SourceInput>,
    /// Absent = defaults, on PUT as before.
    pub policy: Option<Policy>,
    /// Absent = none, on PUT as before.
    pub zones: Option<Vec<Zone>>,
    /// Absent = none, on PUT as before.
    pub rules: Option<Vec<Rule>>,
    /// IANA name; absent = UTC, on PUT as before.
    pub time_zone: Option<String>,
    /// Group it is learned with: 1 to 63 of a-z, 0-9 and '-'; absent = `site`, on PUT as before.
    pub group: Option<String>,
    /// The version that was edited: refused with 409 when it is no longer the newest.
    pub version: Option<u64>,
}

/// One address as somebody wants it.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct SourceInput {
    /// Absent = main.
    #[serde(default)]
    pub stream: Stream,
    /// `rtsp://`, `rtsps://`, `http://`, `https://`, `srt://`, `rtmp://`, `rtmps://`, `file:`, `synthetic:` or `push:`.
    pub address: String,
    /// User name, if any.
    pub username: Option<String>,
    /// Never returned. On PUT: absent = the stored one, empty = none.
    #[schema(write_only)]
    pub password: Option<String>,
    /// Absent = true for main, false for sub.
    pub record: Option<bool>,
    /// Absent = true for main, false for sub.
    pub analyse: Option<bool>,
    /// Absent = true.
    pub live: Option<bool>,
    /// Absent = tcp.
    #[serde(default)]
    pub transport: Transport,
    /// Absent = false.
    #[serde(default)]
    pub once: bool,
}

impl std::fmt::Debug for SourceInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SourceInput").field("stream", &self.stream).finish_non_exhaustive()
    }
}

/// An address to try.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ProbeInput {
    /// As in a source.
    pub address: String,
    /// User name, if any.
    pub username: Option<String>,
    /// Password, if any.
    #[schema(write_only)]
    pub password: Option<String>,
    /// Absent = tcp.
    #[serde(default)]
    pub transport: Transport,
}

/// What an address gave, or why it gave nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProbeAnswer {
    /// A picture came.
    pub ok: bool,
    /// Codec of the video.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<Codec>,
    /// Width in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Height in pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Pictures a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frame_rate: Option<f32>,
    /// It has sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio: Option<bool>,
    /// A `data:` URL of a JPEG.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Why nothing came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}
