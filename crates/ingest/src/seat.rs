//! What one camera has for as long as it stands in the table, whichever threads run it.
//!
//! Invariants: one slot a stream; whoever feeds a stream holds its feed.
//! Not here: threads (`supervisor`), sessions (`push`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use flumen_base::wire::{GapCause, Stream};
use flumen_base::{CameraId, Clock, Result, topic};
use flumen_bus::Bus;

use crate::camera::Slot;
use crate::config::IngestConfig;
use crate::epoch::Epochs;
use crate::feed::Feed;
use crate::gaps::Gaps;
use crate::handover::FeedParts;
use crate::ledger::Ledger;
use crate::outbox::Outbox;
use crate::pace::{Pace, Stop, lock};
use crate::source::Connector;
use crate::status::{Board, State};
use crate::tail::LeftBehind;

/// What all cameras share.
pub(crate) struct Shared {
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) config: IngestConfig,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pace: Arc<dyn Pace>,
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) ledger: Arc<Ledger>,
    /// Other processes share the cameras with this one.
    pub(crate) others: bool,
    /// What earlier processes left; each entry is taken once.
    pub(crate) left: Mutex<LeftBehind>,
}

/// One camera.
pub(crate) struct Seat {
    pub(crate) id: CameraId,
    pub(crate) board: Arc<Board>,
    pub(crate) gaps: Arc<Gaps>,
    epochs: Arc<Epochs>,
    slots: Mutex<HashMap<Stream, Arc<Slot>>>,
    /// Present while the camera takes units from `push`; cancelled when it no longer does.
    pub(crate) push: Mutex<Option<Stop>>,
}

impl Seat {
    /// A camera that nothing runs yet.
    ///
    /// # Errors
    /// As the bus' tables.
    pub(crate) fn new(id: &CameraId, shared: &Shared) -> Result<Seat> {
        let owners = shared.bus.table(topic::OWNERS)?;
        let table = shared.bus.table(topic::GAPS)?;
        let gaps = Gaps::load(id, table.as_ref(), shared.ledger.clone())?;
        let config = &shared.config;
        Ok(Seat {
            id: id.clone(),
            board: Arc::new(Board::new(id, State::Connecting, shared.clock.wall_us())),
            gaps: Arc::new(gaps),
            epochs: Arc::new(Epochs::new(id, &config.process, &config.address, owners)),
            slots: Mutex::new(HashMap::new()),
            push: Mutex::new(None),
        })
    }

    /// The slot of a stream, made at the first call.
    pub(crate) fn slot(&self, stream: Stream, shared: &Shared) -> Arc<Slot> {
        let mut slots = lock(&self.slots);
        let made = || {
            let left = lock(&shared.left).remove(&(self.id.to_string(), stream));
            let parts = FeedParts {
                camera: self.id.clone(),
                stream,
                outbox: Outbox::new(&self.id, shared.bus.clone(), shared.pace.clone()),
                clock: shared.clock.clone(),
                epochs: self.epochs.clone(),
                board: self.board.clone(),
                gaps: self.gaps.clone(),
                absence: if shared.others {
                    "the flumen that had it is gone"
                } else {
                    "flumen was not running"
                },
            };
            Arc::new(Slot::new(Feed::new(parts, left)))
        };
        slots.entry(stream).or_insert_with(made).clone()
    }

    /// Notes in the ledger that nobody feeds the camera, unless somebody does.
    pub(crate) fn idle(&self, shared: &Shared, why: &str) {
        let slot = self.slot(Stream::Main, shared);
        if let Some(mut feed) = slot.try_take() {
            feed.lost(GapCause::Offline, why);
            slot.give_back(feed);
        }
    }

    /// Another process has the camera from now on.
    pub(crate) fn hand_over(&self, now_us: i64) {
        self.gaps.hand_over(now_us);
        self.close_for_push();
    }

    /// Takes units from `push` from now on.
    pub(crate) fn open_for_push(&self) {
        lock(&self.push).get_or_insert_with(Stop::default);
    }

    /// Ends a push session, if there is one, and takes no more.
    pub(crate) fn close_for_push(&self) {
        if let Some(stop) = lock(&self.push).take() {
            stop.cancel();
        }
    }
}
