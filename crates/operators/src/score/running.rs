//! The minute under way of one camera: what it is made of, and the scores of its windows.
//!
//! Not here: what a score means (`scorer`).

use flumen_base::wire::Window;

use super::anomalies::{Mark, Now};
use super::features::is_busy;
use super::minute::{MinuteSoFar, Third};
use crate::state::{Reader, Writer};

/// Kinds that score windows: number among `SCORED`, and their dimension.
pub(super) const OF_WINDOWS: [(usize, &str); 2] = [(1, "cluster"), (2, "density")];

/// The minute under way.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Running {
    pub so_far: MinuteSoFar,
    /// First good window, first busy one, end of the last.
    pub first: Mark,
    pub busy: Option<Mark>,
    pub until_us: i64,
    pub until_pts_us: i64,
    /// By `OF_WINDOWS`: scores of the model that counts and of the one beside.
    pub thirds: [[Third; 2]; OF_WINDOWS.len()],
    /// Largest score, and the feature that made it.
    pub most: [(f64, u32); OF_WINDOWS.len()],
}

impl Running {
    pub(super) fn new(camera: &str, minute: u64, first: &Window) -> Running {
        Running {
            so_far: MinuteSoFar::new(camera, minute),
            first: mark(first),
            busy: None,
            until_us: first.begin_us,
            until_pts_us: first.begin_pts_us,
            thirds: Default::default(),
            most: Default::default(),
        }
    }

    pub(super) fn add(&mut self, window: &Window) {
        self.so_far.add(window);
        self.until_us = window.begin_us + i64::from(window.duration_us);
        self.until_pts_us = window.begin_pts_us + i64::from(window.duration_us);
        if self.busy.is_none() && is_busy(window) {
            self.busy = Some(mark(window));
        }
    }

    pub(super) fn now(&self) -> Now {
        Now {
            minute: self.so_far.minute(),
            first: self.busy.unwrap_or(self.first),
            until_us: self.until_us,
            until_pts_us: self.until_pts_us,
        }
    }

    pub(super) fn save(&self, to: &mut Writer) {
        self.so_far.save(to);
        save_mark(&self.first, to);
        to.u8(u8::from(self.busy.is_some()));
        save_mark(&self.busy.unwrap_or_default(), to);
        to.i64(self.until_us);
        to.i64(self.until_pts_us);
        self.thirds.iter().flatten().for_each(|third| third.save(to));
        for (score, feature) in &self.most {
            to.f64(*score);
            to.u32(*feature);
        }
    }

    pub(super) fn load(from: &mut Reader<'_>) -> Option<Running> {
        let so_far = MinuteSoFar::load(from)?;
        let first = load_mark(from)?;
        let is_busy = from.u8()? != 0;
        let busy = Some(load_mark(from)?).filter(|_| is_busy);
        let (until_us, until_pts_us) = (from.i64()?, from.i64()?);
        let mut thirds: [[Third; 2]; OF_WINDOWS.len()] = Default::default();
        for third in thirds.iter_mut().flatten() {
            *third = Third::load(from)?;
        }
        let mut most: [(f64, u32); OF_WINDOWS.len()] = Default::default();
        for one in &mut most {
            *one = (from.f64()?, from.u32()?);
        }
        Some(Running { so_far, first, busy, until_us, until_pts_us, thirds, most })
    }
}

fn mark(window: &Window) -> Mark {
    let Window { epoch, sequence, begin_us, begin_pts_us, .. } = *window;
    Mark { epoch, sequence, begin_us, begin_pts_us }
}

fn save_mark(mark: &Mark, to: &mut Writer) {
    to.u64(mark.epoch);
    to.u64(mark.sequence);
    to.i64(mark.begin_us);
    to.i64(mark.begin_pts_us);
}

fn load_mark(from: &mut Reader<'_>) -> Option<Mark> {
    Some(Mark {
        epoch: from.u64()?,
        sequence: from.u64()?,
        begin_us: from.i64()?,
        begin_pts_us: from.i64()?,
    })
}
