//! Annex-B: network abstraction layer units, parameter sets, SEI.
//!
//! Spec: ITU-T H.264 (2021) s7.3, Annex B, D; ITU-T H.265 (2021) s7.3, Annex B, D;
//! codec strings RFC 6381, ISO/IEC 14496-15 Annex E.

use bytes::Bytes;
use flumen_base::wire::Codec;

/// Whether decoding can begin at an access unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It needs earlier pictures.
    None,
    /// Decoding can begin, and pictures shown before it may be damaged.
    Recovery,
    /// Nothing before it is needed.
    Idr,
}

/// The NAL units of an Annex-B access unit, without start codes.
pub fn units(_data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::empty()
}

/// Whether decoding can begin at this access unit; MJPEG always can.
pub fn access(_codec: Codec, _data: &[u8]) -> Access {
    Access::None
}

/// The parameter sets in an access unit, in its order.
pub fn parameter_sets(_codec: Codec, _data: &[u8]) -> Vec<&[u8]> {
    Vec::new()
}

/// First 8 bytes of SHA-256 over the parameter sets of a key unit.
pub fn parameter_hash(_codec: Codec, _data: &[u8]) -> u64 {
    0
}

/// Width and height that the parameter sets (MJPEG: the JPEG) state, after cropping.
pub fn size(_codec: Codec, _data: &[u8]) -> Option<(u32, u32)> {
    None
}

/// The codec string of RFC 6381 for a key unit, such as `avc1.64001f`.
pub fn codec_string(_codec: Codec, _data: &[u8]) -> Option<String> {
    None
}

/// The payload of the first SEI message "user data unregistered" with this id.
pub fn sei_user_data(_codec: Codec, _data: &[u8], _uuid: &[u8; 16]) -> Option<Vec<u8>> {
    None
}

/// The access unit with an SEI message "user data unregistered" before its first slice.
pub fn with_sei_user_data(_codec: Codec, data: &[u8], _uuid: &[u8; 16], _payload: &[u8]) -> Bytes {
    Bytes::copy_from_slice(data)
}
