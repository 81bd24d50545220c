//! The topics as they should be, whether they are, and making them so.

mod admin;
mod compare;

use std::time::Duration;

use flumen_base::{Result, topic};

use super::KafkaConfig;
use crate::Keep;
use admin::Admin;

/// Bytes that a topic takes in one record: 16 MiB and room for what Kafka puts around it.
pub const MAX_MESSAGE_BYTES: u32 = (16 << 20) + (64 << 10);

/// What findings about the brokers' own settings have in place of a topic.
pub const BROKERS: &str = "brokers";
/// Spans that are not covered are told for longer than most people keep video.
const GAPS_KEEP: Keep = Keep { age: Duration::from_secs(400 * 86_400), bytes: 1 << 30 };

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
    /// The topic's name on Kafka; [`BROKERS`] for a setting of the brokers.
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
        topic::GAPS => of(t, Cleanup::CompactDelete, Some(GAPS_KEEP)),
        _ => of(t, Cleanup::Compact, None),
    });
    logs.chain(tables).collect()
}

/// What is not as it should be; empty when all is well.
///
/// # Errors
/// `Invalid` settings, `Unavailable` when Kafka does not answer.
pub fn check(config: &KafkaConfig) -> Result<Vec<Finding>> {
    let admin = Admin::open(config)?;
    let cluster = admin.look(&plan(config))?;
    Ok(compare::findings(&plan(config), &cluster))
}

/// Makes topics that are missing and changes settings that can be changed without loss. Returns
/// what was done and what is left to a person: `fix` says which.
///
/// # Errors
/// As for [`check`]; `Invalid` when the brokers refuse something, with their reason.
pub fn apply(config: &KafkaConfig) -> Result<Vec<Finding>> {
    let admin = Admin::open(config)?;
    let plans = plan(config);
    let cluster = admin.look(&plans)?;
    let mut findings = compare::findings(&plans, &cluster);
    admin.make(&plans, &cluster)?;
    admin.wait_for(&plans)?;
    admin.alter(&plans, &cluster)?;
    for finding in &mut findings {
        if finding.setting == "topic" {
            finding.fix = "made".into();
        } else if compare::is_applied(&finding.setting) && finding.topic != BROKERS {
            finding.fix = "changed".into();
        }
    }
    Ok(findings)
}

/// The topics as they are.
///
/// # Errors
/// As for [`check`].
pub fn show(config: &KafkaConfig) -> Result<Vec<Shown>> {
    let admin = Admin::open(config)?;
    let plans = plan(config);
    let cluster = admin.look(&plans)?;
    plans.iter().map(|plan| admin.shown(plan, &cluster)).collect()
}

/// Removes the topics and all that is in them: for tests, and for who begins anew.
///
/// # Errors
/// As for [`apply`].
pub fn remove(config: &KafkaConfig) -> Result<()> {
    let admin = Admin::open(config)?;
    admin.remove(&plan(config))
}

/// Settings that a topic should have, by Kafka's name.
fn settings(plan: &Plan, brokers: usize) -> Vec<(&'static str, String)> {
    let replicas = usize::from(plan.replicas_of(brokers));
    let mut all = vec![
        ("cleanup.policy", plan.cleanup.name().to_owned()),
        ("max.message.bytes", plan.max_message_bytes.to_string()),
        ("min.insync.replicas", if replicas >= 3 { "2".into() } else { "1".to_owned() }),
        ("unclean.leader.election.enable", "false".into()),
        ("message.timestamp.type", "CreateTime".into()),
        ("compression.type", "producer".into()),
    ];
    if let Some(keep) = plan.keep {
        let bytes = keep.bytes / u64::from(plan.partitions.max(1));
        all.push(("retention.ms", keep.age.as_millis().to_string()));
        all.push(("retention.bytes", bytes.to_string()));
        // Whole segments go: an eighth more than asked at most, and never less than a record.
        all.push(("segment.bytes", (bytes / 8).clamp(32 << 20, 256 << 20).to_string()));
    }
    if plan.cleanup != Cleanup::Delete {
        // Who was away for a week still learns what was removed.
        let week = Duration::from_secs(7 * 86_400);
        all.push(("delete.retention.ms", week.as_millis().to_string()));
        all.push(("min.cleanable.dirty.ratio", "0.2".into()));
    }
    all
}

impl Plan {
    fn replicas_of(&self, brokers: usize) -> u16 {
        let most = u16::try_from(brokers.max(1)).unwrap_or(u16::MAX);
        if self.replicas == 0 { most.min(3) } else { self.replicas }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_names_every_topic_and_bounds_what_grows() {
        let config = KafkaConfig { prefix: "t.".into(), ..KafkaConfig::default() };
        let plans = plan(&config);
        assert_eq!(plans.len(), topic::LOGS.len() + topic::TABLES.len());
        let of = |name: &str| plans.iter().find(|p| p.name == format!("t.{name}")).unwrap();
        assert_eq!(of(topic::OWNERS).partitions, 1);
        assert_eq!(of(topic::VIDEO).partitions, 12);
        assert_eq!(of(topic::GAPS).cleanup, Cleanup::CompactDelete);
        assert_eq!(of(topic::CAMERAS).keep, None);
        let video = settings(of(topic::VIDEO), 1);
        let value = |name: &str| video.iter().find(|(n, _)| *n == name).unwrap().1.clone();
        assert_eq!(value("retention.ms"), "86400000");
        assert_eq!(value("retention.bytes"), ((20_u64 << 30) / 12).to_string());
        assert_eq!(value("min.insync.replicas"), "1");
        assert!(value("max.message.bytes").parse::<u32>().unwrap() > 16 << 20);
        let three = settings(of(topic::VIDEO), 5);
        assert!(three.contains(&("min.insync.replicas", "2".into())));
    }
}
