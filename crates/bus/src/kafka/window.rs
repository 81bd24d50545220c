//! The records between the oldest that is not delivered and the newest that was read.
//!
//! Invariants: holds no payload; as long as what was read and is not delivered in order.

use std::collections::VecDeque;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Read from the spool, or given back by a producer that failed.
    Waiting,
    Sent,
    /// Delivered, dropped or unreadable.
    Done,
}

/// One record on its way.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub number: Option<u64>,
    pub bytes: u64,
    pub at_us: i64,
    stage: Stage,
}

#[derive(Debug)]
pub(crate) struct Window {
    base: u64,
    items: VecDeque<Item>,
    sent_bytes: u64,
    sent: usize,
}

impl Window {
    pub(crate) fn new(base: u64) -> Window {
        Window { base, items: VecDeque::new(), sent_bytes: 0, sent: 0 }
    }

    /// The oldest offset that is not done.
    pub(crate) fn base(&self) -> u64 {
        self.base
    }

    /// Bytes and records that a producer holds.
    pub(crate) fn sent(&self) -> (u64, usize) {
        (self.sent_bytes, self.sent)
    }

    /// Records from the base to the newest that was read.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Timestamp of the oldest record that is known and not done.
    pub(crate) fn oldest_us(&self) -> Option<i64> {
        self.items.front().map(|i| i.at_us)
    }

    fn get(&mut self, offset: u64) -> Option<&mut Item> {
        let at = usize::try_from(offset.checked_sub(self.base)?).ok()?;
        self.items.get_mut(at)
    }

    /// Notes that a record was read; false when it is done already.
    pub(crate) fn read(
        &mut self,
        offset: u64,
        number: Option<u64>,
        bytes: u64,
        at_us: i64,
    ) -> bool {
        if offset < self.base {
            return false;
        }
        // Offsets are told without a hole; what is passed over is done.
        while self.base + (self.items.len() as u64) < offset {
            self.items.push_back(Item { number: None, bytes: 0, at_us, stage: Stage::Done });
        }
        if let Some(item) = self.get(offset) {
            return item.stage == Stage::Waiting;
        }
        self.items.push_back(Item { number, bytes, at_us, stage: Stage::Waiting });
        true
    }

    pub(crate) fn hand(&mut self, offset: u64) {
        if let Some(item) = self.get(offset) {
            item.stage = Stage::Sent;
            let bytes = item.bytes;
            self.sent_bytes += bytes;
            self.sent += 1;
        }
    }

    fn leave(&mut self, offset: u64, stage: Stage) -> Option<Item> {
        let item = self.get(offset)?;
        let was = std::mem::replace(&mut item.stage, stage);
        let found = item.clone();
        if was == Stage::Sent {
            self.sent_bytes = self.sent_bytes.saturating_sub(found.bytes);
            self.sent = self.sent.saturating_sub(1);
        }
        (was != Stage::Done).then_some(found)
    }

    /// The producer gave it back.
    pub(crate) fn give_back(&mut self, offset: u64) {
        if self.leave(offset, Stage::Waiting).is_none()
            && let Some(item) = self.get(offset)
        {
            item.stage = Stage::Done;
        }
    }

    /// It needs no more work; returns it when that is news.
    pub(crate) fn done(&mut self, offset: u64) -> Option<Item> {
        self.leave(offset, Stage::Done)
    }

    /// Moves the base over what is done; true when it moved.
    pub(crate) fn advance(&mut self) -> bool {
        let before = self.base;
        while self.items.front().is_some_and(|i| i.stage == Stage::Done) {
            self.items.pop_front();
            self.base += 1;
        }
        self.base > before
    }

    /// All that a producer held is given back: it is gone.
    pub(crate) fn give_all_back(&mut self) {
        for item in &mut self.items {
            if item.stage == Stage::Sent {
                item.stage = Stage::Waiting;
            }
        }
        self.sent = 0;
        self.sent_bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_passes_only_what_is_done() {
        let mut window = Window::new(5);
        for offset in 5..9 {
            assert!(window.read(offset, Some(offset), 10, offset as i64));
            window.hand(offset);
        }
        assert_eq!(window.sent(), (40, 4));
        assert!(window.done(6).is_some() && window.done(6).is_none());
        assert!(!window.advance());
        assert!(window.done(5).is_some());
        assert!(window.advance());
        assert_eq!((window.base(), window.sent(), window.oldest_us()), (7, (20, 2), Some(7)));
        assert!(window.done(5).is_none(), "long gone");
    }

    #[test]
    fn after_a_failed_producer_only_what_is_not_delivered_is_read_again() {
        let mut window = Window::new(0);
        for offset in 0..4 {
            window.read(offset, None, 1, 0);
            window.hand(offset);
        }
        window.done(2);
        window.give_back(1);
        window.give_back(2);
        window.give_all_back();
        let again: Vec<bool> = (0..4).map(|offset| window.read(offset, None, 1, 0)).collect();
        assert_eq!(again, [true, true, false, true]);
        assert!(window.read(7, None, 1, 0), "4 to 6 expired");
        for offset in [0, 1, 3, 7] {
            window.done(offset);
        }
        window.advance();
        assert_eq!((window.base(), window.sent()), (8, (0, 0)));
    }
}
