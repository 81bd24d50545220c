//! How to reach Kafka and what the spool may hold.
//!
//! Invariants: a password or token prints as stars and stands in no error.

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use flumen_base::{Error, Result, topic};

use crate::{Keep, Record};

/// How to reach Kafka and what the spool may hold.
#[derive(Clone, Debug)]
pub struct KafkaConfig {
    /// Addresses to begin with, `host:port`.
    pub brokers: Vec<String>,
    /// Our name in the broker's logs and quotas.
    pub client_id: String,
    /// Encryption and identity.
    pub security: Security,
    /// Stands before each topic's name; empty except in tests and shared clusters.
    pub prefix: String,
    /// Partitions of log topics and of tables by camera, when `topics::apply` makes them.
    pub partitions: u32,
    /// Copies of each partition; 0: three, or as many as there are brokers.
    pub replicas: u16,
    /// Retention by topic; topics that are not named have [`Keep::default_of`].
    pub keep: HashMap<String, Keep>,
    /// What is stored on the local disk while Kafka is away; above it the oldest records go.
    pub spool_bytes: u64,
    /// Memory for records on their way: to the spool's disk, and again to the broker.
    pub queue_bytes: u64,
    /// How long a call that needs an answer (table, watermarks) waits for Kafka.
    pub patience: Duration,
    /// True for a record at which a reader of its key can begin. A full spool drops a key's
    /// oldest records up to the next such one.
    pub begins: fn(&Record) -> bool,
}

impl Default for KafkaConfig {
    fn default() -> KafkaConfig {
        KafkaConfig {
            brokers: vec!["localhost:9092".into()],
            client_id: "flumen".into(),
            security: Security::default(),
            prefix: String::new(),
            partitions: 12,
            replicas: 0,
            keep: HashMap::new(),
            spool_bytes: 10 << 30,
            queue_bytes: 64 << 20,
            patience: Duration::from_secs(10),
            begins: |_| true,
        }
    }
}

/// Encryption and identity.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// How the connection is made.
    pub protocol: Protocol,
    /// How we prove who we are; only with a `sasl` protocol.
    pub mechanism: Mechanism,
    /// For PLAIN and SCRAM.
    pub username: String,
    /// For PLAIN and SCRAM.
    pub password: Secret,
    /// Certificates of authorities we trust, PEM; the system's when empty.
    pub ca_file: Option<PathBuf>,
    /// Our certificate, PEM, when the broker asks for one.
    pub certificate_file: Option<PathBuf>,
    /// Its key, PEM.
    pub key_file: Option<PathBuf>,
    /// For OAUTHBEARER: a file that holds the token now; it is read again before it expires.
    pub token_file: Option<PathBuf>,
}

/// How the connection is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Neither encrypted nor identified.
    #[default]
    Plaintext,
    /// Encrypted.
    Ssl,
    /// Identified.
    SaslPlaintext,
    /// Encrypted and identified.
    SaslSsl,
}

impl Protocol {
    /// As it stands in config files: `plaintext`, `ssl`, `sasl_plaintext`, `sasl_ssl`.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Plaintext => "plaintext",
            Protocol::Ssl => "ssl",
            Protocol::SaslPlaintext => "sasl_plaintext",
            Protocol::SaslSsl => "sasl_ssl",
        }
    }

    /// The protocol of that name.
    pub fn named(name: &str) -> Option<Protocol> {
        use Protocol::{Plaintext, SaslPlaintext, SaslSsl, Ssl};
        let all = [Plaintext, Ssl, SaslPlaintext, SaslSsl];
        all.into_iter().find(|p| p.name() == name.to_ascii_lowercase())
    }

    pub(crate) fn has_sasl(self) -> bool {
        matches!(self, Protocol::SaslPlaintext | Protocol::SaslSsl)
    }
}

/// How we prove who we are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mechanism {
    /// Name and password as they are: only over TLS.
    Plain,
    /// Name and password, the password never sent.
    #[default]
    ScramSha256,
    /// As SHA-256, with the longer hash.
    ScramSha512,
    /// A token of an identity provider.
    OauthBearer,
}

impl Mechanism {
    /// As Kafka names it: `PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512`, `OAUTHBEARER`.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::ScramSha512 => "SCRAM-SHA-512",
            Mechanism::OauthBearer => "OAUTHBEARER",
        }
    }

    /// The mechanism of that name.
    pub fn named(name: &str) -> Option<Mechanism> {
        use Mechanism::{OauthBearer, Plain, ScramSha256, ScramSha512};
        let all = [Plain, ScramSha256, ScramSha512, OauthBearer];
        all.into_iter().find(|m| m.name() == name.to_ascii_uppercase())
    }
}

/// Words that print as stars.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` out of sight.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    pub(crate) fn shown(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "\"***\"" })
    }
}

impl KafkaConfig {
    /// Whether these settings can work.
    ///
    /// # Errors
    /// `Invalid` when not, with the setting's name and its range.
    pub fn validate(&self) -> Result<()> {
        let wrong = |what: String| Err(Error::invalid(format!("kafka: {what}")));
        if self.brokers.is_empty() {
            return wrong("brokers names none: give at least one host:port".into());
        }
        for broker in &self.brokers {
            let port = broker.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
            if !matches!(port, Some(Ok(1..))) || broker.contains([',', ' ', '/']) {
                return wrong(format!("brokers: `{broker}` is not host:port"));
            }
        }
        if !(1..=1000).contains(&self.partitions) {
            return wrong("partitions must be from 1 to 1000".into());
        }
        if self.replicas > 9 {
            return wrong("replicas must be from 1 to 9, or 0 for what the brokers allow".into());
        }
        if self.spool_bytes < 64 << 20 {
            return wrong("spool_bytes must be at least 64 MiB".into());
        }
        if !((16 << 20)..=(2 << 30)).contains(&self.queue_bytes) {
            return wrong("queue_bytes must be from 16 MiB to 2 GiB".into());
        }
        if let Some(unknown) = self.keep.keys().find(|t| !topic::LOGS.contains(&t.as_str())) {
            let known = topic::LOGS.join(", ");
            return wrong(format!("keep names `{unknown}`; log topics are {known}"));
        }
        self.security.validate()
    }

    /// What a topic's retention is.
    pub(crate) fn keep_of(&self, topic: &str) -> Keep {
        self.keep.get(topic).copied().unwrap_or_else(|| Keep::default_of(topic))
    }
}

impl Security {
    fn validate(&self) -> Result<()> {
        let wrong = |what: &str| Err(Error::invalid(format!("kafka.security: {what}")));
        if self.certificate_file.is_some() != self.key_file.is_some() {
            return wrong("certificate_file and key_file belong together");
        }
        if !self.protocol.has_sasl() {
            if !self.username.is_empty() || self.token_file.is_some() {
                return wrong("username or token_file need protocol sasl_ssl or sasl_plaintext");
            }
            return Ok(());
        }
        match self.mechanism {
            Mechanism::OauthBearer if self.token_file.is_none() => {
                wrong("mechanism OAUTHBEARER needs token_file")
            }
            Mechanism::OauthBearer => Ok(()),
            _ if self.username.is_empty() || self.password == Secret::default() => {
                wrong("this mechanism needs username and password")
            }
            _ => Ok(()),
        }
    }
}
