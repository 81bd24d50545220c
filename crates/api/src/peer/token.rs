//! What a process of this site shows another one of it: a keyed hash, never the key.
//!
//! Invariants: the key itself never leaves the process; a token prints as stars; comparing
//! takes the same time wherever two tokens differ.
//! Spec: HMAC-SHA256, RFC 2104 and RFC 6234; key = the site's key file, message = `PURPOSE`.

use std::path::Path;

use flumen_base::{Context, Error, Result};
use sha2::{Digest, Sha256};

const PURPOSE: &[u8] = b"flumen peer v1";
const BLOCK: usize = 64;
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
        let sum = hmac(key, PURPOSE);
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

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0u8; BLOCK];
    let hashed = Sha256::digest(key);
    let key = if key.len() > BLOCK { hashed.as_slice() } else { key };
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let inner = Sha256::new().chain_update(block.map(|b| b ^ 0x36)).chain_update(message);
    let outer = Sha256::new().chain_update(block.map(|b| b ^ 0x5c));
    outer.chain_update(inner.finalize()).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02x}")).collect()
    }

    #[test]
    fn hmac_as_the_paper_says() {
        // RFC 4231 s4.2, s4.3, s4.7.
        let cases: [(&[u8], &[u8], &str); 3] = [
            (
                &[0x0b; 20],
                b"Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, message, sum) in cases {
            assert_eq!(hex(&hmac(key, message)), sum);
        }
    }

    #[test]
    fn only_the_whole_token_is_good_and_it_prints_as_stars() {
        let token = Token::of_key(&[7; 32]).unwrap();
        let shown = token.header();
        assert!(token.is_shown(shown.as_bytes()));
        assert!(!token.is_shown(&shown.as_bytes()[1..]) && !token.is_shown(b""));
        let other = Token::of_key(&[8; 32]).unwrap();
        assert!(!token.is_shown(other.header().as_bytes()));
        assert_eq!(format!("{token:?}"), "Token(***)");
        assert!(!shown.contains(&hex(&[7; 32])), "the key itself is never shown");
        assert!(Token::of_key(b"short").is_err());
    }
}
