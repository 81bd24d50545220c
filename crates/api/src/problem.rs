//! Errors as problem documents, and the table from kind to HTTP status.
//!
//! Spec: RFC 9457 (problem details), RFC 9110 s15 (status codes).

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flumen_base::{Error, Kind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What went wrong, for a person and a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemDocument {
    /// `urn:flumen:` and the kind: `invalid`, `not-found`, `unsupported`, `unavailable`,
    /// `exhausted`, `data-loss`, `cancelled`, `internal`, or a word of HTTP's own.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened here, where, and what to do.
    pub detail: String,
}

/// An error on its way out.
#[derive(Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    name: &'static str,
    title: &'static str,
    detail: String,
}

/// Result of a handler.
pub(crate) type Answer<T> = Result<T, Failure>;

/// HTTP status and title of each kind.
pub(crate) fn status_of(kind: Kind) -> (StatusCode, &'static str) {
    match kind {
        Kind::Invalid => (StatusCode::BAD_REQUEST, "The request can't work as it stands"),
        Kind::NotFound => (StatusCode::NOT_FOUND, "It is not there"),
        Kind::Unsupported => (StatusCode::NOT_IMPLEMENTED, "This build or machine can't do it"),
        Kind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Not available just now"),
        Kind::Exhausted => (StatusCode::TOO_MANY_REQUESTS, "A limit is reached"),
        Kind::DataLoss => (StatusCode::GONE, "Stored data is damaged or gone"),
        Kind::Cancelled => (StatusCode::SERVICE_UNAVAILABLE, "It was stopped"),
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "A mistake of ours"),
    }
}

impl Failure {
    /// An answer of HTTP's own, without a kind.
    pub(crate) fn http(
        status: StatusCode,
        name: &'static str,
        detail: impl Into<String>,
    ) -> Failure {
        let title = status.canonical_reason().unwrap_or("Error");
        Failure { status, name, title, detail: detail.into() }
    }

    /// It was changed or made by somebody else meanwhile.
    pub(crate) fn conflict(detail: impl Into<String>) -> Failure {
        Failure::http(StatusCode::CONFLICT, "conflict", detail)
    }

    /// Who asks may not.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Failure {
        Failure::http(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    fn document(&self) -> ProblemDocument {
        ProblemDocument {
            kind: format!("urn:flumen:{}", self.name),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let (status, title) = status_of(error.kind());
        if status.is_server_error() {
            tracing::warn!(place = error.place(), kind = error.kind().name(), "{error}");
        }
        Failure { status, name: error.kind().name(), title, detail: error.message().to_owned() }
    }
}

impl From<JsonRejection> for Failure {
    fn from(rejected: JsonRejection) -> Failure {
        let name = match rejected.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "too-large",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "media-type",
            _ => return Error::invalid(rejected.body_text()).into(),
        };
        Failure::http(rejected.status(), name, rejected.body_text())
    }
}

impl From<QueryRejection> for Failure {
    fn from(rejected: QueryRejection) -> Failure {
        Error::invalid(rejected.body_text()).into()
    }
}

impl From<PathRejection> for Failure {
    fn from(rejected: PathRejection) -> Failure {
        Error::invalid(rejected.body_text()).into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = serde_json::to_string(&self.document()).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_status() {
        let table = Kind::ALL.map(|k| (k.name(), status_of(k).0.as_u16()));
        assert_eq!(
            table,
            [
                ("invalid", 400),
                ("not-found", 404),
                ("unsupported", 501),
                ("unavailable", 503),
                ("exhausted", 429),
                ("data-loss", 410),
                ("cancelled", 503),
                ("internal", 500),
            ]
        );
        for kind in Kind::ALL {
            let told = Failure::from(Error::new(kind, "what, where, what to do")).document();
            assert_eq!(told.kind, format!("urn:flumen:{}", kind.name()));
            assert_eq!(told.detail, "what, where, what to do");
            assert!(!told.title.is_empty());
        }
    }
}
