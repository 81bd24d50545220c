//! How rare a minute is by time, place, way, number and stay: once in so many minutes.
//!
//! Spec: docs/ref/models.md, `profile`.

use flumen_base::wire::{self, Minute};

use super::minute::day_hour;

const HOURS: usize = 168;
const CELLS: (usize, usize) = (6, 8);
const WAYS: usize = 96;
const HEADINGS: usize = 8;
const CROWDS: usize = 24 * CROWD_BINS;
const CROWD_BINS: usize = 8;
const DWELLS: usize = 12;
/// Busy windows of an active minute; windows in which a part or way was used.
const ACTIVE: u32 = 5;
const USED: u32 = 2;
/// Minutes for which what is usual at other times speaks.
const BORROWED: f64 = 15.0;
/// Minutes for which what is usual on all days speaks for days of a sort.
const SORT_BORROWED: f64 = 5.0;
/// The same of numbers at once.
const CROWD_BORROWED: f64 = 300.0;
/// Minutes of an hour on days of the same sort before which numbers are not judged.
const KNOWN: f64 = 50.0;
/// Ways of a place below which nothing is said of it.
const LEAST_WAYS: f64 = 30.0;

/// What a profile scores, in the order of its golden vectors.
pub const PROFILE_DIMENSIONS: [&str; 5] = ["time", "place", "way", "crowd", "dwell"];

/// The score of one dimension.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProfileScore {
    /// Once in so many minutes; 0 when there is nothing to score.
    pub score: f64,
    /// Number of the place (of 48), or way (of 96), that it is about.
    pub at: usize,
}

/// What is usual on one camera.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile(wire::Profile);

impl Profile {
    /// The profile of a card; nothing when it does not fit.
    #[must_use]
    pub fn of(record: &wire::Profile) -> Option<Profile> {
        let lengths = [
            (&record.hour_seen, HOURS),
            (&record.hour_active, HOURS),
            (&record.cells, CELLS.0 * CELLS.1),
            (&record.ways, WAYS),
            (&record.crowds, CROWDS),
            (&record.dwells, DWELLS),
        ];
        let counts = |(list, length): (&Vec<f64>, usize)| {
            list.len() == length && list.iter().all(|v| *v >= 0.0)
        };
        lengths.into_iter().all(counts).then(|| Profile(record.clone()))
    }

    /// A profile that has seen nothing.
    #[must_use]
    pub fn empty() -> Profile {
        Profile(wire::Profile {
            hour_seen: vec![0.0; HOURS],
            hour_active: vec![0.0; HOURS],
            cells: vec![0.0; CELLS.0 * CELLS.1],
            ways: vec![0.0; WAYS],
            crowds: vec![0.0; CROWDS],
            dwells: vec![0.0; DWELLS],
        })
    }

    /// It as a record.
    #[must_use]
    pub fn record(&self) -> &wire::Profile {
        &self.0
    }

    /// True when something was in sight for long enough.
    #[must_use]
    pub fn is_active(minute: &Minute) -> bool {
        minute.busy >= ACTIVE
    }

    /// Counts a minute.
    pub fn learn(&mut self, minute: &Minute) {
        let active = Self::is_active(minute);
        let hour = minute.hour_of_week as usize;
        let crowd = day_hour(minute.hour_of_week) * CROWD_BINS + crowd_bin(minute.things);
        add(&mut self.0.hour_seen, hour);
        add(&mut self.0.crowds, crowd);
        if !active {
            return;
        }
        add(&mut self.0.hour_active, hour);
        add(&mut self.0.dwells, dwell_bin(minute.dwell_s));
        for (counts, used, least) in
            [(&mut self.0.cells, &minute.cells, USED), (&mut self.0.ways, &minute.ways, 1)]
        {
            for (count, used) in counts.iter_mut().zip(used) {
                *count += f64::from(u8::from(*used >= least));
            }
        }
    }

    /// Lets old counts count for less.
    pub fn fade(&mut self, by: f64) {
        let p = &mut self.0;
        let lists = [
            &mut p.hour_seen,
            &mut p.hour_active,
            &mut p.cells,
            &mut p.ways,
            &mut p.crowds,
            &mut p.dwells,
        ];
        lists.into_iter().flatten().for_each(|count| *count *= by);
    }

    /// Scores a minute, in the order of `PROFILE_DIMENSIONS`.
    #[must_use]
    pub fn scores(&self, minute: &Minute) -> [ProfileScore; 5] {
        let of = |score| ProfileScore { score, at: 0 };
        let crowd = of(self.crowd(minute));
        if !Self::is_active(minute) {
            return [of(0.0), of(0.0), of(0.0), crowd, of(0.0)];
        }
        let time = of(1.0 / self.active_share(minute.hour_of_week));
        [time, self.place(minute), self.way(minute), crowd, of(self.dwell(minute))]
    }

    /// Share of the minutes of an hour of the week that are active.
    #[must_use]
    pub fn active_share(&self, hour_of_week: u32) -> f64 {
        let all = self.around(hour_of_week, 0..7);
        let usual = (all.1 + 0.5) / (all.0 + 60.0);
        let (seen, active) = self.around(hour_of_week, sort_of(hour_of_week));
        let alike = (active + SORT_BORROWED * usual) / (seen + SORT_BORROWED);
        let hour = hour_of_week as usize;
        (get(&self.0.hour_active, hour) + BORROWED * alike)
            / (get(&self.0.hour_seen, hour) + BORROWED)
    }

    /// Minutes seen, and active ones, at an hour on some days, with a quarter of the hours beside.
    fn around(&self, hour_of_week: u32, days: std::ops::Range<usize>) -> (f64, f64) {
        let g = day_hour(hour_of_week);
        let sum = |list: &[f64], g: usize| {
            days.clone().fold(0.0, |sum, day| sum + get(list, day * 24 + g))
        };
        let around = |list: &[f64]| {
            sum(list, g) + (sum(list, (g + 23) % 24) + sum(list, (g + 1) % 24)) / 4.0
        };
        (around(&self.0.hour_seen), around(&self.0.hour_active))
    }

    /// The same as far as days of the same sort, working days or weekends, have shown it: a first
    /// Sunday is not expected to be like a Friday.
    #[must_use]
    pub fn expected_share(&self, hour_of_week: u32) -> f64 {
        let seen = self.days_alike(hour_of_week);
        self.active_share(hour_of_week) * (seen / (seen + 60.0))
    }

    fn place(&self, minute: &Minute) -> ProfileScore {
        let (rows, columns) = CELLS;
        let all = self.0.hour_active.iter().fold(0.0, |sum, v| sum + v);
        let count = |row: Option<usize>, column: Option<usize>| match (row, column) {
            (Some(row), Some(column)) if row < rows && column < columns => {
                get(&self.0.cells, row * columns + column)
            }
            _ => 0.0,
        };
        let rarity = |at: usize| {
            let (row, column) = (at / columns, at % columns);
            let here = |r, c| count(Some(r), Some(c));
            let near = count(Some(row), column.checked_sub(1))
                + here(row, column + 1)
                + count(row.checked_sub(1), Some(column))
                + here(row + 1, column);
            (all + 1.0) / (here(row, column) + near / 4.0 + 0.5)
        };
        greatest(&minute.cells, rarity)
    }

    /// Who is slow is seen some seconds in a place; who is fast once, but in several.
    fn way(&self, minute: &Minute) -> ProfileScore {
        let rarity = |at: usize| {
            let (first, heading) = (at / HEADINGS * HEADINGS, at % HEADINGS);
            let n = |heading: usize| get(&self.0.ways, first + heading % HEADINGS);
            let all = (0..HEADINGS).fold(0.0, |sum, k| sum + n(k));
            if all < LEAST_WAYS {
                return 0.0;
            }
            let beside = (n(heading + HEADINGS - 1) + n(heading + 1)) / 2.0;
            (all + 8.0) / (n(heading) + beside + 1.0)
        };
        let long = greatest(&minute.ways, rarity);
        let short = second(&minute.ways, rarity);
        if short.score > long.score { short } else { long }
    }

    fn crowd(&self, minute: &Minute) -> f64 {
        if minute.things < 2 || self.days_alike(minute.hour_of_week) < KNOWN {
            return 0.0;
        }
        let bin = crowd_bin(minute.things);
        let g = day_hour(minute.hour_of_week);
        let sum = |hours: &[usize], from: usize| {
            let bins = hours.iter().flat_map(|h| (from..CROWD_BINS).map(move |b| (*h, b)));
            bins.fold(0.0, |sum, (h, b)| sum + get(&self.0.crowds, h * CROWD_BINS + b))
        };
        let day: [usize; 24] = std::array::from_fn(|h| h);
        let usual = (sum(&day, bin) + 0.5) / (sum(&day, 0) + 1.0);
        let near = [(g + 23) % 24, g, (g + 1) % 24];
        (sum(&near, 0) + CROWD_BORROWED) / (sum(&near, bin) + CROWD_BORROWED * usual)
    }

    /// Minutes seen at an hour on days of the same sort: working days, or weekends.
    fn days_alike(&self, hour_of_week: u32) -> f64 {
        let g = day_hour(hour_of_week);
        sort_of(hour_of_week).fold(0.0, |sum, day| sum + get(&self.0.hour_seen, day * 24 + g))
    }

    fn dwell(&self, minute: &Minute) -> f64 {
        let sum = |from: usize| self.0.dwells.iter().skip(from).fold(0.0, |sum, v| sum + v);
        (sum(0) + 1.0) / (sum(dwell_bin(minute.dwell_s)) + 0.5)
    }
}

/// Days of the same sort: working days, or weekends.
fn sort_of(hour_of_week: u32) -> std::ops::Range<usize> {
    if hour_of_week < 120 { 0..5 } else { 5..7 }
}

fn get(list: &[f64], at: usize) -> f64 {
    list.get(at).copied().unwrap_or(0.0)
}

fn add(list: &mut [f64], at: usize) {
    if let Some(count) = list.get_mut(at) {
        *count += 1.0;
    }
}

/// The second rarest place, each by the rarest of its ways that was taken at all.
fn second(ways: &[u32], rarity: impl Fn(usize) -> f64) -> ProfileScore {
    let [mut best, mut next] = [ProfileScore::default(); 2];
    for (place, taken) in ways.chunks(HEADINGS).enumerate() {
        let mut here = ProfileScore::default();
        for (heading, _) in taken.iter().enumerate().filter(|(_, n)| **n > 0) {
            let at = place * HEADINGS + heading;
            let score = rarity(at);
            if score > here.score {
                here = ProfileScore { score, at };
            }
        }
        if here.score > best.score {
            next = std::mem::replace(&mut best, here);
        } else if here.score > next.score {
            next = here;
        }
    }
    next
}

/// The rarest of what was used; the first of equals.
fn greatest(used: &[u32], rarity: impl Fn(usize) -> f64) -> ProfileScore {
    let mut best = ProfileScore::default();
    for (at, _) in used.iter().enumerate().filter(|(_, n)| **n >= USED) {
        let score = rarity(at);
        if score > best.score {
            best = ProfileScore { score, at };
        }
    }
    best
}

/// 0, 1, 2, 3, 4-5, 6-8, 9-15, 16 up.
fn crowd_bin(things: u32) -> usize {
    [0, 1, 2, 3, 5, 8, 15].iter().filter(|most| things > **most).count()
}

/// Below 5, 10, 20, ... 5120 seconds, more.
fn dwell_bin(dwell_s: f64) -> usize {
    (0..DWELLS - 1).filter(|k| dwell_s >= 5.0 * f64::from(1_u32 << k)).count()
}
