//! `flumen run`, `demo`, `ingest`, `archive` and `api`: rooms in a process, until interrupted.
//!
//! Invariants: the data directory is owned for as long as any room runs.
//! Not here: which rooms a role has and how they are wired (`rooms`).

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use flumen_api::Face;
use flumen_base::{Context, Error, Result};

use crate::config::{BusKind, Config};
use crate::lock::Lock;
use crate::rooms::{Role, Rooms};
use crate::{Site, adapt, demo, show};

/// Example: flumen run --data data --listen 127.0.0.1:8480
#[derive(Args)]
pub struct RunArgs {
    /// Address of the web pages and the API; overrides the configuration.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
}

/// Runs until interrupted.
pub fn run(site: &Site, args: &RunArgs, with_demo: bool) -> Result<()> {
    let config = site.load()?;
    start(site, config, args.listen, Role::All, with_demo)
}

/// Runs one role of several, until interrupted.
pub fn role(site: &Site, role: Role, listen: Option<SocketAddr>) -> Result<()> {
    let config = site.load()?;
    if config.bus.kind != BusKind::Kafka {
        return Err(Error::invalid(format!(
            "`flumen {}` is a part of Flumen on Kafka: set bus.kind = \"kafka\" and kafka.brokers; \
             without Kafka `flumen run` is everything in one process",
            role.name()
        )));
    }
    if role != Role::Archive && config.cluster.site_key_file.as_os_str().is_empty() {
        return Err(Error::invalid(format!(
            "`flumen {}` needs the site's key: set cluster.site_key_file to one file for all \
             processes of the site; the first ingest makes it when it is not there",
            role.name()
        )));
    }
    start(site, config, listen, role, false)
}

fn start(
    site: &Site,
    mut config: Config,
    listen: Option<SocketAddr>,
    role: Role,
    with_demo: bool,
) -> Result<()> {
    let begin = Instant::now();
    if let Some(listen) = listen {
        config.api.listen = listen;
    }
    config.api.validate()?;
    logging();
    let mut lock = Lock::take(&site.data)?;
    let rooms = Rooms::start(&site.data, &config, role)?;
    let mut learning = None;
    if with_demo {
        demo::add_cameras(rooms.bus.as_ref())?;
        learning = demo::learn_days(rooms.bus.clone())?;
    }
    let took = || begin.elapsed().as_secs_f32();
    let served = if role.has_face() {
        serve_http(&rooms, &config, &site.data, |address| {
            lock.tell(Some(address))?;
            show::say(format_args!(
                "flumen is at http://{address} after {:.1} s; Ctrl-C stops it",
                took()
            ));
            Ok(())
        })
    } else {
        show::say(format_args!(
            "flumen {} runs after {:.1} s; Ctrl-C stops it",
            role.name(),
            took()
        ));
        wait()
    };
    drop(learning);
    let stopped = rooms.stop();
    served.and(stopped)
}

fn wait() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the async thread")?;
    runtime.block_on(interrupted());
    Ok(())
}

fn serve_http(
    rooms: &Rooms,
    config: &Config,
    data: &Path,
    ready: impl FnOnce(SocketAddr) -> Result<()>,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("start the async threads")?;
    let mut face = Face::new(
        rooms.bus.clone(),
        rooms.cameras.clone(),
        rooms.library.clone(),
        Arc::new(adapt::RoomStages::new(rooms, data)),
    );
    if let Some(latest) = &rooms.latest {
        face = face.with_latest(latest.clone());
    }
    if !config.cluster.flink.is_empty() {
        let flink = flumen_api::Flink::start(&config.cluster.flink)?;
        face = face.with_engines(Arc::new(flink));
    }
    let served = runtime.block_on(flumen_api::serve(
        face,
        config.api.clone(),
        |address| {
            if let Err(e) = ready(address) {
                tracing::error!("the address can't be told to other commands: {e}");
            }
        },
        interrupted(),
    ));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    served
}

async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("the process may handle SIGTERM");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

fn logging() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("FLUMEN_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // Only a second call in one process can fail, and then logging is there already.
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
