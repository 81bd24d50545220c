//! libav's log lines go to `tracing`, without credentials and never more than 20 a second.
//!
//! Invariants: nothing is written to standard error; a line has at most 1 KiB.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use ffmpeg::ffi;

/// Lines told in one second.
const LINES_A_SECOND: u64 = 20;

/// Puts our callback in the place of libav's own.
pub(crate) fn install() {
    // SAFETY: the callback has the signature libav asks for and lives for ever.
    unsafe {
        ffi::av_log_set_level(ffi::AV_LOG_WARNING);
        ffi::av_log_set_callback(Some(callback));
    }
}

/// Called by libav on any thread.
unsafe extern "C" fn callback(
    context: *mut c_void,
    level: c_int,
    format: *const c_char,
    arguments: *mut ffi::__va_list_tag,
) {
    if level > ffi::AV_LOG_WARNING {
        return;
    }
    let Some(suppressed) = admit() else { return };
    let mut text = [0u8; 1024];
    let mut prefix: c_int = 1;
    // SAFETY: context, format and arguments are libav's own and valid for this call; the buffer
    // is as long as said and comes back ended by a zero.
    unsafe {
        ffi::av_log_format_line2(
            context,
            level,
            format,
            arguments,
            text.as_mut_ptr().cast(),
            text.len() as c_int,
            &mut prefix,
        );
    }
    let Ok(line) = CStr::from_bytes_until_nul(&text) else { return };
    let line = redact(line.to_string_lossy().trim());
    if line.is_empty() {
        return;
    }
    // A panic in a subscriber must not unwind into C.
    let _ = std::panic::catch_unwind(|| {
        if level <= ffi::AV_LOG_ERROR {
            tracing::warn!(target: "libav", suppressed, "{line}");
        } else {
            tracing::debug!(target: "libav", suppressed, "{line}");
        }
    });
}

/// How many lines were left out before this one, or nothing when this one is too much.
fn admit() -> Option<u64> {
    static SECOND: AtomicU64 = AtomicU64::new(0);
    static LINES: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    if SECOND.swap(now, Ordering::Relaxed) != now {
        let before = LINES.swap(1, Ordering::Relaxed);
        return Some(before.saturating_sub(LINES_A_SECOND));
    }
    (LINES.fetch_add(1, Ordering::Relaxed) < LINES_A_SECOND).then_some(0)
}

/// The line without what stands between `://` and `@`, and without authorization values.
pub(crate) fn redact(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, behind)) = rest.split_once("://") {
        out.push_str(before);
        out.push_str("://");
        let word = behind.find(|c: char| c.is_whitespace() || "'\"<>".contains(c));
        let (address, tail) = behind.split_at(word.unwrap_or(behind.len()));
        // A raw password may hold `/` or `@`: all up to the last `@` goes.
        match address.rsplit_once('@') {
            Some((_, host)) => out.extend(["***@", host]),
            None => out.push_str(address),
        }
        rest = tail;
    }
    out.push_str(rest);
    let lower = out.to_ascii_lowercase();
    for word in ["authorization:", "password", "passwd", "response="] {
        if let Some(at) = lower.find(word) {
            out.truncate(at + word.len());
            out.push_str(" ***");
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn credentials_never_reach_the_log() {
        assert_eq!(redact("open rtsp://me:se/c@ret@cam/1 failed"), "open rtsp://***@cam/1 failed");
        assert_eq!(redact("x 'http://u:p@h/a', y"), "x 'http://***@h/a', y");
        assert_eq!(redact("rtsp://cam:554/a@b"), "rtsp://***@b");
        assert_eq!(redact("Authorization: Basic abc"), "Authorization: ***");
        assert_eq!(redact("no address"), "no address");
    }
}
