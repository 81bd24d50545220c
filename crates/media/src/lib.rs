//! FFmpeg behind small safe types, and fMP4 in Rust.
//!
//! Invariants: all C and all `unsafe` of Flumen are here; libav runs with one thread,
//! only the protocols, containers and codecs of the lists in `open` and `codec`, and
//! gives up at a deadline; its log lines go to `tracing`, never to standard error.
//! Units: microseconds, bytes, pixels.
//! Not here: cameras, threads, reconnecting, analysis.

#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::unwrap_used))]

mod address;
mod av;
mod codec;
mod decode;
mod demux;
mod encode;
pub mod fmp4;
mod interrupt;
mod log;
pub mod nal;
mod open;
mod scale;
#[cfg(test)]
mod testing;
mod unit;

pub use address::{Address, check_address};
pub use decode::{Decoded, DecodedFrame, Decoder};
pub use demux::{Demuxer, StdinFormat};
pub use encode::{Encoded, Encoder, EncoderConfig, RateControl, jpeg};
pub use interrupt::Interrupt;
pub use open::{Limits, Open, Transport};
pub use unit::{Demuxed, TrackInfo, Unit};
