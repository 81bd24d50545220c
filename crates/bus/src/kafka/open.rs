//! Opening: the spool's folder is ours, then the threads begin.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use flumen_base::{Context as _, Result};
use flumen_journal::{Disk as _, Signal, StdDisk};

use super::drain::{Drain, Figures, Shared};
use super::meta::Meta;
use super::spool::Spool;
use super::state::StateFile;
use super::watch::Watch;
use super::writer::Writer;
use super::{Kafka, KafkaConfig};
use crate::embedded::hold;
use crate::table::Tables;

impl Kafka {
    /// Opens the spool in `spool_dir` and begins to reach for Kafka; works while Kafka is away
    /// (it is waited for 2 s).
    ///
    /// # Errors
    /// `Invalid` settings; `NotFound` when Kafka answers and topics are missing: the message
    /// names them; `Unavailable` when another process holds the spool or the disk fails.
    pub fn open(spool_dir: &Path, config: KafkaConfig) -> Result<Arc<Kafka>> {
        config.validate()?;
        StdDisk.create_dir(spool_dir).context(format!("create {}", spool_dir.display()))?;
        let held = hold(spool_dir, "spool.lock")?;
        let watch = Arc::new(Watch::new(config.clone(), Meta::open(spool_dir, &config))?);
        watch.ask();
        if let Some(missing) = watch.meta.missing() {
            return Err(missing);
        }
        let spool = Spool::open(spool_dir, &config)?;
        let stats = spool.journal.stats();
        let (file, state) = StateFile::open(spool_dir, stats.first..stats.next)?;
        let figures = Figures { delivered: state.delivered, ..Figures::default() };
        let shared = Arc::new(Shared {
            spool,
            signal: Arc::new(Signal::default()),
            state: Mutex::new(state),
            figures: Mutex::new(figures),
            closing: AtomicBool::new(false),
        });
        let drain = Drain::new(shared.clone(), watch.clone(), config.clone(), file)?;
        let thread = std::thread::Builder::new().name("kafka drain".into());
        let drain = thread.spawn(move || drain.run()).context("start the drain of the spool")?;
        let signal = shared.signal.clone();
        watch.start(move || signal.tell())?;
        Ok(Arc::new(Kafka {
            writer: Arc::new(Writer::new(&config)),
            cache: Tables::cache(&spool_dir.join("tables.sqlite"))?,
            config,
            shared,
            watch,
            tables: Mutex::new(HashMap::new()),
            stop: Arc::new(AtomicBool::new(false)),
            drain: Mutex::new(Some(drain)),
            _lock: held,
        }))
    }
}
