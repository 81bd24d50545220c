//! The producer behind the spool, and what it reports.

use std::sync::{Arc, Mutex};

use flumen_base::{Error, Result};
use flumen_journal::Signal;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Message as _, OwnedHeaders};
use rdkafka::producer::{
    BaseRecord, DeliveryResult, NoCustomPartitioner, ProducerContext, ThreadedProducer,
};

use super::client::{self, With};
use super::lock;
use crate::{KafkaConfig, Record};

/// What became of a record of the spool.
pub(crate) struct Report {
    pub offset: u64,
    pub result: Result<Placed, RDKafkaErrorCode>,
}

/// Where Kafka put it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub partition: u32,
    /// `None` when Kafka had it already and does not say where.
    pub offset: Option<u64>,
}

/// Reports on their way from librdkafka to the drain.
#[derive(Clone)]
pub(crate) struct Reports {
    list: Arc<Mutex<Vec<Report>>>,
    signal: Arc<Signal>,
}

impl Reports {
    pub(crate) fn new(signal: Arc<Signal>) -> Reports {
        Reports { list: Arc::default(), signal }
    }

    pub(crate) fn take(&self) -> Vec<Report> {
        std::mem::take(&mut lock(&self.list))
    }
}

impl ProducerContext<NoCustomPartitioner> for With<Reports> {
    /// The offset in the spool.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, offset: usize) {
        let result = match result {
            Ok(message) => Ok(Placed {
                partition: u32::try_from(message.partition()).unwrap_or(0),
                offset: u64::try_from(message.offset()).ok(),
            }),
            Err((error, _)) => Err(error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown)),
        };
        lock(&self.own.list).push(Report { offset: offset as u64, result });
        self.own.signal.tell();
    }
}

/// A producer; dropping it gives back what it holds as reports with an error.
pub(crate) struct Sender(ThreadedProducer<With<Reports>>);

impl Sender {
    pub(crate) fn new(config: &KafkaConfig, reports: Reports) -> Result<Sender> {
        let settings = client::producer(config, config.queue_bytes, std::time::Duration::ZERO);
        let context = With::new(config, reports);
        client::make(&settings, context).map(Sender)
    }

    /// Hands a record over; false when the queue is full.
    ///
    /// # Errors
    /// When this producer can't go on.
    pub(crate) fn send(
        &self,
        offset: u64,
        on_kafka: &str,
        partition: u32,
        record: &Record,
    ) -> Result<bool> {
        let headers = record.headers.iter().fold(
            OwnedHeaders::new_with_capacity(record.headers.len()),
            |headers, (key, value)| headers.insert(Header { key, value: Some(&value[..]) }),
        );
        let message = BaseRecord::with_opaque_to(on_kafka, offset as usize)
            .partition(partition as i32)
            .key(&record.key[..])
            .payload(&record.value[..])
            // 0 would mean the producer's own clock.
            .timestamp(record.timestamp_us.div_euclid(1000).max(1))
            .headers(headers);
        match self.0.send(message) {
            Ok(()) => Ok(true),
            Err((error, _)) if is_full(&error) => Ok(false),
            Err((error, _)) => Err(send_error(on_kafka, &error)),
        }
    }
}

fn is_full(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull)
}

fn send_error(on_kafka: &str, error: &KafkaError) -> Error {
    client::told(&format!("send to {on_kafka}"), error)
}
