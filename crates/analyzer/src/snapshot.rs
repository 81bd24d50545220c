//! An analyzer as bytes, and back.
//!
//! Layout: "FLAN", version (u32), camera, order of the stream, open gap, operators and
//! events (parts with versions of their own), the unit that is on its way in parts, the group of
//! pictures; then the gate, unless the camera never had one, and the models, likewise. Little
//! endian.
//! Invariants: a restored analyzer gives what the saved one would have given, byte for byte;
//! without the units (above `snapshot_bytes`) it begins at the next key.
//! Not here: the bytes of each part (`save` and `load` beside it).

use flumen_base::wire::GapCause;
use flumen_base::{CameraId, Error, Result};
use flumen_operators::{Reader, Writer};

use crate::anomaly::Odd;
use crate::decoding::Decoding;
use crate::gaps::Gaps;
use crate::gate::Gate;
use crate::join::Joiner;
use crate::meta::Meta;
use crate::parts::{self, Parts};
use crate::sight::Sight;
use crate::{Analyzer, Settings};

const MAGIC: &[u8; 4] = b"FLAN";
/// Grows with each change of the layout.
const VERSION: u32 = 5;
/// Grows with the layout of the gate.
const GATE: u32 = 1;
/// Grows with the layout of the scorer.
const MODELS: u32 = 2;
const WHAT: &str = "analysis";

/// The error of a snapshot of `what` that can't be used.
pub(crate) fn damaged(camera: &CameraId, what: &str) -> Error {
    Error::data_loss(format!(
        "camera {camera}: the snapshot of the {what} is damaged: begin without it"
    ))
}

/// Reads what every snapshot begins with: magic and version, camera.
///
/// # Errors
/// `Unsupported` when another version wrote it, `Invalid` when it is another camera's,
/// `DataLoss` when it is damaged.
pub(crate) fn begin<'a>(
    camera: &CameraId,
    what: &str,
    (magic, version): (&[u8], u32),
    bytes: &'a [u8],
) -> Result<Reader<'a>> {
    let damaged = || damaged(camera, what);
    let mut from = Reader(bytes);
    if from.take(4) != Some(magic) {
        return Err(damaged());
    }
    let found = from.u32().ok_or_else(damaged)?;
    if found != version {
        return Err(Error::unsupported(format!(
            "camera {camera}: the snapshot of the {what} has layout {found}, this program reads \
             {version}: begin without it"
        )));
    }
    let whose = from.text().ok_or_else(damaged)?;
    if whose != camera.as_str() {
        return Err(Error::invalid(format!("the snapshot is of camera {whose}, not {camera}")));
    }
    Ok(from)
}

impl Analyzer {
    /// All that is needed to go on elsewhere, versioned.
    ///
    /// The units since the last IDR are part of it up to `Settings::snapshot_bytes`; above
    /// that a restored analyzer begins at the next key, with a gap.
    ///
    /// # Errors
    /// None today.
    pub fn snapshot(&self) -> Result<Vec<u8>> {
        let mut to = Writer(MAGIC.to_vec());
        to.u32(VERSION);
        to.text(self.camera.as_str());
        to.u8(u8::from(self.last.is_some()));
        self.last.unwrap_or_default().save(&mut to);
        to.u64(self.tags);
        to.i32(self.waiting.map_or(-1, i32::from));
        self.gaps.save(&mut to);
        self.sight.save(&mut to);
        let part = self.joiner.open().filter(|(_, b)| b.len() <= self.settings.snapshot_bytes);
        to.u8(u8::from(part.is_some()));
        if let Some((header, bytes)) = part {
            to.message(header);
            to.blob(bytes);
        }
        to.u8(u8::from(self.decoding.is_some()));
        if let Some(decoding) = &self.decoding {
            decoding.save(&mut to, self.waiting.is_none());
        }
        let odd = &self.sight.odd;
        if !self.gate.is_new() || !odd.scorer.is_new() {
            parts::save(&mut to, GATE, |to| self.gate.save(to));
        }
        if !odd.scorer.is_new() {
            parts::save(&mut to, MODELS, |to| odd.save(to));
        }
        Ok(to.0)
    }

    /// The analyzer that `bytes` were taken of; the units in them are decoded again in silence.
    ///
    /// The policy comes from the snapshot, limits and picture size from `settings`. A part that
    /// another version of its operator wrote begins anew, which `begun_anew` tells.
    ///
    /// # Errors
    /// `Unsupported` when another version wrote it, `Invalid` when it is another camera's,
    /// `DataLoss` when it is damaged.
    pub fn restore(camera: &CameraId, settings: Settings, bytes: &[u8]) -> Result<Analyzer> {
        let damaged = || damaged(camera, WHAT);
        let mut from = begin(camera, WHAT, (MAGIC, VERSION), bytes)?;
        let mut analyzer = Analyzer::open(camera, settings)?;
        analyzer.order(&mut from).ok_or_else(damaged)?;
        analyzer.sight = Sight::load(&mut from, camera.as_str(), &analyzer.settings)?;
        analyzer.group(&mut from).ok_or_else(damaged)??;
        if !from.0.is_empty() {
            let mut parts = Parts::of(&mut from, camera.as_str());
            analyzer.gate = parts.next("gate", GATE, |r| Some(Ok(Gate::load(r)?)))?;
        }
        if !from.0.is_empty() {
            let mut parts = Parts::of(&mut from, camera.as_str());
            let fresh = std::mem::take(&mut analyzer.sight.odd);
            let odd = parts.next("models", MODELS, |r| Some(Ok(Some(Odd::load(r)?))))?;
            analyzer.sight.odd = odd.unwrap_or(fresh);
            analyzer.sight.anew.append(&mut parts.anew);
        }
        if from.0.is_empty() { Ok(analyzer) } else { Err(damaged()) }
    }

    /// The parts of the snapshot that began anew, and why; none when all were read.
    pub fn begun_anew(&self) -> Option<String> {
        (!self.sight.anew.is_empty()).then(|| self.sight.anew.join("; "))
    }

    /// Reads where the stream stood.
    fn order(&mut self, from: &mut Reader<'_>) -> Option<()> {
        let known = from.u8()? != 0;
        let last = Meta::load(from)?;
        self.last = known.then_some(last);
        self.tags = from.u64().filter(|&tags| tags < 1 << 63)?;
        self.waiting = match from.i32()? {
            -1 => None,
            cause => Some(GapCause::try_from(cause).ok()?),
        };
        self.gaps = Gaps::load(from)?;
        Some(())
    }

    /// Reads the unit in parts and the group of pictures, and decodes it.
    fn group(&mut self, from: &mut Reader<'_>) -> Option<Result<()>> {
        if from.u8()? != 0 {
            self.joiner = Joiner::resume(from.message()?, from.blob()?);
        }
        if from.u8()? == 0 {
            return Some(Ok(()));
        }
        let limits = self.settings.limits();
        match Decoding::load(from, &limits, self.settings.snapshot_bytes)? {
            Ok((decoding, complete)) => {
                self.decoding = Some(decoding);
                if !complete {
                    self.waiting = self.waiting.or(Some(GapCause::Decoder));
                }
                Some(Ok(()))
            }
            Err(e) => Some(Err(e)),
        }
    }
}
