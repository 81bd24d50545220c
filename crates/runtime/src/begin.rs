//! Where to go on at a start: checkpoint, log, results, put together.
//!
//! Invariants: with a checkpoint that its log still stands for, nothing is left out and nothing
//! is stored twice; without one analysis begins at the newest key frames; what was lost in
//! between is said.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flumen_base::{CameraId, Result, topic};
use flumen_bus::{Bus, Polled, Start, Visibility, Watermark};

use crate::checkpoint::{self, CameraState, Checkpoint, Place};
use crate::reader::item;

/// Records looked back at, at most, for the newest key frames.
const LOOK_BACK: u64 = 4096;

/// Where analysis begins.
#[derive(Debug, Default)]
pub(crate) struct Begin {
    /// Number of the last checkpoint.
    pub number: u64,
    /// First offset to read, by partition.
    pub from: Vec<(u32, u64)>,
    pub cameras: BTreeMap<CameraId, CameraState>,
    /// Results that are made again stand behind these ends.
    pub results: Vec<Place>,
    /// The state that made them is lost.
    pub anew: bool,
    /// What a person should know.
    pub said: Vec<String>,
}

/// Finds where to begin.
///
/// # Errors
/// What the bus and the file system answer.
pub(crate) fn begin(bus: &Arc<dyn Bus>, dir: &Path) -> Result<Begin> {
    let (found, wrong) = checkpoint::load(dir)?;
    let mut said: Vec<String> = wrong
        .iter()
        .map(|e| format!("a checkpoint is damaged, the one before is taken: {e}"))
        .collect();
    let log = bus.watermarks(topic::VIDEO)?;
    let mut begin = match found {
        Some(checkpoint) => {
            let lost = replaced(bus, &checkpoint, &log)?;
            resume(checkpoint, &log, &lost)
        }
        None => {
            let mut begin = fresh(bus, &log)?;
            if log.iter().any(|w| w.next > w.first) {
                begin.said.push(
                    "there is no checkpoint: analysis begins at the newest key frames of the log"
                        .into(),
                );
            }
            begin
        }
    };
    said.append(&mut begin.said);
    begin.said = said;
    Ok(begin)
}

/// Partitions whose log is not the one that the checkpoint was taken of: it ends before the
/// checkpoint, or was cut before it and written anew.
fn replaced(
    bus: &Arc<dyn Bus>,
    checkpoint: &Checkpoint,
    log: &[Watermark],
) -> Result<HashSet<u32>> {
    let mut lost = HashSet::new();
    for place in &checkpoint.partitions {
        let reach = checkpoint
            .cameras
            .iter()
            .filter(|c| c.partition == place.partition)
            .map(|c| c.next)
            .max();
        let reach = reach.unwrap_or(0).max(place.next);
        let Some(w) = log.iter().find(|w| w.partition == place.partition) else { continue };
        let cut = w.next < reach || w.generation < place.generation;
        if cut
            || (reach > w.first && generation_at(bus, w.partition, reach - 1)? > place.generation)
        {
            lost.insert(place.partition);
        }
    }
    Ok(lost)
}

/// Generation of the record at an offset; 0 when it can't be told.
fn generation_at(bus: &Arc<dyn Bus>, partition: u32, offset: u64) -> Result<u32> {
    let from = bus
        .watermarks(topic::VIDEO)?
        .iter()
        .map(|w| (w.partition, if w.partition == partition { offset } else { w.next }))
        .collect();
    let mut reader = bus.consumer(&[topic::VIDEO], Start::Offsets(from), Visibility::Written)?;
    let polled = reader.poll(1, Duration::from_millis(100))?;
    Ok(polled.into_iter().next().map_or(0, |one| match one {
        Polled::Record(d) if d.position.partition == partition => d.position.generation,
        _ => 0,
    }))
}

fn resume(checkpoint: Checkpoint, log: &[Watermark], lost: &HashSet<u32>) -> Begin {
    let mut begin =
        Begin { number: checkpoint.number, results: checkpoint.results, ..Begin::default() };
    for w in log {
        let place = checkpoint.partitions.iter().find(|p| p.partition == w.partition);
        let next = place.map_or(w.first, |p| p.next);
        if lost.contains(&w.partition) {
            begin.said.push(format!(
                "{} partition {} is not the log of the last checkpoint: analysis begins at what is there",
                topic::VIDEO, w.partition
            ));
            begin.from.push((w.partition, w.first));
        } else if next < w.first {
            begin.said.push(format!(
                "{} partition {}: records {next}..{} expired before they were analysed",
                topic::VIDEO,
                w.partition,
                w.first
            ));
            begin.from.push((w.partition, w.first));
        } else {
            begin.from.push((w.partition, next));
        }
    }
    begin.anew = !lost.is_empty();
    for mut state in checkpoint.cameras {
        if lost.contains(&state.partition) {
            state = CameraState {
                camera: state.camera,
                record: state.record,
                ..CameraState::default()
            };
        }
        if let Ok(id) = CameraId::new(&state.camera) {
            begin.cameras.insert(id, state);
        }
    }
    begin
}

/// The newest key frame of each camera near the log's end.
fn fresh(bus: &Arc<dyn Bus>, log: &[Watermark]) -> Result<Begin> {
    let mut begin = Begin { anew: true, results: tails(bus)?, ..Begin::default() };
    for w in log {
        let from = w.next.saturating_sub(LOOK_BACK).max(w.first);
        let keys = newest_keys(bus, log, w.partition, from, w.next)?;
        let first = keys.values().map(|k| k.unwrap_or(w.next)).min().unwrap_or(w.next);
        begin.from.push((w.partition, first));
        for (camera, key) in keys {
            let next = key.unwrap_or(w.next);
            let state = CameraState { partition: w.partition, next, ..CameraState::default() };
            begin.cameras.insert(camera, state);
        }
    }
    Ok(begin)
}

/// Ends of the results, a while back.
fn tails(bus: &Arc<dyn Bus>) -> Result<Vec<Place>> {
    let mut tails = Vec::new();
    for name in crate::results::TOPICS {
        for w in bus.watermarks(name)? {
            let next = w.next.saturating_sub(LOOK_BACK).max(w.first);
            tails.push(Place {
                topic: name.into(),
                partition: w.partition,
                next,
                generation: w.generation,
            });
        }
    }
    Ok(tails)
}

fn newest_keys(
    bus: &Arc<dyn Bus>,
    log: &[Watermark],
    partition: u32,
    from: u64,
    end: u64,
) -> Result<HashMap<CameraId, Option<u64>>> {
    let mut keys = HashMap::new();
    let place = |w: &Watermark| (w.partition, if w.partition == partition { from } else { w.next });
    let mut reader = bus.consumer(
        &[topic::VIDEO],
        Start::Offsets(log.iter().map(place).collect()),
        Visibility::Written,
    )?;
    let mut at = from;
    while at < end {
        let polled = reader.poll(256, Duration::from_millis(200))?;
        if polled.is_empty() {
            break;
        }
        for one in polled {
            match one {
                Polled::Record(d)
                    if d.position.partition == partition && d.position.offset < end =>
                {
                    at = d.position.offset + 1;
                    if let Some((camera, item)) = item(d) {
                        let newest = keys.entry(camera).or_insert(None);
                        if item.header.key
                            && item.header.stream() != flumen_base::wire::Stream::Audio
                            && item.header.part == 0
                        {
                            *newest = Some(item.offset);
                        }
                    }
                }
                Polled::Expired { to, .. } | Polled::Damaged { to, .. } => at = at.max(to),
                Polled::Record(_) => at = end,
            }
        }
    }
    Ok(keys)
}
