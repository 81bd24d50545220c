//! From record and status of a camera to what is shown of it.
//!
//! Invariants: no password, sealed or not, passes here.

use flumen_base::wire;

use super::SITE;
use crate::face::{self, CameraStatus};
use crate::model::{
    Camera, CaptureSource, Codec, Corner, DerivedPictures, Gate, Policy, Rule, Source, State,
    Stream, Transport, Zone,
};

const DAY_US: i64 = 86_400_000_000;

/// A camera as it is shown.
pub(crate) fn camera(
    record: &wire::Camera,
    status: Option<&CameraStatus>,
    coverage_24h: Option<f64>,
) -> Camera {
    let state = status.map_or(face::State::Connecting, |s| s.state);
    let state = if record.enabled { state } else { face::State::Disabled };
    let capture = status.and_then(|s| s.capture);
    let some = |n: u32| (n != 0).then_some(n);
    Camera {
        id: record.id.clone(),
        name: record.name.clone(),
        enabled: record.enabled,
        state: State::from(state),
        reason: status.and_then(|s| s.reason.clone()),
        since_us: status.map_or(record.effective_us, |s| s.since_us),
        codec: status.and_then(|s| s.codec).and_then(Codec::of),
        width: status.and_then(|s| some(s.width)),
        height: status.and_then(|s| some(s.height)),
        frame_rate: status.map(|s| s.frame_rate_hz).filter(|r| r.is_finite() && *r > 0.0),
        bit_rate_bps: status.map(|s| s.bit_rate_bps).filter(|r| *r > 0),
        audio: status.is_some_and(|s| s.audio),
        last_unit_us: status.map(|s| s.last_unit_us).filter(|t| *t > 0),
        capture_source: capture.map(|(source, _)| CaptureSource::of(source)),
        capture_error_us: capture.map(|(_, error_us)| error_us),
        reconnects: status.map_or(0, |s| s.reconnects),
        dropped: status.map_or(0, |s| s.dropped),
        sources: record.sources.iter().map(source).collect(),
        policy: policy(record.policy.unwrap_or_default(), &record.masks),
        zones: record.zones.iter().map(Zone::from).collect(),
        rules: record.rules.iter().map(Rule::from).collect(),
        time_zone: record.time_zone.clone(),
        group: if record.group.is_empty() { SITE.to_owned() } else { record.group.clone() },
        version: record.version,
        coverage_24h: coverage_24h.filter(|c| c.is_finite()),
    }
}

fn source(source: &wire::Source) -> Source {
    let role = source.role.unwrap_or_default();
    Source {
        stream: match source.stream() {
            wire::Stream::Sub => Stream::Sub,
            _ => Stream::Main,
        },
        address: source.address.clone(),
        username: (!source.username.is_empty()).then(|| source.username.clone()),
        has_password: !source.sealed_password.is_empty(),
        record: role.record,
        analyse: role.analyse,
        live: role.live,
        transport: match source.transport() {
            wire::source::Transport::Udp => Transport::Udp,
            wire::source::Transport::Tcp => Transport::Tcp,
        },
        once: source.once,
    }
}

fn policy(policy: wire::Policy, masks: &[wire::PrivacyMask]) -> Policy {
    let days = u32::try_from(policy.keep_us / DAY_US).unwrap_or(0);
    Policy {
        priority: policy.priority,
        sensitivity: policy.sensitivity,
        min_object_permille: policy.min_object_permille,
        gate: match policy.gate() {
            wire::GateMode::Exact => Gate::Exact,
            wire::GateMode::Balanced => Gate::Balanced,
            wire::GateMode::Thrifty => Gate::Thrifty,
        },
        keep_days: (days > 0).then_some(days),
        keep_bytes: (policy.keep_bytes > 0).then_some(policy.keep_bytes),
        derived: policy.derived.map(|d| DerivedPictures {
            every_us: d.every_us,
            width: d.width,
            quality: d.quality,
        }),
        masks: masks.iter().map(|m| m.corners.iter().map(corner).collect()).collect(),
    }
}

fn corner(corner: &wire::privacy_mask::Corner) -> Corner {
    Corner { x: corner.x_permille, y: corner.y_permille }
}
