//! The one object: open, process, flush, snapshot, restore.

use bytes::Bytes;
use flumen_base::wire::{
    ActiveModel, Camera, FrameResult, GapCause, Marker, ModelCard, PacketHeader, Policy, Reject,
    SourcePosition, Stream,
};
use flumen_base::{CameraId, Error, Packet, Result, topic};
use flumen_media::nal;
use flumen_operators::score::Offered;
use flumen_operators::{Mask, Stage, StageSink};

use crate::decoding::{Decoding, Kind};
use crate::gaps::Gaps;
use crate::gate::Gate;
use crate::join::{Joined, Joiner};
use crate::meta::{Meta, is_sane};
use crate::order::{Follows, follows};
use crate::sight::{Sight, Versioned};
use crate::{Given, Output, Settings};

/// Sees each frame's result with its mask.
pub type MaskSink = Box<dyn FnMut(&FrameResult, &Mask) + Send>;

/// Analysis of one camera: its packets in, its records out.
pub struct Analyzer {
    pub(crate) camera: CameraId,
    pub(crate) settings: Settings,
    pub(crate) joiner: Joiner,
    /// The last unit that was taken.
    pub(crate) last: Option<Meta>,
    /// Units given to decoders so far.
    pub(crate) tags: u64,
    /// Why units are left out until the next key, if they are.
    pub(crate) waiting: Option<GapCause>,
    pub(crate) shedding: bool,
    pub(crate) decoding: Option<Decoding>,
    pub(crate) sight: Sight,
    pub(crate) gaps: Gaps,
    pub(crate) gate: Gate,
}

impl Analyzer {
    /// An analyzer that has seen nothing yet.
    ///
    /// # Errors
    /// `Invalid` when a limit of the settings is zero.
    pub fn open(camera: &CameraId, settings: Settings) -> Result<Analyzer> {
        settings.validate()?;
        let sight = Sight::new(camera.as_str(), &settings);
        Ok(Analyzer {
            camera: camera.clone(),
            settings,
            joiner: Joiner::default(),
            last: None,
            tags: 0,
            waiting: Some(GapCause::Decoder),
            shedding: false,
            decoding: None,
            sight,
            gaps: Gaps::default(),
            gate: Gate::default(),
        })
    }

    /// Takes one packet and adds what follows from it to `out`.
    ///
    /// Audio, repeats and units of an epoch that is over are passed over.
    ///
    /// # Errors
    /// The packet cannot be used; the analyzer lives on. The reason belongs to `flumen.rejects`.
    pub fn process(
        &mut self,
        at: SourcePosition,
        packet: &Packet,
        out: &mut Vec<Output>,
    ) -> Result<()> {
        let header = &packet.header;
        if header.camera != self.camera.as_str() {
            return Err(Error::invalid(format!(
                "a packet of camera {:?} came to the analyzer of {}",
                header.camera.chars().take(80).collect::<String>(),
                self.camera
            )));
        }
        if header.stream() == Stream::Audio {
            return Ok(());
        }
        let times = [header.pts_us, header.dts_us, header.capture_us, header.arrival_us];
        if !times.into_iter().all(is_sane) {
            return Err(Error::invalid(format!(
                "camera {}: unit {}/{} is from an impossible time",
                self.camera, header.epoch, header.sequence
            )));
        }
        if packet.is_marker() {
            return self.marker(header, out);
        }
        if follows(self.last.as_ref(), header) == Follows::Again {
            return Ok(());
        }
        match self.joiner.take(packet, self.settings.max_unit_bytes)? {
            Joined::Waiting => Ok(()),
            Joined::Whole(header, data) => self.unit(at, &header, data, out),
        }
    }

    /// Takes all frames out of the decoder and closes what is open, as at a stream's end.
    ///
    /// # Errors
    /// `Internal` when the decoder refuses.
    pub fn flush(&mut self, out: &mut Vec<Output>) -> Result<()> {
        self.joiner.clear();
        let drained = self.drain(out);
        self.gate.break_off();
        self.waiting = Some(GapCause::Decoder);
        if let Some(last) = self.last {
            self.sight.break_off(&last, out);
            self.gaps.end(self.camera.as_str(), last.capture_us, out);
        }
        drained
    }

    /// The runtime's order to decode nothing until the first key frame after `false`.
    ///
    /// What is left out stands in a gap of cause `shed`.
    pub fn shed(&mut self, on: bool) {
        self.shedding = on;
    }

    /// A policy, without masks, zones and rules, that counts from the first unit that arrived at
    /// or after `effective_us`.
    ///
    /// # Errors
    /// `Exhausted` when 16 changes wait for their time already.
    pub fn announce(&mut self, policy: Policy, version: u64, effective_us: i64) -> Result<()> {
        self.sight.announce(Versioned { policy, version, effective_us, ..Versioned::default() })
    }

    /// A version of the camera's record, its policy, masks, zones and rules, as `announce`.
    ///
    /// # Errors
    /// `Exhausted` when 16 changes wait for their time already.
    pub fn announce_card(&mut self, camera: &Camera) -> Result<()> {
        self.sight.announce(Versioned::of(camera))
    }

    /// Checks a learned model and takes it; it counts from its `effective_us` on. Of more than 8 of
    /// a kind that wait for their time the oldest goes. Models of others change nothing.
    ///
    /// # Errors
    /// The card can't be used, or is not newer than what is known: what was before goes on.
    pub fn install(&mut self, card: &ModelCard) -> Result<()> {
        self.sight.odd.scorer.install(card)
    }

    /// Takes a person's word on which model counts.
    pub fn activate(&mut self, word: &ActiveModel) {
        self.sight.odd.scorer.activate(word);
    }

    /// Takes what is known of the camera's models; false when some must wait for room.
    pub fn learn(&mut self, given: &Given) -> bool {
        let scorer = &mut self.sight.odd.scorer;
        scorer.regroup(&given.group);
        given.words.iter().for_each(|word| scorer.activate(word));
        let taken = |all: bool, card| all & (scorer.offer(card) != Offered::Full);
        given.cards.iter().fold(true, taken)
    }

    /// Shows each frame's result and mask to `sink`; not part of a snapshot.
    pub fn on_mask(&mut self, sink: Option<MaskSink>) {
        self.sight.mask_sink = sink;
    }

    /// Tells `sink` what was done each time that something was; not part of a snapshot.
    pub fn on_stage(&mut self, sink: Option<StageSink>) {
        if let Some(motion) = &mut self.sight.motion {
            motion.on_stage(sink.clone());
        }
        self.sight.stages = sink;
    }

    fn marker(&mut self, header: &PacketHeader, out: &mut Vec<Output>) -> Result<()> {
        if self.last.as_ref().is_some_and(|last| header.epoch < last.epoch) {
            return Ok(());
        }
        match header.marker() {
            Marker::EndOfStream => self.flush(out),
            Marker::Gap | Marker::None => {
                self.joiner.clear();
                let drained = self.drain(out);
                self.waiting = Some(GapCause::Decoder);
                drained
            }
        }
    }

    fn unit(
        &mut self,
        at: SourcePosition,
        header: &PacketHeader,
        data: Bytes,
        out: &mut Vec<Output>,
    ) -> Result<()> {
        let follows = follows(self.last.as_ref(), header);
        let mut meta = Meta::of(header, at);
        meta.tag = self.tags;
        self.tags += 1;
        if follows == Follows::Anew && self.last.is_some() {
            // What ends with the old epoch is told before the new one is looked at.
            self.flush(out)?;
        }
        self.sight.mark(Stage::Read);
        self.sight.unit(header, &meta, data.len(), out);
        let taken = self.taken(follows, (header, meta), data, out);
        if self.waiting.is_some() {
            // No picture will come of it that models could count from.
            self.sight.odd.scorer.follow(meta.arrival_us);
        }
        let decided_us = self.gate.held_from_us().unwrap_or(i64::MAX);
        let until = (header.dts_us.min(decided_us), at);
        self.sight.close(until, self.waiting.is_none(), out);
        taken
    }

    /// What becomes of a unit.
    fn taken(
        &mut self,
        follows: Follows,
        (header, meta): (&PacketHeader, Meta),
        data: Bytes,
        out: &mut Vec<Output>,
    ) -> Result<()> {
        let before = self.last.replace(meta);
        if data.is_empty() {
            return Err(Error::data_loss(format!(
                "camera {}: unit {}/{} is empty",
                self.camera, header.epoch, header.sequence
            )));
        }
        if self.shedding {
            return self.leave_out(&meta, GapCause::Shed, out);
        }
        if let Follows::Hole(missing) = follows {
            let start_us = before.map_or(meta.capture_us, |b| b.capture_us);
            self.open_gate(out)?;
            let why = format!("{missing} access units missing or a jump in time");
            self.damage((meta.tag, start_us), &why, out);
        }
        if header.key {
            self.key(header, &data, &meta, out)?;
        }
        if let Some(cause) = self.waiting {
            return self.leave_out(&meta, cause, out);
        }
        if header.corrupt {
            self.open_gate_at(meta, out)?;
            self.damage((meta.tag, meta.capture_us), "damaged on its way", out);
        }
        self.gated(header, meta, data, out)
    }

    /// Leaves a unit out, and all after it until the next key.
    fn leave_out(&mut self, meta: &Meta, cause: GapCause, out: &mut Vec<Output>) -> Result<()> {
        let why = match cause {
            GapCause::Shed => "the machine is too slow for all cameras",
            _ => "no key frame yet",
        };
        if cause == GapCause::Shed {
            self.close_gate(why, out);
        }
        let drained = if self.waiting.is_none() { self.drain(out) } else { Ok(()) };
        self.waiting = Some(cause);
        self.gaps.miss(self.camera.as_str(), (meta.capture_us, cause), why, out);
        drained
    }

    /// Begins a group of pictures, where this key unit allows and it helps.
    fn key(
        &mut self,
        header: &PacketHeader,
        data: &[u8],
        meta: &Meta,
        out: &mut Vec<Output>,
    ) -> Result<()> {
        let access = nal::access(header.codec(), data);
        let kind = self.kind(header);
        let decoding = self.decoding.as_ref();
        let suits = decoding.is_some_and(|d| d.suits(&kind));
        let begins = match access {
            nal::Access::None => false,
            nal::Access::Idr => true,
            // New parameter sets here do not end the group: pictures to come may need the old.
            nal::Access::Recovery => {
                decoding.is_none_or(|d| !d.decodes(header.codec()))
                    || self.waiting.is_some()
                    || decoding.is_some_and(Decoding::damaged)
            }
        };
        if !begins {
            return Ok(());
        }
        // In quiet nothing is in the decoder, and what is held is decided by this key's picture.
        if !suits || !self.gate.is_quiet() {
            self.drain(out)?;
        }
        if !suits {
            self.waiting = Some(GapCause::Decoder);
            self.decoding = None;
            self.decoding = Some(Decoding::open(&kind)?);
        }
        if let Some(decoding) = &mut self.decoding {
            decoding.begin(*meta);
            self.waiting = None;
            if !header.corrupt {
                self.gaps.end(self.camera.as_str(), meta.capture_us, out);
            }
        }
        Ok(())
    }

    /// Pictures from this unit on are damaged until the next key.
    fn damage(&mut self, (tag, start_us): (u64, i64), why: &str, out: &mut Vec<Output>) {
        if self.waiting.is_none()
            && let Some(decoding) = &mut self.decoding
            && decoding.damage(tag)
        {
            let start = (start_us, GapCause::Decoder);
            self.gaps.miss(self.camera.as_str(), start, why, out);
        }
    }

    /// Decodes a unit and looks at the pictures that come out.
    pub(crate) fn decode(
        &mut self,
        mut meta: Meta,
        data: Bytes,
        out: &mut Vec<Output>,
    ) -> Result<()> {
        let Some(decoding) = &mut self.decoding else { return Ok(()) };
        meta.key_offset = decoding.key().at.offset;
        let was_damaged = decoding.damaged();
        let head = data.slice(..data.len().min(64));
        let sight = &mut self.sight;
        let decoded = decoding
            .push(meta, data, &mut |frame, meta, damaged| sight.see(frame, meta, damaged, out));
        let damaged = decoding.damaged();
        if let Err(e) = &decoded
            && !was_damaged
        {
            out.push(Output::Reject(Reject {
                camera: self.camera.to_string(),
                topic: topic::VIDEO.to_owned(),
                source: Some(meta.at),
                reason: format!("unit {}/{}: {e}", meta.epoch, meta.sequence),
                head,
            }));
            self.damage((meta.tag, meta.capture_us), "could not be decoded", out);
        } else if damaged {
            let start = (meta.capture_us, GapCause::Decoder);
            self.gaps.miss(self.camera.as_str(), start, "decoded with damage", out);
        }
        Ok(())
    }

    /// Takes what the decoder holds back, and makes it ready for another group.
    fn drain(&mut self, out: &mut Vec<Output>) -> Result<()> {
        if self.waiting.is_some() {
            return Ok(());
        }
        self.open_gate(out)?;
        let Some(decoding) = &mut self.decoding else { return Ok(()) };
        let sight = &mut self.sight;
        decoding.drain(&mut |frame, meta, damaged| sight.see(frame, meta, damaged, out))
    }

    pub(crate) fn kind(&self, header: &PacketHeader) -> Kind {
        Kind {
            codec: header.codec(),
            parameter_hash: header.parameter_hash,
            limits: self.settings.limits(),
            keep_bytes: self.settings.snapshot_bytes,
            reorder_depth: header.reorder_depth,
        }
    }
}
