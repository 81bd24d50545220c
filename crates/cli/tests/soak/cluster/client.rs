//! Kafka read and written by a plain client, so that what is tested does not check itself.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, DeliveryResult, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use flumen_base::{Clock, SystemClock, topic};

use crate::common::wait_for;

const PATIENCE: Duration = Duration::from_secs(30);

/// A record as it stands on Kafka.
#[derive(Clone, Debug)]
pub struct Found {
    pub topic: String,
    pub partition: i32,
    pub offset: i64,
    pub key: Vec<u8>,
    pub header: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub timestamp_ms: i64,
}

impl Found {
    fn of(message: &BorrowedMessage) -> Found {
        let header = message
            .headers()
            .and_then(|all| all.iter().find(|h| h.key == topic::PACKET_HEADER)?.value);
        Found {
            topic: message.topic().to_owned(),
            partition: message.partition(),
            offset: message.offset(),
            key: message.key().unwrap_or_default().to_vec(),
            header: header.map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            timestamp_ms: message.timestamp().to_millis().unwrap_or(-1),
        }
    }
}

/// Topic and partition -> an offset.
pub type Offsets = BTreeMap<(String, i32), i64>;

fn config(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("message.max.bytes", "17825792")
        .set("receive.message.max.bytes", "100000000")
        .set("fetch.wait.max.ms", "10")
        .set("fetch.queue.backoff.ms", "10")
        .set("queued.max.messages.kbytes", "65536")
        .set("reconnect.backoff.max.ms", "500")
        .set("partitioner", "murmur2_random")
        .set("group.id", "flumen-campaign")
        .set("enable.auto.commit", "false")
        .set("allow.auto.create.topics", "false");
    config
}

/// First and next offsets of each partition.
fn edges(brokers: &str, topics: &[&str]) -> Vec<(String, i32, i64, i64)> {
    let client: BaseConsumer = config(brokers).create().expect("a client");
    let mut all = Vec::new();
    for topic in topics {
        let metadata = client.fetch_metadata(Some(topic), PATIENCE).expect("metadata");
        for partition in metadata.topics()[0].partitions() {
            let id = partition.id();
            // A topic that was made just now may not have a leader yet.
            let (low, high) = wait_for("watermarks", PATIENCE, || {
                client.fetch_watermarks(topic, id, PATIENCE).ok()
            });
            all.push(((*topic).to_owned(), id, low, high));
        }
    }
    all
}

/// Where each partition ends now.
pub fn ends(brokers: &str, topics: &[&str]) -> Offsets {
    edges(brokers, topics).into_iter().map(|(t, p, _, high)| ((t, p), high)).collect()
}

/// Reads records as they come, from `from` on (from now on when it is none).
pub struct Reader(BaseConsumer);

impl Reader {
    pub fn open(brokers: &str, topics: &[&str], from: Option<&Offsets>, committed: bool) -> Reader {
        let isolation = if committed { "read_committed" } else { "read_uncommitted" };
        let client: BaseConsumer =
            config(brokers).set("isolation.level", isolation).create().expect("a consumer");
        let mut list = TopicPartitionList::new();
        for (topic, partition, low, high) in edges(brokers, topics) {
            let begin = match from {
                Some(from) => from.get(&(topic.clone(), partition)).copied().unwrap_or(low),
                None => high,
            };
            list.add_partition_offset(&topic, partition, Offset::Offset(begin)).expect("an offset");
        }
        client.assign(&list).expect("an assignment");
        Reader(client)
    }

    /// The next record; none after `patience`.
    pub fn next(&self, patience: Duration) -> Option<Found> {
        match self.0.poll(patience)? {
            Ok(message) => Some(Found::of(&message)),
            // A broker that is away comes back.
            Err(KafkaError::MessageConsumption(code)) if is_passing(code) => None,
            Err(e) => panic!("reading Kafka: {e}"),
        }
    }
}

fn is_passing(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::OperationTimedOut
            | Code::Resolve
    )
}

/// Everything between two places.
pub fn read(brokers: &str, topics: &[&str], from: &Offsets, committed: bool) -> Vec<Found> {
    let isolation = if committed { "read_committed" } else { "read_uncommitted" };
    let mut config = config(brokers);
    config.set("isolation.level", isolation).set("enable.partition.eof", "true");
    let client: BaseConsumer = config.create().expect("a consumer");
    let mut list = TopicPartitionList::new();
    let mut open = 0;
    for (topic, partition, low, high) in edges(brokers, topics) {
        let begin = from.get(&(topic.clone(), partition)).copied().unwrap_or(low).max(low);
        if begin < high {
            open += 1;
            list.add_partition_offset(&topic, partition, Offset::Offset(begin)).expect("an offset");
        }
    }
    client.assign(&list).expect("an assignment");
    let mut all = Vec::new();
    while open > 0 {
        match client.poll(PATIENCE) {
            Some(Ok(message)) => all.push(Found::of(&message)),
            Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
            Some(Err(e)) => panic!("reading Kafka: {e}"),
            None => panic!("nothing came from Kafka in {PATIENCE:?}"),
        }
    }
    all
}

/// What became of records that were sent.
#[derive(Default)]
pub struct Deliveries {
    /// Microseconds from the given time to the broker's acknowledgement.
    pub took_us: Mutex<Vec<i64>>,
}

impl ClientContext for Deliveries {}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<i64>;

    fn delivery(&self, result: &DeliveryResult<'_>, since_us: Box<i64>) {
        if let Err((e, _)) = result {
            panic!("a record was not taken: {e}");
        }
        self.took_us.lock().expect("the list").push(SystemClock.wall_us() - *since_us);
    }
}

/// A plain idempotent producer.
pub struct Writer(pub ThreadedProducer<Deliveries>);

impl Writer {
    pub fn open(brokers: &str) -> Writer {
        let mut config = config(brokers);
        config.set("enable.idempotence", "true").set("acks", "all").set("linger.ms", "0");
        config.set("queue.buffering.max.kbytes", "131072").set("message.timeout.ms", "300000");
        Writer(config.create_with_context(Deliveries::default()).expect("a producer"))
    }

    /// Sends; blocks while the queue is full.
    pub fn send(&self, topic: &str, key: &str, header: Option<&[u8]>, value: &[u8], at_us: i64) {
        // Keys that are more than the camera lie with the camera.
        let partition = key.contains('/').then(|| {
            let known = self.0.client().fetch_metadata(Some(topic), Duration::from_secs(30));
            let partitions = known.expect("the topic").topics()[0].partitions().len() as u32;
            flumen_bus::murmur2_partition(key.as_bytes(), partitions) as i32
        });
        let record = |since| {
            let mut record = BaseRecord::with_opaque_to(topic, since);
            record = record.key(key).payload(value).timestamp(at_us / 1000);
            if let Some(partition) = partition {
                record = record.partition(partition);
            }
            let Some(header) = header else { return record };
            let header = Header { key: topic::PACKET_HEADER, value: Some(header) };
            record.headers(OwnedHeaders::new().insert(header))
        };
        let mut next = record(Box::new(at_us));
        while let Err((e, back)) = self.0.send(next) {
            assert_eq!(e.rdkafka_error_code(), Some(RDKafkaErrorCode::QueueFull), "{e}");
            std::thread::sleep(Duration::from_millis(5));
            next = back;
        }
    }

    pub fn flush(&self) {
        self.0.flush(Duration::from_secs(120)).expect("everything is delivered");
    }
}

/// The node that leads a partition.
pub fn leader(brokers: &str, topic: &str, partition: i32) -> u32 {
    let client: BaseConsumer = config(brokers).create().expect("a client");
    let metadata = client.fetch_metadata(Some(topic), PATIENCE).expect("metadata");
    let found = metadata.topics()[0].partitions().iter().find(|p| p.id() == partition);
    found.expect("the partition").leader() as u32
}
