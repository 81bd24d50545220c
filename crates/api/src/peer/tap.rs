//! A bus that also keeps the newest packets which this process sends.
//!
//! Invariants: of each stream the packets from the last key picture on are kept, at most
//! `GROUP_BYTES` a stream and `ALL_BYTES` together (beyond that a listener waits for the next
//! key picture); at most `LISTENERS` listen, for each at most `QUEUE` packets wait; sending
//! never waits for a listener.
//! Not here: who listens over the network (`server`).

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use flumen_base::wire::{PacketHeader, Stream};
use flumen_base::{CameraId, Error, Result, topic};
use flumen_bus::{
    Bus, Consumer, Health, Pending, Record, Share, Start, Table, Visibility, Watermark,
};
use prost::Message as _;

use super::{Latest, Packet, Packets};

const GROUP_BYTES: usize = 24 << 20;
const ALL_BYTES: usize = 512 << 20;
const LISTENERS: usize = 64;
const QUEUE: usize = 512;
const CAMERAS: usize = 4096;

/// A bus of which the packets that go through it can be had at once.
pub struct Tap {
    bus: Arc<dyn Bus>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    cameras: HashMap<String, Camera>,
    bytes: usize,
}

#[derive(Default)]
struct Camera {
    groups: [Group; 2],
    listeners: Vec<SyncSender<Packet>>,
}

/// The packets of a stream from its last key picture on.
#[derive(Default)]
struct Group {
    packets: VecDeque<Packet>,
    bytes: usize,
    /// The group was too long: nothing is kept until the next key picture.
    over: bool,
}

impl Tap {
    /// Over the bus that ingest sends to; hand the tap to ingest in its place.
    pub fn new(bus: Arc<dyn Bus>) -> Arc<Tap> {
        Arc::new(Tap { bus, kept: Mutex::default() })
    }

    /// Takes a record of `flumen.video` as it is sent.
    fn keep(&self, header: PacketHeader, record: &Record) {
        let packet = Packet { header, data: record.value.clone() };
        let mut kept = self.lock();
        let kept = &mut *kept;
        if kept.cameras.len() >= CAMERAS && !kept.cameras.contains_key(&packet.header.camera) {
            return;
        }
        let camera = kept.cameras.entry(packet.header.camera.clone()).or_default();
        // A listener whose queue is full misses this one and sees the hole; one that is gone goes.
        camera
            .listeners
            .retain(|l| !matches!(l.try_send(packet.clone()), Err(TrySendError::Disconnected(_))));
        let [main, sub] = &mut camera.groups;
        let group = match packet.header.stream() {
            Stream::Main => main,
            Stream::Sub => sub,
            Stream::Audio => return,
        };
        let before = group.bytes;
        let room = ALL_BYTES.saturating_sub(kept.bytes - before.min(kept.bytes));
        group.take(packet, room);
        kept.bytes = (kept.bytes + group.bytes).saturating_sub(before);
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets cameras that this process does not send for any more.
    pub fn retain(&self, ours: &BTreeSet<CameraId>) {
        let mut kept = self.lock();
        kept.cameras.retain(|id, _| ours.iter().any(|c| c.as_str() == id));
        kept.bytes = kept.cameras.values().flat_map(|c| c.groups.iter()).map(|g| g.bytes).sum();
    }
}

impl Group {
    fn take(&mut self, packet: Packet, room: usize) {
        let h = &packet.header;
        if h.key && h.part == 0 {
            *self = Group::default();
        }
        let begins = h.key && h.part == 0;
        if self.over || (self.packets.is_empty() && !begins) {
            return;
        }
        if self.bytes + packet.data.len() > GROUP_BYTES.min(room) {
            *self = Group { over: true, ..Group::default() };
            return;
        }
        self.bytes += packet.data.len();
        self.packets.push_back(packet);
    }
}

impl Latest for Tap {
    fn subscribe(&self, camera: &CameraId) -> Result<Box<dyn Packets>> {
        let mut kept = self.lock();
        let listening: usize = kept.cameras.values().map(|c| c.listeners.len()).sum();
        if listening >= LISTENERS {
            return Err(Error::exhausted(format!(
                "{LISTENERS} listen to this process' cameras already: close some live views"
            )));
        }
        let camera = kept.cameras.get_mut(camera.as_str()).ok_or_else(|| {
            Error::not_found(format!("camera {camera} has sent nothing through this process"))
        })?;
        let (send, more) = sync_channel(QUEUE);
        camera.listeners.push(send);
        let backlog = camera.groups.iter().flat_map(|g| g.packets.iter().cloned()).collect();
        Ok(Box::new(Listener { backlog, more }))
    }
}

struct Listener {
    backlog: VecDeque<Packet>,
    more: Receiver<Packet>,
}

impl Packets for Listener {
    fn next(&mut self, timeout: Duration) -> Result<Vec<Packet>> {
        if !self.backlog.is_empty() {
            return Ok(std::mem::take(&mut self.backlog).into());
        }
        match self.more.recv_timeout(timeout) {
            Ok(first) => Ok(std::iter::once(first).chain(self.more.try_iter()).collect()),
            Err(RecvTimeoutError::Timeout) => Ok(Vec::new()),
            Err(RecvTimeoutError::Disconnected) => {
                Err(Error::unavailable("this process no longer owns the camera"))
            }
        }
    }
}

impl Bus for Tap {
    fn send(&self, topic: &str, record: Record) -> Result<Pending> {
        if topic != topic::VIDEO {
            return self.bus.send(topic, record);
        }
        let header = record.header(topic::PACKET_HEADER).cloned();
        let header = header.and_then(|h| PacketHeader::decode(h).ok());
        let copy = header.map(|h| (h, record.clone()));
        let pending = self.bus.send(topic, record)?;
        if let Some((header, record)) = copy {
            self.keep(header, &record);
        }
        Ok(pending)
    }

    fn consumer(&self, topics: &[&str], from: Start, see: Visibility) -> Result<Box<dyn Consumer>> {
        self.bus.consumer(topics, from, see)
    }

    fn watermarks(&self, topic: &str) -> Result<Vec<Watermark>> {
        self.bus.watermarks(topic)
    }

    fn table(&self, topic: &str) -> Result<Arc<dyn Table>> {
        self.bus.table(topic)
    }

    fn partition_of(&self, topic: &str, key: &[u8]) -> Result<u32> {
        self.bus.partition_of(topic, key)
    }

    fn share(&self, group: &str, topic: &str) -> Result<Box<dyn Share>> {
        self.bus.share(group, topic)
    }

    fn health(&self) -> Health {
        self.bus.health()
    }
}
