//! What readers, writer, syncer and retention see together: segments, tails, who waits.
//!
//! Invariants: durable never passes written; both only grow, except that a failed sync takes
//! written back to durable; locks are held for look-ups only, never over I/O.
//! Not here: reading (`reader`), writing (`log`).

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::Visibility;
use crate::log::SyncFile;
use crate::segment::Segment;

/// Locks; a thread that panicked while holding it leaves values that are whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes one waiting reader of any number of logs.
#[derive(Debug, Default)]
pub struct Signal {
    count: Mutex<u64>,
    changed: Condvar,
}

impl Signal {
    /// How often it was told; take it before looking, hand it to `wait` after.
    pub fn seen(&self) -> u64 {
        *lock(&self.count)
    }

    /// Wakes who waits.
    pub fn tell(&self) {
        *lock(&self.count) += 1;
        self.changed.notify_all();
    }

    /// Waits until it was told since `seen`, or until `until`; true when it was told.
    pub fn wait(&self, seen: u64, until: Instant) -> bool {
        let mut count = lock(&self.count);
        while *count == seen {
            let left = until.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return false;
            }
            let woken = self.changed.wait_timeout(count, left);
            count = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

/// A place behind the last record that may be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    pub serial: u64,
    pub position: u64,
    pub offset: u64,
}

impl Tail {
    fn later(self, other: Tail) -> Tail {
        if (other.serial, other.position) > (self.serial, self.position) { other } else { self }
    }
}

#[derive(Default)]
struct Inner {
    segments: VecDeque<Arc<Segment>>,
    active: Option<Arc<SyncFile>>,
    written: Tail,
    durable: Tail,
    generation: u32,
}

/// Everything about the log that more than one thread looks at.
#[derive(Default)]
pub(crate) struct View {
    inner: Mutex<Inner>,
    waiting: Mutex<Vec<(Weak<Signal>, Visibility)>>,
}

/// What a reader needs to go on at an offset.
pub(crate) enum Place {
    /// Nothing to read yet.
    AtEnd,
    /// The offset is below the first that is kept.
    Before { first: u64 },
    /// In this segment, up to that limit.
    In { segment: Arc<Segment>, limit: Limit },
}

/// How far a segment may be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub position: u64,
    /// First offset that is not in this segment, or not readable yet.
    pub offset: u64,
}

impl View {
    pub(crate) fn new(segments: Vec<Arc<Segment>>, next: u64) -> View {
        let last = segments.last();
        let tail = Tail {
            serial: last.map_or(0, |s| s.serial),
            position: last.map_or(0, |s| s.length()),
            offset: next,
        };
        let generation = last.map_or(0, |s| s.generation);
        let inner = Inner {
            segments: segments.into(),
            active: None,
            written: tail,
            durable: tail,
            generation,
        };
        View { inner: Mutex::new(inner), waiting: Mutex::default() }
    }

    /// A new segment takes what is written from now on; all before it is durable.
    pub(crate) fn begin(&self, segment: Arc<Segment>, file: Arc<SyncFile>) {
        let mut inner = lock(&self.inner);
        let tail =
            Tail { serial: segment.serial, position: segment.length(), offset: segment.base };
        inner.written = tail;
        inner.durable = tail;
        inner.generation = segment.generation;
        inner.active = Some(file);
        inner.segments.push_back(segment);
    }

    pub(crate) fn wrote(&self, tail: Tail) {
        let grew = {
            let mut inner = lock(&self.inner);
            let grew = tail.offset > inner.written.offset;
            inner.written = tail;
            grew
        };
        if grew {
            self.tell(Visibility::Written);
        }
    }

    pub(crate) fn synced(&self, tail: Tail) {
        let grew = {
            let mut inner = lock(&self.inner);
            let before = inner.durable;
            inner.durable = before.later(tail);
            inner.durable.offset > before.offset
        };
        if grew {
            self.tell(Visibility::Durable);
        }
    }

    /// Takes back what is written and not durable; returns what stays.
    pub(crate) fn forget_unsynced(&self) -> Tail {
        let mut inner = lock(&self.inner);
        inner.written = inner.durable;
        inner.durable
    }

    /// The file to sync and what is durable once that worked.
    pub(crate) fn sync_target(&self) -> Option<(Arc<SyncFile>, Tail)> {
        let inner = lock(&self.inner);
        inner.active.clone().map(|file| (file, inner.written))
    }

    pub(crate) fn tails(&self) -> (Tail, Tail) {
        let inner = lock(&self.inner);
        (inner.written, inner.durable)
    }

    pub(crate) fn generation(&self) -> u32 {
        lock(&self.inner).generation
    }

    pub(crate) fn first(&self) -> u64 {
        let inner = lock(&self.inner);
        inner.segments.front().map_or(inner.written.offset, |s| s.base)
    }

    pub(crate) fn segments(&self) -> Vec<Arc<Segment>> {
        lock(&self.inner).segments.iter().cloned().collect()
    }

    pub(crate) fn bytes(&self) -> u64 {
        lock(&self.inner).segments.iter().map(|s| s.length()).sum()
    }

    /// Takes the oldest segment out, unless it is the last.
    pub(crate) fn drop_oldest(&self, serial: u64) -> bool {
        let mut inner = lock(&self.inner);
        let oldest = inner.segments.front().is_some_and(|s| s.serial == serial);
        let found = oldest && inner.segments.len() > 1;
        if found {
            inner.segments.pop_front();
        }
        found
    }

    /// Where the record with `offset` is, for a reader that sees `see`.
    pub(crate) fn place(&self, offset: u64, see: Visibility) -> Place {
        let inner = lock(&self.inner);
        let tail = if see == Visibility::Written { inner.written } else { inner.durable };
        if offset >= tail.offset {
            return Place::AtEnd;
        }
        let behind = inner.segments.partition_point(|s| s.base <= offset);
        let Some(segment) = behind.checked_sub(1).and_then(|i| inner.segments.get(i)) else {
            return Place::Before { first: inner.segments.front().map_or(tail.offset, |s| s.base) };
        };
        let limit = match inner.segments.get(behind) {
            Some(next) if segment.serial < tail.serial => {
                Limit { position: segment.length(), offset: next.base }
            }
            _ => Limit { position: tail.position, offset: tail.offset },
        };
        Place::In { segment: segment.clone(), limit }
    }

    /// Has `signal` told whenever there is more for a reader that sees `see`.
    pub(crate) fn listen(&self, signal: &Arc<Signal>, see: Visibility) {
        let mut waiting = lock(&self.waiting);
        waiting.retain(|(s, _)| s.strong_count() > 0);
        waiting.push((Arc::downgrade(signal), see));
    }

    fn tell(&self, what: Visibility) {
        let mut gone = false;
        let mut waiting = lock(&self.waiting);
        for (signal, see) in waiting.iter() {
            match signal.upgrade() {
                Some(signal) if *see == what => signal.tell(),
                Some(_) => {}
                None => gone = true,
            }
        }
        if gone {
            waiting.retain(|(s, _)| s.strong_count() > 0);
        }
    }

    /// Wakes all readers: the log ended.
    pub(crate) fn tell_all(&self) {
        self.tell(Visibility::Written);
        self.tell(Visibility::Durable);
    }
}
