//! Which cameras are ours: several ingest processes share them by partitions of `flumen.cameras`.
//!
//! Invariants: a camera of a partition that was lost is told to stop in the same turn, and no
//! row of the gap ledger follows from here; one that was won begins only after the end of its
//! streams was looked for in the log, so that its successor ends what was left open.
//! Not here: fencing a late owner, which the epoch does (`epoch`).

use std::collections::BTreeSet;
use std::time::Duration;

use flumen_base::{CameraId, Result, topic};
use flumen_bus::{Bus, Share};

use crate::pace::{Stop, lock};
use crate::supervisor::Supervisor;
use crate::tail;

/// Who shares the cameras.
const GROUP: &str = "flumen-ingest";
/// An owner that sent in this time may still be saying good-bye.
const FRESH: Duration = Duration::from_millis(1200);
/// How often, and how many times, its farewell is looked for.
const LOOK: Duration = Duration::from_millis(200);
const LOOKS: u32 = 8;

/// Our part of the cameras.
pub(crate) struct Sharing {
    share: Box<dyn Share>,
    mine: BTreeSet<u32>,
    /// Ours by the group, but not looked at yet.
    coming: BTreeSet<u32>,
}

impl Sharing {
    /// Becomes one of those who share.
    ///
    /// # Errors
    /// As `Bus::share`.
    pub(crate) fn join(bus: &dyn Bus) -> Result<Sharing> {
        let share = bus.share(GROUP, topic::CAMERAS)?;
        Ok(Sharing { share, mine: BTreeSet::new(), coming: BTreeSet::new() })
    }

    /// Whether a camera is ours.
    pub(crate) fn has(&self, bus: &dyn Bus, id: &CameraId) -> bool {
        partition(bus, id).is_some_and(|p| self.mine.contains(&p))
    }
}

fn partition(bus: &dyn Bus, id: &CameraId) -> Option<u32> {
    bus.partition_of(topic::CAMERAS, id.as_str().as_bytes()).ok()
}

impl Supervisor {
    /// Gives away what is no longer ours and takes what became ours.
    pub(crate) fn share(&mut self, stop: &Stop) {
        match self.sharing.share.mine(Duration::ZERO) {
            Ok(Some(now)) => {
                let lost: BTreeSet<u32> = self.sharing.mine.difference(&now).copied().collect();
                self.sharing.mine.retain(|p| now.contains(p));
                self.sharing.coming = now.difference(&self.sharing.mine).copied().collect();
                self.give_away(&lost);
            }
            Ok(None) => {}
            Err(e) => tracing::warn!("which cameras are ours can't be asked now: {e}"),
        }
        if !self.sharing.coming.is_empty() {
            self.take_over(stop);
        }
    }

    fn of(&self, partitions: &BTreeSet<u32>) -> BTreeSet<CameraId> {
        let bus = self.shared.bus.as_ref();
        let within = |id: &&CameraId| partition(bus, id).is_some_and(|p| partitions.contains(&p));
        self.wanted.keys().filter(within).cloned().collect()
    }

    fn give_away(&mut self, lost: &BTreeSet<u32>) {
        let cameras = self.of(lost);
        if !cameras.is_empty() {
            tracing::info!(cameras = cameras.len(), "another flumen has these cameras now");
        }
        let now_us = self.now_us();
        for id in cameras {
            self.again.remove(&id);
            if let Some(seat) = lock(&self.seats).remove(&id) {
                seat.hand_over(now_us);
            }
            self.keep_only(&id, &[], "another flumen has the camera now");
        }
    }

    fn take_over(&mut self, stop: &Stop) {
        let cameras = self.of(&self.sharing.coming);
        if let Err(e) = self.look_behind(&cameras, stop) {
            tracing::warn!("cameras can't be taken over yet: {e}");
            return;
        }
        let coming = std::mem::take(&mut self.sharing.coming);
        self.sharing.mine.extend(coming);
        for id in cameras {
            self.fit(&id);
        }
    }

    /// Finds what earlier owners left; one that is about to leave gets a moment to say so.
    fn look_behind(&self, cameras: &BTreeSet<CameraId>, stop: &Stop) -> Result<()> {
        let bus = self.shared.bus.as_ref();
        if !self.shared.others {
            let found = tail::left_behind(bus)?;
            lock(&self.shared.left).extend(found);
            return Ok(());
        }
        let mut found = tail::left_of(bus, cameras)?;
        for _ in 0..LOOKS {
            if !tail::is_fed(&found, self.now_us(), FRESH) || !stop.wait(LOOK) {
                break;
            }
            found = tail::left_of(bus, cameras)?;
        }
        let mut left = lock(&self.shared.left);
        left.retain(|(id, _), _| !cameras.iter().any(|c| c.as_str() == id));
        left.extend(found);
        Ok(())
    }
}
