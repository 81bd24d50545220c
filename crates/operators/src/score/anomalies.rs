//! From odd minutes to anomalies: begin, update, end; merged, and never a storm.
//!
//! Invariants: at most one is open; at most 6 are told in 60 minutes, what is more is counted in
//! the next one told; one has at most 6 updates, each 10 s after what was told before.
//! Units: minutes of UTC since 1970, times in microseconds.
//! Spec: docs/ref/models.md, "Anomalies".
//! Not here: what is odd (`scorer`), records of events (`analyzer`).

use std::collections::VecDeque;

use flumen_base::wire::{Oddity, Phase};

use crate::state::{Reader, Writer};

/// Minutes that may lie between odd ones of one anomaly.
const BETWEEN: u64 = 5;
const MOST_AN_HOUR: usize = 6;
const HOUR: u64 = 60;
const MOST_UPDATES: u32 = 6;
const UPDATE_US: i64 = 10_000_000;
/// Dimensions there are, and some to come.
const MOST_ODDITIES: usize = 16;

/// Where in the stream something began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Of the window's first unit.
    pub epoch: u64,
    /// Of the window's first unit.
    pub sequence: u64,
    /// Capture time.
    pub begin_us: i64,
    /// Media time.
    pub begin_pts_us: i64,
}

/// An anomaly as it stands at one of its turns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Anomaly {
    /// What the turn is.
    pub phase: Phase,
    /// 0 at the begin.
    pub revision: u32,
    /// Its first window.
    pub first: Mark,
    /// End of the last odd window, capture time and media time.
    pub end_us: i64,
    /// The same in media time.
    pub end_pts_us: i64,
    /// The strangest first.
    pub oddities: Vec<Oddity>,
    /// Others before it that were too many to be told.
    pub untold: u32,
}

/// A minute as far as it has come.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Now {
    pub minute: u64,
    pub first: Mark,
    pub until_us: i64,
    pub until_pts_us: i64,
}

/// What is open of one camera, and how much was told.
#[derive(Clone, Debug, PartialEq, Default)]
pub(super) struct Anomalies {
    open: Option<Open>,
    /// Minutes in which those told began, of the last hour.
    begun: VecDeque<u64>,
    untold: u32,
    /// The minute whose anomaly the stream's end has ended.
    over: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Default)]
struct Open {
    state: Anomaly,
    last_minute: u64,
    told: bool,
    updates: u32,
    told_us: i64,
    told_ratio: f64,
    told_count: usize,
}

/// True when these are of one anomaly: what comes ends an absence and is one of its own.
#[must_use]
pub fn alike(open: &[Oddity], odd: &[Oddity]) -> bool {
    let absence = |list: &[Oddity]| list.iter().any(|o| o.dimension == "absence");
    absence(open) == absence(odd)
}

/// How far a score is above its threshold.
fn ratio(odd: &Oddity) -> f64 {
    if odd.threshold > 0.0 { odd.score / odd.threshold } else { f64::MAX }
}

impl Anomaly {
    /// What was strange, as a sentence.
    #[must_use]
    pub fn text(&self) -> String {
        let mut texts = self.oddities.iter().map(|o| o.text.as_str());
        let mut text = texts.next().unwrap_or_default().to_owned();
        for more in texts {
            text.push_str("; ");
            text.push_str(more);
        }
        if self.untold > 0 {
            text.push_str(&format!("; {} more before it were too many to tell", self.untold));
        }
        text
    }

    /// How sure it is, of 1000: 500 at the threshold.
    #[must_use]
    pub fn score(&self) -> u32 {
        let most = self.oddities.first().map_or(1.0, ratio).max(1.0);
        (1000.0 - 500.0 / most) as u32
    }

    fn merge(&mut self, odd: &[Oddity]) {
        for one in odd {
            let room = self.oddities.len() < MOST_ODDITIES;
            match self.oddities.iter_mut().find(|o| o.dimension == one.dimension) {
                Some(known) if ratio(one) > ratio(known) => *known = one.clone(),
                None if room => self.oddities.push(one.clone()),
                _ => {}
            }
        }
        self.oddities.sort_by(|a, b| ratio(b).total_cmp(&ratio(a)));
    }
}

impl Anomalies {
    /// Takes what is odd in a minute so far; gives what is to be told.
    pub(super) fn see(&mut self, now: &Now, odd: &[Oddity]) -> Vec<Anomaly> {
        let mut told: Vec<Anomaly> = self.pass(now.minute).into_iter().collect();
        if odd.is_empty() {
            return told;
        }
        if self.open.as_ref().is_some_and(|o| !alike(&o.state.oddities, odd)) {
            told.extend(self.end());
        }
        match &mut self.open {
            Some(open) => told.extend(open.go_on(now, odd)),
            None if self.over == Some(now.minute) => {}
            None => told.extend(self.begin(now, odd)),
        }
        told
    }

    /// A minute is reached: what was not odd for long ends.
    pub(super) fn pass(&mut self, minute: u64) -> Option<Anomaly> {
        let goes_on = |o: &Open| minute <= o.last_minute.saturating_add(BETWEEN + 1);
        if self.open.as_ref().is_none_or(goes_on) {
            return None;
        }
        self.end()
    }

    /// The stream breaks off: what is open ends, and does not begin again in its minute.
    pub(super) fn break_off(&mut self) -> Option<Anomaly> {
        self.over = self.open.as_ref().map(|o| o.last_minute).or(self.over);
        self.end()
    }

    fn begin(&mut self, now: &Now, odd: &[Oddity]) -> Option<Anomaly> {
        self.begun.retain(|begun| now.minute.abs_diff(*begun) < HOUR);
        let told = self.begun.len() < MOST_AN_HOUR;
        let untold = if told { std::mem::take(&mut self.untold) } else { 0 };
        let mut state = Anomaly { first: now.first, untold, ..Anomaly::default() };
        (state.end_us, state.end_pts_us) = (now.until_us, now.until_pts_us);
        state.merge(odd);
        let mut open = Open { state, last_minute: now.minute, told, ..Open::default() };
        open.note(now);
        let record = told.then(|| open.state.clone());
        self.open = Some(open);
        if told {
            self.begun.push_back(now.minute);
        } else {
            self.untold += 1;
        }
        record
    }

    fn end(&mut self) -> Option<Anomaly> {
        let open = self.open.take().filter(|o| o.told)?;
        let revision = open.state.revision + 1;
        Some(Anomaly { phase: Phase::End, revision, ..open.state })
    }

    /// The open one once more, for a picture of it.
    pub(super) fn again(&mut self) -> Option<Anomaly> {
        let open = self.open.as_mut().filter(|o| o.told)?;
        open.state.revision += 1;
        Some(Anomaly { phase: Phase::Update, ..open.state.clone() })
    }

    pub(super) fn save(&self, to: &mut Writer) {
        to.u32(self.begun.len() as u32);
        self.begun.iter().for_each(|minute| to.u64(*minute));
        to.u32(self.untold);
        to.u8(u8::from(self.over.is_some()));
        to.u64(self.over.unwrap_or(0));
        to.u8(u8::from(self.open.is_some()));
        if let Some(open) = &self.open {
            open.save(to);
        }
    }

    pub(super) fn load(from: &mut Reader<'_>) -> Option<Anomalies> {
        let count = from.u32().filter(|n| *n as usize <= MOST_AN_HOUR)?;
        let begun = (0..count).map(|_| from.u64()).collect::<Option<_>>()?;
        let untold = from.u32()?;
        let is_over = from.u8()? != 0;
        let over = Some(from.u64()?).filter(|_| is_over);
        let open = if from.u8()? != 0 { Some(Open::load(from)?) } else { None };
        Some(Anomalies { open, begun, untold, over })
    }
}

impl Open {
    fn go_on(&mut self, now: &Now, odd: &[Oddity]) -> Option<Anomaly> {
        self.last_minute = now.minute;
        (self.state.end_us, self.state.end_pts_us) = (now.until_us, now.until_pts_us);
        self.state.merge(odd);
        let top = self.state.oddities.first().map_or(0.0, ratio);
        let more = self.state.oddities.len() > self.told_count || top >= 2.0 * self.told_ratio;
        let soon = !self.told || (0..UPDATE_US).contains(&(now.until_us - self.told_us));
        if !more || soon || self.updates >= MOST_UPDATES {
            return None;
        }
        self.updates += 1;
        self.state.revision += 1;
        self.note(now);
        Some(Anomaly { phase: Phase::Update, ..self.state.clone() })
    }

    /// Notes what was told.
    fn note(&mut self, now: &Now) {
        self.told_us = now.until_us;
        self.told_ratio = self.state.oddities.first().map_or(0.0, ratio);
        self.told_count = self.state.oddities.len();
    }

    fn save(&self, to: &mut Writer) {
        let s = &self.state;
        for v in [s.first.epoch, s.first.sequence, self.last_minute, self.told_count as u64] {
            to.u64(v);
        }
        for v in [s.first.begin_us, s.first.begin_pts_us, s.end_us, s.end_pts_us, self.told_us] {
            to.i64(v);
        }
        for v in [s.revision, s.untold, self.updates, u32::from(self.told)] {
            to.u32(v);
        }
        to.f64(self.told_ratio);
        to.u32(s.oddities.len() as u32);
        s.oddities.iter().for_each(|odd| to.message(odd));
    }

    fn load(from: &mut Reader<'_>) -> Option<Open> {
        let [epoch, sequence, last_minute, told_count] =
            [from.u64()?, from.u64()?, from.u64()?, from.u64()?];
        let [begin_us, begin_pts_us, end_us, end_pts_us, told_us] =
            [from.i64()?, from.i64()?, from.i64()?, from.i64()?, from.i64()?];
        let [revision, untold, updates, told] =
            [from.u32()?, from.u32()?, from.u32()?, from.u32()?];
        let told_ratio = from.f64()?;
        let count = from.u32().filter(|n| *n as usize <= MOST_ODDITIES)?;
        let oddities = (0..count).map(|_| from.message()).collect::<Option<_>>()?;
        let first = Mark { epoch, sequence, begin_us, begin_pts_us };
        let phase = Phase::Begin;
        let state = Anomaly { phase, revision, first, end_us, end_pts_us, oddities, untold };
        let told_count = told_count as usize;
        Some(Open { state, last_minute, told: told != 0, updates, told_us, told_ratio, told_count })
    }
}
