//! Usual paths through the picture of one camera.
//!
//! Invariants: a visit during which a second thing is in sight counts nothing: whose path it is
//! cannot be known. What is kept is bounded.
//! Units: seconds of UTC; places 0 to 11, four a row.
//! Spec: docs/ref/models.md, "Patterns".

mod mine;
#[cfg(test)]
mod tests;
mod told;

use std::collections::{BTreeMap, VecDeque};

use flumen_base::wire::Window;
use flumen_operators::{Reader, Writer};

/// Where these stand in the values of a window (docs/ref/windows.md).
const THINGS_MOST: usize = 51;
const THINGS_NEW: usize = 52;
const FOOT_X: usize = 56;
const FOOT_Y: usize = 57;
/// Columns and rows, and how near to the next one nobody is clearly in a place.
const COLUMNS: f64 = 4.0;
const ROWS: f64 = 3.0;
const NEAR: f64 = 0.04;
/// Seconds without anything that end a visit.
const APART_S: i64 = 2;
/// Places of a visit, and different ways of going through them, while a day lasts and after it.
const MOST_PLACES: usize = 12;
const MOST_WAYS: usize = 1024;
const KEPT_WAYS: usize = 256;
const FADE: f64 = 0.975;
const GONE: f64 = 0.3;
/// Visits that a first card needs; days before a path can be new; known ones that are kept.
const ENOUGH: f64 = 50.0;
const DAYS: u32 = 3;
const KNOWN: usize = 64;

type Way = Vec<u8>;

/// What one busy window says of a visit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Foot {
    second: i64,
    /// Nothing near to the edge of a place.
    place: Option<u8>,
    alone: bool,
    new: bool,
}

impl Foot {
    pub(crate) fn of(window: &Window) -> Foot {
        let value = |at: usize| window.values.get(at).copied().map_or(0.0, f64::from);
        let column = part(value(FOOT_X), COLUMNS);
        let row = part(value(FOOT_Y), ROWS);
        Foot {
            second: window.begin_us.div_euclid(1_000_000),
            place: column.zip(row).map(|(column, row)| 4 * row + column),
            alone: value(THINGS_MOST) <= 1.0,
            new: value(THINGS_NEW) >= 1.0,
        }
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.i64(self.second);
        to.u8(self.place.unwrap_or(u8::MAX));
        to.u8(u8::from(self.alone) + 2 * u8::from(self.new));
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Foot> {
        let (second, place) = (from.i64()?, from.u8()?);
        let place = Some(place).filter(|p| *p != u8::MAX);
        let flags = from.u8()?;
        Some(Foot { second, place, alone: flags & 1 != 0, new: flags & 2 != 0 })
    }
}

/// In which of so many parts; nothing near to an inner edge.
fn part(share: f64, parts: f64) -> Option<u8> {
    let edge = (share * parts).round();
    let near = (share - edge / parts).abs() < NEAR && edge > 0.0 && edge < parts;
    (!near).then(|| (share * parts).clamp(0.0, parts - 1.0) as u8)
}

/// A visit under way.
#[derive(Clone, Debug, Default, PartialEq)]
struct Visit {
    last: i64,
    way: Way,
    /// Somebody else was in sight, too.
    mixed: bool,
}

/// Ways that were taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Patterns {
    visit: Option<Visit>,
    ways: BTreeMap<Way, f64>,
    day: u64,
    days: u32,
    known: VecDeque<Way>,
    pub versions: VecDeque<u64>,
}

/// What a new day asks for.
pub(crate) struct Mined {
    paths: Vec<(Way, f64)>,
    new: Option<(Way, f64)>,
    day: u64,
}

impl Patterns {
    /// Takes the busy windows of a minute.
    pub(crate) fn minute(&mut self, feet: &[Foot]) {
        feet.iter().for_each(|foot| self.foot(foot));
    }

    fn foot(&mut self, foot: &Foot) {
        if self.visit.as_ref().is_some_and(|visit| foot.second - visit.last > APART_S) {
            self.end();
        }
        let first = self.visit.is_none();
        let visit = self.visit.get_or_insert_default();
        visit.last = foot.second;
        visit.mixed |= !foot.alone || (foot.new && !first);
        let Some(place) = foot.place else { return };
        if visit.way.last() != Some(&place) && visit.way.len() < MOST_PLACES {
            visit.way.push(place);
        }
    }

    fn end(&mut self) {
        let Some(visit) = self.visit.take().filter(|v| !v.mixed && v.way.len() >= 2) else {
            return;
        };
        if self.ways.len() < MOST_WAYS || self.ways.contains_key(&visit.way) {
            *self.ways.entry(visit.way).or_default() += 1.0;
        }
    }

    /// Mines at the beginning of a day; old visits fade. Nothing while there are too few.
    pub(crate) fn turn(&mut self, day: u64) -> Option<Mined> {
        self.day = day;
        self.days += 1;
        let all: f64 = self.ways.values().sum();
        let paths = if all < ENOUGH { Vec::new() } else { mine::usual(&self.ways, all) };
        self.ways.values_mut().for_each(|count| *count *= FADE);
        self.prune();
        if paths.is_empty() {
            return None;
        }
        let (old, mut fresh): (Vec<_>, Vec<_>) = paths.iter().partition(|(way, _)| self.knows(way));
        // One a day, the most usual one, has an id of its own; the others wait for their day.
        fresh.truncate(if self.days > DAYS { 1 } else { fresh.len() });
        let new = fresh.first().filter(|_| self.days > DAYS).map(|one| (*one).clone());
        for (way, _) in old.into_iter().chain(fresh) {
            if !self.known.contains(way) {
                self.known.push_back(way.clone());
            }
        }
        while self.known.len() > KNOWN {
            self.known.pop_front();
        }
        Some(Mined { paths, new, day })
    }

    /// True for a path that was usual before, in whole or in part.
    fn knows(&self, way: &Way) -> bool {
        self.known.iter().any(|known| mine::holds(known, way) || mine::holds(way, known))
    }

    /// Leaves the ways that most took.
    fn prune(&mut self) {
        let mut counts: Vec<f64> = self.ways.values().copied().collect();
        counts.sort_by(|a, b| b.total_cmp(a));
        let least = counts.get(KEPT_WAYS).copied().unwrap_or(GONE).max(GONE);
        self.ways.retain(|_, count| *count > least);
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.u8(u8::from(self.visit.is_some()));
        if let Some(visit) = &self.visit {
            to.i64(visit.last);
            to.blob(&visit.way);
            to.u8(u8::from(visit.mixed));
        }
        to.u64(self.day);
        to.u32(self.days);
        to.u32(self.ways.len() as u32);
        for (way, count) in &self.ways {
            to.blob(way);
            to.f64(*count);
        }
        to.u32(self.known.len() as u32);
        self.known.iter().for_each(|way| to.blob(way));
        to.u32(self.versions.len() as u32);
        self.versions.iter().for_each(|v| to.u64(*v));
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Patterns> {
        let mut it = Patterns::default();
        if from.u8()? != 0 {
            let last = from.i64()?;
            let way = from.blob()?.to_vec();
            it.visit = Some(Visit { last, way, mixed: from.u8()? != 0 });
        }
        (it.day, it.days) = (from.u64()?, from.u32()?);
        for _ in 0..from.u32().filter(|n| *n as usize <= MOST_WAYS)? {
            let way = from.blob()?.to_vec();
            it.ways.insert(way, from.f64()?);
        }
        let count = from.u32().filter(|n| *n as usize <= KNOWN)?;
        it.known = (0..count).map(|_| from.blob().map(<[u8]>::to_vec)).collect::<Option<_>>()?;
        let count = from.u32().filter(|n| *n <= 64)?;
        it.versions = (0..count).map(|_| from.u64()).collect::<Option<_>>()?;
        Some(it)
    }
}
