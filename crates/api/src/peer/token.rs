//! What a process of this site shows another one of it: a keyed hash, never the key.
//!
//! Invariants: the key itself never leaves the process; a token prints as stars; comparing
//! takes the same time wherever two tokens differ.
//! Spec: HMAC-SHA256, RFC 2104 and RFC 6234; key = the site's key file, message = `PURPOSE`.

use std::path::Path;

use flumen_base::{Context, Error, Result};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const PURPOSE: &[u8] = b"flumen peer v1";
/// A shorter key could be guessed.
const LEAST_KEY: usize = 16;

/// The token of a site.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token of the site whose key this is.
    ///
    /// # Errors
    /// `Invalid` for a key of less than 16 bytes.
    pub fn of_key(key: &[u8]) -> Result<Token> {
        if key.len() < LEAST_KEY {
            return Err(Error::invalid(format!(
                "the site's key has {} bytes: at least {LEAST_KEY} are needed",
                key.len()
            )));
        }
        let mac = Hmac::<Sha256>::new_from_slice(key)
            .map_err(|e| Error::internal("a keyed hash").with_source(e))?;
        let sum = mac.chain_update(PURPOSE).finalize().into_bytes();
        Ok(Token(sum.iter().map(|b| format!("{b:02x}")).collect()))
    }

    /// The token of the site whose key lies in a file, which must be there.
    ///
    /// # Errors
    /// What the file system says, else as [`Token::of_key`].
    pub fn of_key_file(path: &Path) -> Result<Token> {
        let key = std::fs::read(path).context(format_args!(
            "read the site's key {} (all processes of a site need the same file)",
            path.display()
        ))?;
        Token::of_key(&key)
    }

    /// The value of the header `authorization`.
    pub(crate) fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// Whether a header `authorization` shows this token.
    pub(crate) fn is_shown(&self, header: &[u8]) -> bool {
        let ours = self.header();
        if header.len() != ours.len() {
            return false;
        }
        let differing = ours.bytes().zip(header).fold(0, |all, (a, b)| all | (a ^ b));
        std::hint::black_box(differing) == 0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_is_good_and_it_prints_as_stars() {
        let token = Token::of_key(&[7; 32]).unwrap();
        let shown = token.header();
        assert!(token.is_shown(shown.as_bytes()));
        assert!(!token.is_shown(&shown.as_bytes()[1..]) && !token.is_shown(b""));
        let other = Token::of_key(&[8; 32]).unwrap();
        assert!(!token.is_shown(other.header().as_bytes()));
        assert_eq!(format!("{token:?}"), "Token(***)");
        assert!(!shown.contains(&"07".repeat(32)), "the key itself is never shown");
        assert!(Token::of_key(b"short").is_err());
    }
}
