//! From what somebody wants to the record of a camera.
//!
//! Invariants: one main and at most one sub source, at most one of them analysed; a stored
//! password is kept only for the host it was given for.

use flumen_base::{CameraId, Error, Result, wire};

use super::SITE;
use super::address::{party, split};
use crate::Cameras;
use crate::model::{
    CameraInput, Corner, DerivedPictures, Gate, Policy, Rule, SourceInput, Stream, Transport, Zone,
};

const DAY_US: i64 = 86_400_000_000;

/// The record of a camera as somebody wants it; `old` is the stored one. Seals passwords.
///
/// # Errors
/// `Invalid` with the rule, or what sealing or the site's own check says.
pub(crate) fn record(
    id: &CameraId,
    input: CameraInput,
    old: Option<&wire::Camera>,
    cameras: &dyn Cameras,
) -> Result<wire::Camera> {
    let sources = sources(id, input.sources, old, cameras)?;
    let (policy, masks) = match (input.policy, old) {
        (Some(policy), _) => (Some(policy_record(&policy)?), masks(&policy.masks)?),
        (None, Some(old)) => (old.policy, old.masks.clone()),
        (None, None) => (Some(wire::Policy::default()), Vec::new()),
    };
    let (zones, rules) = rules(input.zones, input.rules, old)?;
    let time_zone = input
        .time_zone
        .filter(|z| !z.is_empty())
        .or_else(|| old.map(|o| o.time_zone.clone()))
        .unwrap_or_else(|| String::from("UTC"));
    Ok(wire::Camera {
        id: id.to_string(),
        name: name(input.name.or_else(|| old.map(|o| o.name.clone())), id)?,
        enabled: input.enabled.or(old.map(|o| o.enabled)).unwrap_or(true),
        sources,
        policy,
        time_zone: zone(time_zone)?,
        effective_us: 0,
        version: 0,
        masks,
        zones,
        rules,
        group: group(input.group, old)?,
    })
}

/// Zones and rules; what somebody does not name stays, and fits the rest.
fn rules(
    zones: Option<Vec<Zone>>,
    rules: Option<Vec<Rule>>,
    old: Option<&wire::Camera>,
) -> Result<(Vec<wire::Zone>, Vec<wire::Rule>)> {
    let stored = |o: &wire::Camera| o.zones.iter().map(Zone::from).collect();
    let zones = zones.or_else(|| old.map(stored)).unwrap_or_default();
    let stored = |o: &wire::Camera| o.rules.iter().map(Rule::from).collect();
    let rules = rules.or_else(|| old.map(stored)).unwrap_or_default();
    super::rules::record(&zones, &rules)
}

/// The group; `site`, which all are in that name none, is stored as nothing.
fn group(group: Option<String>, old: Option<&wire::Camera>) -> Result<String> {
    let Some(group) = group else { return Ok(old.map(|o| o.group.clone()).unwrap_or_default()) };
    if group.is_empty() || group == SITE {
        return Ok(String::new());
    }
    CameraId::new(&group).map_err(|_| {
        Error::invalid(format!("group {group:?}: a name is 1 to 63 of a-z, 0-9 and '-'"))
    })?;
    Ok(group)
}

fn name(name: Option<String>, id: &CameraId) -> Result<String> {
    let name = name.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
    let name = name.unwrap_or_else(|| id.to_string());
    if name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Error::invalid(
            "the camera's name is at most 100 characters long, without control characters",
        ));
    }
    Ok(name)
}

fn zone(zone: String) -> Result<String> {
    let good = |c: char| c.is_ascii_alphanumeric() || "_+-/".contains(c);
    let known = || zone.is_empty() || jiff::tz::TimeZone::get(&zone).is_ok();
    if zone.len() > 64 || !zone.chars().all(good) || zone.starts_with('/') || !known() {
        return Err(Error::invalid(
            "time_zone is not a name of the IANA list: write one such as Europe/Berlin or UTC",
        ));
    }
    Ok(zone)
}

fn policy_record(policy: &Policy) -> Result<wire::Policy> {
    let upto = |name: &str, value: u32, most: u32| {
        if value <= most {
            return Ok(value);
        }
        Err(Error::invalid(format!("policy.{name} = {value} is out of range: use 0 to {most}")))
    };
    let derived = |derived: DerivedPictures| -> Result<wire::DerivedPictures> {
        if !(0..=DAY_US).contains(&derived.every_us) {
            return Err(Error::invalid("policy.derived.every_us is out of range: use 0 to a day"));
        }
        Ok(wire::DerivedPictures {
            every_us: derived.every_us,
            width: upto("derived.width", derived.width, 4096)?,
            quality: upto("derived.quality", derived.quality, 100)?,
        })
    };
    let days = upto("keep_days", policy.keep_days.unwrap_or(0), 36_500)?;
    Ok(wire::Policy {
        priority: upto("priority", policy.priority, 100)?,
        min_object_permille: upto("min_object_permille", policy.min_object_permille, 1000)?,
        sensitivity: upto("sensitivity", policy.sensitivity, 100)?,
        keep_us: i64::from(days) * DAY_US,
        keep_bytes: policy.keep_bytes.unwrap_or(0),
        derived: policy.derived.map(derived).transpose()?,
        gate: gate(policy.gate).into(),
    })
}

fn gate(gate: Gate) -> wire::GateMode {
    match gate {
        Gate::Exact => wire::GateMode::Exact,
        Gate::Balanced => wire::GateMode::Balanced,
        Gate::Thrifty => wire::GateMode::Thrifty,
    }
}

fn masks(masks: &[Vec<Corner>]) -> Result<Vec<wire::PrivacyMask>> {
    let good = |mask: &Vec<Corner>| {
        (3..=64).contains(&mask.len()) && mask.iter().all(|c| c.x <= 1000 && c.y <= 1000)
    };
    if masks.len() > 16 || !masks.iter().all(good) {
        return Err(Error::invalid(
            "policy.masks is at most 16 areas of 3 to 64 corners with x and y from 0 to 1000",
        ));
    }
    let corner = |c: &Corner| wire::privacy_mask::Corner { x_permille: c.x, y_permille: c.y };
    let mask =
        |mask: &Vec<Corner>| wire::PrivacyMask { corners: mask.iter().map(corner).collect() };
    Ok(masks.iter().map(mask).collect())
}

fn sources(
    id: &CameraId,
    input: Vec<SourceInput>,
    old: Option<&wire::Camera>,
    cameras: &dyn Cameras,
) -> Result<Vec<wire::Source>> {
    let mains = input.iter().filter(|s| s.stream == Stream::Main).count();
    if mains != 1 || input.len() > 2 {
        return Err(Error::invalid(
            "a camera has one source with stream \"main\" and at most one with stream \"sub\"",
        ));
    }
    let sources = input
        .into_iter()
        .map(|s| {
            let kept = old.and_then(|o| o.sources.iter().find(|k| k.stream() == stream(s.stream)));
            source(id, s, kept, cameras)
        })
        .collect::<Result<Vec<_>>>()?;
    if sources.iter().filter(|s| s.role.is_some_and(|r| r.analyse)).count() > 1 {
        return Err(Error::invalid("only one source of a camera can have the role analyse"));
    }
    Ok(sources)
}

fn stream(stream: Stream) -> wire::Stream {
    match stream {
        Stream::Main => wire::Stream::Main,
        Stream::Sub => wire::Stream::Sub,
    }
}

/// The number of a transport.
pub(crate) fn transport(transport: Transport) -> wire::source::Transport {
    match transport {
        Transport::Tcp => wire::source::Transport::Tcp,
        Transport::Udp => wire::source::Transport::Udp,
    }
}

/// Address, user name and password, taken from where they stand.
pub(crate) fn credentials(
    address: &str,
    username: Option<String>,
    password: Option<String>,
) -> Result<(String, Option<String>, Option<String>)> {
    let split = split(address)?;
    let username = username.filter(|u| !u.is_empty());
    let twice = (split.username.is_some() && username.is_some())
        || (split.password.is_some() && password.as_deref().is_some_and(|p| !p.is_empty()));
    if twice {
        return Err(Error::invalid(
            "user name and password stand in the address and in their fields: keep the fields",
        ));
    }
    let (username, password) = (username.or(split.username), split.password.or(password));
    let long = |t: &Option<String>| t.as_ref().is_some_and(|t| t.len() > 256);
    if long(&username) || long(&password) {
        return Err(Error::invalid("user name and password are at most 256 bytes long"));
    }
    Ok((split.address, username, password))
}

fn source(
    id: &CameraId,
    input: SourceInput,
    kept: Option<&wire::Source>,
    cameras: &dyn Cameras,
) -> Result<wire::Source> {
    let main = input.stream == Stream::Main;
    let (address, username, password) =
        credentials(&input.address, input.username, input.password)?;
    cameras.check(&address)?;
    let sealed_password = match (password, kept.filter(|k| !k.sealed_password.is_empty())) {
        (Some(password), _) if password.is_empty() => bytes::Bytes::new(),
        (Some(password), _) => cameras.seal(id, &password)?,
        (None, Some(kept)) if party(&kept.address) == party(&address) => {
            kept.sealed_password.clone()
        }
        (None, Some(_)) => {
            return Err(Error::invalid(
                "the address points to another host: give the password again (or an empty one), \
                 so that it is not told to a stranger",
            ));
        }
        (None, None) => bytes::Bytes::new(),
    };
    Ok(wire::Source {
        stream: stream(input.stream).into(),
        address,
        username: username.unwrap_or_default(),
        sealed_password,
        role: Some(wire::source::Role {
            record: input.record.unwrap_or(main),
            analyse: input.analyse.unwrap_or(main),
            live: input.live.unwrap_or(true),
        }),
        transport: transport(input.transport).into(),
        once: input.once,
    })
}
