//! One file that is being written: samples in, fragments out, a row at the end.
//!
//! Invariants: begins with a key frame; a fragment ends before each key frame, or earlier when
//! it grows past `FRAGMENT_BYTES` or `FRAGMENT_US`; memory is one fragment; the file's own
//! time begins at 0 with the first unit's dts; a unit lasts until the next unit's dts, so that
//! segments of an unbroken stream tile time exactly.
//! Not here: when a segment begins and ends (`recorder`), boxes (`media::fmp4`).

use std::sync::Arc;

use bytes::Bytes;
use flumen_base::wire::{PacketHeader, Segment, SourcePosition};
use flumen_base::{Error, Result};
use flumen_media::TrackInfo;
use flumen_media::fmp4::{self, Sample, TrackConfig};
use sha2::{Digest, Sha256};

use crate::join::Line;
use crate::store::{Store, Upload};
use crate::unit::{Closed, Unit};

const FRAGMENT_BYTES: usize = 4 << 20;
const FRAGMENT_US: i64 = 4_000_000;
const SOUND_US: i64 = 2_000_000;
/// Sound that lies further ahead of the newest picture is not this picture's.
const SOUND_AHEAD_US: i64 = 300_000_000;

/// How far the file is whole.
#[derive(Clone, Debug)]
struct Extent {
    last: SourcePosition,
    last_sequence: u64,
    frames: u64,
    end_dts_us: i64,
}

/// A segment in the making.
pub(crate) struct Open {
    pub line: Line,
    pub first: SourcePosition,
    /// The log's clock at the newest unit.
    pub arrival_us: i64,
    upload: Box<dyn Upload>,
    tmp: String,
    hash: Sha256,
    bytes: u64,
    head: PacketHeader,
    tracks: Vec<TrackConfig>,
    pub audio: Option<TrackInfo>,
    /// Sound came, or changed, after the tracks were written.
    pub audio_late: bool,
    patient: bool,
    samples: Vec<Sample>,
    waiting: usize,
    held: Option<(Sample, u32)>,
    extent: Extent,
    /// The extent before the newest key frame, and that key frame's place, while nothing
    /// behind it is in the file.
    boundary: Option<(Extent, SourcePosition)>,
    fragment: u32,
}

impl Open {
    /// Begins a file with a key unit; `audio` is the sound of its epoch as far as known, `patient`
    /// says that none was looked for yet.
    pub(crate) fn begin(
        store: &dyn Store,
        key: &Unit,
        audio: Option<TrackInfo>,
        patient: bool,
    ) -> Result<Open> {
        possible(&key.header)?;
        let line = Line::of(&key.header);
        let video = TrackConfig::video(&Arc::new(key.info()), &key.data)?;
        let tmp =
            format!("tmp/{}-{}-{}-{}.mp4", line.camera, line.stream, line.epoch, key.first.offset);
        let upload = store.create(&tmp)?;
        let mut open = Open {
            line,
            first: key.first,
            arrival_us: 0,
            upload,
            tmp,
            hash: Sha256::new(),
            bytes: 0,
            head: key.header.clone(),
            tracks: vec![video],
            audio,
            audio_late: false,
            patient,
            samples: Vec::new(),
            waiting: 0,
            held: None,
            extent: Extent {
                last: key.last,
                last_sequence: key.header.sequence,
                frames: 0,
                end_dts_us: key.header.dts_us,
            },
            boundary: None,
            fragment: 0,
        };
        open.video(key)?;
        Ok(open)
    }

    /// Media time of the first unit's decoding.
    pub(crate) fn first_dts_us(&self) -> i64 {
        self.head.dts_us
    }

    /// Header of the first unit.
    pub(crate) fn head(&self) -> &PacketHeader {
        &self.head
    }

    /// Sequence and dts of the newest video unit, and its own duration.
    pub(crate) fn newest(&self) -> (u64, i64, i64) {
        let (dts_us, own) =
            self.held.as_ref().map_or((0, 0), |(s, own)| (s.dts_us, i64::from(*own)));
        (self.extent.last_sequence, self.head.dts_us.saturating_add(dts_us), own)
    }

    /// Adds a video unit.
    ///
    /// # Errors
    /// `Invalid` for one from an impossible time, and what the store answers.
    pub(crate) fn video(&mut self, unit: &Unit) -> Result<()> {
        let h = &unit.header;
        possible(h)?;
        let mut dts_us = self.file_us(h.dts_us);
        if let Some((held, _)) = &self.held {
            dts_us = dts_us.max(held.dts_us + 1); // a camera's clock may stand still
        }
        self.release(dts_us);
        if h.key && self.extent.frames > 0 && self.waits_for_sound() {
            self.boundary = None;
        } else if h.key && self.extent.frames > 0 {
            self.flush()?;
            let end_dts_us = self.head.dts_us.saturating_add(dts_us);
            self.boundary = Some((Extent { end_dts_us, ..self.extent.clone() }, unit.first));
        } else if self.waiting > FRAGMENT_BYTES || self.span_us() > FRAGMENT_US {
            self.flush()?;
            self.boundary = None;
        }
        let sample = Sample {
            track: 0,
            pts_us: self.file_us(h.pts_us).max(0),
            dts_us,
            duration_us: h.duration_us,
            key: h.key,
            data: unit.data.clone(),
        };
        self.waiting += unit.data.len();
        self.held = Some((sample, h.duration_us));
        self.extent.last = unit.last;
        self.extent.last_sequence = h.sequence;
        self.extent.frames += 1;
        Ok(())
    }

    /// Adds sound that came before the first picture.
    pub(crate) fn early(&mut self, unit: &Unit) {
        let last = self.extent.last;
        self.sound(unit);
        self.extent.last = last; // the picture stands behind it in the log
        if unit.first.partition == self.first.partition {
            self.first.offset = self.first.offset.min(unit.first.offset);
        }
    }

    /// A time of the stream as the file's own.
    fn file_us(&self, us: i64) -> i64 {
        us.saturating_sub(self.head.dts_us)
    }

    /// Adds sound; what lies before the first picture, or far from the newest, is left out.
    pub(crate) fn sound(&mut self, unit: &Unit) {
        let info = unit.info();
        let begun = !self.bytes_written();
        if begun && self.audio.is_none() {
            self.audio = Some(info.clone());
        }
        self.extent.last = unit.last;
        if self.audio.as_ref() != Some(&info) {
            self.audio_late = true;
            return;
        }
        let h = &unit.header;
        let dts_us = self.file_us(h.dts_us);
        let after =
            self.samples.iter().rev().find(|s| s.track == 1).is_none_or(|s| dts_us > s.dts_us);
        let ahead_us = h.dts_us.saturating_sub(self.newest().1);
        if dts_us < 0 || ahead_us > SOUND_AHEAD_US || !after {
            return;
        }
        self.waiting += unit.data.len();
        self.samples.push(Sample {
            track: 1,
            pts_us: dts_us,
            dts_us,
            duration_us: h.duration_us,
            key: true,
            data: unit.data.clone(),
        });
    }

    /// The first file of a line keeps its tracks open for a while: sound may come late.
    fn waits_for_sound(&self) -> bool {
        self.patient && !self.bytes_written() && self.audio.is_none() && self.span_us() < SOUND_US
    }

    fn bytes_written(&self) -> bool {
        self.bytes > 0
    }

    fn span_us(&self) -> i64 {
        let first = self.samples.first().map_or(0, |s| s.dts_us);
        self.samples.last().map_or(0, |s| s.dts_us - first)
    }

    /// Gives the newest picture its duration: until `next_dts_us`.
    fn release(&mut self, next_dts_us: i64) {
        if let Some((mut sample, _)) = self.held.take() {
            sample.duration_us =
                u32::try_from(next_dts_us.saturating_sub(sample.dts_us)).unwrap_or(u32::MAX).max(1);
            self.samples.push(sample);
        }
    }

    fn flush(&mut self) -> Result<()> {
        if self.samples.is_empty() {
            return Ok(());
        }
        if !self.bytes_written() {
            if let Some(info) = self.audio.take() {
                // A codec that MP4 can't hold is left out of the file, not the picture with it.
                match TrackConfig::audio(&Arc::new(info.clone())) {
                    Ok(track) => {
                        self.tracks.push(track);
                        self.audio = Some(info);
                    }
                    Err(e) => {
                        tracing::warn!(camera = self.line.camera, "sound is not recorded: {e}")
                    }
                }
            }
            self.write(&fmp4::init_at(&self.tracks, self.head.dts_us)?)?;
        }
        if self.tracks.len() < 2 {
            self.samples.retain(|s| s.track == 0);
        }
        self.fragment += 1;
        let fragment = fmp4::fragment(self.fragment, &self.tracks, &self.samples)?;
        self.samples.clear();
        self.waiting = 0;
        self.write(&fragment)
    }

    fn write(&mut self, data: &[u8]) -> Result<()> {
        self.upload.write(data)?;
        self.hash.update(data);
        self.bytes += data.len() as u64;
        Ok(())
    }

    /// Writes what is left and closes; `next_dts_us` is the next unit's when the stream goes on.
    pub(crate) fn close(mut self, store: &dyn Store, next_dts_us: Option<i64>) -> Result<Closed> {
        let (_, newest_us, own_us) = self.newest();
        let end_dts_us = next_dts_us
            .filter(|&next| next > newest_us)
            .unwrap_or(newest_us.saturating_add(own_us.max(1)));
        self.release(self.file_us(end_dts_us));
        self.flush()?;
        self.extent.end_dts_us = end_dts_us;
        let extent = self.extent.clone();
        self.seal(store, extent)
    }

    /// Closes before the newest key frame; gives the place from which to go on. `None` when
    /// the file holds less than a whole group of pictures, or already parts of the newest.
    pub(crate) fn close_at_key(
        mut self,
        store: &dyn Store,
    ) -> Result<Option<(Closed, SourcePosition)>> {
        let Some((extent, next)) = self.boundary.take() else { return Ok(None) };
        self.samples.clear();
        self.seal(store, extent).map(|closed| Some((closed, next)))
    }

    fn seal(self, store: &dyn Store, extent: Extent) -> Result<Closed> {
        self.upload.finish()?;
        let stored = store.len(&self.tmp)?;
        if stored != self.bytes {
            return Err(Error::data_loss(format!(
                "{} has {stored} bytes, {} were written",
                self.tmp, self.bytes
            )));
        }
        let start_us = self.head.pts_us;
        let duration_us = extent.end_dts_us.saturating_sub(self.head.dts_us);
        let segment = Segment {
            camera: self.line.camera,
            stream: self.line.stream,
            start_us,
            end_us: start_us.saturating_add(duration_us),
            path: String::new(),
            bytes: self.bytes,
            sha256: Bytes::copy_from_slice(&self.hash.finalize()),
            codec: self.head.codec,
            width: self.head.width,
            height: self.head.height,
            audio: self.tracks.len() > 1,
            frames: extent.frames,
            epoch: self.line.epoch,
            first_sequence: self.head.sequence,
            last_sequence: extent.last_sequence,
            first: Some(self.first),
            last: Some(extent.last),
            first_pts_us: start_us,
            duration_us,
            ..Segment::default()
        };
        Ok(Closed { tmp: self.tmp, segment })
    }
}

fn possible(h: &PacketHeader) -> Result<()> {
    let unit = || format!("camera {}: unit {}/{}", h.camera, h.epoch, h.sequence);
    match h.has_possible_times() {
        true => Ok(()),
        false => Err(Error::invalid(format!("{} is from an impossible time", unit()))),
    }
}
