//! The newest group of pictures of one stream: where a new client begins.
//!
//! Invariants: holds units from a key picture on, without a hole, of one epoch, at most
//! `MAX_BYTES`; a longer group is not held and a new client waits for the next key picture.
//! Not here: who gets them (`hub`).

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use flumen_base::wire::PacketHeader;

use super::unit::LiveUnit;

/// Most bytes of one ring.
pub(crate) const MAX_BYTES: usize = 24 << 20;

/// What becomes of a unit.
#[derive(Debug)]
pub(crate) enum Taken {
    /// For all clients.
    Forward(Arc<LiveUnit>),
    /// It can't be shown, and what follows neither until the next key picture; told once.
    Lost(&'static str),
    /// Not for clients.
    Ignored,
}

/// The newest group of pictures.
#[derive(Default)]
pub(crate) struct Ring {
    units: VecDeque<Arc<LiveUnit>>,
    bytes: usize,
    newest_key: Option<Arc<LiveUnit>>,
    epoch: u64,
    next_sequence: Option<u64>,
    /// Nothing can be shown until the next key picture.
    waiting: bool,
}

impl Ring {
    /// Takes the next unit of the stream.
    pub(crate) fn take(&mut self, header: PacketHeader, data: Bytes, room: usize) -> Taken {
        // A former owner may write for a while after its successor.
        if header.epoch < self.epoch {
            return Taken::Ignored;
        }
        if header.epoch > self.epoch || self.next_sequence.is_none() {
            self.epoch = header.epoch;
            self.next_sequence = Some(header.sequence);
            self.forget();
            self.waiting = true;
        }
        let expected = self.next_sequence.unwrap_or(0);
        if header.sequence < expected {
            return Taken::Ignored;
        }
        self.next_sequence = Some(header.sequence.wrapping_add(1));
        if header.key && !header.corrupt {
            self.forget();
            self.waiting = false;
        } else if self.waiting {
            return Taken::Ignored;
        } else if header.sequence > expected || header.corrupt {
            self.forget();
            self.waiting = true;
            return Taken::Lost(match header.corrupt {
                true => "a picture arrived damaged",
                false => "pictures are missing",
            });
        }
        let unit = Arc::new(LiveUnit::new(header, data));
        if unit.header.key {
            self.newest_key = Some(unit.clone());
        }
        self.hold(&unit, room);
        Taken::Forward(unit)
    }

    fn hold(&mut self, unit: &Arc<LiveUnit>, room: usize) {
        if self.units.is_empty() && !unit.header.key {
            return;
        }
        if self.bytes + unit.data.len() > MAX_BYTES.min(self.bytes + room) {
            return self.forget();
        }
        self.bytes += unit.data.len();
        self.units.push_back(unit.clone());
    }

    fn forget(&mut self) {
        self.units.clear();
        self.bytes = 0;
    }

    /// Units a new client begins with; empty when it must wait for the next key picture.
    pub(crate) fn backlog(&self) -> VecDeque<Arc<LiveUnit>> {
        self.units.clone()
    }

    /// The newest key picture, also when its group is not held.
    pub(crate) fn newest_key(&self) -> Option<Arc<LiveUnit>> {
        self.newest_key.clone()
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(epoch: u64, sequence: u64, key: bool) -> PacketHeader {
        PacketHeader { epoch, sequence, key, ..PacketHeader::default() }
    }

    fn go(ring: &mut Ring, epoch: u64, sequence: u64, key: bool) -> &'static str {
        match ring.take(header(epoch, sequence, key), Bytes::from_static(b"12345"), 1 << 30) {
            Taken::Forward(_) => "forward",
            Taken::Lost(_) => "lost",
            Taken::Ignored => "ignored",
        }
    }

    fn held(ring: &Ring) -> Vec<u64> {
        ring.backlog().iter().map(|u| u.header.sequence).collect()
    }

    #[test]
    fn holds_the_newest_group_from_its_key_on() {
        let mut ring = Ring::default();
        assert_eq!(go(&mut ring, 1, 7, false), "ignored");
        assert_eq!(go(&mut ring, 1, 8, true), "forward");
        assert_eq!(go(&mut ring, 1, 9, false), "forward");
        assert_eq!(held(&ring), [8, 9]);
        assert_eq!(go(&mut ring, 1, 9, false), "ignored", "a repeat");
        assert_eq!(go(&mut ring, 1, 10, true), "forward");
        assert_eq!((held(&ring), ring.bytes()), (vec![10], 5));
    }

    #[test]
    fn a_count_that_wraps_goes_on_with_zero() {
        let mut ring = Ring::default();
        assert_eq!(go(&mut ring, 1, u64::MAX - 1, true), "forward");
        assert_eq!(go(&mut ring, 1, u64::MAX, false), "forward");
        assert_eq!(go(&mut ring, 1, 0, false), "forward");
        assert_eq!(go(&mut ring, 1, 1, true), "forward");
        assert_eq!(held(&ring), [1]);
    }

    #[test]
    fn a_hole_or_damage_waits_for_the_next_key() {
        let mut ring = Ring::default();
        go(&mut ring, 1, 0, true);
        assert_eq!(go(&mut ring, 1, 2, false), "lost");
        assert_eq!(go(&mut ring, 1, 3, false), "ignored", "told once");
        assert!(held(&ring).is_empty());
        assert_eq!(go(&mut ring, 1, 4, true), "forward");
        let damaged = PacketHeader { corrupt: true, ..header(1, 5, false) };
        assert!(matches!(ring.take(damaged, Bytes::new(), 1 << 30), Taken::Lost(_)));
        assert_eq!(ring.newest_key().unwrap().header.sequence, 4);
    }

    #[test]
    fn a_new_epoch_begins_anew_and_the_old_one_is_over() {
        let mut ring = Ring::default();
        go(&mut ring, 2, 100, true);
        assert_eq!(go(&mut ring, 3, 0, false), "ignored");
        assert_eq!(go(&mut ring, 3, 1, true), "forward");
        assert_eq!(go(&mut ring, 2, 101, true), "ignored");
        assert_eq!(held(&ring), [1]);
    }

    #[test]
    fn a_group_that_is_too_long_is_forwarded_but_not_held() {
        let mut ring = Ring::default();
        go(&mut ring, 1, 0, true);
        let big = Bytes::from(vec![0; MAX_BYTES]);
        assert!(matches!(ring.take(header(1, 1, false), big, 1 << 30), Taken::Forward(_)));
        assert_eq!((held(&ring).len(), ring.bytes()), (0, 0));
        assert_eq!(go(&mut ring, 1, 2, false), "forward");
        assert!(held(&ring).is_empty(), "a group is held from its key on or not at all");
        let none = ring.take(header(1, 3, true), Bytes::from_static(b"1"), 0);
        assert!(matches!(none, Taken::Forward(_)) && held(&ring).is_empty(), "no room at all");
    }
}
