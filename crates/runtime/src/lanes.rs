//! Who is analysed next, and who is shed: queues by camera. Pure: no thread, no clock.
//!
//! Invariants: a lane (camera) is in at most one pair of hands; its units leave in the order
//! of their offsets; lanes with work take turns. At most `units` wait in a lane and about
//! `bytes` in all; a lane beyond that is *behind*: its units stay in the log, from a stated
//! offset, and no other lane waits for it.
//! Degradation, in this order: a lane falls behind; when a live lane's oldest unit waits longer
//! than `patience_us`, lanes of the lowest priority are shed: not decoded until the next key
//! frame after nobody waits longer than half of it; at twice the patience the two lowest
//! priorities, and so on, never above the priority of the lane that waits. Of its own priority
//! only lanes that wait as long are shed. A lane whose backlog comes faster than its pictures
//! play (a file that is pushed) waits and is not shed.
//! Recording reads the log by itself and is never touched.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use flumen_base::CameraId;
use flumen_base::wire::PacketHeader;

/// A record that waits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub partition: u32,
    pub offset: u64,
    pub generation: u32,
    /// As far as it can be read.
    pub header: PacketHeader,
    /// The header as it came.
    pub raw: Option<Bytes>,
    pub data: Bytes,
}

/// When lanes are full and who is shed when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub units: usize,
    pub bytes: usize,
    pub patience_us: i64,
}

/// Arrival and media time of a unit.
#[derive(Clone, Copy, Debug, Default)]
struct Moment {
    arrival_us: i64,
    pts_us: i64,
}

impl Moment {
    fn of(header: &PacketHeader) -> Moment {
        Moment { arrival_us: header.arrival_us, pts_us: header.pts_us }
    }
}

#[derive(Default)]
struct Lane {
    queue: VecDeque<Item>,
    partition: u32,
    /// First offset that is in hand.
    hand: Option<u64>,
    /// First offset that waits in the log instead of the queue.
    behind: Option<u64>,
    priority: u32,
    /// Units below this are shed.
    shed_until: u64,
    shedding: bool,
    /// Newest unit that the reader saw.
    newest: Moment,
    /// The oldest unit that is not finished.
    oldest: Option<Moment>,
}

impl Lane {
    fn lowest(&self) -> Option<u64> {
        let queued = self.queue.front().map(|i| i.offset);
        [self.hand, queued, self.behind].into_iter().flatten().min()
    }

    /// How long its oldest unit waits by the arrival of its newest; 0 when it is not live.
    fn waits_us(&self) -> i64 {
        let Some(oldest) = self.oldest else { return 0 };
        let arrival_us = self.newest.arrival_us - oldest.arrival_us;
        let played_us = self.newest.pts_us - oldest.pts_us;
        if played_us > arrival_us + arrival_us / 2 + 1_000_000 { 0 } else { arrival_us }
    }
}

/// All lanes.
pub(crate) struct Lanes {
    limits: Limits,
    lanes: BTreeMap<CameraId, Lane>,
    ready: VecDeque<CameraId>,
    bytes: usize,
    /// First offset that the reader has not seen, by partition.
    next: BTreeMap<u32, u64>,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    Queued,
    /// It waits in the log.
    Behind,
}

impl Lanes {
    pub(crate) fn new(limits: Limits) -> Lanes {
        Lanes {
            limits,
            lanes: BTreeMap::new(),
            ready: VecDeque::new(),
            bytes: 0,
            next: BTreeMap::new(),
        }
    }

    /// Tells how far the reader is.
    pub(crate) fn seen(&mut self, partition: u32, next: u64) {
        let at = self.next.entry(partition).or_insert(next);
        *at = next.max(*at);
    }

    /// How far the reader is in a partition.
    pub(crate) fn read_to(&self, partition: u32) -> u64 {
        self.next.get(&partition).copied().unwrap_or(0)
    }

    /// Sets a camera's priority.
    pub(crate) fn set_priority(&mut self, camera: &CameraId, priority: u32) {
        self.lanes.entry(camera.clone()).or_default().priority = priority;
    }

    fn is_full(&self, lane: &Lane) -> bool {
        lane.queue.len() >= self.limits.units
            || (self.bytes >= self.limits.bytes && !lane.queue.is_empty())
    }

    /// A new record from the reader.
    pub(crate) fn push(&mut self, camera: &CameraId, item: Item) -> Put {
        let lane = self.lanes.entry(camera.clone()).or_default();
        lane.partition = item.partition;
        lane.newest = Moment::of(&item.header);
        if lane.shedding {
            lane.shed_until = item.offset + 1;
        }
        let (offset, moment) = (item.offset, lane.newest);
        lane.oldest.get_or_insert(moment);
        let put = match self.lanes.get(camera) {
            Some(lane) if lane.behind.is_some() => Put::Behind,
            Some(lane) if self.is_full(lane) => Put::Behind,
            _ => Put::Queued,
        };
        match put {
            Put::Queued => self.queue(camera, item),
            Put::Behind => {
                if let Some(lane) = self.lanes.get_mut(camera) {
                    lane.behind.get_or_insert(offset);
                }
            }
        }
        put
    }

    fn queue(&mut self, camera: &CameraId, item: Item) {
        let Some(lane) = self.lanes.get_mut(camera) else { return };
        self.bytes += item.data.len();
        if lane.queue.is_empty() && lane.hand.is_none() {
            self.ready.push_back(camera.clone());
        }
        lane.queue.push_back(item);
    }

    /// The lowest offset of a partition at which a lane that is behind has room again.
    pub(crate) fn wanted(&self, partition: u32) -> Option<u64> {
        let room =
            |lane: &&Lane| lane.partition == partition && lane.queue.len() * 2 <= self.limits.units;
        let behind = self.lanes.values().filter(room).filter_map(|l| l.behind).min();
        behind.filter(|_| self.bytes < self.limits.bytes || self.ready.is_empty())
    }

    /// True when a record that is read a second time, by a run that began at `from`, is one that
    /// its lane waits for.
    pub(crate) fn waits_for(&self, camera: &CameraId, offset: u64, from: u64) -> bool {
        let behind = self.lanes.get(camera).and_then(|l| l.behind);
        behind.is_some_and(|behind| (from..=offset).contains(&behind))
    }

    /// A record that is read a second time, in order from what [`Lanes::wanted`] gave; false when
    /// its lane has no room, and it is asked for again later.
    pub(crate) fn catch_up(&mut self, camera: &CameraId, item: Item) -> bool {
        let offset = item.offset;
        if self.lanes.get(camera).is_none_or(|lane| self.is_full(lane)) {
            if let Some(lane) = self.lanes.get_mut(camera) {
                lane.behind = Some(offset);
            }
            return false;
        }
        self.queue(camera, item);
        if let Some(lane) = self.lanes.get_mut(camera) {
            lane.behind = Some(offset + 1);
        }
        true
    }

    /// Tells that the second reader has read `from..next`: what its lanes wait for lies behind
    /// it, or nothing is left. Those that were `full` on the way wait as they did.
    pub(crate) fn caught_up(
        &mut self,
        partition: u32,
        run: std::ops::Range<u64>,
        full: &[CameraId],
    ) {
        let next = run.end;
        let all = next >= self.read_to(partition);
        for (camera, lane) in self.lanes.iter_mut().filter(|(_, l)| l.partition == partition) {
            if let Some(behind) = lane.behind
                && (run.start..=next).contains(&behind)
                && !full.contains(camera)
            {
                lane.behind = if all { None } else { Some(next) };
            }
        }
    }

    /// Work for a pair of hands: up to `max` records of the next lane.
    pub(crate) fn take(&mut self, max: usize) -> Option<(CameraId, Vec<Item>, u64)> {
        let camera = self.ready.pop_front()?;
        let lane = self.lanes.get_mut(&camera)?;
        let n = lane.queue.len().min(max.max(1));
        let items: Vec<Item> = lane.queue.drain(..n).collect();
        lane.hand = items.first().map(|i| i.offset);
        lane.oldest = items.first().map(|i| Moment::of(&i.header));
        self.bytes -= items.iter().map(|i| i.data.len()).sum::<usize>();
        Some((camera, items, lane.shed_until))
    }

    /// The hands are empty again.
    pub(crate) fn done(&mut self, camera: &CameraId) {
        let Some(lane) = self.lanes.get_mut(camera) else { return };
        lane.hand = None;
        lane.oldest = lane.queue.front().map(|i| Moment::of(&i.header));
        if lane.oldest.is_none() && lane.behind.is_some() {
            lane.oldest = Some(lane.newest);
        }
        if !lane.queue.is_empty() {
            self.ready.push_back(camera.clone());
        }
    }

    /// Begins and ends shedding; gives the cameras that are shed from now on.
    pub(crate) fn degrade(&mut self) -> Vec<CameraId> {
        let patience_us = self.limits.patience_us.max(1);
        let slowest = self.lanes.values().max_by_key(|l| l.waits_us());
        let Some((waits_us, own)) = slowest.map(|l| (l.waits_us(), l.priority)) else {
            return Vec::new();
        };
        if waits_us < patience_us / 2 {
            self.lanes.values_mut().for_each(|l| l.shedding = false);
        }
        if waits_us <= patience_us {
            return Vec::new();
        }
        let levels: BTreeSet<u32> = self.lanes.values().map(|l| l.priority).collect();
        let highest_shed =
            levels.into_iter().take((waits_us / patience_us) as usize).max().unwrap_or(0);
        let mut begun = Vec::new();
        for (camera, lane) in &mut self.lanes {
            let lower =
                lane.priority < own || (lane.priority == own && lane.waits_us() > patience_us);
            if lane.priority <= highest_shed && lower && !lane.shedding {
                lane.shedding = true;
                lane.shed_until = self.next.get(&lane.partition).copied().unwrap_or(0);
                begun.push(camera.clone());
            }
        }
        begun
    }

    /// The lowest offset of a partition that is not finished.
    pub(crate) fn unfinished(&self, partition: u32) -> u64 {
        let lanes =
            self.lanes.values().filter(|l| l.partition == partition).filter_map(Lane::lowest);
        lanes.min().unwrap_or(u64::MAX).min(self.read_to(partition))
    }

    /// Forgets a lane; false while something of it is not finished.
    pub(crate) fn forget(&mut self, camera: &CameraId) -> bool {
        if self.lanes.get(camera).is_some_and(|l| l.lowest().is_some()) {
            return false;
        }
        self.lanes.remove(camera);
        true
    }

    /// Records of a camera that wait in memory.
    pub(crate) fn waiting(&self, camera: &CameraId) -> usize {
        self.lanes.get(camera).map_or(0, |l| l.queue.len())
    }

    /// True when nothing waits and nothing is in hand.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.lanes.values().all(|l| l.lowest().is_none())
    }
}

#[cfg(test)]
#[path = "lanes_tests.rs"]
mod tests;
