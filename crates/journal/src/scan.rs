//! Walking through a segment record by record, over damage too.
//!
//! Invariants: each step goes forward by at least one byte or ends; a length that was read is
//! believed only when the header's sum holds; time is linear in the bytes.
//! Not here: what damage means (`recovery` for the tail, `reader` for the rest).

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::disk::DiskFile;
use crate::format::{RECORD_HEADER_BYTES, RECORD_MAGIC, RecordHeader, SEGMENT_HEADER_BYTES};
use crate::window::Window;

const SEARCH_BYTES: usize = 64 << 10;

/// What stands at a place of a segment.
pub(crate) enum Item {
    /// A whole record; the payload is empty when it was not asked for.
    Record { header: RecordHeader, payload: Bytes, position: u64 },
    /// A record whose header is good and whose payload is not.
    BadPayload { position: u64 },
    /// Bytes that are no record; the scan goes on behind them.
    Skipped { position: u64 },
    /// The limit; `clean` unless bytes that are no record stand before it.
    End { position: u64, clean: bool },
}

/// What is wanted of payloads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payload {
    /// Checked and copied out.
    Copy,
    /// Checked only.
    Check,
    /// Jumped over.
    Jump,
}

pub(crate) struct Scanner {
    window: Window,
    salt: u64,
    position: u64,
}

impl Scanner {
    /// Begins at `position`, at least behind the segment header.
    pub(crate) fn new(file: Arc<dyn DiskFile>, salt: u64, position: u64) -> Scanner {
        Scanner { window: Window::new(file), salt, position: position.max(SEGMENT_HEADER_BYTES) }
    }

    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Goes on at a place further behind.
    pub(crate) fn jump(&mut self, position: u64) {
        self.position = self.position.max(position);
    }

    /// The next item before `limit`. After an error the same step can be tried again.
    pub(crate) fn step(&mut self, limit: u64, want: Payload) -> io::Result<Item> {
        let position = self.position;
        if position >= limit {
            return Ok(Item::End { position, clean: true });
        }
        let Some(header) = self.header_at(position, limit)? else {
            return self.search(limit);
        };
        let end = position + header.whole_bytes();
        if end > limit {
            return self.search(limit);
        }
        let item = self.payload(header, position, limit, want)?;
        self.position = end;
        Ok(item)
    }

    fn header_at(&mut self, position: u64, limit: u64) -> io::Result<Option<RecordHeader>> {
        let bytes = self.window.get(position, RECORD_HEADER_BYTES as usize, limit)?;
        Ok(bytes.and_then(|b| RecordHeader::decode(self.salt, position, b)))
    }

    fn payload(
        &mut self,
        header: RecordHeader,
        position: u64,
        limit: u64,
        want: Payload,
    ) -> io::Result<Item> {
        if want == Payload::Jump {
            return Ok(Item::Record { header, payload: Bytes::new(), position });
        }
        let at = position + RECORD_HEADER_BYTES;
        let found = self.window.get(at, header.length as usize, limit)?;
        let Some(bytes) = found.filter(|b| crc32c::crc32c(b) == header.payload_crc) else {
            return Ok(Item::BadPayload { position });
        };
        let payload =
            if want == Payload::Copy { Bytes::copy_from_slice(bytes) } else { Bytes::new() };
        Ok(Item::Record { header, payload, position })
    }

    /// Looks for the next whole record header behind the bad place.
    fn search(&mut self, limit: u64) -> io::Result<Item> {
        let bad = self.position;
        let mut at = bad + 1;
        while at + RECORD_HEADER_BYTES <= limit {
            let piece = SEARCH_BYTES.min((limit - at) as usize);
            let Some(bytes) = self.window.get(at, piece, limit)? else { break };
            let Some(found) = bytes.windows(4).position(|w| w == RECORD_MAGIC) else {
                at += (piece - 3) as u64;
                continue;
            };
            at += found as u64;
            let header = self.header_at(at, limit)?;
            if header.is_some_and(|h| at + h.whole_bytes() <= limit) {
                self.position = at;
                return Ok(Item::Skipped { position: bad });
            }
            at += 1;
        }
        self.position = limit;
        Ok(Item::End { position: bad, clean: false })
    }
}
