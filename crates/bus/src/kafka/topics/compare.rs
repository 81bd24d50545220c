//! Topics as they are against topics as they should be.

use std::collections::BTreeMap;

use super::{BROKERS, Finding, MAX_MESSAGE_BYTES, Plan, settings};

/// The cluster as far as topics need it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cluster {
    pub brokers: Vec<i32>,
    /// Our topics by name on Kafka.
    pub topics: BTreeMap<String, Found>,
    /// Settings of one broker, by Kafka's name.
    pub broker: BTreeMap<String, String>,
}

/// A topic that is there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub partitions: u32,
    /// The fewest copies that a partition has.
    pub replicas: u16,
    /// Partitions of which a copy is not in sync.
    pub behind: u32,
    pub settings: BTreeMap<String, String>,
    /// Those that were set for this topic.
    pub own: BTreeMap<String, String>,
}

/// Limits of the brokers that a record of 16 MiB has to pass between them.
const BROKER_LIMITS: [&str; 3] =
    ["replica.fetch.max.bytes", "replica.fetch.response.max.bytes", "socket.request.max.bytes"];

/// Whether `apply` changes such a finding.
pub(crate) fn is_applied(setting: &str) -> bool {
    setting.contains('.')
}

/// What is not as it should be.
pub(crate) fn findings(plans: &[Plan], cluster: &Cluster) -> Vec<Finding> {
    let mut all: Vec<Finding> = plans.iter().flat_map(|plan| of_topic(plan, cluster)).collect();
    // Copies are fetched between brokers: alone none is.
    if cluster.brokers.len() > 1 {
        all.extend(BROKER_LIMITS.iter().filter_map(|name| of_broker(name, cluster)));
    }
    all
}

fn of_topic(plan: &Plan, cluster: &Cluster) -> Vec<Finding> {
    let told = |setting: &str, is: String, should: String, fix: &str| Finding {
        topic: plan.name.clone(),
        setting: setting.into(),
        is,
        should,
        fix: fix.into(),
    };
    let Some(found) = cluster.topics.get(&plan.name) else {
        return vec![told("topic", "missing".into(), "there".into(), "run `flumen topics apply`")];
    };
    let mut all = Vec::new();
    if found.partitions != plan.partitions {
        let fix = if found.partitions > plan.partitions {
            "set kafka.partitions to what is there: Kafka can't take partitions away"
        } else {
            "set kafka.partitions to what is there, or add partitions by hand while nothing runs: \
             cameras move to other partitions, and their order with them"
        };
        let (is, should) = (found.partitions.to_string(), plan.partitions.to_string());
        all.push(told("partitions", is, should, fix));
    }
    let replicas = plan.replicas_of(cluster.brokers.len());
    if found.replicas < replicas {
        let fix = "add copies with Kafka's kafka-reassign-partitions";
        all.push(told("replicas", found.replicas.to_string(), replicas.to_string(), fix));
    }
    for (name, should) in settings(plan, cluster.brokers.len()) {
        let is = found.settings.get(name).cloned().unwrap_or_default();
        if !is_equal(name, &is, &should) {
            all.push(told(name, is, should, "run `flumen topics apply`"));
        }
    }
    all
}

/// Lists are equal in any order.
fn is_equal(name: &str, is: &str, should: &str) -> bool {
    if name != "cleanup.policy" {
        return is == should;
    }
    let sorted = |text: &str| {
        let mut words: Vec<String> = text.split(',').map(|w| w.trim().to_owned()).collect();
        words.sort();
        words
    };
    sorted(is) == sorted(should)
}

fn of_broker(name: &str, cluster: &Cluster) -> Option<Finding> {
    let is = cluster.broker.get(name)?;
    (is.parse::<u64>().ok()? < u64::from(MAX_MESSAGE_BYTES)).then(|| Finding {
        topic: BROKERS.into(),
        setting: name.into(),
        is: is.clone(),
        should: MAX_MESSAGE_BYTES.to_string(),
        fix: "set it in each broker's server.properties and restart them one by one".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{KafkaConfig, plan};
    use super::*;

    fn as_planned(brokers: usize) -> (Vec<Plan>, Cluster) {
        let plans = plan(&KafkaConfig::default());
        let found = |plan: &Plan| Found {
            partitions: plan.partitions,
            replicas: plan.replicas_of(brokers),
            settings: settings(plan, brokers).into_iter().map(|(n, v)| (n.into(), v)).collect(),
            ..Found::default()
        };
        let topics = plans.iter().map(|p| (p.name.clone(), found(p))).collect();
        let brokers = (1..=brokers as i32).collect();
        (plans, Cluster { brokers, topics, broker: BTreeMap::new() })
    }

    #[test]
    fn what_is_as_planned_is_not_told() {
        for brokers in [1, 3, 5] {
            let (plans, cluster) = as_planned(brokers);
            assert_eq!(findings(&plans, &cluster), []);
        }
    }

    #[test]
    fn each_difference_is_named_with_what_to_do() {
        let (plans, mut cluster) = as_planned(3);
        let video = cluster.topics.get_mut("flumen.video").unwrap();
        video.partitions = 6;
        video.replicas = 1;
        video.settings.insert("max.message.bytes".into(), "1048588".into());
        let gaps = cluster.topics.get_mut("flumen.gaps").unwrap();
        gaps.settings.insert("cleanup.policy".into(), "delete,compact".into());
        cluster.topics.remove("flumen.events");
        cluster.broker.insert("replica.fetch.response.max.bytes".into(), "10485760".into());
        let found = findings(&plans, &cluster);
        let told: Vec<_> = found.iter().map(|f| (f.topic.as_str(), f.setting.as_str())).collect();
        let expected = [
            ("flumen.video", "partitions"),
            ("flumen.video", "replicas"),
            ("flumen.video", "max.message.bytes"),
            ("flumen.events", "topic"),
            (BROKERS, "replica.fetch.response.max.bytes"),
        ];
        assert_eq!(told, expected);
        assert!(found.iter().all(|f| !f.fix.is_empty() && f.is != f.should));
    }
}
