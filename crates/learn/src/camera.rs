//! What is learned of one camera.
//!
//! Invariants: a minute is scored before it is learned from; a step takes each minute once.
//! Spec: docs/ref/models.md, "Training".

use std::collections::{BTreeMap, VecDeque};

use flumen_base::wire::{Minute, Oddity, Window};
use flumen_operators::score::{
    FeatureVector, MinuteSoFar, PROFILE_DIMENSIONS, Profile, ProfileScore, Third, absence_oddity,
    features, is_busy, look_oddity, minute_of, movement_oddity, profile_oddity,
};
use flumen_operators::{Reader, Writer};

use crate::forecast::Forecasts;
use crate::group::Group;
use crate::health::Health;
use crate::histogram::Histogram;
use crate::looks::Looks;
use crate::normals::Normals;
use crate::odd::{APART, Odd};
use crate::patterns::{Foot, Patterns};
use crate::verdicts::Verdicts;

/// All dimensions of an odd minute, in the order in which they are kept, and the scores below
/// which nothing is odd.
pub(crate) const DIMENSIONS: [(&str, f64); 9] = [
    ("time", 40.0),
    ("place", 100.0),
    ("way", 32.0),
    ("crowd", 100.0),
    ("dwell", 100.0),
    ("absence", 3.0),
    ("cluster", 24.0),
    ("density", 12.0),
    ("look", 0.05),
];
pub(crate) const ABSENCE: usize = 5;
pub(crate) const CLUSTER: usize = 6;
pub(crate) const DENSITY: usize = 7;
pub(crate) const LOOK: usize = 8;
pub(crate) const COUNT: usize = DIMENSIONS.len();
/// Minutes before scores are counted, and before anything is odd.
const DAY: u64 = 1440;
const WARM: u64 = 2 * DAY;
/// Minutes that a mixture scores before its scores are counted, and before they are odd: its
/// sample holds a week, and until then each fit moves them.
const SETTLED: u64 = 7 * DAY;
const DENSE: u64 = 9 * DAY;
const FADE: f64 = 0.975;
const MOST_ODD: u32 = 30;
const SAMPLES: usize = 8;
const WHOLE: u32 = 30;
/// Minutes that may be open at a time.
const MOST_OPEN: u32 = 1024;

/// A minute whose step is not complete.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpenMinute {
    so_far: MinuteSoFar,
    pub features: Vec<FeatureVector>,
    pub feet: Vec<Foot>,
    pub sample: Option<Window>,
}

/// Scores and thresholds of a minute, by dimension.
pub(crate) struct Scored {
    scores: [f64; COUNT],
    profile: [ProfileScore; 5],
    thresholds: [Option<f64>; COUNT],
}

/// One camera.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Camera {
    pub name: String,
    pub group: String,
    last: Option<(u64, u64)>,
    pub open: BTreeMap<u64, OpenMinute>,
    pub normals: Normals,
    pub profile: Profile,
    histograms: [Histogram; COUNT],
    weight: f64,
    pub minutes: u64,
    pub windows: u64,
    pub from_us: i64,
    absence: f64,
    absent: u64,
    /// Minutes that a mixture has scored.
    dense: u64,
    day: Option<u64>,
    odd_today: [u32; COUNT],
    last_odd: u64,
    pub odd: Odd,
    pub samples: VecDeque<Minute>,
    pub versions: VecDeque<u64>,
    pub looks: Looks,
    pub verdicts: Verdicts,
    pub forecasts: Forecasts,
    pub patterns: Patterns,
    pub health: Health,
}

impl Camera {
    pub(crate) fn new(name: &str) -> Camera {
        Camera {
            name: name.to_owned(),
            group: String::new(),
            last: None,
            open: BTreeMap::new(),
            normals: Normals::default(),
            profile: Profile::empty(),
            histograms: std::array::from_fn(|_| Histogram::default()),
            weight: 0.0,
            minutes: 0,
            windows: 0,
            from_us: 0,
            absence: 0.0,
            absent: 0,
            dense: 0,
            day: None,
            odd_today: [0; COUNT],
            last_odd: 0,
            odd: Odd::default(),
            samples: VecDeque::new(),
            versions: VecDeque::new(),
            looks: Looks::default(),
            verdicts: Verdicts::default(),
            forecasts: Forecasts::default(),
            patterns: Patterns::default(),
            health: Health::default(),
        }
    }

    /// True when a window came before.
    pub(crate) fn knows(&self, window: &Window) -> bool {
        self.last.is_some_and(|last| (window.epoch, window.sequence) <= last)
    }

    /// Takes a window into its minute.
    pub(crate) fn take(&mut self, window: Window) {
        self.last = Some((window.epoch, window.sequence));
        window.group.clone_into(&mut self.group);
        if self.group.is_empty() {
            self.group.push_str("site");
        }
        let number = minute_of(&window);
        let minute = self.open.entry(number).or_insert_with(|| OpenMinute {
            so_far: MinuteSoFar::new(&self.name, number),
            features: Vec::new(),
            feet: Vec::new(),
            sample: None,
        });
        minute.so_far.add(&window);
        if is_busy(&window) {
            minute.features.push(features(&window));
            minute.feet.push(Foot::of(&window));
            minute.sample.get_or_insert(window);
        }
    }

    /// Scores a minute by what was learned before it.
    pub(crate) fn score(&mut self, open: &OpenMinute, minute: &Minute, group: &Group) -> Scored {
        let profile = self.profile.scores(minute);
        let mut scores = [0.0; COUNT];
        scores.iter_mut().zip(&profile).for_each(|(score, p)| *score = p.score);
        if Profile::is_active(minute) {
            (self.absence, self.absent) = (0.0, 0);
        } else if minute.seen >= WHOLE {
            self.absence += self.profile.expected_share(minute.hour_of_week);
            self.absent += 1;
        }
        scores[ABSENCE] = self.absence;
        if let Some(centres) = &group.centres {
            scores[CLUSTER] = self.third(open, |z| centres.nearest(z));
        }
        if let Some(mixture) = &group.mixtures.model {
            self.dense += 1;
            scores[DENSITY] = self.third(open, |z| mixture.density(z));
        }
        scores[LOOK] = self.looks.score(minute);
        Scored { scores, profile, thresholds: std::array::from_fn(|at| self.threshold(at)) }
    }

    /// The third largest score of a minute's busy windows.
    fn third(&self, open: &OpenMinute, score: impl Fn(&FeatureVector) -> f64) -> f64 {
        let mut third = Third::default();
        if self.normals.windows > 0 {
            let standardised = open.features.iter().map(|x| self.normals.standardised(x));
            standardised.for_each(|z| third.add(score(&z)));
        }
        third.value()
    }

    /// The threshold of a dimension; nothing while there is none.
    pub(crate) fn threshold(&self, dimension: usize) -> Option<f64> {
        let (_, least) = DIMENSIONS.get(dimension)?;
        let known = self.minutes >= WARM && (dimension != DENSITY || self.dense >= DENSE);
        let histogram = self.histograms.get(dimension).filter(|_| known)?;
        Some(histogram.threshold(self.weight, least.max(self.verdicts.floor(dimension))))
    }

    /// What is odd in a minute.
    pub(crate) fn oddities(&self, minute: &Minute, scored: &Scored, group: &Group) -> Vec<Oddity> {
        let newest = |versions: &VecDeque<u64>| versions.back().copied().unwrap_or(0);
        let all = scored.scores.iter().zip(&scored.thresholds).enumerate();
        let odd = all.filter_map(|(at, (score, threshold))| {
            let threshold = threshold.filter(|t| score > t)?;
            let movement = |of: &str| movement_oddity(of, *score, threshold, 0);
            let (kind, versions, words) = match (at, scored.profile.get(at)) {
                (_, Some(of)) => {
                    ("profile", &self.versions, profile_oddity(at, of, &self.profile, minute))
                }
                (ABSENCE, _) => ("profile", &self.versions, absence_oddity(self.absent, *score)),
                (LOOK, _) => ("appearance", &self.looks.versions, look_oddity(*score, threshold)),
                (CLUSTER, _) => ("kmeans", &group.versions, movement("cluster")),
                _ => ("gaussian-mixture", &group.mixtures.versions, movement("density")),
            };
            let version = newest(versions);
            Some(Oddity { threshold, kind: kind.to_owned(), version, ..words })
        });
        odd.collect()
    }

    /// Learns from a minute that was scored; true when the looks are fitted anew.
    pub(crate) fn learn(&mut self, open: &OpenMinute, minute: Minute, scored: &Scored) -> bool {
        self.day(minute.minute / DAY);
        let (mut usual, mut usual_look) = (true, true);
        let mut odd_scores = [0.0; COUNT];
        let all = scored.scores.iter().zip(&scored.thresholds).enumerate();
        let kept = self.histograms.iter_mut().zip(&mut self.odd_today);
        for ((at, (score, threshold)), (histogram, odd)) in all.zip(kept) {
            if threshold.is_some_and(|t| *score > t) {
                *odd += 1;
                if let Some(of) = odd_scores.get_mut(at) {
                    *of = *score;
                }
                let of = if at == LOOK { &mut usual_look } else { &mut usual };
                *of &= *odd > MOST_ODD;
            }
            if self.minutes >= DAY && (at != DENSITY || self.dense >= SETTLED) {
                histogram.add(*score, *threshold, self.weight);
            }
        }
        if usual {
            self.profile.learn(&minute);
        } else if minute.minute > self.last_odd + APART {
            // Times, numbers and stays that come again and again are learned by their first
            // minutes; one long anomaly is not.
            let (cells, ways) = (Vec::new(), Vec::new());
            self.profile.learn(&Minute { cells, ways, ..minute.clone() });
        }
        if odd_scores.iter().any(|score| *score > 0.0) {
            self.last_odd = minute.minute;
            self.verdicts.odd(&minute, odd_scores);
        }
        let fitted = self.looks.learn(&minute, usual_look, self.turn());
        open.features.iter().for_each(|x| self.normals.add(x));
        if self.minutes == 0 {
            self.from_us = minute.minute.cast_signed() * 60_000_000;
        }
        self.weight += f64::from(u8::from(self.minutes >= DAY));
        self.minutes += 1;
        self.windows += u64::from(minute.seen);
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back(Minute { look: Vec::new(), ..minute });
        fitted
    }

    /// Learns what people said of minutes up to this one; true when there was something.
    pub(crate) fn hear(&mut self, minute: u64) -> bool {
        self.verdicts.learn(minute, &mut self.profile)
    }

    /// Spreads what is done every so often over the cameras.
    pub(crate) fn turn(&self) -> u64 {
        self.name.bytes().map(u64::from).sum()
    }

    /// Old counts fade at the first minute of a day.
    fn day(&mut self, today: u64) {
        if self.day == Some(today) {
            return;
        }
        if self.day.is_some() {
            self.profile.fade(FADE);
            self.weight *= FADE;
            self.histograms.iter_mut().for_each(|h| h.fade(FADE));
            self.verdicts.fade(FADE);
        }
        self.day = Some(today);
        self.odd_today = [0; COUNT];
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.text(&self.name);
        to.text(&self.group);
        let (epoch, sequence) = self.last.unwrap_or_default();
        for v in [u64::from(self.last.is_some()), epoch, sequence, self.minutes, self.windows] {
            to.u64(v);
        }
        for v in [u64::from(self.day.is_some()), self.day.unwrap_or(0), self.absent] {
            to.u64(v);
        }
        to.u64(self.dense);
        to.i64(self.from_us);
        to.u64(self.last_odd);
        to.f64(self.weight);
        to.f64(self.absence);
        self.odd_today.iter().for_each(|n| to.u32(*n));
        self.normals.save(to);
        to.message(self.profile.record());
        self.histograms.iter().for_each(|h| h.save(to));
        self.odd.save(to);
        to.u32(self.samples.len() as u32);
        self.samples.iter().for_each(|m| to.message(m));
        to.u32(self.versions.len() as u32);
        self.versions.iter().for_each(|v| to.u64(*v));
        self.looks.save(to);
        self.verdicts.save(to);
        self.forecasts.save(to);
        self.patterns.save(to);
        self.health.save(to);
        to.u32(self.open.len() as u32);
        self.open.values().for_each(|m| m.save(to));
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Camera> {
        let mut it = Camera::new(&from.text()?);
        it.group = from.text()?;
        let last = from.u64()? != 0;
        it.last = Some((from.u64()?, from.u64()?)).filter(|_| last);
        (it.minutes, it.windows) = (from.u64()?, from.u64()?);
        let day = from.u64()? != 0;
        it.day = Some(from.u64()?).filter(|_| day);
        it.absent = from.u64()?;
        it.dense = from.u64()?;
        it.from_us = from.i64()?;
        it.last_odd = from.u64()?;
        (it.weight, it.absence) = (from.f64()?, from.f64()?);
        for odd in &mut it.odd_today {
            *odd = from.u32()?;
        }
        it.normals = Normals::load(from)?;
        it.profile = Profile::of(&from.message()?)?;
        for histogram in &mut it.histograms {
            *histogram = Histogram::load(from)?;
        }
        it.odd = Odd::load(from)?;
        let count = from.u32().filter(|n| *n as usize <= SAMPLES)?;
        it.samples = (0..count).map(|_| from.message()).collect::<Option<_>>()?;
        let count = from.u32().filter(|n| *n <= 64)?;
        it.versions = (0..count).map(|_| from.u64()).collect::<Option<_>>()?;
        it.looks = Looks::load(from)?;
        it.verdicts = Verdicts::load(from)?;
        it.forecasts = Forecasts::load(from)?;
        it.patterns = Patterns::load(from)?;
        it.health = Health::load(from)?;
        let count = from.u32().filter(|n| *n <= MOST_OPEN)?;
        for _ in 0..count {
            let minute = OpenMinute::load(from)?;
            it.open.insert(minute.so_far.minute(), minute);
        }
        Some(it)
    }
}

impl OpenMinute {
    /// What has come, as a record.
    pub(crate) fn record(&self) -> Minute {
        self.so_far.record()
    }

    fn save(&self, to: &mut Writer) {
        self.so_far.save(to);
        to.u32(self.features.len() as u32);
        self.features.iter().flatten().for_each(|v| to.f64(*v));
        self.feet.iter().for_each(|foot| foot.save(to));
        to.u8(u8::from(self.sample.is_some()));
        if let Some(sample) = &self.sample {
            to.message(sample);
        }
    }

    fn load(from: &mut Reader<'_>) -> Option<OpenMinute> {
        let so_far = MinuteSoFar::load(from)?;
        let count = from.u32().filter(|n| *n <= 100_000)?;
        let vector = |_| {
            let mut x = FeatureVector::default();
            for v in &mut x {
                *v = from.f64()?;
            }
            Some(x)
        };
        let features = (0..count).map(vector).collect::<Option<_>>()?;
        let feet = (0..count).map(|_| Foot::load(from)).collect::<Option<_>>()?;
        let sample = if from.u8()? == 0 { None } else { Some(from.message()?) };
        Some(OpenMinute { so_far, features, feet, sample })
    }
}

/// Dimensions of a camera's profile, absence included.
pub(crate) const OF_PROFILE: std::ops::Range<usize> = 0..PROFILE_DIMENSIONS.len() + 1;
