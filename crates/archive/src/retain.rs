//! What is too old or too much, and its removal in an order that a kill can't spoil.
//!
//! Invariants: what goes is told in `flumen.gaps` as `expired` before it goes, spans that touch
//! as one; oldest first; the row goes into `garbage` (one transaction), then its record in
//! `flumen.segments`, then the file, then the garbage row: a kill in between leaves work for
//! the next run and never a row without its file. Nothing is removed that the newest rule
//! for its camera keeps.

use flumen_base::Result;
use flumen_base::wire::{Gap, GapCause};
use flumen_bus::Table;
use prost::Message;
use rusqlite::{Connection, params};

use crate::config::Keep;
use crate::db::{self, told};
use crate::file::gap_key;
use crate::reader::Span;
use crate::recorder::HOLE_US;
use crate::store::Store;
use crate::timeline;

/// Files removed in one go; the rest waits for the next turn.
const BATCH: usize = 256;

/// What one camera's rule would remove now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removal {
    /// The camera.
    pub camera: String,
    /// Files.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
    /// End of the last span that goes, UTC.
    pub until_us: i64,
}

struct Old {
    path: String,
    start_us: i64,
    end_us: i64,
    stream: i32,
    bytes: u64,
}

/// Segments of a camera that `keep` does not keep, oldest first.
fn too_much(conn: &Connection, camera: &str, keep: Keep, now_us: i64) -> Result<Vec<Old>> {
    let total: i64 = db::one(conn, "SELECT total(bytes) FROM segment WHERE camera = ?1", [camera])?
        .map_or(0, |b: f64| b as i64);
    let mut excess = keep.bytes.map_or(0, |most| total - i64::try_from(most).unwrap_or(i64::MAX));
    let oldest_us = keep.age.map_or(i64::MIN, |age| {
        now_us.saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX))
    });
    let mut query = conn
        .prepare_cached("SELECT path, start_us, end_us, stream, bytes FROM segment WHERE camera = ?1 ORDER BY start_us, id")
        .map_err(told)?;
    let mut rows = query.query([camera]).map_err(told)?;
    let mut old = Vec::new();
    while let Some(r) = rows.next().map_err(told)? {
        let read = || -> rusqlite::Result<Old> {
            Ok(Old {
                path: r.get(0)?,
                start_us: r.get(1)?,
                end_us: r.get(2)?,
                stream: r.get(3)?,
                bytes: r.get::<_, i64>(4)? as u64,
            })
        };
        let row = read().map_err(told)?;
        if row.end_us >= oldest_us && excess <= 0 {
            break;
        }
        excess -= row.bytes as i64;
        old.push(row);
    }
    Ok(old)
}

/// What `keep` would remove now, without removing it.
pub(crate) fn preview(conn: &Connection, camera: &str, keep: Keep, now_us: i64) -> Result<Removal> {
    let old = too_much(conn, camera, keep, now_us)?;
    Ok(Removal {
        camera: camera.to_owned(),
        segments: old.len() as u64,
        bytes: old.iter().map(|o| o.bytes).sum(),
        until_us: old.iter().map(|o| o.end_us).max().unwrap_or(0),
    })
}

/// Moves what `keep` does not keep into the garbage. Gives the number of segments.
pub(crate) fn condemn(
    conn: &mut Connection,
    camera: &str,
    keep: Keep,
    now_us: i64,
    gaps: &dyn Table,
) -> Result<usize> {
    let old = too_much(conn, camera, keep, now_us)?;
    tell(camera, old.iter().take(BATCH), gaps)?;
    let tx = conn.transaction().map_err(told)?;
    for row in old.iter().take(BATCH) {
        tx.execute(
            "INSERT OR REPLACE INTO garbage(path, key) VALUES(?1, ?2)",
            params![row.path, crate::rows::key(camera, row.start_us, row.stream, &row.path)],
        )
        .map_err(told)?;
        tx.execute("DELETE FROM segment WHERE path = ?1", [&row.path]).map_err(told)?;
        db::touch_day(&tx, "segments", row.start_us)?;
    }
    tx.commit().map_err(told)?;
    Ok(old.len().min(BATCH))
}

/// Says in the ledger what goes; a span that goes on behind one that went before is one with it.
fn tell<'a>(camera: &str, old: impl Iterator<Item = &'a Old>, gaps: &dyn Table) -> Result<()> {
    let spans: Vec<Span> = old.map(|o| Span { start_us: o.start_us, end_us: o.end_us }).collect();
    if spans.is_empty() {
        return Ok(());
    }
    let known = gaps.scan(format!("{camera}/").as_bytes())?;
    let known = known.iter().filter_map(|(_, value)| Gap::decode(value.as_slice()).ok());
    let mut newest = known.filter(|g| g.cause() == GapCause::Expired).max_by_key(|g| g.end_us);
    for span in timeline::join(spans, HOLE_US) {
        let before = newest.take().filter(|g| {
            span.start_us >= g.start_us && span.start_us <= g.end_us.saturating_add(HOLE_US)
        });
        let gap = match before {
            Some(gap) => Gap { end_us: gap.end_us.max(span.end_us), ..gap },
            None => Gap {
                camera: camera.to_owned(),
                start_us: span.start_us,
                end_us: span.end_us,
                cause: GapCause::Expired.into(),
                detail: "it was older, or more, than is kept of this camera".into(),
            },
        };
        gaps.put(gap_key(&gap).as_bytes(), Some(&gap.encode_to_vec()))?;
        newest = Some(gap);
    }
    Ok(())
}

/// Removes what stands in the garbage: table record, file, garbage row.
pub(crate) fn collect(conn: &Connection, store: &dyn Store, segments: &dyn Table) -> Result<()> {
    let mut query =
        conn.prepare_cached("SELECT path, key FROM garbage LIMIT 1000").map_err(told)?;
    let found: Vec<(String, String)> = query
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?)))
        .map_err(told)?
        .collect::<rusqlite::Result<_>>()
        .map_err(told)?;
    for (path, key) in found {
        segments.put(key.as_bytes(), None)?;
        store.delete(&path)?;
        conn.prepare_cached("DELETE FROM garbage WHERE path = ?1")
            .map_err(told)?
            .execute([&path])
            .map_err(told)?;
    }
    Ok(())
}

/// Removes events with their pictures, insights, and gaps, that `keep` does not keep.
pub(crate) fn forget(conn: &mut Connection, keep: Keep, now_us: i64) -> Result<()> {
    let oldest_us = keep.age.map_or(i64::MIN, |age| {
        now_us.saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX))
    });
    let tx = conn.transaction().map_err(told)?;
    tx.execute(
        "DELETE FROM picture WHERE event IN (SELECT id FROM event WHERE begin_us < ?1 AND end_us < ?1 LIMIT 5000) OR at_us < ?1",
        [oldest_us],
    )
    .map_err(told)?;
    tx.execute("DELETE FROM event WHERE id IN (SELECT id FROM event WHERE begin_us < ?1 AND end_us < ?1 LIMIT 5000)", [oldest_us])
        .map_err(told)?;
    tx.execute(
        "DELETE FROM insight WHERE id IN (SELECT id FROM insight WHERE end_us < ?1 LIMIT 5000)",
        [oldest_us],
    )
    .map_err(told)?;
    tx.execute("DELETE FROM gap WHERE key IN (SELECT key FROM gap WHERE end_us < ?1 AND end_us <> 0 LIMIT 5000)", [oldest_us])
        .map_err(told)?;
    if let Some(most) = keep.bytes {
        let total: f64 =
            db::one(&tx, "SELECT total(length(jpeg)) FROM picture", [])?.unwrap_or(0.0);
        if total > most as f64 {
            tx.execute("DELETE FROM picture WHERE rowid IN (SELECT rowid FROM picture ORDER BY at_us LIMIT 1000)", []).map_err(told)?;
        }
    }
    // A day whose pictures are all gone loses its file too.
    tx.execute(
        "UPDATE day SET dirty = 1 WHERE name = 'pictures' AND dirty = 0 AND (day + 1) * 86400000000 <= (SELECT coalesce(min(at_us), 9223372036854775807) FROM picture)",
        [],
    )
    .map_err(told)?;
    tx.commit().map_err(told)
}
