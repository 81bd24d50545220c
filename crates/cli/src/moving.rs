//! The move of a data directory from the embedded bus to Kafka: how far its copy came, and the
//! archive that goes on there.
//!
//! Invariants: an archive goes on with Kafka only when all that it was kept over is there.
//! Not here: the copy itself (`commands::copy`, `bus::copy`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use flumen_base::{Context, Error, Result, topic};
use flumen_bus::copy::Place;
use flumen_bus::{Bus, Embedded};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::settings;

/// Marks an archive whose places in the log are Kafka's.
const MARK: &str = "archive/on-kafka";

/// True when a data directory goes on with Kafka.
pub fn is_moved(data: &Path) -> bool {
    data.join(MARK).exists()
}

/// How far the copy came, in the data directory.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    logs: BTreeMap<String, Log>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Log {
    next: BTreeMap<u32, u64>,
    ends: BTreeMap<u32, u64>,
    looked: BTreeMap<u32, u64>,
}

impl State {
    fn path(data: &Path) -> PathBuf {
        data.join("bus-copy.json")
    }

    pub fn load(data: &Path) -> Result<Option<State>> {
        let path = State::path(data);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io(format!("read {}", path.display()), e)),
        };
        serde_json::from_str(&text).map(Some).map_err(|e| {
            Error::data_loss(format!(
                "{} is damaged ({e}): remove it, the next copy then looks through Kafka for what is there",
                path.display()
            ))
        })
    }

    /// *Durability*: whole and on disk on return, or as before.
    pub fn save(&self, data: &Path) -> Result<()> {
        let path = State::path(data);
        let tmp = path.with_extension("tmp");
        let told = || format!("write {}", path.display());
        let text = serde_json::to_string_pretty(self).expect("a state is plain data");
        std::fs::write(&tmp, text).context(told())?;
        std::fs::File::open(&tmp).and_then(|f| f.sync_all()).context(told())?;
        std::fs::rename(&tmp, &path).context(told())
    }

    pub fn place(&self, topic: &str) -> Place {
        let log = self.logs.get(topic).cloned().unwrap_or_default();
        Place { next: log.next, ends: log.ends, looked: log.looked }
    }

    pub fn put(&mut self, topic: &str, place: &Place) {
        let Place { next, ends, looked } = place.clone();
        self.logs.insert(topic.to_owned(), Log { next, ends, looked });
    }
}

/// An archive that was kept over the embedded bus goes on with Kafka: from behind the copy.
///
/// # Errors
/// `Invalid` with what to do when the copy is not there or not whole.
pub fn settle_archive(data: &Path, config: &Config) -> Result<()> {
    let (mark, dir) = (data.join(MARK), data.join("archive"));
    if mark.exists() {
        return Ok(());
    }
    let told = format!("write {}", mark.display());
    if !dir.join("archive.sqlite").exists() {
        std::fs::create_dir_all(&dir).context(told.clone())?;
        return std::fs::write(&mark, "").context(told);
    }
    let again = |what: &str| {
        Error::invalid(format!(
            "the archive in {} was kept over the embedded bus, and {what}: run `flumen bus copy --to kafka --data {}`, or name another directory",
            dir.display(),
            data.display()
        ))
    };
    let state = State::load(data)?.ok_or_else(|| again("nothing of it was copied to Kafka"))?;
    let video = state.place(topic::VIDEO);
    let bus = Embedded::open(&data.join("bus"), settings::bus(config))?;
    let ends: Vec<(u32, u64)> =
        bus.watermarks(topic::VIDEO)?.iter().map(|w| (w.partition, w.next)).collect();
    bus.close()?;
    let copied = |&(p, end): &(u32, u64)| video.next.get(&p).copied().unwrap_or(0) >= end;
    if !ends.iter().all(copied) || !flumen_archive::has_taken(&dir, topic::VIDEO, &ends)? {
        return Err(again("was written to since it was copied"));
    }
    let all = |topic: &'static str| {
        let ends = state.place(topic).ends;
        let end = |p: u32| (p, ends.get(&p).copied().unwrap_or(0));
        (topic, (0..config.kafka.partitions).map(end).collect::<Vec<_>>())
    };
    let places = [all(topic::VIDEO), all(topic::EVENTS), all(topic::PICTURES)];
    flumen_archive::move_to(&dir, &places)?;
    std::fs::write(&mark, "").context(told)
}
