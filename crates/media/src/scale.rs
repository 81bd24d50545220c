//! Pictures converted in size and format by libswscale.
//!
//! Invariants: the same picture gives the same samples on every machine (`ACCURATE_RND`,
//! `BITEXACT`).

use ffmpeg::ffi;
use flumen_base::{Error, Kind, Result};

use crate::av::{Picture, check, out_of_memory};

/// A converter that keeps its tables and its target from picture to picture.
pub(crate) struct Scaler {
    context: *mut ffi::SwsContext,
    target: Option<Picture>,
}

// SAFETY: a context is only used through `&mut self` and not bound to a thread.
unsafe impl Send for Scaler {}

impl Scaler {
    pub(crate) fn new() -> Scaler {
        Scaler { context: std::ptr::null_mut(), target: None }
    }

    /// `source` at `width` x `height` in `format`; valid until the next call.
    pub(crate) fn convert(
        &mut self,
        source: &ffi::AVFrame,
        width: u32,
        height: u32,
        format: ffi::AVPixelFormat,
    ) -> Result<&mut Picture> {
        self.prepare(source, width, height, format)?;
        let context = self.context;
        let target = self.target.as_mut().ok_or_else(|| Error::internal("scaler target"))?;
        // SAFETY: the context was made for exactly these sizes and formats; both frames have
        // buffers for all their rows; libswscale writes the target alone.
        let rows = unsafe {
            let into = target.as_mut();
            // An encoder may still hold the picture before.
            check(ffi::av_frame_make_writable(into), Kind::Exhausted, "picture")?;
            ffi::sws_scale(
                context,
                source.data.as_ptr().cast(),
                source.linesize.as_ptr(),
                0,
                source.height,
                (*into).data.as_ptr(),
                (*into).linesize.as_ptr(),
            )
        };
        check(rows, Kind::Internal, "convert picture")?;
        Ok(target)
    }

    fn prepare(
        &mut self,
        source: &ffi::AVFrame,
        width: u32,
        height: u32,
        format: ffi::AVPixelFormat,
    ) -> Result<()> {
        let side = |n: u32| i32::try_from(n).map_err(|_| Error::invalid("picture too large"));
        let resized = (side(width)?, side(height)?) != (source.width, source.height);
        let method = if resized { ffi::SWS_AREA } else { ffi::SWS_BILINEAR };
        let flags = method | ffi::SWS_ACCURATE_RND | ffi::SWS_BITEXACT;
        // SAFETY: the old context is ours or null; libswscale frees or keeps it.
        self.context = unsafe {
            ffi::sws_getCachedContext(
                self.context,
                source.width,
                source.height,
                ffi::AVPixelFormat(source.format),
                side(width)?,
                side(height)?,
                format,
                flags,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                std::ptr::null(),
            )
        };
        if self.context.is_null() {
            return Err(Error::unsupported(format!(
                "pictures of pixel format {} cannot be converted",
                source.format
            )));
        }
        let fits = self.target.as_ref().is_some_and(|t| {
            let t = t.get();
            (t.width, t.height, t.format) == (width as i32, height as i32, format.0)
        });
        if !fits {
            self.target = None;
            self.target = Some(Picture::with_buffers(width, height, format)?);
        }
        self.target.is_some().then_some(()).ok_or_else(out_of_memory)
    }
}

impl Drop for Scaler {
    fn drop(&mut self) {
        // SAFETY: ours or null, and not used again.
        unsafe { ffi::sws_freeContext(self.context) }
    }
}
