//! An open `AVFormatContext`: options, deadlines, allow-lists, packets.
//!
//! Invariants: every call into libavformat has a deadline and ends on `Interrupt::cancel`;
//! only the protocols of the address's scheme, the containers of `CONTAINERS` and the codecs of
//! `codec::WHITELIST` are used.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::time::{Duration, Instant};

use ffmpeg::ffi;
use flumen_base::{Error, Kind, Result};

use super::avio::Avio;
use crate::av::{self, Dict, Packet, c_string, out_of_memory};
use crate::interrupt::Interrupt;
use crate::log::redact;

/// Containers that may be opened; playlists and device inputs are not among them.
const CONTAINERS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,avi,h264,hevc,mjpeg,\
                          mpjpeg,jpeg_pipe,flv,live_flv,rtsp,rtp,sdp";

/// How long closing a connection may take.
const GOODBYE: Duration = Duration::from_secs(1);

/// What libavformat asks while it waits.
struct Watch {
    stop: Interrupt,
    call: Interrupt,
}

/// How to open: what differs from address to address.
pub(super) struct How<'a> {
    /// Address or file name for libavformat, with credentials.
    pub(super) url: &'a str,
    /// Address for people, without credentials.
    pub(super) shown: &'a str,
    /// Protocols that may be used.
    pub(super) protocols: &'a str,
    /// Container, where known.
    pub(super) format: Option<&'a str>,
    /// Options of the protocol.
    pub(super) options: Vec<(&'static str, String)>,
    /// How long a call may take.
    pub(super) timeout: Duration,
    /// Bytes and time to look at.
    pub(super) probe: (i64, Duration),
}

/// An open input of libavformat.
pub(super) struct Input {
    context: *mut ffi::AVFormatContext,
    avio: Option<Avio>,
    watch: Box<Watch>,
    timeout: Duration,
    shown: String,
    /// A call ran past its deadline and still gave a packet.
    overdue: bool,
}

// SAFETY: the context is used through `&mut self` alone and not bound to a thread; the reader
// behind `avio` is Send.
unsafe impl Send for Input {}

/// What reading a packet gave.
pub(super) enum Got {
    /// The packet is filled.
    Packet,
    /// The input is at its end.
    End,
    /// Bytes that make no sense; another read may go on.
    Garbage,
}

impl Input {
    pub(super) fn open(how: &How, avio: Option<Avio>, stop: &Interrupt) -> Result<Input> {
        av::init();
        // SAFETY: no precondition; null means no memory.
        let context = unsafe { ffi::avformat_alloc_context() };
        if context.is_null() {
            return Err(out_of_memory());
        }
        let watch = Box::new(Watch { stop: stop.clone(), call: Interrupt::new() });
        let timeout = how.timeout;
        let mut input =
            Input { context, avio, watch, timeout, shown: redact(how.shown), overdue: false };
        let mut options = input.options(how)?;
        let url = c_string(how.url)?;
        let format = match how.format {
            None => std::ptr::null(),
            // SAFETY: a C string; libavformat looks it up in its table.
            Some(name) => unsafe { ffi::av_find_input_format(c_string(name)?.as_ptr()) },
        };
        input.arm();
        // SAFETY: the context is ours and not open; the watch is boxed and outlives it, as does
        // avio. On failure libavformat frees the context and sets the pointer to null.
        let code = unsafe {
            (*input.context).interrupt_callback = ffi::AVIOInterruptCB {
                callback: Some(interrupted),
                opaque: (&raw mut *input.watch).cast(),
            };
            if let Some(avio) = &input.avio {
                (*input.context).pb = avio.as_ptr();
                (*input.context).flags |= ffi::AVFMT_FLAG_CUSTOM_IO;
            }
            // We undo wraps ourselves, also the second one.
            (*input.context).correct_ts_overflow = 0;
            ffi::avformat_open_input(&mut input.context, url.as_ptr(), format, &mut options.0)
        };
        if code < 0 {
            return Err(input.error(code, "open"));
        }
        Ok(input)
    }

    fn options(&self, how: &How) -> Result<Dict> {
        let mut options = Dict::new();
        options.set("protocol_whitelist", how.protocols)?;
        options.set("format_whitelist", CONTAINERS)?;
        options.set("codec_whitelist", crate::codec::WHITELIST)?;
        options.set("probesize", &how.probe.0.to_string())?;
        options.set("analyzeduration", &how.probe.1.as_micros().to_string())?;
        options.set("max_streams", "64")?;
        for (key, value) in &how.options {
            options.set(key, value)?;
        }
        Ok(options)
    }

    /// Gives the next call its time.
    fn arm(&self) {
        self.watch.call.set_deadline(Some(Instant::now() + self.timeout));
    }

    /// Looks into the streams as far as the probing limits allow, with decoders that take no
    /// picture above `max_pixels`.
    pub(super) fn find_streams(&mut self, max_pixels: u64) -> Result<()> {
        let mut options = Vec::new();
        for _ in self.streams() {
            let mut option = Dict::new();
            option.set("max_pixels", &max_pixels.min(1 << 30).to_string())?;
            option.set("threads", "1")?;
            options.push(option);
        }
        let mut raw: Vec<_> = options.iter().map(|option| option.0).collect();
        self.arm();
        // SAFETY: the context is open; there is one dictionary for each of its streams, and
        // libavformat leaves the pointers valid (it may replace them).
        let code = unsafe { ffi::avformat_find_stream_info(self.context, raw.as_mut_ptr()) };
        for (option, raw) in options.iter_mut().zip(raw) {
            option.0 = raw; // freed by `Dict`
        }
        if code < 0 { Err(self.error(code, "look into")) } else { Ok(()) }
    }

    /// The streams as they are known by now.
    pub(super) fn streams(&self) -> &[&ffi::AVStream] {
        // SAFETY: the context is open; libavformat keeps `nb_streams` valid pointers there, and
        // `&self` keeps it from changing them. `*mut T` and `&T` have one layout.
        unsafe {
            let count = (*self.context).nb_streams as usize;
            let first = (*self.context).streams;
            if first.is_null() || count == 0 {
                return &[];
            }
            std::slice::from_raw_parts(first.cast(), count)
        }
    }

    /// Drops the packets of a stream while reading.
    pub(super) fn discard(&mut self, stream: usize) {
        // SAFETY: the context is open and ours alone through `&mut self`; the index is below
        // its number of streams, and each of them is valid.
        unsafe {
            if stream < (*self.context).nb_streams as usize {
                let stream = *(*self.context).streams.add(stream);
                (*stream).discard = ffi::AVDiscard::ALL;
            }
        }
    }

    /// UTC of time stamp 0, when RTCP said it.
    pub(super) fn start_time_realtime(&self) -> Option<i64> {
        // SAFETY: the context is open.
        let start = unsafe { (*self.context).start_time_realtime };
        (start != ffi::AV_NOPTS_VALUE && start > 0).then_some(start)
    }

    /// Reads the next packet of any stream.
    pub(super) fn read(&mut self, packet: &mut Packet) -> Result<Got> {
        if self.overdue || self.watch.stop.is_due() {
            return Err(self.error(ffi::AVERROR_EXIT, "read"));
        }
        self.arm();
        loop {
            packet.clear();
            // SAFETY: the context is open and the packet empty.
            let code = unsafe { ffi::av_read_frame(self.context, packet.as_mut()) };
            match code {
                0.. => {
                    // An interrupted call hands out what its parser still held: the next one
                    // must not wait all over again.
                    self.overdue = self.watch.call.is_due();
                    return Ok(Got::Packet);
                }
                ffi::AVERROR_EOF => return self.end(),
                ffi::AVERROR_INVALIDDATA => return Ok(Got::Garbage),
                // Nothing just now: libavformat waits inside, so this is not a spin.
                _ if code == ffi::AVERROR(11) && !self.is_due() => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                _ => return Err(self.error(code, "read")),
            }
        }
    }

    fn is_due(&self) -> bool {
        self.watch.stop.is_due() || self.watch.call.is_due()
    }

    /// The end, or what only looks like it.
    fn end(&mut self) -> Result<Got> {
        if self.is_due() {
            return Err(self.error(ffi::AVERROR_EXIT, "read"));
        }
        if let Some(failed) = self.avio.as_mut().and_then(Avio::failed) {
            return Err(Error::io(format!("read {}", self.shown), failed));
        }
        Ok(Got::End)
    }

    /// The error for a code of libavformat.
    #[track_caller]
    pub(super) fn error(&mut self, code: i32, what: &str) -> Error {
        let shown = self.shown.clone();
        if self.watch.stop.is_cancelled() {
            return Error::cancelled(format!("{what} {shown}: stopped"));
        }
        if self.is_due() {
            let waited = self.timeout.as_secs_f32();
            return Error::unavailable(format!("{what} {shown}: no answer in {waited:.1} s"));
        }
        if let Some(failed) = self.avio.as_mut().and_then(Avio::failed) {
            return Error::io(format!("{what} {shown}"), failed);
        }
        let (kind, hint) = meaning(code);
        let words = av::words(code);
        Error::new(kind, format!("{what} {shown}: {hint}{}{words}", colon(hint)))
    }

    /// Where libavformat ended up after redirections, when it says so.
    pub(super) fn location(&self) -> Option<String> {
        // SAFETY: the context is open; its url is a C string or null. The search goes through
        // the context's own I/O objects and gives a string that we free.
        unsafe {
            let pb = (*self.context).pb;
            let mut text: *mut u8 = std::ptr::null_mut();
            let asked = !pb.is_null()
                && self.avio.is_none()
                && ffi::av_opt_get(
                    pb.cast(),
                    c"location".as_ptr(),
                    ffi::AV_OPT_SEARCH_CHILDREN,
                    &mut text,
                ) >= 0
                && !text.is_null();
            let place: *const c_char = if asked { text.cast() } else { (*self.context).url };
            let found =
                (!place.is_null()).then(|| CStr::from_ptr(place).to_string_lossy().into_owned());
            ffi::av_free(text.cast());
            found.filter(|place| place.contains("://"))
        }
    }

    /// Name of the container.
    pub(super) fn container(&self) -> String {
        // SAFETY: the context is open, so iformat and its name are valid C data.
        unsafe {
            let format = (*self.context).iformat;
            if format.is_null() {
                return String::new();
            }
            CStr::from_ptr((*format).name).to_string_lossy().into_owned()
        }
    }
}

fn colon(hint: &str) -> &'static str {
    if hint.is_empty() { "" } else { ": " }
}

/// Whose fault a code is, and what a person can do.
fn meaning(code: i32) -> (Kind, &'static str) {
    match code {
        ffi::AVERROR_HTTP_UNAUTHORIZED | ffi::AVERROR_HTTP_FORBIDDEN => {
            (Kind::Invalid, "user name or password were refused")
        }
        ffi::AVERROR_HTTP_NOT_FOUND | ffi::AVERROR_STREAM_NOT_FOUND => {
            (Kind::NotFound, "nothing is there; check the path of the address")
        }
        ffi::AVERROR_INVALIDDATA => (Kind::DataLoss, "this is not video, or it is damaged"),
        ffi::AVERROR_PROTOCOL_NOT_FOUND
        | ffi::AVERROR_DEMUXER_NOT_FOUND
        | ffi::AVERROR_DECODER_NOT_FOUND
        | ffi::AVERROR_PATCHWELCOME => (Kind::Unsupported, "this libavformat cannot do it"),
        _ if code == ffi::AVERROR(2) => (Kind::NotFound, ""),
        _ if code == ffi::AVERROR(12) => (Kind::Exhausted, ""),
        _ if code == ffi::AVERROR(13) => (Kind::Invalid, "no right to read it"),
        _ if code == ffi::AVERROR(22) => {
            (Kind::Unsupported, "the container or its protocol is not one that Flumen opens")
        }
        _ => (Kind::Unavailable, ""),
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        // An RTSP TEARDOWN must not hang either.
        self.watch.call.set_deadline(Some(Instant::now() + self.timeout.min(GOODBYE)));
        // SAFETY: ours or null after a failed open; the watch and avio are still alive.
        unsafe { ffi::avformat_close_input(&mut self.context) }
    }
}

/// Asked by libavformat while it waits: 1 ends the call.
unsafe extern "C" fn interrupted(opaque: *mut c_void) -> c_int {
    // SAFETY: `opaque` is the boxed watch of an input that is alive during the call; both of
    // its fields are read through atomics only.
    let watch = unsafe { &*opaque.cast::<Watch>() };
    c_int::from(watch.stop.is_due() || watch.call.is_due())
}
