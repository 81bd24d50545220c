//! OAUTHBEARER tokens from a file that somebody renews.
//!
//! Not here: asking an identity provider; what runs beside us (Kubernetes, an agent) does.
//! Spec: RFC 7519 section 4.1 (`sub`, `exp`), RFC 4648 section 5 (base64url).

use std::path::Path;
use std::time::{Duration, SystemTime};

use rdkafka::client::OAuthToken;

/// How long a token that does not say it is taken to be good.
const UNTOLD: Duration = Duration::from_secs(300);

/// Reads the token of now.
///
/// # Errors
/// When the file can't be read or is empty; the message never holds its content.
pub(crate) fn read(file: &Path) -> Result<OAuthToken, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|e| format!("read the token {}: {e}", file.display()))?;
    let token = text.trim().to_owned();
    if token.is_empty() {
        return Err(format!("the token file {} is empty", file.display()));
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let claims = token.split('.').nth(1).and_then(decode).unwrap_or_default();
    let expires_s = after(&claims, "\"exp\"").and_then(number);
    let lifetime_ms = expires_s.map_or((now + UNTOLD).as_millis() as i64, |s| s * 1000);
    let principal_name = after(&claims, "\"sub\"").and_then(string).unwrap_or("flumen").to_owned();
    Ok(OAuthToken { token, principal_name, lifetime_ms })
}

/// What stands behind `"name":` in flat JSON; all that is wanted of a token.
fn after<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(name)?;
    rest.trim_start().strip_prefix(':').map(str::trim_start)
}

fn number(text: &str) -> Option<i64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

fn string(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.split('"').next()
}

fn decode(text: &str) -> Option<String> {
    let (mut bits, mut held, mut out) = (0u32, 0, Vec::new());
    for c in text.trim_end_matches('=').bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_and_name_come_from_the_token() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("token");
        // {"alg":"none"} . {"sub":"flumen-ingest","exp":2000000000}
        let token = "eyJhbGciOiJub25lIn0.\
                     eyJzdWIiOiJmbHVtZW4taW5nZXN0IiwiZXhwIjoyMDAwMDAwMDAwfQ.";
        std::fs::write(&file, format!("{token}\n")).unwrap();
        let read_token = read(&file).unwrap();
        assert_eq!(read_token.token, token);
        assert_eq!(read_token.principal_name, "flumen-ingest");
        assert_eq!(read_token.lifetime_ms, 2_000_000_000_000);
        std::fs::write(&file, "opaque").unwrap();
        assert_eq!(read(&file).unwrap().principal_name, "flumen");
        std::fs::write(&file, "\n").unwrap();
        assert!(read(&file).is_err());
    }
}
