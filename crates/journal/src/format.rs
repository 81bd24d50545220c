//! The layout of segment and record headers: bytes to values and back.
//!
//! Invariants: nothing here allocates by a length that was read.
//! Spec: the tables at the head of `lib.rs`.
//! Not here: walking through a file (`scan`).

use crate::MAX_PAYLOAD_BYTES;

pub(crate) const SEGMENT_MAGIC: [u8; 8] = *b"FLMNJRNL";
pub(crate) const VERSION: u32 = 1;
/// Bytes before the first record.
pub(crate) const SEGMENT_HEADER_BYTES: u64 = 4096;
/// Bytes of one copy of the segment header.
const COPY_BYTES: usize = 64;
/// Where the copies stand: in different sectors.
const COPIES: [usize; 2] = [0, 2048];
pub(crate) const RECORD_MAGIC: [u8; 4] = *b"FLr1";
pub(crate) const RECORD_HEADER_BYTES: u64 = 40;
/// Behind the last offset that a log can give out: sums with offsets never overflow.
pub(crate) const END_OF_OFFSETS: u64 = 1 << 63;

/// What stands at the head of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub generation: u32,
    pub base: u64,
    pub salt: u64,
    pub created_us: i64,
}

/// What the first bytes of a file turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Head {
    Good(SegmentHeader),
    /// A whole header of a format that this build does not know.
    Newer(u32),
    Bad,
}

impl SegmentHeader {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut copy = Vec::with_capacity(COPY_BYTES);
        copy.extend_from_slice(&SEGMENT_MAGIC);
        copy.extend_from_slice(&VERSION.to_le_bytes());
        copy.extend_from_slice(&self.generation.to_le_bytes());
        copy.extend_from_slice(&self.base.to_le_bytes());
        copy.extend_from_slice(&self.salt.to_le_bytes());
        copy.extend_from_slice(&self.created_us.to_le_bytes());
        copy.resize(COPY_BYTES - 4, 0);
        let crc = crc32c::crc32c(&copy);
        copy.extend_from_slice(&crc.to_le_bytes());
        let mut all = vec![0; SEGMENT_HEADER_BYTES as usize];
        for at in COPIES {
            if let Some(place) = all.get_mut(at..at + COPY_BYTES) {
                place.copy_from_slice(&copy);
            }
        }
        all
    }

    pub(crate) fn decode(bytes: &[u8]) -> Head {
        let copies = COPIES.iter().filter_map(|&at| bytes.get(at..at + COPY_BYTES));
        copies.map(Self::decode_copy).find(|h| *h != Head::Bad).unwrap_or(Head::Bad)
    }

    fn decode_copy(copy: &[u8]) -> Head {
        let crc = u32_at(copy, COPY_BYTES - 4);
        let covered = copy.get(..COPY_BYTES - 4).unwrap_or_default();
        if !copy.starts_with(&SEGMENT_MAGIC) || crc != crc32c::crc32c(covered) {
            return Head::Bad;
        }
        match u32_at(copy, 8) {
            VERSION => Head::Good(SegmentHeader {
                generation: u32_at(copy, 12),
                base: u64_at(copy, 16),
                salt: u64_at(copy, 24),
                created_us: u64_at(copy, 32) as i64,
            }),
            other => Head::Newer(other),
        }
    }
}

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordKind {
    /// A record of the caller.
    Data,
    /// All below its offset is durable.
    Mark,
}

/// What stands before a record's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub kind: RecordKind,
    pub offset: u64,
    pub timestamp_us: i64,
    pub length: u32,
    pub payload_crc: u32,
}

impl RecordHeader {
    pub(crate) fn mark(synced: u64) -> RecordHeader {
        let kind = RecordKind::Mark;
        RecordHeader { kind, offset: synced, timestamp_us: 0, length: 0, payload_crc: 0 }
    }

    /// Bytes of the record with its payload.
    pub(crate) fn whole_bytes(&self) -> u64 {
        RECORD_HEADER_BYTES + u64::from(self.length)
    }

    pub(crate) fn encode_into(&self, salt: u64, position: u64, out: &mut Vec<u8>) {
        let kind: u32 = match self.kind {
            RecordKind::Data => 0,
            RecordKind::Mark => 1,
        };
        let mut rest = [0; 32];
        let fields = [
            (0, &self.length.to_le_bytes()[..]),
            (4, &self.payload_crc.to_le_bytes()[..]),
            (8, &self.offset.to_le_bytes()[..]),
            (16, &self.timestamp_us.to_le_bytes()[..]),
            (24, &kind.to_le_bytes()[..]),
        ];
        for (at, bytes) in fields {
            if let Some(place) = rest.get_mut(at..at + bytes.len()) {
                place.copy_from_slice(bytes);
            }
        }
        out.extend_from_slice(&RECORD_MAGIC);
        out.extend_from_slice(&header_crc(salt, position, &rest).to_le_bytes());
        out.extend_from_slice(&rest);
    }

    /// `None` unless these 40 bytes are a record header written at that place of that segment.
    pub(crate) fn decode(salt: u64, position: u64, bytes: &[u8]) -> Option<RecordHeader> {
        let rest = bytes.get(8..RECORD_HEADER_BYTES as usize)?;
        if !bytes.starts_with(&RECORD_MAGIC) || u32_at(bytes, 4) != header_crc(salt, position, rest)
        {
            return None;
        }
        let kind = match u32_at(rest, 24) {
            0 => RecordKind::Data,
            1 => RecordKind::Mark,
            _ => return None,
        };
        let header = RecordHeader {
            kind,
            length: u32_at(rest, 0),
            payload_crc: u32_at(rest, 4),
            offset: u64_at(rest, 8),
            timestamp_us: u64_at(rest, 16) as i64,
        };
        let last = END_OF_OFFSETS - u64::from(header.kind == RecordKind::Data);
        (header.length as usize <= MAX_PAYLOAD_BYTES && header.offset <= last).then_some(header)
    }
}

/// Salt and place are part of the sum, so bytes copied from elsewhere are no record here.
fn header_crc(salt: u64, position: u64, rest: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&salt.to_le_bytes());
    let crc = crc32c::crc32c_append(crc, &position.to_le_bytes());
    crc32c::crc32c_append(crc, rest)
}

/// Little-endian value at a place; 0 behind the end (the caller has checked the length).
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let field = bytes.get(at..at + 4).and_then(|b| b.try_into().ok());
    field.map_or(0, u32::from_le_bytes)
}

/// Little-endian value at a place; 0 behind the end (the caller has checked the length).
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let field = bytes.get(at..at + 8).and_then(|b| b.try_into().ok());
    field.map_or(0, u64::from_le_bytes)
}

/// The file name of a segment: sorts by offset, then by generation.
pub(crate) fn segment_name(base: u64, generation: u32) -> String {
    format!("{base:020}-{generation:010}.log")
}

/// Base offset and generation of a segment's file name.
pub(crate) fn parse_segment_name(name: &str) -> Option<(u64, u32)> {
    let (base, generation) = name.strip_suffix(".log")?.split_once('-')?;
    if base.len() != 20 || generation.len() != 10 {
        return None;
    }
    let (base, generation) = (base.parse().ok()?, generation.parse().ok()?);
    (base <= END_OF_OFFSETS && generation < u32::MAX).then_some((base, generation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_header_is_valid_at_its_place_only() {
        let header = RecordHeader {
            kind: RecordKind::Data,
            offset: 7,
            timestamp_us: -3,
            length: 5,
            payload_crc: 9,
        };
        let mut bytes = Vec::new();
        header.encode_into(1, 4096, &mut bytes);
        assert_eq!(bytes.len() as u64, RECORD_HEADER_BYTES);
        assert_eq!(RecordHeader::decode(1, 4096, &bytes), Some(header));
        assert_eq!(RecordHeader::decode(1, 4136, &bytes), None);
        assert_eq!(RecordHeader::decode(2, 4096, &bytes), None);
    }

    #[test]
    fn offsets_at_the_end_of_their_numbers_are_no_records_and_no_segments() {
        let decoded = |kind, offset| {
            let header = RecordHeader { kind, offset, timestamp_us: 0, length: 0, payload_crc: 0 };
            let mut bytes = Vec::new();
            header.encode_into(1, 4096, &mut bytes);
            // As the only record of a log that is opened, read and written.
            crate::fuzz_recovery(&[&[1], bytes.as_slice()].concat());
            RecordHeader::decode(1, 4096, &bytes).is_some()
        };
        assert!(decoded(RecordKind::Data, END_OF_OFFSETS - 1));
        assert!(decoded(RecordKind::Mark, END_OF_OFFSETS));
        assert!(!decoded(RecordKind::Data, END_OF_OFFSETS));
        assert!(!decoded(RecordKind::Mark, u64::MAX));
        assert_eq!(parse_segment_name("18446744073709551615-0000000001.log"), None);
        assert_eq!(parse_segment_name("00000000000000000000-4294967295.log"), None);
    }

    #[test]
    fn one_copy_of_a_segment_header_is_enough() {
        let header = SegmentHeader { generation: 3, base: 9, salt: 5, created_us: 1 };
        let mut bytes = header.encode();
        bytes[..512].fill(0xAA);
        assert_eq!(SegmentHeader::decode(&bytes), Head::Good(header));
        bytes[2048] ^= 1;
        assert_eq!(SegmentHeader::decode(&bytes), Head::Bad);
        assert_eq!(SegmentHeader::decode(&[]), Head::Bad);
    }

    #[test]
    fn names_sort_and_parse() {
        assert_eq!(parse_segment_name(&segment_name(12, 3)), Some((12, 3)));
        assert_eq!(parse_segment_name("tables.sqlite"), None);
        assert!(segment_name(9, 9) < segment_name(10, 1));
    }
}
