//! From a closed file to its row, its record in `flumen.segments`, and the gaps it closes.
//!
//! Invariants: write -> sync -> length checked -> rename -> directory synced -> row and mark
//! (one transaction) -> `flumen.segments` -> `published`.

use flumen_base::wire::{Gap, GapCause, Segment};
use flumen_base::{Result, topic};
use flumen_bus::Watermark;
use prost::Message;
use rusqlite::params;

use crate::db::{self, Mark, told};
use crate::reader::Span;
use crate::recorder::{HOLE_US, Recorder, replaced};
use crate::rows::{self, Filed};
use crate::timeline;
use crate::unit::{Closed, Unit, path_of};

impl Recorder {
    /// Clears what a kill left: temporary files, unpublished rows; reads the marks.
    pub(crate) fn recover(&mut self) -> Result<()> {
        for entry in self.store.list("tmp")? {
            self.store.delete(&entry.path)?;
        }
        let watermarks = self.bus.watermarks(topic::VIDEO)?;
        self.know_bus(&watermarks)?;
        for mut mark in db::marks(&self.conn, topic::VIDEO)? {
            let Some(log) = watermarks.iter().find(|w| w.partition == mark.partition) else {
                continue;
            };
            if mark.next > log.next || mark.generation > log.generation {
                tracing::error!("{}", replaced(&mark, log.next));
                mark =
                    Mark { next: log.first, generation: log.generation, era: mark.era + 1, ..mark };
                db::set_mark(&self.conn, topic::VIDEO, &mark)?;
            }
            self.marks.insert(mark.partition, mark);
        }
        self.read_highest()?;
        self.publish()
    }

    /// Gives a log that the rows were not made of, because the bus is another kind or the
    /// database was made anew, an era of its own.
    fn know_bus(&mut self, log: &[Watermark]) -> Result<()> {
        let kind = self.bus.health().kind;
        let marks = db::marks(&self.conn, topic::VIDEO)?;
        let rows: Option<u32> = db::one(&self.conn, "SELECT max(era) FROM segment", [])?.flatten();
        self.era = marks.iter().map(|m| m.era).chain(rows).max().unwrap_or(0);
        let made_anew = marks.is_empty() && rows.is_some();
        let other = db::is_other_bus(&self.conn, topic::VIDEO, kind)?;
        let replaced = made_anew || (other && !marks.is_empty());
        if !replaced {
            return db::set_bus(&self.conn, topic::VIDEO, kind);
        }
        self.era += 1;
        if made_anew {
            let mut query = self
                .conn
                .prepare("SELECT camera, min(start_us) FROM segment GROUP BY camera")
                .map_err(told)?;
            let found = query.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).map_err(told)?;
            self.floors_us = found.collect::<rusqlite::Result<_>>().map_err(told)?;
        }
        let tx = self.conn.transaction().map_err(told)?;
        tx.execute("DELETE FROM position WHERE topic = ?1", [topic::VIDEO]).map_err(told)?;
        for w in log {
            let mark = Mark {
                partition: w.partition,
                next: w.first,
                generation: w.generation,
                era: self.era,
            };
            db::set_mark(&tx, topic::VIDEO, &mark)?;
        }
        db::set_bus(&tx, topic::VIDEO, kind)?;
        tx.commit().map_err(told)
    }

    fn read_highest(&mut self) -> Result<()> {
        let mut query = self
            .conn
            .prepare("SELECT camera, stream, max(epoch) FROM segment GROUP BY camera, stream")
            .map_err(told)?;
        let rows = query
            .query_map([], |r| Ok(((r.get(0)?, r.get(1)?), r.get::<_, i64>(2)? as u64)))
            .map_err(told)?;
        self.highest = rows.collect::<rusqlite::Result<_>>().map_err(told)?;
        Ok(())
    }

    /// Gives a closed file its name and its row.
    pub(crate) fn file(&mut self, closed: Closed, mark: Mark) -> Result<()> {
        let Closed { tmp, mut segment } = closed;
        segment.path = self.free_path(&segment)?;
        self.store.rename(&tmp, &segment.path)?;
        self.store.sync_dir(&segment.path)?;
        let passed = self
            .highest
            .get(&(segment.camera.clone(), segment.stream))
            .is_some_and(|&h| h > segment.epoch);
        let row = Filed { segment, era: mark.era, backfilled: passed };
        rows::file(&mut self.conn, &row, &mark)?;
        self.filed += 1;
        self.filed_bytes += row.segment.bytes;
        if row.backfilled {
            self.fill(&row.segment)?;
        }
        self.publish()
    }

    /// The segment's path; one that another row has already gets the epoch behind it.
    fn free_path(&self, segment: &Segment) -> Result<String> {
        let path = path_of(segment, None);
        let taken: Option<i64> =
            db::one(&self.conn, "SELECT 1 FROM segment WHERE path = ?1", [&path])?;
        let dying: Option<i64> =
            db::one(&self.conn, "SELECT 1 FROM garbage WHERE path = ?1", [&path])?;
        let first = segment.first.map_or(0, |f| f.offset);
        Ok(if taken.or(dying).is_some() { path_of(segment, Some(first)) } else { path })
    }

    /// Tells `flumen.segments` what it does not know.
    pub(crate) fn publish(&mut self) -> Result<()> {
        let table = self.bus.table(topic::SEGMENTS)?;
        for row in rows::unpublished(&self.conn)? {
            let s = &row.segment;
            table.put(rows::key_of(s).as_bytes(), Some(&row.record().encode_to_vec()))?;
            rows::set_published(&self.conn, &s.path)?;
        }
        Ok(())
    }

    /// Gaps that a late segment closes become `backfilled`.
    fn fill(&self, segment: &Segment) -> Result<()> {
        let table = self.bus.table(topic::GAPS)?;
        let camera = &segment.camera;
        for (key, value) in table.scan(format!("{camera}/").as_bytes())? {
            let Ok(gap) = Gap::decode(value.as_slice()) else { continue };
            let recording =
                matches!(gap.cause(), GapCause::Offline | GapCause::Network | GapCause::Disk);
            if !recording
                || gap.end_us == 0
                || gap.start_us >= segment.end_us
                || gap.end_us <= segment.start_us
            {
                continue;
            }
            let rows = rows::overlapping(&self.conn, camera, gap.start_us, gap.end_us)?;
            let spans = rows
                .iter()
                .map(|r| Span { start_us: r.segment.start_us, end_us: r.segment.end_us })
                .collect();
            let there = timeline::join(spans, HOLE_US);
            if there.iter().any(|s| {
                s.start_us <= gap.start_us.saturating_add(HOLE_US)
                    && s.end_us >= gap.end_us.saturating_sub(HOLE_US)
            }) {
                let filled = Gap { cause: GapCause::Backfilled.into(), ..gap };
                table.put(gap_key(&filled).as_bytes(), Some(&filled.encode_to_vec()))?;
                table.put(&key, None)?;
            }
        }
        Ok(())
    }

    /// Notes how far each stream of a partition is recorded, as the log has lost what follows.
    pub(crate) fn note_lost(&mut self, partition: u32) -> Result<()> {
        let mut query = self
            .conn
            .prepare("SELECT camera, stream, max(end_us) FROM segment WHERE partition = ?1 GROUP BY camera, stream")
            .map_err(told)?;
        let rows = query
            .query_map(params![partition], |r| Ok(((r.get(0)?, r.get(1)?), r.get(2)?)))
            .map_err(told)?;
        let rows: Vec<((String, i32), i64)> =
            rows.collect::<rusqlite::Result<_>>().map_err(told)?;
        for (stream, end_us) in rows {
            self.lost.entry(stream).or_insert(end_us);
        }
        Ok(())
    }

    /// Puts the gap of a loss in the ledger, now that its end is known.
    pub(crate) fn note_loss(&mut self, unit: &Unit) -> Result<()> {
        let h = &unit.header;
        let Some(start_us) = self.lost.remove(&(h.camera.clone(), h.stream)) else { return Ok(()) };
        if h.pts_us.saturating_sub(start_us) <= HOLE_US {
            return Ok(());
        }
        let gap = Gap {
            camera: h.camera.clone(),
            start_us,
            end_us: h.pts_us,
            cause: GapCause::Disk.into(),
            detail: "the log lost these records before they were recorded".into(),
        };
        self.bus
            .table(topic::GAPS)?
            .put(gap_key(&gap).as_bytes(), Some(&gap.encode_to_vec()))
            .map(|_| ())
    }
}

/// Key of a gap in `flumen.gaps`.
pub(crate) fn gap_key(gap: &Gap) -> String {
    format!("{}/{}/{}", gap.camera, gap.start_us, gap.cause)
}
