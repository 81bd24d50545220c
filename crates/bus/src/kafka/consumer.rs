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
use super::watch::Watch;
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
            match consumer.settle() {
                Err(e) if e.kind() != Kind::Unavailable => return Err(e),
                _ => {}
            }
        }
        Ok(consumer)
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
            topic.next = first_offsets(&self.watch, topic, &start)?;
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
            let marks = self.watch.client.fetch_watermarks(&topic.on_kafka, partition as i32, ASK);
            let Ok((low, _)) = marks else {
                self.held = Some(read);
                return false;
            };
            let to = (low.max(0) as u64).min(offset);
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
        while self.start.is_some() {
            match self.settle() {
                Err(e) if e.kind() == Kind::Unavailable && Instant::now() < until => {
                    let left = until.saturating_duration_since(Instant::now());
                    std::thread::sleep(left.min(Duration::from_millis(100)));
                }
                settled => settled?,
            }
        }
        self.grow()?;
        self.read(max.max(1), until)
    }

    fn seek(&mut self, to: Start) -> Result<()> {
        self.start = Some(to);
        match self.settle() {
            Err(e) if e.kind() != Kind::Unavailable => Err(e),
            _ => Ok(()),
        }
    }
}

/// Where reading begins, by partition; one that is not named begins at the oldest record.
fn first_offsets(watch: &Watch, topic: &Topic, start: &Start) -> Result<HashMap<u32, u64>> {
    let ends = |partition: u32| -> Result<u64> {
        let marks = watch.client.fetch_watermarks(&topic.on_kafka, partition as i32, ASK);
        let (_, high) = marks.map_err(|e| told("ask for offsets", &e))?;
        Ok(high.max(0) as u64)
    };
    match start {
        Start::Earliest => Ok(HashMap::new()),
        Start::Latest => (0..topic.partitions).map(|p| Ok((p, ends(p)?))).collect(),
        Start::Offsets(list) => {
            let named = list.iter().filter(|(p, _)| *p < topic.partitions);
            named.map(|&(p, offset)| Ok((p, offset.min(ends(p)?)))).collect()
        }
        Start::Time(us) => {
            let mut times = TopicPartitionList::new();
            // The stamps of Kafka are milliseconds: the first at or after, so rounded up.
            let ms = us.div_euclid(1000) + i64::from(us.rem_euclid(1000) > 0);
            for partition in 0..topic.partitions {
                let at = Offset::Offset(ms.max(0));
                times
                    .add_partition_offset(&topic.on_kafka, partition as i32, at)
                    .map_err(|e| told("seek by time", &e))?;
            }
            let found = watch.client.offsets_for_times(times, ASK);
            let found = found.map_err(|e| told("seek by time", &e))?;
            let at = |element: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| {
                element.error().map_err(|e| told("seek by time", &e))?;
                let partition = element.partition() as u32;
                let offset = match element.offset() {
                    Offset::Offset(offset) => offset.max(0) as u64,
                    _ => ends(partition)?,
                };
                Ok((partition, offset))
            };
            found.elements().iter().map(at).collect()
        }
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
