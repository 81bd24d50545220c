//! Where the picture is as usual again after it was odd, for what came to rest there.
//!
//! Invariants: an odd picture unsettles all of it; a cell settles when nothing moved in it for
//! half a second, and all of it two minutes after the last odd picture: what a change of light or
//! a hand before the lens left behind has become background then.
//! Units: media time in microseconds; the grid of `rules_visits`.
//! Not here: which pictures are odd (`analyzer`).

use crate::bits::Bits;
use crate::rules::Moment;
use crate::rules_visits::{Area, COLUMNS, ROWS, cells};
use crate::state::{Reader, Writer};

/// Without motion for so long a cell has settled.
const CLEAR_US: i64 = 500_000;
/// All has settled so long after the last odd picture.
const MOST_US: i64 = 120_000_000;
/// Mark of a cell that has settled.
const SETTLED: i64 = i64::MIN;

/// What has not settled yet.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Settling {
    /// When the last odd picture was.
    odd_us: i64,
    /// When each cell was last odd or held motion; empty when all have settled.
    moved: Vec<i64>,
}

impl Settling {
    /// Looks at the pixels of a picture that move.
    pub(crate) fn see(&mut self, now: Moment, moving: &Bits) {
        if now.odd {
            self.odd_us = now.pts_us;
            self.moved.clear();
            self.moved.resize(COLUMNS * ROWS, now.pts_us);
            return;
        }
        for (cell, moved) in self.moved.iter_mut().enumerate().filter(|(_, m)| **m != SETTLED) {
            if moves(moving, cell) {
                *moved = now.pts_us;
            } else if now.pts_us - *moved >= CLEAR_US {
                *moved = SETTLED;
            }
        }
        let over = now.pts_us - self.odd_us >= MOST_US;
        if over || self.moved.iter().all(|m| *m == SETTLED) {
            self.moved.clear();
        }
    }

    /// True when half of a place or more has moved without a pause since the picture was odd.
    pub(crate) fn holds(&self, area: Area, size: (u32, u32)) -> bool {
        let all = cells(area, size).count();
        let settled = cells(area, size).filter(|c| self.has_settled(*c)).count();
        settled * 2 <= all
    }

    /// True when the picture is as usual in a cell.
    pub(crate) fn has_settled(&self, cell: usize) -> bool {
        self.moved.get(cell).is_none_or(|m| *m == SETTLED)
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.i64(self.odd_us);
        to.u8(u8::from(!self.moved.is_empty()));
        self.moved.iter().for_each(|m| to.i64(*m));
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Settling> {
        let odd_us = from.i64()?;
        let count = if from.u8()? == 0 { 0 } else { COLUMNS * ROWS };
        let moved = (0..count).map(|_| from.i64()).collect::<Option<_>>()?;
        Some(Settling { odd_us, moved })
    }
}

/// True when a pixel moves in a cell.
fn moves(moving: &Bits, cell: usize) -> bool {
    let part = |at: usize, side: usize, count: usize| (at * side / count, (at + 1) * side / count);
    let (left, right) = part(cell % COLUMNS, moving.width(), COLUMNS);
    let (top, bottom) = part(cell / COLUMNS, moving.height(), ROWS);
    (top..bottom).any(|y| moving.count_run(y, left, right) > 0)
}
