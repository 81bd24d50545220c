//! Listening, and stopping in two seconds.

use std::net::SocketAddr;

use flumen_base::{Error, Result};

use crate::{ApiConfig, Face};

/// Serves until `shutdown`; `ready` is told the bound address.
///
/// # Errors
/// `Unsupported` for an address that is not loopback, `Unavailable` when it is taken.
pub async fn serve(
    _face: Face,
    config: ApiConfig,
    _ready: impl FnOnce(SocketAddr),
    _shutdown: impl Future<Output = ()>,
) -> Result<()> {
    config.validate()?;
    Err(Error::unsupported("the face is not built yet"))
}

/// The API's description, OpenAPI 3.1 as JSON.
pub fn openapi() -> String {
    String::from("{}")
}
