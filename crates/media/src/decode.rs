//! Access units in, pictures out.

use flumen_base::wire::Codec;
use flumen_base::{Error, Frame, Result};

use crate::open::Limits;

/// A decoder of one video stream, with one thread.
pub struct Decoder {}

/// What the decoder has to say.
pub enum Decoded<'a> {
    /// A picture, valid until the next call.
    Frame(DecodedFrame<'a>),
    /// Push another unit.
    NeedMore,
    /// Everything is out after `finish`.
    End,
}

/// A picture and the unit that it was coded in.
pub struct DecodedFrame<'a> {
    /// 8-bit 4:2:0.
    pub frame: Frame<'a>,
    /// The tag given with the unit.
    pub tag: u64,
    /// Coded as a key picture.
    pub key: bool,
    /// Parts were missing or could not be decoded.
    pub damaged: bool,
    /// Samples use 0..=255, not 16..=235.
    pub full_range: bool,
}

impl Decoder {
    /// Opens a decoder for H.264, H.265 or MJPEG.
    ///
    /// # Errors
    /// `Unsupported` for another codec or when libavcodec lacks it.
    pub fn open(_codec: Codec, _limits: &Limits) -> Result<Decoder> {
        Err(Error::unsupported("decoding is not there yet"))
    }

    /// Gives the decoder one access unit; take all frames with `next` first.
    ///
    /// # Errors
    /// `DataLoss` when the unit cannot be decoded; the decoder lives on.
    pub fn push(&mut self, _data: &[u8], _pts_us: i64, _tag: u64) -> Result<()> {
        Err(Error::unsupported("decoding is not there yet"))
    }

    /// The next picture in the order of showing.
    ///
    /// # Errors
    /// `DataLoss` when something could not be decoded, `Exhausted` for a picture above the
    /// limits; the decoder lives on.
    #[allow(clippy::should_implement_trait)] // lends from self, which Iterator cannot
    pub fn next(&mut self) -> Result<Decoded<'_>> {
        Err(Error::unsupported("decoding is not there yet"))
    }

    /// No more units: `next` gives what is held back, then `End`.
    ///
    /// # Errors
    /// `Internal` when libavcodec refuses.
    pub fn finish(&mut self) -> Result<()> {
        Err(Error::unsupported("decoding is not there yet"))
    }

    /// Forgets all pictures, as after a seek; needed after `finish` to go on.
    pub fn reset(&mut self) {}

    /// Pictures held back for reordering.
    pub fn reorder_depth(&self) -> u32 {
        0
    }

    /// Says how many pictures to hold back, as learned by an earlier decoder of this stream.
    pub fn set_reorder_depth(&mut self, _depth: u32) {}

    /// Leaves the loop filter out: faster, worse pictures.
    pub fn skip_loop_filter(&mut self, _on: bool) {}

    /// Decodes key frames only.
    pub fn key_frames_only(&mut self, _on: bool) {}
}
