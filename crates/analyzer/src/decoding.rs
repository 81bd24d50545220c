//! The decoder and the access units that it needs to come to where it is.
//!
//! Invariants: each group of pictures that begins with an IDR decodes alone: the decoder is
//! emptied and reset before it, so its answers depend on the kept units and on how many
//! pictures it held back at the group's start; the kept units never pass `keep_bytes`.
//! Not here: what is made of the pictures (`sight`).

use std::collections::VecDeque;

use bytes::Bytes;
use flumen_base::wire::Codec;
use flumen_base::{Frame, Result};
use flumen_media::{Decoded, Decoder, Limits};
use flumen_operators::{Reader, Writer};

use crate::meta::Meta;

/// Units whose picture may still come; no decoder holds back more than 16 pictures.
const ON_THE_WAY: usize = 64;
/// Errors of one `take` after which the decoder is left alone until the next unit.
const PATIENCE: u32 = 16;

/// A decoder in a group of pictures.
pub(crate) struct Decoding {
    decoder: Decoder,
    codec: Codec,
    parameter_hash: u64,
    keep_bytes: usize,
    kept: Option<Vec<(Meta, Bytes)>>,
    kept_bytes: usize,
    /// Pictures held back when the group began.
    depth: u32,
    /// Pictures given out of this group.
    emitted: u64,
    /// Pictures that were given out before a restore and come again.
    skip: u64,
    on_the_way: VecDeque<Meta>,
    key: Meta,
    damaged_from: Option<u64>,
}

/// What a decoder is opened with.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub codec: Codec,
    pub parameter_hash: u64,
    pub limits: Limits,
    pub keep_bytes: usize,
    pub reorder_depth: u32,
}

/// Sees each picture, the unit that it was coded in, and whether it is damaged.
pub(crate) type Each<'a> = &'a mut dyn FnMut(&Frame<'_>, &Meta, bool) -> Result<()>;

impl Decoding {
    pub(crate) fn open(kind: &Kind) -> Result<Decoding> {
        let mut decoder = Decoder::open(kind.codec, &kind.limits)?;
        decoder.set_reorder_depth(kind.reorder_depth);
        Ok(Decoding {
            decoder,
            codec: kind.codec,
            parameter_hash: kind.parameter_hash,
            keep_bytes: kind.keep_bytes,
            kept: Some(Vec::new()),
            kept_bytes: 0,
            depth: 0,
            emitted: 0,
            skip: 0,
            on_the_way: VecDeque::new(),
            key: Meta::default(),
            damaged_from: None,
        })
    }

    /// True when units of this kind need no other decoder.
    pub(crate) fn suits(&self, kind: &Kind) -> bool {
        (self.codec, self.parameter_hash) == (kind.codec, kind.parameter_hash)
    }

    /// True for the codec that the decoder was opened for.
    pub(crate) fn decodes(&self, codec: Codec) -> bool {
        self.codec == codec
    }

    pub(crate) fn damaged(&self) -> bool {
        self.damaged_from.is_some()
    }

    /// From this unit on pictures are damaged; true when they were not before.
    pub(crate) fn damage(&mut self, tag: u64) -> bool {
        let fresh = self.damaged_from.is_none();
        self.damaged_from = Some(self.damaged_from.unwrap_or(tag).min(tag));
        fresh
    }

    /// Begins a group with a key unit; the decoder must be drained.
    pub(crate) fn begin(&mut self, key: Meta) {
        self.depth = self.decoder.reorder_depth();
        self.kept.get_or_insert_default().clear();
        self.kept_bytes = 0;
        (self.emitted, self.skip) = (0, 0);
        self.on_the_way.clear();
        self.key = key;
        self.damaged_from = None;
    }

    /// Begins a group again whose first pictures were shown already.
    pub(crate) fn begin_again(&mut self, key: Meta, shown: u64) {
        self.begin(key);
        self.skip = shown;
    }

    /// Forgets what was decoded of a group: nothing more comes of it. The decoder is emptied.
    pub(crate) fn rest(&mut self) {
        self.decoder.reset();
        let key = self.key;
        self.begin(key);
    }

    pub(crate) fn key(&self) -> &Meta {
        &self.key
    }

    /// Gives the decoder a unit and takes the pictures that come out.
    pub(crate) fn push(&mut self, meta: Meta, data: Bytes, each: Each<'_>) -> Result<()> {
        self.keep(meta, &data);
        if self.on_the_way.len() == ON_THE_WAY {
            self.on_the_way.pop_front();
        }
        self.on_the_way.push_back(meta);
        let pushed = self.decoder.push(&data, meta.pts_us, meta.tag);
        let taken = self.take(each);
        pushed.and(taken)
    }

    fn keep(&mut self, meta: Meta, data: &Bytes) {
        self.kept_bytes = self.kept_bytes.saturating_add(data.len());
        if self.kept_bytes > self.keep_bytes {
            self.kept = None;
        }
        if let Some(kept) = &mut self.kept {
            kept.push((meta, data.clone()));
        }
    }

    /// Takes all pictures out and makes the decoder ready for another group.
    pub(crate) fn drain(&mut self, each: Each<'_>) -> Result<()> {
        let taken = self.decoder.finish().and_then(|()| self.take(each));
        self.decoder.reset();
        taken
    }

    fn take(&mut self, each: Each<'_>) -> Result<()> {
        let mut first_error = Ok(());
        let mut errors = 0;
        loop {
            let (frame, tag, bad) = match self.decoder.next() {
                Ok(Decoded::NeedMore | Decoded::End) => return first_error,
                Ok(Decoded::Frame(f)) => (f.frame, f.tag, f.damaged),
                Err(e) => {
                    errors += 1;
                    first_error = first_error.and(Err(e));
                    if errors == PATIENCE {
                        return first_error;
                    }
                    continue;
                }
            };
            self.emitted += 1;
            if self.skip > 0 {
                self.skip -= 1;
                continue;
            }
            let found = self.on_the_way.iter().find(|m| m.tag == tag);
            let Some(meta) = found.or(self.on_the_way.back()) else { continue };
            // Pictures shown before the key they were coded after need what came before it.
            let leads = meta.pts_us < self.key.pts_us;
            if bad && !leads && self.damaged_from.is_none_or(|from| tag < from) {
                self.damaged_from = Some(tag);
            }
            let damaged = bad || self.damaged_from.is_some_and(|from| from <= tag);
            let seen = each(&frame, meta, damaged);
            first_error = first_error.and(seen);
        }
    }

    /// Writes what it takes to come here again; the units only when they are `wanted`.
    pub(crate) fn save(&self, to: &mut Writer, wanted: bool) {
        to.i32(self.codec.into());
        for v in [self.parameter_hash, self.emitted + self.skip] {
            to.u64(v);
        }
        to.u32(self.depth);
        to.u32(self.decoder.reorder_depth());
        to.u8(u8::from(self.damaged_from.is_some()));
        to.u64(self.damaged_from.unwrap_or(0));
        self.key.save(to);
        let kept = self.kept.as_deref().filter(|_| wanted);
        to.u8(u8::from(kept.is_some()));
        let kept = kept.unwrap_or_default();
        to.u32(kept.len() as u32);
        for (meta, data) in kept {
            meta.save(to);
            to.blob(data);
        }
    }

    /// Decodes again, in silence, what `save` wrote; false with it when the units were left
    /// out and it must wait for a key.
    ///
    /// Nothing when the bytes are damaged; an error when no decoder could be opened.
    pub(crate) fn load(
        from: &mut Reader<'_>,
        limits: &Limits,
        keep_bytes: usize,
    ) -> Option<Result<(Decoding, bool)>> {
        let codec = Codec::try_from(from.i32()?).ok()?;
        let (parameter_hash, emitted) = (from.u64()?, from.u64()?);
        let (depth, depth_now) = (from.u32()?, from.u32()?);
        let (is_damaged, damaged_from) = (from.u8()? != 0, from.u64()?);
        let key = Meta::load(from)?;
        let complete = from.u8()? != 0;
        let count = from.u32()?;
        let unit = |_| Some((Meta::load(from)?, Bytes::copy_from_slice(from.blob()?)));
        let units = (0..count).map(unit).collect::<Option<Vec<_>>>()?;
        let kind = Kind { codec, parameter_hash, limits: *limits, keep_bytes, reorder_depth: 0 };
        let mut decoding = match Decoding::open(&kind) {
            Ok(decoding) => decoding,
            Err(e) => return Some(Err(e)),
        };
        decoding.decoder.set_reorder_depth(if complete { depth } else { depth_now });
        decoding.begin(key);
        for (meta, data) in units {
            // Units that could not be decoded then cannot be now: that was told then.
            let _ = decoding.push(meta, data, &mut |_, _, _| Ok(()));
        }
        decoding.skip = emitted.saturating_sub(decoding.emitted);
        decoding.damaged_from = is_damaged.then_some(damaged_from);
        Some(Ok((decoding, complete)))
    }
}
