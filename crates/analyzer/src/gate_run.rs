//! A gated camera: key pictures alone while nothing happens, all pictures while something does,
//! from the key before it on.
//!
//! Invariants: each unit gets exactly one frame's record, in the order of a stream without a
//! gate; a picture that is decoded late is looked at as if it had been decoded at once.
//! Not here: what is held and when it may be (`gate`), what a look is (`gate_sight`).

use bytes::Bytes;
use flumen_base::wire::{GapCause, Gate as Decided, GateMode, PacketHeader};
use flumen_base::{Frame, Result};
use flumen_media::nal;

use crate::meta::Meta;
use crate::{Analyzer, Output};

impl Analyzer {
    /// Decodes a unit, now or never: as the gate says.
    pub(crate) fn gated(
        &mut self,
        header: &PacketHeader,
        mut meta: Meta,
        data: Bytes,
        out: &mut Vec<Output>,
    ) -> Result<()> {
        let mode = self.sight.gate_mode(meta.arrival_us);
        if mode == GateMode::Exact && !self.gate.is_quiet() {
            return self.decode(meta, data, out);
        }
        meta.key_offset = self.decoding.as_ref().map_or(meta.at.offset, |d| d.key().at.offset);
        let codec = header.codec();
        if self.begins_group(&meta) && nal::access(codec, &data) == nal::Access::Idr {
            return self.gated_key(mode, meta, data, out);
        }
        let stirs = !self.gate.is_quiet() && self.sight.stirs();
        let nth = self.decoding.as_ref().map_or(0, |d| meta.tag.saturating_sub(d.key().tag));
        let odd = !meta.key && self.gate.weigh((codec, &data), nth, stirs);
        if !self.gate.is_quiet() {
            let decoded = self.decode(meta, data, out);
            self.gate.stirred(meta.pts_us, self.sight.stirs());
            return decoded;
        }
        let fits = self.gate.hold((meta, data), self.held_bytes());
        if !fits || (odd && mode == GateMode::Balanced) {
            return self.open_gate(out);
        }
        Ok(())
    }

    /// True for the key unit that the group in hand began with.
    fn begins_group(&self, meta: &Meta) -> bool {
        self.decoding.as_ref().is_some_and(|d| d.key().tag == meta.tag && !d.damaged())
    }

    /// Looks at a key picture alone, where quiet goes on or may begin.
    fn gated_key(
        &mut self,
        mode: GateMode,
        key: Meta,
        data: Bytes,
        out: &mut Vec<Output>,
    ) -> Result<()> {
        let rests = self.gate.is_quiet() || self.gate.may_rest(mode, key.pts_us);
        if !rests || mode == GateMode::Exact || data.len() > self.held_bytes() {
            self.open_gate_before(key, out)?;
            let decoded = self.decode(key, data, out);
            self.gate.stirred(key.pts_us, self.sight.stirs());
            return decoded;
        }
        match self.look_alone(&key, &data, out) {
            Some(size) => {
                if let Some(decoding) = &mut self.decoding {
                    decoding.rest();
                }
                self.gate.release();
                self.gate.hold_key((key, data), size);
                if self.sight.care.suspects() {
                    return self.open_gate(out);
                }
                Ok(())
            }
            None => {
                self.open_gate_before(key, out)?;
                let decoded = self.decode(key, data, out);
                self.gate.stirred(key.pts_us, true);
                decoded
            }
        }
    }

    /// Decodes a key unit and tells its picture, when that shows nothing: the picture's size.
    ///
    /// Nothing happened when it shows something or can't be decoded: who decodes it again with
    /// all others tells what is wrong.
    fn look_alone(
        &mut self,
        key: &Meta,
        data: &Bytes,
        out: &mut Vec<Output>,
    ) -> Option<(u32, u32)> {
        let (gate, sight) = (&self.gate, &mut self.sight);
        let decoding = self.decoding.as_mut()?;
        let mut quiet = None;
        let mut each = |frame: &Frame<'_>, meta: &Meta, damaged: bool| {
            if quiet.is_none() && !damaged {
                let size = (frame.luma.width as u32, frame.luma.height as u32);
                let is_quiet = sight.try_quiet(frame, meta, (gate.held(), gate.size), out)?;
                quiet = Some(is_quiet.then_some(size));
            }
            Ok(())
        };
        decoding.begin(*key);
        let decoded = decoding.push(*key, data.clone(), &mut each);
        let decoded = decoded.and(decoding.drain(&mut each));
        // Without a picture the error comes again, and is told, where the unit is decoded again.
        decoded.ok();
        quiet.flatten()
    }

    /// Decodes what is held before a unit, which is perhaps the key of the next group.
    pub(crate) fn open_gate_at(&mut self, unit: Meta, out: &mut Vec<Output>) -> Result<()> {
        match self.gate.is_quiet() && self.begins_group(&unit) {
            true => self.open_gate_before(unit, out),
            false => self.open_gate(out),
        }
    }

    /// Decodes what is held, before a key unit that was not looked at; its group begins anew.
    fn open_gate_before(&mut self, key: Meta, out: &mut Vec<Output>) -> Result<()> {
        self.open_gate(out)?;
        let sight = &mut self.sight;
        let Some(decoding) = &mut self.decoding else { return Ok(()) };
        let drained =
            decoding.drain(&mut |frame, meta, damaged| sight.see(frame, meta, damaged, out));
        decoding.begin(key);
        drained
    }

    /// Decodes what is held, but for the first picture, which was told; all goes on from there.
    pub(crate) fn open_gate(&mut self, out: &mut Vec<Output>) -> Result<()> {
        if !self.gate.is_quiet() {
            return Ok(());
        }
        let held = self.gate.release();
        let Some(((key, _), decoding)) = held.first().zip(self.decoding.as_mut()) else {
            return Ok(());
        };
        decoding.rest();
        decoding.begin_again(*key, 1);
        let mut opened = Ok(());
        for (meta, data) in held {
            let decoded = self.decode(meta, data, out);
            opened = opened.and(decoded);
        }
        opened
    }

    /// Gives up what is held, because the machine is too slow: no key picture told that it was
    /// quiet, so it is part of the gap.
    pub(crate) fn close_gate(&mut self, why: &str, out: &mut Vec<Output>) {
        let size = self.gate.size;
        let held = self.gate.release();
        for (meta, _) in held.iter().skip(1) {
            let start = (meta.capture_us, GapCause::Shed);
            self.gaps.miss(self.camera.as_str(), start, why, out);
        }
        self.sight.left_out(&held, (size, Decided::Shed), out);
    }

    fn held_bytes(&self) -> usize {
        self.settings.snapshot_bytes
    }
}
