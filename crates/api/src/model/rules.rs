//! Zones and rules as JSON.

use flumen_base::wire;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Corner;

/// What a person drew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ZoneShape {
    /// A polygon.
    #[default]
    Area,
    /// Side A is on the left of who walks from its first corner to its last, side B on the right.
    Line,
}

/// A place in the picture that rules speak of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Zone {
    /// 1 to 63 of a-z, 0-9 and '-'; stands in events.
    pub id: String,
    /// For people; text, never markup; empty = the id.
    #[serde(default)]
    #[schema(required = true)]
    pub name: String,
    /// Absent = area.
    #[serde(default)]
    #[schema(required = true)]
    pub shape: ZoneShape,
    /// 3 to 64 of an area, 2 to 64 of a line.
    pub corners: Vec<Corner>,
}

/// What a rule looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RuleKind {
    /// Anything moves.
    Motion,
    /// A thing comes into an area.
    Enter,
    /// A thing leaves an area.
    Leave,
    /// A thing goes over a line.
    Cross,
    /// From entering to leaving an area: how long it stayed.
    Dwell,
    /// A thing stays longer than `seconds` (10).
    Loiter,
    /// At least `count` (3) things at once for `seconds` (2).
    Crowd,
    /// A thing goes over a line, or through an area, the wrong way.
    WrongWay,
    /// An object stands alone for `seconds` (10).
    Left,
    /// An object is gone for `seconds` (10).
    Taken,
    /// Somebody tampers with the camera; told with and without a rule.
    Tamper,
    /// Not as usual, as it was learned; told with and without a rule.
    Anomaly,
}

/// A way over a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Either.
    #[default]
    Both,
    /// From side A to side B.
    AToB,
    /// From side B to side A.
    BToA,
}

/// A direction in the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Heading {
    /// To the right.
    #[default]
    Right,
    /// To the right and down.
    DownRight,
    /// Down.
    Down,
    /// To the left and down.
    DownLeft,
    /// To the left.
    Left,
    /// To the left and up.
    UpLeft,
    /// Up.
    Up,
    /// To the right and up.
    UpRight,
}

/// What is to be told of a camera.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rule {
    /// 1 to 63 of a-z, 0-9 and '-'; stands in events.
    pub id: String,
    /// What it looks for.
    pub kind: RuleKind,
    /// A zone's id; absent = the whole picture, where the kind allows that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// 1 to 86400; absent = the kind's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// 2 to 64; absent = the kind's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Of a line: which crossings are told, or, of a wrong way, which are allowed.
    #[serde(default)]
    #[schema(required = true)]
    pub direction: Direction,
    /// Of a wrong way through an area: where things are to go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heading: Option<Heading>,
    /// It is in force; absent = true.
    #[serde(default = "yes")]
    #[schema(required = true)]
    pub enabled: bool,
    /// Its events are sent to webhooks, too; absent = true.
    #[serde(default = "yes")]
    #[schema(required = true)]
    pub notify: bool,
}

fn yes() -> bool {
    true
}

/// Zones and rules of a camera.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CameraRules {
    /// At most 32.
    #[serde(default)]
    #[schema(required = true)]
    pub zones: Vec<Zone>,
    /// At most 32; none = all that moves is told.
    #[serde(default)]
    #[schema(required = true)]
    pub rules: Vec<Rule>,
    /// The version that was edited: refused with 409 when it is no longer the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

const KINDS: [(RuleKind, wire::RuleKind); 12] = [
    (RuleKind::Motion, wire::RuleKind::Motion),
    (RuleKind::Enter, wire::RuleKind::Enter),
    (RuleKind::Leave, wire::RuleKind::Leave),
    (RuleKind::Cross, wire::RuleKind::Cross),
    (RuleKind::Dwell, wire::RuleKind::Dwell),
    (RuleKind::Loiter, wire::RuleKind::Loiter),
    (RuleKind::Crowd, wire::RuleKind::Crowd),
    (RuleKind::WrongWay, wire::RuleKind::WrongWay),
    (RuleKind::Left, wire::RuleKind::Left),
    (RuleKind::Taken, wire::RuleKind::Taken),
    (RuleKind::Tamper, wire::RuleKind::Tamper),
    (RuleKind::Anomaly, wire::RuleKind::Anomaly),
];

const HEADINGS: [Heading; 8] = [
    Heading::Right,
    Heading::DownRight,
    Heading::Down,
    Heading::DownLeft,
    Heading::Left,
    Heading::UpLeft,
    Heading::Up,
    Heading::UpRight,
];

impl From<&wire::Zone> for Zone {
    fn from(zone: &wire::Zone) -> Zone {
        let corner = |c: &wire::privacy_mask::Corner| Corner { x: c.x_permille, y: c.y_permille };
        Zone {
            id: zone.id.clone(),
            name: zone.name.clone(),
            shape: match zone.shape() {
                wire::zone::Shape::Area => ZoneShape::Area,
                wire::zone::Shape::Line => ZoneShape::Line,
            },
            corners: zone.corners.iter().map(corner).collect(),
        }
    }
}

impl From<&Zone> for wire::Zone {
    fn from(zone: &Zone) -> wire::Zone {
        let corner = |c: &Corner| wire::privacy_mask::Corner { x_permille: c.x, y_permille: c.y };
        let name = zone.name.trim();
        let shape = match zone.shape {
            ZoneShape::Area => wire::zone::Shape::Area,
            ZoneShape::Line => wire::zone::Shape::Line,
        };
        wire::Zone {
            id: zone.id.clone(),
            name: if name.is_empty() { zone.id.clone() } else { name.to_owned() },
            shape: shape.into(),
            corners: zone.corners.iter().map(corner).collect(),
        }
    }
}

impl From<&wire::Rule> for Rule {
    fn from(rule: &wire::Rule) -> Rule {
        let kind = KINDS.iter().find(|(_, wire)| *wire == rule.kind());
        let kind = kind.map_or(RuleKind::Motion, |(kind, _)| *kind);
        let some = |value: u32| (value != 0).then_some(value);
        let heading = HEADINGS.get(rule.heading as usize).copied();
        Rule {
            id: rule.id.clone(),
            kind,
            zone: (!rule.zone.is_empty()).then(|| rule.zone.clone()),
            seconds: some(rule.seconds),
            count: some(rule.count),
            direction: match rule.direction() {
                wire::rule::Direction::Both => Direction::Both,
                wire::rule::Direction::AToB => Direction::AToB,
                wire::rule::Direction::BToA => Direction::BToA,
            },
            heading: heading.filter(|_| kind == RuleKind::WrongWay),
            enabled: !rule.disabled,
            notify: !rule.muted,
        }
    }
}

impl From<&Rule> for wire::Rule {
    fn from(rule: &Rule) -> wire::Rule {
        let kind = KINDS.iter().find(|(kind, _)| *kind == rule.kind);
        let direction = match rule.direction {
            Direction::Both => wire::rule::Direction::Both,
            Direction::AToB => wire::rule::Direction::AToB,
            Direction::BToA => wire::rule::Direction::BToA,
        };
        let heading = rule.heading.unwrap_or_default();
        wire::Rule {
            id: rule.id.clone(),
            kind: kind.map_or(wire::RuleKind::Motion, |(_, wire)| *wire).into(),
            zone: rule.zone.clone().unwrap_or_default(),
            seconds: rule.seconds.unwrap_or(0),
            count: rule.count.unwrap_or(0),
            direction: direction.into(),
            heading: HEADINGS.iter().position(|h| *h == heading).unwrap_or(0) as u32,
            disabled: !rule.enabled,
            muted: !rule.notify,
        }
    }
}
