//! What waits for one target.
//!
//! Invariants: at most `most` wait; the oldest go first when there is no room; what is being
//! sent still waits, so that a restart sends it again.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::body::Body;

/// One event on its way to a target, and where it stands on the bus.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub partition: u32,
    pub offset: u64,
    /// When its record was written.
    pub since: Instant,
    pub body: Body,
}

/// The queue of one target.
pub(crate) struct Queue {
    most: usize,
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    counts: Counts,
    problem: Option<String>,
    stopped: bool,
}

/// What became of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub delivered: u64,
    pub lost: u64,
}

impl Queue {
    pub(crate) fn new(most: usize) -> Queue {
        Queue { most, state: Mutex::default(), news: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, one: Waiting) {
        let mut state = self.state();
        if state.waiting.len() >= self.most
            && let Some(oldest) = state.waiting.pop_front()
        {
            tracing::warn!(
                event = oldest.body.id,
                "{} wait already: this one is given up",
                self.most
            );
            state.counts.lost += 1;
        }
        state.waiting.push_back(one);
        self.news.notify_all();
    }

    /// The oldest, once there is one; `None` at the end.
    pub(crate) fn first(&self) -> Option<Waiting> {
        let mut state = self.state();
        loop {
            if state.stopped {
                return None;
            }
            if let Some(first) = state.waiting.front() {
                return Some(first.clone());
            }
            state = self.news.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The oldest is done with, unless it had to make room meanwhile.
    pub(crate) fn done(&self, one: &Waiting, delivered: bool) {
        let mut state = self.state();
        let same = |f: &Waiting| (f.partition, f.offset) == (one.partition, one.offset);
        if state.waiting.front().is_some_and(same) {
            state.waiting.pop_front();
            match delivered {
                true => state.counts.delivered += 1,
                false => state.counts.lost += 1,
            }
        }
        state.problem = None;
    }

    /// True while its receiver takes what comes and there is no room for so many more.
    pub(crate) fn is_busy(&self, more: usize) -> bool {
        let state = self.state();
        state.problem.is_none() && state.waiting.len() + more > self.most
    }

    /// True while this one waits.
    pub(crate) fn holds(&self, one: &Waiting) -> bool {
        let at = (one.partition, one.offset);
        self.state().waiting.iter().any(|w| (w.partition, w.offset) == at)
    }

    /// Some could never be told.
    pub(crate) fn miss(&self, count: u64) {
        self.state().counts.lost += count;
    }

    pub(crate) fn fails(&self, why: String) {
        self.state().problem = Some(why);
    }

    /// Sleeps, or less when the end comes; false at the end.
    pub(crate) fn rest(&self, long: Duration) -> bool {
        let state = self.state();
        let ends = |s: &mut State| !s.stopped;
        let (state, _) =
            self.news.wait_timeout_while(state, long, ends).unwrap_or_else(PoisonError::into_inner);
        !state.stopped
    }

    pub(crate) fn stop(&self) {
        self.state().stopped = true;
        self.news.notify_all();
    }

    /// Drops what waits from a partition that another process has now.
    pub(crate) fn forget(&self, partition: u32) {
        self.state().waiting.retain(|w| w.partition != partition);
    }

    /// Oldest offset of a partition that still waits.
    pub(crate) fn oldest(&self, partition: u32) -> Option<u64> {
        let state = self.state();
        state.waiting.iter().filter(|w| w.partition == partition).map(|w| w.offset).min()
    }

    pub(crate) fn look(&self) -> (usize, Counts, Option<String>) {
        let state = self.state();
        (state.waiting.len(), state.counts, state.problem.clone())
    }
}
