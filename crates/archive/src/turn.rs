//! What recording does between records: lines left behind, marks, an orderly end, losses.
//!
//! Invariants: a line is only closed here when it was silent for long, or at the end; a stored
//! mark never passes a unit that is in no row.

use std::collections::BTreeMap;

use flumen_base::{CameraId, Result, topic};

use crate::db::{self, Mark};
use crate::join::Line;
use crate::reader::Span;
use crate::recorder::Recorder;
use crate::segment::Open;

/// A line that a higher epoch followed is closed when it was silent this long.
const LATE_US: i64 = 10_000_000;
/// Any line is closed when it was silent this long while others went on.
const IDLE_US: i64 = 300_000_000;
/// A mark is stored by itself when it is this far ahead of the stored one.
const FAR: u64 = 4096;

impl Recorder {
    /// Closes lines that were left behind, and stores marks that moved far.
    pub(crate) fn settle(&mut self) -> Result<()> {
        let late: Vec<Line> = self
            .open
            .iter()
            .filter(|(line, open)| self.is_left(line, open))
            .map(|(l, _)| l.clone())
            .collect();
        for line in late {
            self.end(&line, None, u64::MAX)?;
        }
        for partition in self.marks.keys().copied().collect::<Vec<_>>() {
            let mark = self.low(partition, None);
            let written = self.written.get(&partition).copied().unwrap_or(0);
            if mark.next >= written + FAR {
                db::set_mark(&self.conn, topic::VIDEO, &mark)?;
                self.written.insert(partition, mark.next);
            }
        }
        self.known.retain(|line, _| {
            self.highest
                .get(&(line.camera.clone(), line.stream))
                .is_none_or(|&h| line.epoch + 8 >= h)
        });
        self.publish()
    }

    fn is_left(&self, line: &Line, open: &Open) -> bool {
        let silent_us = self.clock_us.saturating_sub(open.arrival_us);
        let passed =
            self.highest.get(&(line.camera.clone(), line.stream)).is_some_and(|&h| h > line.epoch);
        silent_us > if passed { LATE_US } else { IDLE_US }
    }

    /// Arrival of the newest record that was taken.
    pub(crate) fn newest_us(&self) -> Option<i64> {
        (self.clock_us != i64::MIN).then_some(self.clock_us)
    }

    /// What is being written.
    pub(crate) fn spans(&self) -> Vec<(CameraId, Span)> {
        let span = |(line, open): (&Line, &Open)| {
            let (_, newest_us, own_us) = open.newest();
            let start_us = open.head().pts_us;
            let lasts_us = newest_us.saturating_sub(open.first_dts_us()).saturating_add(own_us);
            let end_us = start_us.saturating_add(lasts_us);
            Some((CameraId::new(&line.camera).ok()?, Span { start_us, end_us }))
        };
        self.open.iter().filter_map(span).collect()
    }

    /// Files what is whole and forgets the rest: it is written again from the bus.
    pub(crate) fn finish(&mut self) -> Result<()> {
        let mut floors: BTreeMap<u32, u64> = BTreeMap::new();
        for (_, open) in std::mem::take(&mut self.open) {
            let (first, partition) = (open.first.offset, open.first.partition);
            let closed = open.close_at_key(self.store.as_ref())?;
            let resume = closed.as_ref().map_or(first, |(_, next)| next.offset);
            let floor = floors.entry(partition).or_insert(resume);
            *floor = resume.min(*floor);
            if let Some((closed, _)) = closed {
                // The mark itself stays: units above it that rows hold are skipped by their rows.
                let stored = db::marks(&self.conn, topic::VIDEO)?
                    .into_iter()
                    .find(|m| m.partition == partition);
                let stay = stored.unwrap_or(Mark { next: 0, ..*self.mark(partition) });
                self.file(closed, stay)?;
            }
        }
        for partition in self.marks.keys().copied().collect::<Vec<_>>() {
            let mark = self.low(partition, floors.get(&partition).copied());
            db::set_mark(&self.conn, topic::VIDEO, &mark)?;
        }
        self.publish()
    }

    pub(crate) fn lose(&mut self, partition: u32, to: u64, why: String) -> Result<()> {
        tracing::error!(partition, "{why}");
        let lines: Vec<Line> = self
            .open
            .iter()
            .filter(|(_, o)| o.first.partition == partition)
            .map(|(l, _)| l.clone())
            .collect();
        self.mark(partition).next = to;
        for line in lines {
            self.end(&line, None, to)?;
        }
        self.note_lost(partition)
    }
}
