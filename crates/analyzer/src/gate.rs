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
/// Units in a row, of a kind, that must be unusual.
const IN_A_ROW: u32 = 3;

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
    /// Unusual ones in a row.
    odd: u32,
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
        self.usual.iter_mut().for_each(|u| u.odd = 0);
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
    /// Sizes of units at which something stirs are no usual ones, and not learned.
    pub(crate) fn weigh(&mut self, codec: Codec, data: &[u8], stirs: bool) -> bool {
        let [referred, other] = &mut self.usual;
        let usual = if is_referred(codec, data) { referred } else { other };
        let odd = usual.is_odd(data.len());
        if !stirs {
            usual.learn(data.len(), odd);
        }
        usual.odd = if odd { usual.odd + 1 } else { 0 };
        usual.odd >= IN_A_ROW
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
            to.u32(u.odd);
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
    /// True far from the mean: by five deviations, an eighth of it and 64 bytes.
    ///
    /// To either side: what moves is more to code than a ground that stands still, and less than
    /// noise that it hides.
    fn is_odd(&self, bytes: usize) -> bool {
        let off = (((bytes as i64) << 4) - self.mean).abs();
        self.count >= KNOWN && off > 5 * self.spread && 8 * off > self.mean && off > 64 << 4
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
        Some(Usual { mean, spread, count: from.u32()?.min(64), odd: from.u32()?.min(1 << 20) })
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
