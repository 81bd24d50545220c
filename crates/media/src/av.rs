//! Owned libav objects and errors: the ground of the other files.
//!
//! Invariants: a pointer in these types is never null and freed once, by `Drop`.

use std::ffi::{CStr, CString};
use std::ptr::NonNull;
use std::sync::Once;

use ffmpeg::ffi;
use flumen_base::{Error, Kind, Result};

/// Microseconds as a time base.
pub(crate) const MICROS: ffi::AVRational = ffi::AVRational { num: 1, den: 1_000_000 };

/// To be called before anything else of libav.
pub(crate) fn init() {
    static ONCE: Once = Once::new();
    ONCE.call_once(crate::log::install);
}

/// libav's words for an error code.
pub(crate) fn words(code: i32) -> String {
    let mut text = [0u8; 128];
    // SAFETY: the buffer is as long as said; av_strerror ends it with a zero.
    unsafe { ffi::av_strerror(code, text.as_mut_ptr().cast(), text.len()) };
    CStr::from_bytes_until_nul(&text)
        .map_or_else(|_| code.to_string(), |s| s.to_string_lossy().into_owned())
}

/// `code` when it is not negative, otherwise the error `what: libav's words`.
#[track_caller]
pub(crate) fn check(code: i32, kind: Kind, what: &str) -> Result<i32> {
    if code >= 0 {
        return Ok(code);
    }
    let kind = if code == ffi::AVERROR(12) { Kind::Exhausted } else { kind };
    Err(Error::new(kind, format!("{what}: {}", words(code))))
}

/// The error of an allocation that libav could not make.
#[track_caller]
pub(crate) fn out_of_memory() -> Error {
    Error::exhausted("libav could not get memory")
}

/// A string for C; inner zero bytes are refused.
pub(crate) fn c_string(text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| Error::invalid("a zero byte in a text for libav"))
}

/// An owned `AVPacket`.
pub(crate) struct Packet(NonNull<ffi::AVPacket>);

// SAFETY: libav packets are plain data with atomic reference counts; nothing is bound to a thread.
unsafe impl Send for Packet {}

impl Packet {
    pub(crate) fn new() -> Result<Packet> {
        // SAFETY: no precondition; null means no memory.
        NonNull::new(unsafe { ffi::av_packet_alloc() }).map(Packet).ok_or_else(out_of_memory)
    }

    /// Replaces the content by a padded copy of `data`.
    pub(crate) fn fill(&mut self, data: &[u8]) -> Result<()> {
        self.clear();
        let size = i32::try_from(data.len())
            .map_err(|_| Error::exhausted("an access unit above 2 GiB"))?;
        // SAFETY: the packet is valid and empty; av_new_packet gives `size` bytes plus padding,
        // which the copy fills.
        unsafe {
            check(ffi::av_new_packet(self.as_mut(), size), Kind::Exhausted, "new packet")?;
            std::ptr::copy_nonoverlapping(data.as_ptr(), (*self.as_mut()).data, data.len());
        }
        Ok(())
    }

    /// Drops the content.
    pub(crate) fn clear(&mut self) {
        // SAFETY: the pointer is valid by the invariant.
        unsafe { ffi::av_packet_unref(self.as_mut()) }
    }

    pub(crate) fn as_mut(&mut self) -> *mut ffi::AVPacket {
        self.0.as_ptr()
    }

    pub(crate) fn get(&self) -> &ffi::AVPacket {
        // SAFETY: valid by the invariant, and `&self` keeps it unchanged.
        unsafe { self.0.as_ref() }
    }

    pub(crate) fn data(&self) -> &[u8] {
        let packet = self.get();
        // SAFETY: libav promises `size` readable bytes at `data`.
        unsafe { slice(packet.data, packet.size) }
    }

    /// The bytes of a piece of side data.
    pub(crate) fn side_data(&self, kind: ffi::AVPacketSideDataType) -> Option<&[u8]> {
        let mut size = 0usize;
        // SAFETY: the packet is valid; libav returns `size` bytes owned by the packet, or null.
        unsafe {
            let data = ffi::av_packet_get_side_data(self.get(), kind, &mut size);
            (!data.is_null()).then(|| std::slice::from_raw_parts(data, size))
        }
    }
}

impl Drop for Packet {
    fn drop(&mut self) {
        let mut raw = self.0.as_ptr();
        // SAFETY: owned, and not used again.
        unsafe { ffi::av_packet_free(&mut raw) }
    }
}

/// `size` bytes at `data`, empty for null or nothing.
///
/// # Safety
/// `data` is null or has `size` readable bytes that live and stay unchanged for `'a`.
pub(crate) unsafe fn slice<'a>(data: *const u8, size: i32) -> &'a [u8] {
    match usize::try_from(size) {
        // SAFETY: promised by the caller.
        Ok(size) if !data.is_null() && size > 0 => unsafe {
            std::slice::from_raw_parts(data, size)
        },
        _ => &[],
    }
}

/// An owned `AVFrame`.
pub(crate) struct Picture(NonNull<ffi::AVFrame>);

// SAFETY: as for Packet.
unsafe impl Send for Picture {}

impl Picture {
    pub(crate) fn new() -> Result<Picture> {
        // SAFETY: no precondition; null means no memory.
        NonNull::new(unsafe { ffi::av_frame_alloc() }).map(Picture).ok_or_else(out_of_memory)
    }

    /// A picture with its own buffers.
    pub(crate) fn with_buffers(
        width: u32,
        height: u32,
        format: ffi::AVPixelFormat,
    ) -> Result<Picture> {
        let mut picture = Picture::new()?;
        let side = |n: u32| i32::try_from(n).map_err(|_| Error::invalid("picture too large"));
        // SAFETY: the frame is valid and empty; size and format are set as get_buffer asks.
        unsafe {
            let frame = picture.as_mut();
            (*frame).width = side(width)?;
            (*frame).height = side(height)?;
            (*frame).format = format.0;
            check(ffi::av_frame_get_buffer(frame, 0), Kind::Exhausted, "new picture")?;
        }
        Ok(picture)
    }

    pub(crate) fn as_mut(&mut self) -> *mut ffi::AVFrame {
        self.0.as_ptr()
    }

    pub(crate) fn get(&self) -> &ffi::AVFrame {
        // SAFETY: valid by the invariant, and `&self` keeps it unchanged.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for Picture {
    fn drop(&mut self) {
        let mut raw = self.0.as_ptr();
        // SAFETY: owned, and not used again.
        unsafe { ffi::av_frame_free(&mut raw) }
    }
}

/// An owned `AVDictionary`.
pub(crate) struct Dict(pub(crate) *mut ffi::AVDictionary);

impl Dict {
    pub(crate) fn new() -> Dict {
        Dict(std::ptr::null_mut())
    }

    pub(crate) fn set(&mut self, key: &str, value: &str) -> Result<()> {
        let (key, value) = (c_string(key)?, c_string(value)?);
        // SAFETY: both strings live over the call, which copies them.
        let code = unsafe { ffi::av_dict_set(&mut self.0, key.as_ptr(), value.as_ptr(), 0) };
        check(code, Kind::Internal, "set option").map(drop)
    }
}

impl Drop for Dict {
    fn drop(&mut self) {
        // SAFETY: owned; a null dictionary is allowed.
        unsafe { ffi::av_dict_free(&mut self.0) }
    }
}
