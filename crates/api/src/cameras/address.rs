//! A camera's address: which schemes there are, and its credentials taken out of it.
//!
//! Invariants: what leaves here holds no user name and no password; messages never repeat
//! an address, for it may hold one.
//! Spec: RFC 3986 s3.2.1 (userinfo).
//! Not here: which hosts and files a site allows (`Cameras::check`).

use flumen_base::{Error, Result};

/// Schemes with a host.
const NETWORK: [&str; 7] = ["rtsp", "rtsps", "http", "https", "srt", "rtmp", "rtmps"];
/// Schemes without one.
const LOCAL: [&str; 3] = ["synthetic", "file", "push"];
const MAX_LENGTH: usize = 2048;

/// An address and what stood in it.
#[derive(PartialEq, Eq)]
pub(crate) struct Split {
    /// Without credentials.
    pub(crate) address: String,
    /// User name that stood in it.
    pub(crate) username: Option<String>,
    /// Password that stood in it.
    pub(crate) password: Option<String>,
}

/// Checks an address and takes its credentials out.
///
/// # Errors
/// `Invalid` with the rule.
pub(crate) fn split(address: &str) -> Result<Split> {
    let address = address.trim();
    if address.is_empty() {
        return Err(Error::invalid("the address is empty: write one such as rtsp://HOST/PATH"));
    }
    if address.len() > MAX_LENGTH {
        return Err(Error::invalid(format!("the address is longer than {MAX_LENGTH} bytes")));
    }
    if address.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Error::invalid(
            "the address holds a space or a control character: write a space as %20",
        ));
    }
    let (scheme, rest) = address.split_once(':').ok_or_else(|| unknown(""))?;
    let scheme = scheme.to_ascii_lowercase();
    if LOCAL.contains(&scheme.as_str()) {
        return Ok(Split { address: format!("{scheme}:{rest}"), username: None, password: None });
    }
    if !NETWORK.contains(&scheme.as_str()) {
        return Err(unknown(&scheme));
    }
    let rest = rest.strip_prefix("//").ok_or_else(|| no_host(&scheme))?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let (userinfo, host) = match authority.rsplit_once('@') {
        Some((userinfo, host)) => (Some(userinfo), host),
        None => (None, authority),
    };
    if host.is_empty() || host.starts_with(':') {
        return Err(no_host(&scheme));
    }
    let (username, password) = match userinfo.map(|u| u.split_once(':').unwrap_or((u, ""))) {
        None => (None, None),
        Some((name, word)) => (filled(name)?, filled(word)?),
    };
    Ok(Split { address: format!("{scheme}://{host}{path}"), username, password })
}

/// Scheme, host and port: to whom a password would be told.
pub(crate) fn party(address: &str) -> &str {
    let start = address.find("//").map_or(0, |at| at + 2);
    let rest = address.get(start..).unwrap_or("");
    let end = rest.find(['/', '?', '#']).map_or(address.len(), |at| start + at);
    address.get(..end).unwrap_or(address)
}

fn unknown(scheme: &str) -> Error {
    let scheme: String = scheme.chars().take(20).collect();
    Error::invalid(format!(
        "addresses of the kind {scheme:?} are not taken: use one of {}, {}",
        NETWORK.map(|s| format!("{s}://")).join(", "),
        LOCAL.map(|s| format!("{s}:")).join(", ")
    ))
}

fn no_host(scheme: &str) -> Error {
    Error::invalid(format!("the address names no host: write {scheme}://HOST/PATH"))
}

fn filled(text: &str) -> Result<Option<String>> {
    if text.is_empty() {
        return Ok(None);
    }
    decode(text).map(Some).ok_or_else(|| {
        Error::invalid(
            "user name or password in the address can't be read: put them in their own fields",
        )
    })
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(b) = bytes.next() {
        out.push(match b {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            b => b,
        });
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(address: &str) -> (String, Option<String>, Option<String>) {
        let s = split(address).unwrap();
        (s.address, s.username, s.password)
    }

    #[test]
    fn credentials_leave_the_address() {
        let some = |s: &str| Some(s.to_owned());
        assert_eq!(parts(" rtsp://h:554/a?b=c "), ("rtsp://h:554/a?b=c".into(), None, None));
        assert_eq!(
            parts("RTSP://me:a%40b%3A@h/x@y"),
            ("rtsp://h/x@y".into(), some("me"), some("a@b:"))
        );
        assert_eq!(parts("rtsp://a:b@c@h"), ("rtsp://h".into(), some("a"), some("b@c")));
        assert_eq!(parts("rtsp://me@[::1]:8554"), ("rtsp://[::1]:8554".into(), some("me"), None));
        assert_eq!(parts("synthetic:street?seed=1").0, "synthetic:street?seed=1");
    }

    #[test]
    fn what_can_run_or_leak_is_refused() {
        for bad in [
            "",
            "  ",
            "camera",
            "exec:rm",
            "concat:a|b",
            "pipe:0",
            "lavfi:x",
            "rtsp:h",
            "rtsp://",
            "rtsp:///x",
            "rtsp://u:p@/x",
            "rtsp://:554/",
            "rtsp://h/a b",
            "rtsp://h/\u{7}",
            "ftp://h",
            "rtsp://%zz:x@h/",
        ] {
            assert!(split(bad).is_err(), "{bad}");
        }
        assert!(split(&format!("rtsp://h/{}", "x".repeat(3000))).is_err());
        let told = split("rtsp://%zz:secret@h/").err().map(|e| e.to_string()).unwrap();
        assert!(!told.contains("secret"));
    }

    #[test]
    fn party_is_who_would_hear_a_password() {
        assert_eq!(party("rtsp://h:1/a"), "rtsp://h:1");
        assert_eq!(party("rtsp://h:1"), "rtsp://h:1");
        assert_ne!(party("rtsp://h/a"), party("http://h/a"));
    }
}
