//! Records about what is not analysed: unreadable, left out by order, fatal to the process.

use bytes::Bytes;
use flumen_base::wire::{
    Camera, FrameResult, Gap, GapCause, Gate, PacketHeader, Reject, SourcePosition,
};
use flumen_base::{Error, Result, topic};
use prost::Message;

use crate::{Named, Output};

/// The record of `flumen.rejects` for one whose key is no camera's id.
pub fn reject_stray(key: &[u8], at: SourcePosition, data: &Bytes, timestamp_us: i64) -> Named {
    let camera: String = String::from_utf8_lossy(key).chars().take(80).collect();
    let why = "the record's key is not the id of a camera";
    let output = reject(&camera, at, data, why.to_owned());
    Named::of(&output, &Bytes::copy_from_slice(key), timestamp_us)
}

/// The header `h` of a record.
pub(crate) fn read_header(header: Option<&[u8]>) -> Result<PacketHeader> {
    let header = header.ok_or_else(|| Error::data_loss("the record has no header `h`"))?;
    PacketHeader::decode(header)
        .map_err(|e| Error::data_loss(format!("the record's header can't be read: {e}")))
}

/// A record that is not used, and why.
pub(crate) fn reject(camera: &str, at: SourcePosition, data: &Bytes, reason: String) -> Output {
    Output::Reject(Reject {
        camera: camera.to_owned(),
        topic: topic::VIDEO.into(),
        source: Some(at),
        reason,
        head: data.slice(..data.len().min(64)),
    })
}

/// A unit that is left out by order.
pub(crate) fn shed_frame(at: SourcePosition, h: &PacketHeader, record: &Camera) -> FrameResult {
    FrameResult {
        camera: h.camera.clone(),
        epoch: h.epoch,
        sequence: h.sequence,
        pts_us: h.pts_us,
        capture_us: h.capture_us,
        width: h.width,
        height: h.height,
        gate: Gate::Shed.into(),
        source: Some(at),
        policy_version: record.version,
        ..FrameResult::default()
    }
}

/// A group of pictures that is left out because it crashed the process.
pub(crate) fn crash_gap(camera: &str, start_us: i64, end_us: i64) -> Output {
    Output::Gap(Gap {
        camera: camera.to_owned(),
        start_us,
        end_us,
        cause: GapCause::Decoder.into(),
        detail: "a group of pictures that crashed the decoder twice".into(),
    })
}
