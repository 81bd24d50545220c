//! The topics as they should be, whether they are, and making them so.

use flumen_base::{Error, Result, topic};

use super::KafkaConfig;
use crate::Keep;

/// Bytes that a topic takes in one record: 16 MiB and room for what Kafka puts around it.
pub const MAX_MESSAGE_BYTES: u32 = (16 << 20) + (64 << 10);

/// What becomes of old records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// Kept by age and bytes.
    Delete,
    /// The last record of each key is kept.
    Compact,
    /// The last record of each key is kept, by age.
    CompactDelete,
}

impl Cleanup {
    /// As Kafka's `cleanup.policy` names it.
    pub fn name(self) -> &'static str {
        match self {
            Cleanup::Delete => "delete",
            Cleanup::Compact => "compact",
            Cleanup::CompactDelete => "compact,delete",
        }
    }
}

/// A topic as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Its name on Kafka.
    pub name: String,
    /// Its partitions.
    pub partitions: u32,
    /// Copies of each partition; 0: three, or as many as there are brokers.
    pub replicas: u16,
    /// What becomes of old records.
    pub cleanup: Cleanup,
    /// How long and how much of it; `None` for ever. The bytes are of all partitions together.
    pub keep: Option<Keep>,
    /// The largest record.
    pub max_message_bytes: u32,
}

/// A setting that is not as it should be, or was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The topic's name on Kafka; `broker` for a setting of the brokers.
    pub topic: String,
    /// The setting by Kafka's name, or `topic`, `partitions`, `replicas`.
    pub setting: String,
    /// What it is.
    pub is: String,
    /// What it should be.
    pub should: String,
    /// What to do about it, or what was done.
    pub fix: String,
}

/// A topic as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its name on Kafka.
    pub name: String,
    /// False when there is none of that name.
    pub exists: bool,
    /// Its partitions.
    pub partitions: u32,
    /// Copies of each partition.
    pub replicas: u16,
    /// Partitions with fewer copies in sync than there are copies.
    pub behind: u32,
    /// Records between the oldest and the newest offset, of all partitions.
    pub records: u64,
    /// Settings by Kafka's name.
    pub settings: Vec<(String, String)>,
}

/// The topics as they should be.
pub fn plan(config: &KafkaConfig) -> Vec<Plan> {
    let of = |name: &str, cleanup, keep| Plan {
        name: format!("{}{name}", config.prefix),
        partitions: if name == topic::OWNERS { 1 } else { config.partitions },
        replicas: config.replicas,
        cleanup,
        keep,
        max_message_bytes: MAX_MESSAGE_BYTES,
    };
    let logs = topic::LOGS.iter().map(|t| of(t, Cleanup::Delete, Some(config.keep_of(t))));
    let tables = topic::TABLES.iter().map(|&t| match t {
        topic::GAPS => of(t, Cleanup::CompactDelete, Some(config.keep_of(t))),
        _ => of(t, Cleanup::Compact, None),
    });
    logs.chain(tables).collect()
}

/// What is not as it should be; empty when all is well.
///
/// # Errors
/// `Invalid` settings, `Unavailable` when Kafka does not answer.
pub fn check(config: &KafkaConfig) -> Result<Vec<Finding>> {
    config.validate()?;
    Err(Error::unsupported("kafka: not in this build yet"))
}

/// Makes missing topics, adds nothing to those that are there but settings that can be changed
/// without loss; returns what was changed (`fix` says it) and what a person must decide.
///
/// # Errors
/// As for [`check`]; `Invalid` when the broker refuses a setting, with its reason.
pub fn apply(config: &KafkaConfig) -> Result<Vec<Finding>> {
    check(config)
}

/// The topics as they are.
///
/// # Errors
/// As for [`check`].
pub fn show(config: &KafkaConfig) -> Result<Vec<Shown>> {
    config.validate()?;
    Err(Error::unsupported("kafka: not in this build yet"))
}
