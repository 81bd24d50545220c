//! One camera in the hands of a worker: records in, results out, its part of a checkpoint.
//!
//! Invariants: records below `next` are skipped; `next` moves only after the results of a record
//! were handed to the bus; a camera whose results the bus refused is `broken` and goes into no
//! further checkpoint, so that a restart makes them again.
//! Not here: what is made of a record (`analyzer::Session`).

use std::sync::Arc;
use std::time::Instant;

use flumen_analyzer::{Engines, Hand, Models, Named, Session, Taken};
use flumen_base::wire::{Camera, SourcePosition};
use flumen_base::{CameraId, Result};
use flumen_bus::Pending;
use prost::Message;

use crate::checkpoint::CameraState;
use crate::lanes::Item;
use crate::stats::Stats;
use crate::worker::Shared;

/// The state of one camera.
pub(crate) struct Work {
    pub(crate) id: CameraId,
    session: Session,
    /// As it goes into the checkpoint; the snapshot is as of `state.next`.
    state: CameraState,
    /// First offset that was not taken; ahead of `state.next` since the last snapshot.
    next: u64,
    sent: Vec<Pending>,
    pub(crate) broken: bool,
    /// The problem that was logged last.
    told: Option<String>,
    out: Vec<Named>,
}

impl Work {
    /// A camera as a checkpoint has it, or a new one.
    pub(crate) fn new(
        id: CameraId,
        state: CameraState,
        newest: Option<Camera>,
        engines: Arc<dyn Engines>,
    ) -> Work {
        Work {
            session: session(&id, &state, newest).with_engines(engines),
            next: state.next,
            id,
            state,
            sent: Vec::new(),
            broken: false,
            told: None,
            out: Vec::new(),
        }
    }

    /// Takes learned models from this table.
    pub(crate) fn follow_models(&mut self, models: Arc<Models>) {
        self.session.follow_models(models);
    }

    /// Takes records in order; `shed_until` is the first offset that is not shed.
    pub(crate) fn run(
        &mut self,
        shared: &Shared,
        hand: Option<&Arc<Hand>>,
        items: Vec<Item>,
        shed_until: u64,
        stats: &mut Stats,
    ) {
        self.session.guard(hand.cloned());
        for item in items {
            if item.offset < self.next || self.broken {
                continue;
            }
            let begun = Instant::now();
            match self.item(shared, &item, shed_until) {
                Ok(taken) => stats.count(taken, begun.elapsed(), item.header.arrival_us),
                Err(e) => {
                    self.broken = true;
                    stats.problem = Some(format!(
                        "results can't be stored: {e}; they are made again after a restart"
                    ));
                    tracing::error!(camera = %self.id, offset = item.offset, "{e:?}");
                    return;
                }
            }
            stats.problem = self.problem();
            self.next = item.offset + 1;
            self.state.partition = item.partition;
        }
    }

    fn item(&mut self, shared: &Shared, item: &Item, shed_until: u64) -> Result<Taken> {
        if let Some(newer) = shared.cameras.newer(self.id.as_str(), self.session.newest_card()) {
            self.session.card(&newer);
        }
        let h = &item.header;
        // What an earlier run left out stands in its results; a replay leaves out the same.
        let before = || shared.results.was_shed(&h.camera, h.epoch, h.sequence);
        self.session.shed(item.offset < shed_until || before());
        let at = position(item);
        let taken = self.session.record(at, item.raw.as_deref(), item.data.clone(), &mut self.out);
        self.send(shared)?;
        Ok(taken)
    }

    /// What is wrong with the analysis; logged when it is new.
    fn problem(&mut self) -> Option<String> {
        let problem = self.session.problem();
        if problem != self.told.as_deref() {
            self.told = problem.map(str::to_owned);
            if let Some(problem) = problem {
                tracing::error!(camera = %self.id, "{problem}");
            }
        }
        self.told.clone()
    }

    fn send(&mut self, shared: &Shared) -> Result<()> {
        for named in self.out.drain(..) {
            self.sent.extend(shared.results.send(&named)?);
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
            self.state.snapshot = self.session.snapshot()?.into();
            self.state.next = self.next;
        }
        self.state.camera = self.id.as_str().to_owned();
        self.state.record = self.session.card_in_force().encode_to_vec().into();
        Ok((self.state.clone(), std::mem::take(&mut self.sent)))
    }
}

/// The session that a checkpoint has, else a new one under the version that was in force.
fn session(id: &CameraId, state: &CameraState, newest: Option<Camera>) -> Session {
    if !state.snapshot.is_empty() {
        match Session::restore(id, &state.snapshot) {
            Ok(session) => return session,
            Err(e) => tracing::error!(camera = %id, "its analysis begins anew: {e:?}"),
        }
    }
    let known = Camera::decode(state.record.clone()).ok().filter(|c| c.version > 0);
    Session::open(id, known.or(newest).as_ref())
}

fn position(item: &Item) -> SourcePosition {
    SourcePosition { partition: item.partition, offset: item.offset, generation: item.generation }
}
