//! Which rooms a process has, and how they are wired.
//!
//! Invariants: rooms start from the ground up and stop from the top down, so nothing is
//! handed to a room that is gone; on the embedded bus the analysis and the archive have taken
//! the cameras' end markers before they stop, so no event stays open over a clean stop.
//! Not here: what only processes of a site on Kafka have (`cluster`).

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flumen_api as api;
use flumen_archive::{Archive, LocalStore};
use flumen_base::{Context, Error, Result, SystemClock};
use flumen_bus::{Bus, Embedded};
use flumen_ingest::Ingest;
use flumen_learn::Learner;
use flumen_notify::Notify;
use flumen_runtime::Runtime;

use crate::cluster::{self, Cluster};
use crate::config::{BusKind, Config};
use crate::{adapt, settings};

/// How long the analysis may take, at a stop, for what is in the log already.
const SETTLE: Duration = Duration::from_secs(5);

/// What a process is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything that is not the engines'.
    All,
    /// Cameras to the bus.
    Ingest,
    /// The bus to files.
    Archive,
    /// Web pages and API.
    Api,
}

impl Role {
    /// The subcommand.
    pub fn name(self) -> &'static str {
        match self {
            Role::All => "run",
            Role::Ingest => "ingest",
            Role::Archive => "archive",
            Role::Api => "api",
        }
    }

    pub fn has_ingest(self) -> bool {
        matches!(self, Role::All | Role::Ingest)
    }

    pub fn has_archive(self) -> bool {
        matches!(self, Role::All | Role::Archive)
    }

    pub fn has_face(self) -> bool {
        matches!(self, Role::All | Role::Api)
    }
}

/// The workers of one process.
pub struct Rooms {
    pub bus: Arc<dyn Bus>,
    pub ingest: Option<Arc<Ingest>>,
    pub runtime: Option<Arc<Runtime>>,
    pub archive: Option<Arc<Archive>>,
    /// Learning, on the embedded bus.
    pub learn: Option<Arc<Learner>>,
    /// Webhooks, where there are any.
    pub notify: Option<Arc<Notify>>,
    /// The cameras as the face has them: ours, or those of all processes of the site.
    pub cameras: Arc<dyn api::Cameras>,
    pub library: Arc<dyn api::Library>,
    pub latest: Option<Arc<dyn api::peer::Latest>>,
    ground: Ground,
}

/// What is closed last.
enum Ground {
    Embedded(Arc<Embedded>),
    Cluster(Cluster),
}

impl Rooms {
    pub fn start(data: &Path, config: &Config, role: Role) -> Result<Rooms> {
        match config.bus.kind {
            BusKind::Embedded => Rooms::embedded(data, config),
            BusKind::Kafka => Rooms::on_kafka(data, config, role),
        }
    }

    fn embedded(data: &Path, config: &Config) -> Result<Rooms> {
        cluster::is_not_moved(data)?;
        let ground =
            Embedded::open(&data.join("bus"), settings::bus(config)).context("open the bus")?;
        let bus: Arc<dyn Bus> = ground.clone();
        let archive = archive(data, config, &bus)?;
        let runtime = Runtime::start(bus.clone(), settings::runtime(data, config))
            .context("start the analysis")?;
        let ingest =
            Ingest::start(bus.clone(), settings::ingest(data, config), Arc::new(SystemClock))
                .context("start the cameras")?;
        let ingest = Arc::new(ingest);
        let learn = learn(data, config, &bus)?;
        let notify = notify(config, &bus)?;
        let cameras = adapt::IngestCameras::new(ingest.clone(), config.ingest.clone());
        let library = adapt::ArchiveLibrary::new(archive.reader());
        Ok(Rooms {
            bus,
            ingest: Some(ingest),
            runtime: Some(Arc::new(runtime)),
            archive: Some(Arc::new(archive)),
            learn,
            notify,
            cameras: Arc::new(cameras),
            library: Arc::new(library),
            latest: None,
            ground: Ground::Embedded(ground),
        })
    }

    fn on_kafka(data: &Path, config: &Config, role: Role) -> Result<Rooms> {
        let mut cluster = Cluster::open(data, config, role)?;
        let bus = cluster.bus();
        let archive = match role.has_archive() {
            true => Some(Arc::new(archive(data, config, &bus)?)),
            false => None,
        };
        let ingest = match role.has_ingest() {
            true => Some(cluster.ingest(data, config)?),
            false => None,
        };
        // Who serves the web pages tells; several share the events.
        let notify = match role.has_face() {
            true => notify(config, &bus)?,
            false => None,
        };
        let seen = cluster.seen(data, config, role)?;
        let library: Arc<dyn api::Library> = match &archive {
            Some(archive) => Arc::new(adapt::ArchiveLibrary::new(archive.reader())),
            None => cluster.library(data, config, role)?,
        };
        Ok(Rooms {
            bus,
            ingest,
            runtime: None,
            archive,
            learn: None,
            notify,
            cameras: seen.cameras,
            library,
            latest: seen.latest,
            ground: Ground::Cluster(cluster),
        })
    }

    /// From the cameras down to the log; the first error is told, all are tried.
    pub fn stop(self) -> Result<()> {
        let Rooms {
            bus,
            ingest,
            runtime,
            archive,
            learn,
            notify,
            cameras,
            library,
            latest,
            ground,
        } = self;
        drop((bus, cameras, library, latest));
        let ground = ground.leave();
        let mut all = vec![ended("ingest", ingest, |i| {
            i.stop();
            Ok(())
        })];
        all.push(ended("runtime", runtime, |r| {
            if !r.settle(SETTLE) {
                tracing::warn!("the analysis is behind; the next start goes on where it stopped");
            }
            r.stop()
        }));
        all.push(ended("learn", learn, |l| {
            drop(l);
            Ok(())
        }));
        all.push(ended("archive", archive, Archive::stop));
        all.push(ended("notify", notify, Notify::stop));
        all.push(ground.close());
        all.into_iter().collect()
    }
}

impl Ground {
    /// Nobody outside is answered any more.
    fn leave(self) -> Ground {
        match self {
            Ground::Embedded(bus) => Ground::Embedded(bus),
            Ground::Cluster(cluster) => Ground::Cluster(cluster.leave()),
        }
    }

    fn close(self) -> Result<()> {
        match self {
            Ground::Embedded(bus) => bus.close(),
            Ground::Cluster(cluster) => cluster.close(),
        }
    }
}

/// Ends a room that nobody else holds.
fn ended<T>(name: &str, room: Option<Arc<T>>, end: impl FnOnce(T) -> Result<()>) -> Result<()> {
    let Some(room) = room else { return Ok(()) };
    let held = |_| Error::internal(format!("{name} is still in use at the end"));
    Arc::try_unwrap(room).map_err(held).and_then(end)
}

/// The archive of a data directory, over a bus.
pub fn archive(data: &Path, config: &Config, bus: &Arc<dyn Bus>) -> Result<Archive> {
    let store = Arc::new(LocalStore::open(&config.archive.files(data))?);
    Archive::start(bus.clone(), store, settings::archive(data, config)).context("open the archive")
}

/// Learning, where the configuration wants it.
fn learn(data: &Path, config: &Config, bus: &Arc<dyn Bus>) -> Result<Option<Arc<Learner>>> {
    if !config.learn.enabled {
        return Ok(None);
    }
    let learner = Learner::start(bus.clone(), &settings::learn(data, config));
    Ok(Some(Arc::new(learner.context("start learning")?)))
}

/// The webhooks, where the configuration names some.
fn notify(config: &Config, bus: &Arc<dyn Bus>) -> Result<Option<Arc<Notify>>> {
    if config.notify.targets.is_empty() {
        return Ok(None);
    }
    let notify = Notify::start(bus, settings::notify(config)).context("start the webhooks")?;
    Ok(Some(Arc::new(notify)))
}
