//! A password in memory: prints as stars, is wiped when dropped, is scrubbed from texts.
//!
//! Invariants: no `Debug` or `Display` of this type shows what it holds.
//! Not here: passwords at rest (`vault`).

use std::fmt;

/// Something that must never be shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes a password.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into().into_bytes())
    }

    /// The password itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("")
    }

    /// True for no password.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `text` with the password, plain or percent-encoded, replaced by stars.
    pub fn scrub(&self, text: &str) -> String {
        if self.is_empty() {
            return text.to_string();
        }
        let plain = self.reveal();
        text.replace(plain, "***").replace(&percent_encoded(plain), "***")
    }
}

/// The form that a password takes inside an address.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        std::hint::black_box(&self.0);
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "(none)" } else { "***" })
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_of_printing_shows_it() {
        let secret = Secret::new("h unter2");
        assert_eq!(format!("{secret} {secret:?} {secret:#?}"), "*** *** ***");
        assert_eq!(format!("{:?}", Some(&secret)), "Some(***)");
        assert_eq!(format!("{:?}", Secret::default()), "(none)");
    }

    #[test]
    fn texts_lose_it_in_both_forms() {
        let secret = Secret::new("p@ss word");
        let text = "open rtsp://u:p%40ss%20word@cam/ with p@ss word failed";
        assert_eq!(secret.scrub(text), "open rtsp://u:***@cam/ with *** failed");
        assert_eq!(Secret::default().scrub("as it was"), "as it was");
    }
}
