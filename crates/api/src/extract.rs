//! Taking requests apart: every refusal is a problem document.

use axum::Json;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts as Head;
use flumen_base::{CameraId, Error, Result};
use serde::de::DeserializeOwned;

use crate::problem::{Answer, Failure};

/// A JSON body.
pub(crate) struct Input<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Failure;
    async fn from_request(request: Request, state: &S) -> Answer<Input<T>> {
        let Json(value) = Json::<T>::from_request(request, state).await?;
        Ok(Input(value))
    }
}

/// The query part of the URL.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Head, state: &S) -> Answer<Asked<T>> {
        let Query(value) = Query::<T>::from_request_parts(parts, state).await?;
        Ok(Asked(value))
    }
}

/// The camera named in the path.
pub(crate) struct Named(pub(crate) CameraId);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Head, state: &S) -> Answer<Named> {
        let Path(name) = Path::<String>::from_request_parts(parts, state).await?;
        Ok(Named(CameraId::new(&name)?))
    }
}

/// Parts of the path.
pub(crate) struct Parts<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Parts<T> {
    type Rejection = Failure;
    async fn from_request_parts(parts: &mut Head, state: &S) -> Answer<Parts<T>> {
        let Path(value) = Path::<T>::from_request_parts(parts, state).await?;
        Ok(Parts(value))
    }
}

/// Runs a call that may block away from the async threads.
///
/// *Cancel safety*: the call goes on when the caller is gone.
pub(crate) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T> + Send + 'static,
) -> Answer<T> {
    match tokio::task::spawn_blocking(call).await {
        Ok(told) => Ok(told?),
        Err(e) => Err(Error::internal(format!("a worker of the face failed: {e}")).into()),
    }
}

/// `from_us < to_us`, and not more than `max_us` between them.
pub(crate) fn span(from_us: i64, to_us: i64, max_us: i64) -> Result<()> {
    if from_us < 0 || to_us <= from_us {
        return Err(Error::invalid(format!(
            "from_us = {from_us}, to_us = {to_us}: from_us must be at least 0 and below to_us \
             (UTC in microseconds)"
        )));
    }
    if to_us - from_us > max_us {
        return Err(Error::invalid(format!(
            "the span of {} s is too long: ask for at most {} s at a time",
            (to_us - from_us) / 1_000_000,
            max_us / 1_000_000
        )));
    }
    Ok(())
}
