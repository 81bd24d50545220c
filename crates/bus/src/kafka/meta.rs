//! What is known of the cluster: brokers, partitions of our topics, whether anybody answers.
//!
//! Invariants: the number of partitions of a topic that was seen once is known for ever (it is
//! kept beside the spool), so that what is stored while Kafka is away gets the right partition.
//! Not here: asking (`watch`).

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use flumen_base::{Error, Result, topic};

use super::lock;
use crate::{Broker, KafkaConfig};

/// Name of the file that keeps the partitions.
const FILE: &str = "partitions";

pub(crate) struct Meta {
    known: Mutex<Known>,
    file: PathBuf,
    prefix: String,
    default_partitions: u32,
}

#[derive(Default)]
struct Known {
    partitions: HashMap<String, u32>,
    brokers: BTreeMap<i32, Broker>,
    /// Kafka was asked and answered in this process.
    answered: bool,
    /// `None` while it answers.
    away: Option<Away>,
    /// Topics that Kafka says it does not have.
    missing: Vec<String>,
    /// What a person should know although Kafka answers.
    warning: String,
}

struct Away {
    since: Instant,
    why: String,
}

/// What Kafka said.
pub(crate) struct Answer {
    pub brokers: Vec<Broker>,
    /// By logical name.
    pub partitions: HashMap<String, u32>,
}

impl Meta {
    pub(crate) fn open(dir: &Path, config: &KafkaConfig) -> Meta {
        let file = dir.join(FILE);
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let line = |line: &str| {
            let (topic, count) = line.split_once(' ')?;
            Some((topic.to_owned(), count.parse().ok().filter(|c| *c > 0)?))
        };
        let partitions = text.lines().filter_map(line).collect();
        let away = Some(Away { since: Instant::now(), why: "not asked yet".into() });
        let known = Known { partitions, away, ..Known::default() };
        Meta {
            known: Mutex::new(known),
            file,
            prefix: config.prefix.clone(),
            default_partitions: config.partitions,
        }
    }

    /// Takes an answer in; true when Kafka was away before.
    pub(crate) fn answered(&self, answer: Answer) -> bool {
        let mut known = lock(&self.known);
        for broker in known.brokers.values_mut() {
            broker.up = false;
        }
        known.brokers.extend(answer.brokers.into_iter().map(|b| (b.id, b)));
        let all = topic::LOGS.iter().chain(&topic::TABLES);
        let missing = all.filter(|t| !answer.partitions.contains_key(**t));
        known.missing = missing.map(|t| (*t).to_owned()).collect();
        let before = known.partitions.clone();
        for (topic, count) in answer.partitions {
            let old = known.partitions.insert(topic.clone(), count);
            if let Some(old) = old.filter(|old| *old != count) {
                tracing::warn!(topic, old, count, "partitions changed: keys move");
            }
        }
        if known.partitions != before {
            self.keep(&known.partitions);
        }
        known.answered = true;
        let away = known.away.take();
        if let Some(away) = &away {
            let seconds = away.since.elapsed().as_secs();
            tracing::info!(seconds, "Kafka answers");
        }
        away.is_some()
    }

    fn keep(&self, partitions: &HashMap<String, u32>) {
        let mut lines: Vec<String> = partitions.iter().map(|(t, n)| format!("{t} {n}\n")).collect();
        lines.sort();
        let new = self.file.with_extension("new");
        let kept =
            std::fs::write(&new, lines.concat()).and_then(|()| std::fs::rename(&new, &self.file));
        if let Err(error) = kept {
            tracing::warn!(%error, file = %self.file.display(), "numbers of partitions not kept");
        }
    }

    /// Kafka did not answer.
    pub(crate) fn silent(&self, why: &str) {
        let mut known = lock(&self.known);
        for broker in known.brokers.values_mut() {
            broker.up = false;
        }
        match &mut known.away {
            Some(away) => away.why = why.to_owned(),
            None => {
                tracing::warn!(why, "Kafka is away: records are spooled");
                known.away = Some(Away { since: Instant::now(), why: why.to_owned() });
            }
        }
    }

    pub(crate) fn warn(&self, warning: String) {
        lock(&self.known).warning = warning;
    }

    pub(crate) fn is_reachable(&self) -> bool {
        lock(&self.known).away.is_none()
    }

    /// The error of a call that needs an answer.
    pub(crate) fn away(&self) -> Option<Error> {
        let known = lock(&self.known);
        known.away.as_ref().map(|away| Error::unavailable(away.shown()))
    }

    pub(crate) fn brokers(&self) -> Vec<Broker> {
        lock(&self.known).brokers.values().cloned().collect()
    }

    /// What is wrong, for a person; empty when nothing is.
    pub(crate) fn detail(&self) -> String {
        let known = lock(&self.known);
        match &known.away {
            Some(away) => away.shown(),
            None if !known.missing.is_empty() => self.missing_shown(&known.missing),
            None => known.warning.clone(),
        }
    }

    fn missing_shown(&self, missing: &[String]) -> String {
        let names: Vec<String> = missing.iter().map(|t| format!("{}{t}", self.prefix)).collect();
        format!("Kafka has no topic {}: run `flumen topics apply`", names.join(", "))
    }

    /// The error of topics that are not there, when Kafka said so.
    pub(crate) fn missing(&self) -> Option<Error> {
        let known = lock(&self.known);
        let told = !known.missing.is_empty();
        told.then(|| Error::not_found(self.missing_shown(&known.missing)))
    }

    /// Partitions of a topic, when they are known.
    ///
    /// # Errors
    /// `NotFound` when Kafka says that there is no such topic.
    pub(crate) fn partitions(&self, topic: &str) -> Result<Option<u32>> {
        let known = lock(&self.known);
        if known.missing.iter().any(|t| t == topic) {
            return Err(Error::not_found(self.missing_shown(&[topic.to_owned()])));
        }
        Ok(known.partitions.get(topic).copied())
    }

    /// Partitions of a topic: as known, else as `topics::apply` would make it.
    pub(crate) fn partitions_or_plan(&self, topic: &str) -> u32 {
        let planned = if topic == topic::OWNERS { 1 } else { self.default_partitions };
        lock(&self.known).partitions.get(topic).copied().unwrap_or(planned)
    }
}

impl Away {
    fn shown(&self) -> String {
        format!("Kafka does not answer since {} s: {}", self.since.elapsed().as_secs(), self.why)
    }
}
