//! How each camera is: states, rates, counts, and errors told at most once a second.
//!
//! Invariants: `reason` always holds the latest word on why a camera is not live.
//! Not here: events and results (`runtime`).

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use flumen_base::CameraId;
use flumen_base::wire::{Stream, TimeSource};
use flumen_bus::Pending;
use flumen_media::{TrackInfo, Unit};

use crate::pace::lock;
use crate::stored::Stored;

/// How long units are counted before a rate is told.
const WINDOW: Duration = Duration::from_secs(2);
/// A rate is not told when nothing came for so long.
const STALE_US: i64 = 4_000_000;
const TELL_EVERY: Duration = Duration::from_secs(1);

/// How a camera is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Pictures arrive.
    Live,
    /// Trying, not yet a picture.
    Connecting,
    /// It does not answer, or nobody pushes; it is tried again for ever.
    Offline,
    /// Switched off by a person.
    Disabled,
    /// A file that was played once is over.
    Ended,
}

/// A camera as ingest sees it; numbers are of the main stream.
#[derive(Clone, Debug, PartialEq)]
pub struct CameraStatus {
    /// Which.
    pub id: CameraId,
    /// How it is.
    pub state: State,
    /// Why it is not live, or what else is wrong.
    pub reason: Option<String>,
    /// Since when the state is so, UTC.
    pub since_us: i64,
    /// What the video is, once known.
    pub info: Option<TrackInfo>,
    /// It has sound.
    pub audio: bool,
    /// Measured; 0 = not known.
    pub frame_rate_hz: f32,
    /// Measured; 0 = not known.
    pub bit_rate_bps: u64,
    /// Access units of video since the start.
    pub units: u64,
    /// Bytes of video since the start.
    pub bytes: u64,
    /// Access units dropped because the bus was full, since the start.
    pub dropped: u64,
    /// Connections after the first.
    pub reconnects: u64,
    /// Arrival of the newest access unit, UTC; 0 = none.
    pub last_unit_us: i64,
    /// Epoch of the newest access unit.
    pub epoch: u64,
    /// How the newest picture's time is known, and how far it may be off, in microseconds;
    /// `None` before the first.
    pub capture: Option<(TimeSource, u32)>,
    /// From a unit's arrival until it is durable, the newest one's or that of one that waits
    /// longer; `None` when nothing came of late.
    pub lag_us: Option<i64>,
}

/// Where a camera's threads write how it is.
pub(crate) struct Board {
    inner: Mutex<Inner>,
    stored: Arc<Stored>,
}

struct Inner {
    status: CameraStatus,
    sub_reason: Option<String>,
    meter: Meter,
    info: Option<Arc<TrackInfo>>,
    teller: Teller,
}

impl Board {
    pub(crate) fn new(id: &CameraId, state: State, wall_us: i64) -> Board {
        let status = CameraStatus {
            id: id.clone(),
            state,
            reason: None,
            since_us: wall_us,
            info: None,
            audio: false,
            frame_rate_hz: 0.0,
            bit_rate_bps: 0,
            units: 0,
            bytes: 0,
            dropped: 0,
            reconnects: 0,
            last_unit_us: 0,
            epoch: 0,
            capture: None,
            lag_us: None,
        };
        let (meter, teller) = (Meter::default(), Teller::default());
        Board {
            inner: Mutex::new(Inner { status, sub_reason: None, meter, info: None, teller }),
            stored: Arc::default(),
        }
    }

    pub(crate) fn status(&self, wall_us: i64) -> CameraStatus {
        let inner = lock(&self.inner);
        let mut status = inner.status.clone();
        let micros = |lag: Duration| i64::try_from(lag.as_micros()).unwrap_or(i64::MAX);
        status.lag_us = self.stored.lag(Instant::now()).map(micros);
        status.info = inner.info.as_deref().cloned();
        if wall_us.saturating_sub(status.last_unit_us) > STALE_US {
            status.frame_rate_hz = 0.0;
            status.bit_rate_bps = 0;
        }
        if let (None, Some(sub)) = (&status.reason, &inner.sub_reason) {
            status.reason = Some(format!("sub-stream: {sub}"));
        }
        status
    }

    /// A new state with its reason; of the sub stream only the reason counts.
    pub(crate) fn set(&self, stream: Stream, state: State, reason: Option<String>, wall_us: i64) {
        let mut inner = lock(&self.inner);
        if stream == Stream::Sub {
            inner.sub_reason = reason;
            return;
        }
        if inner.status.state != state {
            inner.status.state = state;
            inner.status.since_us = wall_us;
        }
        if state != State::Live {
            inner.meter = Meter::default();
            inner.status.frame_rate_hz = 0.0;
            inner.status.bit_rate_bps = 0;
        }
        inner.status.reason = reason;
    }

    /// An access unit went to the bus, or was dropped.
    pub(crate) fn unit(&self, unit: &Unit, epoch: u64, wall_us: i64, now: Duration) {
        let mut inner = lock(&self.inner);
        if unit.audio {
            inner.status.audio = true;
            return;
        }
        inner.status.units += 1;
        inner.status.bytes += unit.data.len() as u64;
        inner.status.last_unit_us = wall_us;
        if inner.status.epoch != epoch {
            inner.status.epoch = epoch;
        }
        if inner.info.as_ref().is_none_or(|known| !Arc::ptr_eq(known, &unit.info)) {
            inner.info = Some(unit.info.clone());
        }
        if let Some((rate, bits)) = inner.meter.count(unit.data.len(), now) {
            inner.status.frame_rate_hz = rate;
            inner.status.bit_rate_bps = bits;
        }
    }

    /// The same acknowledgement, timed from the unit's arrival until it is durable.
    pub(crate) fn time(&self, arrived: Instant, pending: Pending) -> Pending {
        self.stored.time(arrived, pending)
    }

    /// How the newest picture's time is known.
    pub(crate) fn capture(&self, source: TimeSource, error_us: u32) {
        lock(&self.inner).status.capture = Some((source, error_us));
    }

    pub(crate) fn dropped(&self, units: u64) {
        lock(&self.inner).status.dropped += units;
    }

    pub(crate) fn connected(&self, stream: Stream, first: bool, audio: bool) {
        let mut inner = lock(&self.inner);
        if stream != Stream::Sub {
            inner.status.audio = audio;
            inner.status.reconnects += u64::from(!first);
        }
    }

    /// Writes a line to the log, at most one a second for this camera.
    pub(crate) fn tell(&self, what: &str, now: Duration) {
        let mut inner = lock(&self.inner);
        if let Some(more) = inner.teller.may(now) {
            tracing::warn!(camera = %inner.status.id, more, "{what}");
        }
    }
}

/// Units and bits a second.
#[derive(Default)]
struct Meter {
    began: Option<Duration>,
    units: u32,
    bytes: u64,
}

impl Meter {
    fn count(&mut self, bytes: usize, now: Duration) -> Option<(f32, u64)> {
        let began = *self.began.get_or_insert(now);
        let past = now.saturating_sub(began);
        let told = (past >= WINDOW).then(|| {
            let seconds = past.as_secs_f64();
            let told = (f64::from(self.units) / seconds, self.bytes as f64 * 8.0 / seconds);
            *self = Meter { began: Some(now), units: 0, bytes: 0 };
            (told.0 as f32, told.1 as u64)
        });
        self.units += 1;
        self.bytes += bytes as u64;
        told
    }
}

/// Counts what it does not let through.
#[derive(Default)]
struct Teller {
    last: Option<Duration>,
    held: u64,
}

impl Teller {
    /// How many were held back since the last that was told; `None` = hold this one.
    fn may(&mut self, now: Duration) -> Option<u64> {
        if self.last.is_some_and(|last| now.saturating_sub(last) < TELL_EVERY) {
            self.held += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_measured_over_two_seconds() {
        let mut meter = Meter::default();
        let told: Vec<_> =
            (0..=50).filter_map(|i| meter.count(1000, Duration::from_millis(i * 40))).collect();
        assert_eq!(told, [(25.0, 200_000)]);
    }

    #[test]
    fn the_same_error_is_told_once_a_second_with_its_count() {
        let mut teller = Teller::default();
        let told: Vec<_> =
            (0..=20).filter_map(|i| teller.may(Duration::from_millis(i * 100))).collect();
        assert_eq!(told, [0, 9, 9]);
    }

    #[test]
    fn a_failing_sub_stream_does_not_hide_that_the_main_one_is_live() {
        let board = Board::new(&CameraId::new("yard").unwrap(), State::Connecting, 1);
        board.set(Stream::Main, State::Live, None, 2);
        board.set(Stream::Sub, State::Offline, Some("no answer".into()), 3);
        let status = board.status(4);
        assert_eq!((status.state, status.since_us), (State::Live, 2));
        assert_eq!(status.reason.unwrap(), "sub-stream: no answer");
    }
}
