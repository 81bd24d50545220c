//! What every request passes: Host, Origin, a time limit, headers of the answer, a count.
//!
//! Invariants: no route is reached under a name that is not this machine's loopback, so a
//! page of another site can't reach a camera by rebinding its DNS name; a page of another
//! origin is refused.
//! Spec: RFC 9110 s7.2 (Host), Fetch s3.2 (Origin), CSP level 3.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::problem::{Answer, Failure};

/// Until the head of the answer is there.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The middleware.
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let host = match allowed(request.uri(), request.headers(), app.port) {
        Ok(host) => host,
        Err(failure) => return finish(&app, failure.into_response(), None),
    };
    let response = match tokio::time::timeout(TIME_LIMIT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Failure::http(
            StatusCode::GATEWAY_TIMEOUT,
            "timeout",
            format!("no answer within {} s: try again later", TIME_LIMIT.as_secs()),
        )
        .into_response(),
    };
    finish(&app, response, Some(&host))
}

/// The host under which this was asked, if it may be.
fn allowed(uri: &Uri, headers: &HeaderMap, port: u16) -> Answer<String> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return Err(Failure::http(StatusCode::BAD_REQUEST, "host", "exactly one Host is needed"));
    };
    let host = host.to_str().unwrap_or("").to_ascii_lowercase();
    let elsewhere = uri.authority().is_some_and(|a| !a.as_str().eq_ignore_ascii_case(&host));
    if elsewhere || !is_ours(&host, port) {
        return Err(Failure::forbidden(format!(
            "this is not served under that name: use http://localhost:{port}"
        )));
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let ours = format!("http://{host}");
    if origins.any(|o| !o.as_bytes().eq_ignore_ascii_case(ours.as_bytes())) {
        return Err(Failure::forbidden("pages of another origin may not use this API"));
    }
    Ok(host)
}

fn is_ours(host: &str, port: u16) -> bool {
    let ours = |name: &str| ["localhost", "127.0.0.1", "[::1]"].contains(&name);
    match host.rsplit_once(':') {
        Some((name, p)) if !p.ends_with(']') => ours(name) && p.parse() == Ok(port),
        _ => ours(host) && port == 80,
    }
}

fn finish(app: &App, mut response: Response, host: Option<&str>) -> Response {
    app.counters.answered(response.status());
    let headers = response.headers_mut();
    // Browsers that do not count WebSockets as 'self' need them named.
    let sockets = host.map(|h| format!(" ws://{h}")).unwrap_or_default();
    let csp = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
         img-src 'self' blob: data:; media-src 'self' blob:; worker-src 'self'; \
         manifest-src 'self'; connect-src 'self'{sockets}; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    );
    if let Ok(csp) = HeaderValue::from_str(&csp) {
        headers.insert(header::CONTENT_SECURITY_POLICY, csp);
    }
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_with_our_port() {
        for good in ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"] {
            assert!(is_ours(good, 8080), "{good}");
        }
        for bad in [
            "",
            "localhost",
            "localhost:80",
            "evil.example:8080",
            "127.0.0.1.evil.example:8080",
            "[::1]",
            "localhost:8080:8080",
            "localhost.:8080",
            "0.0.0.0:8080",
            "localhost:+8080 ",
        ] {
            assert!(!is_ours(bad, 8080), "{bad}");
        }
        assert!(is_ours("localhost", 80) && is_ours("[::1]", 80));
    }
}
