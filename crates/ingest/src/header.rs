//! What stands in the header of a unit, and of a marker.
//!
//! Invariants: a marker has no length, no flags and no configuration.
//! Not here: epoch, sequence and names, which `feed` gives.

use bytes::Bytes;
use flumen_base::wire::{Marker, PacketHeader};
use flumen_media::Unit;

use crate::timeline::Placed;

/// All that follows from the unit, its place in time and its arrival.
pub(crate) fn of_unit(unit: &Unit, placed: &Placed, arrival_us: i64) -> PacketHeader {
    PacketHeader {
        codec: unit.info.codec.into(),
        width: unit.info.width,
        height: unit.info.height,
        sample_rate_hz: unit.info.sample_rate_hz,
        channels: unit.info.channels,
        reorder_depth: unit.info.reorder_depth.unwrap_or(0),
        config: unit.info.config.clone(),
        pts_us: placed.pts_us,
        dts_us: placed.dts_us,
        duration_us: placed.duration_us,
        key: unit.key,
        discontinuity: placed.discontinuity,
        corrupt: unit.corrupt,
        capture_us: placed.capture_us,
        capture_source: placed.capture_source.into(),
        capture_error_us: placed.capture_error_us,
        arrival_us,
        parameter_hash: unit.parameter_hash,
        ..PacketHeader::default()
    }
}

/// A marker in the stream of `base`, at media time `at_us`.
pub(crate) fn of_marker(
    base: &PacketHeader,
    marker: Marker,
    at_us: i64,
    arrival_us: i64,
) -> PacketHeader {
    PacketHeader {
        pts_us: at_us,
        dts_us: at_us,
        duration_us: 0,
        key: false,
        discontinuity: false,
        corrupt: false,
        arrival_us,
        config: Bytes::new(),
        marker: marker.into(),
        ..base.clone()
    }
}
