//! Identity and encryption, on a broker that somebody set up for it.
//!
//! `FLUMEN_KAFKA_SECURE`: `host:port` with SASL_SSL and PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 of
//! user `flumen`, password `sesame-7`, trusted by `FLUMEN_KAFKA_CA`; `FLUMEN_KAFKA_OAUTH`: with
//! SASL_PLAINTEXT and unsecured OAUTHBEARER; `FLUMEN_KAFKA_OPEN`: the same broker without either.
//! Without them these tests do nothing.

use std::time::Duration;

use flumen_base::{Kind, topic};
use flumen_bus::kafka::{Mechanism, Protocol, Secret, topics};
use flumen_bus::{Bus, Kafka, KafkaConfig, Security, Start, Visibility};

use crate::broker::{eventually, prefix};
use crate::suite::{record, take};

fn passes(config: &KafkaConfig) {
    let dir = tempfile::tempdir().unwrap();
    let bus = Kafka::open(dir.path(), config.clone()).unwrap();
    let ack = bus.send(topic::VIDEO, record("yard", 1, 1_000)).unwrap().wait().unwrap();
    let mut reader = bus.consumer(&[topic::VIDEO], Start::Earliest, Visibility::Durable).unwrap();
    assert_eq!(take(reader.as_mut(), 1)[0].position, ack);
    let table = bus.table(topic::CAMERAS).unwrap();
    table.put(b"yard", Some(b"1")).unwrap();
    assert_eq!(table.get(b"yard").unwrap(), Some(b"1".to_vec()));
    let mut share = bus.share("ingest", topic::CAMERAS).unwrap();
    let mut mine = None;
    for _ in 0..30 {
        if mine.is_none() {
            mine = share.mine(Duration::from_secs(1)).unwrap();
        }
    }
    assert_eq!(mine.unwrap().len(), 2);
    bus.close().unwrap();
}

fn secure(mechanism: Mechanism, password: &str) -> Option<KafkaConfig> {
    let address = std::env::var("FLUMEN_KAFKA_SECURE").ok()?;
    Some(KafkaConfig {
        brokers: vec![address],
        prefix: prefix(),
        partitions: 2,
        security: Security {
            protocol: Protocol::SaslSsl,
            mechanism,
            username: "flumen".into(),
            password: Secret::new(password),
            ca_file: std::env::var_os("FLUMEN_KAFKA_CA").map(Into::into),
            ..Security::default()
        },
        ..KafkaConfig::default()
    })
}

#[test]
#[ignore = "needs a Kafka with passwords"]
fn passwords_over_tls_pass_and_wrong_ones_do_not() {
    for mechanism in [Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512] {
        let Some(config) = secure(mechanism, "sesame-7") else { return };
        topics::apply(&config).unwrap();
        passes(&config);
        topics::remove(&config).unwrap();
        let wrong = secure(mechanism, "sesame-8").unwrap();
        let dir = tempfile::tempdir().unwrap();
        let bus = Kafka::open(dir.path(), wrong.clone()).unwrap();
        eventually("the reason is told", || bus.health().detail.contains("uthentication"));
        let all = format!("{:?} {:?}", bus.health(), bus.config());
        assert!(!bus.health().reachable && !all.contains("sesame"), "{all}");
        eprintln!("{}", bus.health().detail);
    }
}

#[test]
#[ignore = "needs a Kafka with tokens"]
fn tokens_pass() {
    let Ok(address) = std::env::var("FLUMEN_KAFKA_OAUTH") else { return };
    let open = KafkaConfig {
        brokers: vec![std::env::var("FLUMEN_KAFKA_OPEN").unwrap()],
        prefix: prefix(),
        partitions: 2,
        ..KafkaConfig::default()
    };
    topics::apply(&open).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let token_file = dir.path().join("token");
    // {"alg":"none"} . {"sub":"flumen-ingest","iat":1700000000,"exp":2000000000}
    let token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJmbHVtZW4taW5nZXN0IiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjIwMDAwMDAwMDB9.";
    std::fs::write(&token_file, token).unwrap();
    let config = KafkaConfig {
        brokers: vec![address],
        security: Security {
            protocol: Protocol::SaslPlaintext,
            mechanism: Mechanism::OauthBearer,
            token_file: Some(token_file),
            ..Security::default()
        },
        ..open.clone()
    };
    assert_eq!(topics::check(&config).unwrap_err().kind(), Kind::Unsupported);
    passes(&config);
    topics::remove(&open).unwrap();
}
