//! The signature of a request.
//!
//! Spec: RFC 2104 (HMAC) with SHA-256.

use flumen_base::{Error, Result};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// `sha256=` and the HMAC of timestamp, a full stop and body in hexadecimal digits.
///
/// # Errors
/// None: HMAC takes a key of any length.
pub fn signature(secret: &str, timestamp_s: i64, body: &[u8]) -> Result<String> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .map_err(|e| Error::internal("a keyed hash").with_source(e))?;
    let sum = mac.chain_update(format!("{timestamp_s}.")).chain_update(body).finalize();
    let digits: String = sum.into_bytes().iter().map(|b| format!("{b:02x}")).collect();
    Ok(format!("sha256={digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digits are what `openssl dgst -sha256 -hmac s` says of "1.body".
    #[test]
    fn the_timestamp_is_signed_with_the_body() {
        assert_eq!(
            signature("s", 1, b"body").unwrap(),
            "sha256=11f428ce308fbbee666c18d72d23064c8f289236ac0825430f5b1cf6c8a65eb4"
        );
        assert_ne!(signature("s", 1, b"body").unwrap(), signature("s", 2, b"body").unwrap());
    }
}
