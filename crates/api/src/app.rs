//! What all handlers share.

use std::ops::Deref;
use std::sync::Arc;

use flumen_base::Result;
use tokio::sync::{Mutex, Semaphore};

use crate::cluster::Logs;
use crate::events::News;
use crate::live::Hub;
use crate::metrics::Counters;
use crate::stop::Stop;
use crate::{ApiConfig, Face};

/// Addresses tried at a time.
const MAX_PROBES: usize = 3;

/// The shared state; cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

/// What is behind [`App`].
pub(crate) struct Shared {
    pub(crate) face: Face,
    /// The port that Host must name.
    pub(crate) port: u16,
    pub(crate) started_us: i64,
    pub(crate) hub: Arc<Hub>,
    pub(crate) news: Arc<News>,
    pub(crate) counters: Counters,
    pub(crate) logs: Logs,
    pub(crate) max_sockets: usize,
    pub(crate) sockets: Arc<Semaphore>,
    pub(crate) downloads: Arc<Semaphore>,
    pub(crate) probes: Arc<Semaphore>,
    /// Held while a camera is changed.
    pub(crate) change: Mutex<()>,
    pub(crate) ends: Stop,
}

impl App {
    /// A state over the workers; `port` is the one that is listened on.
    pub(crate) fn new(face: Face, config: &ApiConfig, port: u16) -> App {
        App(Arc::new(Shared {
            started_us: face.clock.wall_us(),
            face,
            port,
            hub: Arc::new(Hub::default()),
            news: Arc::new(News::default()),
            counters: Counters::default(),
            logs: Logs::default(),
            max_sockets: config.max_websockets,
            sockets: Arc::new(Semaphore::new(config.max_websockets)),
            downloads: Arc::new(Semaphore::new(config.max_downloads)),
            probes: Arc::new(Semaphore::new(MAX_PROBES)),
            change: Mutex::new(()),
            ends: Stop::default(),
        }))
    }

    /// Tells everything that runs to end.
    pub(crate) fn stop(&self) {
        self.ends.tell();
    }

    /// True once it shall end.
    pub(crate) fn is_stopping(&self) -> bool {
        self.ends.is_told()
    }

    /// Resolves when it shall end.
    pub(crate) async fn stopping(&self) {
        self.ends.told().await;
    }

    /// Starts the threads that read the bus.
    ///
    /// # Errors
    /// What the bus says to a new reader.
    pub(crate) fn start_readers(&self) -> Result<Vec<std::thread::JoinHandle<()>>> {
        let mut readers =
            vec![crate::live::feed(self.clone())?, crate::events::feed(self.clone())?];
        readers.push(crate::cluster::watch(self.clone())?);
        readers.push(crate::learning::watch_trials(self.clone())?);
        readers.extend(crate::live::direct(self.clone())?);
        Ok(readers)
    }
}

impl Deref for App {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}
