//! What only a process of a site on Kafka has: the bus with its spool, peers, the move.
//!
//! Invariants: an ingest's address is known before it claims a camera; records that a full
//! spool dropped reach the gap ledger within seconds.
//! Not here: the peers' words (`api::peer`), the copy (`commands::copy`).

use std::path::Path;
use std::sync::Arc;

use flumen_api as api;
use flumen_base::{Error, Result};

/// The cameras of the site, for the face.
pub struct Seen {
    pub cameras: Arc<dyn api::Cameras>,
    pub latest: Option<Arc<dyn api::peer::Latest>>,
}

/// Refuses the embedded bus where the archive goes on with Kafka.
pub fn is_not_moved(data: &Path) -> Result<()> {
    if !crate::moving::is_moved(data) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "what is in {} goes on with Kafka: set bus.kind = \"kafka\", or name another directory with --data",
        data.display()
    )))
}

#[cfg(feature = "kafka")]
pub use on::Cluster;

#[cfg(feature = "kafka")]
mod on {
    use std::collections::BTreeSet;
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
    use std::thread::JoinHandle;
    use std::time::Duration;

    use flumen_api as api;
    use flumen_api::peer::{Place, Remote, Server, Shown, Tap, Token};
    use flumen_archive::{ArchiveConfig, Follower, LocalStore};
    use flumen_base::{CameraId, Context, Result, SystemClock, topic};
    use flumen_bus::{Bus, Kafka};
    use flumen_ingest::Ingest;

    use super::Seen;
    use crate::config::Config;
    use crate::rooms::Role;
    use crate::{adapt, settings, stand_in};

    const EVERY: Duration = Duration::from_secs(1);

    /// A process's part of the site.
    pub struct Cluster {
        kafka: Arc<Kafka>,
        remote: Option<Arc<Remote>>,
        peer: Option<Server>,
        keeper: Option<Keeper>,
        follower: Option<Follower>,
    }

    impl Cluster {
        /// The bus with its spool.
        pub fn open(data: &Path, config: &Config, role: Role) -> Result<Cluster> {
            if role.has_archive() {
                crate::moving::settle_archive(data, config)?;
            }
            let kafka = crate::kafka::open(data, config)?;
            Ok(Cluster { kafka, remote: None, peer: None, keeper: None, follower: None })
        }

        pub fn bus(&self) -> Arc<dyn Bus> {
            self.kafka.clone()
        }

        /// Cameras of this process, and its answers to the others.
        pub fn ingest(&mut self, data: &Path, config: &Config) -> Result<Arc<Ingest>> {
            let tap = Tap::new(self.bus());
            let place = Place::take(&config.peer)?;
            let process = process_name();
            let ours = flumen_ingest::IngestConfig {
                process: process.clone(),
                address: place.address().to_owned(),
                ..settings::ingest(data, config)
            };
            let ingest = Ingest::start(tap.clone(), ours, Arc::new(SystemClock));
            let ingest = Arc::new(ingest.context("start the cameras")?);
            let cameras = adapt::IngestCameras::new(ingest.clone(), config.ingest.clone());
            let shown = Shown {
                process,
                cameras: Arc::new(cameras),
                latest: tap.clone(),
                token: Token::of_key_file(&config.cluster.key(data))?,
            };
            self.peer = Some(Server::start(place, shown, self.bus())?);
            self.keeper = Some(Keeper::start(self.kafka.clone(), ingest.clone(), tap)?);
            Ok(ingest)
        }

        /// The cameras of all processes, for a face.
        pub fn seen(&mut self, data: &Path, config: &Config, role: Role) -> Result<Seen> {
            if !role.has_face() {
                return Ok(Seen { cameras: Arc::new(stand_in::NoCameras), latest: None });
            }
            let key = config.cluster.key(data);
            let rules = stand_in::SiteRules::open(&key, config.ingest.clone())?;
            let token = Token::of_key_file(&key)?;
            let remote = Remote::start(self.bus(), token, Arc::new(rules))?;
            self.remote = Some(remote.clone());
            Ok(Seen { cameras: remote.clone(), latest: Some(remote) })
        }

        /// What a process without recorder can show of the archive.
        pub fn library(
            &mut self,
            data: &Path,
            config: &Config,
            role: Role,
        ) -> Result<Arc<dyn api::Library>> {
            if !role.has_face() {
                return Ok(Arc::new(stand_in::NoLibrary));
            }
            let store = Arc::new(LocalStore::open(&config.archive.files(data))?);
            let rows = ArchiveConfig { dir: data.join("rows"), ..settings::archive(data, config) };
            let follower =
                Follower::start(self.bus(), store, rows).context("follow the archive")?;
            let library = adapt::ArchiveLibrary::new(follower.reader());
            self.follower = Some(follower);
            Ok(Arc::new(library))
        }

        /// Nobody outside is answered any more.
        pub fn leave(mut self) -> Cluster {
            drop(self.keeper.take());
            if let Some(peer) = self.peer.take() {
                peer.stop();
            }
            drop(self.remote.take());
            drop(self.follower.take());
            self
        }

        pub fn close(self) -> Result<()> {
            self.kafka.close()
        }
    }

    /// Host and pid: two processes of a site never share it.
    fn process_name() -> String {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host = host.trim();
        let host = if host.is_empty() { "host" } else { host };
        format!("{host}-{}", std::process::id())
    }

    /// Looks after spool and tap once a second.
    struct Keeper {
        end: Option<Sender<()>>,
        thread: Option<JoinHandle<()>>,
    }

    impl Keeper {
        fn start(kafka: Arc<Kafka>, ingest: Arc<Ingest>, tap: Arc<Tap>) -> Result<Keeper> {
            let (end, ended) = channel();
            let thread = std::thread::Builder::new()
                .name("cluster-keep".into())
                .spawn(move || {
                    while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                        note_dropped(&kafka, &ingest);
                        let ours: BTreeSet<CameraId> =
                            ingest.status().into_iter().map(|s| s.id).collect();
                        tap.retain(&ours);
                    }
                    note_dropped(&kafka, &ingest);
                })
                .context("start the thread that looks after the spool")?;
            Ok(Keeper { end: Some(end), thread: Some(thread) })
        }
    }

    impl Drop for Keeper {
        fn drop(&mut self) {
            drop(self.end.take());
            if let Some(thread) = self.thread.take()
                && thread.join().is_err()
            {
                tracing::error!("the thread that looks after the spool had panicked");
            }
        }
    }

    fn note_dropped(kafka: &Kafka, ingest: &Ingest) {
        for lost in kafka.take_dropped() {
            let name = String::from_utf8_lossy(&lost.key).into_owned();
            let name = name.split('/').next().unwrap_or_default();
            tracing::error!(
                topic = lost.topic,
                camera = name,
                records = lost.records,
                "the spool was full: the oldest records were dropped"
            );
            if let (true, Ok(camera)) = (lost.topic.ends_with(topic::VIDEO), CameraId::new(name)) {
                let why = "the spool was full while Kafka was away";
                ingest.dropped(&camera, (lost.first_us, lost.last_us), lost.records, why);
            }
        }
    }
}

/// A build without Kafka has no cluster.
#[cfg(not(feature = "kafka"))]
pub struct Cluster(std::convert::Infallible);

#[cfg(not(feature = "kafka"))]
mod off {
    use super::*;
    use crate::config::Config;
    use crate::rooms::Role;

    impl Cluster {
        pub fn open(_: &Path, _: &Config, _: Role) -> Result<Cluster> {
            Err(crate::kafka::absent())
        }

        pub fn bus(&self) -> Arc<dyn flumen_bus::Bus> {
            match self.0 {}
        }

        pub fn ingest(&mut self, _: &Path, _: &Config) -> Result<Arc<flumen_ingest::Ingest>> {
            match self.0 {}
        }

        pub fn seen(&mut self, _: &Path, _: &Config, _: Role) -> Result<Seen> {
            match self.0 {}
        }

        pub fn library(&mut self, _: &Path, _: &Config, _: Role) -> Result<Arc<dyn api::Library>> {
            match self.0 {}
        }

        pub fn leave(self) -> Cluster {
            self
        }

        pub fn close(self) -> Result<()> {
            match self.0 {}
        }
    }
}
