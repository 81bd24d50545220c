//! Tells when a camera gives the same picture again and again.
//!
//! A frozen source that is still encoded gives skipped pictures, which decode to the same bytes,
//! and key pictures that are a little different. A quiet camera may do so too for a while: how
//! long is learned, wherever time did not pass unseen.
//! Units: media time in microseconds.

use crate::measure::Measures;
use crate::state::{Reader, Writer};
use crate::tamper::{Look, Span, TamperChange};
use crate::tamper_judge::TamperKind;

/// Still for so long is frozen, where nothing else is known.
const LEAST_US: i64 = 1_200_000;
/// No camera is given longer.
const MOST_US: i64 = 60_000_000;
/// Pictures of a still run.
const LEAST_FRAMES: u32 = 5;
/// Longer than the usual run, as often.
const OFTEN: i64 = 3;
/// Share that changes in a still picture, in 1/10,000, at all and by more than two steps.
const STILL: (u32, u32) = (100, 5);
/// The same of a picture that is known to be frozen.
const TOLD: (u32, u32) = (500, 20);
/// Share that a key picture may change by more than two steps.
const PULSE: u32 = 400;

/// Still pictures in a row.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Run {
    first: u64,
    last: u64,
    since_us: i64,
    last_us: i64,
    frames: u32,
    told: bool,
}

/// Watches for freezing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Freeze {
    run: Option<Run>,
    /// Longest run that was none.
    usual_us: i64,
}

impl Freeze {
    /// Takes a picture's measures.
    pub(crate) fn see(&mut self, m: &Measures, look: &Look<'_>) -> Option<TamperChange> {
        // Once it is told only what really changes ends it, and no key picture alone.
        let told = self.run.is_some_and(|r| r.told);
        let most = if told { TOLD } else { STILL };
        let still = m.changed <= most.0 && m.jumped <= most.1;
        let pulse = look.key && (told || m.jumped <= PULSE);
        let Some(run) = &mut self.run else {
            self.run = still.then_some(Run {
                first: look.tag,
                last: look.tag,
                since_us: look.pts_us,
                last_us: look.pts_us,
                frames: 1,
                told: false,
            });
            return None;
        };
        if still || pulse {
            if still || !run.told {
                (run.last, run.last_us) = (look.tag, look.pts_us);
            }
            run.frames += u32::from(still);
            let needed = LEAST_US.max(self.usual_us * OFTEN).min(MOST_US);
            if !run.told && run.frames >= LEAST_FRAMES && run.last_us - run.since_us >= needed {
                run.told = true;
                return Some(TamperChange::Begin(run.span()));
            }
            return None;
        }
        // The scene goes on where it stood: it was still, not frozen.
        let smooth = m.jumped <= PULSE;
        if smooth || !run.told {
            self.usual_us = self.usual_us.max(run.last_us - run.since_us);
        }
        self.end()
    }

    fn end(&mut self) -> Option<TamperChange> {
        let run = self.run.take()?;
        run.told.then(|| TamperChange::End(run.span()))
    }

    /// The stream breaks off.
    pub(crate) fn break_off(&mut self) -> Option<TamperChange> {
        self.end()
    }

    /// What holds now.
    pub(crate) fn now(&self) -> Option<TamperKind> {
        self.run.filter(|r| r.told).map(|_| TamperKind::Freeze)
    }

    /// First and last picture of the run that is open.
    pub(crate) fn doubted(&self) -> Option<(u64, u64)> {
        self.run.map(|r| (r.first, r.last))
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.i64(self.usual_us);
        to.u8(u8::from(self.run.is_some()));
        if let Some(r) = &self.run {
            to.u64(r.first);
            to.u64(r.last);
            to.i64(r.since_us);
            to.i64(r.last_us);
            to.u32(r.frames);
            to.u8(u8::from(r.told));
        }
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Freeze> {
        let usual_us = from.i64()?.clamp(0, MOST_US);
        let run = match from.u8()? {
            0 => None,
            _ => Some(Run {
                first: from.u64()?,
                last: from.u64()?,
                since_us: from.i64()?,
                last_us: from.i64()?,
                frames: from.u32()?,
                told: from.u8()? != 0,
            }),
        };
        Some(Freeze { run, usual_us })
    }
}

impl Run {
    fn span(&self) -> Span {
        Span { kind: TamperKind::Freeze, first: self.first, last: self.last }
    }
}
