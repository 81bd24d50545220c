//! Trying an address before a camera is made of it.
//!
//! Invariants: a few at a time; the answer never repeats a password.

use axum::Json;
use axum::extract::State;
use flumen_base::{Error, Kind, Result};

use super::input;
use crate::app::App;
use crate::extract::{Input, blocking};
use crate::face::{Probe, ProbeRequest};
use crate::model::{Codec, ProbeAnswer, ProbeInput};
use crate::problem::{Answer, ProblemDocument};

/// Tries an address: says what is there and shows a picture, or a plain reason.
#[utoipa::path(post, path = "/api/v1/probe", tag = "cameras", request_body = ProbeInput, responses(
    (status = 200, body = ProbeAnswer, description = "also when nothing came: then ok is false"),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn probe_address(
    State(app): State<App>,
    Input(asked): Input<ProbeInput>,
) -> Answer<Json<ProbeAnswer>> {
    let permit = app.probes.clone().try_acquire_owned().map_err(|_| {
        Error::exhausted("other addresses are being tried just now: try again in some seconds")
    })?;
    let tried = blocking(move || {
        // Held by the call itself: it goes on when the client is gone.
        let _permit = permit;
        Ok(attempt(&app, asked))
    })
    .await?;
    Ok(Json(tried.unwrap_or_else(|e| refusal(&e))))
}

fn attempt(app: &App, asked: ProbeInput) -> Result<ProbeAnswer> {
    let (address, username, password) =
        input::credentials(&asked.address, asked.username, asked.password)?;
    if address.starts_with("push:") {
        return Err(Error::invalid(
            "nothing is to be tried here: a push: camera waits until `flumen push` sends to it",
        ));
    }
    app.face.cameras.check(&address)?;
    let transport = input::transport(asked.transport);
    let request = ProbeRequest { address, username, password, transport };
    Ok(success(app.face.cameras.probe(&request)?))
}

fn success(probe: Probe) -> ProbeAnswer {
    ProbeAnswer {
        ok: true,
        codec: Codec::of(probe.codec),
        width: Some(probe.width),
        height: Some(probe.height),
        frame_rate: Some(probe.frame_rate_hz).filter(|r| r.is_finite() && *r > 0.0),
        audio: Some(probe.audio),
        picture: probe.jpeg.map(|j| format!("data:image/jpeg;base64,{}", base64(&j))),
        ..ProbeAnswer::default()
    }
}

fn refusal(error: &Error) -> ProbeAnswer {
    let fix = match error.kind() {
        Kind::Invalid => "Correct the address, user name or password.",
        Kind::NotFound => "Check the path behind the host: the camera's manual names it.",
        Kind::Unsupported => "Set the camera to H.264, H.265 or MJPEG.",
        Kind::Exhausted => "Set the camera to a smaller picture, or try again later.",
        Kind::Unavailable | Kind::Cancelled => {
            "Check that the camera is on and that host and port are right, then try again."
        }
        Kind::DataLoss => "The stream is damaged: try the other transport (tcp instead of udp).",
        Kind::Internal => "This is a mistake of ours: please report it.",
    };
    ProbeAnswer {
        reason: Some(error.message().to_owned()),
        fix: Some(fix.to_owned()),
        ..ProbeAnswer::default()
    }
}

/// RFC 4648 s4, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |i: usize| chunk.get(i).copied().unwrap_or(0);
        let bits = u32::from_be_bytes([0, at(0), at(1), at(2)]);
        for i in 0..4 {
            let digit = DIGITS.get((bits >> (18 - 6 * i)) as usize & 63).copied();
            out.push(if i <= chunk.len() { digit.map_or('=', char::from) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_the_paper_says() {
        // RFC 4648 s10.
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn every_kind_has_a_fix() {
        for kind in Kind::ALL {
            let told = refusal(&Error::new(kind, "why"));
            assert!(!told.ok && told.reason.as_deref() == Some("why") && told.fix.is_some());
        }
    }
}
