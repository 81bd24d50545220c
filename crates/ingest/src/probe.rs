//! Tries an address: is somebody there, what does it give, how does it look?
//!
//! Invariants: at most 10 s a try and [`AT_ONCE`] tries at a time; every refusal says what is
//! wrong and what to do, without the password.
//! Not here: cameras that are in the table (`camera`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use flumen_base::wire::source::Transport;
use flumen_base::{Error, Kind, Result};
use flumen_farm::SceneSpec;
use flumen_media::{Address, Decoded, Decoder, Demuxed, Demuxer, Limits, TrackInfo, Unit, jpeg};

use crate::inputs::{Inputs, Login, info_of, transport};
use crate::pace::Stop;
use crate::secret::Secret;

const MOST_TIME: Duration = Duration::from_secs(10);
/// When there is a picture, the rate is measured for so long.
const RATE_TIME: Duration = Duration::from_secs(1);
const AT_ONCE: usize = 4;
const JPEG_WIDTH: u32 = 640;
const JPEG_QUALITY: u32 = 80;

/// An address to try.
#[derive(Clone, Debug, PartialEq)]
pub struct ProbeRequest {
    /// Without user name and password.
    pub address: String,
    /// User name, if any.
    pub username: Option<String>,
    /// Password, if any.
    pub password: Option<Secret>,
    /// RTSP over TCP or UDP.
    pub transport: Transport,
}

/// What an address gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// What the video is.
    pub info: TrackInfo,
    /// It has sound.
    pub audio: bool,
    /// Its first picture, at most 640 pixels wide; absent where it can't be decoded, or where
    /// it would first have to be rendered.
    pub jpeg: Option<Bytes>,
    /// Pictures a second; 0 = not known.
    pub frame_rate_hz: f32,
}

/// Tries addresses.
pub(crate) struct Prober {
    inputs: Arc<Inputs>,
    busy: AtomicUsize,
}

impl Prober {
    pub(crate) fn new(inputs: Arc<Inputs>) -> Prober {
        Prober { inputs, busy: AtomicUsize::new(0) }
    }

    pub(crate) fn probe(&self, request: &ProbeRequest, stop: &Stop) -> Result<Probe> {
        let _turn = Turn::take(&self.busy)?;
        if stop.is_stopped() {
            return Err(Error::cancelled("flumen is being stopped"));
        }
        if request.address.starts_with("push:") {
            return Err(Error::invalid("a `push:` camera can't be tried: it waits for a sender"));
        }
        match self.inputs.check(&request.address)? {
            Address::Synthetic(_) => self.synthetic(&request.address),
            Address::File(_) => self.demuxed(request, false),
            Address::Network(_) => self.demuxed(request, true),
        }
    }

    fn synthetic(&self, address: &str) -> Result<Probe> {
        let spec: SceneSpec = address.parse()?;
        let first = self.inputs.clips.at_hand(&spec).and_then(|clip| clip.units.first().cloned());
        let picture = first.and_then(|unit| {
            let mut decoder = Decoder::open(spec.codec, &Limits::default()).ok()?;
            decoder.push(&unit.data, unit.pts_us, 0).ok()?;
            decoder.finish().ok()?;
            picture(&mut decoder).ok()?
        });
        let frame_rate_hz = spec.frame_rate_hz as f32;
        Ok(Probe { info: info_of(&spec), audio: false, jpeg: picture, frame_rate_hz })
    }

    fn demuxed(&self, request: &ProbeRequest, live: bool) -> Result<Probe> {
        let began = Instant::now();
        let login = Login {
            username: request.username.clone().unwrap_or_default(),
            password: request.password.clone().unwrap_or_default(),
            transport: transport(request.transport),
        };
        // A switch of its own: the deadline of a try must not touch anything else.
        let stop = Stop::default();
        let mut how = self.inputs.how(&login, Vec::new(), live);
        how.timeout = MOST_TIME;
        stop.interrupt().set_deadline(Some(began + MOST_TIME));
        let looked = Demuxer::open(&request.address, &how, stop.interrupt())
            .and_then(|demuxer| Look::new(demuxer, began)?.look());
        looked.map_err(|e| advise(login.scrub(e), began.elapsed()))
    }
}

/// A look at an open input.
struct Look {
    demuxer: Demuxer,
    began: Instant,
    info: TrackInfo,
    audio: bool,
    decoder: Option<Decoder>,
    keyed: bool,
    jpeg: Option<Bytes>,
    times: Vec<i64>,
}

impl Look {
    fn new(demuxer: Demuxer, began: Instant) -> Result<Look> {
        let video = demuxer.tracks().iter().find(|t| !t.is_audio());
        let info = video.map(|t| t.as_ref().clone()).ok_or_else(|| {
            Error::unsupported("there is no video in it: check the path of the address")
        })?;
        let audio = demuxer.tracks().iter().any(|t| t.is_audio());
        let decoder = Decoder::open(info.codec, &Limits::default()).ok();
        let (keyed, jpeg, times) = (false, None, Vec::new());
        Ok(Look { demuxer, began, info, audio, decoder, keyed, jpeg, times })
    }

    fn look(mut self) -> Result<Probe> {
        while !self.is_done() && self.began.elapsed() < MOST_TIME {
            match self.demuxer.read() {
                Ok(Demuxed::Unit(unit)) if unit.audio => self.audio = true,
                Ok(Demuxed::Unit(unit)) => self.take(&unit),
                Ok(Demuxed::End) => {
                    self.drain();
                    break;
                }
                Err(e) if self.times.is_empty() => return Err(e),
                Err(_) => break,
            }
        }
        if self.times.is_empty() {
            return Err(Error::unavailable("it answers, but sends no picture"));
        }
        let frame_rate_hz = self.rate();
        Ok(Probe { info: self.info, audio: self.audio, jpeg: self.jpeg, frame_rate_hz })
    }

    fn is_done(&self) -> bool {
        let enough = self.info.frame_rate_millihz > 0
            || self.times.len() >= 25
            || (self.times.len() >= 2 && self.began.elapsed() >= RATE_TIME);
        enough && (self.jpeg.is_some() || self.decoder.is_none())
    }

    fn take(&mut self, unit: &Unit) {
        self.info = unit.info.as_ref().clone();
        if self.times.len() < 100 {
            self.times.push(unit.dts_us);
        }
        self.keyed |= unit.key;
        let Some(decoder) = self.decoder.as_mut().filter(|_| self.keyed && self.jpeg.is_none())
        else {
            return;
        };
        if decoder.push(&unit.data, unit.pts_us, 0).is_ok() {
            self.jpeg = picture(decoder).unwrap_or(None);
        }
    }

    /// Takes what the decoder still holds back.
    fn drain(&mut self) {
        if let (None, Some(decoder)) = (&self.jpeg, self.decoder.as_mut())
            && decoder.finish().is_ok()
        {
            self.jpeg = picture(decoder).unwrap_or(None);
        }
    }

    /// As the stream says, else as measured.
    fn rate(&self) -> f32 {
        if self.info.frame_rate_millihz > 0 {
            return self.info.frame_rate_millihz as f32 / 1000.0;
        }
        let span = self.times.iter().max().zip(self.times.iter().min()).map_or(0, |(b, a)| b - a);
        if span <= 0 { 0.0 } else { (self.times.len() - 1) as f32 * 1e6 / span as f32 }
    }
}

/// The next picture of a decoder as a JPEG, if it has one.
fn picture(decoder: &mut Decoder) -> Result<Option<Bytes>> {
    match decoder.next()? {
        Decoded::Frame(shown) => jpeg(&shown.frame, JPEG_WIDTH, JPEG_QUALITY).map(Some),
        _ => Ok(None),
    }
}

/// Adds what to do, where the message does not say so already.
fn advise(error: Error, took: Duration) -> Error {
    let fix = match error.kind() {
        _ if took >= MOST_TIME => {
            "nothing came within 10 s: is the camera on, is the address right, does a firewall \
             stand between?"
        }
        Kind::Unavailable => "check host and port, and that the camera is on and reachable",
        Kind::Unsupported => "change it in the camera's settings, or use another of its streams",
        Kind::DataLoss => "try TCP, or another path of the camera",
        _ => return error,
    };
    Error::new(error.kind(), format!("{}; {fix}", error.message()))
}

/// One of the tries that may run at a time.
struct Turn<'a>(&'a AtomicUsize);

impl Turn<'_> {
    fn take(busy: &AtomicUsize) -> Result<Turn<'_>> {
        let more = |n: usize| (n < AT_ONCE).then_some(n + 1);
        match busy.fetch_update(Ordering::AcqRel, Ordering::Acquire, more) {
            Ok(_) => Ok(Turn(busy)),
            Err(_) => Err(Error::exhausted("several addresses are being tried: wait a moment")),
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
