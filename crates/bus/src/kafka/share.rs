//! A member of a group whose members share the partitions of a topic.
//!
//! Invariants: a member that is gone is noticed after 6 s; while no broker answers nobody's share
//! changes, because nobody else can have been given it; a share that was lost while brokers
//! answer is given up after 30 s without a new one. Nothing is read; where the group
//! goes on is committed when the owner says so.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flumen_base::Result;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _, ConsumerContext, Rebalance};
use rdkafka::util::Timeout;
use rdkafka::{Offset, TopicPartitionList};

use super::client::{self, With, told};
use super::consumer::is_passing;
use super::lock;
use super::watch::Watch;
use crate::{KafkaConfig, Places, Share};

/// How long a lost share is kept while brokers answer and no new one comes. A broker that begins
/// first waits a session long for the member that we were before.
const HOLD: Duration = Duration::from_secs(30);
/// How often librdkafka is asked.
const TURN: Duration = Duration::from_millis(100);

#[derive(Default)]
struct Membership {
    mine: BTreeSet<u32>,
    /// A share was given at least once, or nothing was.
    known: bool,
    /// The group was left against our will.
    lost: bool,
    changed: bool,
}

type ShareContext = With<Arc<Mutex<Membership>>>;

impl ConsumerContext for ShareContext {
    fn pre_rebalance(&self, client: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if matches!(rebalance, Rebalance::Revoke(_)) && client.assignment_lost() {
            lock(&self.own).lost = true;
        }
    }

    fn post_rebalance(&self, client: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let mut membership = lock(&self.own);
        match rebalance {
            Rebalance::Assign(list) => {
                // Only the membership is wanted.
                let _ = client.pause(list);
                membership.lost = false;
            }
            Rebalance::Revoke(_) if membership.lost => return,
            Rebalance::Revoke(_) => {}
            Rebalance::Error(_) => return,
        }
        let Ok(now) = client.assignment() else { return };
        let now = partitions(&now);
        membership.changed |= membership.mine != now || !membership.known;
        membership.known = true;
        membership.mine = now;
    }
}

fn partitions(list: &TopicPartitionList) -> BTreeSet<u32> {
    list.elements().iter().filter_map(|e| u32::try_from(e.partition()).ok()).collect()
}

pub(crate) struct KafkaShare {
    client: BaseConsumer<ShareContext>,
    membership: Arc<Mutex<Membership>>,
    watch: Arc<Watch>,
    /// As it is called on Kafka.
    topic: String,
    patience: Duration,
    /// Since when the share is lost while brokers answer.
    lost_since: Option<Instant>,
}

impl KafkaShare {
    pub(crate) fn join(
        config: &KafkaConfig,
        watch: Arc<Watch>,
        group: &str,
        topic: &str,
    ) -> Result<KafkaShare> {
        watch.meta.partitions(topic)?;
        let membership: Arc<Mutex<Membership>> = Arc::default();
        let context = With::new(config, membership.clone());
        let client: BaseConsumer<ShareContext> =
            client::make(&client::member(config, group), context)?;
        let topic = format!("{}{topic}", config.prefix);
        client.subscribe(&[&topic]).map_err(|e| told(&format!("join group {group}"), &e))?;
        let patience = config.patience;
        Ok(KafkaShare { client, membership, watch, topic, patience, lost_since: None })
    }

    /// Gives up a share that was lost, when nobody gives a new one.
    fn look_at_loss(&mut self) {
        let mut membership = lock(&self.membership);
        if !membership.lost || !self.watch.meta.is_reachable() {
            self.lost_since = None;
            return;
        }
        let since = *self.lost_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= HOLD {
            tracing::warn!("our share of {} is lost and no new one came", self.topic);
            membership.lost = false;
            membership.changed |= !membership.mine.is_empty();
            membership.mine.clear();
        }
    }

    fn change(&self) -> Option<BTreeSet<u32>> {
        let mut membership = lock(&self.membership);
        std::mem::take(&mut membership.changed).then(|| membership.mine.clone())
    }
}

impl KafkaShare {
    fn list(&self) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        let partitions = lock(&self.membership).mine.clone();
        for partition in partitions {
            list.add_partition(&self.topic, partition as i32);
        }
        list
    }
}

impl Share for KafkaShare {
    fn places(&self) -> Result<Places> {
        let found = self
            .client
            .committed_offsets(self.list(), self.patience)
            .map_err(|e| told("ask where a group goes on", &e))?;
        let mut places = Places::new();
        for e in found.elements() {
            e.error().map_err(|e| told("ask where a group goes on", &e))?;
            let place = |at| Some((u32::try_from(e.partition()).ok()?, u64::try_from(at).ok()?));
            if let Offset::Offset(at) = e.offset() {
                places.extend(place(at));
            }
        }
        Ok(places)
    }

    /// Told to Kafka without waiting: what gets lost on the way is told again with the next.
    fn keep(&mut self, places: &Places) -> Result<()> {
        let mine = lock(&self.membership).mine.clone();
        let mut list = TopicPartitionList::new();
        for (partition, offset) in places.iter().filter(|(p, _)| mine.contains(p)) {
            let at = Offset::Offset(i64::try_from(*offset).unwrap_or(i64::MAX));
            list.add_partition_offset(&self.topic, *partition as i32, at)
                .map_err(|e| told("say where a group goes on", &e))?;
        }
        if list.count() == 0 {
            return Ok(());
        }
        let said = self.client.commit(&list, CommitMode::Async);
        said.map_err(|e| told("say where a group goes on", &e))
    }

    fn mine(&mut self, timeout: Duration) -> Result<Option<BTreeSet<u32>>> {
        let until = Instant::now() + timeout;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.client.poll(Timeout::After(left.min(TURN))) {
                Some(Err(error)) if !is_passing(&error) => {
                    return Err(told("share a topic", &error));
                }
                _ => {}
            }
            self.look_at_loss();
            let change = self.change();
            if change.is_some() || Instant::now() >= until {
                return Ok(change);
            }
        }
    }
}
