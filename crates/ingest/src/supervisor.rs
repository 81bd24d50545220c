//! Keeps the running cameras as the table `flumen.cameras` wants them, of those that are ours.
//!
//! Invariants: a camera whose partition is not ours has no thread here (`sharing`); a change of one camera touches no thread of another; a change of name, policy,
//! roles or zones touches no thread at all; a thread that was told to stop is never waited for
//! except at the end, and then for at most 2 s in all.
//! Not here: what a thread does (`camera`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use flumen_base::wire::{self, Stream};
use flumen_base::{CameraId, Context as _, Error, Result, topic};
use flumen_bus::{Change, Table};
use prost::Message as _;

use crate::camera::Runner;
use crate::pace::{Stop, lock};
use crate::push::waits_for_sender;
use crate::seat::{Seat, Shared};
use crate::sharing::Sharing;
use crate::source::SourceSpec;
use crate::status::State;

/// How long to wait for a change before looking whether to stop.
const LOOK: Duration = Duration::from_millis(200);
/// libav's calls are not deep; 100 cameras shall cost little.
const STACK_BYTES: usize = 512 << 10;
/// How long threads have to end.
const FAREWELL: Duration = Duration::from_secs(2);

/// The cameras that stand in the table.
pub(crate) type Seats = Mutex<BTreeMap<CameraId, Arc<Seat>>>;

/// A thread of a camera.
struct Running {
    spec: SourceSpec,
    stop: Stop,
    farewell: Arc<Mutex<String>>,
    handle: JoinHandle<()>,
}

/// Compares what is wanted with what runs.
pub(crate) struct Supervisor {
    pub(crate) shared: Arc<Shared>,
    pub(crate) seats: Arc<Seats>,
    table: Arc<dyn Table>,
    pub(crate) sharing: Sharing,
    pub(crate) wanted: BTreeMap<CameraId, wire::Camera>,
    running: HashMap<(CameraId, Stream), Running>,
    /// Threads that were told to stop.
    leaving: Vec<(CameraId, JoinHandle<()>)>,
    /// Seats of removed cameras whose threads are not yet gone.
    removed: BTreeMap<CameraId, Arc<Seat>>,
    /// Cameras to be looked at again: there was no room, or the table failed.
    pub(crate) again: BTreeSet<CameraId>,
}

impl Supervisor {
    pub(crate) fn new(shared: Arc<Shared>, seats: Arc<Seats>) -> Result<Supervisor> {
        let table = shared.bus.table(topic::CAMERAS)?;
        let sharing = Sharing::join(shared.bus.as_ref())?;
        Ok(Supervisor {
            sharing,
            shared,
            seats,
            table,
            wanted: BTreeMap::new(),
            running: HashMap::new(),
            leaving: Vec::new(),
            removed: BTreeMap::new(),
            again: BTreeSet::new(),
        })
    }

    /// Follows the table until `stop`, then ends all threads.
    pub(crate) fn run(mut self, stop: &Stop) {
        let mut from = 0;
        while !stop.is_stopped() {
            match self.table.changes(from, LOOK) {
                Ok(changes) => {
                    for change in changes {
                        from = from.max(change.offset + 1);
                        self.take(&change);
                    }
                }
                Err(e) => {
                    tracing::warn!("the cameras can't be read just now: {e}");
                    stop.wait(LOOK);
                }
            }
            self.share(stop);
            self.sweep();
        }
        self.end();
    }

    fn take(&mut self, change: &Change) {
        let key = String::from_utf8_lossy(&change.key);
        let camera = CameraId::new(&key).and_then(|id| {
            let decoded = change.value.as_deref().map(wire::Camera::decode).transpose();
            let camera = decoded.map_err(|e| Error::data_loss(e.to_string()))?;
            Ok((id, camera))
        });
        match camera {
            Err(e) => tracing::error!("a row of {} can't be used: {e}", topic::CAMERAS),
            Ok((id, None)) => self.remove(&id),
            Ok((id, Some(camera))) => {
                self.wanted.insert(id.clone(), camera);
                self.fit(&id);
            }
        }
    }

    fn remove(&mut self, id: &CameraId) {
        self.wanted.remove(id);
        self.again.remove(id);
        self.keep_only(id, &[], "the camera was removed");
        if let Some(seat) = lock(&self.seats).remove(id) {
            seat.close_for_push();
            self.removed.insert(id.clone(), seat);
        }
    }

    /// Makes what runs of a camera fit what is wanted.
    pub(crate) fn fit(&mut self, id: &CameraId) {
        let Some(camera) = self.wanted.get(id).cloned() else { return };
        self.again.remove(id);
        if !self.sharing.has(self.shared.bus.as_ref(), id) {
            return;
        }
        let seat = match self.seat(id) {
            Ok(seat) => seat,
            Err(e) => {
                tracing::warn!(camera = %id, "not begun yet: {e}");
                self.again.insert(id.clone());
                return;
            }
        };
        let specs = if camera.enabled { specs_of(id, &camera) } else { Vec::new() };
        let why = if camera.enabled { "its address was changed" } else { "switched off" };
        self.keep_only(id, &specs, why);
        let (pushed, pulled): (Vec<_>, Vec<_>) = specs.into_iter().partition(SourceSpec::is_push);
        match (camera.enabled, pushed.is_empty(), pulled.is_empty()) {
            (false, ..) => self.rest(&seat, State::Disabled, "switched off", None),
            (true, false, _) => {
                let waits = waits_for_sender(&seat);
                self.rest(&seat, State::Offline, "nobody pushes", Some(waits));
                seat.open_for_push();
            }
            (true, true, true) => {
                let reason = "no source has a role and an address".to_string();
                self.rest(&seat, State::Disabled, "no source", Some(reason));
            }
            (true, true, false) => seat.close_for_push(),
        }
        for spec in pulled {
            if let Err(e) = self.begin(&seat, spec) {
                seat.board.set(Stream::Main, State::Offline, Some(e.to_string()), self.now_us());
                self.again.insert(id.clone());
            }
        }
    }

    /// Nothing of ours feeds the camera, or only a sender does.
    fn rest(&self, seat: &Seat, state: State, why: &str, reason: Option<String>) {
        let pushes = lock(&seat.push).is_some();
        if pushes && state == State::Offline {
            return;
        }
        seat.close_for_push();
        seat.idle(&self.shared, why);
        seat.board.set(Stream::Main, state, reason, self.now_us());
    }

    fn seat(&mut self, id: &CameraId) -> Result<Arc<Seat>> {
        if let Some(seat) = lock(&self.seats).get(id) {
            return Ok(seat.clone());
        }
        let seat = match self.removed.remove(id) {
            Some(seat) => seat,
            None => Arc::new(Seat::new(id, &self.shared)?),
        };
        lock(&self.seats).insert(id.clone(), seat.clone());
        Ok(seat)
    }

    /// Tells every thread of a camera to stop whose source is not wanted as it is.
    pub(crate) fn keep_only(&mut self, id: &CameraId, specs: &[SourceSpec], why: &str) {
        for stream in [Stream::Main, Stream::Sub] {
            let key = (id.clone(), stream);
            if self.running.get(&key).is_some_and(|r| !specs.contains(&r.spec)) {
                let Some(old) = self.running.remove(&key) else { continue };
                *lock(&old.farewell) = why.to_string();
                old.stop.cancel();
                self.leaving.push((id.clone(), old.handle));
            }
        }
    }

    fn begin(&mut self, seat: &Arc<Seat>, spec: SourceSpec) -> Result<()> {
        let key = (seat.id.clone(), spec.stream);
        if self.running.contains_key(&key) {
            return Ok(());
        }
        let most = self.shared.config.max_cameras;
        let cameras: BTreeSet<_> = self.running.keys().map(|(id, _)| id).collect();
        if !cameras.contains(&seat.id) && cameras.len() >= most {
            return Err(Error::exhausted(format!(
                "no room: {most} cameras run already (max_cameras)"
            )));
        }
        let (stop, farewell) = (Stop::default(), Arc::new(Mutex::new(String::new())));
        let runner = Runner {
            spec: spec.clone(),
            slot: seat.slot(spec.stream, &self.shared),
            connector: self.shared.connector.clone(),
            board: seat.board.clone(),
            clock: self.shared.clock.clone(),
            pace: self.shared.pace.clone(),
            stop: stop.clone(),
            reconnect_max: self.shared.config.reconnect_max,
            farewell: farewell.clone(),
        };
        let name =
            format!("{}-{}", if spec.stream == Stream::Sub { "sub" } else { "cam" }, seat.id);
        let handle = std::thread::Builder::new()
            .name(name)
            .stack_size(STACK_BYTES)
            .spawn(move || runner.run())
            .context(format!("start a thread for camera {}", seat.id))?;
        self.running.insert(key, Running { spec, stop, farewell, handle });
        Ok(())
    }

    /// Buries threads that are gone, and looks again at cameras that could not begin.
    fn sweep(&mut self) {
        let (gone, leaving) = std::mem::take(&mut self.leaving)
            .into_iter()
            .partition::<Vec<_>, _>(|(_, handle)| handle.is_finished());
        self.leaving = leaving;
        // A thread's last word on its state may have come after ours.
        self.again.extend(gone.into_iter().map(|(id, _)| id));
        let now_us = self.now_us();
        let leaving = &self.leaving;
        self.removed.retain(|id, seat| {
            let stays = leaving.iter().any(|(l, _)| l == id);
            if !stays {
                seat.gaps.retire(now_us);
            }
            stays
        });
        for id in std::mem::take(&mut self.again) {
            self.fit(&id);
        }
    }

    fn end(mut self) {
        for seat in lock(&self.seats).values() {
            seat.close_for_push();
        }
        for (_, running) in self.running.drain() {
            *lock(&running.farewell) = "flumen was stopped".to_string();
            running.stop.cancel();
            self.leaving.push((running.spec.camera, running.handle));
        }
        let began = Instant::now();
        while self.leaving.iter().any(|(_, h)| !h.is_finished()) && began.elapsed() < FAREWELL {
            std::thread::sleep(Duration::from_millis(5));
        }
        for (id, handle) in self.leaving {
            if !handle.is_finished() {
                tracing::warn!(camera = %id, "its thread did not end in time; it is left behind");
            }
        }
    }

    pub(crate) fn now_us(&self) -> i64 {
        self.shared.clock.wall_us()
    }
}

/// The sources of a camera that are to run, at most one a stream.
fn specs_of(id: &CameraId, camera: &wire::Camera) -> Vec<SourceSpec> {
    let mut specs: Vec<SourceSpec> = Vec::new();
    for source in &camera.sources {
        let used = source.role.as_ref().is_none_or(|r| r.record || r.analyse || r.live);
        let taken = specs.iter().any(|s| s.stream == source.stream());
        if used && !taken && !source.address.is_empty() && source.stream() != Stream::Audio {
            specs.push(SourceSpec::new(id, source));
        }
    }
    specs
}
