//! The producer of all tables: what is put is acknowledged before the call returns.
//!
//! Invariants: a put waits at most as long as it is told to; its record is not tried longer.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flumen_base::{Clock as _, Error, Result, SystemClock};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message as _;
use rdkafka::producer::{
    BaseRecord, DeliveryResult, NoCustomPartitioner, Producer as _, ProducerContext,
    ThreadedProducer,
};

use super::client::{self, With, told};
use super::lock;
use crate::KafkaConfig;

const QUEUE_BYTES: u64 = 16 << 20;

type Answer = Result<(u32, u64), KafkaError>;

/// Answers go to whoever put; the producer itself keeps none.
struct Answers;

impl ProducerContext<NoCustomPartitioner> for With<Answers> {
    type DeliveryOpaque = Box<SyncSender<Answer>>;

    fn delivery(&self, result: &DeliveryResult<'_>, tell: Box<SyncSender<Answer>>) {
        let answer = match result {
            Ok(message) => {
                let offset = u64::try_from(message.offset()).unwrap_or(0);
                Ok((u32::try_from(message.partition()).unwrap_or(0), offset))
            }
            Err((error, _)) => Err(error.clone()),
        };
        // Who asked may have gone.
        let _ = tell.try_send(answer);
    }
}

pub(crate) struct Writer {
    config: KafkaConfig,
    producer: Mutex<Option<Arc<ThreadedProducer<With<Answers>>>>>,
}

/// A put on its way.
pub(crate) struct Put {
    answer: Receiver<Answer>,
    what: String,
}

impl Put {
    /// Partition and offset of the record.
    pub(crate) fn wait(self, timeout: Duration) -> Result<(u32, u64)> {
        match self.answer.recv_timeout(timeout) {
            Ok(Ok(placed)) => Ok(placed),
            Ok(Err(error)) => Err(told(&self.what, &error)),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                Err(Error::unavailable(format!("{}: Kafka did not answer in time", self.what)))
            }
        }
    }
}

impl Writer {
    pub(crate) fn new(config: &KafkaConfig) -> Writer {
        Writer { config: config.clone(), producer: Mutex::new(None) }
    }

    /// The producer; a new one when the old one can't go on.
    fn producer(&self) -> Result<Arc<ThreadedProducer<With<Answers>>>> {
        let mut producer = lock(&self.producer);
        if let Some(made) = producer.as_ref().filter(|p| p.client().fatal_error().is_none()) {
            return Ok(made.clone());
        }
        let settings = client::producer(&self.config, QUEUE_BYTES, self.config.patience);
        let made = client::make(&settings, With::new(&self.config, Answers))?;
        Ok(producer.insert(Arc::new(made)).clone())
    }

    pub(crate) fn send(
        &self,
        on_kafka: &str,
        partition: u32,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<Put> {
        let what = format!("put into {on_kafka}");
        let (tell, answer) = sync_channel(1);
        let mut record = BaseRecord::with_opaque_to(on_kafka, Box::new(tell))
            .partition(partition as i32)
            .key(key)
            .timestamp(SystemClock.wall_us() / 1000);
        if let Some(value) = value {
            record = record.payload(value);
        }
        match self.producer()?.send(record) {
            Ok(()) => Ok(Put { answer, what }),
            Err((error, _)) if error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull) => {
                Err(Error::exhausted(format!("{what}: too many puts wait for Kafka")))
            }
            Err((error, _)) => Err(told(&what, &error)),
        }
    }

    pub(crate) fn close(&self) {
        *lock(&self.producer) = None;
    }
}
