//! The room's door: start, ask, try, push, stop.
//!
//! Invariants: after `stop` (or a drop) no thread of a camera sends any more, unless it did
//! not end within 2 s, which is told.
//! Not here: the work itself (`supervisor`, `camera`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use bytes::Bytes;
use flumen_base::wire::{Gap, GapCause};
use flumen_base::{CameraId, Clock, Context as _, Error, Result, topic};
use flumen_bus::Bus;

use crate::config::IngestConfig;
use crate::inputs::Inputs;
use crate::ledger::Ledger;
use crate::pace::{Pace, RealPace, Stop, lock};
use crate::probe::{Probe, ProbeRequest, Prober};
use crate::push::PushSession;
use crate::seat::Shared;
use crate::secret::Secret;
use crate::source::Connector;
use crate::status::CameraStatus;
use crate::supervisor::{Seats, Supervisor};
use crate::vault::Vault;

/// The running ingest of one process.
pub struct Ingest {
    shared: Arc<Shared>,
    seats: Arc<Seats>,
    vault: Arc<Vault>,
    prober: Prober,
    stop: Stop,
    watcher: Option<JoinHandle<()>>,
    writer: Option<JoinHandle<()>>,
    writing: Stop,
}

impl Ingest {
    /// Begins to run the cameras of `flumen.cameras`, and follows its changes.
    ///
    /// # Errors
    /// `Invalid` for a configuration out of its limits or a key file that others can read;
    /// `Unavailable` when the bus can't be read.
    pub fn start(bus: Arc<dyn Bus>, config: IngestConfig, clock: Arc<dyn Clock>) -> Result<Ingest> {
        config.validate()?;
        let vault = Arc::new(Vault::open(&config.key_file)?);
        let pace: Arc<dyn Pace> = Arc::new(RealPace::default());
        let inputs = Arc::new(Inputs::new(&config, vault.clone(), pace.clone()));
        let connector: Arc<dyn Connector> = inputs.clone();
        let others = bus.health().kind == "kafka";
        let table = bus.table(topic::GAPS)?;
        let ledger = Arc::new(match others {
            true => Ledger::behind(table, config.ledger_file.clone())?,
            false => Ledger::at_once(table),
        });
        let left = Mutex::default();
        let shared = Arc::new(Shared { bus, config, clock, pace, connector, ledger, others, left });
        Ingest::run(shared, vault, Prober::new(inputs))
    }

    pub(crate) fn run(shared: Arc<Shared>, vault: Arc<Vault>, prober: Prober) -> Result<Ingest> {
        let seats: Arc<Seats> = Arc::new(Mutex::new(BTreeMap::new()));
        let stop = Stop::default();
        let supervisor = Supervisor::new(shared.clone(), seats.clone())?;
        let told = stop.clone();
        let watcher = std::thread::Builder::new()
            .name("ingest-watch".into())
            .spawn(move || supervisor.run(&told))
            .context("start the thread that watches the cameras")?;
        let writing = Stop::default();
        let (told, ledger) = (writing.clone(), shared.ledger.clone());
        let writer = std::thread::Builder::new()
            .name("ingest-ledger".into())
            .spawn(move || ledger.run(&told))
            .context("start the thread that writes the gap ledger")?;
        let (watcher, writer) = (Some(watcher), Some(writer));
        Ok(Ingest { shared, seats, vault, prober, stop, watcher, writer, writing })
    }

    /// Notes in the gap ledger that records of a camera were thrown away on their way.
    pub fn dropped(&self, camera: &CameraId, span_us: (i64, i64), records: u64, why: &str) {
        self.shared.ledger.write(Gap {
            camera: camera.to_string(),
            start_us: span_us.0,
            end_us: span_us.1.max(span_us.0 + 1),
            cause: GapCause::Disk.into(),
            detail: format!("{records} records dropped: {why}"),
        });
    }

    /// How each camera is, in the order of their ids.
    pub fn status(&self) -> Vec<CameraStatus> {
        let now_us = self.shared.clock.wall_us();
        lock(&self.seats).values().map(|seat| seat.board.status(now_us)).collect()
    }

    /// Tries an address for at most 10 s: connects, reads until the first picture, hangs up.
    ///
    /// # Errors
    /// Any kind, with what is wrong and what to do, for a person.
    pub fn probe(&self, request: &ProbeRequest) -> Result<Probe> {
        self.prober.probe(request, &self.stop)
    }

    /// Opens a camera whose address is `push:` for writing.
    ///
    /// # Errors
    /// `NotFound` for no such camera, `Invalid` when it is not one to push to or is switched
    /// off, `Exhausted` when somebody else pushes to it.
    pub fn push(&self, camera: &CameraId) -> Result<PushSession> {
        let seat = lock(&self.seats).get(camera).cloned().ok_or_else(|| {
            Error::not_found(format!(
                "there is no camera {camera}: add it with the address `push:`"
            ))
        })?;
        PushSession::open(seat, &self.shared)
    }

    /// Seals a password with the site's key, for any camera; empty stays empty.
    ///
    /// # Errors
    /// `Invalid` above 1024 bytes.
    pub fn seal(&self, password: &str) -> Result<Bytes> {
        self.vault.seal(None, &Secret::new(password))
    }

    /// Seals a password so that it opens for this camera alone.
    ///
    /// # Errors
    /// `Invalid` above 1024 bytes.
    pub fn seal_for(&self, camera: &CameraId, password: &str) -> Result<Bytes> {
        self.vault.seal(Some(camera), &Secret::new(password))
    }

    /// Ends all cameras and waits for their threads, at most 2 s.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.cancel();
        let watcher = self.watcher.take().map(JoinHandle::join);
        // The threads of the cameras have said their last word.
        self.writing.cancel();
        let writer = self.writer.take().map(JoinHandle::join);
        if [watcher, writer].into_iter().flatten().any(|ended| ended.is_err()) {
            tracing::error!("a thread of the ingest met a bug of ours");
        }
    }
}

impl Drop for Ingest {
    fn drop(&mut self) {
        self.end();
    }
}
