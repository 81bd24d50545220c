//! The contract suite on a real Kafka, and what only Kafka can show.
//!
//! `FLUMEN_KAFKA` names a broker; without it one is started with `deploy/local/kafka.sh`.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr)]

mod broker;
mod faults;
mod figures;
mod members;
mod plain;
mod secure;
mod suite;

use std::sync::Arc;

use broker::{config, fresh};
use flumen_bus::kafka::topics;
use flumen_bus::{Bus, Kafka};

fn with_bus(partitions: u32, test: fn(Arc<dyn Bus>)) {
    let dir = tempfile::tempdir().unwrap();
    let config = fresh(partitions);
    let bus = Kafka::open(dir.path(), config.clone()).unwrap();
    test(bus.clone());
    bus.close().unwrap();
    topics::remove(&config).unwrap();
}

macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            #[ignore = "needs Kafka: make it"]
            fn $name() {
                with_bus(1, suite::$name);
                with_bus(3, suite::$name);
            }
        )*
    };
}

contract!(order_and_offsets, durable_readers, seeks, limits, several_topics, wakes, tables,);

#[test]
#[ignore = "needs Kafka: make it"]
fn missing_topics_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let error = Kafka::open(dir.path(), config("never-made.")).err().unwrap();
    assert_eq!(error.kind(), flumen_base::Kind::NotFound);
    assert!(error.message().contains("never-made.flumen.video"), "{error}");
    assert!(error.message().contains("flumen topics apply"), "{error}");
}
