//! One access unit on its way: header and bytes.
//!
//! Invariants: video bytes are Annex-B with the parameter sets before each key frame;
//! a marker has no bytes.
//! Spec: ITU-T H.264 Annex B, H.265 Annex B.

use bytes::Bytes;

use crate::wire::{Marker, PacketHeader, Stream};

/// One access unit, or a marker.
#[derive(Clone, Debug, PartialEq)]
pub struct Packet {
    /// What it is and when.
    pub header: PacketHeader,
    /// The access unit; empty for a marker.
    pub data: Bytes,
}

impl Packet {
    /// True when this is not an access unit but word about the stream.
    pub fn is_marker(&self) -> bool {
        self.header.marker() != Marker::None
    }

    /// True for a picture of the main or sub stream.
    pub fn is_video(&self) -> bool {
        !self.is_marker() && self.header.stream() != Stream::Audio
    }
}
