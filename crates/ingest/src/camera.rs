//! The life of one source: connect, read, send, and again, for ever.
//!
//! Invariants: no failure of the source ends the thread, a panic included; the wait between
//! two tries is bounded; at its end the thread gives its feed back to the slot, from where the
//! next owner (a changed address, a restart) takes it.
//! Not here: which cameras there are (`supervisor`).

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use flumen_base::wire::{GapCause, Stream};
use flumen_base::{Clock, Error, Kind, Result};
use flumen_bus::Pending;
use flumen_media::TrackInfo;

use crate::backoff::Backoff;
use crate::feed::Feed;
use crate::handover::Sent;
use crate::pace::{Pace, Stop, lock};
use crate::source::{Attempt, Connector, Next, Source, SourceSpec};
use crate::status::{Board, State};

/// A connection that held for so long was a good one.
const GOOD: Duration = Duration::from_secs(5);
/// Longest wait after an error that a person must mend (a wrong password locks accounts).
const MENDED_BY_HAND: Duration = Duration::from_secs(30);
/// Acknowledgements that are watched at a time.
const MOST_ACKS: usize = 4096;

/// Holds a stream's feed while nobody feeds it.
pub(crate) struct Slot {
    feed: Mutex<Option<Feed>>,
    freed: Condvar,
}

impl Slot {
    pub(crate) fn new(feed: Feed) -> Slot {
        Slot { feed: Mutex::new(Some(feed)), freed: Condvar::new() }
    }

    /// The feed, if nobody has it.
    pub(crate) fn try_take(&self) -> Option<Feed> {
        lock(&self.feed).take()
    }

    /// The feed as soon as its last owner gives it back; nothing when stopped before.
    pub(crate) fn take(&self, stop: &Stop) -> Option<Feed> {
        let mut held = lock(&self.feed);
        while held.is_none() && !stop.is_stopped() {
            let waited = self.freed.wait_timeout(held, Duration::from_millis(50));
            held = waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
        if stop.is_stopped() { None } else { held.take() }
    }

    pub(crate) fn give_back(&self, feed: Feed) {
        *lock(&self.feed) = Some(feed);
        self.freed.notify_all();
    }
}

/// What a camera's thread is made of.
pub(crate) struct Runner {
    pub(crate) spec: SourceSpec,
    pub(crate) slot: Arc<Slot>,
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) board: Arc<Board>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pace: Arc<dyn Pace>,
    pub(crate) stop: Stop,
    pub(crate) reconnect_max: Duration,
    /// Told in the gap ledger when the thread is stopped.
    pub(crate) farewell: Arc<Mutex<String>>,
}

/// How a connection ended well.
enum Over {
    Stopped,
    Ended,
}

impl Runner {
    /// Runs until it is stopped or the source is over for good.
    pub(crate) fn run(self) {
        let Some(feed) = self.slot.take(&self.stop) else { return };
        let mut life = Life {
            backoff: Backoff::new(self.reconnect_max, seed(&self.spec)),
            feed,
            connections: 0,
            known: Vec::new(),
            acks: VecDeque::new(),
            runner: &self,
        };
        life.run();
        let feed = life.feed;
        self.slot.give_back(feed);
    }

    fn say(&self, state: State, reason: Option<String>) {
        self.board.set(self.spec.stream, state, reason, self.clock.wall_us());
    }
}

struct Life<'a> {
    runner: &'a Runner,
    feed: Feed,
    backoff: Backoff,
    connections: u64,
    known: Vec<TrackInfo>,
    acks: VecDeque<Pending>,
}

impl Life<'_> {
    fn run(&mut self) {
        let runner = self.runner;
        runner.say(State::Connecting, None);
        while !runner.stop.is_stopped() {
            let began = runner.pace.now();
            let before = self.connections;
            match self.guarded() {
                Ok(Over::Ended) => {
                    self.feed.ended();
                    return runner.say(State::Ended, Some("the file was played once".into()));
                }
                Ok(Over::Stopped) => break,
                Err(e) => {
                    let was_connected = self.connections > before;
                    let held = was_connected && runner.pace.now().saturating_sub(began) >= GOOD;
                    if !self.failed(&e, was_connected, held) {
                        break;
                    }
                }
            }
        }
        let farewell = lock(&runner.farewell).clone();
        self.feed.lost(GapCause::Offline, &farewell);
    }

    /// A connection from its begin to its end, with a panic as an error.
    fn guarded(&mut self) -> Result<Over> {
        catch_unwind(AssertUnwindSafe(|| self.connection())).unwrap_or_else(|_| {
            Err(Error::internal("the camera's reader met a bug of ours; it begins anew"))
        })
    }

    fn connection(&mut self) -> Result<Over> {
        let runner = self.runner;
        let progress = |what: String| runner.say(State::Connecting, Some(what));
        let attempt = Attempt {
            spec: &runner.spec,
            known: self.known.clone(),
            stop: &runner.stop,
            progress: &progress,
        };
        let mut source = runner.connector.connect(&attempt)?;
        self.connections += 1;
        runner.board.connected(runner.spec.stream, self.connections == 1, false);
        self.feed.connected(source.manner());
        let waits = "connected; waits for a key frame".to_string();
        runner.say(State::Connecting, Some(waits));
        self.pump(source.as_mut())
    }

    fn pump(&mut self, source: &mut dyn Source) -> Result<Over> {
        let stop = &self.runner.stop;
        while !stop.is_stopped() {
            match source.read()? {
                Next::Unit(unit) => {
                    self.remember(&unit.info);
                    let sent = self.feed.unit(&unit, stop)?;
                    self.watch(sent);
                }
                Next::Seam => self.feed.connected(source.manner()),
                Next::Ended => return Ok(Over::Ended),
            }
        }
        Ok(Over::Stopped)
    }

    fn remember(&mut self, info: &TrackInfo) {
        match self.known.iter_mut().find(|k| k.is_audio() == info.is_audio()) {
            Some(known) if known == info => {}
            Some(known) => *known = info.clone(),
            None => {
                self.known.push(info.clone());
                self.known.sort_by_key(TrackInfo::is_audio);
            }
        }
    }

    /// Looks at acknowledgements that have come; one that says no is told.
    fn watch(&mut self, sent: Sent) {
        if let Sent::Stored(pending) = sent {
            self.acks.push_back(pending);
        }
        while let Some(told) = self.acks.front_mut().and_then(Pending::poll_now) {
            self.acks.pop_front();
            if let Err(e) = told {
                self.runner.board.tell(&format!("not stored: {e}"), self.runner.pace.now());
            }
        }
        if self.acks.len() > MOST_ACKS {
            self.acks.pop_front();
        }
    }

    /// Tells of a failure and waits; false when stopped.
    fn failed(&mut self, error: &Error, was_connected: bool, held: bool) -> bool {
        let runner = self.runner;
        if runner.stop.is_stopped() {
            return false;
        }
        if held {
            self.backoff.reset();
        }
        let (state, cause) = match was_connected {
            true => (State::Connecting, GapCause::Network),
            false => (State::Offline, GapCause::Offline),
        };
        let reason = error.message().to_string();
        runner.board.tell(&reason, runner.pace.now());
        runner.say(state, Some(reason.clone()));
        self.feed.lost(cause, &reason);
        let wait = match error.kind() {
            Kind::Invalid | Kind::Unsupported if !was_connected => {
                MENDED_BY_HAND.max(runner.reconnect_max)
            }
            _ => self.backoff.next_wait(),
        };
        runner.pace.wait(wait, &runner.stop)
    }
}

fn seed(spec: &SourceSpec) -> u64 {
    let sub = u64::from(spec.stream == Stream::Sub);
    spec.camera.as_str().bytes().fold(0xcbf2_9ce4_8422_2325 ^ sub, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
