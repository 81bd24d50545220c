//! Workers that do as they are told.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use flumen_base::{CameraId, Error, Result, wire};
use flumen_bus::Pending;
use tokio::sync::oneshot;

use crate::{
    CameraStatus, Cameras, EventQuery, InsightQuery, Library, Probe, ProbeRequest, Problem,
    PushSession, PushUnit, Stage, Stages, State, Timeline, Video,
};

/// The clock of all tests.
pub(crate) const NOW_US: i64 = 1_700_000_000_000_000;

/// Workers that do as they are told.
#[derive(Default)]
pub(crate) struct Fakes {
    pub(crate) status: Mutex<Vec<CameraStatus>>,
    pub(crate) events: Mutex<Vec<wire::Event>>,
    pub(crate) insights: Mutex<Vec<wire::Insight>>,
    pub(crate) video: Mutex<Vec<Result<Bytes>>>,
    pub(crate) probed: Mutex<Vec<ProbeRequest>>,
    /// Acknowledgements that a test still holds back.
    pub(crate) pushed: Arc<Mutex<Pushed>>,
    pub(crate) refuse_push: Arc<Mutex<bool>>,
    /// Held by a test while the bus is full.
    pub(crate) full: Arc<Mutex<()>>,
}

/// Units and what acknowledges them.
type Pushed = Vec<(PushUnit, Option<Acker>)>;
type Acker = oneshot::Sender<Result<flumen_bus::Ack>>;

impl Cameras for Fakes {
    fn status(&self) -> Vec<CameraStatus> {
        self.status.lock().unwrap().clone()
    }
    fn seal(&self, camera: &CameraId, password: &str) -> Result<Bytes> {
        Ok(Bytes::from(format!("sealed {camera} {}", password.len())))
    }
    fn check(&self, address: &str) -> Result<()> {
        match address.contains("/etc") {
            true => Err(Error::invalid("file: addresses are allowed below /clips only")),
            false => Ok(()),
        }
    }
    fn probe(&self, request: &ProbeRequest) -> Result<Probe> {
        self.probed.lock().unwrap().push(request.clone());
        if request.address.contains("away") {
            return Err(Error::unavailable("the camera does not answer within 5 s"));
        }
        let jpeg = Some(Bytes::from_static(b"foob"));
        let (codec, frame_rate_hz) = (wire::Codec::H265, f32::NAN);
        Ok(Probe { codec, width: 640, height: 360, frame_rate_hz, audio: true, jpeg })
    }
    fn push(&self, camera: &CameraId) -> Result<Box<dyn PushSession>> {
        match camera.as_str() {
            "pushed" => Ok(Box::new(FakePush {
                pushed: self.pushed.clone(),
                refuse: self.refuse_push.clone(),
                full: self.full.clone(),
            })),
            _ => Err(Error::invalid(format!("camera {camera} is not a push: camera"))),
        }
    }
}

struct FakePush {
    pushed: Arc<Mutex<Pushed>>,
    refuse: Arc<Mutex<bool>>,
    full: Arc<Mutex<()>>,
}

impl PushSession for FakePush {
    fn push(&mut self, unit: PushUnit) -> Result<Pending> {
        drop(self.full.lock().unwrap());
        if *self.refuse.lock().unwrap() {
            return Err(Error::invalid("the unit begins with no key picture"));
        }
        let (ack, pending) = Pending::new();
        self.pushed.lock().unwrap().push((unit, Some(ack)));
        Ok(pending)
    }
}

impl Library for Fakes {
    fn events(&self, query: &EventQuery) -> Result<Vec<wire::Event>> {
        let events = self.events.lock().unwrap();
        let fits = |e: &&wire::Event| {
            query.camera.as_ref().is_none_or(|c| c.as_str() == e.camera)
                && query.kind.as_ref().is_none_or(|k| *k == e.kind)
                && query.zone.as_ref().is_none_or(|z| *z == e.zone)
                && (query.from_us..query.to_us).contains(&e.begin_us)
        };
        Ok(events.iter().filter(fits).take(query.limit).cloned().collect())
    }
    fn insights(&self, query: &InsightQuery) -> Result<Vec<wire::Insight>> {
        let insights = self.insights.lock().unwrap();
        let fits = |i: &&wire::Insight| {
            query.camera.as_ref().is_none_or(|c| c.as_str() == i.camera)
                && query.kind.map_or(i.shadow.is_none(), |k| k == i.kind())
                && i.begin_us < query.before_us
        };
        Ok(insights.iter().filter(fits).take(query.limit).cloned().collect())
    }
    fn shadows(&self, of: &str, from_us: i64, take: &mut dyn FnMut(&wire::Insight)) -> Result<()> {
        let insights = self.insights.lock().unwrap();
        let fits = |i: &&wire::Insight| i.begin_us >= from_us && i.dimension.starts_with(of);
        insights.iter().filter(fits).for_each(take);
        Ok(())
    }
    fn picture(&self, event: &[u8]) -> Result<Option<Bytes>> {
        Ok((event == [7; 16]).then(|| Bytes::from_static(b"\xff\xd8jpeg")))
    }
    fn timeline(&self, camera: &CameraId, from_us: i64, to_us: i64) -> Result<Timeline> {
        let mut gap = wire::Gap { camera: camera.to_string(), ..wire::Gap::default() };
        gap.start_us = from_us + 1;
        gap.set_cause(wire::GapCause::Network);
        Ok(Timeline {
            segments: vec![(from_us, from_us + 1), (from_us + 2, to_us - 10)],
            pending: vec![(to_us - 10, to_us)],
            gaps: vec![gap],
        })
    }
    fn video(&self, _: &CameraId, from_us: i64, _: i64) -> Result<Video> {
        if from_us == 13 {
            return Err(Error::data_loss("the segment at 13 is damaged: run flumen check"));
        }
        let pieces = std::mem::take(&mut *self.video.lock().unwrap());
        Ok(Video { start_us: from_us - 7, pieces: Box::new(pieces.into_iter()) })
    }
    fn coverage(&self, _: &CameraId, _: i64, _: i64) -> Result<Option<f64>> {
        Ok(Some(0.5))
    }
}

impl Stages for Fakes {
    fn stages(&self) -> Vec<Stage> {
        let name = String::from("archive");
        vec![Stage { name, rate_hz: Some(f64::NAN), healthy: true, ..Stage::default() }]
    }
    fn problems(&self) -> Vec<Problem> {
        let text = String::from;
        vec![Problem { what: text("disk full"), where_: text("/d"), fix: text("make room") }]
    }
    fn data_dir(&self) -> PathBuf {
        std::env::temp_dir()
    }
}

/// A camera that is live.
pub(crate) fn live(id: &str) -> CameraStatus {
    CameraStatus {
        id: CameraId::new(id).unwrap(),
        state: State::Live,
        reason: None,
        since_us: NOW_US,
        codec: Some(wire::Codec::H264),
        width: 640,
        height: 360,
        audio: false,
        frame_rate_hz: 15.0,
        bit_rate_bps: 1_000_000,
        units: 10,
        bytes: 1000,
        dropped: 1,
        reconnects: 2,
        last_unit_us: NOW_US,
        epoch: 1,
        capture: Some((wire::TimeSource::Rtcp, 5_000)),
    }
}
