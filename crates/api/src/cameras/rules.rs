//! Zones and rules of a camera: what is taken, shown and changed.
//!
//! Invariants: each rule names a zone of its camera that fits its kind; a refusal says which
//! zone or rule it is about and what to do.

use axum::Json;
use axum::extract::State;
use flumen_base::{Error, Result, wire};

use super::{show, table};
use crate::app::App;
use crate::extract::{Input, Named, blocking};
use crate::model::{Camera, CameraRules, Corner, Direction, Rule, RuleKind, Zone, ZoneShape};
use crate::problem::{Answer, Failure, ProblemDocument};

/// Zones and rules of one camera.
const MOST: usize = 32;
const MOST_CORNERS: usize = 64;
const DAY_S: u32 = 86_400;

/// Zones and rules of a camera.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/rules", tag = "cameras",
    params(("id" = String, Path, description = "camera")), responses(
    (status = 200, body = CameraRules),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn get_rules(
    State(app): State<App>,
    Named(id): Named,
) -> Answer<Json<CameraRules>> {
    let record = blocking(move || table::need(&*app.face.bus, &id)).await?;
    Ok(Json(CameraRules {
        zones: record.zones.iter().map(Zone::from).collect(),
        rules: record.rules.iter().map(Rule::from).collect(),
        version: Some(record.version),
    }))
}

/// Changes zones and rules of a camera; they count a second later, and nothing else is touched.
#[utoipa::path(put, path = "/api/v1/cameras/{id}/rules", tag = "cameras",
    params(("id" = String, Path, description = "camera")), request_body = CameraRules, responses(
    (status = 200, body = Camera),
    (status = 409, body = ProblemDocument, content_type = "application/problem+json",
        description = "somebody changed the camera meanwhile"),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn put_rules(
    State(app): State<App>,
    Named(id): Named,
    Input(input): Input<CameraRules>,
) -> Answer<Json<Camera>> {
    let (zones, rules) = record(&input.zones, &input.rules)?;
    let _one = app.change.lock().await;
    let (find, key) = (app.clone(), id.clone());
    let old = blocking(move || table::need(&*find.face.bus, &key)).await?;
    if input.version.is_some_and(|edited| edited != old.version) {
        return Err(Failure::conflict(format!(
            "camera {id} was changed meanwhile (version {}): read it again, then change it",
            old.version
        )));
    }
    let keep = app.clone();
    let shown = blocking(move || {
        let next = wire::Camera {
            version: old.version + 1,
            effective_us: keep.face.clock.wall_us() + super::NOTICE_US,
            zones,
            rules,
            ..old
        };
        table::put(&*keep.face.bus, &next)?;
        show(&keep, &next)
    });
    Ok(Json(shown.await?))
}

/// Zones and rules as records.
///
/// # Errors
/// `Invalid` with the zone or rule and what to do.
pub(crate) fn record(zones: &[Zone], rules: &[Rule]) -> Result<(Vec<wire::Zone>, Vec<wire::Rule>)> {
    if zones.len() > MOST || rules.len() > MOST {
        return Err(Error::invalid(format!(
            "{} zones and {} rules: a camera has at most {MOST} of each; remove some",
            zones.len(),
            rules.len()
        )));
    }
    for (i, zone) in zones.iter().enumerate() {
        zone_fits(zone)?;
        if zones.iter().take(i).any(|z| z.id == zone.id) {
            return Err(Error::invalid(format!(
                "two zones have the id {:?}: give one of them another",
                zone.id
            )));
        }
    }
    for (i, rule) in rules.iter().enumerate() {
        rule_fits(rule, zones)?;
        if rules.iter().take(i).any(|r| r.id == rule.id) {
            return Err(Error::invalid(format!(
                "two rules have the id {:?}: give one of them another",
                rule.id
            )));
        }
    }
    Ok((zones.iter().map(wire::Zone::from).collect(), rules.iter().map(wire::Rule::from).collect()))
}

fn id_fits(what: &str, id: &str) -> Result<()> {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=63).contains(&id.len()) && id.bytes().all(good) && !id.starts_with('-') {
        return Ok(());
    }
    let id: String = id.chars().take(80).collect();
    Err(Error::invalid(format!(
        "{what} id {id:?} can't be used: write 1 to 63 of a-z, 0-9 and '-', beginning with a \
         letter or digit"
    )))
}

fn zone_fits(zone: &Zone) -> Result<()> {
    let Zone { id, name, shape, corners } = zone;
    id_fits("zone", id)?;
    if name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Error::invalid(format!(
            "zone {id}: its name is at most 100 characters long, without control characters"
        )));
    }
    let (least, what) = match shape {
        ZoneShape::Area => (3, "an area"),
        ZoneShape::Line => (2, "a line"),
    };
    if !(least..=MOST_CORNERS).contains(&corners.len()) {
        return Err(Error::invalid(format!(
            "zone {id}: {what} has {least} to {MOST_CORNERS} corners, this one has {}",
            corners.len()
        )));
    }
    if let Some(c) = corners.iter().find(|c| c.x > 1000 || c.y > 1000) {
        return Err(Error::invalid(format!(
            "zone {id}: corner ({}, {}) is outside of the picture: x and y are 0 to 1000",
            c.x, c.y
        )));
    }
    if is_flat(zone) {
        return Err(Error::invalid(format!(
            "zone {id}: its corners lie on one point or line, so that nothing can be in it: draw \
             it larger"
        )));
    }
    Ok(())
}

/// True when the zone holds nothing.
fn is_flat(zone: &Zone) -> bool {
    let corners = &zone.corners;
    let at = |c: &Corner| (i64::from(c.x), i64::from(c.y));
    match zone.shape {
        ZoneShape::Line => corners.windows(2).all(|pair| pair.first() == pair.last()),
        ZoneShape::Area => {
            let Some(first) = corners.first().map(at) else { return true };
            let from = |c: &Corner| (at(c).0 - first.0, at(c).1 - first.1);
            let across = |a: (i64, i64), b: (i64, i64)| a.0 * b.1 - a.1 * b.0;
            let all = || corners.iter().map(from);
            all().all(|a| all().all(|b| across(a, b) == 0))
        }
    }
}

fn rule_fits(rule: &Rule, zones: &[Zone]) -> Result<()> {
    let id = &rule.id;
    id_fits("rule", id)?;
    let refuse = |why: String| Err(Error::invalid(format!("rule {id}: {why}")));
    let zone = match &rule.zone {
        None => None,
        Some(name) => match zones.iter().find(|z| z.id == *name) {
            Some(zone) => Some(zone.shape),
            None => {
                let name: String = name.chars().take(80).collect();
                return refuse(format!("there is no zone {name:?}: draw it, or choose another"));
            }
        },
    };
    let wanted = match (rule.kind, zone) {
        (RuleKind::Cross, Some(ZoneShape::Line)) => None,
        (RuleKind::Cross, _) => Some("it needs a line that is crossed: name one in `zone`"),
        (RuleKind::WrongWay, Some(ZoneShape::Line)) if rule.direction == Direction::Both => {
            Some("say in `direction` which way over the line is allowed")
        }
        (RuleKind::WrongWay, Some(ZoneShape::Area)) if rule.heading.is_none() => {
            Some("say in `heading` which way through the area is allowed")
        }
        (RuleKind::WrongWay, Some(_)) => None,
        (RuleKind::Enter | RuleKind::Leave | RuleKind::Dwell, Some(ZoneShape::Area)) => None,
        (RuleKind::Enter | RuleKind::Leave | RuleKind::Dwell | RuleKind::WrongWay, None) => {
            Some("it needs a place: name a zone in `zone`")
        }
        (RuleKind::Tamper | RuleKind::Anomaly, Some(_)) => {
            Some("it is about the whole picture: leave `zone` out")
        }
        (_, Some(ZoneShape::Line)) => Some("it needs an area, not a line"),
        _ => None,
    };
    if let Some(why) = wanted {
        return refuse(why.to_owned());
    }
    if let Some(s) = rule.seconds.filter(|s| !(1..=DAY_S).contains(s)) {
        return refuse(format!("seconds = {s} is out of range: use 1 to {DAY_S}"));
    }
    if let Some(n) = rule.count.filter(|n| !(2..=64).contains(n)) {
        return refuse(format!("count = {n} is out of range: use 2 to 64"));
    }
    Ok(())
}
