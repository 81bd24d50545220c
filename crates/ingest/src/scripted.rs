//! Cameras that do what a test's script says, and a site around them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use flumen_base::wire::{self, Camera, Codec, Gap, Stream};
use flumen_base::{Error, Kind, Result, topic};
use flumen_bus::Bus;
use flumen_media::{TrackInfo, Unit};
use prost::Message as _;

use crate::config::IngestConfig;
use crate::handover::Manner;
use crate::ingest::Ingest;
use crate::inputs::Inputs;
use crate::ledger::Ledger;
use crate::memory_bus::MemoryBus;
use crate::pace::{Pace, Stop, lock};
use crate::probe::Prober;
use crate::seat::Shared;
use crate::simulated::SimTime;
use crate::source::{Attempt, Connector, Next, Source};
use crate::status::CameraStatus;
use crate::vault::Vault;

pub(crate) const START: i64 = 1_700_000_000_000_000;
pub(crate) const FRAME_US: i64 = 40_000;
pub(crate) const GOP: i64 = 10;

/// What a connection does next.
#[derive(Clone)]
pub(crate) enum Step {
    /// `n` pictures from native time `from_us` on, the first a key frame.
    Play {
        n: i64,
        from_us: i64,
    },
    /// As `Play`, of another size.
    Resized {
        n: i64,
        from_us: i64,
        width: u32,
    },
    /// One unit as it is.
    Unit(Unit),
    /// Nothing for the stall time, then what media says then.
    Stall,
    Fail(Kind, &'static str),
    Panic,
    Seam,
    Ended,
}

pub(crate) fn picture(native_us: i64, key: bool) -> Unit {
    let info = TrackInfo { codec: Codec::H264, width: 640, height: 360, ..TrackInfo::default() };
    Unit {
        audio: false,
        info: Arc::new(info),
        pts_us: native_us,
        dts_us: native_us,
        duration_us: FRAME_US as u32,
        key,
        corrupt: false,
        data: Bytes::from_static(b"\0\0\0\x01\x65picture"),
        parameter_hash: 7,
        capture_us: None,
    }
}

/// Each address has connections, each of them steps; after the last one nobody answers.
#[derive(Default)]
pub(crate) struct Script {
    connections: Mutex<HashMap<String, VecDeque<Vec<Step>>>>,
    tries: Mutex<HashMap<String, u64>>,
    time: Mutex<Option<Arc<SimTime>>>,
}

impl Script {
    /// Adds a connection that an address makes.
    pub(crate) fn then(&self, address: &str, steps: Vec<Step>) {
        lock(&self.connections).entry(address.to_string()).or_default().push_back(steps);
    }

    /// How often an address was tried.
    pub(crate) fn tries(&self, address: &str) -> u64 {
        lock(&self.tries).get(address).copied().unwrap_or(0)
    }
}

impl Connector for Script {
    fn connect(&self, attempt: &Attempt<'_>) -> Result<Box<dyn Source>> {
        let address = attempt.spec.address.clone();
        *lock(&self.tries).entry(address.clone()).or_default() += 1;
        let next = lock(&self.connections).get_mut(&address).and_then(VecDeque::pop_front);
        let steps = next.ok_or_else(|| Error::unavailable("nobody answers"))?;
        if let [Step::Fail(kind, what)] = steps.as_slice() {
            return Err(Error::new(*kind, *what));
        }
        let time = lock(&self.time).clone().expect("the site set it");
        let units = VecDeque::new();
        Ok(Box::new(Played { steps: steps.into(), units, time, stop: attempt.stop.clone() }))
    }
}

struct Played {
    steps: VecDeque<Step>,
    units: VecDeque<Unit>,
    time: Arc<SimTime>,
    stop: Stop,
}

impl Source for Played {
    fn read(&mut self) -> Result<Next> {
        loop {
            if let Some(unit) = self.units.pop_front() {
                self.time.wait(Duration::from_micros(FRAME_US as u64), &self.stop);
                return Ok(Next::Unit(unit));
            }
            match self.steps.pop_front() {
                Some(Step::Play { n, from_us }) => self.play(n, from_us, 640),
                Some(Step::Resized { n, from_us, width }) => self.play(n, from_us, width),
                Some(Step::Unit(unit)) => self.units.push_back(unit),
                Some(Step::Stall) => {
                    self.time.pass(5_000_000);
                    return Err(Error::unavailable("no answer in 5.0 s"));
                }
                Some(Step::Fail(kind, what)) => return Err(Error::new(kind, what)),
                Some(Step::Panic) => panic!("as the script says"),
                Some(Step::Seam) => return Ok(Next::Seam),
                Some(Step::Ended) => return Ok(Next::Ended),
                None => {
                    self.stop.wait(Duration::from_secs(60));
                    return Err(Error::cancelled("stopped"));
                }
            }
        }
    }

    fn manner(&self) -> Manner {
        Manner { arrival_error_us: 20_000, patience: Duration::from_millis(50) }
    }
}

impl Played {
    fn play(&mut self, n: i64, from_us: i64, width: u32) {
        for i in 0..n {
            let mut unit = picture(from_us + i * FRAME_US, i % GOP == 0);
            unit.info = Arc::new(TrackInfo { width, ..unit.info.as_ref().clone() });
            self.units.push_back(unit);
        }
    }
}

/// A process with scripted cameras.
pub(crate) struct Site {
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) script: Arc<Script>,
    pub(crate) time: Arc<SimTime>,
    pub(crate) ingest: Ingest,
    _dir: tempfile::TempDir,
}

impl Site {
    pub(crate) fn on(bus: Arc<dyn Bus>, wall_us: i64, script: Script, max_cameras: usize) -> Site {
        let dir = tempfile::tempdir().unwrap();
        let config = IngestConfig {
            max_cameras,
            cache_dir: dir.path().into(),
            key_file: dir.path().join("key"),
            ..IngestConfig::default()
        };
        let time = Arc::new(SimTime::at(wall_us));
        let vault = Arc::new(Vault::open(&config.key_file).unwrap());
        let inputs = Arc::new(Inputs::new(&config, vault.clone(), time.clone()));
        *lock(&script.time) = Some(time.clone());
        let script = Arc::new(script);
        let shared = Shared {
            bus: bus.clone(),
            config,
            clock: time.clone(),
            pace: time.clone(),
            connector: script.clone(),
            ledger: Arc::new(Ledger::at_once(bus.table(topic::GAPS).unwrap())),
            others: bus.health().kind == "kafka",
            left: Mutex::default(),
        };
        let ingest = Ingest::run(Arc::new(shared), vault, Prober::new(inputs)).unwrap();
        Site { bus, script, time, ingest, _dir: dir }
    }

    pub(crate) fn new(script: Script) -> (Site, Arc<MemoryBus>) {
        let bus = Arc::new(MemoryBus::default());
        (Site::on(bus.clone(), START, script, 16), bus)
    }

    pub(crate) fn camera(&self, id: &str, address: &str, change: impl FnOnce(&mut Camera)) {
        put_camera(self.bus.as_ref(), id, address, change);
    }

    pub(crate) fn remove(&self, id: &str) {
        self.bus.table(topic::CAMERAS).unwrap().put(id.as_bytes(), None).unwrap();
    }

    pub(crate) fn status(&self, id: &str) -> Option<CameraStatus> {
        self.ingest.status().into_iter().find(|s| s.id.as_str() == id)
    }

    pub(crate) fn gaps(&self, id: &str) -> Vec<Gap> {
        gaps(self.bus.as_ref(), id)
    }
}

/// Puts a camera with one main source into the table.
pub(crate) fn put_camera(bus: &dyn Bus, id: &str, address: &str, change: impl FnOnce(&mut Camera)) {
    let source = wire::Source { address: address.into(), ..wire::Source::default() };
    let mut camera =
        Camera { id: id.into(), enabled: true, sources: vec![source], ..Camera::default() };
    change(&mut camera);
    let table = bus.table(topic::CAMERAS).unwrap();
    table.put(id.as_bytes(), Some(&camera.encode_to_vec())).unwrap();
}

pub(crate) fn gaps(bus: &dyn Bus, id: &str) -> Vec<Gap> {
    let rows = bus.table(topic::GAPS).unwrap().scan(format!("{id}/").as_bytes()).unwrap();
    rows.iter().map(|(_, v)| Gap::decode(v.as_slice()).unwrap()).collect()
}

/// Waits until something holds; a test that waits in vain fails after 20 s.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "in vain: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

pub(crate) fn sub(address: &str) -> wire::Source {
    let stream = Stream::Sub.into();
    wire::Source { stream, address: address.into(), ..wire::Source::default() }
}
