//! One stream of a camera on its way into the log: time, epoch, sequence, markers, gaps.
//!
//! Invariants: an epoch's first unit is a key frame, unless the camera's clock jumped or it
//! sends none for 10 s; sequences count every unit of the epoch, also those dropped, so that
//! a reader sees the hole; after a drop nothing is sent until the next key frame; a stream
//! that ended has an end marker, and its main stream an open row in the gap ledger.
//! Not here: where units come from (`source`), when to connect again (`camera`).

use std::time::{Duration, Instant};

use bytes::Bytes;
use flumen_base::wire::{GapCause, Marker, PacketHeader, Stream};
use flumen_base::{Kind, Result};
use flumen_media::Unit;

use crate::handover::{FeedParts, Left, Manner, Sent};
use crate::header;
use crate::pace::Stop;
use crate::status::State;
use crate::timeline::{Placed, Stamp, Timeline};

/// Without a key frame for so long, what comes is taken as it is.
const KEY_WAIT_US: i64 = 10_000_000;
/// A hole at the start that is not worth a row.
const SMALL_HOLE_US: i64 = 1_000_000;
/// How long an end marker may wait for a full queue.
const MARKER_PATIENCE: Duration = Duration::from_millis(200);

/// The way of one stream into the log.
pub(crate) struct Feed {
    parts: FeedParts,
    timeline: Timeline,
    manner: Manner,
    /// The last unit's header: base of markers.
    last: Option<PacketHeader>,
    epoch: u64,
    video: u64,
    audio: u64,
    waits_for_key_since: Option<i64>,
    /// Nothing is covered since then.
    hole_from: Option<i64>,
    overload: Option<Overload>,
}

struct Overload {
    from_us: i64,
    units: u64,
    why: String,
}

impl Feed {
    /// A feed that goes on where an earlier process stopped; ends what that left open.
    pub(crate) fn new(parts: FeedParts, left: Option<Left>) -> Feed {
        let manner = Manner { arrival_error_us: 500_000, patience: Duration::ZERO };
        let start = left.as_ref().map_or_else(|| parts.clock.wall_us(), |l| l.end_us);
        // Whoever is not found at the end of the log has its last time in the ledger.
        let floor = left.as_ref().map_or(i64::MIN, |l| l.end_us).max(parts.gaps.latest_us());
        let timeline = Timeline::new(floor, manner.arrival_error_us);
        let mut feed = Feed {
            parts,
            timeline,
            manner,
            last: None,
            epoch: 0,
            video: 0,
            audio: 0,
            waits_for_key_since: None,
            hole_from: Some(start),
            overload: None,
        };
        if let Some(header) = left.and_then(|l| l.open) {
            feed.epoch = header.epoch;
            feed.video = header.sequence + 1;
            feed.last = Some(header);
            let absence = feed.parts.absence;
            feed.lost(GapCause::Offline, absence);
        }
        feed
    }

    /// A connection was made: the next key frame begins an epoch.
    pub(crate) fn connected(&mut self, manner: Manner) {
        self.manner = manner;
        self.timeline.connect(manner.arrival_error_us);
        self.waits_for_key_since = Some(self.parts.clock.wall_us());
    }

    /// Hands a unit to the log.
    ///
    /// # Errors
    /// `Cancelled` by `stop`; `Unavailable` when no epoch can be claimed.
    pub(crate) fn unit(&mut self, unit: &Unit, stop: &Stop) -> Result<Sent> {
        let arrival_us = self.parts.clock.wall_us();
        let stamp = Stamp {
            pts_us: unit.pts_us,
            dts_us: unit.dts_us,
            duration_us: unit.duration_us,
            capture_us: unit.capture_us,
            arrival_us,
            key: unit.key,
        };
        if unit.audio {
            return self.sound(unit, &stamp, stop);
        }
        if self.waits_for_key(unit.key, arrival_us) {
            return Ok(Sent::Skipped);
        }
        let placed = self.timeline.video(&stamp);
        if placed.new_epoch {
            self.epoch = self.parts.epochs.next()?;
            (self.video, self.audio) = (0, 0);
        }
        self.picture(unit, &placed, arrival_us, stop)
    }

    /// The stream is away: marker, ledger.
    pub(crate) fn lost(&mut self, cause: GapCause, detail: &str) {
        self.settle_overload(self.timeline.end_us());
        if let Some(last) = self.last.take() {
            self.mark(&last, Marker::EndOfStream, MARKER_PATIENCE, &Stop::default());
            self.hole_from = Some(self.timeline.end_us());
        }
        if let (true, Some(from)) = (self.keeps_ledger(), self.hole_from) {
            self.parts.gaps.open(from, cause, detail);
        }
    }

    /// The stream is over and nothing is missing: marker only.
    pub(crate) fn ended(&mut self) {
        self.settle_overload(self.timeline.end_us());
        if let Some(last) = self.last.take() {
            self.mark(&last, Marker::EndOfStream, MARKER_PATIENCE, &Stop::default());
        }
        if self.keeps_ledger() && self.parts.gaps.is_open() {
            self.parts.gaps.close(self.timeline.end_us());
        }
        self.hole_from = None;
    }

    fn keeps_ledger(&self) -> bool {
        self.parts.stream == Stream::Main
    }

    fn waits_for_key(&mut self, key: bool, arrival_us: i64) -> bool {
        let Some(since) = self.waits_for_key_since else { return false };
        let waits = !key && arrival_us - since < KEY_WAIT_US;
        if !waits {
            self.waits_for_key_since = None;
        }
        waits
    }

    fn picture(
        &mut self,
        unit: &Unit,
        placed: &Placed,
        arrival_us: i64,
        stop: &Stop,
    ) -> Result<Sent> {
        let header = header::of_unit(unit, placed, arrival_us);
        let mut header = self.named(header, self.parts.stream, self.video);
        self.video += 1;
        self.covered_again(placed.dts_us);
        if self.overload.is_some() && !self.gap_is_marked(&header, unit.key, stop) {
            self.count_dropped(placed.dts_us, "");
            return Ok(Sent::Dropped);
        }
        header.discontinuity |= self.overload.is_some();
        let arrived = Instant::now();
        let patience = if self.overload.is_some() { Duration::ZERO } else { self.manner.patience };
        match self.parts.outbox.send(header.clone(), &unit.data, patience, stop) {
            Ok(pending) => {
                self.settle_overload(placed.dts_us);
                self.last = Some(header);
                self.count_sent(unit, arrival_us);
                if self.keeps_ledger() {
                    self.parts.board.capture(placed.capture_source, placed.capture_error_us);
                    return Ok(Sent::Stored(self.parts.board.time(arrived, pending)));
                }
                Ok(Sent::Stored(pending))
            }
            Err(e) if e.kind() == Kind::Cancelled => Err(e),
            Err(e) => {
                self.count_dropped(placed.dts_us, e.message());
                Ok(Sent::Dropped)
            }
        }
    }

    fn sound(&mut self, unit: &Unit, stamp: &Stamp, stop: &Stop) -> Result<Sent> {
        let wanted = self.parts.stream == Stream::Main && self.waits_for_key_since.is_none();
        let Some(placed) = self.timeline.audio(stamp).filter(|_| wanted) else {
            return Ok(Sent::Skipped);
        };
        let header = header::of_unit(unit, &placed, stamp.arrival_us);
        let header = self.named(header, Stream::Audio, self.audio);
        self.audio += 1;
        let patience = if self.overload.is_some() { Duration::ZERO } else { self.manner.patience };
        match self.parts.outbox.send(header, &unit.data, patience, stop) {
            Ok(pending) => {
                self.count_sent(unit, stamp.arrival_us);
                Ok(Sent::Stored(pending))
            }
            Err(e) if e.kind() == Kind::Cancelled => Err(e),
            Err(_) => Ok(Sent::Dropped),
        }
    }

    /// Closes the hole that ends with the unit at `dts_us`.
    fn covered_again(&mut self, dts_us: i64) {
        let Some(from) = self.hole_from.take() else { return };
        self.parts.board.set(self.parts.stream, State::Live, None, self.parts.clock.wall_us());
        if !self.keeps_ledger() {
            return;
        }
        if self.parts.gaps.is_open() {
            self.parts.gaps.close(dts_us);
        } else if dts_us - from > SMALL_HOLE_US {
            self.parts.gaps.record(from, dts_us, GapCause::Offline, "before the first picture");
        }
    }

    fn named(&self, header: PacketHeader, stream: Stream, sequence: u64) -> PacketHeader {
        let camera = self.parts.camera.to_string();
        PacketHeader { camera, stream: stream.into(), epoch: self.epoch, sequence, ..header }
    }

    fn count_sent(&self, unit: &Unit, arrival_us: i64) {
        if self.parts.stream == Stream::Main {
            self.parts.board.unit(unit, self.epoch, arrival_us, self.parts.outbox.now());
        }
    }

    fn count_dropped(&mut self, dts_us: i64, why: &str) {
        let overload = self.overload.get_or_insert_with(|| Overload {
            from_us: dts_us,
            units: 0,
            why: why.to_string(),
        });
        overload.units += 1;
        let told = format!("{} pictures dropped: {}", overload.units, overload.why);
        self.parts.board.dropped(1);
        self.parts.board.tell(&told, self.parts.outbox.now());
        let wall_us = self.parts.clock.wall_us();
        self.parts.board.set(self.parts.stream, State::Live, Some(told), wall_us);
    }

    /// At a key frame after a drop: true when readers could be told of the hole.
    fn gap_is_marked(&self, header: &PacketHeader, key: bool, stop: &Stop) -> bool {
        key && self.mark(header, Marker::Gap, Duration::ZERO, stop)
    }

    fn settle_overload(&mut self, end_us: i64) {
        let Some(overload) = self.overload.take() else { return };
        let wall_us = self.parts.clock.wall_us();
        self.parts.board.set(self.parts.stream, State::Live, None, wall_us);
        if self.keeps_ledger() {
            let detail = format!("{} pictures dropped: {}", overload.units, overload.why);
            self.parts.gaps.record(overload.from_us, end_us, GapCause::Disk, &detail);
        }
    }

    /// Sends a marker; its sequence is the one that the next unit of the stream has.
    fn mark(&self, base: &PacketHeader, marker: Marker, patience: Duration, stop: &Stop) -> bool {
        let arrival_us = self.parts.clock.wall_us();
        let header = match marker {
            Marker::Gap => header::of_marker(base, marker, base.dts_us, arrival_us),
            _ => {
                let end_us = self.timeline.end_us().max(base.dts_us);
                let header = header::of_marker(base, marker, end_us, arrival_us);
                PacketHeader { sequence: self.video, ..header }
            }
        };
        let sent = self.parts.outbox.send(header, &Bytes::new(), patience, stop);
        if let Err(e) = &sent {
            self.parts
                .board
                .tell(&format!("a marker found no place: {e}"), self.parts.outbox.now());
        }
        sent.is_ok()
    }
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
