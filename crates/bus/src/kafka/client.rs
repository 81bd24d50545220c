//! librdkafka's settings and its callbacks: limits, waits, identity, log lines.
//!
//! Invariants: a record of 16 MiB passes on every way; no reader sleeps longer than 10 ms on a
//! full queue; no topic is made by accident; errors never hold a setting's value.
//! Units: librdkafka's settings are in milliseconds and KiB where their names say so.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flumen_base::{Error, Kind, Result};
use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::util::Timeout;

use super::{KafkaConfig, Mechanism, topics::MAX_MESSAGE_BYTES};
use super::{lock, token};

/// One fetch answer of one broker.
const FETCH_BYTES: u32 = MAX_MESSAGE_BYTES + (1 << 20);
/// What a reader holds, of all its partitions together, beside one answer.
const HELD_KIB: usize = 32 << 10;

/// Settings of all clients.
pub(crate) fn common(config: &KafkaConfig) -> ClientConfig {
    let mut client = ClientConfig::new();
    client
        .set("bootstrap.servers", config.brokers.join(","))
        .set("client.id", &config.client_id)
        .set("message.max.bytes", MAX_MESSAGE_BYTES.to_string())
        .set("receive.message.max.bytes", (64 << 20).to_string())
        .set("allow.auto.create.topics", "false")
        .set("socket.nagle.disable", "true")
        .set("socket.keepalive.enable", "true")
        .set("socket.timeout.ms", "15000")
        .set("reconnect.backoff.ms", "50")
        .set("reconnect.backoff.max.ms", "1000")
        .set("topic.metadata.refresh.interval.ms", "30000")
        .set("log_level", "5");
    secure(&mut client, config);
    client
}

fn secure(client: &mut ClientConfig, config: &KafkaConfig) {
    let security = &config.security;
    client.set("security.protocol", security.protocol.name());
    let files = [
        ("ssl.ca.location", &security.ca_file),
        ("ssl.certificate.location", &security.certificate_file),
        ("ssl.key.location", &security.key_file),
    ];
    for (name, file) in files {
        if let Some(file) = file {
            client.set(name, file.to_string_lossy());
        }
    }
    if security.protocol.has_sasl() {
        client.set("sasl.mechanisms", security.mechanism.name());
        if security.mechanism != Mechanism::OauthBearer {
            client.set("sasl.username", &security.username);
            client.set("sasl.password", security.password.shown());
        }
    }
}

/// Settings of a producer; what it may hold and how long a record is tried (0: for ever).
pub(crate) fn producer(config: &KafkaConfig, queue_bytes: u64, tries: Duration) -> ClientConfig {
    let mut client = common(config);
    client
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("compression.codec", "none")
        .set("partitioner", "murmur2_random")
        .set("linger.ms", "1")
        .set("batch.size", "1000000")
        .set("queue.buffering.max.kbytes", (queue_bytes >> 10).clamp(1, 2_097_151).to_string())
        .set("queue.buffering.max.messages", "200000")
        .set("message.timeout.ms", tries.as_millis().to_string())
        .set("request.timeout.ms", "10000")
        .set("retry.backoff.ms", "50")
        .set("retry.backoff.max.ms", "500");
    client
}

/// Settings of a reader of so many partitions, assigned by hand.
pub(crate) fn reader(config: &KafkaConfig, partitions: usize) -> ClientConfig {
    let mut client = common(config);
    let held = (HELD_KIB / partitions.max(1)).max(1 << 10);
    client
        // Named because librdkafka wants one; nothing is committed and nobody joins.
        .set("group.id", format!("{}flumen-readers", config.prefix))
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "earliest")
        .set("isolation.level", "read_committed")
        .set("fetch.message.max.bytes", MAX_MESSAGE_BYTES.to_string())
        .set("fetch.max.bytes", FETCH_BYTES.to_string())
        .set("fetch.wait.max.ms", "10")
        .set("fetch.queue.backoff.ms", "10")
        .set("fetch.error.backoff.ms", "50")
        .set("queued.min.messages", "500")
        .set("queued.max.messages.kbytes", held.to_string());
    client
}

/// Settings of a member of a group that shares partitions and reads nothing.
pub(crate) fn member(config: &KafkaConfig, group: &str) -> ClientConfig {
    let mut client = common(config);
    client
        .set("group.id", format!("{}{group}", config.prefix))
        .set("group.protocol", "classic")
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", "6000")
        .set("heartbeat.interval.ms", "1500")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "latest")
        .set("queued.min.messages", "1")
        .set("queued.max.messages.kbytes", "1024");
    client
}

/// Answers librdkafka's questions of one client.
#[derive(Debug, Default)]
pub(crate) struct Context {
    token_file: Option<PathBuf>,
    /// A token was asked for, and given.
    given: AtomicBool,
    /// Why nobody answers, when that is more than that nobody answers.
    refusal: Mutex<Option<String>>,
}

impl Context {
    pub(crate) fn new(config: &KafkaConfig) -> Context {
        Context { token_file: config.security.token_file.clone(), ..Context::default() }
    }
}

impl Context {
    /// What the last connection failed by, once.
    pub(crate) fn take_refusal(&self) -> Option<String> {
        lock(&self.refusal).take()
    }
}

impl ClientContext for Context {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        // Who is away is told once, by the watch; each try of each client is not news.
        let quiet = matches!(facility, "FAIL" | "ERROR" | "CONNECT");
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical
                if !quiet =>
            {
                tracing::error!(facility, "librdkafka: {line}");
            }
            RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning if !quiet => {
                tracing::warn!(facility, "librdkafka: {line}");
            }
            _ => tracing::debug!(facility, "librdkafka: {line}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, "librdkafka: {reason}");
        use RDKafkaErrorCode as C;
        if let Some(code @ (C::Authentication | C::SSL | C::Resolve | C::UnsupportedFeature)) =
            error.rdkafka_error_code()
        {
            *lock(&self.refusal) = Some(format!("{reason}{}", hint_of(code)));
        }
    }

    fn generate_oauth_token(
        &self,
        _: Option<&str>,
    ) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        let file = self.token_file.as_deref().ok_or("no token_file is configured")?;
        let token = token::read(file)?;
        self.given.store(true, Ordering::Relaxed);
        Ok(token)
    }
}

impl ConsumerContext for Context {}

/// The same, with what one kind of client needs besides.
pub(crate) struct With<T> {
    base: Context,
    pub own: T,
}

impl<T> With<T> {
    pub(crate) fn new(config: &KafkaConfig, own: T) -> With<T> {
        With { base: Context::new(config), own }
    }
}

impl<T: Send + Sync> ClientContext for With<T> {
    const ENABLE_REFRESH_OAUTH_TOKEN: bool = true;

    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.base.log(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.base.error(error, reason);
    }

    fn generate_oauth_token(
        &self,
        config: Option<&str>,
    ) -> Result<OAuthToken, Box<dyn std::error::Error>> {
        self.base.generate_oauth_token(config)
    }
}

/// Makes a client.
pub(crate) fn make<C: ClientContext, T: FromClientConfigAndContext<C>>(
    config: &ClientConfig,
    context: C,
) -> Result<T> {
    config.create_with_context(context).map_err(|e| told("make a Kafka client", &e))
}

/// A consumer that is ready for calls that wait for an answer.
pub(crate) fn consumer(
    config: &KafkaConfig,
    client: &ClientConfig,
) -> Result<BaseConsumer<Context>> {
    let consumer: BaseConsumer<Context> = make(client, Context::new(config))?;
    if config.security.protocol.has_sasl() && config.security.mechanism == Mechanism::OauthBearer {
        // The first token is asked for in a poll; before it nothing is answered.
        for _ in 0..40 {
            drop(consumer.poll(Timeout::After(Duration::from_millis(50))));
            if rdkafka::consumer::Consumer::context(&consumer).given.load(Ordering::Relaxed) {
                break;
            }
        }
    }
    Ok(consumer)
}

/// The one error of what librdkafka says; `what` names the call.
#[track_caller]
pub(crate) fn told(what: &str, error: &KafkaError) -> Error {
    // A refused setting is told with its name, never with its value: it may be a password.
    if let KafkaError::ClientConfig(_, why, name, _) = error {
        return Error::invalid(format!("{what}: setting {name}: {why}"));
    }
    if let KafkaError::ClientCreation(why) = error {
        return Error::invalid(format!("{what}: {why}"));
    }
    let code = error.rdkafka_error_code();
    let kind = code.map_or(Kind::Unavailable, kind_of);
    let hint = code.map_or("", hint_of);
    Error::new(kind, format!("{what}: {error}{hint}"))
}

pub(crate) fn kind_of(code: RDKafkaErrorCode) -> Kind {
    use RDKafkaErrorCode as C;
    match code {
        C::UnknownTopicOrPartition | C::UnknownTopic | C::UnknownPartition => Kind::NotFound,
        C::MessageSizeTooLarge
        | C::InvalidTopic
        | C::InvalidPartitions
        | C::InvalidReplicationFactor
        | C::InvalidConfig
        | C::PolicyViolation
        | C::TopicAuthorizationFailed
        | C::GroupAuthorizationFailed
        | C::ClusterAuthorizationFailed
        | C::SaslAuthenticationFailed
        | C::Authentication => Kind::Invalid,
        _ => Kind::Unavailable,
    }
}

/// What a person can do about it.
pub(crate) fn hint_of(code: RDKafkaErrorCode) -> &'static str {
    use RDKafkaErrorCode as C;
    match code {
        C::UnknownTopicOrPartition | C::UnknownTopic | C::UnknownPartition => {
            "; run `flumen topics apply`"
        }
        C::MessageSizeTooLarge => "; the topic takes less than 16 MiB: run `flumen topics check`",
        C::TopicAuthorizationFailed | C::GroupAuthorizationFailed => "; give our user rights on it",
        C::Authentication | C::SaslAuthenticationFailed | C::SSL => {
            "; check user, password, token and certificates of [kafka]"
        }
        C::NotEnoughReplicas | C::NotEnoughReplicasAfterAppend => {
            "; too few brokers hold the partition: bring them back"
        }
        C::InvalidTimestamp => "; our clock is far from the broker's: set it",
        _ => "",
    }
}
