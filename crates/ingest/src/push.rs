//! Units that come from outside, such as `flumen push`, instead of a connection of ours.
//!
//! Invariants: one session a camera; each session is a new epoch; a full log blocks the
//! caller, so that the sender feels it.
//! Not here: the wire that they come by (`api`), who sends (`cli`).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flumen_base::wire::{Codec, GapCause, Stream};
use flumen_base::{Clock, Error, Result};
use flumen_bus::{Ack, Pending};
use flumen_media::Unit;

use crate::camera::Slot;
use crate::feed::Feed;
use crate::handover::{Manner, Sent};
use crate::pace::{Stop, lock};
use crate::seat::{Seat, Shared};
use crate::status::State;

/// How long a full log blocks a sender before the unit is refused.
const PATIENCE: Duration = Duration::from_secs(60);
/// A sender reads, codes and sends: how far arrival is from capture is a guess.
const ARRIVAL_ERROR_US: u32 = 1_000_000;
/// Longest access unit that is taken.
const MOST_BYTES: usize = 32 << 20;

/// A camera that somebody pushes to; dropping it ends the stream.
pub struct PushSession {
    seat: Arc<Seat>,
    slot: Arc<Slot>,
    feed: Option<Feed>,
    stop: Stop,
    clock: Arc<dyn Clock>,
}

impl PushSession {
    pub(crate) fn open(seat: Arc<Seat>, shared: &Shared) -> Result<PushSession> {
        let stop = lock(&seat.push).clone().ok_or_else(|| {
            Error::invalid(format!(
                "camera {} is not one to push to: give it the address `push:` and enable it",
                seat.id
            ))
        })?;
        let slot = seat.slot(Stream::Main, shared);
        let mut feed = slot.try_take().ok_or_else(|| {
            Error::exhausted(format!("somebody else pushes to camera {} already", seat.id))
        })?;
        feed.connected(Manner { arrival_error_us: ARRIVAL_ERROR_US, patience: PATIENCE });
        let clock = shared.clock.clone();
        seat.board.set(
            Stream::Main,
            State::Connecting,
            Some("a sender is here".into()),
            clock.wall_us(),
        );
        Ok(PushSession { seat, slot, feed: Some(feed), stop, clock })
    }

    /// Hands over one access unit; blocks while the log's queue is full.
    ///
    /// A unit without use (before the first key frame, sound without pictures) is
    /// acknowledged at once.
    ///
    /// # Errors
    /// `Invalid` for a unit that can't be used, `Unavailable` when the log took it not within
    /// a minute, `Cancelled` when the camera was changed, switched off or removed.
    pub fn push(&mut self, unit: Unit) -> Result<Pending> {
        let id = &self.seat.id;
        check(&unit)?;
        if self.stop.is_stopped() {
            return Err(Error::cancelled(format!("camera {id} takes no more units")));
        }
        let feed = self.feed.as_mut().ok_or_else(|| Error::internal("a session has its feed"))?;
        match feed.unit(&unit, &self.stop)? {
            Sent::Stored(pending) => Ok(pending),
            Sent::Skipped => Ok(settled()),
            Sent::Dropped => Err(Error::unavailable(format!(
                "camera {id}: the log took nothing for {} s: is the disk full or very slow?",
                PATIENCE.as_secs()
            ))),
        }
    }
}

impl Drop for PushSession {
    fn drop(&mut self) {
        let Some(mut feed) = self.feed.take() else { return };
        feed.lost(GapCause::Offline, "the sender hung up");
        if !self.stop.is_stopped() {
            let reason = Some(waits_for_sender(&self.seat));
            self.seat.board.set(Stream::Main, State::Offline, reason, self.clock.wall_us());
        }
        self.slot.give_back(feed);
    }
}

pub(crate) fn waits_for_sender(seat: &Seat) -> String {
    format!("waits for a sender: `ffmpeg ... -f mpegts - | flumen push {}`", seat.id)
}

fn check(unit: &Unit) -> Result<()> {
    let bytes: &Bytes = &unit.data;
    if bytes.is_empty() || bytes.len() > MOST_BYTES {
        return Err(Error::invalid(format!(
            "an access unit of {} bytes: 1 byte to {} MiB are taken",
            bytes.len(),
            MOST_BYTES >> 20
        )));
    }
    let sound = matches!(unit.info.codec, Codec::Aac | Codec::Opus | Codec::Pcma | Codec::Pcmu);
    if unit.info.codec == Codec::Unspecified || sound != unit.audio {
        return Err(Error::invalid(
            "an access unit says neither which video nor which sound it is",
        ));
    }
    Ok(())
}

/// An answer that is there already.
fn settled() -> Pending {
    let (told, pending) = Pending::new();
    // The receiver stands right here: sending cannot fail.
    let _ = told.send(Ok(Ack { partition: 0, offset: 0, generation: 0 }));
    pending
}
