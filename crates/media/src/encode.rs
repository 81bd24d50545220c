//! Pictures in, access units or a JPEG out.

use bytes::Bytes;
use flumen_base::wire::Codec;
use flumen_base::{Error, Frame, Result};

/// How many bits a picture gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RateControl {
    /// Constant quality: 0 (best) to 51.
    Crf(f32),
    /// Average bits per second.
    BitRate(u64),
}

/// What to encode and how.
#[derive(Clone, Debug)]
pub struct EncoderConfig {
    /// H264, H265 or Mjpeg.
    pub codec: Codec,
    /// Picture width, even.
    pub width: u32,
    /// Picture height, even.
    pub height: u32,
    /// Pictures a second.
    pub frame_rate_hz: u32,
    /// Pictures from key to key.
    pub gop: u32,
    /// Most B pictures in a row.
    pub b_frames: u32,
    /// How many bits a picture gets.
    pub rate: RateControl,
    /// x264 and x265 preset, for example `veryfast`.
    pub preset: String,
    /// Threads of the encoder.
    pub threads: u32,
}

impl EncoderConfig {
    /// H.264 without B frames, `veryfast`, constant quality 23, one key every two seconds.
    pub fn new(codec: Codec, width: u32, height: u32, frame_rate_hz: u32) -> EncoderConfig {
        EncoderConfig {
            codec,
            width,
            height,
            frame_rate_hz,
            gop: frame_rate_hz.saturating_mul(2).max(1),
            b_frames: 0,
            rate: RateControl::Crf(23.0),
            preset: "veryfast".into(),
            threads: 1,
        }
    }
}

/// A coded picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// Annex-B with parameter sets before each key frame, or a JPEG.
    pub data: Bytes,
    /// The time of the frame.
    pub pts_us: i64,
    /// When it is decoded.
    pub dts_us: i64,
    /// Decoding can begin here.
    pub key: bool,
}

/// A video encoder.
pub struct Encoder {}

impl Encoder {
    /// Opens an encoder.
    ///
    /// # Errors
    /// `Unsupported` when libavcodec has no such encoder, `Invalid` for a bad size or rate.
    pub fn open(_config: &EncoderConfig) -> Result<Encoder> {
        Err(Error::unsupported("encoding is not there yet"))
    }

    /// Gives a picture of the configured size with growing `pts_us`; takes what is coded by now.
    ///
    /// # Errors
    /// `Invalid` for another size or a time that does not grow.
    pub fn push(&mut self, _frame: &Frame, _force_key: bool) -> Result<Vec<Encoded>> {
        Err(Error::unsupported("encoding is not there yet"))
    }

    /// The last coded pictures; nothing can be pushed after it.
    ///
    /// # Errors
    /// `Internal` when libavcodec fails.
    pub fn finish(&mut self) -> Result<Vec<Encoded>> {
        Err(Error::unsupported("encoding is not there yet"))
    }
}

/// A picture as JPEG, scaled down to `max_width` pixels at most; `quality` 1 (small) to 100.
///
/// # Errors
/// `Invalid` for an empty picture, `Unsupported` when libavcodec has no JPEG encoder.
pub fn jpeg(_frame: &Frame, _max_width: u32, _quality: u32) -> Result<Bytes> {
    Err(Error::unsupported("encoding is not there yet"))
}
