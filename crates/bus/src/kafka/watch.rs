//! One thread that asks Kafka how it is, and the client of all calls that wait for an answer.
//!
//! Invariants: one question each 3 s, each second while Kafka is away.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use flumen_base::{Context as _, Result, topic};
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::metadata::Metadata;

use super::client::{self, Context, told};
use super::consumer::is_passing;
use super::meta::{Answer, Meta};
use super::topics;
use crate::{Broker, KafkaConfig};

/// How often Kafka is asked while it answers.
const EVERY: Duration = Duration::from_secs(3);
/// How often while it does not, and how long an answer is waited for.
const AWAY_EVERY: Duration = Duration::from_secs(1);
const ANSWER: Duration = Duration::from_secs(2);
const TURN: Duration = Duration::from_millis(50);

pub(crate) struct Watch {
    pub client: BaseConsumer<Context>,
    pub meta: Meta,
    config: KafkaConfig,
    stop: AtomicBool,
}

impl Watch {
    pub(crate) fn new(config: KafkaConfig, meta: Meta) -> Result<Watch> {
        let client = client::consumer(&config, &client::common(&config))?;
        Ok(Watch { client, meta, config, stop: AtomicBool::new(false) })
    }

    /// Asks once.
    pub(crate) fn ask(&self) -> bool {
        match self.client.fetch_metadata(None, ANSWER) {
            Ok(metadata) => self.meta.answered(answer(&metadata, &self.config.prefix)),
            Err(error) => {
                for _ in 0..50 {
                    drop(self.client.poll(Duration::ZERO));
                }
                let why = self.client.context().take_refusal();
                let why = why.unwrap_or_else(|| error.to_string());
                self.meta.silent(&format!("{why} ({})", self.config.brokers.join(", ")));
                false
            }
        }
    }

    /// The oldest offset of a partition and the one behind its newest. A topic that was just
    /// made, or whose broker just went, is asked again until then.
    pub(crate) fn marks(
        &self,
        on_kafka: &str,
        partition: u32,
        until: Instant,
    ) -> Result<(u64, u64)> {
        loop {
            let left = until.saturating_duration_since(Instant::now()).max(TURN);
            match self.client.fetch_watermarks(on_kafka, partition as i32, left) {
                Ok((low, high)) => return Ok((low.max(0) as u64, high.max(0) as u64)),
                Err(error) if is_passing(&error) && Instant::now() < until => {
                    std::thread::sleep(TURN);
                }
                Err(error) => return Err(told(&format!("ask for offsets of {on_kafka}"), &error)),
            }
        }
    }

    /// Runs until `stop`; `came_back` is called when Kafka answers again.
    pub(crate) fn start(self: &Arc<Self>, came_back: impl Fn() + Send + 'static) -> Result<()> {
        let watch = self.clone();
        let run = move || {
            let mut checked = false;
            while !watch.stop.load(Ordering::Relaxed) {
                if watch.ask() {
                    came_back();
                }
                if !checked && watch.meta.is_reachable() {
                    checked = watch.check();
                }
                watch.serve();
            }
        };
        std::thread::Builder::new()
            .name("kafka watch".into())
            .spawn(run)
            .map(drop)
            .context("start the watch of Kafka")
    }

    /// A wrong setting is named before it costs a record.
    fn check(&self) -> bool {
        let Ok(findings) = topics::check(&self.config) else { return false };
        let wrong: Vec<String> = findings
            .iter()
            .map(|f| format!("{} {} is {}, should be {}", f.topic, f.setting, f.is, f.should))
            .collect();
        if !wrong.is_empty() {
            let shown = format!("{}: run `flumen topics check`", wrong.join("; "));
            tracing::warn!("Kafka's topics: {shown}");
            self.meta.warn(shown);
        }
        true
    }

    /// Lets librdkafka tell what it has, until it is time to ask again.
    fn serve(&self) {
        let until = Instant::now() + if self.meta.is_reachable() { EVERY } else { AWAY_EVERY };
        while !self.stop.load(Ordering::Relaxed) && Instant::now() < until {
            drop(self.client.poll(Duration::from_millis(100)));
        }
    }

    pub(crate) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

fn answer(metadata: &Metadata, prefix: &str) -> Answer {
    let broker = |b: &rdkafka::metadata::MetadataBroker| Broker {
        id: b.id(),
        address: format!("{}:{}", b.host(), b.port()),
        up: true,
    };
    let mut partitions = HashMap::new();
    for found in metadata.topics() {
        let Some(name) = found.name().strip_prefix(prefix) else { continue };
        let ours = topic::LOGS.contains(&name) || topic::TABLES.contains(&name);
        let count = found.partitions().len() as u32;
        if ours && count > 0 && found.error().is_none() {
            partitions.insert(name.to_owned(), count);
        }
    }
    Answer { brokers: metadata.brokers().iter().map(broker).collect(), partitions }
}
