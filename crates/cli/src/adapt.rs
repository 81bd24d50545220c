//! The workers as the face wants to see them.
//!
//! Not here: any decision; only names change on the way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use flumen_api as api;
use flumen_archive::{Archive, Reader};
use flumen_base::{CameraId, Result, wire};
use flumen_bus::Pending;
use flumen_ingest::{self as ingest, Ingest};
use flumen_media::{TrackInfo, Unit};
use flumen_runtime::Runtime;

use crate::rooms::Rooms;

/// Ingest as the face's cameras.
pub struct IngestCameras {
    ingest: Arc<Ingest>,
    rules: crate::config::Ingest,
}

impl IngestCameras {
    pub fn new(ingest: Arc<Ingest>, rules: crate::config::Ingest) -> IngestCameras {
        IngestCameras { ingest, rules }
    }
}

impl api::Cameras for IngestCameras {
    fn status(&self) -> Vec<api::CameraStatus> {
        self.ingest.status().into_iter().map(camera_status).collect()
    }

    fn seal(&self, camera: &CameraId, password: &str) -> Result<Bytes> {
        self.ingest.seal_for(camera, password)
    }

    fn check(&self, address: &str) -> Result<()> {
        crate::stand_in::allowed(address, &self.rules)
    }

    fn probe(&self, request: &api::ProbeRequest) -> Result<api::Probe> {
        let found = self.ingest.probe(&ingest::ProbeRequest {
            address: request.address.clone(),
            username: request.username.clone(),
            password: request.password.clone().map(ingest::Secret::new),
            transport: request.transport,
        })?;
        Ok(api::Probe {
            codec: found.info.codec,
            width: found.info.width,
            height: found.info.height,
            frame_rate_hz: found.frame_rate_hz,
            audio: found.audio,
            jpeg: found.jpeg,
        })
    }

    fn push(&self, camera: &CameraId) -> Result<Box<dyn api::PushSession>> {
        Ok(Box::new(Pushing(self.ingest.push(camera)?)))
    }
}

fn camera_status(s: ingest::CameraStatus) -> api::CameraStatus {
    let info = s.info.as_ref();
    api::CameraStatus {
        id: s.id,
        state: match s.state {
            ingest::State::Live => api::State::Live,
            ingest::State::Connecting => api::State::Connecting,
            ingest::State::Offline => api::State::Offline,
            ingest::State::Disabled => api::State::Disabled,
            ingest::State::Ended => api::State::Ended,
        },
        reason: s.reason,
        since_us: s.since_us,
        codec: info.map(|i| i.codec),
        width: info.map_or(0, |i| i.width),
        height: info.map_or(0, |i| i.height),
        audio: s.audio,
        frame_rate_hz: s.frame_rate_hz,
        bit_rate_bps: s.bit_rate_bps,
        units: s.units,
        bytes: s.bytes,
        dropped: s.dropped,
        reconnects: s.reconnects,
        last_unit_us: s.last_unit_us,
        epoch: s.epoch,
        capture: s.capture,
    }
}

/// A push session as the face's.
struct Pushing(ingest::PushSession);

impl api::PushSession for Pushing {
    fn push(&mut self, unit: api::PushUnit) -> Result<Pending> {
        let h = unit.header;
        let info = TrackInfo {
            codec: h.codec(),
            width: h.width,
            height: h.height,
            sample_rate_hz: h.sample_rate_hz,
            channels: h.channels,
            config: h.config.clone(),
            frame_rate_millihz: 0,
            reorder_depth: None,
        };
        self.0.push(Unit {
            audio: h.stream() == wire::Stream::Audio,
            info: Arc::new(info),
            pts_us: h.pts_us,
            dts_us: h.dts_us,
            duration_us: h.duration_us,
            key: h.key,
            corrupt: h.corrupt,
            data: unit.data,
            parameter_hash: h.parameter_hash,
            capture_us: None,
        })
    }
}

/// The archive as the face's library.
pub struct ArchiveLibrary(Reader);

impl ArchiveLibrary {
    pub fn new(reader: Reader) -> ArchiveLibrary {
        ArchiveLibrary(reader)
    }
}

impl api::Library for ArchiveLibrary {
    fn events(&self, query: &api::EventQuery) -> Result<Vec<wire::Event>> {
        let found = self.0.events(&flumen_archive::EventQuery {
            camera: query.camera.clone(),
            kind: query.kind.clone(),
            zone: query.zone.clone(),
            from_us: Some(query.from_us),
            to_us: Some(query.to_us),
            before_us: None,
            limit: query.limit,
        })?;
        let with_picture = |s: flumen_archive::StoredEvent| wire::Event {
            picture: s.picture.is_some(),
            ..s.event
        };
        Ok(found.into_iter().map(with_picture).collect())
    }

    fn insights(&self, query: &api::InsightQuery) -> Result<Vec<wire::Insight>> {
        self.0.insights(&flumen_archive::InsightQuery {
            camera: query.camera.clone(),
            kind: query.kind,
            before_us: Some(query.before_us),
            limit: query.limit,
        })
    }

    fn shadows(&self, of: &str, from_us: i64, take: &mut dyn FnMut(&wire::Insight)) -> Result<()> {
        self.0.shadows(of, from_us, take)
    }

    fn picture(&self, event: &[u8]) -> Result<Option<Bytes>> {
        self.0.picture(event, None)
    }

    fn timeline(&self, camera: &CameraId, from_us: i64, to_us: i64) -> Result<api::Timeline> {
        let found = self.0.timeline(camera, from_us, to_us)?;
        let pairs =
            |spans: &[flumen_archive::Span]| spans.iter().map(|s| (s.start_us, s.end_us)).collect();
        Ok(api::Timeline {
            segments: pairs(&found.segments),
            pending: pairs(&found.pending),
            gaps: found.gaps,
        })
    }

    fn video(&self, camera: &CameraId, from_us: i64, to_us: i64) -> Result<api::Video> {
        let video = self.0.video(camera, from_us, to_us)?;
        Ok(api::Video { start_us: video.start_us(), pieces: Box::new(video) })
    }

    fn video_part(&self, camera: &CameraId, from_us: i64, to_us: i64) -> Result<(api::Video, i64)> {
        let (video, end_us) = self.0.video_part(camera, from_us, to_us)?;
        Ok((api::Video { start_us: video.start_us(), pieces: Box::new(video) }, end_us))
    }

    fn coverage(&self, camera: &CameraId, from_us: i64, to_us: i64) -> Result<Option<f64>> {
        let c = self.0.coverage(camera, from_us, to_us)?;
        Ok((c.span_us > 0).then(|| c.recorded_us as f64 / c.span_us as f64))
    }
}

/// How all rooms of this process are.
pub struct RoomStages {
    cameras: Arc<dyn api::Cameras>,
    ingest: Option<Arc<Ingest>>,
    runtime: Option<Arc<Runtime>>,
    archive: Option<Arc<Archive>>,
    learn: Option<Arc<flumen_learn::Learner>>,
    notify: Option<Arc<flumen_notify::Notify>>,
    data: PathBuf,
}

impl RoomStages {
    pub fn new(rooms: &Rooms, data: &Path) -> RoomStages {
        RoomStages {
            cameras: rooms.cameras.clone(),
            ingest: rooms.ingest.clone(),
            runtime: rooms.runtime.clone(),
            archive: rooms.archive.clone(),
            learn: rooms.learn.clone(),
            notify: rooms.notify.clone(),
            data: data.to_owned(),
        }
    }

    fn analysis(&self) -> Vec<flumen_runtime::AnalysisStatus> {
        self.runtime.as_ref().map(|r| r.status()).unwrap_or_default()
    }

    fn telling(&self) -> Vec<flumen_notify::TargetStatus> {
        self.notify.as_ref().map(|n| n.status()).unwrap_or_default()
    }

    fn recording(&self) -> Option<flumen_archive::ArchiveStatus> {
        self.archive.as_ref().map(|a| a.status())
    }
}

impl api::Stages for RoomStages {
    fn stages(&self) -> Vec<api::Stage> {
        let mut all: Vec<api::Stage> = match &self.ingest {
            Some(ingest) => ingest.status().into_iter().map(ingest_stage).collect(),
            None => self.cameras.status().into_iter().map(remote_stage).collect(),
        };
        all.extend(self.analysis().into_iter().map(analysis_stage));
        all.extend(self.learn.iter().map(|l| learn_stage(l.progress(), l.trouble())));
        all.extend(self.telling().into_iter().map(webhook_stage));
        let Some(archive) = self.recording() else { return all };
        all.push(api::Stage {
            name: "archive".into(),
            rate_hz: archive.rate_hz,
            // Nothing is late while nothing comes.
            lag_us: archive.lag_us.filter(|_| archive.rate_hz > Some(0.0)),
            dropped: archive.skipped,
            healthy: archive.problem.is_none(),
            detail: format!(
                "{} files, {:.1} MB since start",
                archive.segments,
                archive.bytes as f64 / 1e6
            ),
            ..api::Stage::default()
        });
        all
    }

    fn problems(&self) -> Vec<api::Problem> {
        let mut all = Vec::new();
        for camera in self.cameras.status() {
            if camera.state == api::State::Offline {
                all.push(api::Problem {
                    what: camera.reason.unwrap_or_else(|| "the camera does not answer".into()),
                    where_: format!("camera {}", camera.id),
                    fix: "check power, network and the address in the camera's settings; it is tried again by itself"
                        .into(),
                });
            }
        }
        let slow = self.analysis().into_iter().filter_map(|s| s.problem.map(|p| (s.camera, p)));
        all.extend(slow.map(|(camera, what)| api::Problem {
            what,
            where_: format!("analysis of {camera}"),
            fix: "give the analysis more cores, or cameras a smaller stream for it".into(),
        }));
        let silent = self.telling().into_iter().filter_map(|t| t.problem.map(|p| (t.name, p)));
        all.extend(silent.map(|(name, what)| api::Problem {
            what,
            where_: format!("webhook {name}"),
            fix: "check that the receiver runs and notify.targets in flumen.toml; it is tried again by itself"
                .into(),
        }));
        let analysis = self.runtime.as_ref().map(|r| r.problems()).unwrap_or_default();
        let rest = analysis.into_iter().map(|p| ("analysis", p));
        let learning = self.learn.as_ref().and_then(|l| l.trouble());
        let rest = rest.chain(learning.map(|p| ("learning", p)));
        let rest = rest.chain(self.recording().and_then(|a| a.problem).map(|p| ("archive", p)));
        all.extend(rest.map(|(room, what)| api::Problem {
            what,
            where_: room.into(),
            fix: "see docs/guide/troubleshooting.md".into(),
        }));
        all
    }

    fn data_dir(&self) -> PathBuf {
        self.data.clone()
    }
}

fn learn_stage(progress: flumen_learn::Progress, trouble: Option<String>) -> api::Stage {
    api::Stage {
        name: "learning".into(),
        dropped: progress.late,
        healthy: trouble.is_none(),
        detail: trouble.unwrap_or_else(|| format!("{} minutes since it began", progress.steps)),
        ..api::Stage::default()
    }
}

fn webhook_stage(t: flumen_notify::TargetStatus) -> api::Stage {
    api::Stage {
        name: format!("webhook {}", t.name),
        dropped: t.lost,
        healthy: t.problem.is_none(),
        detail: match t.problem {
            Some(problem) => format!("{problem}; {} wait", t.waiting),
            None => format!("{} told, {} wait", t.delivered, t.waiting),
        },
        ..api::Stage::default()
    }
}

fn ingest_stage(s: ingest::CameraStatus) -> api::Stage {
    api::Stage {
        name: "ingest".into(),
        // 0 = not known.
        rate_hz: (s.frame_rate_hz > 0.0).then(|| s.frame_rate_hz.into()),
        lag_us: s.lag_us,
        dropped: s.dropped,
        healthy: matches!(
            s.state,
            ingest::State::Live | ingest::State::Disabled | ingest::State::Ended
        ),
        detail: s.reason.unwrap_or_else(|| format!("{:.2} Mbit/s", s.bit_rate_bps as f64 / 1e6)),
        camera: Some(s.id),
    }
}

/// A camera of another process; how late it is, that process tells.
fn remote_stage(s: api::CameraStatus) -> api::Stage {
    api::Stage {
        name: "ingest".into(),
        rate_hz: (s.frame_rate_hz > 0.0).then(|| s.frame_rate_hz.into()),
        dropped: s.dropped,
        healthy: matches!(s.state, api::State::Live | api::State::Disabled | api::State::Ended),
        detail: s.reason.unwrap_or_else(|| format!("{:.2} Mbit/s", s.bit_rate_bps as f64 / 1e6)),
        camera: Some(s.id),
        ..api::Stage::default()
    }
}

fn analysis_stage(s: flumen_runtime::AnalysisStatus) -> api::Stage {
    // The age of the newest result says how late it is only while pictures come or wait.
    let works = s.frames > 0 && (s.fps > 0.0 || s.queue > 0);
    api::Stage {
        name: "analysis".into(),
        camera: Some(s.camera),
        rate_hz: Some(s.fps.into()),
        lag_us: works.then_some(s.lag_us),
        dropped: s.shed,
        healthy: s.problem.is_none(),
        detail: s.problem.unwrap_or_else(|| {
            let each_ms = f64::from(s.analyse_us) / 1e3;
            format!("{each_ms:.1} ms a frame with decoding, {} waiting", s.queue)
        }),
    }
}
