//! Inputs in, access units out.

use std::io::Read;
use std::sync::Arc;

use flumen_base::{Error, Result};

use crate::interrupt::Interrupt;
use crate::open::Open;
use crate::unit::{Demuxed, TrackInfo};

/// What comes on standard input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StdinFormat {
    /// libavformat looks at the first bytes.
    #[default]
    Auto,
    /// MPEG-TS.
    MpegTs,
    /// H.264 Annex-B.
    H264,
    /// H.265 Annex-B.
    H265,
    /// JPEG after JPEG.
    Mjpeg,
    /// MP4, fragmented or with its index in front.
    Mp4,
    /// Matroska.
    Mkv,
}

/// An open input.
pub struct Demuxer {
    tracks: Vec<Arc<TrackInfo>>,
}

impl Demuxer {
    /// Opens a file or network address that `check_address` allows.
    ///
    /// # Errors
    /// As `check_address`; `Unavailable` when nobody answers in time, `Unsupported` when there
    /// is no video that we decode, `Invalid` for bad credentials, `Cancelled` by `stop`.
    pub fn open(_address: &str, _open: &Open, _stop: &Interrupt) -> Result<Demuxer> {
        Err(Error::unsupported("demuxing is not there yet"))
    }

    /// Opens bytes that come from somewhere else, such as standard input.
    ///
    /// # Errors
    /// As `open`; what `read` fails with comes as `Unavailable`.
    pub fn from_reader(
        _read: Box<dyn Read + Send>,
        _format: StdinFormat,
        _open: &Open,
        _stop: &Interrupt,
    ) -> Result<Demuxer> {
        Err(Error::unsupported("demuxing is not there yet"))
    }

    /// The tracks that units come from: video first, then at most one audio track.
    pub fn tracks(&self) -> &[Arc<TrackInfo>] {
        &self.tracks
    }

    /// The next access unit.
    ///
    /// # Errors
    /// `Unavailable` when the input is away or silent, `DataLoss` when its bytes make no sense,
    /// `Cancelled` by `stop`.
    pub fn read(&mut self) -> Result<Demuxed> {
        Err(Error::unsupported("demuxing is not there yet"))
    }
}
