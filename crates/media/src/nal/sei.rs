//! SEI messages: the recovery point, and user data of our own.
//!
//! Spec: ITU-T H.264 s7.3.2.3, D.1.6, D.1.8; ITU-T H.265 s7.3.2.4, D.2.6.

use bytes::Bytes;
use flumen_base::wire::Codec;

use super::bits::{escape, payload};
use super::{NalKind, START_CODE, kind, units};

const USER_DATA_UNREGISTERED: u32 = 5;
const RECOVERY_POINT: u32 = 6;
/// SEI NAL units above this size are not looked into further.
const LIMIT: usize = 64 * 1024;

/// The messages of an SEI payload, `(type, bytes)`.
fn messages(mut rest: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    std::iter::from_fn(move || {
        if rest.len() < 2 {
            return None; // only the stop bit is left
        }
        let (kind, behind) = number(rest)?;
        let (size, behind) = number(behind)?;
        let size = usize::try_from(size).ok()?;
        let body = behind.get(..size)?;
        rest = behind.get(size..)?;
        Some((kind, body))
    })
}

/// A number written as bytes of 255 and a last smaller one.
fn number(data: &[u8]) -> Option<(u32, &[u8])> {
    let full = data.iter().take_while(|&&b| b == 255).count();
    let last = u32::from(*data.get(full)?);
    Some((u32::try_from(full).ok()?.checked_mul(255)?.checked_add(last)?, data.get(full + 1..)?))
}

/// True when an H.264 SEI NAL unit has a recovery point message.
pub(super) fn has_recovery_point(nal: &[u8]) -> bool {
    messages(&payload(nal, 1, LIMIT)).any(|(kind, _)| kind == RECOVERY_POINT)
}

fn header_len(codec: Codec) -> usize {
    if codec == Codec::H265 { 2 } else { 1 }
}

/// The payload of the first SEI message "user data unregistered" with this id.
pub fn sei_user_data(codec: Codec, data: &[u8], uuid: &[u8; 16]) -> Option<Vec<u8>> {
    units(data).take_while(|nal| !kind(codec, nal).is_slice()).find_map(|nal| {
        if kind(codec, nal) != NalKind::Sei {
            return None;
        }
        let body = payload(nal, header_len(codec), LIMIT);
        messages(&body)
            .filter(|(kind, _)| *kind == USER_DATA_UNREGISTERED)
            .find_map(|(_, message)| message.strip_prefix(uuid.as_slice()))
            .map(<[u8]>::to_vec)
    })
}

/// The access unit with an SEI message "user data unregistered" before its first slice.
///
/// A unit without slices, and a codec without SEI, comes back as it was.
pub fn with_sei_user_data(codec: Codec, data: &[u8], uuid: &[u8; 16], user: &[u8]) -> Bytes {
    if !matches!(codec, Codec::H264 | Codec::H265) {
        return Bytes::copy_from_slice(data);
    }
    let sei = make(codec, uuid, user);
    let mut out = Vec::with_capacity(data.len() + sei.len() + 8);
    let mut done = false;
    for nal in units(data) {
        if !done && kind(codec, nal).is_slice() {
            out.extend_from_slice(&sei);
            done = true;
        }
        out.extend_from_slice(&START_CODE);
        out.extend_from_slice(nal);
    }
    if done { out.into() } else { Bytes::copy_from_slice(data) }
}

/// Start code and SEI NAL unit.
fn make(codec: Codec, uuid: &[u8; 16], user: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(user.len() + 24);
    body.push(5);
    let size = user.len() + uuid.len();
    body.resize(body.len() + size / 255, 255);
    body.push((size % 255) as u8);
    body.extend_from_slice(uuid);
    body.extend_from_slice(user);
    body.push(0x80); // stop bit
    let header: &[u8] = if codec == Codec::H265 { &[39 << 1, 1] } else { &[6] };
    [&START_CODE, header, &escape(&body)].concat()
}
