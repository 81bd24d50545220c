//! Bits of a NAL unit's payload: emulation prevention taken out, Exp-Golomb read.
//!
//! Spec: ITU-T H.264 s7.3.1, s9.1.

/// The payload of a NAL unit behind its header, without emulation prevention bytes.
///
/// At most `limit` bytes are made: parameter sets are small, hostile ones need not be.
pub(super) fn payload(nal: &[u8], header: usize, limit: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(nal.len().min(limit));
    let mut zeros = 0;
    for &byte in nal.get(header..).unwrap_or(&[]) {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
        if out.len() == limit {
            break;
        }
    }
    out
}

/// The payload with emulation prevention bytes put in.
pub(super) fn escape(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 8);
    let mut zeros = 0;
    for &byte in payload {
        if zeros >= 2 && byte <= 3 {
            out.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

/// Reads bits from the most significant on; `None` behind the end.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8]) -> Bits<'a> {
        Bits { data, at: 0 }
    }

    pub(super) fn bit(&mut self) -> Option<bool> {
        let byte = self.data.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit == 1)
    }

    /// At most 32 bits.
    pub(super) fn bits(&mut self, count: u32) -> Option<u32> {
        let mut value = 0u32;
        for _ in 0..count {
            value = value << 1 | u32::from(self.bit()?);
        }
        Some(value)
    }

    pub(super) fn skip(&mut self, count: usize) -> Option<()> {
        self.at = self.at.checked_add(count)?;
        (self.at <= self.data.len() * 8).then_some(())
    }

    /// Unsigned Exp-Golomb.
    pub(super) fn ue(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.bit()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        ((1u32 << zeros) - 1).checked_add(self.bits(zeros)?)
    }

    /// Signed Exp-Golomb.
    pub(super) fn se(&mut self) -> Option<i32> {
        let coded = i64::from(self.ue()?);
        let size = (coded + 1) / 2;
        i32::try_from(if coded % 2 == 1 { size } else { -size }).ok()
    }
}
