//! Fragmented MP4 in Rust: written for the archive and for browsers, read back as units.

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use flumen_base::{Error, Result};

use crate::unit::{TrackInfo, Unit};

/// A track as its sample entry describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackConfig {
    /// Codec, size, rate.
    pub info: Arc<TrackInfo>,
    /// The parameter sets of the sample entry.
    pub parameter_sets: Vec<Bytes>,
}

impl TrackConfig {
    /// A video track from a key unit's bytes.
    ///
    /// # Errors
    /// `Invalid` without parameter sets, `Unsupported` for another codec.
    pub fn video(_info: &Arc<TrackInfo>, _key_unit: &[u8]) -> Result<TrackConfig> {
        Err(Error::unsupported("fMP4 is not there yet"))
    }

    /// An audio track.
    ///
    /// # Errors
    /// `Invalid` without the codec's configuration, `Unsupported` for another codec.
    pub fn audio(_info: &Arc<TrackInfo>) -> Result<TrackConfig> {
        Err(Error::unsupported("fMP4 is not there yet"))
    }

    /// What a browser wants to hear, such as `avc1.64001f` or `mp4a.40.2`.
    pub fn codec_string(&self) -> String {
        String::new()
    }
}

/// One access unit to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Which of the tracks given to `init`, from 0.
    pub track: u32,
    /// When it is shown.
    pub pts_us: i64,
    /// When it is decoded, not negative.
    pub dts_us: i64,
    /// How long it lasts.
    pub duration_us: u32,
    /// Decoding can begin here.
    pub key: bool,
    /// Annex-B, JPEG or audio bytes.
    pub data: Bytes,
}

/// The `video/mp4; codecs="..."` type of these tracks.
pub fn mime(_tracks: &[TrackConfig]) -> String {
    String::new()
}

/// The init segment (`ftyp`, `moov`).
///
/// # Errors
/// `Invalid` without tracks.
pub fn init(_tracks: &[TrackConfig]) -> Result<Bytes> {
    Err(Error::unsupported("fMP4 is not there yet"))
}

/// A fragment (`moof`, `mdat`): the samples of each track in decoding order.
///
/// # Errors
/// `Invalid` for a track that is not there, negative or falling dts, or nothing to write.
pub fn fragment(_sequence: u32, _tracks: &[TrackConfig], _samples: &[Sample]) -> Result<Bytes> {
    Err(Error::unsupported("fMP4 is not there yet"))
}

/// Where whole data ends in a file that was cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Offset of the first byte of the box that is not whole.
    pub at: u64,
    /// What is missing, in words.
    pub what: String,
}

/// Reads what `init` and `fragment` wrote.
pub struct Reader<R> {
    tracks: Vec<TrackConfig>,
    _read: R,
}

impl<R: Read> Reader<R> {
    /// Reads the init segment.
    ///
    /// # Errors
    /// `DataLoss` when it is not there whole, `Unsupported` for boxes that we do not write.
    pub fn open(_read: R) -> Result<Reader<R>> {
        Err(Error::unsupported("fMP4 is not there yet"))
    }

    /// Reads fragments whose init segment was read before.
    pub fn resume(read: R, tracks: Vec<TrackConfig>) -> Reader<R> {
        Reader { tracks, _read: read }
    }

    /// The tracks of the init segment.
    pub fn tracks(&self) -> &[TrackConfig] {
        &self.tracks
    }

    /// The next unit as Annex-B with parameter sets before keys; `None` at the end.
    ///
    /// # Errors
    /// `DataLoss` for damage in the middle.
    pub fn next_unit(&mut self) -> Result<Option<Unit>> {
        Err(Error::unsupported("fMP4 is not there yet"))
    }

    /// What was cut off at the end, known after `next_unit` gave `None`.
    pub fn missing(&self) -> Option<&Missing> {
        None
    }
}
