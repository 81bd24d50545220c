//! Listening, and stopping within two seconds.

use std::net::SocketAddr;
use std::time::Duration;

use flumen_base::{Context, Error, Result};
use tokio::net::TcpListener;

use crate::app::App;
use crate::listener::Bounded;
use crate::{ApiConfig, Face, routes};

/// For answers and sockets under way to end.
const GRACE: Duration = Duration::from_millis(1200);
/// For the threads that read the bus.
const READERS: Duration = Duration::from_millis(600);

/// Serves until `shutdown` resolves; `ready` is told the bound address.
///
/// # Errors
/// `Unsupported` for an address that is not loopback, `Unavailable` when it is taken, or
/// what the bus says to a new reader.
///
/// *Cancel safety*: dropping it closes the listener; the threads that read the bus go on.
pub async fn serve(
    face: Face,
    config: ApiConfig,
    ready: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    config.validate()?;
    let listener = TcpListener::bind(config.listen).await.map_err(|e| {
        let free = "stop the program that holds it, or set another api.listen (port 0 = any)";
        Error::unavailable(format!("can't listen on {}: {e}; {free}", config.listen)).with_source(e)
    })?;
    let bound = listener.local_addr().context("read the bound address")?;
    let app = App::new(face, &config, bound.port());
    let readers = app.start_readers()?;
    let stop = app.clone();
    let server =
        axum::serve(Bounded::new(listener, config.max_connections), routes::router(app.clone()))
            .with_graceful_shutdown(async move { stop.stopping().await });
    let mut server = std::pin::pin!(server.into_future());
    ready(bound);
    let ended = tokio::select! {
        ended = &mut server => Some(ended),
        () = shutdown => None,
    };
    app.stop();
    let places = u32::try_from(config.max_websockets).unwrap_or(u32::MAX);
    let quiet = async {
        if ended.is_none() {
            let _ = server.await;
        }
        // All places free = all sockets have said good-bye.
        let _ = app.sockets.acquire_many(places).await;
    };
    if tokio::time::timeout(GRACE, quiet).await.is_err() {
        tracing::info!("some connections were cut: they took longer than {GRACE:?} to end");
    }
    let joined = tokio::task::spawn_blocking(move || {
        readers.into_iter().map(std::thread::JoinHandle::join).filter(Result::is_err).count()
    });
    if let Ok(Ok(failed @ 1..)) = tokio::time::timeout(READERS, joined).await {
        return Err(Error::internal(format!("{failed} readers of the bus ended by a panic")));
    }
    match ended {
        Some(Err(e)) => Err(Error::io("serve", e)),
        Some(Ok(())) | None => Ok(()),
    }
}
