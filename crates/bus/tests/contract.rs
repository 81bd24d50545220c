//! The contract suite on the embedded bus.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod suite;

use std::sync::Arc;

use flumen_bus::{Bus, Embedded, EmbeddedConfig};

fn with_bus(partitions: u32, test: fn(Arc<dyn Bus>)) {
    let dir = tempfile::tempdir().unwrap();
    let config = EmbeddedConfig { partitions, ..EmbeddedConfig::default() };
    let bus = Embedded::open(dir.path(), config).unwrap();
    test(bus.clone());
    bus.close().unwrap();
}

macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                with_bus(1, suite::$name);
                with_bus(3, suite::$name);
            }
        )*
    };
}

contract!(order_and_offsets, durable_readers, seeks, limits, several_topics, wakes, tables,);
