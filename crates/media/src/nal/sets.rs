//! The parameter sets in force, kept from unit to unit and put before key pictures.
//!
//! Invariants: one set a (kind, id), at most 64 KiB in all; the order is VPS, SPS (the one of
//! the last key picture first), PPS.
//! Spec: H.264 s7.4.1.2.1; H.265 s7.4.2.4.2; avcC and hvcC: ISO/IEC 14496-15 s5.3.3, s8.3.3.

use std::collections::BTreeMap;

use bytes::Bytes;
use flumen_base::wire::Codec;

use super::sps::{Sps, pps_sps_id, read, set_id, slice_pps_id};
use super::{NalKind, START_CODE, hash_sets, kind, units};

/// Bytes of parameter sets that are kept.
const LIMIT: usize = 64 * 1024;

/// The parameter sets of one stream.
#[derive(Clone, Debug)]
pub(crate) struct ParameterSets {
    codec: Codec,
    sets: BTreeMap<(NalKind, u32), Bytes>,
    /// SPS that the last key picture uses.
    active: Option<u32>,
}

impl ParameterSets {
    pub(crate) fn new(codec: Codec) -> ParameterSets {
        ParameterSets { codec, sets: BTreeMap::new(), active: None }
    }

    /// Keeps the NAL unit when it is a parameter set.
    pub(crate) fn take(&mut self, nal: &[u8]) {
        let kind = kind(self.codec, nal);
        if !kind.is_parameter_set() || nal.len() > LIMIT {
            return;
        }
        let Some(id) = set_id(self.codec, kind, nal) else { return };
        if self.sets.get(&(kind, id)).is_some_and(|old| old == nal) {
            return;
        }
        let kept: usize = self.sets.values().map(Bytes::len).sum();
        if kept + nal.len() > LIMIT {
            self.sets.clear(); // a hostile stream; an honest one repeats what it needs
        }
        self.sets.insert((kind, id), Bytes::copy_from_slice(nal));
    }

    /// Takes the sets out of avcC, hvcC or Annex-B; answers the bytes of a NAL unit's length in
    /// this stream, or nothing for Annex-B.
    pub(crate) fn take_extradata(&mut self, data: &[u8]) -> Option<usize> {
        let (length, sets) = extradata(self.codec, data);
        for nal in sets {
            self.take(nal);
        }
        length
    }

    /// The access unit in Annex-B: a key picture with all sets before it, any other as it is.
    pub(crate) fn unit(&mut self, nals: &[&[u8]], key: bool) -> Bytes {
        for nal in nals {
            self.take(nal);
        }
        let size: usize = nals.iter().map(|nal| nal.len() + 4).sum();
        let sets: usize = self.sets.values().map(|set| set.len() + 4).sum();
        let mut out = Vec::with_capacity(size + sets);
        let mut put = |nal: &[u8]| {
            out.extend_from_slice(&START_CODE);
            out.extend_from_slice(nal);
        };
        if !key {
            nals.iter().for_each(|nal| put(nal));
            return out.into();
        }
        self.follow(nals);
        // A delimiter must stay the first NAL unit.
        let first = |nal: &&&[u8]| kind(self.codec, nal) == NalKind::Delimiter;
        nals.iter().take_while(first).for_each(|nal| put(nal));
        self.in_order().for_each(|set| put(set));
        nals.iter()
            .skip_while(first)
            .filter(|nal| !kind(self.codec, nal).is_parameter_set())
            .for_each(|nal| put(nal));
        out.into()
    }

    /// Finds the sequence parameter set of a key picture.
    fn follow(&mut self, nals: &[&[u8]]) {
        let slice = nals.iter().find(|nal| kind(self.codec, nal).is_slice());
        let pps = slice
            .and_then(|slice| slice_pps_id(self.codec, slice))
            .and_then(|id| self.sets.get(&(NalKind::Pps, id)));
        if let Some(id) = pps.and_then(|pps| pps_sps_id(self.codec, pps)) {
            self.active = Some(id);
        }
    }

    /// All sets in the order in which they are written.
    fn in_order(&self) -> impl Iterator<Item = &Bytes> {
        let active = self.active.map(|id| (NalKind::Sps, id));
        let all = move |wanted: NalKind| {
            let of_kind = move |k: &(NalKind, u32)| k.0 == wanted;
            let first = active.filter(of_kind).and_then(|k| self.sets.get(&k));
            let rest = self.sets.iter().filter(move |(k, _)| of_kind(k) && Some(**k) != active);
            first.into_iter().chain(rest.map(|(_, set)| set))
        };
        all(NalKind::Vps).chain(all(NalKind::Sps)).chain(all(NalKind::Pps))
    }

    /// The sequence parameter set of the last key picture, or the first one.
    pub(crate) fn active_sps(&self) -> Option<Sps> {
        let sps = self.in_order().find(|set| kind(self.codec, set) == NalKind::Sps)?;
        read(self.codec, sps)
    }

    /// As `nal::parameter_hash` of a key unit written by `unit`.
    pub(crate) fn hash(&self) -> u64 {
        hash_sets(self.in_order().map(|set| set.as_ref()))
    }
}

/// The sets in avcC, hvcC or Annex-B, and the bytes of a NAL unit's length (none for Annex-B);
/// what is whole when the end is cut.
pub(crate) fn extradata(codec: Codec, data: &[u8]) -> (Option<usize>, Vec<&[u8]>) {
    let annex_b = data.starts_with(&[0, 0, 1]) || data.starts_with(&START_CODE);
    if annex_b || data.first().is_none_or(|&version| version > 1) {
        return (None, units(data).collect());
    }
    let mut sets = Vec::new();
    let length = match codec {
        Codec::H264 => avcc(data, &mut sets),
        _ => hvcc(data, &mut sets),
    };
    (Some(length.unwrap_or(4)), sets)
}

fn avcc<'a>(data: &'a [u8], sets: &mut Vec<&'a [u8]>) -> Option<usize> {
    let length = usize::from(data.get(4)? & 3) + 1;
    let mut rest = data.get(5..)?;
    for mask in [0x1f, 0xff] {
        let Some((&count, behind)) = rest.split_first() else { break };
        rest = behind;
        for _ in 0..count & mask {
            let Some((nal, behind)) = short_prefixed(rest) else { return Some(length) };
            sets.push(nal);
            rest = behind;
        }
    }
    Some(length)
}

fn hvcc<'a>(data: &'a [u8], sets: &mut Vec<&'a [u8]>) -> Option<usize> {
    let length = usize::from(data.get(21)? & 3) + 1;
    let (&arrays, mut rest) = data.get(22..)?.split_first()?;
    for _ in 0..arrays {
        let Some((&[_, high, low], behind)) = rest.split_first_chunk() else { break };
        rest = behind;
        for _ in 0..u16::from_be_bytes([high, low]) {
            let Some((nal, behind)) = short_prefixed(rest) else { return Some(length) };
            sets.push(nal);
            rest = behind;
        }
    }
    Some(length)
}

/// A NAL unit behind a length of two bytes, and what follows.
fn short_prefixed(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = data.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(length)))
}
