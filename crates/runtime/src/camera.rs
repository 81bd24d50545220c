//! One camera in the hands of a worker: records in, results out, its part of a checkpoint.
//!
//! Invariants: records below `next` are skipped; `next` moves only after the results of a record
//! were handed to the bus; a camera whose results the bus refused is `broken` and goes into no
//! further checkpoint, so that a restart makes them again.

use std::time::Instant;

use bytes::Bytes;
use flumen_analyzer::Output;
use flumen_base::wire::{Camera, Reject, SourcePosition, Stream};
use flumen_base::{CameraId, Error, Packet, Result, topic};
use flumen_bus::Pending;
use prost::Message;

use crate::cameras;
use crate::checkpoint::CameraState;
use crate::engine::Engine;
use crate::lanes::Item;
use crate::skips::Hole;
use crate::stats::Stats;
use crate::verdict::{Verdict, verdict};
use crate::worker::Shared;

/// The state of one camera.
pub(crate) struct Work {
    pub(crate) id: CameraId,
    engine: Option<Box<dyn Engine>>,
    /// As it goes into the checkpoint; the snapshot is as of `state.next`.
    state: CameraState,
    /// First offset that was not taken; ahead of `state.next` since the last snapshot.
    next: u64,
    /// The version in force, and the next one.
    pub(crate) record: Camera,
    coming: Option<Camera>,
    /// Key frame of the open group: epoch, sequence.
    pub(crate) group: (u64, u64),
    /// Units are left out until a key frame that is not.
    pub(crate) shed: bool,
    pub(crate) rejected: Option<Hole>,
    /// No engine until the next key frame.
    wait_key: bool,
    /// Why no engine can be had for this epoch.
    stopped: Option<(u64, String)>,
    sent: Vec<Pending>,
    pub(crate) broken: bool,
    pub(crate) out: Vec<Output>,
}

impl Work {
    /// A camera as a checkpoint has it, or a new one.
    pub(crate) fn new(id: CameraId, state: CameraState, newest: Option<Camera>) -> Work {
        let known = Camera::decode(state.record.clone()).ok().filter(|c| c.version > 0);
        let record = known.or(newest).unwrap_or_default();
        Work {
            next: state.next,
            group: (state.epoch, state.sequence),
            shed: state.shed,
            id,
            engine: None,
            state,
            record,
            coming: None,
            rejected: None,
            wait_key: false,
            stopped: None,
            sent: Vec::new(),
            broken: false,
            out: Vec::new(),
        }
    }

    /// Takes records in order; `shed_until` is the first offset that is not shed.
    pub(crate) fn run(
        &mut self,
        shared: &Shared,
        worker: usize,
        items: Vec<Item>,
        shed_until: u64,
        stats: &mut Stats,
    ) {
        for item in items {
            if item.offset < self.next || self.broken {
                continue;
            }
            let begun = Instant::now();
            match self.item(shared, worker, &item, shed_until) {
                Ok(kind) => stats.count(kind, begun.elapsed(), item.header.arrival_us),
                Err(e) => {
                    self.broken = true;
                    stats.problem = Some(format!(
                        "results can't be stored: {e}; they are made again after a restart"
                    ));
                    tracing::error!(camera = %self.id, offset = item.offset, "{e:?}");
                    return;
                }
            }
            stats.problem = self.stopped.as_ref().map(|(_, why)| why.clone());
            self.next = item.offset + 1;
            self.state.partition = item.partition;
        }
    }

    fn item(
        &mut self,
        shared: &Shared,
        worker: usize,
        item: &Item,
        shed_until: u64,
    ) -> Result<Done> {
        self.follow(shared, item);
        if cameras::stream(&self.record) != Some(item.header.stream())
            || item.header.stream() == Stream::Audio
        {
            return Ok(Done::Other);
        }
        let packet = Packet { header: item.header.clone(), data: item.data.clone() };
        let key = item.header.key && item.header.part == 0 && !packet.is_marker();
        if key {
            self.group = (item.header.epoch, item.header.sequence);
        }
        if self.rejects(shared, item, key)? {
            return Ok(Done::Other);
        }
        if !self.ready(item, key) {
            return Ok(Done::Other);
        }
        self.sheds(shared, item, shed_until, key);
        self.feed(shared, worker, item, &packet)
    }

    /// Takes a newer version of the camera's record, which counts from its time on.
    fn follow(&mut self, shared: &Shared, item: &Item) {
        if let Some(newest) = shared.cameras.newest(self.id.as_str())
            && newest.version > self.coming.as_ref().unwrap_or(&self.record).version
        {
            self.announce(&newest);
            self.coming = Some(newest);
        }
        if self.coming.as_ref().is_none_or(|c| item.header.arrival_us < c.effective_us) {
            return;
        }
        let Some(record) = self.coming.take() else { return };
        if cameras::stream(&record) != cameras::stream(&self.record) {
            self.engine = None; // another stream: another scene at another size
            self.state.snapshot = Bytes::new();
            self.wait_key = true;
        }
        self.record = record;
    }

    fn announce(&mut self, camera: &Camera) {
        if let Some(engine) = &mut self.engine
            && let Err(e) = engine.announce(camera)
        {
            tracing::error!(camera = %self.id, version = camera.version, "a policy is not taken: {e}");
        }
    }

    /// Makes the engine that is needed; remembers why there is none.
    fn open(&mut self, shared: &Shared) {
        let settings = cameras::settings(&self.record);
        let from = self.state.snapshot.clone();
        if !from.is_empty() && !shared.notes.rejects(self.id.as_str(), self.group.0, self.group.1) {
            match shared.engines.restore(&self.id, settings.clone(), &from) {
                Ok(engine) => {
                    self.engine = Some(engine);
                    return;
                }
                Err(e) => {
                    tracing::error!(camera = %self.id, "its state can't be restored, it begins anew: {e:?}")
                }
            }
        }
        match shared.engines.open(&self.id, settings) {
            Ok(engine) => self.engine = Some(engine),
            Err(e) => self.fail(&e),
        }
    }

    fn begin(&mut self, shared: &Shared) {
        self.open(shared);
        if let Some(coming) = self.coming.clone() {
            self.announce(&coming);
        }
    }

    fn fail(&mut self, e: &Error) {
        tracing::error!(camera = %self.id, "no analysis: {e:?}");
        self.engine = None;
        self.state.snapshot = Bytes::new(); // of a state that is long past
        self.wait_key = true;
        if verdict(e.kind()) == Verdict::Stop {
            self.stopped = Some((self.group.0, e.to_string()));
        }
    }

    /// True when there is an engine that can use this record.
    fn ready(&mut self, item: &Item, key: bool) -> bool {
        if self.stopped.as_ref().is_some_and(|(epoch, _)| *epoch != item.header.epoch) {
            self.stopped = None; // a new connection may bring what can be used
        }
        if self.wait_key && key {
            self.wait_key = false;
        }
        self.stopped.is_none() && !self.wait_key
    }

    fn feed(
        &mut self,
        shared: &Shared,
        worker: usize,
        item: &Item,
        packet: &Packet,
    ) -> Result<Done> {
        shared.notes.note(worker, Some((self.id.as_str(), self.group.0, self.group.1)))?;
        if self.engine.is_none() {
            self.begin(shared);
        }
        let Some(engine) = self.engine.as_mut() else { return Ok(Done::Other) };
        engine.shed(self.shed);
        let at = position(item);
        let out = &mut self.out;
        let fed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            engine.process(at, packet, out)
        }));
        match fed {
            Ok(Ok(())) => {}
            Ok(Err(e)) => self.reject(item, &e.to_string()),
            Err(_) => {
                self.out.clear();
                self.reject(
                    item,
                    "the analyzer panicked at this unit; it begins anew at the next key frame",
                );
                self.fail(&Error::internal("the analyzer panicked"));
            }
        }
        let sent = self.send(shared, item.header.arrival_us);
        shared.notes.note(worker, None)?;
        sent.map(|()| if self.shed { Done::Shed } else { Done::Analysed })
    }

    pub(crate) fn reject(&mut self, item: &Item, reason: &str) {
        self.out.push(Output::Reject(Reject {
            camera: self.id.as_str().to_owned(),
            topic: topic::VIDEO.into(),
            source: Some(position(item)),
            reason: reason.to_owned(),
            head: item.data.slice(..item.data.len().min(64)),
        }));
    }

    pub(crate) fn send(&mut self, shared: &Shared, arrival_us: i64) -> Result<()> {
        for output in self.out.drain(..) {
            self.sent.extend(shared.results.send(&output, self.id.as_str(), arrival_us)?);
        }
        if self.sent.len() > 1024 {
            let mut left = Vec::new();
            for mut pending in self.sent.drain(..) {
                match pending.poll_now() {
                    None => left.push(pending),
                    Some(acked) => drop(acked?),
                }
            }
            self.sent = left;
        }
        Ok(())
    }

    /// Its part of a checkpoint, and what must be durable before that counts. A broken camera
    /// gives the part it gave before.
    pub(crate) fn checkpoint(&mut self) -> Result<(CameraState, Vec<Pending>)> {
        if !self.broken && self.next != self.state.next {
            if let Some(engine) = &self.engine {
                self.state.snapshot = engine.snapshot()?.into();
            }
            self.state.next = self.next;
            (self.state.epoch, self.state.sequence) = self.group;
            self.state.shed = self.shed;
        }
        self.state.camera = self.id.as_str().to_owned();
        self.state.record = self.record.encode_to_vec().into();
        Ok((self.state.clone(), std::mem::take(&mut self.sent)))
    }
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    Analysed,
    Shed,
    /// Another stream, or nothing that can be used.
    Other,
}

pub(crate) fn position(item: &Item) -> SourcePosition {
    SourcePosition { partition: item.partition, offset: item.offset, generation: item.generation }
}
