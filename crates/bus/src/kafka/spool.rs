//! The local log that a record goes into before it goes to Kafka.
//!
//! Payload of an entry: version u8 = 1, run u64, number u64, length of the topic u8, topic, then
//! as in `codec`. (run, number) name the sender that waits, in this process only.
//! Invariants: disk use is at most the limit and two segments; at most 262,144 senders wait: the
//! oldest of more is told that its record is stored and not yet acknowledged.
//! Not here: sending (`drain`).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use flumen_base::{Clock as _, Context as _, Error, Result, SystemClock};
use flumen_journal::{Config, Entry, Journal, StdDisk};

use super::lock;
use crate::{Ack, KafkaConfig, Pending, Record, codec};

/// The largest record, with key and headers; the rest to 16 MiB is the spool's own.
pub(crate) const MAX_RECORD_BYTES: usize = (16 << 20) - 1024;
const VERSION: u8 = 1;
const MOST_WAITING: usize = 262_144;

type Tell = tokio::sync::oneshot::Sender<Result<Ack>>;

pub(crate) struct Spool {
    pub journal: Journal,
    pub limit_bytes: u64,
    pub segment_bytes: u64,
    run: u64,
    numbers: AtomicU64,
    waiting: Arc<Waiting>,
}

/// A record taken from the spool.
pub(crate) struct Spooled {
    pub topic: String,
    pub record: Record,
    pub number: Option<u64>,
}

impl Spool {
    pub(crate) fn open(dir: &Path, config: &KafkaConfig) -> Result<Spool> {
        let segment_bytes = (config.spool_bytes / 16).clamp(1 << 20, 64 << 20);
        let journal = Config {
            segment_bytes,
            sync_delay: Duration::from_millis(50),
            queue_bytes: config.queue_bytes,
            // What goes is decided by the drain, which counts it.
            keep_age: Duration::from_secs(100 * 365 * 86_400),
            keep_bytes: u64::MAX,
        };
        let clock = Arc::new(SystemClock);
        let run = clock.wall_us() as u64 ^ u64::from(std::process::id()).rotate_left(40);
        let journal = Journal::open(Arc::new(StdDisk), &dir.join("log"), journal, clock)?;
        Ok(Spool {
            journal,
            limit_bytes: config.spool_bytes,
            segment_bytes,
            run,
            numbers: AtomicU64::new(0),
            waiting: Arc::default(),
        })
    }

    /// Stores a record; the answer comes when Kafka has acknowledged it.
    pub(crate) fn append(&self, topic: &str, record: Record) -> Result<Pending> {
        let head = codec::head(&record)?;
        let bytes = head.len() + record.value.len();
        if bytes > MAX_RECORD_BYTES {
            return Err(Error::invalid(format!(
                "a record of {bytes} bytes for {topic} is over the limit of 16 MiB: send it in \
                 parts of at most 8 MiB"
            )));
        }
        if self.journal.stats().bytes > self.limit_bytes + 2 * self.segment_bytes {
            return Err(Error::exhausted(format!(
                "the spool is full ({} bytes) and its oldest records are on their way out: send \
                 again later",
                self.limit_bytes
            )));
        }
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let entry = Entry {
            timestamp_us: record.timestamp_us,
            head: self.head(topic, number, &head)?,
            body: record.value,
        };
        let (tell, pending) = Pending::new();
        self.waiting.add(number, tell);
        let waiting = self.waiting.clone();
        let done = Box::new(move |result: Result<flumen_journal::Placed>| {
            // Stored is not acknowledged: only what failed is told from here.
            if let Err(e) = result {
                waiting.tell(number, Err(e));
            }
        });
        if let Err(e) = self.journal.append(entry, done) {
            self.waiting.forget(number);
            return Err(e).context(format!("store a record for {topic}"));
        }
        Ok(pending)
    }

    fn head(&self, topic: &str, number: u64, rest: &[u8]) -> Result<Bytes> {
        let length = u8::try_from(topic.len())
            .map_err(|_| Error::internal("a topic's name is over 255 bytes"))?;
        let mut head = BytesMut::with_capacity(18 + topic.len() + rest.len());
        head.put_u8(VERSION);
        head.put_u64_le(self.run);
        head.put_u64_le(number);
        head.put_u8(length);
        head.put_slice(topic.as_bytes());
        head.put_slice(rest);
        Ok(head.freeze())
    }

    /// The record of an entry; `None` when the bytes are none.
    pub(crate) fn decode(&self, mut payload: Bytes, timestamp_us: i64) -> Option<Spooled> {
        if payload.try_get_u8().ok()? != VERSION {
            return None;
        }
        let run = payload.try_get_u64_le().ok()?;
        let number = payload.try_get_u64_le().ok()?;
        let length = usize::from(payload.try_get_u8().ok()?);
        let topic = (length <= payload.len()).then(|| payload.split_to(length))?;
        Some(Spooled {
            topic: String::from_utf8(topic.into()).ok()?,
            record: codec::decode(payload, timestamp_us)?,
            number: (run == self.run).then_some(number),
        })
    }

    /// Tells who waits for a record what became of it.
    pub(crate) fn tell(&self, number: Option<u64>, told: Result<Ack>) {
        if let Some(number) = number {
            self.waiting.tell(number, told);
        }
    }
}

/// Who waits for an acknowledgement.
#[derive(Default)]
struct Waiting(Mutex<Senders>);

#[derive(Default)]
struct Senders {
    by_number: BTreeMap<u64, Tell>,
    sweep_at: usize,
}

impl Waiting {
    fn add(&self, number: u64, tell: Tell) {
        let mut senders = lock(&self.0);
        senders.by_number.insert(number, tell);
        if senders.by_number.len() < senders.sweep_at.max(4096) {
            return;
        }
        senders.by_number.retain(|_, tell| !tell.is_closed());
        let oldest = if senders.by_number.len() > MOST_WAITING {
            senders.by_number.pop_first()
        } else {
            None
        };
        senders.sweep_at = (2 * senders.by_number.len()).min(MOST_WAITING + 1);
        drop(senders);
        if let Some((_, tell)) = oldest {
            let _ = tell.send(Err(Error::unavailable(
                "stored on the local disk, and Kafka has not acknowledged it yet",
            )));
        }
    }

    fn forget(&self, number: u64) {
        lock(&self.0).by_number.remove(&number);
    }

    fn tell(&self, number: u64, told: Result<Ack>) {
        let tell = lock(&self.0).by_number.remove(&number);
        if let Some(tell) = tell {
            // Nobody may be waiting.
            let _ = tell.send(told);
        }
    }
}
