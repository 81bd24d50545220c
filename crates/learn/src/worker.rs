//! Follows the windows on the bus, learns, keeps its state, publishes.
//!
//! Invariants: state and place on the bus are one file; what a round publishes is in it, and is
//! published again after a restart, so that nothing is missing, and cards and insights bear ids
//! by which a repeat is known.
//! Durability: the file is written under another name, synced and renamed before anything of the
//! round goes out.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use flumen_base::wire::{Feedback, ModelCard, Window};
use flumen_base::{Context, Error, Kind, Result, topic};
use flumen_bus::{Bus, Consumer, Delivered, Polled, Record, Start, Visibility};
use flumen_operators::{Reader, Writer};
use prost::Message as _;

use crate::LearnConfig;
use crate::trainer::{Out, Trainer};

const FILE: &str = "learn.state";
const MAGIC: &[u8; 8] = b"FLMLRN01";
/// Records of a round, and how long it waits for the first.
const ROUND: usize = 20_000;
const WAIT: Duration = Duration::from_millis(500);
/// From one kept state to the next at least, when nothing is to be published.
const KEEP_EVERY: Duration = Duration::from_secs(10);
/// How far ahead of now a card counts.
const AHEAD_US: i64 = 500_000;
/// Wait after a failure.
const AGAIN: Duration = Duration::from_secs(2);

/// How far learning is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Minutes of groups that were learned from.
    pub steps: u64,
    /// Windows that came again.
    pub repeats: u64,
    /// Windows that came too late.
    pub late: u64,
}

/// The running room; ends when it is dropped or stopped.
pub struct Learner {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    steps: AtomicU64,
    repeats: AtomicU64,
    late: AtomicU64,
    trouble: Mutex<Option<String>>,
}

struct Worker {
    bus: Arc<dyn Bus>,
    path: PathBuf,
    trainer: Trainer,
    places: BTreeMap<u32, u64>,
    /// Verdicts are read up to here; all of them after a start, the trainer knows those it took.
    verdicts: u64,
    outbox: Vec<Sent>,
    kept: std::time::Instant,
    fresh: bool,
    shared: Arc<Shared>,
}

impl Learner {
    /// Goes on from the kept state, or begins.
    ///
    /// # Errors
    /// `Invalid` settings; `DataLoss` or `Unsupported` state; a bus that cannot be read.
    pub fn start(bus: Arc<dyn Bus>, config: &LearnConfig) -> Result<Learner> {
        config.validate()?;
        std::fs::create_dir_all(&config.dir).context(format!("make {}", config.dir.display()))?;
        let shared = Arc::new(Shared::default());
        let mut worker = Worker::open(bus, config, Arc::clone(&shared))?;
        let from = worker.places.iter().map(|(p, o)| (*p, *o)).collect();
        let mut consumer =
            worker.bus.consumer(&[topic::WINDOWS], Start::Offsets(from), Visibility::Durable)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name(String::from("learn"))
            .spawn(move || worker.run(consumer.as_mut(), &stopped))
            .context("start the learning thread")?;
        Ok(Learner { stop, thread: Some(thread), shared })
    }

    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let of = |n: &AtomicU64| n.load(Ordering::Relaxed);
        Progress {
            steps: of(&self.shared.steps),
            repeats: of(&self.shared.repeats),
            late: of(&self.shared.late),
        }
    }

    /// What is wrong now, if anything.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.shared.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends it after the round that it is in.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Drop for Learner {
    fn drop(&mut self) {
        self.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Begins a site's learning from history: what the trainer learned and gave out goes on the bus
/// when the site starts. The trainer's lineage is the config's.
///
/// # Errors
/// `Invalid` when the site has learned already; a state that cannot be written.
pub fn begin_from(config: &LearnConfig, trainer: Trainer, out: Vec<Out>) -> Result<()> {
    config.validate()?;
    let path = config.dir.join(FILE);
    if path.exists() {
        return Err(Error::invalid(format!(
            "{} is there: this site has learned already; move the file away to begin anew",
            path.display()
        )));
    }
    std::fs::create_dir_all(&config.dir).context(format!("make {}", config.dir.display()))?;
    let outbox: Vec<_> = out.into_iter().map(sent).collect();
    write_state(&path, &trainer, &BTreeMap::new(), &outbox)
}

/// Sends what a trainer gave out, and waits until it is durable; cards count in half a second.
///
/// # Errors
/// What the bus says; what was not sent then can be sent again.
pub fn publish(bus: &dyn Bus, out: Vec<Out>) -> Result<()> {
    let out: Vec<_> = out.into_iter().map(sent).collect();
    send(bus, &out)
}

fn send(bus: &dyn Bus, out: &[Sent]) -> Result<()> {
    let now_us = now_us();
    let mut pending = Vec::new();
    let mut cards = Vec::new();
    for (to, key, value) in out {
        if to == topic::MODELS {
            cards.push((key.clone(), value.clone().map(|v| in_force(v, now_us))));
            continue;
        }
        let value = value.clone().unwrap_or_default();
        let record = Record { key: key.clone(), headers: Vec::new(), value, timestamp_us: now_us };
        pending.push(bus.send(to, record)?);
    }
    let items: Vec<(&[u8], Option<&[u8]>)> =
        cards.iter().map(|(k, v)| (k.as_ref(), v.as_deref())).collect();
    bus.table(topic::MODELS)?.put_all(&items)?;
    pending.into_iter().try_for_each(|one| one.wait().map(drop))
}

/// What goes out: topic, key, value or its end.
type Sent = (String, Bytes, Option<Bytes>);

/// Writes state, places and what goes out, all or nothing.
fn write_state(
    path: &Path,
    trainer: &Trainer,
    places: &BTreeMap<u32, u64>,
    outbox: &[Sent],
) -> Result<()> {
    let mut to = Writer::default();
    to.0.extend_from_slice(MAGIC);
    to.u32(places.len() as u32);
    for (partition, offset) in places {
        to.u32(*partition);
        to.u64(*offset);
    }
    to.u32(outbox.len() as u32);
    for (topic, key, value) in outbox {
        to.text(topic);
        to.blob(key);
        to.u8(u8::from(value.is_some()));
        to.blob(value.as_deref().unwrap_or_default());
    }
    trainer.save(&mut to);
    let part = path.with_extension("part");
    let written = File::create(&part).and_then(|mut file| {
        file.write_all(&to.0)?;
        file.sync_all()
    });
    written.context(format!("write {}", part.display()))?;
    let renamed = std::fs::rename(&part, path);
    renamed.context(format!("rename {} to {}", part.display(), path.display()))
}

impl Worker {
    fn open(bus: Arc<dyn Bus>, config: &LearnConfig, shared: Arc<Shared>) -> Result<Worker> {
        let path = config.dir.join(FILE);
        let mut worker = Worker {
            bus,
            path,
            trainer: Trainer::new(&config.lineage()),
            places: BTreeMap::new(),
            verdicts: 0,
            outbox: Vec::new(),
            kept: std::time::Instant::now(),
            fresh: false,
            shared,
        };
        match std::fs::read(&worker.path) {
            Ok(bytes) => match worker.load(&bytes) {
                Err(e) if e.kind() == Kind::Unsupported => worker.set_aside(&e)?,
                done => done.context(format!(
                    "read {}; to learn anew, move the file away",
                    worker.path.display()
                ))?,
            },
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(e).context(format!("read {}", worker.path.display())),
        }
        Ok(worker)
    }

    /// Keeps the state of another version beside, and begins anew: a site goes on without it.
    fn set_aside(&mut self, why: &Error) -> Result<()> {
        let old = self.path.with_extension("state.old");
        std::fs::rename(&self.path, &old).context(format!("move {}", self.path.display()))?;
        tracing::warn!("learning begins anew, its state is kept as {}: {why}", old.display());
        self.places.clear();
        self.outbox.clear();
        Ok(())
    }

    fn run(&mut self, consumer: &mut dyn Consumer, stop: &AtomicBool) {
        // What the last round before a kill may not have published.
        let mut unsent = !self.outbox.is_empty();
        while !stop.load(Ordering::Relaxed) {
            let done = if unsent { self.publish() } else { self.round(consumer) };
            unsent = done.is_err() && !self.outbox.is_empty();
            self.tell(&done);
            if done.is_err() && !stop.load(Ordering::Relaxed) {
                std::thread::sleep(AGAIN);
            }
        }
        if self.fresh
            && let Err(e) = self.keep()
        {
            tracing::warn!("learning: its last minutes are not kept: {e}");
        }
    }

    fn round(&mut self, consumer: &mut dyn Consumer) -> Result<()> {
        for polled in consumer.poll(ROUND, WAIT)? {
            match polled {
                Polled::Record(delivered) => self.take(&delivered),
                Polled::Expired { partition, to, .. } | Polled::Damaged { partition, to, .. } => {
                    self.places.insert(partition, to);
                }
            }
        }
        self.hear()?;
        let mut out = Vec::new();
        self.trainer.steps(&mut out);
        if out.is_empty() && (!self.fresh || self.kept.elapsed() < KEEP_EVERY) {
            return Ok(());
        }
        self.outbox = out.into_iter().map(sent).collect();
        self.keep()?;
        self.publish()
    }

    fn take(&mut self, delivered: &Delivered) {
        let position = delivered.position;
        self.places.insert(position.partition, position.offset + 1);
        self.fresh = true;
        match Window::decode(delivered.record.value.clone()) {
            Ok(window) => self.trainer.take(position.partition, window),
            Err(e) => tracing::warn!(
                "learning: {} {}/{} is no window, passed over: {e}",
                delivered.topic,
                position.partition,
                position.offset
            ),
        }
    }

    /// Takes what people said since it was asked last.
    fn hear(&mut self) -> Result<()> {
        for change in self.bus.table(topic::FEEDBACK)?.changes(self.verdicts, Duration::ZERO)? {
            self.verdicts = change.offset + 1;
            let Some(value) = change.value else { continue };
            match Feedback::decode(value.as_slice()) {
                Ok(verdict) => self.trainer.verdict(&verdict),
                Err(e) => tracing::warn!(
                    "learning: {} {} is no verdict, passed over: {e}",
                    topic::FEEDBACK,
                    String::from_utf8_lossy(&change.key)
                ),
            }
        }
        Ok(())
    }

    fn publish(&mut self) -> Result<()> {
        send(self.bus.as_ref(), &self.outbox)?;
        self.outbox.clear();
        Ok(())
    }

    /// Writes state, place and what goes out.
    fn keep(&mut self) -> Result<()> {
        write_state(&self.path, &self.trainer, &self.places, &self.outbox)?;
        self.kept = std::time::Instant::now();
        self.fresh = false;
        Ok(())
    }

    fn load(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(rest) = bytes.strip_prefix(MAGIC) else {
            return Err(Error::data_loss("it is no state of learning"));
        };
        let mut from = Reader(rest);
        self.head(&mut from).ok_or_else(|| Error::data_loss("it is damaged"))?;
        self.trainer = Trainer::load(&mut from)?;
        Ok(())
    }

    fn head(&mut self, from: &mut Reader<'_>) -> Option<()> {
        for _ in 0..from.u32()? {
            self.places.insert(from.u32()?, from.u64()?);
        }
        for _ in 0..from.u32()? {
            let (topic, key) = (from.text()?, Bytes::copy_from_slice(from.blob()?));
            let there = from.u8()? != 0;
            let value = Some(Bytes::copy_from_slice(from.blob()?)).filter(|_| there);
            self.outbox.push((topic, key, value));
        }
        Some(())
    }

    fn tell(&self, done: &Result<()>) {
        let (steps, repeats, late) = self.trainer.counts();
        self.shared.steps.store(steps, Ordering::Relaxed);
        self.shared.repeats.store(repeats, Ordering::Relaxed);
        self.shared.late.store(late, Ordering::Relaxed);
        let mut trouble = self.shared.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match done {
            Err(e) if trouble.is_none() => tracing::warn!("learning waits: {e}"),
            Ok(()) if trouble.is_some() => tracing::info!("learning goes on"),
            _ => {}
        }
        *trouble = done.as_ref().err().map(ToString::to_string);
    }
}

/// Where a record goes, under which key; no value ends the key.
fn sent(out: Out) -> Sent {
    match out {
        Out::Card(card) => {
            let key = format!("{}/{}/{}", card.scope, card.kind, card.version);
            (topic::MODELS.to_owned(), key.into(), Some(card.encode_to_vec().into()))
        }
        Out::Gone(key) => (topic::MODELS.to_owned(), key.into(), None),
        Out::Insight(insight) => {
            let key = insight.camera.clone();
            (topic::INSIGHTS.to_owned(), key.into(), Some(insight.encode_to_vec().into()))
        }
    }
}

/// A card's time is no part of what is learned: it is added when the card goes out.
fn in_force(card: Bytes, now_us: i64) -> Vec<u8> {
    let time = ModelCard { effective_us: now_us + AHEAD_US, ..ModelCard::default() };
    // The fields of two messages one after the other are those of both.
    let mut both = card.to_vec();
    both.extend(time.encode_to_vec());
    both
}

fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
