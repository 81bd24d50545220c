//! Rows of segments: writing, reading, publishing.
//!
//! Invariants: a row and the mark of `flumen.video` that counts on it are one transaction;
//! a row is published in `flumen.segments` after it is committed, and again after a kill.

use flumen_base::wire::{Segment, SourcePosition};
use flumen_base::{Result, topic};
use rusqlite::{Connection, Row, params};

use crate::db::{self, Mark, told};
use crate::reader::Span;

/// A segment's row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filed {
    pub segment: Segment,
    /// Era of the log that it was read from.
    pub era: u32,
    /// Came after a higher epoch of its camera and stream.
    pub backfilled: bool,
}

impl Filed {
    /// The row as `flumen.segments` carries it.
    pub(crate) fn record(&self) -> Segment {
        Segment { era: self.era, backfilled: self.backfilled, ..self.segment.clone() }
    }

    /// The row of a record of `flumen.segments`.
    pub(crate) fn of(record: Segment) -> Filed {
        let (era, backfilled) = (record.era, record.backfilled);
        Filed { segment: Segment { era: 0, backfilled: false, ..record }, era, backfilled }
    }
}

const COLUMNS: &str = "camera, stream, epoch, start_us, end_us, duration_us, first_pts_us, path, bytes, sha256, \
     codec, width, height, audio, frames, first_sequence, last_sequence, partition, first_offset, \
     first_generation, last_offset, last_generation, era, backfilled";

/// Writes a segment's row with the mark behind it, as one transaction.
pub(crate) fn file(conn: &mut Connection, row: &Filed, mark: &Mark) -> Result<()> {
    let tx = conn.transaction().map_err(told)?;
    insert(&tx, "INSERT", row, false)?;
    db::set_mark(&tx, topic::VIDEO, mark)?;
    db::touch_day(&tx, "segments", row.segment.start_us)?;
    tx.commit().map_err(told)
}

/// Takes a row that another database had, in place of one of the same file; part of the
/// caller's transaction.
pub(crate) fn import(conn: &Connection, row: &Filed, published: bool) -> Result<()> {
    insert(conn, "INSERT OR REPLACE", row, published)
}

fn insert(conn: &Connection, how: &str, row: &Filed, published: bool) -> Result<()> {
    let s = &row.segment;
    let (first, last) = (s.first.unwrap_or_default(), s.last.unwrap_or_default());
    conn.prepare_cached(&format!(
        "{how} INTO segment({COLUMNS}, published) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,\
         ?16,?17,?18,?19,?20,?21,?22,?23,?24,?25)"
    ))
    .map_err(told)?
    .execute(params![
        s.camera, s.stream, s.epoch as i64, s.start_us, s.end_us, s.duration_us, s.first_pts_us, s.path,
        s.bytes as i64, s.sha256.as_ref(), s.codec, s.width, s.height, s.audio, s.frames as i64,
        s.first_sequence as i64, s.last_sequence as i64, first.partition, first.offset as i64,
        first.generation, last.offset as i64, last.generation, row.era, row.backfilled, published,
    ])
    .map_err(told)?;
    Ok(())
}

/// Removes the rows of a key of `flumen.segments`; gives how many.
pub(crate) fn remove(conn: &Connection, key: &str) -> Result<usize> {
    let mut parts = key.split('/');
    let (Some(camera), Some(Ok(start_us))) = (parts.next(), parts.next().map(str::parse::<i64>))
    else {
        return Ok(0);
    };
    let rows = select(conn, "WHERE camera = ?1 AND start_us = ?2", params![camera, start_us])?;
    let mut removed = 0;
    for row in rows.iter().filter(|row| key_of(&row.segment) == key) {
        removed += conn
            .prepare_cached("DELETE FROM segment WHERE path = ?1")
            .map_err(told)?
            .execute([&row.segment.path])
            .map_err(told)?;
    }
    Ok(removed)
}

fn filed(r: &Row<'_>) -> rusqlite::Result<Filed> {
    let partition: u32 = r.get(17)?;
    let at = |offset: usize, generation: usize| -> rusqlite::Result<Option<SourcePosition>> {
        Ok(Some(SourcePosition {
            partition,
            offset: r.get::<_, i64>(offset)? as u64,
            generation: r.get(generation)?,
        }))
    };
    let unsigned = |column: usize| r.get::<_, i64>(column).map(|v| v as u64);
    let segment = Segment {
        camera: r.get(0)?,
        stream: r.get(1)?,
        epoch: unsigned(2)?,
        start_us: r.get(3)?,
        end_us: r.get(4)?,
        duration_us: r.get(5)?,
        first_pts_us: r.get(6)?,
        path: r.get(7)?,
        bytes: unsigned(8)?,
        sha256: r.get::<_, Vec<u8>>(9)?.into(),
        codec: r.get(10)?,
        width: r.get(11)?,
        height: r.get(12)?,
        audio: r.get(13)?,
        frames: unsigned(14)?,
        first_sequence: unsigned(15)?,
        last_sequence: unsigned(16)?,
        first: at(18, 19)?,
        last: at(20, 21)?,
        era: 0,
        backfilled: false,
    };
    Ok(Filed { segment, era: r.get(22)?, backfilled: r.get(23)? })
}

/// Rows that a condition (with `ORDER BY` and `LIMIT` where wanted) selects.
pub(crate) fn select(
    conn: &Connection,
    rest: &str,
    with: impl rusqlite::Params,
) -> Result<Vec<Filed>> {
    let mut query =
        conn.prepare_cached(&format!("SELECT {COLUMNS} FROM segment {rest}")).map_err(told)?;
    let rows = query.query_map(with, filed).map_err(told)?;
    rows.collect::<rusqlite::Result<_>>().map_err(told)
}

/// Rows of a camera that overlap `from_us..to_us`, oldest first.
pub(crate) fn overlapping(
    conn: &Connection,
    camera: &str,
    from_us: i64,
    to_us: i64,
) -> Result<Vec<Filed>> {
    select(
        conn,
        "WHERE camera = ?1 AND start_us < ?3 AND start_us > ?2 - 7200000000 AND end_us > ?2 ORDER BY start_us, stream, id",
        params![camera, from_us, to_us],
    )
}

/// Spans of a camera that overlap `from_us..to_us`, oldest first.
pub(crate) fn spans(
    conn: &Connection,
    camera: &str,
    from_us: i64,
    to_us: i64,
) -> Result<Vec<Span>> {
    let sql = "SELECT start_us, end_us FROM segment WHERE camera = ?1 AND start_us < ?3 AND start_us > ?2 - 7200000000 AND end_us > ?2 ORDER BY start_us";
    let mut query = conn.prepare_cached(sql).map_err(told)?;
    let found = query.query_map(params![camera, from_us, to_us], |r| {
        Ok(Span { start_us: r.get(0)?, end_us: r.get(1)? })
    });
    found.map_err(told)?.collect::<rusqlite::Result<_>>().map_err(told)
}

/// Begin of the oldest file of a camera.
pub(crate) fn oldest(conn: &Connection, camera: &str) -> Result<Option<i64>> {
    let sql = "SELECT min(start_us) FROM segment WHERE camera = ?1";
    let oldest: Option<Option<i64>> = db::one(conn, sql, params![camera])?;
    Ok(oldest.flatten())
}

/// What rows hold of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Covered {
    /// Highest offset of the partition in this era of its log.
    pub offset: Option<u64>,
    /// Last sequence number, and the end, of what another log held, or another partition.
    pub elsewhere: Option<(u64, i64)>,
}

/// What rows of this stream and epoch hold.
pub(crate) fn covered(
    conn: &Connection,
    era: u32,
    partition: u32,
    of: (&str, i32, u64),
) -> Result<Covered> {
    let (camera, stream, epoch) = of;
    let sql = "SELECT max(last_offset) FROM segment WHERE era = ?1 AND partition = ?2 AND camera = ?3 AND stream = ?4 AND epoch = ?5";
    let highest: Option<Option<i64>> =
        db::one(conn, sql, params![era, partition, camera, stream, epoch as i64])?;
    let sql = "SELECT max(last_sequence), max(end_us) FROM segment WHERE camera = ?3 AND stream = ?4 AND epoch = ?5 AND (era <> ?1 OR partition <> ?2)";
    let elsewhere = conn
        .prepare_cached(sql)
        .map_err(told)?
        .query_row(params![era, partition, camera, stream, epoch as i64], |r| {
            Ok(r.get::<_, Option<i64>>(0)?.map(|v| v as u64).zip(r.get(1)?))
        })
        .map_err(told)?;
    Ok(Covered { offset: highest.flatten().map(|v| v as u64), elsewhere })
}

/// Rows that `flumen.segments` may not know yet.
pub(crate) fn unpublished(conn: &Connection) -> Result<Vec<Filed>> {
    select(conn, "WHERE published = 0 ORDER BY id LIMIT 1000", [])
}

/// Notes that `flumen.segments` knows a row.
pub(crate) fn set_published(conn: &Connection, path: &str) -> Result<()> {
    conn.prepare_cached("UPDATE segment SET published = 1 WHERE path = ?1")
        .map_err(told)?
        .execute([path])
        .map_err(told)?;
    Ok(())
}

/// Key of a segment in `flumen.segments`.
pub(crate) fn key_of(s: &Segment) -> String {
    key(&s.camera, s.start_us, s.stream, &s.path)
}

/// Key of a segment in `flumen.segments`: camera and start; the stream when it is not the main
/// one; what tells two files of one start apart, as it stands in their path.
pub(crate) fn key(camera: &str, start_us: i64, stream: i32, path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.strip_suffix(".mp4").unwrap_or(name);
    let tail = stem.rsplit_once("-main").or_else(|| stem.rsplit_once("-sub"));
    match (stream, tail.map_or("", |(_, extra)| extra).strip_prefix('-')) {
        (0, None) => format!("{camera}/{start_us}"),
        (other, None) => format!("{camera}/{start_us}/{other}"),
        (other, Some(extra)) => format!("{camera}/{start_us}/{other}/{extra}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_one_start_have_keys_of_their_own() {
        let of = |path: &str, stream| key("yard", 5, stream, path);
        assert_eq!(of("video/yard/1970-01-01/5-main.mp4", 0), "yard/5");
        assert_eq!(of("video/yard/1970-01-01/5-sub.mp4", 1), "yard/5/1");
        assert_eq!(of("video/yard/1970-01-01/5-main-77.mp4", 0), "yard/5/0/77");
        assert_eq!(of("video/the-main-yard/1970-01-01/5-sub-8.mp4", 1), "yard/5/1/8");
    }
}
