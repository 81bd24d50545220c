//! From one reader of the bus to all who watch; from the cameras' owners while it is late.
//!
//! Invariants: what waits is bounded: a ring a stream and a queue a client, and all rings
//! together hold at most `MAX_HELD` bytes; nothing here waits for a client. A unit that came
//! both ways is passed on once.
//! Not here: reading the bus (`feed`), when to ask the owners (`direct`), what a client is sent (`mux`, `socket`).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use bytes::Bytes;
use flumen_base::wire::{FrameResult, PacketHeader, Stream};

use super::join::Join;
use super::queue::Queue;
use super::ring::{Ring, Taken};
use super::unit::LiveUnit;
use crate::face::{CameraStatus, State};

const MAX_HELD: usize = 512 << 20;
const MAX_CAMERAS: usize = 4096;
const UNKNOWN: i64 = -1;

/// All cameras and all who watch.
pub(crate) struct Hub {
    feeds: Mutex<HashMap<String, Feed>>,
    held: AtomicU64,
    units: AtomicU64,
    skipped: AtomicU64,
    /// `UNKNOWN` until it was measured; so is `lag_us`.
    rate_millihz: AtomicI64,
    lag_us: AtomicI64,
    reading: AtomicBool,
    /// When the bus brought something last.
    heard: Mutex<Instant>,
    /// What is late, in words.
    late: Mutex<Option<Arc<str>>>,
}

/// How live view is.
pub(crate) struct Counts {
    pub(crate) clients: usize,
    pub(crate) bytes: u64,
    pub(crate) skipped: u64,
    pub(crate) rate_hz: Option<f64>,
    pub(crate) lag_us: Option<i64>,
    pub(crate) reading: bool,
}

#[derive(Default)]
struct Feed {
    main: Lane,
    sub: Lane,
    state: Option<(State, Option<String>)>,
}

#[derive(Default)]
struct Lane {
    join: Join,
    direct: Join,
    ring: Ring,
    /// Epoch and decoding time of the newest unit, and of the newest from the bus.
    newest: Option<(u64, i64)>,
    from_bus: Option<(u64, i64)>,
    clients: Vec<Weak<Queue>>,
}

impl Feed {
    fn lane(&mut self, stream: Stream) -> Option<&mut Lane> {
        match stream {
            Stream::Main => Some(&mut self.main),
            Stream::Sub => Some(&mut self.sub),
            Stream::Audio => None,
        }
    }

    fn clients(&self) -> impl Iterator<Item = Arc<Queue>> {
        self.main.clients.iter().chain(&self.sub.clients).filter_map(Weak::upgrade)
    }
}

impl Default for Hub {
    fn default() -> Hub {
        Hub {
            feeds: Mutex::default(),
            held: AtomicU64::new(0),
            units: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            rate_millihz: AtomicI64::new(UNKNOWN),
            lag_us: AtomicI64::new(UNKNOWN),
            reading: AtomicBool::new(false),
            heard: Mutex::new(Instant::now()),
            late: Mutex::default(),
        }
    }
}

impl Hub {
    /// Takes a record of `flumen.video`; markers and sound are not for live view.
    pub(crate) fn packet(&self, header: PacketHeader, data: Bytes) {
        self.take(header, data, false);
    }

    /// Takes a packet straight from its camera's owner.
    pub(crate) fn direct(&self, header: PacketHeader, data: Bytes) {
        self.take(header, data, true);
    }

    fn take(&self, header: PacketHeader, data: Bytes, direct: bool) {
        let mut feeds = self.lock();
        if header.marker != 0 || !room(&feeds, &header.camera) {
            return;
        }
        // Left out like a unit that is missing: the next one's sequence tells.
        if !header.has_possible_times() {
            return;
        }
        let stream = header.stream();
        let feed = feeds.entry(header.camera.clone()).or_default();
        let Some(lane) = feed.lane(stream) else { return };
        let join = if direct { &mut lane.direct } else { &mut lane.join };
        let Some((header, data)) = join.part(header, data) else { return };
        let at = Some((header.epoch, header.dts_us));
        lane.newest = lane.newest.max(at);
        if !direct {
            lane.from_bus = lane.from_bus.max(at);
        }
        let before = lane.ring.bytes();
        let held = usize::try_from(self.held.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
        let taken = lane.ring.take(header, data, MAX_HELD.saturating_sub(held));
        // Changed only while the feeds are locked.
        let held = (held - before.min(held)) + lane.ring.bytes();
        self.held.store(held as u64, Ordering::Relaxed);
        lane.clients.retain(|c| c.strong_count() > 0);
        let clients = lane.clients.iter().filter_map(Weak::upgrade);
        match taken {
            Taken::Forward(unit) => {
                self.units.fetch_add(1, Ordering::Relaxed);
                let skipped: u64 = clients.map(|c| c.unit(&unit)).sum();
                self.skipped.fetch_add(skipped, Ordering::Relaxed);
            }
            Taken::Lost(why) => clients.for_each(|c| c.lost(why)),
            Taken::Ignored => {}
        }
    }

    /// Takes a record of `flumen.frames`.
    pub(crate) fn frame(&self, result: FrameResult) {
        let feeds = self.lock();
        let Some(feed) = feeds.get(&result.camera) else { return };
        let result = Arc::new(result);
        feed.clients().for_each(|c| c.boxes(&result));
    }

    /// Takes the cameras as they are now; forgets those that are gone and not watched.
    pub(crate) fn states(&self, cameras: &[CameraStatus]) {
        let mut feeds = self.lock();
        for camera in cameras {
            if !room(&feeds, camera.id.as_str()) {
                continue;
            }
            let feed = feeds.entry(camera.id.to_string()).or_default();
            let now = Some((camera.state, camera.reason.clone()));
            if feed.state != now {
                let late = self.late();
                let tell =
                    |c: Arc<Queue>| c.state(camera.state, camera.reason.clone(), late.clone());
                feed.clients().for_each(tell);
                feed.state = now;
            }
        }
        feeds.retain(|id, feed| {
            feed.clients().next().is_some() || cameras.iter().any(|c| c.id.as_str() == id)
        });
        let held: usize = feeds.values().map(|f| f.main.ring.bytes() + f.sub.ring.bytes()).sum();
        self.held.store(held as u64, Ordering::Relaxed);
    }

    /// A new client of a stream; it is gone when the queue is dropped.
    pub(crate) fn watch(&self, camera: &str, stream: Stream) -> Arc<Queue> {
        let mut feeds = self.lock();
        let feed = feeds.entry(camera.to_owned()).or_default();
        let (state, reason) = feed.state.clone().unwrap_or((State::Connecting, None));
        let lane = match stream {
            Stream::Sub => &mut feed.sub,
            _ => &mut feed.main,
        };
        let queue = Arc::new(Queue::new(lane.ring.backlog()));
        queue.state(state, reason, self.late());
        lane.clients.push(Arc::downgrade(&queue));
        queue
    }

    /// Cameras that somebody watches.
    pub(crate) fn watched(&self) -> Vec<String> {
        let feeds = self.lock();
        let watched = feeds.iter().filter(|(_, feed)| feed.clients().next().is_some());
        watched.map(|(id, _)| id.clone()).collect()
    }

    /// The bus has brought what the camera's owner brought, but for the last `slack_us`.
    pub(crate) fn is_level(&self, camera: &str, slack_us: i64) -> bool {
        let feeds = self.lock();
        let Some(feed) = feeds.get(camera) else { return true };
        [&feed.main, &feed.sub].into_iter().all(|lane| match (lane.newest, lane.from_bus) {
            (None, _) => true,
            (Some((epoch, newest_us)), Some((bus_epoch, bus_us))) => {
                bus_epoch == epoch && newest_us.saturating_sub(bus_us) <= slack_us
            }
            (Some(_), None) => false,
        })
    }

    /// What is late just now.
    pub(crate) fn late(&self) -> Option<Arc<str>> {
        self.late.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says to all who watch what is late.
    pub(crate) fn set_late(&self, late: Option<String>) {
        let feeds = self.lock();
        let late: Option<Arc<str>> = late.map(Into::into);
        *self.late.lock().unwrap_or_else(PoisonError::into_inner) = late.clone();
        for feed in feeds.values() {
            let (state, reason) = feed.state.clone().unwrap_or((State::Connecting, None));
            feed.clients().for_each(|c| c.state(state, reason.clone(), late.clone()));
        }
    }

    /// The newest key picture of a camera: of the main stream, else of the sub stream.
    pub(crate) fn newest_key(&self, camera: &str) -> Option<Arc<LiveUnit>> {
        let feeds = self.lock();
        let feed = feeds.get(camera)?;
        feed.main.ring.newest_key().or_else(|| feed.sub.ring.newest_key())
    }

    /// The codec of a stream's newest key picture is H.265.
    pub(crate) fn is_h265(&self, camera: &str, stream: Stream) -> bool {
        let mut feeds = self.lock();
        let lane = feeds.get_mut(camera).and_then(|f| f.lane(stream));
        let key = lane.and_then(|l| l.ring.newest_key());
        key.is_some_and(|k| k.header.codec() == flumen_base::wire::Codec::H265)
    }

    /// The reader tells how it fares.
    pub(crate) fn progress(&self, lag_us: Option<i64>, rate_hz: Option<f64>, reading: bool) {
        if let Some(lag_us) = lag_us {
            self.lag_us.store(lag_us, Ordering::Relaxed);
            *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
        if let Some(rate_hz) = rate_hz {
            self.rate_millihz.store((rate_hz * 1e3) as i64, Ordering::Relaxed);
        }
        self.reading.store(reading, Ordering::Relaxed);
    }

    /// How long the bus has brought nothing.
    pub(crate) fn quiet(&self) -> Duration {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// How late the newest record was, when one came in the last seconds.
    pub(crate) fn lag_now(&self) -> Option<i64> {
        known(&self.lag_us).filter(|_| self.quiet() < Duration::from_secs(2))
    }

    /// Pictures passed on since the start.
    pub(crate) fn units(&self) -> u64 {
        self.units.load(Ordering::Relaxed)
    }

    /// How live view is.
    pub(crate) fn counts(&self) -> Counts {
        let clients = self.lock().values().map(|f| f.clients().count()).sum();
        Counts {
            clients,
            bytes: self.held.load(Ordering::Relaxed),
            skipped: self.skipped.load(Ordering::Relaxed),
            rate_hz: known(&self.rate_millihz).map(|millihz| millihz as f64 / 1e3),
            lag_us: known(&self.lag_us),
            reading: self.reading.load(Ordering::Relaxed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Feed>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn known(value: &AtomicI64) -> Option<i64> {
    Some(value.load(Ordering::Relaxed)).filter(|&value| value != UNKNOWN)
}

fn room(feeds: &HashMap<String, Feed>, camera: &str) -> bool {
    feeds.len() < MAX_CAMERAS || feeds.contains_key(camera)
}
