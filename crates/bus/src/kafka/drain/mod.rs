//! One thread that takes records from the spool to Kafka, in order.
//!
//! Invariants: a record leaves the spool after Kafka's acknowledgement, or counted as dropped;
//! in a partition records are sent in the order of `send`; whatever Kafka refuses is tried again
//! each second, except what no setting can ever make right; a full spool drops the oldest
//! records, of each key up to the next that begins.
//! Not here: the spool's files (`spool`, `state`), the bookkeeping of what is on its way
//! (`window`).

mod reports;
mod room;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flumen_base::{Error, Result};
use flumen_journal::{From, Read, Reader, Signal, Stored, Visibility};

use super::lock;
use super::sender::{Reports, Sender};
use super::spool::{Spool, Spooled};
use super::state::{State, StateFile};
use super::watch::Watch;
use super::window::Window;
use crate::{KafkaConfig, murmur2_partition};

/// How often progress is kept on disk.
const KEEP_EVERY: Duration = Duration::from_secs(1);
/// How long the drain waits after a refusal.
const RETRY: Duration = Duration::from_secs(1);
/// How long a close waits for what Kafka could still take.
const FINISH: Duration = Duration::from_secs(3);
/// Most records that a producer holds.
const MOST_SENT: usize = 100_000;
/// Most records between the oldest that is not delivered and the newest that was read.
const MOST_OPEN: usize = 1_000_000;

/// What the drain and the callers of the bus see together.
pub(crate) struct Shared {
    pub spool: Spool,
    pub signal: Arc<Signal>,
    pub state: Mutex<State>,
    pub figures: Mutex<Figures>,
    pub closing: AtomicBool,
}

/// How the drain is.
#[derive(Default)]
pub(crate) struct Figures {
    /// Below this all is delivered.
    pub delivered: u64,
    pub oldest_us: Option<i64>,
    pub dropped: u64,
    /// Why records wait although Kafka answers.
    pub problem: Option<String>,
    /// When a record was delivered, or nothing waited, for the last time.
    pub moved: Option<Instant>,
}

pub(crate) struct Drain {
    shared: Arc<Shared>,
    watch: Arc<Watch>,
    config: KafkaConfig,
    file: StateFile,
    reader: Reader,
    ahead: VecDeque<Read>,
    held: Option<(u64, Spooled)>,
    window: Window,
    reports: Reports,
    sender: Option<Sender>,
    retry_at: Option<Instant>,
    kept_at: Instant,
    kept: u64,
    /// Newest offset by topic and partition, for acknowledgements that do not say theirs.
    newest: HashMap<u32, u64>,
}

impl Drain {
    pub(crate) fn new(
        shared: Arc<Shared>,
        watch: Arc<Watch>,
        config: KafkaConfig,
        file: StateFile,
    ) -> Result<Drain> {
        let delivered = lock(&shared.state).delivered;
        let mut reader = shared.spool.journal.reader(Visibility::Written);
        reader.listen(&shared.signal);
        reader.seek(From::Offset(delivered))?;
        let reports = Reports::new(shared.signal.clone());
        Ok(Drain {
            shared,
            watch,
            config,
            file,
            reader,
            ahead: VecDeque::new(),
            held: None,
            window: Window::new(delivered),
            reports,
            sender: None,
            retry_at: None,
            kept_at: Instant::now(),
            kept: delivered,
            newest: HashMap::new(),
        })
    }

    pub(crate) fn run(mut self) {
        let mut finish = None;
        loop {
            let seen = self.shared.signal.seen();
            self.take_reports();
            if let Err(error) = self.make_room().and_then(|()| self.feed()) {
                self.stumble(&error);
            }
            self.keep(false);
            self.show();
            if self.shared.closing.load(Ordering::Acquire) {
                let until = *finish.get_or_insert_with(|| Instant::now() + FINISH);
                let rest = self.shared.spool.journal.stats().next > self.window.base();
                if !rest || !self.watch.meta.is_reachable() || Instant::now() >= until {
                    break;
                }
            }
            let pause = Instant::now() + Duration::from_millis(200);
            self.shared.signal.wait(seen, pause);
        }
        self.let_go();
        self.keep(true);
    }

    /// Something does not work: told once, tried again with a new producer.
    fn stumble(&mut self, error: &Error) {
        self.problem(error);
        self.retry_at.get_or_insert_with(|| Instant::now() + RETRY);
    }

    fn problem(&self, error: &Error) {
        let shown = error.to_string();
        let mut figures = lock(&self.shared.figures);
        if figures.problem.as_ref() != Some(&shown) {
            tracing::warn!("records wait in the spool: {shown}");
            figures.problem = Some(shown);
        }
    }

    /// Lets the producer go and begins again behind what is delivered.
    fn let_go(&mut self) {
        // Its reports come before drop returns.
        self.sender = None;
        self.take_reports();
        self.window.give_all_back();
        self.ahead.clear();
        self.held = None;
        if let Err(error) = self.reader.seek(From::Offset(self.window.base())) {
            self.stumble(&error);
        }
    }

    /// Hands records to the producer while it may hold more.
    fn feed(&mut self) -> Result<()> {
        if let Some(at) = self.retry_at {
            if Instant::now() < at {
                return Ok(());
            }
            self.retry_at = None;
            self.let_go();
        }
        // Before there is a record, so that the first one does not wait for connections.
        if self.sender.is_none() && self.watch.meta.is_reachable() {
            self.sender = Some(Sender::new(&self.config, self.reports.clone())?);
        }
        loop {
            let (bytes, records) = self.window.sent();
            if bytes >= self.config.queue_bytes
                || records >= MOST_SENT
                || self.window.len() >= MOST_OPEN
            {
                return Ok(());
            }
            let Some((offset, spooled)) = self.next()? else { return Ok(()) };
            if !self.send(offset, &spooled)? {
                self.held = Some((offset, spooled));
                return Ok(());
            }
        }
    }

    /// The next record that is to be sent.
    fn next(&mut self) -> Result<Option<(u64, Spooled)>> {
        if let Some(held) = self.held.take() {
            return Ok(Some(held));
        }
        while let Some((offset, spooled)) = self.read()? {
            if self.is_skipped(&spooled) {
                self.drop_record(offset, &spooled);
                continue;
            }
            return Ok(Some((offset, spooled)));
        }
        Ok(None)
    }

    /// The next record of the spool that is not done.
    fn read(&mut self) -> Result<Option<(u64, Spooled)>> {
        loop {
            if self.ahead.is_empty() {
                let mut read = Vec::new();
                self.reader.read(64, 1 << 20, &mut read)?;
                self.ahead.extend(read);
            }
            match self.ahead.pop_front() {
                None => return Ok(None),
                Some(Read::Record(stored)) => {
                    if let Some(found) = self.open(stored) {
                        return Ok(Some(found));
                    }
                }
                Some(Read::Expired { from, to } | Read::Damaged { from, to }) => {
                    tracing::error!(from, to, "records of the spool are lost: its disk is damaged");
                    lock(&self.shared.figures).dropped += to.saturating_sub(from);
                    if to > from {
                        self.window.read(to - 1, None, 0, 0);
                        self.window.done(to - 1);
                    }
                }
            }
        }
    }

    fn open(&mut self, stored: Stored) -> Option<(u64, Spooled)> {
        let Stored { offset, timestamp_us, payload, .. } = stored;
        let bytes = payload.len() as u64;
        let spooled = self.shared.spool.decode(payload, timestamp_us);
        let number = spooled.as_ref().and_then(|s| s.number);
        let wanted = self.window.read(offset, number, bytes, timestamp_us);
        if spooled.is_none() {
            tracing::error!(offset, "an entry of the spool that is no record");
            self.window.done(offset);
        }
        spooled.filter(|_| wanted).map(|s| (offset, s))
    }

    /// False when the record has to wait.
    fn send(&mut self, offset: u64, spooled: &Spooled) -> Result<bool> {
        // Before Kafka told the partitions nobody knows where the record belongs.
        let partitions = match self.watch.meta.partitions(&spooled.topic) {
            Ok(Some(partitions)) => partitions,
            Ok(None) => return Ok(false),
            Err(error) => {
                self.problem(&error);
                return Ok(false);
            }
        };
        let Some(sender) = &self.sender else { return Ok(false) };
        let partition = murmur2_partition(&spooled.record.key, partitions);
        let on_kafka = format!("{}{}", self.config.prefix, spooled.topic);
        let taken = sender.send(offset, &on_kafka, partition, &spooled.record)?;
        if taken {
            self.window.hand(offset);
        }
        Ok(taken)
    }

    /// Keeps progress on disk and removes what is delivered; each second, or `now`.
    fn keep(&mut self, now: bool) {
        if !now && (self.kept_at.elapsed() < KEEP_EVERY || self.kept == self.window.base()) {
            return;
        }
        self.kept_at = Instant::now();
        let state = {
            let mut state = lock(&self.shared.state);
            state.delivered = self.window.base();
            state.clone()
        };
        match self.file.keep(&state, now) {
            Ok(()) => {
                self.kept = state.delivered;
                self.shared.spool.journal.trim(state.delivered);
            }
            Err(error) => tracing::warn!(%error, "progress of the spool not kept"),
        }
    }

    fn show(&self) {
        let stats = self.shared.spool.journal.stats();
        let mut figures = lock(&self.shared.figures);
        figures.delivered = self.window.base();
        let held = || self.held.as_ref().map(|(_, s)| s.record.timestamp_us);
        figures.oldest_us = self.window.oldest_us().or_else(held);
        if stats.next <= figures.delivered {
            figures.moved = Some(Instant::now());
        }
    }
}
