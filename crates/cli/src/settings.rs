//! The configuration as each room wants it.
//!
//! Not here: reading the file (`config`).

use std::path::Path;

use flumen_archive::ArchiveConfig;
use flumen_base::topic;
use flumen_bus::{EmbeddedConfig, Keep};
use flumen_ingest::IngestConfig;
use flumen_learn::LearnConfig;
use flumen_notify::NotifyConfig;
use flumen_runtime::RuntimeConfig;

use crate::config::Config;

pub fn bus(config: &Config) -> EmbeddedConfig {
    let results = Keep { age: config.bus.results_age.0, bytes: config.bus.results_bytes.0 };
    let mut keep: std::collections::HashMap<String, Keep> =
        topic::LOGS.iter().map(|t| ((*t).to_owned(), results)).collect();
    keep.insert(
        topic::VIDEO.into(),
        Keep { age: config.bus.video_age.0, bytes: config.bus.video_bytes.0 },
    );
    EmbeddedConfig {
        partitions: config.bus.partitions,
        sync_delay: config.bus.sync_delay.0,
        keep,
        ..EmbeddedConfig::default()
    }
}

pub fn ingest(data: &Path, config: &Config) -> IngestConfig {
    IngestConfig {
        cache_dir: data.join("farm"),
        key_file: config.cluster.key(data),
        ledger_file: Some(data.join("gaps.waiting")),
        file_roots: config.ingest.file_roots.clone(),
        allow_hosts: config.ingest.allow_hosts.clone(),
        reconnect_max: config.ingest.reconnect_max.0,
        stall: config.ingest.stall.0,
        max_cameras: config.ingest.max_cameras,
        ..IngestConfig::default()
    }
}

pub fn runtime(data: &Path, config: &Config) -> RuntimeConfig {
    let default = RuntimeConfig::default();
    RuntimeConfig {
        dir: data.join("runtime"),
        workers: if config.analysis.workers == 0 {
            default.workers
        } else {
            config.analysis.workers
        },
        queue_units: config.analysis.queue,
        checkpoint_every: config.analysis.checkpoint_every.0,
        ..default
    }
}

pub fn archive(data: &Path, config: &Config) -> ArchiveConfig {
    let keep = flumen_archive::Keep {
        age: Some(config.archive.keep.0),
        bytes: Some(config.archive.keep_bytes.0),
    };
    ArchiveConfig {
        dir: data.join("archive"),
        segment_max: config.archive.segment.0,
        keep,
        export_days: config.archive.export_days,
        ..ArchiveConfig::default()
    }
}

pub fn learn(data: &Path, config: &Config) -> LearnConfig {
    LearnConfig { dir: data.join("learn"), name: config.learn.name.clone() }
}

pub fn notify(config: &Config) -> NotifyConfig {
    let section = &config.notify;
    let target = |t: &crate::config::NotifyTarget| flumen_notify::Target {
        name: t.name.clone(),
        url: flumen_notify::Secret(t.url.reveal().to_owned()),
        ca_file: t.ca_file.clone(),
        secret: flumen_notify::Secret(t.secret.reveal().to_owned()),
        kinds: t.kinds.clone(),
        cameras: t.cameras.clone(),
        phases: t.phases.clone(),
    };
    NotifyConfig {
        targets: section.targets.iter().map(target).collect(),
        public_url: section.public_url.clone(),
        queue: section.queue,
        timeout: section.timeout.0,
        wait_max: section.wait_max.0,
        give_up: section.give_up.0,
        ..NotifyConfig::default()
    }
}
