//! Pictures in, access units or a JPEG out.
//!
//! Invariants: Annex-B with parameter sets before each key frame, keys only where the GOP or
//! the caller asks; with one thread the same pictures give the same bytes.

use std::ptr::NonNull;

use bytes::Bytes;
use ffmpeg::ffi;
use flumen_base::wire::Codec;
use flumen_base::{Error, Frame, Kind, Plane, Result};

use crate::av::{self, Dict, MICROS, Packet, Picture, c_string, check, out_of_memory};
use crate::scale::Scaler;

/// How many bits a picture gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RateControl {
    /// Constant quality: 0 (best) to 51.
    Crf(f32),
    /// Average bits per second.
    BitRate(u64),
}

/// What to encode and how.
#[derive(Clone, Debug)]
pub struct EncoderConfig {
    /// H264, H265 or Mjpeg.
    pub codec: Codec,
    /// Picture width, even.
    pub width: u32,
    /// Picture height, even.
    pub height: u32,
    /// Pictures a second.
    pub frame_rate_hz: u32,
    /// Pictures from key to key.
    pub gop: u32,
    /// Most B pictures in a row.
    pub b_frames: u32,
    /// How many bits a picture gets.
    pub rate: RateControl,
    /// x264 and x265 preset, for example `veryfast`.
    pub preset: String,
    /// Threads of the encoder.
    pub threads: u32,
}

impl EncoderConfig {
    /// No B frames, `veryfast`, constant quality 23, one key every two seconds.
    pub fn new(codec: Codec, width: u32, height: u32, frame_rate_hz: u32) -> EncoderConfig {
        EncoderConfig {
            codec,
            width,
            height,
            frame_rate_hz,
            gop: frame_rate_hz.saturating_mul(2).max(1),
            b_frames: 0,
            rate: RateControl::Crf(23.0),
            preset: "veryfast".into(),
            threads: 1,
        }
    }
}

/// A coded picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// Annex-B with parameter sets before each key frame, or a JPEG.
    pub data: Bytes,
    /// The time of the frame.
    pub pts_us: i64,
    /// When it is decoded.
    pub dts_us: i64,
    /// Decoding can begin here.
    pub key: bool,
}

/// A video encoder.
pub struct Encoder {
    context: NonNull<ffi::AVCodecContext>,
    packet: Packet,
    /// What is given to libavcodec, or first to the scaler.
    input: Picture,
    /// Makes full-range pictures for JPEG.
    scaler: Option<Scaler>,
    width: u32,
    height: u32,
    last_pts_us: Option<i64>,
}

// SAFETY: the context is used through `&mut self` alone and not bound to a thread.
unsafe impl Send for Encoder {}

impl Encoder {
    /// Opens an encoder.
    ///
    /// # Errors
    /// `Unsupported` when libavcodec has no such encoder, `Invalid` for a bad size or rate.
    pub fn open(config: &EncoderConfig) -> Result<Encoder> {
        av::init();
        validate(config)?;
        let name = encoder_name(config.codec)?;
        // SAFETY: the name is a C string; libav looks it up in its table.
        let found = unsafe { ffi::avcodec_find_encoder_by_name(c_string(name)?.as_ptr()) };
        if found.is_null() {
            return Err(Error::unsupported(format!(
                "this libavcodec has no encoder {name}; on Debian: apt install libavcodec-extra"
            )));
        }
        // SAFETY: `found` is a valid encoder; null means no memory.
        let context = NonNull::new(unsafe { ffi::avcodec_alloc_context3(found) })
            .ok_or_else(out_of_memory)?;
        let mjpeg = config.codec == Codec::Mjpeg;
        let encoder = Encoder {
            context,
            packet: Packet::new()?,
            input: Picture::with_buffers(config.width, config.height, ffi::AVPixelFormat::YUV420P)?,
            scaler: mjpeg.then(Scaler::new),
            width: config.width,
            height: config.height,
            last_pts_us: None,
        };
        let mut options = options(config)?;
        // SAFETY: the context is valid and not yet open; the dictionary is ours.
        unsafe {
            configure(&mut *context.as_ptr(), config);
            let code = ffi::avcodec_open2(context.as_ptr(), found, &mut options.0);
            check(code, Kind::Invalid, &format!("open encoder {name}"))?;
        }
        Ok(encoder)
    }

    /// Gives a picture of the configured size with growing `pts_us`; takes what is coded by now.
    ///
    /// # Errors
    /// `Invalid` for another size or a time that does not grow.
    pub fn push(&mut self, frame: &Frame, force_key: bool) -> Result<Vec<Encoded>> {
        let size = (frame.luma.width, frame.luma.height);
        if size != (self.width as usize, self.height as usize) {
            return Err(Error::invalid(format!(
                "a picture of {}x{} for an encoder of {}x{}",
                size.0, size.1, self.width, self.height
            )));
        }
        if self.last_pts_us.is_some_and(|last| frame.pts_us <= last) {
            return Err(Error::invalid("the time of an encoder's pictures must grow"));
        }
        self.last_pts_us = Some(frame.pts_us);
        fill(&mut self.input, frame)?;
        let picture = match &mut self.scaler {
            None => self.input.as_mut(),
            Some(scaler) => {
                let full = ffi::AVPixelFormat::YUVJ420P;
                scaler.convert(self.input.get(), self.width, self.height, full)?.as_mut()
            }
        };
        // SAFETY: the picture is ours through `&mut self`; libavcodec takes a reference or a
        // copy, and `fill` makes the buffers writable again before the next picture.
        let code = unsafe {
            (*picture).pts = frame.pts_us;
            // The JPEG encoder takes its scale from each picture.
            (*picture).quality = (*self.context.as_ptr()).global_quality;
            (*picture).pict_type =
                if force_key { ffi::AVPictureType::I } else { ffi::AVPictureType::NONE };
            ffi::avcodec_send_frame(self.context.as_ptr(), picture)
        };
        check(code, Kind::Internal, "encode picture")?;
        self.take()
    }

    /// The last coded pictures; nothing can be pushed after it.
    ///
    /// # Errors
    /// `Internal` when libavcodec fails.
    pub fn finish(&mut self) -> Result<Vec<Encoded>> {
        // SAFETY: the context is valid; a null frame means the end.
        let code = unsafe { ffi::avcodec_send_frame(self.context.as_ptr(), std::ptr::null()) };
        check(code, Kind::Internal, "end encoding")?;
        self.take()
    }

    fn take(&mut self) -> Result<Vec<Encoded>> {
        let mut out = Vec::new();
        loop {
            // SAFETY: context and packet are valid.
            let code =
                unsafe { ffi::avcodec_receive_packet(self.context.as_ptr(), self.packet.as_mut()) };
            if code == ffi::AVERROR(11) || code == ffi::AVERROR_EOF {
                return Ok(out);
            }
            check(code, Kind::Internal, "encode picture")?;
            let packet = self.packet.get();
            out.push(Encoded {
                data: Bytes::copy_from_slice(self.packet.data()),
                pts_us: packet.pts,
                dts_us: if packet.dts == ffi::AV_NOPTS_VALUE { packet.pts } else { packet.dts },
                key: packet.flags & ffi::AV_PKT_FLAG_KEY != 0,
            });
        }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        let mut raw = self.context.as_ptr();
        // SAFETY: owned, and not used again.
        unsafe { ffi::avcodec_free_context(&mut raw) }
    }
}

fn validate(config: &EncoderConfig) -> Result<()> {
    let (width, height) = (config.width, config.height);
    if !(16..=16_384).contains(&width) || !(16..=16_384).contains(&height) {
        return Err(Error::invalid(format!("{width}x{height}: sides go from 16 to 16384")));
    }
    if width % 2 + height % 2 != 0 && config.codec != Codec::Mjpeg {
        return Err(Error::invalid(format!("{width}x{height}: sides must be even")));
    }
    if !(1..=1000).contains(&config.frame_rate_hz) {
        return Err(Error::invalid("the frame rate goes from 1 to 1000"));
    }
    Ok(())
}

fn encoder_name(codec: Codec) -> Result<&'static str> {
    match codec {
        Codec::H264 => Ok("libx264"),
        Codec::H265 => Ok("libx265"),
        Codec::Mjpeg => Ok("mjpeg"),
        _ => Err(Error::unsupported(format!("{} cannot be encoded", codec.as_str_name()))),
    }
}

/// What goes to the encoder itself.
fn options(config: &EncoderConfig) -> Result<Dict> {
    let mut options = Dict::new();
    let own = match config.codec {
        Codec::H264 => Some(("x264-params", "scenecut=0:open-gop=0".to_owned())),
        Codec::H265 => Some((
            "x265-params",
            format!(
                "log-level=none:scenecut=0:open-gop=0:repeat-headers=1:frame-threads={0}:pools={0}",
                config.threads.max(1)
            ),
        )),
        _ => None,
    };
    let Some((name, params)) = own else { return Ok(options) };
    options.set(name, &params)?;
    options.set("preset", &config.preset)?;
    options.set("forced-idr", "1")?;
    if let RateControl::Crf(crf) = config.rate {
        options.set("crf", &crf.to_string())?;
    }
    Ok(options)
}

/// What goes to libavcodec.
fn configure(context: &mut ffi::AVCodecContext, config: &EncoderConfig) {
    let rate = config.frame_rate_hz as i32;
    context.width = config.width as i32;
    context.height = config.height as i32;
    context.time_base = MICROS;
    context.framerate = ffi::AVRational { num: rate, den: 1 };
    context.pix_fmt = ffi::AVPixelFormat::YUV420P;
    context.gop_size = config.gop.clamp(1, 100_000) as i32;
    context.keyint_min = context.gop_size;
    context.max_b_frames = config.b_frames.min(16) as i32;
    context.thread_count = config.threads.clamp(1, 16) as i32;
    match config.rate {
        RateControl::BitRate(bits) => {
            context.bit_rate = i64::try_from(bits).unwrap_or(i64::MAX);
            context.rc_max_rate = context.bit_rate;
            context.rc_buffer_size = i32::try_from(bits).unwrap_or(i32::MAX);
        }
        RateControl::Crf(crf) if config.codec == Codec::Mjpeg => {
            // libav's scale for JPEG goes from 1 to 31.
            context.flags |= ffi::AV_CODEC_FLAG_QSCALE as i32;
            context.global_quality = (crf.clamp(1.0, 31.0) * ffi::FF_QP2LAMBDA as f32) as i32;
        }
        RateControl::Crf(_) => {}
    }
    if config.codec == Codec::Mjpeg {
        context.pix_fmt = ffi::AVPixelFormat::YUVJ420P;
        context.color_range = ffi::AVColorRange::JPEG;
        context.rc_max_rate = 0;
        context.rc_buffer_size = 0;
    }
}

/// Copies the planes; a grey picture gets grey chroma.
fn fill(picture: &mut Picture, frame: &Frame) -> Result<()> {
    // SAFETY: the frame is valid; afterwards no other reference to its buffers exists.
    check(unsafe { ffi::av_frame_make_writable(picture.as_mut()) }, Kind::Exhausted, "picture")?;
    let chroma = (frame.luma.width.div_ceil(2), frame.luma.height.div_ceil(2));
    let planes = [Some(frame.luma), frame.u, frame.v];
    let sizes = [(frame.luma.width, frame.luma.height), chroma, chroma];
    let raw = picture.get();
    for (((plane, size), &data), &stride) in
        planes.iter().zip(sizes).zip(&raw.data).zip(&raw.linesize)
    {
        if plane.is_some_and(|p| (p.width, p.height) != size) {
            return Err(Error::invalid("chroma planes must have half the size, rounded up"));
        }
        let stride = usize::try_from(stride).map_err(|_| Error::internal("negative stride"))?;
        for y in 0..size.1 {
            // SAFETY: the picture was made with this size, so row `y` of this plane has at
            // least `size.0` writable bytes, and nobody else holds the buffers.
            let row = unsafe { std::slice::from_raw_parts_mut(data.add(y * stride), size.0) };
            match plane {
                Some(plane) => copy_row(row, plane, y),
                None => row.fill(128),
            }
        }
    }
    Ok(())
}

fn copy_row(row: &mut [u8], plane: &Plane, y: usize) {
    for (to, from) in row.iter_mut().zip(plane.row(y)) {
        *to = *from;
    }
}

/// A picture as JPEG, scaled down to `max_width` pixels at most; `quality` 1 (small) to 100.
///
/// # Errors
/// `Invalid` for an empty picture, `Unsupported` when libavcodec has no JPEG encoder.
pub fn jpeg(frame: &Frame, max_width: u32, quality: u32) -> Result<Bytes> {
    av::init();
    let side = |n: usize| u32::try_from(n).map_err(|_| Error::invalid("picture too large"));
    let (width, height) = (side(frame.luma.width)?, side(frame.luma.height)?);
    if width == 0 || height == 0 || max_width == 0 {
        return Err(Error::invalid("an empty picture has no JPEG"));
    }
    let mut source = Picture::with_buffers(width, height, ffi::AVPixelFormat::YUV420P)?;
    fill(&mut source, frame)?;
    let (to_width, to_height) = fit(width, height, max_width);
    let mut scaler = Scaler::new();
    let full = ffi::AVPixelFormat::YUVJ420P;
    let shown = scaler.convert(source.get(), to_width, to_height, full)?;
    let quality = 2.0 + (100 - quality.clamp(1, 100)) as f32 * 29.0 / 99.0;
    let config = EncoderConfig {
        rate: RateControl::Crf(quality),
        gop: 1,
        ..EncoderConfig::new(Codec::Mjpeg, to_width.max(16), to_height.max(16), 25)
    };
    one_jpeg(&config, shown)
}

fn one_jpeg(config: &EncoderConfig, picture: &mut Picture) -> Result<Bytes> {
    let mut encoder = Encoder::open(config)?;
    let picture = picture.as_mut();
    // SAFETY: both are valid and only used here; libavcodec reads the picture, which has the
    // size that the encoder was opened for.
    let code = unsafe {
        (*picture).quality = (*encoder.context.as_ptr()).global_quality;
        ffi::avcodec_send_frame(encoder.context.as_ptr(), picture)
    };
    check(code, Kind::Internal, "encode JPEG")?;
    let coded = encoder.take()?;
    let coded = if coded.is_empty() { encoder.finish()? } else { coded };
    coded.into_iter().next().map(|c| c.data).ok_or_else(|| Error::internal("no JPEG came out"))
}

/// The size of `width` x `height` scaled down to at most `max_width`, sides even and at least 16.
fn fit(width: u32, height: u32, max_width: u32) -> (u32, u32) {
    let even = |n: u32| n.max(16).next_multiple_of(2);
    if width <= max_width && width >= 16 && height >= 16 {
        return (width, height);
    }
    let to = even(max_width.min(width));
    let to_height = u64::from(height) * u64::from(to) / u64::from(width.max(1));
    (to, even(u32::try_from(to_height).unwrap_or(u32::MAX).min(16_384)))
}
