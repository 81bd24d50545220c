//! Which unit and which picture belong to which second, and when a second is over.
//!
//! Invariants: each access unit counts in exactly one window; a window ends by a record, never
//! by a clock; at most 16 seconds are open.
//! Units: media time in microseconds; seconds begin at whole seconds of media time, the first
//! one of a stream where the stream begins.
//! Not here: what a window holds (`operators`).

use std::collections::VecDeque;

use flumen_base::wire::{PacketHeader, SourcePosition, Window};
use flumen_operators::{Pictured, Reader, Sums, Thing, WINDOW_SCHEMA, Weighed, Writer};

use crate::Output;
use crate::care::Whose;
use crate::meta::{self, Meta};

const SECOND_US: i64 = 1_000_000;
/// Seconds open at a time.
const MOST_OPEN: usize = 16;
/// Seconds that a decoder may hold a picture back.
const PATIENCE: i64 = 3;
/// The longest time between two units that is a gap of one connection, not a pause.
const LONGEST_GAP_US: i64 = 3_600_000_000;

/// The seconds of one camera that are open.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Windows {
    open: VecDeque<Second>,
    /// Second of the last picture that was shown.
    shown: Option<i64>,
    /// Arrival of the last unit.
    arrival_us: Option<i64>,
    /// Largest number of a thing that was counted as new.
    newest: u64,
}

#[derive(Clone, Debug, PartialEq)]
struct Second {
    number: i64,
    epoch: u64,
    sequence: u64,
    /// Media time and capture time of its begin.
    begin_pts_us: i64,
    begin_us: i64,
    /// End of its last unit, media time.
    until_us: i64,
    sums: Sums,
    /// Kind of tampering, from 1.
    tamper: u32,
    /// Units that the gate left out.
    quiet: u32,
    /// True when the only picture is that of a key frame after it.
    borrowed: bool,
}

impl Windows {
    /// Takes an access unit; what was open when time jumped back ends.
    pub(crate) fn unit(
        &mut self,
        whose: &Whose<'_>,
        (header, meta): (&PacketHeader, &Meta),
        bytes: usize,
        out: &mut Vec<Output>,
    ) {
        let number = meta.pts_us.div_euclid(SECOND_US);
        if self.open.back().is_some_and(|s| number + PATIENCE + 2 < s.number) {
            self.end(whose, meta.at, out);
        }
        let before = self.arrival_us.replace(meta.arrival_us);
        let gap_us = before.map_or(0, |last| meta.arrival_us - last);
        let unit = Weighed {
            bytes: bytes as u64,
            key: header.key,
            gap_us: gap_us.clamp(0, LONGEST_GAP_US) as u64,
        };
        let until_us = meta.pts_us + i64::from(header.duration_us);
        let at = self.place(number, meta, before.is_none());
        if let Some(second) = self.open.get_mut(at) {
            second.sequence = second.sequence.min(meta.sequence);
            second.until_us = second.until_us.max(until_us);
            second.sums.unit(&unit);
        }
        if self.open.len() > MOST_OPEN
            && let Some(second) = self.open.pop_front()
        {
            out.push(second.record(whose, meta.at));
        }
    }

    /// Where the second of this number stands; makes it, from this unit on when it is the first.
    fn place(&mut self, number: i64, meta: &Meta, first: bool) -> usize {
        let at = self.open.iter().position(|s| s.number >= number).unwrap_or(self.open.len());
        if self.open.get(at).is_none_or(|s| s.number != number) {
            let begin_pts_us = if first { meta.pts_us } else { number * SECOND_US };
            let second = Second {
                number,
                epoch: meta.epoch,
                sequence: meta.sequence,
                begin_pts_us,
                begin_us: meta.capture_us - (meta.pts_us - begin_pts_us),
                until_us: meta.pts_us,
                sums: Sums::default(),
                tamper: 0,
                quiet: 0,
                borrowed: false,
            };
            self.open.insert(at, second);
        }
        at
    }

    /// How many of these things were never counted; all of them are from now on.
    pub(crate) fn new_things(&mut self, things: &[Thing]) -> u32 {
        let before = self.newest;
        let count = things.iter().filter(|t| t.id > before).count();
        self.newest = things.iter().map(|t| t.id).fold(before, u64::max);
        count as u32
    }

    /// Takes a picture; `tamper` is the number of what is done to the camera, from 1.
    pub(crate) fn picture(&mut self, meta: &Meta, pictured: &Pictured<'_>, tamper: u32) {
        let number = meta.pts_us.div_euclid(SECOND_US);
        if let Some(second) = self.open.iter_mut().find(|s| s.number == number) {
            second.sums.picture(pictured);
            if tamper != 0 {
                second.tamper = tamper;
            }
        }
    }

    /// A unit was not decoded because nothing happened.
    pub(crate) fn quiet(&mut self, meta: &Meta) {
        let number = meta.pts_us.div_euclid(SECOND_US);
        if let Some(second) = self.open.iter_mut().find(|s| s.number == number) {
            second.quiet += 1;
        }
    }

    /// Gives the seconds of which nothing was decoded the picture that told that they are quiet.
    pub(crate) fn lend(&mut self, pictured: &Pictured<'_>) {
        let without = |s: &&mut Second| s.quiet > 0 && s.sums.pictures() == 0;
        for second in self.open.iter_mut().filter(without) {
            second.sums.picture(pictured);
            second.borrowed = true;
        }
    }

    /// A picture was shown, analysed or not.
    pub(crate) fn shown(&mut self, meta: &Meta) {
        self.shown = Some(meta.pts_us.div_euclid(SECOND_US));
    }

    /// Ends the seconds to which nothing can come after a unit; `decoding` when pictures may
    /// still come out of a decoder.
    pub(crate) fn close(
        &mut self,
        whose: &Whose<'_>,
        (dts_us, at): (i64, SourcePosition),
        decoding: bool,
        out: &mut Vec<Output>,
    ) {
        let now = dts_us.div_euclid(SECOND_US);
        let shown = self.shown;
        let over = |s: &Second| {
            let pictured = !decoding || shown.is_some_and(|n| n > s.number);
            s.number < now && (pictured || s.number + PATIENCE < now)
        };
        while self.open.front().is_some_and(over) {
            if let Some(mut second) = self.open.pop_front() {
                second.until_us = (second.number + 1) * SECOND_US;
                out.push(second.record(whose, at));
            }
        }
    }

    /// Ends all seconds: the stream breaks off.
    pub(crate) fn end(&mut self, whose: &Whose<'_>, at: SourcePosition, out: &mut Vec<Output>) {
        out.extend(self.open.drain(..).map(|second| second.record(whose, at)));
        (self.shown, self.arrival_us) = (None, None);
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        for time in [self.shown, self.arrival_us] {
            to.u8(u8::from(time.is_some()));
            to.i64(time.unwrap_or(0));
        }
        to.u64(self.newest);
        to.u32(self.open.len() as u32);
        for s in &self.open {
            to.i64(s.number);
            to.u64(s.epoch);
            to.u64(s.sequence);
            to.i64(s.begin_pts_us);
            to.i64(s.begin_us);
            to.i64(s.until_us);
            to.u32(s.tamper);
            s.sums.save(to);
        }
        // Absent where no unit was left out, as in states of before there was a gate.
        if self.open.iter().any(|s| s.quiet > 0) {
            for s in &self.open {
                to.u32(s.quiet);
                to.u8(u8::from(s.borrowed));
            }
        }
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Windows> {
        let mut time = || {
            let known = from.u8()? != 0;
            Some(known.then_some(meta::time(from)?))
        };
        let (shown, arrival_us) = (time()?, time()?);
        let newest = from.u64()?;
        let count = from.u32().filter(|n| *n as usize <= MOST_OPEN)?;
        let second = |_| {
            Some(Second {
                number: meta::time(from)?,
                epoch: from.u64()?,
                sequence: from.u64()?,
                begin_pts_us: meta::time(from)?,
                begin_us: meta::time(from)?,
                until_us: meta::time(from)?,
                tamper: from.u32()?,
                sums: Sums::load(from)?,
                quiet: 0,
                borrowed: false,
            })
        };
        let mut open: VecDeque<Second> = (0..count).map(second).collect::<Option<_>>()?;
        if !from.0.is_empty() {
            for s in &mut open {
                (s.quiet, s.borrowed) = (from.u32()?, from.u8()? != 0);
            }
        }
        Some(Windows { open, shown, arrival_us, newest })
    }
}

impl Second {
    fn record(&self, whose: &Whose<'_>, at: SourcePosition) -> Output {
        let begin_pts_us = self.begin_pts_us;
        let until_us = self.until_us.min((self.number + 1) * SECOND_US);
        let duration_us = (until_us - begin_pts_us).clamp(1, SECOND_US).cast_unsigned();
        let (units, pictures) = (self.sums.units(), self.sums.pictures());
        let frames = if self.borrowed { 0 } else { pictures };
        let known = frames.saturating_add(self.quiet.into());
        let kind = flumen_operators::TamperKind::ALL.get((self.tamper as usize).wrapping_sub(1));
        let mut values = self.sums.values(duration_us);
        if self.borrowed {
            // No picture of this second was analysed.
            let rates = values.iter_mut().zip(flumen_operators::dimensions());
            rates.filter(|(_, d)| d.name == "picture_rate").for_each(|(v, _)| *v = 0.0);
        }
        Output::Window(Window {
            camera: whose.camera.to_owned(),
            epoch: self.epoch,
            sequence: self.sequence,
            begin_us: self.begin_us,
            begin_pts_us,
            duration_us: duration_us as u32,
            schema: WINDOW_SCHEMA,
            values,
            units: units as u32,
            frames: frames as u32,
            covered_permille: (known.saturating_mul(1000) / units.max(1)).min(1000) as u32,
            tampered: kind.is_some(),
            tamper: kind.map_or_else(String::new, |k| k.name().to_owned()),
            source: Some(at),
            policy_version: whose.policy_version,
            quiet: self.quiet,
            local_offset_s: whose.site.ahead_s(self.begin_us),
            group: whose.site.group.clone(),
        })
    }
}
