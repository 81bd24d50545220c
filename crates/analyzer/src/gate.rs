//! When frames need not be decoded: what is held back, since when nothing happened, how large
//! access units usually are.
//!
//! Invariants: at most `MOST_UNITS` units over `MOST_US` of media time and `held_bytes` bytes are
//! held, the key unit included; all that is decided here follows from records alone.
//! Units: media time in microseconds, sizes in bytes.
//! Not here: what is done about it (`gate_run`), what something is (`operators`).

use bytes::Bytes;
use flumen_base::wire::{Codec, GateMode};
use flumen_media::nal;
use flumen_operators::{Reader, Writer};

use crate::meta::{self, Meta};

/// Units held at a time: a group of 20 s at 50 a second.
const MOST_UNITS: usize = 1000;
/// Media time held; windows stay open as long.
const MOST_US: i64 = 12_000_000;
/// Pictures that the background model must have seen before quiet can begin.
const LEAST_PICTURES: u32 = 75;
/// Units of a kind from which on their usual size is known.
const KNOWN: u32 = 50;
/// Units after a key that are not weighed: encoders give them more or fewer bytes than others.
const SETTLING: u64 = 4;
/// Parts of a step in which it is counted how far sizes stray.
const PARTS: i64 = 16;
/// Steps that one unit counts at most: one alone tells nothing.
const MOST_STEPS: i64 = 4;
/// Steps above what is usual, one a unit, that tell of something: seven large ones in a row. An
/// encoder's own rise and fall within a group comes to 13.
const STRAYED: i64 = 20;

/// A unit that was not decoded.
pub(crate) type Unit = (Meta, Bytes);

/// What a camera's gate knows.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Gate {
    /// Key unit, which was looked at, and the units since; nothing while all is decoded.
    held: Vec<Unit>,
    bytes: usize,
    /// Size of the pictures held.
    pub(crate) size: (u32, u32),
    /// Since when nothing stirs, while all is decoded.
    calm_us: Option<i64>,
    /// Pictures looked at, up to `LEAST_PICTURES`.
    pictures: u32,
    /// Of units that others refer to, and of those that none does.
    usual: [Usual; 2],
}

/// The usual size of a kind of units.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
struct Usual {
    /// Mean and mean deviation in 1/16 byte.
    mean: i64,
    spread: i64,
    count: u32,
    /// How far the last ones were above and below the usual, in all, in `PARTS` of a step.
    strayed: [u16; 2],
}

/// How long nothing must stir before quiet; nothing where each frame is decoded.
pub(crate) fn calm_needed_us(mode: GateMode) -> Option<i64> {
    match mode {
        GateMode::Exact => None,
        GateMode::Balanced => Some(2_000_000),
        GateMode::Thrifty => Some(1_000_000),
    }
}

impl Gate {
    /// True while units are held back.
    pub(crate) fn is_quiet(&self) -> bool {
        !self.held.is_empty()
    }

    /// Begins quiet with a key unit that was looked at.
    pub(crate) fn hold_key(&mut self, key: Unit, size: (u32, u32)) {
        self.bytes = key.1.len();
        self.held.clear();
        self.held.push(key);
        self.size = size;
        self.usual.iter_mut().for_each(|u| u.strayed = [0; 2]);
    }

    /// What is held back, the key unit first.
    pub(crate) fn held(&self) -> &[Unit] {
        &self.held
    }

    /// Holds a unit back; false when that is too much.
    pub(crate) fn hold(&mut self, unit: Unit, most_bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(unit.1.len());
        let since_us = self.held.first().map_or(0, |(key, _)| unit.0.pts_us - key.pts_us);
        self.held.push(unit);
        self.held.len() <= MOST_UNITS && since_us <= MOST_US && self.bytes <= most_bytes
    }

    /// Hands out what was held; from now on all is decoded.
    pub(crate) fn release(&mut self) -> Vec<Unit> {
        self.bytes = 0;
        self.calm_us = None;
        std::mem::take(&mut self.held)
    }

    /// Media time of the first unit whose fate is open.
    pub(crate) fn held_from_us(&self) -> Option<i64> {
        self.held.first().map(|(key, _)| key.pts_us)
    }

    /// Notes whether something stirs at a unit, while all is decoded.
    pub(crate) fn stirred(&mut self, pts_us: i64, stirs: bool) {
        self.pictures = (self.pictures + 1).min(LEAST_PICTURES);
        self.calm_us = match (stirs, self.calm_us) {
            (true, _) => None,
            (false, Some(since)) if since <= pts_us => Some(since),
            (false, _) => Some(pts_us),
        };
    }

    /// Pictures from here on have no connection with those before.
    pub(crate) fn break_off(&mut self) {
        self.calm_us = None;
    }

    /// True when quiet may begin with a key unit of this time.
    pub(crate) fn may_rest(&self, mode: GateMode, pts_us: i64) -> bool {
        let Some(needed_us) = calm_needed_us(mode) else { return false };
        let calm = self.calm_us.is_some_and(|since| pts_us - since >= needed_us);
        calm && self.pictures >= LEAST_PICTURES
    }

    /// Weighs a unit that is no key: true when the last ones of its kind have no usual size.
    ///
    /// Sizes of units at which something stirs are no usual ones, and not learned. `nth` counts
    /// from the key.
    pub(crate) fn weigh(&mut self, (codec, data): (Codec, &[u8]), nth: u64, stirs: bool) -> bool {
        if nth <= SETTLING {
            return false;
        }
        let [referred, other] = &mut self.usual;
        let usual = if is_referred(codec, data) { referred } else { other };
        let steps = usual.steps(data.len());
        if !stirs {
            usual.learn(data.len(), steps.abs() == MOST_STEPS * PARTS);
        }
        usual.stray(steps)
    }

    /// True when a new camera's gate says the same.
    pub(crate) fn is_new(&self) -> bool {
        *self == Gate::default()
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.u32(self.size.0);
        to.u32(self.size.1);
        to.u8(u8::from(self.calm_us.is_some()));
        to.i64(self.calm_us.unwrap_or(0));
        to.u32(self.pictures);
        for u in &self.usual {
            to.i64(u.mean);
            to.i64(u.spread);
            to.u32(u.count);
            let [above, below] = u.strayed.map(u32::from);
            to.u32(above | below << 16);
        }
        to.u32(self.held.len() as u32);
        for (meta, data) in &self.held {
            meta.save(to);
            to.blob(data);
        }
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Gate> {
        let size = (from.u32()?, from.u32()?);
        let calm = from.u8()? != 0;
        let calm_us = Some(meta::time(from)?).filter(|_| calm);
        let pictures = from.u32()?.min(LEAST_PICTURES);
        let usual = [Usual::load(from)?, Usual::load(from)?];
        let count = from.u32()?;
        let unit = |_| Some((Meta::load(from)?, Bytes::copy_from_slice(from.blob()?)));
        let held = (0..count).map(unit).collect::<Option<Vec<Unit>>>()?;
        let bytes = held.iter().map(|(_, data)| data.len()).sum();
        Some(Gate { held, bytes, size, calm_us, pictures, usual })
    }
}

impl Usual {
    /// How far from the mean in `PARTS` of a step, which is a deviation, at least a 32nd of the
    /// mean and 16 bytes; nothing while the usual is not known.
    fn steps(&self, bytes: usize) -> i64 {
        if self.count < KNOWN {
            return 0;
        }
        let step = self.spread.max(self.mean / 32).max(16 << 4);
        let off = ((bytes as i64) << 4) - self.mean;
        (off * PARTS / step).clamp(-MOST_STEPS * PARTS, MOST_STEPS * PARTS)
    }

    /// Counts on how far sizes stray, beyond a step a unit; true when that is too far.
    ///
    /// To either side: what moves is more to code than a ground that stands still, and less than
    /// noise that it hides. Source: Page, Continuous inspection schemes, Biometrika 41 (1954):
    /// the cumulative sum, which finds a small shift that lasts as well as a large short one.
    fn stray(&mut self, steps: i64) -> bool {
        for (sum, steps) in self.strayed.iter_mut().zip([steps, -steps]) {
            *sum = (i64::from(*sum) + steps - PARTS).clamp(0, 2 * STRAYED * PARTS) as u16;
        }
        self.strayed.iter().any(|sum| i64::from(*sum) >= STRAYED * PARTS)
    }

    /// Follows the mean: a 64th of what is new, at first more; of an odd one a 1024th.
    fn learn(&mut self, bytes: usize, odd: bool) {
        let size = (bytes as i64) << 4;
        self.count = (self.count + 1).min(64);
        let slower = if odd { 16 } else { 1 };
        let share = i64::from(self.count) * slower;
        let off = size - self.mean;
        self.mean += off / share;
        self.spread += (off.abs() - self.spread) / share;
    }

    fn load(from: &mut Reader<'_>) -> Option<Usual> {
        let sane = |v: &i64| (0..1 << 40).contains(v);
        let (mean, spread) = (from.i64().filter(sane)?, from.i64().filter(sane)?);
        let (count, strayed) = (from.u32()?.min(64), from.u32()?);
        Some(Usual { mean, spread, count, strayed: [strayed as u16, (strayed >> 16) as u16] })
    }
}

/// False for pictures that no other picture is made from, which are much smaller.
///
/// Spec: H.264 s7.4.1 nal_ref_idc; H.265 s7.4.2.2, sub-layer non-reference pictures.
fn is_referred(codec: Codec, data: &[u8]) -> bool {
    let slice = nal::units(data).find(|nal| nal::kind(codec, nal).is_slice());
    let Some(&first) = slice.and_then(<[u8]>::first) else { return true };
    match codec {
        Codec::H264 => first & 0x60 != 0,
        Codec::H265 => {
            let kind = (first >> 1) & 0x3f;
            kind > 14 || kind % 2 == 1
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests;
