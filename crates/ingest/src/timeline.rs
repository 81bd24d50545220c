//! A source's own times -> one media time per camera that only goes forward and is like UTC.
//!
//! The first unit of an epoch is anchored at the moment it was taken (as far as known), but
//! never before the end of what came earlier; the rest of the epoch follows the camera's
//! clock. A camera clock that runs a little fast or slow is followed by at most 1/1000.
//! Invariants, whatever comes in: dts grows strictly over all epochs; dts <= pts <= dts + 10 s;
//! pts is unique and of a later epoch never before one of an earlier; 0 < duration <= 10 s;
//! inside an epoch two neighbours are at most 11 s apart. A step back by more than 100 ms, a
//! step ahead by more than 10 s or far beyond what the arrival allows, a reset or a wrap
//! begin a new epoch.
//! Not here: numbers of epochs (`epoch`), RTP and its clocks (`media`).

use flumen_base::wire::TimeSource;

use crate::lag::{MinWindow, UniqueTimes};

/// Longest plausible step, duration and reordering.
const FAR_US: i64 = 10_000_000;
/// From here on a step ahead must be borne out by the arrival.
const NEAR_US: i64 = 2_500_000;
/// A step back up to this is jitter.
const JITTER_US: i64 = 100_000;
/// A lag that is left alone.
const IDLE_LAG_US: i64 = 50_000;
/// Media time this far behind the wall is anchored anew at the next key frame.
const LOST_LAG_US: i64 = 5_000_000;
/// A camera's UTC further than this from ours is not believed.
const TRUSTED_UTC_US: u64 = 60_000_000;
const DEFAULT_DURATION_US: i64 = 40_000;

/// When a unit was made and came, as its source says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stamp {
    /// Presentation time on the source's clock.
    pub pts_us: i64,
    /// Decoding time on the source's clock.
    pub dts_us: i64,
    /// 0 = unknown.
    pub duration_us: u32,
    /// UTC by the camera's sender reports.
    pub capture_us: Option<i64>,
    /// When it came, UTC.
    pub arrival_us: i64,
    /// Decoding can begin here.
    pub key: bool,
}

/// Where a unit stands in the camera's media time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Presentation time.
    pub pts_us: i64,
    /// Decoding time.
    pub dts_us: i64,
    /// At least 1, at most 10 s.
    pub duration_us: u32,
    /// When the picture was taken, UTC.
    pub capture_us: i64,
    /// How that is known.
    pub capture_source: TimeSource,
    /// How far it may be off.
    pub capture_error_us: u32,
    /// The first unit of a new epoch.
    pub new_epoch: bool,
    /// The camera's time jumped here, within a connection.
    pub discontinuity: bool,
}

/// The media time of one stream.
#[derive(Debug)]
pub struct Timeline {
    arrival_error_us: u32,
    /// Nothing new may stand before this.
    floor_us: i64,
    audio_end_us: i64,
    line: Option<Line>,
    seen: UniqueTimes,
}

/// The camera's clock within an epoch.
#[derive(Debug)]
struct Line {
    offset_us: i64,
    high_us: i64,
    last_out_us: i64,
    last_step_us: i64,
    last_arrival_us: i64,
    lag: MinWindow,
    delay: MinWindow,
    /// Arrival minus the camera's UTC: bounds how far that is off.
    utc: MinWindow,
}

impl Timeline {
    /// A time that begins at or after `floor_us`; arrivals tell the capture time within
    /// `arrival_error_us`.
    pub fn new(floor_us: i64, arrival_error_us: u32) -> Timeline {
        let floor_us = floor_us.clamp(-SANE, SANE);
        let seen = UniqueTimes::default();
        Timeline { arrival_error_us, floor_us, audio_end_us: floor_us, line: None, seen }
    }

    /// A new connection: the next video unit begins an epoch.
    pub fn connect(&mut self, arrival_error_us: u32) {
        self.arrival_error_us = arrival_error_us;
        self.line = None;
    }

    /// End of all that was placed.
    pub fn end_us(&self) -> i64 {
        self.floor_us
    }

    /// Places a unit of video.
    pub fn video(&mut self, stamp: &Stamp) -> Placed {
        let (native_dts, composition) = self.native(stamp);
        let arrival = stamp.arrival_us.clamp(-SANE, SANE);
        let jumped = self.line.as_ref().is_some_and(|l| l.jumps(native_dts, arrival, stamp.key));
        let first = self.line.is_none() || jumped;
        if first {
            let taken = trusted(stamp, arrival).unwrap_or(arrival);
            self.line = Some(Line::anchored(native_dts, taken.max(self.floor_us), arrival));
        }
        let line = self.line.as_mut().expect("anchored above");
        let dts_us = if first { line.last_out_us } else { line.advance(native_dts, arrival) };
        let pts_us = self.seen.take((native_dts + line.offset_us).max(dts_us) + composition);
        let step = line.last_step_us;
        let duration = match i64::from(stamp.duration_us) {
            d @ 1..=FAR_US => d,
            _ if step > 0 => step.min(FAR_US),
            _ => DEFAULT_DURATION_US,
        };
        let delay = line.delay.take(arrival, arrival.saturating_sub(pts_us));
        if let Some(utc) = trusted(stamp, arrival) {
            line.utc.take(arrival, arrival - utc);
        }
        let audio_ahead = self.audio_end_us.min(dts_us + 1_000_000);
        self.floor_us = self.floor_us.max(pts_us + duration).max(audio_ahead);
        let (capture_us, capture_source, capture_error_us) =
            self.capture(stamp, arrival, delay.map(|d| pts_us + d));
        Placed {
            pts_us,
            dts_us,
            duration_us: u32::try_from(duration).unwrap_or(1),
            capture_us,
            capture_source,
            capture_error_us,
            new_epoch: first,
            discontinuity: jumped,
        }
    }

    /// Places a unit of audio on the video's line; nothing while there is no video to stand
    /// by, or when it is far from it.
    pub fn audio(&mut self, stamp: &Stamp) -> Option<Placed> {
        let line = self.line.as_ref()?;
        let native = if sane(stamp.dts_us) { stamp.dts_us } else { stamp.pts_us };
        let out = native.checked_add(line.offset_us).filter(|_| sane(native))?;
        if (out - line.last_out_us).abs() > FAR_US {
            return None;
        }
        let out = out.max(self.audio_end_us);
        let duration_us = match stamp.duration_us {
            d if (1..=FAR_US).contains(&i64::from(d)) => d,
            _ => 20_000,
        };
        // One microsecond, not the duration: rounding must not push audio away from video.
        self.audio_end_us = out + 1;
        let arrival = stamp.arrival_us.clamp(-SANE, SANE);
        let (capture_us, capture_source, capture_error_us) =
            self.capture(stamp, arrival, line.delay.known().map(|d| out + d));
        Some(Placed {
            pts_us: out,
            dts_us: out,
            duration_us,
            capture_us,
            capture_source,
            capture_error_us,
            new_epoch: false,
            discontinuity: false,
        })
    }

    /// The source's dts and pts - dts, with garbage replaced.
    fn native(&self, stamp: &Stamp) -> (i64, i64) {
        let next = self.line.as_ref().map_or(0, |l| l.high_us + l.last_step_us.max(1));
        let dts = match (sane(stamp.dts_us), sane(stamp.pts_us)) {
            (true, _) => stamp.dts_us,
            (false, true) => stamp.pts_us,
            (false, false) => next,
        };
        let composition = if sane(stamp.pts_us) { stamp.pts_us - dts } else { 0 };
        (dts, if (0..FAR_US / 2).contains(&composition) { composition } else { 0 })
    }

    fn capture(&self, stamp: &Stamp, arrival: i64, line: Option<i64>) -> (i64, TimeSource, u32) {
        if let Some(utc) = trusted(stamp, arrival) {
            let least = self.line.as_ref().and_then(|l| l.utc.known()).unwrap_or(arrival - utc);
            let error = u32::try_from(least.unsigned_abs()).unwrap_or(u32::MAX).max(1_000);
            return (utc, TimeSource::Rtcp, error);
        }
        match line {
            Some(taken) => (taken.min(arrival), TimeSource::Camera, self.arrival_error_us),
            None => (arrival, TimeSource::Arrival, self.arrival_error_us),
        }
    }
}

impl Line {
    fn anchored(native_dts: i64, out_us: i64, arrival: i64) -> Line {
        Line {
            offset_us: out_us - native_dts,
            high_us: native_dts,
            last_out_us: out_us,
            last_step_us: 0,
            last_arrival_us: arrival,
            lag: MinWindow::default(),
            delay: MinWindow::default(),
            utc: MinWindow::default(),
        }
    }

    fn jumps(&self, native_dts: i64, arrival: i64, key: bool) -> bool {
        let step = native_dts - self.high_us;
        let waited = arrival - self.last_arrival_us;
        let behind = self.lag.known().is_some_and(|lag| lag > LOST_LAG_US);
        !(-JITTER_US..=FAR_US).contains(&step)
            || (step > NEAR_US && waited < step / 2)
            || (behind && key)
    }

    /// Takes a step that is no jump: returns the unit's dts.
    fn advance(&mut self, native_dts: i64, arrival: i64) -> i64 {
        let step = (native_dts - self.high_us).max(0);
        if let Some(lag) = self.lag.known().filter(|lag| lag.abs() > IDLE_LAG_US) {
            let most = if lag.abs() < FAR_US { step / 1000 } else { 0 };
            let adjust = lag.clamp(-most, most);
            self.offset_us += adjust;
            self.lag.shift(-adjust);
        }
        let out = (native_dts + self.offset_us).max(self.last_out_us + 1);
        self.lag.take(arrival, arrival.saturating_sub(out));
        self.last_step_us = out - self.last_out_us;
        self.last_out_us = out;
        self.high_us = self.high_us.max(native_dts);
        self.last_arrival_us = arrival;
        out
    }
}

/// Far beyond any clock and far from overflow.
const SANE: i64 = 1 << 60;

fn sane(time_us: i64) -> bool {
    time_us.unsigned_abs() < SANE.unsigned_abs()
}

fn trusted(stamp: &Stamp, arrival: i64) -> Option<i64> {
    stamp.capture_us.filter(|c| arrival.abs_diff(*c) <= TRUSTED_UTC_US)
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
