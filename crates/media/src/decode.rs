//! Access units in, pictures out.
//!
//! Invariants: one thread, no hardware, only H.264, H.265 and MJPEG; a picture is given out
//! in the order of showing with the tag of the unit that it was decoded from; no bytes end a
//! decoder: after an error the next unit may be pushed.
//! Not here: waiting for a key frame after a loss (`analyzer`).

use std::ptr::NonNull;

use ffmpeg::ffi;
use flumen_base::wire::Codec;
use flumen_base::{Error, Frame, Kind, Plane, Result};

use crate::av::{self, MICROS, Packet, Picture, check, out_of_memory, slice};
use crate::codec::video_to_av;
use crate::open::Limits;
use crate::scale::Scaler;

/// A decoder of one video stream, with one thread.
pub struct Decoder {
    context: NonNull<ffi::AVCodecContext>,
    packet: Packet,
    picture: Picture,
    scaler: Scaler,
    limits: Limits,
}

// SAFETY: the context is used through `&mut self` alone and not bound to a thread.
unsafe impl Send for Decoder {}

/// What the decoder has to say.
pub enum Decoded<'a> {
    /// A picture, valid until the next call.
    Frame(DecodedFrame<'a>),
    /// Push another unit.
    NeedMore,
    /// Everything is out after `finish`.
    End,
}

/// A picture and the unit that it was coded in.
pub struct DecodedFrame<'a> {
    /// 8-bit 4:2:0.
    pub frame: Frame<'a>,
    /// The tag given with the unit.
    pub tag: u64,
    /// Coded as a key picture.
    pub key: bool,
    /// Parts were missing or could not be decoded.
    pub damaged: bool,
    /// Samples use 0..=255, not 16..=235.
    pub full_range: bool,
}

impl Decoder {
    /// Opens a decoder for H.264, H.265 or MJPEG.
    ///
    /// # Errors
    /// `Unsupported` for another codec or when libavcodec lacks it.
    pub fn open(codec: Codec, limits: &Limits) -> Result<Decoder> {
        av::init();
        let id = video_to_av(codec).ok_or_else(|| {
            Error::unsupported(format!("{} cannot be decoded", codec.as_str_name()))
        })?;
        // SAFETY: libav's own table of decoders; null when there is none.
        let found = unsafe { ffi::avcodec_find_decoder(id) };
        if found.is_null() {
            return Err(Error::unsupported(format!(
                "this libavcodec has no decoder for {}",
                codec.as_str_name()
            )));
        }
        // SAFETY: `found` is a valid decoder; null means no memory.
        let context = NonNull::new(unsafe { ffi::avcodec_alloc_context3(found) })
            .ok_or_else(out_of_memory)?;
        let decoder = Decoder {
            context,
            packet: Packet::new()?,
            picture: Picture::new()?,
            scaler: Scaler::new(),
            limits: *limits,
        };
        // SAFETY: the context is valid and not yet open, so its fields may be set.
        unsafe {
            let context = context.as_ptr();
            (*context).thread_count = 1;
            (*context).pkt_timebase = MICROS;
            (*context).max_pixels = i64::try_from(limits.max_pixels).unwrap_or(i64::MAX);
            check(
                ffi::avcodec_open2(context, found, std::ptr::null_mut()),
                Kind::Unsupported,
                "open decoder",
            )?;
        }
        Ok(decoder)
    }

    /// Gives the decoder one access unit; take all frames with `next` first.
    ///
    /// # Errors
    /// `DataLoss` when the unit cannot be decoded, `Exhausted` when it is too long, `Internal`
    /// when frames were not taken; the decoder lives on.
    pub fn push(&mut self, data: &[u8], pts_us: i64, tag: u64) -> Result<()> {
        if data.len() > self.limits.max_unit_bytes {
            return Err(Error::exhausted(format!(
                "an access unit of {} bytes is above the limit of {}",
                data.len(),
                self.limits.max_unit_bytes
            )));
        }
        if data.is_empty() {
            return Err(Error::data_loss("an empty access unit")); // libav would take it as the end
        }
        self.packet.fill(data)?;
        // SAFETY: context and packet are valid; libav takes its own reference to the bytes.
        let code = unsafe {
            let packet = self.packet.as_mut();
            (*packet).pts = pts_us;
            (*self.context.as_ptr()).reordered_opaque = tag.cast_signed();
            ffi::avcodec_send_packet(self.context.as_ptr(), packet)
        };
        self.packet.clear();
        self.told(code, pts_us)
    }

    /// The error for a code of libavcodec.
    fn told(&self, code: i32, pts_us: i64) -> Result<()> {
        if code >= 0 {
            return Ok(());
        }
        let kind = match code {
            _ if code == ffi::AVERROR(11) || code == ffi::AVERROR_EOF => Kind::Internal,
            _ if code == ffi::AVERROR(12) => Kind::Exhausted,
            _ => Kind::DataLoss,
        };
        let words = av::words(code);
        Err(Error::new(kind, format!("decode the unit at {pts_us} us: {words}")))
    }

    /// The next picture in the order of showing.
    ///
    /// # Errors
    /// `DataLoss` when something could not be decoded, `Exhausted` for a picture above the
    /// limits; the decoder lives on.
    #[allow(clippy::should_implement_trait)] // lends from self, which Iterator cannot
    pub fn next(&mut self) -> Result<Decoded<'_>> {
        // SAFETY: context and picture are valid; libav first empties the picture.
        let code =
            unsafe { ffi::avcodec_receive_frame(self.context.as_ptr(), self.picture.as_mut()) };
        match code {
            _ if code == ffi::AVERROR(11) => return Ok(Decoded::NeedMore),
            ffi::AVERROR_EOF => return Ok(Decoded::End),
            _ => self.told(code, self.picture.get().pts)?,
        }
        let picture = self.picture.get();
        let (width, height) = (picture.width.max(0) as u32, picture.height.max(0) as u32);
        if !self.limits.allows(width, height) {
            return Err(Error::exhausted(format!(
                "a picture of {width}x{height} is above the limits"
            )));
        }
        let (shown, full_range) = eight_bit(picture, &mut self.scaler)?;
        let frame = lend(shown, picture.pts)
            .ok_or_else(|| Error::internal("libavcodec gave a picture without planes"))?;
        Ok(Decoded::Frame(DecodedFrame {
            frame,
            tag: picture.reordered_opaque.cast_unsigned(),
            key: picture.key_frame != 0,
            damaged: picture.flags & ffi::AV_FRAME_FLAG_CORRUPT != 0
                || picture.decode_error_flags != 0,
            full_range,
        }))
    }

    /// No more units: `next` gives what is held back, then `End`.
    ///
    /// # Errors
    /// `Internal` when libavcodec refuses.
    pub fn finish(&mut self) -> Result<()> {
        // SAFETY: the context is valid; a null packet means the end.
        let code = unsafe { ffi::avcodec_send_packet(self.context.as_ptr(), std::ptr::null()) };
        if code == ffi::AVERROR_EOF { Ok(()) } else { self.told(code, 0) }
    }

    /// Forgets all pictures, as after a seek; needed after `finish` to go on.
    pub fn reset(&mut self) {
        // SAFETY: the context is valid and open.
        unsafe { ffi::avcodec_flush_buffers(self.context.as_ptr()) }
    }

    /// Pictures held back for reordering.
    pub fn reorder_depth(&self) -> u32 {
        // SAFETY: the context is valid.
        unsafe { (*self.context.as_ptr()).has_b_frames.max(0) as u32 }
    }

    /// Says how many pictures to hold back, as learned by an earlier decoder of this stream.
    pub fn set_reorder_depth(&mut self, depth: u32) {
        // SAFETY: the context is valid; decoders read the field before each picture.
        unsafe { (*self.context.as_ptr()).has_b_frames = depth.min(16) as i32 }
    }

    /// Leaves the loop filter out: faster, worse pictures.
    pub fn skip_loop_filter(&mut self, on: bool) {
        let what = if on { ffi::AVDiscard::ALL } else { ffi::AVDiscard::DEFAULT };
        // SAFETY: the context is valid; decoders read the field before each picture.
        unsafe { (*self.context.as_ptr()).skip_loop_filter = what }
    }

    /// Decodes key frames only.
    pub fn key_frames_only(&mut self, on: bool) {
        let what = if on { ffi::AVDiscard::NONKEY } else { ffi::AVDiscard::DEFAULT };
        // SAFETY: the context is valid; decoders read the field before each picture.
        unsafe { (*self.context.as_ptr()).skip_frame = what }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        let mut raw = self.context.as_ptr();
        // SAFETY: owned, and not used again.
        unsafe { ffi::avcodec_free_context(&mut raw) }
    }
}

/// The picture in 8-bit 4:2:0 (itself, if it is), and whether it uses the full range.
fn eight_bit<'a>(
    picture: &'a ffi::AVFrame,
    scaler: &'a mut Scaler,
) -> Result<(&'a ffi::AVFrame, bool)> {
    use ffi::AVPixelFormat as P;
    let format = P(picture.format);
    let full = picture.color_range == ffi::AVColorRange::JPEG
        || [P::YUVJ420P, P::YUVJ422P, P::YUVJ444P, P::YUVJ440P, P::YUVJ411P].contains(&format);
    if matches!(format, P::YUV420P | P::YUVJ420P | P::GRAY8) {
        return Ok((picture, full));
    }
    // The target has the range of the source, so that luma passes unchanged.
    let target = if full { P::YUVJ420P } else { P::YUV420P };
    let (width, height) = (picture.width as u32, picture.height as u32);
    Ok((scaler.convert(picture, width, height, target)?.get(), full))
}

/// The planes of an 8-bit 4:2:0 (or grey) picture.
fn lend(picture: &ffi::AVFrame, pts_us: i64) -> Option<Frame<'_>> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let chroma = (width.div_ceil(2), height.div_ceil(2));
    let [y, u, v, ..] = picture.data;
    let [y_stride, u_stride, v_stride, ..] = picture.linesize;
    let plane = |data: *mut u8, stride: i32, (width, height): (usize, usize)| {
        let bytes = stride.checked_mul(i32::try_from(height).ok()?.checked_sub(1)?)?;
        let bytes = bytes.checked_add(i32::try_from(width).ok()?)?;
        // SAFETY: libav gives each plane `stride` bytes a row, the last at least `width`; the
        // picture is borrowed as long as the slice.
        Plane::new(unsafe { slice(data, bytes) }, usize::try_from(stride).ok()?, width, height)
    };
    let luma = plane(y, y_stride, (width, height))?;
    let grey = picture.format == ffi::AVPixelFormat::GRAY8.0;
    let u = if grey { None } else { Some(plane(u, u_stride, chroma)?) };
    let v = if grey { None } else { Some(plane(v, v_stride, chroma)?) };
    Some(Frame { luma, u, v, pts_us })
}
