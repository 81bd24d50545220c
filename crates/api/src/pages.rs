//! The web pages: files of `web/dist`, inside the binary.
//!
//! Invariants: a file is served with the type its name says and never guessed; files whose
//! name holds a hash are kept for ever, all others are asked for again.
//! Not here: the pages' source (`web/`).

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::app::App;
use crate::model::hex;
use crate::problem::Failure;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

const MISSING: &str = include_str!("missing.html");

/// Everything that is not API.
pub(crate) async fn page(
    State(_): State<App>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") {
        return missing(
            "there is no such address in this API: GET /api/v1/openapi.json lists them",
        );
    }
    if method != Method::GET && method != Method::HEAD {
        return not_allowed().await.into_response();
    }
    if let Some(file) = Dist::get(path) {
        return answer(path, &file, &headers);
    }
    // A page's address has no dot; a file that is not there must not look like a page.
    if path.rsplit('/').next().is_some_and(|name| name.contains('.')) {
        return missing("there is no such file");
    }
    match Dist::get("index.html") {
        Some(index) => answer("index.html", &index, &headers),
        None => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], MISSING).into_response(),
    }
}

/// The address is there, the method is not.
pub(crate) async fn not_allowed() -> impl IntoResponse {
    Failure::http(
        StatusCode::METHOD_NOT_ALLOWED,
        "method",
        "this address does not take this method: GET /api/v1/openapi.json lists what it takes",
    )
}

fn missing(detail: &str) -> Response {
    Failure::from(flumen_base::Error::not_found(detail.to_owned())).into_response()
}

fn answer(path: &str, file: &EmbeddedFile, asked: &HeaderMap) -> Response {
    let hash = hex(file.metadata.sha256_hash().get(..16).unwrap_or_default());
    let tag = format!("\"{hash}\"");
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|t| t.as_bytes() == tag.as_bytes());
    let mut response = match known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => file.data.clone().into_owned().into_response(),
    };
    let kept = match is_hashed(path) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    headers.extend(HeaderValue::from_str(&tag).ok().map(|tag| (header::ETAG, tag)));
    response
}

/// `name-ABCD1234.js`, as esbuild writes it.
fn is_hashed(path: &str) -> bool {
    let stem = path.rsplit('/').next().and_then(|name| name.split('.').next());
    stem.and_then(|s| s.rsplit_once('-')).is_some_and(|(_, hash)| {
        hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, kind)| kind) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("wasm") => "application/wasm",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hashed_names_are_kept_for_ever() {
        assert!(is_hashed("assets/app-ABCD2345.js") && is_hashed("app-ABCD2345.js.map"));
        assert!(!is_hashed("index.html") && !is_hashed("my-settings.js") && !is_hashed("a-1.js"));
    }

    #[test]
    fn types_are_told() {
        assert_eq!(content_type("a/b.js"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("x"), "application/octet-stream");
    }
}
