//! One access unit on its way: header and bytes.
//!
//! Invariants: video bytes are Annex-B with the parameter sets before each key frame;
//! a marker has no bytes.
//! Spec: ITU-T H.264 Annex B, H.265 Annex B.

use bytes::Bytes;

use crate::wire::{Marker, PacketHeader, Stream};

/// A day before 1970: the first pictures of a wrong clock may be decoded before they are shown.
const EARLIEST_US: i64 = -86_400_000_000;
/// The last microsecond of 9999, the last year that names of days can tell.
const LATEST_US: i64 = 253_402_300_799_999_999;
/// Most time between the decoding and the showing of a picture.
const MOST_REORDER_US: u64 = 600_000_000;

impl PacketHeader {
    /// False for times that no camera has, such as those of a forged record: nothing can be
    /// reckoned with them. Of possible times no difference overflows.
    pub fn has_possible_times(&self) -> bool {
        let times = [self.pts_us, self.dts_us, self.capture_us, self.arrival_us];
        times.iter().all(|us| (EARLIEST_US..=LATEST_US).contains(us))
            && self.pts_us.abs_diff(self.dts_us) <= MOST_REORDER_US
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_no_camera_has_are_told() {
        let now_us = 1_800_000_000_000_000;
        let good =
            PacketHeader { pts_us: now_us, dts_us: now_us - 80_000, ..PacketHeader::default() };
        assert!(good.has_possible_times() && PacketHeader::default().has_possible_times());
        for us in [i64::MIN, i64::MAX, EARLIEST_US - 1, LATEST_US + 1] {
            assert!(!PacketHeader { pts_us: us, dts_us: us, ..good.clone() }.has_possible_times());
            assert!(!PacketHeader { arrival_us: us, ..good.clone() }.has_possible_times());
            assert!(!PacketHeader { capture_us: us, ..good.clone() }.has_possible_times());
        }
        assert!(!PacketHeader { dts_us: 0, ..good }.has_possible_times(), "shown 57 years later");
    }
}
