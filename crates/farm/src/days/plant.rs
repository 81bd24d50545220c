//! What is planted into ordinary days: anomalies with begin and end.
//!
//! Invariants: two anomalies of one camera are half an hour apart; none in the days that are left
//! quiet; a kind that a camera has no place or hour for is left out there, and the next one taken.
//! Units: microseconds of UTC.
//! Not here: how they look (`stream`, `pixels`).

use std::str::FromStr;

use flumen_base::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::days::DaysSpec;
use crate::days::camera::CameraDays;
use crate::days::clock::{HOUR_US, LocalClock};
use crate::days::planted;
use crate::days::sight::place;
use crate::days::visit::Visit;
use crate::math::Chance;

/// Time from one anomaly to the next.
const APART_US: i64 = HOUR_US / 2;
/// Tries to find a place for one.
const TRIES: u32 = 60;

/// What is not as usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Somebody where people are, at an hour at which nobody is.
    WrongTime,
    /// Somebody where nobody is, at an hour at which people are.
    WrongPlace,
    /// Somebody on a usual way from its end to its beginning.
    WrongWay,
    /// Somebody stays for minutes.
    Loitering,
    /// Many at once.
    Crowd,
    /// Nobody for hours in which people come.
    Absence,
    /// A part of the picture looks different for hours.
    ChangedLook,
    /// Somebody much faster than usual. Not one of the named kinds.
    Rush,
    /// Something much larger than usual on a way for people. Not one of the named kinds.
    Large,
}

impl Kind {
    /// The kinds that learning is told of.
    pub const NAMED: [Kind; 7] = [
        Kind::WrongTime,
        Kind::WrongPlace,
        Kind::WrongWay,
        Kind::Loitering,
        Kind::Crowd,
        Kind::Absence,
        Kind::ChangedLook,
    ];
    /// The kinds that nobody was told of.
    pub const OTHER: [Kind; 2] = [Kind::Rush, Kind::Large];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Kind::WrongTime => "wrong-time",
            Kind::WrongPlace => "wrong-place",
            Kind::WrongWay => "wrong-way",
            Kind::Loitering => "loitering",
            Kind::Crowd => "crowd",
            Kind::Absence => "absence",
            Kind::ChangedLook => "changed-look",
            Kind::Rush => "rush",
            Kind::Large => "large",
        }
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Kind> {
        let all = || Kind::NAMED.into_iter().chain(Kind::OTHER);
        all().find(|k| k.name() == text).ok_or_else(|| {
            let names: Vec<&str> = all().map(Kind::name).collect();
            Error::invalid(format!(
                "there is no kind \"{text}\"; the kinds are {}",
                names.join(", ")
            ))
        })
    }
}

/// One anomaly that was planted.
#[derive(Clone, Debug, PartialEq)]
pub struct Anomaly {
    /// Of which kind.
    pub kind: Kind,
    /// When it can first be seen.
    pub begin_us: i64,
    /// When it is over.
    pub end_us: i64,
    /// Where, 0 to 11 (three rows of four); none when it has no place.
    pub place: Option<u32>,
    /// Parts of the look (rows of eight) that change, and by how much luma.
    pub(crate) look: Option<(Vec<usize>, f32)>,
}

/// What a kind comes to: the anomaly, who comes for it, and a span in which nobody else does.
pub(crate) struct Planted {
    pub anomaly: Anomaly,
    pub visits: Vec<Visit>,
}

/// Plants a camera's anomalies into its visits.
pub(crate) fn plant(
    camera: &mut CameraDays,
    spec: &DaysSpec,
    clock: &LocalClock,
    chance: &mut Chance,
) -> Result<()> {
    let kinds: Vec<Kind> =
        if spec.kinds.is_empty() { Kind::NAMED.to_vec() } else { spec.kinds.clone() };
    let mut bag: Vec<Kind> = Vec::new();
    let usual = planted::Usual::of(camera);
    for day in spec.quiet_days..spec.days {
        let span = (clock.midnight_us(&spec.from, day)?, clock.midnight_us(&spec.from, day + 1)?);
        for _ in 0..spec.per_day {
            // Each kind once, in an order of its own, before any comes again.
            let mut left = kinds.len();
            while left > 0 {
                left -= 1;
                if bag.is_empty() {
                    bag = kinds.clone();
                    (1..bag.len()).for_each(|i| bag.swap(i, chance.below(i + 1)));
                }
                let Some(kind) = bag.pop() else { break };
                if one(camera, &usual, kind, span, chance) {
                    break;
                }
            }
        }
    }
    camera.anomalies.sort_by_key(|a| a.begin_us);
    camera.visits.sort_by_key(|v| v.start_us);
    Ok(())
}

/// Plants one into a day, if there is room for it.
fn one(
    camera: &mut CameraDays,
    usual: &planted::Usual,
    kind: Kind,
    day: (i64, i64),
    chance: &mut Chance,
) -> bool {
    for _ in 0..TRIES {
        let Some(planted) = planted::draw(camera, usual, kind, day, chance) else { continue };
        let new = &planted.anomaly;
        let apart =
            |a: &Anomaly| a.end_us + APART_US < new.begin_us || new.end_us + APART_US < a.begin_us;
        let inside = new.begin_us >= day.0 && new.end_us <= day.1;
        if !inside || !camera.anomalies.iter().all(apart) {
            continue;
        }
        if kind == Kind::Absence {
            let (from, to) = (new.begin_us, new.end_us);
            camera.visits.retain(|v| v.start_us >= to || v.end_us() <= from);
        }
        camera.visits.extend(planted.visits);
        camera.anomalies.push(planted.anomaly);
        return true;
    }
    false
}

/// Begin, end and place of what is seen of some visits.
pub(crate) fn seen(camera: &CameraDays, kind: Kind, visits: &[Visit]) -> Option<Anomaly> {
    let spans: Vec<(i64, i64)> = visits.iter().filter_map(|v| v.in_sight_us(&camera.eye)).collect();
    let first = visits.first()?;
    let middle = crate::days::visit::trace(&camera.eye, first.actor, &first.way);
    let foot = middle.get(middle.len() / 2)?.1.foot();
    Some(Anomaly {
        kind,
        begin_us: spans.iter().map(|s| s.0).min()?,
        end_us: spans.iter().map(|s| s.1).max()?,
        place: Some(place(foot.0, foot.1) as u32),
        look: None,
    })
}
