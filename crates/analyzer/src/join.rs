//! Access units that travel in parts, put together again.
//!
//! Invariants: parts of one unit follow each other; at most `limit` bytes are held.

use bytes::{Bytes, BytesMut};
use flumen_base::wire::PacketHeader;
use flumen_base::{Error, Packet, Result};

/// The parts of the unit that is on its way.
#[derive(Default)]
pub(crate) struct Joiner {
    open: Option<Open>,
}

struct Open {
    header: PacketHeader,
    data: BytesMut,
}

/// What a packet adds up to.
pub(crate) enum Joined {
    /// A whole access unit, under the header of its first part.
    Whole(PacketHeader, Bytes),
    /// More parts must come.
    Waiting,
}

impl Joiner {
    /// Takes a packet.
    ///
    /// # Errors
    /// `DataLoss` when a part is missing, `Exhausted` above `limit` bytes; what was held is
    /// dropped.
    pub(crate) fn take(&mut self, packet: &Packet, limit: usize) -> Result<Joined> {
        let header = &packet.header;
        if header.parts <= 1 {
            let cut = self.open.take();
            if packet.data.len() > limit {
                return Err(too_long(header, limit));
            }
            // The hole that a cut unit leaves shows in the sequence numbers.
            drop(cut);
            return Ok(Joined::Whole(header.clone(), packet.data.clone()));
        }
        if header.part == 0 {
            self.open = Some(Open { header: header.clone(), data: BytesMut::new() });
        }
        let missing = || {
            Error::data_loss(format!(
                "camera {}: unit {}/{} lacks the part before part {} of {}",
                header.camera, header.epoch, header.sequence, header.part, header.parts
            ))
        };
        let mut open = self.open.take().ok_or_else(missing)?;
        let same = (open.header.epoch, open.header.sequence) == (header.epoch, header.sequence);
        let next = header.part == 0 || open.header.part + 1 == header.part;
        if !same || !next || header.part >= header.parts {
            return Err(missing());
        }
        if open.data.len() + packet.data.len() > limit {
            return Err(too_long(header, limit));
        }
        open.header.part = header.part;
        open.data.extend_from_slice(&packet.data);
        if header.part + 1 < header.parts {
            self.open = Some(open);
            return Ok(Joined::Waiting);
        }
        (open.header.part, open.header.parts) = (0, 0);
        Ok(Joined::Whole(open.header, open.data.freeze()))
    }

    /// The unit on its way: header of its newest part, bytes so far.
    pub(crate) fn open(&self) -> Option<(&PacketHeader, &[u8])> {
        self.open.as_ref().map(|o| (&o.header, &o.data[..]))
    }

    /// A joiner in the middle of a unit.
    pub(crate) fn resume(header: PacketHeader, data: &[u8]) -> Joiner {
        Joiner { open: Some(Open { header, data: BytesMut::from(data) }) }
    }

    /// Drops what is held.
    pub(crate) fn clear(&mut self) {
        self.open = None;
    }
}

fn too_long(header: &PacketHeader, limit: usize) -> Error {
    Error::exhausted(format!(
        "camera {}: unit {}/{} is longer than {limit} bytes",
        header.camera, header.epoch, header.sequence
    ))
}
