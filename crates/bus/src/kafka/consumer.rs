//! Reading topics of Kafka as one stream.
//!
//! Invariants: order holds within a partition; what retention took is told, other holes in the
//! offsets (compaction, ends of transactions) are none; a poll holds at most about 8 MiB beyond
//! its first record, the client behind it 32 MiB and one answer of 17 MiB.
//! Not here: tables (`table`), who reads what (`share`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use flumen_base::{Error, Kind, Result};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers as _, Message as _};
use rdkafka::util::Timeout;
use rdkafka::{Offset, TopicPartitionList};

use super::client::{self, Context, told};
use super::{offsets, watch::Watch};
use crate::{Consumer, Delivered, KafkaConfig, Polled, Position, Record, Start};

/// Payload that one poll returns at most, when it is more than one record.
const POLL_BYTES: usize = 8 << 20;
/// How long a question about offsets may take in a poll.
const ASK: Duration = Duration::from_secs(2);

pub(crate) struct KafkaConsumer {
    client: BaseConsumer<Context>,
    watch: Arc<Watch>,
    topics: Vec<Topic>,
    /// Where to begin, until Kafka said which offsets that are.
    start: Option<Start>,
    /// Read, and not told yet: behind it is a hole that nobody could explain so far.
    held: Option<Delivered>,
}

struct Topic {
    name: String,
    on_kafka: String,
    partitions: u32,
    /// The offset that comes next, by partition, once it is known.
    next: HashMap<u32, u64>,
}

impl KafkaConsumer {
    pub(crate) fn new(
        config: &KafkaConfig,
        watch: Arc<Watch>,
        topics: &[&str],
        from: Start,
    ) -> Result<KafkaConsumer> {
        let mut all = Vec::new();
        let mut count = 0;
        for &name in topics {
            watch.meta.partitions(name)?;
            count += watch.meta.partitions_or_plan(name) as usize;
            all.push(Topic {
                name: name.to_owned(),
                on_kafka: format!("{}{name}", config.prefix),
                partitions: 0,
                next: HashMap::new(),
            });
        }
        let client = client::consumer(config, &client::reader(config, count))?;
        let mut consumer =
            KafkaConsumer { client, watch, topics: all, start: Some(from), held: None };
        // While Kafka is away this is done by a later poll.
        if consumer.watch.meta.is_reachable() {
            consumer.settle_until(Instant::now() + config.patience)?;
        }
        Ok(consumer)
    }

    /// Tries to begin until then; what is left is done by a later poll.
    fn settle_until(&mut self, until: Instant) -> Result<()> {
        loop {
            match self.settle() {
                Err(e) if e.kind() == Kind::Unavailable => {
                    tracing::debug!("not read yet: {e}");
                    let left = until.saturating_duration_since(Instant::now());
                    if left == Duration::ZERO {
                        return Ok(());
                    }
                    std::thread::sleep(left.min(Duration::from_millis(100)));
                }
                settled => return settled,
            }
        }
    }

    /// Turns the start into offsets and begins to read there.
    fn settle(&mut self) -> Result<()> {
        let Some(start) = self.start.clone() else { return Ok(()) };
        if let Some(away) = self.watch.meta.away() {
            return Err(away);
        }
        let mut list = TopicPartitionList::new();
        for topic in &mut self.topics {
            let partitions = self.watch.meta.partitions(&topic.name)?;
            topic.partitions = partitions
                .ok_or_else(|| Error::unavailable("Kafka has not told its topics yet"))?;
            topic.next = offsets::first(&self.watch, &topic.on_kafka, topic.partitions, &start)?;
            for partition in 0..topic.partitions {
                let offset = topic.next.get(&partition);
                let offset = offset.map_or(Offset::Beginning, |o| Offset::Offset(*o as i64));
                list.add_partition_offset(&topic.on_kafka, partition as i32, offset)
                    .map_err(|e| told("begin to read", &e))?;
            }
        }
        self.client.assign(&list).map_err(|e| told("begin to read", &e))?;
        self.start = None;
        self.held = None;
        Ok(())
    }

    /// Reads partitions that were added since.
    fn grow(&mut self) -> Result<()> {
        for topic in &mut self.topics {
            let Ok(Some(now)) = self.watch.meta.partitions(&topic.name) else { continue };
            if now <= topic.partitions {
                continue;
            }
            let mut list = TopicPartitionList::new();
            for partition in topic.partitions..now {
                list.add_partition_offset(&topic.on_kafka, partition as i32, Offset::Beginning)
                    .map_err(|e| told("read new partitions", &e))?;
            }
            self.client.incremental_assign(&list).map_err(|e| told("read new partitions", &e))?;
            topic.partitions = now;
        }
        Ok(())
    }

    /// The record as the bus has it; `None` for one that nobody asked for.
    fn delivered(&self, message: &BorrowedMessage<'_>) -> Option<Delivered> {
        let topic = self.topics.iter().find(|t| t.on_kafka == message.topic())?;
        let partition = u32::try_from(message.partition()).ok()?;
        let offset = u64::try_from(message.offset()).ok()?;
        Some(Delivered {
            topic: topic.name.clone(),
            position: Position { partition, offset, generation: 0 },
            record: record(message),
        })
    }

    /// Tells a record and, before it, what retention took; false when it has to wait because
    /// nobody could say whether retention took anything.
    fn tell(&mut self, read: Delivered, max: usize, found: &mut Vec<Polled>) -> bool {
        let Position { partition, offset, .. } = read.position;
        let Some(topic) = self.topics.iter_mut().find(|t| t.name == read.topic) else {
            return true;
        };
        let expected = topic.next.get(&partition).copied().unwrap_or(offset);
        if offset > expected {
            let until = Instant::now() + ASK;
            let Ok((low, _)) = self.watch.marks(&topic.on_kafka, partition, until) else {
                self.held = Some(read);
                return false;
            };
            let to = low.min(offset);
            if to > expected {
                topic.next.insert(partition, to);
                let topic = read.topic.clone();
                found.push(Polled::Expired { topic, partition, from: expected, to });
                if found.len() >= max {
                    self.held = Some(read);
                    return false;
                }
            }
        } else if offset < expected {
            tracing::error!(topic = topic.name, partition, offset, expected, "offsets went back");
        }
        topic.next.insert(partition, offset + 1);
        found.push(Polled::Record(read));
        true
    }

    fn read(&mut self, max: usize, until: Instant) -> Result<Vec<Polled>> {
        let mut found = Vec::new();
        let mut room = POLL_BYTES;
        if let Some(held) = self.held.take()
            && !self.tell(held, max, &mut found)
        {
            return Ok(found);
        }
        while found.len() < max && room > 0 {
            let left = until.saturating_duration_since(Instant::now());
            let wait = if found.is_empty() { left } else { Duration::ZERO };
            match self.client.poll(Timeout::After(wait)) {
                Some(Ok(message)) => {
                    let Some(read) = self.delivered(&message) else { continue };
                    drop(message);
                    room = room.saturating_sub(read.record.value.len());
                    if !self.tell(read, max, &mut found) {
                        break;
                    }
                }
                Some(Err(error)) if is_passing(&error) => {}
                Some(Err(error)) if found.is_empty() => return Err(told("read Kafka", &error)),
                Some(Err(_)) => break,
                None if !found.is_empty() || left == Duration::ZERO => break,
                None => {}
            }
        }
        Ok(found)
    }
}

impl Consumer for KafkaConsumer {
    fn poll(&mut self, max: usize, timeout: Duration) -> Result<Vec<Polled>> {
        let until = Instant::now() + timeout;
        self.settle_until(until)?;
        if self.start.is_some() {
            let away = self.watch.meta.away();
            return Err(away.unwrap_or_else(|| Error::unavailable("Kafka told no offsets yet")));
        }
        self.grow()?;
        self.read(max.max(1), until)
    }

    fn seek(&mut self, to: Start) -> Result<()> {
        self.start = Some(to);
        self.settle_until(Instant::now() + ASK)
    }
}

/// A record of Kafka as the bus has it.
pub(crate) fn record(message: &BorrowedMessage<'_>) -> Record {
    let copied = |bytes: Option<&[u8]>| bytes.map(Bytes::copy_from_slice).unwrap_or_default();
    let headers = message
        .headers()
        .map(|headers| headers.iter().map(|h| (h.key.to_owned(), copied(h.value))).collect());
    Record {
        key: copied(message.key()),
        headers: headers.unwrap_or_default(),
        value: copied(message.payload()),
        timestamp_us: message.timestamp().to_millis().unwrap_or(0).saturating_mul(1000),
    }
}

/// True for what librdkafka mends by itself: it tries again, and `health` says so.
pub(crate) fn is_passing(error: &KafkaError) -> bool {
    use RDKafkaErrorCode as C;
    let Some(code) = error.rdkafka_error_code() else { return false };
    matches!(
        code,
        C::BrokerTransportFailure
            | C::AllBrokersDown
            | C::Resolve
            | C::OperationTimedOut
            | C::RequestTimedOut
            | C::BrokerNotAvailable
            | C::LeaderNotAvailable
            | C::NotLeaderForPartition
            | C::ReplicaNotAvailable
            | C::NetworkException
            | C::KafkaStorageError
            | C::CoordinatorNotAvailable
            | C::CoordinatorLoadInProgress
            | C::NotCoordinator
            | C::FencedLeaderEpoch
            | C::UnknownLeaderEpoch
            | C::OffsetNotAvailable
            | C::GroupAuthorizationFailed
            | C::WaitingForCoordinator
            | C::TimedOutQueue
    )
}
