//! Access units above 8 MiB, joined from the records they travel in.
//!
//! Invariants: at most one unfinished unit a stream and epoch, at most `MAX` bytes; parts of
//! another unit, or a missing part, drop what was begun.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use flumen_base::wire::PacketHeader;

/// Larger units are dropped.
const MAX: usize = 64 << 20;

/// A camera's stream in one epoch.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Line {
    pub camera: String,
    pub stream: i32,
    pub epoch: u64,
}

impl Line {
    /// The line that a unit belongs to.
    pub(crate) fn of(header: &PacketHeader) -> Line {
        Line { camera: header.camera.clone(), stream: header.stream, epoch: header.epoch }
    }
}

struct Begun {
    sequence: u64,
    parts: u32,
    /// Offset of the first part.
    first: u64,
    partition: u32,
    data: BytesMut,
    next: u32,
}

/// Units whose last part is still to come.
#[derive(Default)]
pub(crate) struct Joiner(HashMap<Line, Begun>);

impl Joiner {
    /// Takes a record; gives the whole unit with the offset of its first part when it is there.
    pub(crate) fn take(
        &mut self,
        at: (u32, u64),
        header: &PacketHeader,
        data: Bytes,
    ) -> Option<(u64, Bytes)> {
        if header.parts <= 1 {
            return Some((at.1, data));
        }
        let line = Line::of(header);
        if header.part == 0 {
            let begun = Begun {
                sequence: header.sequence,
                parts: header.parts,
                first: at.1,
                partition: at.0,
                data: BytesMut::from(data.as_ref()),
                next: 1,
            };
            self.0.insert(line, begun);
            return None;
        }
        let begun = self.0.get_mut(&line)?;
        let fits = begun.sequence == header.sequence
            && begun.next == header.part
            && begun.parts == header.parts
            && begun.data.len() + data.len() <= MAX;
        if !fits {
            self.0.remove(&line);
            return None;
        }
        begun.data.extend_from_slice(&data);
        begun.next += 1;
        if begun.next < begun.parts {
            return None;
        }
        self.0.remove(&line).map(|done| (done.first, done.data.freeze()))
    }

    /// Lowest offset of a partition that an unfinished unit needs.
    pub(crate) fn lowest(&self, partition: u32) -> Option<u64> {
        self.0.values().filter(|b| b.partition == partition).map(|b| b.first).min()
    }

    /// Forgets what a line has begun.
    pub(crate) fn forget(&mut self, line: &Line) {
        self.0.remove(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(sequence: u64, part: u32, parts: u32) -> PacketHeader {
        PacketHeader { camera: "yard".into(), sequence, part, parts, ..Default::default() }
    }

    #[test]
    fn parts_are_joined_and_holes_are_dropped() {
        let mut joiner = Joiner::default();
        let bytes = Bytes::from_static;
        assert_eq!(joiner.take((0, 5), &part(1, 0, 0), bytes(b"x")), Some((5, bytes(b"x"))));
        assert_eq!(joiner.take((0, 6), &part(2, 0, 2), bytes(b"ab")), None);
        assert_eq!(joiner.lowest(0), Some(6));
        assert_eq!(joiner.take((0, 8), &part(2, 1, 2), bytes(b"c")), Some((6, bytes(b"abc"))));
        assert_eq!(joiner.take((0, 9), &part(3, 0, 3), bytes(b"ab")), None);
        assert_eq!(joiner.take((0, 10), &part(3, 2, 3), bytes(b"c")), None);
        assert_eq!(joiner.lowest(0), None);
        assert_eq!(joiner.take((0, 11), &part(4, 1, 2), bytes(b"c")), None);
    }
}
