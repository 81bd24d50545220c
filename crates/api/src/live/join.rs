//! Access units above 8 MiB travel in parts: this puts them together.
//!
//! Invariants: at most one unit is under way, at most `MAX_BYTES` long.

use bytes::{Bytes, BytesMut};
use flumen_base::wire::PacketHeader;

const MAX_BYTES: usize = 64 << 20;

/// Puts parts together, for one stream of one camera.
#[derive(Default)]
pub(crate) struct Join {
    under_way: Option<(PacketHeader, BytesMut)>,
}

impl Join {
    /// The whole unit, once its last part is here; parts out of order are thrown away.
    pub(crate) fn part(
        &mut self,
        header: PacketHeader,
        data: Bytes,
    ) -> Option<(PacketHeader, Bytes)> {
        if header.parts <= 1 {
            self.under_way = None;
            return Some((header, data));
        }
        if header.part == 0 {
            let last = header.parts - 1;
            self.under_way = Some((header, BytesMut::from(&data[..])));
            return (last == 0).then(|| self.whole()).flatten();
        }
        let fits = self.under_way.as_ref().is_some_and(|(first, so_far)| {
            (first.epoch, first.sequence, first.parts)
                == (header.epoch, header.sequence, header.parts)
                && first.part + 1 == header.part
                && so_far.len() + data.len() <= MAX_BYTES
        });
        if !fits {
            self.under_way = None;
            return None;
        }
        if let Some((first, so_far)) = &mut self.under_way {
            so_far.extend_from_slice(&data);
            first.part = header.part;
        }
        (header.part + 1 == header.parts).then(|| self.whole()).flatten()
    }

    fn whole(&mut self) -> Option<(PacketHeader, Bytes)> {
        self.under_way.take().map(|(mut header, data)| {
            (header.part, header.parts) = (0, 0);
            (header, data.freeze())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(sequence: u64, part: u32, parts: u32) -> PacketHeader {
        PacketHeader { sequence, part, parts, ..PacketHeader::default() }
    }

    #[test]
    fn parts_become_a_unit_and_holes_do_not() {
        let mut join = Join::default();
        let b = Bytes::from_static;
        assert_eq!(join.part(part(1, 0, 3), b(b"a")), None);
        assert_eq!(join.part(part(1, 1, 3), b(b"b")), None);
        let (header, data) = join.part(part(1, 2, 3), b(b"c")).unwrap();
        assert_eq!((header.parts, &data[..]), (0, &b"abc"[..]));

        assert_eq!(join.part(part(2, 0, 3), b(b"a")), None);
        assert_eq!(join.part(part(2, 2, 3), b(b"c")), None);
        assert_eq!(join.part(part(3, 1, 2), b(b"b")), None);
        assert!(join.part(part(4, 0, 0), b(b"x")).is_some());
        assert!(join.part(part(5, 0, 1), b(b"x")).is_some());
    }
}
