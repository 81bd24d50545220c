//! `flumen run` and `flumen demo`: all rooms in one process, wired here.
//!
//! Invariants: rooms start from the ground up and stop from the top down, so nothing is
//! handed to a room that is gone; the data directory is owned for as long as any runs.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use flumen_api::Face;
use flumen_archive::{Archive, ArchiveConfig, LocalStore};
use flumen_base::{Context, Error, Result, SystemClock, topic};
use flumen_bus::{Bus, Embedded, EmbeddedConfig, Keep};
use flumen_ingest::{Ingest, IngestConfig};
use flumen_runtime::{Runtime, RuntimeConfig};

use crate::config::Config;
use crate::lock::Lock;
use crate::{Site, adapt, demo};

/// Example: flumen run --data data --listen 127.0.0.1:8480
#[derive(Args)]
pub struct RunArgs {
    /// Address of the web pages and the API; overrides the configuration.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

/// Runs until interrupted.
pub fn run(site: &Site, args: &RunArgs, with_demo: bool) -> Result<()> {
    let begin = Instant::now();
    let mut config = site.load()?;
    if let Some(listen) = args.listen {
        config.api.listen = listen;
    }
    config.api.validate()?;
    logging();
    let mut lock = Lock::take(&site.data)?;
    let rooms = Rooms::start(&site.data, &config)?;
    if with_demo {
        demo::add_cameras(rooms.bus.as_ref())?;
    }
    let served = serve_http(&rooms, &config, &site.data, |address| {
        lock.tell(Some(address))?;
        println!(
            "flumen is at http://{address} after {:.1} s; Ctrl-C stops it",
            begin.elapsed().as_secs_f32()
        );
        Ok(())
    });
    let stopped = rooms.stop();
    served.and(stopped)
}

/// The workers of one process.
pub struct Rooms {
    pub bus: Arc<Embedded>,
    pub ingest: Arc<Ingest>,
    pub runtime: Arc<Runtime>,
    pub archive: Arc<Archive>,
}

impl Rooms {
    fn start(data: &Path, config: &Config) -> Result<Rooms> {
        let bus = Embedded::open(&data.join("bus"), bus_config(config)).context("open the bus")?;
        let as_bus: Arc<dyn Bus> = bus.clone();
        let store = Arc::new(LocalStore::open(&data.join("archive"))?);
        let archive = Archive::start(as_bus.clone(), store, archive_config(data, config))
            .context("open the archive")?;
        let runtime = Runtime::start(as_bus.clone(), runtime_config(data, config))
            .context("start the analysis")?;
        let ingest = Ingest::start(as_bus, ingest_config(data, config), Arc::new(SystemClock))
            .context("start the cameras")?;
        Ok(Rooms {
            bus,
            ingest: Arc::new(ingest),
            runtime: Arc::new(runtime),
            archive: Arc::new(archive),
        })
    }

    /// From the cameras down to the log; the first error is told, all are tried.
    fn stop(self) -> Result<()> {
        let held = |room: &str| Error::internal(format!("{room} is still in use at the end"));
        let ingest = Arc::try_unwrap(self.ingest).map(|i| i.stop()).map_err(|_| held("ingest"));
        let runtime =
            Arc::try_unwrap(self.runtime).map_err(|_| held("runtime")).and_then(|r| r.stop());
        let archive =
            Arc::try_unwrap(self.archive).map_err(|_| held("archive")).and_then(|a| a.stop());
        let bus = self.bus.close();
        ingest.and(runtime).and(archive).and(bus)
    }
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
    let face = Face::new(
        rooms.bus.clone(),
        Arc::new(adapt::IngestCameras::new(rooms.ingest.clone(), config.ingest.clone())),
        Arc::new(adapt::ArchiveLibrary::new(rooms.archive.reader())),
        Arc::new(adapt::RoomStages::new(rooms, data)),
    );
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

fn bus_config(config: &Config) -> EmbeddedConfig {
    let results = Keep { age: config.bus.results_age.0, bytes: config.bus.results_bytes.0 };
    let mut keep: std::collections::HashMap<String, Keep> =
        topic::LOGS.iter().map(|t| ((*t).to_owned(), results)).collect();
    keep.insert(
        topic::VIDEO.into(),
        Keep { age: config.bus.video_age.0, bytes: config.bus.video_bytes.0 },
    );
    EmbeddedConfig {
        partitions: config.bus.partitions,
        sync_delay: config.bus.sync_delay.0,
        keep,
        ..EmbeddedConfig::default()
    }
}

fn ingest_config(data: &Path, config: &Config) -> IngestConfig {
    IngestConfig {
        cache_dir: data.join("farm"),
        key_file: data.join("site.key"),
        file_roots: config.ingest.file_roots.clone(),
        allow_hosts: config.ingest.allow_hosts.clone(),
        reconnect_max: config.ingest.reconnect_max.0,
        stall: config.ingest.stall.0,
        max_cameras: config.ingest.max_cameras,
        ..IngestConfig::default()
    }
}

fn runtime_config(data: &Path, config: &Config) -> RuntimeConfig {
    let default = RuntimeConfig::default();
    RuntimeConfig {
        dir: data.join("runtime"),
        workers: if config.analysis.workers == 0 {
            default.workers
        } else {
            config.analysis.workers
        },
        queue_units: config.analysis.queue,
        checkpoint_every: config.analysis.checkpoint_every.0,
        ..default
    }
}

fn archive_config(data: &Path, config: &Config) -> ArchiveConfig {
    let keep = flumen_archive::Keep {
        age: Some(config.archive.keep.0),
        bytes: Some(config.archive.keep_bytes.0),
    };
    ArchiveConfig {
        dir: data.join("archive"),
        segment_max: config.archive.segment.0,
        keep,
        export_days: config.archive.export_days,
        ..ArchiveConfig::default()
    }
}

fn logging() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::try_from_env("FLUMEN_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // Only a second call in one process can fail, and then logging is there already.
    let _ =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
