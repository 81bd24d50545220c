//! Taking a checkpoint while everything runs.
//!
//! Invariants: ends of the results and the lowest unfinished offsets are read before the
//! snapshots, so whatever a snapshot has not seen lies behind them; it is written only when
//! `flumen.video` is durable up to it and all results before it are.

use std::time::{Duration, Instant};

use flumen_base::{Error, Result, topic};

use crate::checkpoint::{self, Checkpoint, Place};
use crate::worker::{Shared, lock};

/// Longest wait for the log to be durable.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes and writes checkpoint `number`.
///
/// # Errors
/// `Unavailable` when log or results do not become durable; what the file system answers.
pub(crate) fn save(shared: &Shared, number: u64) -> Result<()> {
    let mut results = shared.results.ends()?;
    let since = replaying(shared);
    let log = shared.bus.watermarks(topic::VIDEO)?;
    let mut partitions: Vec<Place> = {
        let lanes = lock(&shared.lanes);
        let place = |w: &flumen_bus::Watermark| Place {
            topic: topic::VIDEO.into(),
            partition: w.partition,
            next: lanes.unfinished(w.partition),
            generation: w.generation,
        };
        log.iter().map(place).collect()
    };
    let slots: Vec<_> = lock(&shared.slots).values().cloned().collect();
    let mut broken = false;
    let mut cameras = Vec::with_capacity(slots.len());
    let mut waiting = Vec::new();
    for slot in slots {
        let mut work = lock(&slot.work);
        let (state, mut sent) = work.checkpoint()?;
        broken |= work.broken;
        if work.broken
            && let Some(place) = partitions.iter_mut().find(|p| p.partition == state.partition)
        {
            place.next = place.next.min(state.next);
        }
        cameras.push(state);
        waiting.append(&mut sent);
    }
    for pending in waiting {
        pending.wait()?;
    }
    // Results that a replay will make again must stand behind these ends.
    match since {
        Some(since) => results = since,
        None if broken => results = lock(&shared.since).clone(),
        None => *lock(&shared.since) = results.clone(),
    }
    let mut checkpoint = Checkpoint { number, partitions, cameras, results };
    durable(shared, &mut checkpoint)?;
    checkpoint::save(&shared.dir, &checkpoint)
}

/// The ends that stay in force while a replay goes on.
pub(crate) fn replaying(shared: &Shared) -> Option<Vec<Place>> {
    let mut replay = lock(&shared.replay);
    let lanes = lock(&shared.lanes);
    let goes_on =
        replay.as_ref()?.until.iter().any(|&(partition, end)| lanes.unfinished(partition) < end);
    if !goes_on {
        shared.results.forget();
        *replay = None;
    }
    replay.as_ref().map(|r| r.results.clone())
}

/// Waits until the log is durable as far as the checkpoint has seen it.
fn durable(shared: &Shared, checkpoint: &mut Checkpoint) -> Result<()> {
    let begun = Instant::now();
    loop {
        let log = shared.bus.watermarks(topic::VIDEO)?;
        let reach = |partition: u32| {
            let of_cameras = checkpoint
                .cameras
                .iter()
                .filter(|c| c.partition == partition)
                .map(|c| c.next)
                .max();
            let lowest = checkpoint
                .partitions
                .iter()
                .find(|p| p.partition == partition)
                .map_or(0, |p| p.next);
            of_cameras.unwrap_or(0).max(lowest)
        };
        if log.iter().all(|w| w.durable >= reach(w.partition)) {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            return Err(Error::unavailable(format!("{} does not become durable", topic::VIDEO)));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
