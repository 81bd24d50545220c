//! Inputs in, access units out.
//!
//! Invariants: video first, at most one video and one audio track; a unit is at most
//! `Limits::max_unit_bytes` long; every call ends by `Open::timeout` or `Interrupt`.
//! Not here: reconnecting, epochs, loops (`ingest`).

mod avio;
mod capture;
mod input;
mod options;
mod take;
#[cfg(test)]
mod tests;
mod timing;
mod track;

use std::collections::VecDeque;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ffmpeg::ffi;
use flumen_base::{Error, Result};

use self::avio::Avio;
use self::capture::Capture;
use self::input::{How, Input};
use self::options::{probe, protocol_options, protocols};
use self::take::within;
use self::timing::Unwrap;
use self::track::Track;
use crate::address::{self, Address};
use crate::av::{Packet, slice};
use crate::codec;
use crate::interrupt::Interrupt;
use crate::open::{Limits, Open};
use crate::unit::{Demuxed, TrackInfo, Unit};

/// Units kept while a live input is opened.
const MAX_WAITING: usize = 256;
/// Containers without time stamps.
const RAW: [&str; 3] = ["h264", "hevc", "mjpeg"];

/// What comes on standard input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StdinFormat {
    /// libavformat looks at the first bytes.
    #[default]
    Auto,
    /// MPEG-TS.
    MpegTs,
    /// H.264 Annex-B.
    H264,
    /// H.265 Annex-B.
    H265,
    /// JPEG after JPEG.
    Mjpeg,
    /// MP4, fragmented or with its index in front.
    Mp4,
    /// Matroska.
    Mkv,
}

impl StdinFormat {
    fn name(self) -> Option<&'static str> {
        match self {
            StdinFormat::Auto => None,
            StdinFormat::MpegTs => Some("mpegts"),
            StdinFormat::H264 => Some("h264"),
            StdinFormat::H265 => Some("hevc"),
            StdinFormat::Mjpeg => Some("mjpeg"),
            StdinFormat::Mp4 => Some("mov"),
            StdinFormat::Mkv => Some("matroska"),
        }
    }
}

/// An open input.
pub struct Demuxer {
    input: Input,
    packet: Packet,
    /// Selected streams: index in the container, and the track.
    video: Option<(usize, Track)>,
    audio: Option<(usize, Track)>,
    /// Streams that were looked at.
    seen: usize,
    infos: Vec<Arc<TrackInfo>>,
    unwrap: Unwrap,
    waiting: VecDeque<Unit>,
    /// First pictures of an input that has stamps, as long as none came.
    early: Vec<Unit>,
    /// False for raw streams, which never have any.
    has_stamps: bool,
    /// Since when units are stamped by their arrival.
    arrival: Option<Instant>,
    limits: Limits,
    known: Vec<TrackInfo>,
    capture: Capture,
    /// Nothing but garbage came.
    given_up: bool,
    /// Name of an input's video codec that we do not take.
    refused: Option<String>,
}

impl Demuxer {
    /// Opens a file or network address that `check_address` allows.
    ///
    /// # Errors
    /// As `check_address`; `Unavailable` when nobody answers in time, `Unsupported` when there
    /// is no video that we decode, `Invalid` for bad credentials, `Cancelled` by `stop`.
    pub fn open(address: &str, open: &Open, stop: &Interrupt) -> Result<Demuxer> {
        match address::check_address(address, &open.file_roots, &open.allow_hosts)? {
            Address::File(path) => Demuxer::open_file(&path, open, stop),
            Address::Synthetic(_) => Err(Error::unsupported(
                "a synthetic camera is not opened here but made by the farm",
            )),
            Address::Network(url) => {
                address::check_resolved(&url, &open.allow_hosts)?;
                let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
                let with = address::with_credentials(&url, open)?;
                let how = How {
                    url: &with,
                    shown: &url,
                    protocols: protocols(scheme),
                    format: matches!(scheme, "rtsp" | "rtsps").then_some("rtsp"),
                    options: protocol_options(scheme, open),
                    timeout: open.timeout,
                    probe: probe(open),
                };
                let input = Input::open(&how, None, stop)?;
                // A redirection must not lead where the address itself may not.
                if let Some(location) = input.location() {
                    address::check_location(&location, &open.allow_hosts)?;
                }
                Demuxer::start(input, open)
            }
        }
    }

    /// Opens a file that the caller vouches for, such as one named on the command line.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_file(path: &Path, open: &Open, stop: &Interrupt) -> Result<Demuxer> {
        let text = path
            .to_str()
            .ok_or_else(|| Error::invalid("a file name that is not UTF-8 cannot be opened"))?;
        let how = How {
            url: &format!("file:{text}"),
            shown: text,
            protocols: "file",
            format: None,
            options: Vec::new(),
            timeout: open.timeout,
            probe: probe(open),
        };
        Demuxer::start(Input::open(&how, None, stop)?, open)
    }

    /// Opens bytes that come from somewhere else, such as standard input.
    ///
    /// The reader itself must not block for ever: nothing can end its `read` from outside.
    ///
    /// # Errors
    /// As `open`; what `read` fails with comes by its own kind.
    pub fn from_reader(
        read: Box<dyn Read + Send>,
        format: StdinFormat,
        open: &Open,
        stop: &Interrupt,
    ) -> Result<Demuxer> {
        let how = How {
            url: "",
            shown: "the input stream",
            protocols: "none",
            format: format.name(),
            options: Vec::new(),
            timeout: open.timeout,
            probe: probe(open),
        };
        Demuxer::start(Input::open(&how, Some(Avio::new(read, stop)?), stop)?, open)
    }

    fn start(input: Input, open: &Open) -> Result<Demuxer> {
        let mut demuxer = Demuxer {
            input,
            packet: Packet::new()?,
            video: None,
            audio: None,
            seen: 0,
            infos: Vec::new(),
            unwrap: Unwrap::default(),
            waiting: VecDeque::new(),
            early: Vec::new(),
            has_stamps: true,
            arrival: None,
            limits: open.limits,
            known: open.known.clone().unwrap_or_default(),
            capture: Capture::default(),
            given_up: false,
            refused: None,
        };
        if !open.live {
            demuxer.input.find_streams(open.limits.max_pixels)?;
        }
        // JPEG after JPEG over HTTP has no time at all, so it happens when it comes.
        demuxer.arrival = (demuxer.container() == "mpjpeg").then(Instant::now);
        demuxer.has_stamps = !RAW.contains(&demuxer.container().as_str());
        demuxer.select();
        if open.live {
            demuxer.wait_for_video(probe(open).1.max(Duration::from_millis(1)))?;
        }
        match (&demuxer.video, &demuxer.refused) {
            (Some((_, track)), _) => {
                within(&demuxer.limits, &track.info)?;
                Ok(demuxer)
            }
            (None, Some(name)) => Err(Error::unsupported(format!(
                "video coded as {name}: Flumen takes H.264, H.265 and MJPEG"
            ))),
            (None, None) => Err(Error::unsupported("no video was found in this input")),
        }
    }

    /// A live input without a table of contents: its streams show up as packets come.
    fn wait_for_video(&mut self, probe: Duration) -> Result<()> {
        let until = Instant::now() + probe;
        while self.video.is_none() && self.refused.is_none() && self.waiting.len() < MAX_WAITING {
            if !self.fill()? || (self.video.is_none() && Instant::now() >= until) {
                break;
            }
        }
        Ok(())
    }

    /// Takes the first video and the first audio stream of our codecs.
    fn select(&mut self) {
        let from = self.seen;
        self.seen = self.input.streams().len();
        for index in from..self.seen {
            let Some(&stream) = self.input.streams().get(index) else { continue };
            // SAFETY: libavformat gives every stream its codec parameters.
            let par = unsafe { &*stream.codecpar };
            let known = codec::from_av(par.codec_id);
            let picture = par.codec_type == ffi::AVMediaType::VIDEO
                && stream.disposition & ffi::AV_DISPOSITION_ATTACHED_PIC == 0;
            let sound = par.codec_type == ffi::AVMediaType::AUDIO;
            let track = match known {
                Some(_) if picture && self.video.is_none() => &mut self.video,
                Some(_) if sound && self.audio.is_none() => &mut self.audio,
                _ => {
                    if picture && known.is_none() && par.codec_id != ffi::AVCodecID::NONE {
                        self.refused.get_or_insert_with(|| codec::name(par.codec_id));
                    }
                    self.input.discard(index);
                    continue;
                }
            };
            let info = describe(stream, par, &self.known);
            // SAFETY: libavformat keeps `extradata_size` bytes there.
            let extradata = unsafe { slice(par.extradata, par.extradata_size) };
            *track = Some((index, Track::new(info, extradata)));
        }
        self.list_tracks();
    }

    fn list_tracks(&mut self) {
        let tracks = self.video.iter().chain(&self.audio);
        self.infos = tracks.map(|(_, track)| track.info.clone()).collect();
    }

    /// The tracks that units come from: video first, then at most one audio track.
    ///
    /// A live input may not know its picture size before the first key frame: it is then 0.
    pub fn tracks(&self) -> &[Arc<TrackInfo>] {
        &self.infos
    }

    /// Name of the container, such as `mpegts`.
    pub fn container(&self) -> String {
        self.input.container()
    }

    /// The next access unit.
    ///
    /// # Errors
    /// `Unavailable` when the input is away or silent, `DataLoss` when its bytes make no sense,
    /// `Cancelled` by `stop`, `Exhausted` for a unit or picture above the limits (reading may
    /// go on after it).
    pub fn read(&mut self) -> Result<Demuxed> {
        if self.waiting.is_empty() && !self.fill()? {
            // The end: what still waits for its time gets a guessed one.
            self.release(0);
        }
        Ok(self.waiting.pop_front().map_or(Demuxed::End, Demuxed::Unit))
    }
}

/// What the container says of a stream, filled up by what was known before.
fn describe(
    stream: &ffi::AVStream,
    par: &ffi::AVCodecParameters,
    known: &[TrackInfo],
) -> TrackInfo {
    let codec = codec::from_av(par.codec_id).unwrap_or_default();
    let old = known.iter().find(|old| old.codec == codec).cloned().unwrap_or_default();
    let positive = |now: i32, old: u32| if now > 0 { now as u32 } else { old };
    let rate = [stream.avg_frame_rate, stream.r_frame_rate]
        .into_iter()
        .filter(|r| r.num > 0 && r.den > 0)
        .map(|r| i64::from(r.num) * 1000 / i64::from(r.den))
        .find(|rate| (1..=300_000).contains(rate));
    let video = par.codec_type == ffi::AVMediaType::VIDEO;
    TrackInfo {
        codec,
        width: if video { positive(par.width, old.width) } else { 0 },
        height: if video { positive(par.height, old.height) } else { 0 },
        sample_rate_hz: positive(par.sample_rate, old.sample_rate_hz),
        channels: positive(par.ch_layout.nb_channels, old.channels),
        config: old.config,
        frame_rate_millihz: rate.map_or(old.frame_rate_millihz, |r| r as u32),
        reorder_depth: (video && par.video_delay > 0)
            .then(|| par.video_delay.min(16) as u32)
            .or(old.reorder_depth),
    }
}
