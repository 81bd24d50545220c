//! The section `[kafka]`, and what is opened by it.
//!
//! Invariants: a password prints as stars wherever the configuration is shown.
//! Not here: how Kafka is spoken to (`bus`), the topics' command (`commands::topics`).

use std::path::{Path, PathBuf};

use flumen_base::{Context, Error, Result};
use serde::{Deserialize, Serialize, Serializer};

use crate::units::{ByteSize, Span};

/// Words that print as stars.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct Stars(String);

impl std::fmt::Debug for Stars {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Stars {
    /// The words themselves, for the one place that needs them.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Serialize for Stars {
    fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        s.serialize_str(if self.0.is_empty() { "" } else { "***" })
    }
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaSection {
    pub brokers: String,
    pub client_id: String,
    pub partitions: u32,
    pub replicas: u16,
    pub security: String,
    pub mechanism: String,
    pub username: String,
    pub password: Stars,
    pub password_file: PathBuf,
    pub ca_file: PathBuf,
    pub certificate_file: PathBuf,
    pub key_file: PathBuf,
    pub token_file: PathBuf,
    pub spool_bytes: ByteSize,
    pub queue_bytes: ByteSize,
    pub patience: Span,
}

impl std::fmt::Debug for KafkaSection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaSection").field("brokers", &self.brokers).finish_non_exhaustive()
    }
}

impl KafkaSection {
    /// The servers' addresses, one by one.
    pub fn brokers(&self) -> Vec<String> {
        let parts = self.brokers.split(',').map(str::trim).filter(|b| !b.is_empty());
        parts.map(str::to_owned).collect()
    }

    /// What can be told wrong without files and without Kafka.
    pub fn validate(&self) -> Result<()> {
        if !self.password.0.is_empty() && !self.password_file.as_os_str().is_empty() {
            return Err(Error::invalid("kafka: give password or password_file, not both"));
        }
        if self.brokers().is_empty() {
            return Err(Error::invalid("kafka.brokers names no server: write \"host:port\""));
        }
        #[cfg(feature = "kafka")]
        on::check(self)?;
        Ok(())
    }

    fn password(&self) -> Result<String> {
        if self.password_file.as_os_str().is_empty() {
            return Ok(self.password.0.clone());
        }
        let path = &self.password_file;
        let text = std::fs::read_to_string(path)
            .context(format!("read kafka.password_file {}", path.display()))?;
        Ok(text.trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// A path that was given, or none.
fn given(path: &Path) -> Option<PathBuf> {
    (!path.as_os_str().is_empty()).then(|| path.to_owned())
}

#[cfg(feature = "kafka")]
pub use on::{config, open, open_at};

#[cfg(feature = "kafka")]
mod on {
    use std::collections::HashMap;
    use std::path::Path;
    use std::sync::Arc;

    use flumen_base::wire::{Marker, PacketHeader, Stream};
    use flumen_base::{Error, Result, topic};
    use flumen_bus::kafka::{Mechanism, Protocol, Secret, topics};
    use flumen_bus::{Kafka, KafkaConfig, Keep, Record, Security};
    use prost::Message as _;

    use super::{KafkaSection, given};
    use crate::config::Config;

    /// Names of protocol and mechanism.
    pub(super) fn check(section: &KafkaSection) -> Result<()> {
        protocol(section)?;
        mechanism(section)?;
        Ok(())
    }

    fn protocol(section: &KafkaSection) -> Result<Protocol> {
        Protocol::named(&section.security).ok_or_else(|| {
            Error::invalid(format!(
                "kafka.security = {:?}: use plaintext, ssl, sasl_plaintext or sasl_ssl",
                section.security
            ))
        })
    }

    fn mechanism(section: &KafkaSection) -> Result<Mechanism> {
        Mechanism::named(&section.mechanism).ok_or_else(|| {
            Error::invalid(format!(
                "kafka.mechanism = {:?}: use PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER",
                section.mechanism
            ))
        })
    }

    /// The bus's own settings.
    ///
    /// # Errors
    /// `Invalid` settings; I/O kinds when the password's file can't be read.
    pub fn config(config: &Config) -> Result<KafkaConfig> {
        let section = &config.kafka;
        let security = Security {
            protocol: protocol(section)?,
            mechanism: mechanism(section)?,
            username: section.username.clone(),
            password: Secret::new(section.password()?),
            ca_file: given(&section.ca_file),
            certificate_file: given(&section.certificate_file),
            key_file: given(&section.key_file),
            token_file: given(&section.token_file),
        };
        let kafka = KafkaConfig {
            brokers: section.brokers(),
            client_id: section.client_id.clone(),
            security,
            partitions: section.partitions,
            replicas: section.replicas,
            keep: keep(config),
            spool_bytes: section.spool_bytes.0,
            queue_bytes: section.queue_bytes.0,
            patience: section.patience.0,
            begins,
            ..KafkaConfig::default()
        };
        kafka.validate()?;
        Ok(kafka)
    }

    fn keep(config: &Config) -> HashMap<String, Keep> {
        let results = Keep { age: config.bus.results_age.0, bytes: config.bus.results_bytes.0 };
        let video = Keep { age: config.bus.video_age.0, bytes: config.bus.video_bytes.0 };
        let of = |t: &&'static str| if *t == topic::VIDEO { video } else { results };
        topic::LOGS.iter().map(|t| ((*t).to_owned(), of(t))).collect()
    }

    /// A reader of a camera can begin at a key frame of its pictures, whole or its first part.
    fn begins(record: &Record) -> bool {
        let header = record.header(topic::PACKET_HEADER);
        let Some(Ok(header)) = header.map(|h| PacketHeader::decode(h.clone())) else {
            return true;
        };
        header.marker() == Marker::None
            && header.key
            && header.part == 0
            && header.stream() != Stream::Audio
    }

    /// Opens the bus on Kafka with its spool in the data directory, after a look at the topics.
    ///
    /// # Errors
    /// `Invalid` settings or topics that would lose records, by name; `NotFound` for missing
    /// topics; `Unavailable` when the spool is held by another process.
    pub fn open(data: &Path, config: &Config) -> Result<Arc<Kafka>> {
        open_at(&data.join("spool"), config)
    }

    /// As [`open`], with the spool elsewhere.
    ///
    /// # Errors
    /// As for [`open`].
    pub fn open_at(spool: &Path, config: &Config) -> Result<Arc<Kafka>> {
        let kafka = self::config(config)?;
        match topics::check(&kafka) {
            Ok(findings) => refuse(&findings)?,
            // Cameras that were recorded before go on into the spool.
            Err(e) if e.kind() == flumen_base::Kind::Unavailable => {
                tracing::warn!("the topics can't be looked at now: {e}");
            }
            Err(e) => return Err(e),
        }
        Kafka::open(spool, kafka)
    }

    fn refuse(findings: &[topics::Finding]) -> Result<()> {
        let missing: Vec<&str> =
            findings.iter().filter(|f| f.setting == "topic").map(|f| f.topic.as_str()).collect();
        if !missing.is_empty() {
            return Err(Error::not_found(format!(
                "Kafka has no {}: run `flumen topics apply` with the same configuration",
                missing.join(", ")
            )));
        }
        for f in findings {
            tracing::warn!(
                "{}: {} is {} and should be {}; {}",
                f.topic,
                f.setting,
                f.is,
                f.should,
                f.fix
            );
        }
        Ok(())
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use bytes::Bytes;

        #[test]
        fn a_reader_can_begin_at_the_first_part_of_a_key_frame() {
            let record = |header: &PacketHeader| Record {
                key: Bytes::from_static(b"yard"),
                headers: vec![(topic::PACKET_HEADER.into(), header.encode_to_vec().into())],
                value: Bytes::new(),
                timestamp_us: 0,
            };
            let key = PacketHeader { key: true, parts: 2, ..PacketHeader::default() };
            assert!(begins(&record(&key)));
            let not = [
                PacketHeader { key: false, ..key.clone() },
                PacketHeader { part: 1, ..key.clone() },
                PacketHeader { stream: Stream::Audio.into(), ..key.clone() },
                PacketHeader { marker: Marker::EndOfStream.into(), ..key.clone() },
            ];
            assert!(not.iter().all(|h| !begins(&record(h))));
        }
    }
}

/// Says that this build lacks Kafka.
#[cfg(not(feature = "kafka"))]
pub fn absent() -> Error {
    Error::unsupported(
        "this flumen was built without Kafka: build it with `--features kafka`, or set bus.kind = \"embedded\"",
    )
}
