//! libavformat reads from a Rust `Read`.
//!
//! Invariants: a panic of the reader does not cross into C; the end of the reader and its
//! errors are told apart.

use std::ffi::{c_int, c_void};
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ffmpeg::ffi;
use flumen_base::Result;

use crate::av::out_of_memory;
use crate::interrupt::Interrupt;

/// Bytes asked for at once; small, so that a slow live pipe is not waited for.
const BUFFER: usize = 32 * 1024;

/// What the callback sees.
struct Source {
    read: Box<dyn Read + Send>,
    stop: Interrupt,
    failed: Option<std::io::Error>,
}

/// A custom `AVIOContext` and its reader.
pub(super) struct Avio {
    context: *mut ffi::AVIOContext,
    source: *mut Source,
}

impl Avio {
    pub(super) fn new(read: Box<dyn Read + Send>, stop: &Interrupt) -> Result<Avio> {
        // SAFETY: no precondition; null means no memory.
        let buffer = unsafe { ffi::av_malloc(BUFFER) };
        if buffer.is_null() {
            return Err(out_of_memory());
        }
        let source = Box::into_raw(Box::new(Source { read, stop: stop.clone(), failed: None }));
        // SAFETY: buffer and source live until `Drop`; libavformat may replace the buffer and
        // then owns up to it in the context.
        let context = unsafe {
            ffi::avio_alloc_context(
                buffer.cast(),
                BUFFER as c_int,
                0,
                source.cast(),
                Some(read_packet),
                None,
                None,
            )
        };
        if context.is_null() {
            // SAFETY: both are ours and nobody else has them.
            unsafe {
                ffi::av_free(buffer);
                drop(Box::from_raw(source));
            }
            return Err(out_of_memory());
        }
        Ok(Avio { context, source })
    }

    pub(super) fn as_ptr(&self) -> *mut ffi::AVIOContext {
        self.context
    }

    /// The error that the reader gave, once.
    pub(super) fn failed(&mut self) -> Option<std::io::Error> {
        // SAFETY: the source is ours until `Drop`, and libavformat is not inside a call now.
        unsafe { (*self.source).failed.take() }
    }
}

impl Drop for Avio {
    fn drop(&mut self) {
        // SAFETY: the format context is gone by now (see `Input::drop`), so nobody reads any more.
        unsafe {
            ffi::av_freep((&raw mut (*self.context).buffer).cast());
            ffi::avio_context_free(&mut self.context);
            drop(Box::from_raw(self.source));
        }
    }
}

/// Called by libavformat for more bytes.
unsafe extern "C" fn read_packet(opaque: *mut c_void, into: *mut u8, size: c_int) -> c_int {
    // SAFETY: `opaque` is the source given to avio_alloc_context, used by this thread alone;
    // libavformat gives `size` writable bytes (never read here, so they need no content).
    let (source, into) = unsafe {
        let size = usize::try_from(size).unwrap_or(0);
        std::ptr::write_bytes(into, 0, size);
        (&mut *opaque.cast::<Source>(), std::slice::from_raw_parts_mut(into, size))
    };
    let read = catch_unwind(AssertUnwindSafe(|| {
        loop {
            if source.stop.is_due() {
                return Ok(None);
            }
            match source.read.read(into) {
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                other => return other.map(Some),
            }
        }
    }));
    match read {
        Ok(Ok(Some(0))) => ffi::AVERROR_EOF,
        Ok(Ok(Some(count))) => c_int::try_from(count).unwrap_or(ffi::AVERROR_EOF),
        Ok(Ok(None)) => ffi::AVERROR_EXIT,
        Ok(Err(error)) => {
            source.failed = Some(error);
            ffi::AVERROR(5)
        }
        Err(_) => {
            source.failed = Some(std::io::Error::other("the reader panicked"));
            ffi::AVERROR(5)
        }
    }
}
