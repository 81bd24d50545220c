//! What waits for one client.
//!
//! Invariants: at most `MAX_UNITS` units and `MAX_BYTES` beside the backlog it began with,
//! at most `MAX_BOXES` boxes; units come without a hole or after a [`Item::Skip`] and then
//! from a key picture on; the newest state is never left out.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flumen_base::wire::FrameResult;
use tokio::sync::Notify;

use super::unit::LiveUnit;
use crate::face::State;

const MAX_UNITS: usize = 512;
const MAX_BYTES: usize = 32 << 20;
const MAX_BOXES: usize = 256;
/// A client further behind than this goes to the next key picture.
const MAX_BEHIND_US: i64 = 2_000_000;

/// One thing to tell.
#[derive(Clone, Debug)]
pub(crate) enum Item {
    /// How the camera is, why, and what is late.
    State(State, Option<String>, Option<Arc<str>>),
    /// Pictures were left out; a key picture follows.
    Skip(&'static str),
    /// A picture.
    Unit(Arc<LiveUnit>),
    /// What a picture holds.
    Boxes(Arc<FrameResult>),
}

/// What waits for one client.
#[derive(Default)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    more: Notify,
}

#[derive(Default)]
struct Inner {
    state: Option<(State, Option<String>, Option<Arc<str>>)>,
    backlog: VecDeque<Arc<LiveUnit>>,
    items: VecDeque<Item>,
    units: usize,
    bytes: usize,
    boxes: usize,
    /// Nothing is taken before the next key picture.
    waiting: bool,
    /// Why pictures were left out, until it is told.
    why: Option<&'static str>,
    left_out: u64,
}

impl Queue {
    /// A queue that begins with the newest group, or with the next one if there is none.
    pub(crate) fn new(backlog: VecDeque<Arc<LiveUnit>>) -> Queue {
        let waiting = backlog.is_empty();
        Queue {
            inner: Mutex::new(Inner { backlog, waiting, ..Inner::default() }),
            ..Queue::default()
        }
    }

    /// Adds a picture; gives how many were left out for it.
    pub(crate) fn unit(&self, unit: &Arc<LiveUnit>) -> u64 {
        let left_out = self.lock().unit(unit);
        self.more.notify_one();
        left_out
    }

    /// Adds what a picture holds; the oldest goes when there are too many.
    pub(crate) fn boxes(&self, result: &Arc<FrameResult>) {
        self.lock().boxes(result);
        self.more.notify_one();
    }

    /// Says how the camera is now, and what is late.
    pub(crate) fn state(&self, state: State, reason: Option<String>, late: Option<Arc<str>>) {
        self.lock().state = Some((state, reason, late));
        self.more.notify_one();
    }

    /// What follows can't be shown before the next key picture.
    pub(crate) fn lost(&self, why: &'static str) {
        let mut inner = self.lock();
        inner.waiting = true;
        inner.why = Some(why);
    }

    /// The next thing to tell, if there is one.
    pub(crate) fn pop(&self) -> Option<Item> {
        self.lock().pop()
    }

    /// The next thing to tell. *Cancel safety*: nothing is lost.
    pub(crate) async fn next(&self) -> Item {
        loop {
            if let Some(item) = self.pop() {
                return item;
            }
            self.more.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn unit(&mut self, unit: &Arc<LiveUnit>) -> u64 {
        let before = self.left_out;
        let full = self.units >= MAX_UNITS || self.bytes + unit.data.len() > MAX_BYTES;
        if (unit.header.key && self.behind(unit)) || (full && !self.waiting) {
            self.clear("this viewer is slower than the camera");
        }
        if self.waiting && !unit.header.key {
            self.left_out += 1;
            return self.left_out - before;
        }
        self.waiting = false;
        if let Some(why) = self.why.take() {
            self.items.push_back(Item::Skip(why));
        }
        self.units += 1;
        self.bytes += unit.data.len();
        self.items.push_back(Item::Unit(unit.clone()));
        self.left_out - before
    }

    fn behind(&self, newest: &LiveUnit) -> bool {
        // The backlog is older than the newest key picture by nature: it counts only once
        // something waits behind it.
        let oldest = self.items.iter().find_map(|item| match item {
            Item::Unit(unit) => Some(unit.header.dts_us),
            _ => None,
        });
        oldest.is_some_and(|oldest| newest.header.dts_us.saturating_sub(oldest) > MAX_BEHIND_US)
    }

    /// Throws all waiting pictures away.
    fn clear(&mut self, why: &'static str) {
        self.left_out += (self.units + self.backlog.len()) as u64;
        self.backlog.clear();
        self.items.clear();
        (self.units, self.bytes, self.boxes) = (0, 0, 0);
        self.waiting = true;
        self.why = Some(why);
    }

    fn boxes(&mut self, result: &Arc<FrameResult>) {
        if self.boxes >= MAX_BOXES {
            let oldest = self.items.iter().position(|i| matches!(i, Item::Boxes(_)));
            if oldest.and_then(|at| self.items.remove(at)).is_some() {
                self.boxes -= 1;
            }
        }
        self.boxes += 1;
        self.items.push_back(Item::Boxes(result.clone()));
    }

    fn pop(&mut self) -> Option<Item> {
        if let Some((state, reason, late)) = self.state.take() {
            return Some(Item::State(state, reason, late));
        }
        if let Some(unit) = self.backlog.pop_front() {
            return Some(Item::Unit(unit));
        }
        let item = self.items.pop_front()?;
        match &item {
            Item::Unit(unit) => {
                self.units -= 1;
                self.bytes -= unit.data.len();
            }
            Item::Boxes(_) => self.boxes -= 1,
            Item::Skip(_) | Item::State(..) => {}
        }
        Some(item)
    }
}
