//! What `init` and `fragment` wrote comes back as units.
//!
//! Invariants: memory is bounded by `MAX_BOX` and by the bytes that are there: samples do not
//! overlap, and units are made one by one when they are asked for; a file cut at any
//! byte gives all units that are whole, then `None`, and `missing` says what was cut.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read};
use std::sync::Arc;

use bytes::Bytes;
use flumen_base::wire::Codec;
use flumen_base::{Error, Result};

use super::init::BASE_UUID;
use super::parse::{Placed, placed, tracks};
use super::{TIMESCALE, TrackConfig};
use crate::nal::{self, NalKind, START_CODE};
use crate::unit::Unit;

/// A larger box is damage.
const MAX_BOX: u64 = 1 << 30;
/// Boxes with a table of contents are small.
const MAX_TABLE: u64 = 64 << 20;

/// Where whole data ends in a file that was cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Offset of the first byte of the fragment or box that is not whole.
    pub at: u64,
    /// What is missing, in words.
    pub what: String,
}

/// Reads what `init` and `fragment` wrote.
pub struct Reader<R> {
    read: R,
    /// Bytes taken from `read`.
    at: u64,
    tracks: Vec<Known>,
    configs: Vec<TrackConfig>,
    base_us: Option<i64>,
    /// Samples of the last fragment and their bytes.
    waiting: VecDeque<(Placed, Bytes)>,
    missing: Option<Missing>,
    ended: bool,
}

struct Known {
    id: u32,
    timescale: u32,
    config: TrackConfig,
    hash: u64,
}

/// The head of a box.
struct Head {
    kind: [u8; 4],
    /// Offset of its first byte.
    at: u64,
    /// Bytes of its content.
    size: u64,
}

impl<R: Read> Reader<R> {
    /// Reads the init segment.
    ///
    /// # Errors
    /// `DataLoss` when it is not there whole, `Unsupported` for tracks that we cannot read.
    pub fn open(read: R) -> Result<Reader<R>> {
        let mut reader = Reader::empty(read);
        while let Some(head) = reader.head()? {
            if &head.kind != b"moov" {
                reader.skip(&head)?;
                continue;
            }
            let Some(moov) = reader.content(&head, MAX_TABLE)? else { break };
            reader.tracks = tracks(&moov)
                .into_iter()
                .map(|t| Known::new(t.id, t.timescale, t.config))
                .collect();
            reader.configs = reader.tracks.iter().map(|t| t.config.clone()).collect();
            if reader.tracks.is_empty() {
                return Err(Error::unsupported("no track in this file that Flumen can read"));
            }
            return Ok(reader);
        }
        Err(Error::data_loss(format!(
            "no whole init segment in the first {} bytes of an MP4 file",
            reader.at
        )))
    }

    /// Reads fragments whose init segment was read before: `tracks` as `tracks()` gave them.
    pub fn resume(read: R, tracks: Vec<TrackConfig>) -> Reader<R> {
        let mut reader = Reader::empty(read);
        reader.tracks = tracks
            .iter()
            .zip(1u32..)
            .map(|(config, id)| Known::new(id, TIMESCALE, config.clone()))
            .collect();
        reader.configs = tracks;
        reader
    }

    fn empty(read: R) -> Reader<R> {
        Reader {
            read,
            at: 0,
            tracks: Vec::new(),
            configs: Vec::new(),
            base_us: None,
            waiting: VecDeque::new(),
            missing: None,
            ended: false,
        }
    }

    /// The tracks of the init segment.
    pub fn tracks(&self) -> &[TrackConfig] {
        &self.configs
    }

    /// What `init_at` wrote, once the first unit was read.
    pub fn base_us(&self) -> Option<i64> {
        self.base_us
    }

    /// What was cut off at the end, known after `next_unit` gave `None`.
    pub fn missing(&self) -> Option<&Missing> {
        self.missing.as_ref()
    }

    /// The next unit as Annex-B with parameter sets before keys, the tracks of a fragment in
    /// the order of dts; times are the file's own. `None` at the end.
    ///
    /// # Errors
    /// `DataLoss` for damage in the middle, the kind of the I/O error when reading fails;
    /// afterwards only `None` comes.
    pub fn next_unit(&mut self) -> Result<Option<Unit>> {
        let next = self.find_unit();
        if next.is_err() {
            self.ended = true;
            self.waiting.clear();
        }
        next
    }

    fn find_unit(&mut self) -> Result<Option<Unit>> {
        loop {
            while let Some((sample, data)) = self.waiting.pop_front() {
                if let Some(unit) = self.unit(&sample, &data)? {
                    return Ok(Some(unit));
                }
            }
            if self.ended {
                return Ok(None);
            }
            self.ended = !self.advance()?;
        }
    }

    /// Reads one more box; false at the end.
    fn advance(&mut self) -> Result<bool> {
        let Some(head) = self.head()? else { return Ok(false) };
        match &head.kind {
            b"moof" => self.fragment(&head),
            b"uuid" if head.size == 24 => {
                let Some(body) = self.content(&head, MAX_TABLE)? else { return Ok(false) };
                if let Some(base) = body.strip_prefix(&BASE_UUID) {
                    self.base_us = base.first_chunk().map(|b| i64::from_be_bytes(*b));
                }
                Ok(true)
            }
            _ => self.skip(&head),
        }
    }

    fn fragment(&mut self, head: &Head) -> Result<bool> {
        let Some(moof) = self.content(head, MAX_TABLE)? else { return Ok(false) };
        let mut samples = placed(&moof).ok_or_else(|| {
            Error::data_loss(format!("the fragment at byte {} makes no sense", head.at))
        })?;
        let Some(mdat) = self.head()? else {
            self.cut(head.at, "a fragment without its data".into());
            return Ok(false);
        };
        if &mdat.kind != b"mdat" {
            return Err(Error::data_loss(format!(
                "no data behind the fragment at byte {}",
                head.at
            )));
        }
        let skipped = self.at - head.at;
        let data = self.take(mdat.size)?;
        let whole = data.len() as u64 == mdat.size;
        let data = Bytes::from(data);
        samples.sort_by_key(|s| (s.dts, s.track_id));
        let claimed: u64 = samples.iter().map(|s| u64::from(s.size)).sum();
        if claimed > mdat.size {
            return Err(Error::data_loss(format!(
                "the samples of the fragment at byte {} are larger than its data",
                head.at
            )));
        }
        let (mut read, total) = (0, samples.len());
        for sample in samples {
            let from = sample.at.checked_sub(skipped).and_then(|n| usize::try_from(n).ok());
            let to = from.and_then(|from| from.checked_add(sample.size as usize));
            let (Some(from), Some(to)) = (from, to) else { continue };
            if to <= data.len() {
                read += 1;
                self.waiting.push_back((sample, data.slice(from..to)));
            }
        }
        if whole && read < total {
            return Err(Error::data_loss(format!(
                "the fragment at byte {} points outside of its data",
                head.at
            )));
        }
        if !whole {
            self.cut(head.at, format!("{} of {total} samples of a fragment", total - read));
        }
        Ok(whole)
    }

    /// A sample as unit; nothing for a track that we do not know.
    fn unit(&mut self, sample: &Placed, data: &Bytes) -> Result<Option<Unit>> {
        let Some(track) = self.tracks.iter_mut().find(|t| t.id == sample.track_id) else {
            return Ok(None);
        };
        let micros = |ticks: i128| ticks * 1_000_000 / i128::from(track.timescale);
        let dts = i128::from(sample.dts);
        let times = [dts, dts + i128::from(sample.offset)].map(|t| i64::try_from(micros(t)));
        let [Ok(dts_us), Ok(pts_us)] = times else {
            return Err(Error::data_loss(format!("a sample at the impossible time {dts}")));
        };
        let audio = track.config.info.is_audio();
        Ok(Some(Unit {
            audio,
            info: Arc::clone(&track.config.info),
            pts_us,
            dts_us,
            duration_us: u32::try_from(micros(sample.duration.into())).unwrap_or(u32::MAX),
            key: sample.key,
            corrupt: false,
            data: track.bytes(data, sample.key, pts_us)?,
            parameter_hash: track.hash,
            capture_us: None,
        }))
    }

    /// The head of the next box; `None` at the end, whole or cut.
    fn head(&mut self) -> Result<Option<Head>> {
        let at = self.at;
        let head = self.take(8)?;
        let Some((size, kind)) = head.split_first_chunk::<4>() else {
            return Ok(self.cut_head(at, head.len()));
        };
        let Some(&kind) = kind.first_chunk::<4>() else {
            return Ok(self.cut_head(at, head.len()));
        };
        let (size, head_size) = match u32::from_be_bytes(*size) {
            1 => {
                let large = self.take(8)?;
                let Some(&large) = large.first_chunk::<8>() else {
                    return Ok(self.cut_head(at, 8 + large.len()));
                };
                (u64::from_be_bytes(large), 16)
            }
            size => (size.into(), 8),
        };
        match size.checked_sub(head_size) {
            Some(size) if size <= MAX_BOX && kind.iter().all(u8::is_ascii_graphic) => {
                Ok(Some(Head { kind, at, size }))
            }
            _ => Err(Error::data_loss(format!("no MP4 box at byte {at}: {}", hex(&head)))),
        }
    }

    fn cut_head(&mut self, at: u64, bytes: usize) -> Option<Head> {
        if bytes > 0 {
            self.cut(at, "the head of a box".into());
        }
        None
    }

    fn cut(&mut self, at: u64, what: String) {
        self.missing.get_or_insert(Missing { at, what });
    }

    /// A box's content; `None` when it is cut.
    fn content(&mut self, head: &Head, limit: u64) -> Result<Option<Vec<u8>>> {
        if head.size > limit {
            return Err(Error::data_loss(format!(
                "the {} box at byte {} claims {} bytes",
                String::from_utf8_lossy(&head.kind),
                head.at,
                head.size
            )));
        }
        let content = self.take(head.size)?;
        if content.len() as u64 == head.size {
            return Ok(Some(content));
        }
        self.cut(head.at, format!("the end of a {} box", String::from_utf8_lossy(&head.kind)));
        Ok(None)
    }

    /// Passes over a box; false when it is cut.
    fn skip(&mut self, head: &Head) -> Result<bool> {
        let skipped = std::io::copy(&mut (&mut self.read).take(head.size), &mut std::io::sink())
            .map_err(|e| Error::io("read MP4 file", e))?;
        self.at += skipped;
        if skipped < head.size {
            self.cut(head.at, format!("the end of a {} box", String::from_utf8_lossy(&head.kind)));
        }
        Ok(skipped == head.size)
    }

    /// Up to `count` bytes; fewer at the end. A claimed size costs no memory before its bytes.
    fn take(&mut self, count: u64) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        loop {
            let left = count - out.len() as u64;
            match (&mut self.read).take(left).read_to_end(&mut out) {
                Ok(_) => break,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(Error::io("read MP4 file", e)),
            }
        }
        self.at += out.len() as u64;
        Ok(out)
    }
}

impl Known {
    fn new(id: u32, timescale: u32, config: TrackConfig) -> Known {
        Known { id, timescale, hash: config.parameter_hash(), config }
    }

    /// A sample's bytes as they travel.
    fn bytes(&mut self, data: &Bytes, key: bool, pts_us: i64) -> Result<Bytes> {
        let codec = self.config.info.codec;
        if !matches!(codec, Codec::H264 | Codec::H265) {
            self.hash = nal::parameter_hash(codec, data);
            return Ok(data.clone());
        }
        let nals = prefixed(data).ok_or_else(|| {
            Error::data_loss(format!("lengths in the sample at {pts_us} us are wrong"))
        })?;
        let kind = |nal: &[u8]| nal::kind(codec, nal);
        let own = nals.iter().any(|nal| kind(nal).is_parameter_set());
        let mut out = Vec::with_capacity(data.len() + 256);
        let mut put = |nal: &[u8]| {
            out.extend_from_slice(&START_CODE);
            out.extend_from_slice(nal);
        };
        let delimiters = nals.iter().take_while(|nal| kind(nal) == NalKind::Delimiter).count();
        nals.iter().take(delimiters).for_each(|nal| put(nal));
        if key && !own {
            self.config.parameter_sets.iter().for_each(|set| put(set));
        }
        nals.iter().skip(delimiters).for_each(|nal| put(nal));
        if key {
            self.hash = match own {
                true => nal::parameter_hash(codec, &out),
                false => self.config.parameter_hash(),
            };
        }
        Ok(out.into())
    }
}

/// The NAL units behind four-byte lengths; nothing when they do not fill the sample.
fn prefixed(mut data: &[u8]) -> Option<Vec<&[u8]>> {
    let mut nals = Vec::new();
    while !data.is_empty() {
        let (length, rest) = data.split_first_chunk()?;
        let (nal, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        nals.push(nal);
        data = rest;
    }
    Some(nals)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(64).map(|b| format!("{b:02x}")).collect()
}
