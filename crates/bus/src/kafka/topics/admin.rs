//! Kafka's admin calls.
//!
//! Invariants: each call waits at most 20 s; what a topic has of its own beside our settings
//! stays. The binding can't give tokens to this client, so OAUTHBEARER is refused with a word.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use flumen_base::{Error, Result};
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, ConfigResource, ConfigSource, NewTopic,
    OwnedResourceSpecifier, ResourceSpecifier, TopicReplication,
};
use rdkafka::error::RDKafkaErrorCode;

use super::compare::{Cluster, Found};
use super::{Plan, Shown, settings};
use crate::kafka::client::{self, Context, hint_of, kind_of, told};
use crate::kafka::{KafkaConfig, Mechanism};

const ANSWER: Duration = Duration::from_secs(20);

pub(crate) struct Admin(AdminClient<Context>);

impl Admin {
    pub(crate) fn open(config: &KafkaConfig) -> Result<Admin> {
        config.validate()?;
        let security = &config.security;
        if security.protocol.has_sasl() && security.mechanism == Mechanism::OauthBearer {
            return Err(Error::unsupported(
                "topics can't be managed with OAUTHBEARER: use a user with SCRAM or a \
                 certificate for it, or make them with Kafka's own tools as docs/ref/topics.md \
                 says",
            ));
        }
        client::make(&client::common(config), Context::new(config)).map(Admin)
    }

    /// The cluster and our topics in it.
    pub(crate) fn look(&self, plans: &[Plan]) -> Result<Cluster> {
        let metadata = self.0.inner().fetch_metadata(None, ANSWER);
        let metadata = metadata.map_err(|e| told("ask Kafka for its topics", &e))?;
        let mut cluster = Cluster {
            brokers: metadata.brokers().iter().map(|b| b.id()).collect(),
            ..Cluster::default()
        };
        for found in metadata.topics() {
            let ours = plans.iter().any(|p| p.name == found.name());
            if !ours || found.partitions().is_empty() {
                continue;
            }
            let replicas = found.partitions().iter().map(|p| p.replicas().len()).min();
            let behind = found.partitions().iter().filter(|p| p.isr().len() < p.replicas().len());
            let of = Found {
                partitions: found.partitions().len() as u32,
                replicas: replicas.unwrap_or(0) as u16,
                behind: behind.count() as u32,
                ..Found::default()
            };
            cluster.topics.insert(found.name().to_owned(), of);
        }
        self.describe(&mut cluster)?;
        Ok(cluster)
    }

    fn describe(&self, cluster: &mut Cluster) -> Result<()> {
        let names: Vec<String> = cluster.topics.keys().cloned().collect();
        let mut wanted: Vec<ResourceSpecifier<'_>> =
            names.iter().map(|n| ResourceSpecifier::Topic(n)).collect();
        // librdkafka takes one broker a call, and topics beside it.
        wanted.extend(cluster.brokers.first().map(|id| ResourceSpecifier::Broker(*id)));
        let asked = self.0.describe_configs(&wanted, &options());
        let answers = wait(asked).map_err(|e| told("read the topics' settings", &e))?;
        for answer in answers {
            let resource = answer.map_err(|code| refused("read the topics' settings", code))?;
            take(cluster, &resource);
        }
        Ok(())
    }

    /// Makes what is missing.
    pub(crate) fn make(&self, plans: &[Plan], cluster: &Cluster) -> Result<()> {
        let missing: Vec<&Plan> =
            plans.iter().filter(|p| !cluster.topics.contains_key(&p.name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let brokers = cluster.brokers.len();
        let all: Vec<_> = missing.iter().map(|p| (*p, settings(p, brokers))).collect();
        let new: Vec<NewTopic<'_>> = all
            .iter()
            .map(|(plan, settings)| {
                let copies = TopicReplication::Fixed(i32::from(plan.replicas_of(brokers)));
                let topic = NewTopic::new(&plan.name, plan.partitions as i32, copies);
                settings.iter().fold(topic, |topic, (name, value)| topic.set(name, value))
            })
            .collect();
        let asked = self.0.create_topics(&new, &options());
        for answer in wait(asked).map_err(|e| told("make topics", &e))? {
            match answer {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((name, code)) => return Err(refused(&format!("make topic {name}"), code)),
            }
        }
        Ok(())
    }

    /// Waits until all brokers' answers hold the topics and each partition has a leader.
    pub(crate) fn wait_for(&self, plans: &[Plan]) -> Result<()> {
        let until = Instant::now() + ANSWER;
        loop {
            let metadata = self.0.inner().fetch_metadata(None, ANSWER);
            let metadata = metadata.map_err(|e| told("ask Kafka for its topics", &e))?;
            let is_there = |plan: &&Plan| {
                let mut topics = metadata.topics().iter();
                topics.any(|t| {
                    let led = !t.partitions().is_empty();
                    t.name() == plan.name && led && t.partitions().iter().all(|p| p.leader() >= 0)
                })
            };
            let Some(missing) = plans.iter().find(|plan| !is_there(plan)) else { return Ok(()) };
            if Instant::now() > until {
                let name = &missing.name;
                return Err(Error::unavailable(format!("topic {name} has no leader yet")));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sets what is set otherwise.
    pub(crate) fn alter(&self, plans: &[Plan], cluster: &Cluster) -> Result<()> {
        for plan in plans {
            let Some(found) = cluster.topics.get(&plan.name) else { continue };
            let wanted = settings(plan, cluster.brokers.len());
            let findings = super::compare::findings(std::slice::from_ref(plan), cluster);
            let ours =
                |f: &super::Finding| f.topic == plan.name && super::compare::is_applied(&f.setting);
            if !findings.iter().any(ours) {
                continue;
            }
            // This call replaces all that the topic has of its own: what is not ours goes along.
            let mut all: BTreeMap<&str, &str> =
                found.own.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            all.extend(wanted.iter().map(|(name, value)| (*name, value.as_str())));
            let change = AlterConfig::new(ResourceSpecifier::Topic(&plan.name));
            let change = all.into_iter().fold(change, |c, (name, value)| c.set(name, value));
            let what = format!("change topic {}", plan.name);
            let asked = self.0.alter_configs([&change], &options());
            for answer in wait(asked).map_err(|e| told(&what, &e))? {
                answer.map_err(|(_, code)| refused(&what, code))?;
            }
        }
        Ok(())
    }

    pub(crate) fn remove(&self, plans: &[Plan]) -> Result<()> {
        let names: Vec<&str> = plans.iter().map(|p| p.name.as_str()).collect();
        let asked = self.0.delete_topics(&names, &options());
        for answer in wait(asked).map_err(|e| told("remove topics", &e))? {
            match answer {
                Ok(_) | Err((_, RDKafkaErrorCode::UnknownTopicOrPartition)) => {}
                Err((name, code)) => return Err(refused(&format!("remove topic {name}"), code)),
            }
        }
        Ok(())
    }

    pub(crate) fn shown(&self, plan: &Plan, cluster: &Cluster) -> Result<Shown> {
        let Some(found) = cluster.topics.get(&plan.name) else {
            return Ok(Shown {
                name: plan.name.clone(),
                exists: false,
                partitions: 0,
                replicas: 0,
                behind: 0,
                records: 0,
                settings: Vec::new(),
            });
        };
        let mut records = 0;
        for partition in 0..found.partitions {
            let marks = self.0.inner().fetch_watermarks(&plan.name, partition as i32, ANSWER);
            let (low, high) = marks.map_err(|e| told(&format!("ask {}", plan.name), &e))?;
            records += u64::try_from(high - low).unwrap_or(0);
        }
        let names = settings(plan, cluster.brokers.len());
        let value = |name: &str| found.settings.get(name).cloned().unwrap_or_default();
        Ok(Shown {
            name: plan.name.clone(),
            exists: true,
            partitions: found.partitions,
            replicas: found.replicas,
            behind: found.behind,
            records,
            settings: names.iter().map(|(n, _)| ((*n).to_owned(), value(n))).collect(),
        })
    }
}

fn take(cluster: &mut Cluster, resource: &ConfigResource) {
    let values = resource.entries.iter().filter(|e| !e.is_sensitive);
    let pairs = values.filter_map(|e| Some((e, e.value.clone()?)));
    match &resource.specifier {
        OwnedResourceSpecifier::Topic(name) => {
            let Some(found) = cluster.topics.get_mut(name) else { return };
            for (entry, value) in pairs {
                if entry.source == ConfigSource::DynamicTopic {
                    found.own.insert(entry.name.clone(), value.clone());
                }
                found.settings.insert(entry.name.clone(), value);
            }
        }
        OwnedResourceSpecifier::Broker(_) => {
            cluster.broker.extend(pairs.map(|(entry, value)| (entry.name.clone(), value)));
        }
        OwnedResourceSpecifier::Group(_) => {}
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(ANSWER)).operation_timeout(Some(ANSWER))
}

fn refused(what: &str, code: RDKafkaErrorCode) -> Error {
    Error::new(kind_of(code), format!("{what}: {code}{}", hint_of(code)))
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for an answer on this thread; the admin client's own thread brings it.
fn wait<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = TaskContext::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park_timeout(Duration::from_millis(100)),
        }
    }
}
