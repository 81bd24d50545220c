//! The database `archive.sqlite`: schema, opening, positions.
//!
//! Invariants: WAL with full sync, so a committed row is there after a power cut; one
//! writing connection (the archive's), any number of reading ones; `user_version` is the
//! schema's version and a newer one is refused.
//! Units: microseconds UTC, bytes. 64-bit unsigned numbers are stored bit for bit as i64.

use std::path::Path;
use std::time::Duration;

use flumen_base::{Context, Error, Kind, Result};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};

/// File name of the database in its directory.
pub(crate) const FILE: &str = "archive.sqlite";
const VERSION: i64 = 3;
/// Stands among the positions until a new database was filled from other places.
const NEW: &str = "@new";

const SCHEMA: &str = "
CREATE TABLE position(
  topic TEXT NOT NULL, partition INTEGER NOT NULL, next INTEGER NOT NULL,
  generation INTEGER NOT NULL, era INTEGER NOT NULL,
  PRIMARY KEY(topic, partition)) WITHOUT ROWID;
CREATE TABLE segment(
  id INTEGER PRIMARY KEY, camera TEXT NOT NULL, stream INTEGER NOT NULL, epoch INTEGER NOT NULL,
  start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, duration_us INTEGER NOT NULL,
  first_pts_us INTEGER NOT NULL, path TEXT NOT NULL UNIQUE, bytes INTEGER NOT NULL,
  sha256 BLOB NOT NULL, codec INTEGER NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
  audio INTEGER NOT NULL, frames INTEGER NOT NULL,
  first_sequence INTEGER NOT NULL, last_sequence INTEGER NOT NULL,
  era INTEGER NOT NULL, partition INTEGER NOT NULL,
  first_offset INTEGER NOT NULL, first_generation INTEGER NOT NULL,
  last_offset INTEGER NOT NULL, last_generation INTEGER NOT NULL,
  backfilled INTEGER NOT NULL, published INTEGER NOT NULL);
CREATE INDEX segment_time ON segment(camera, start_us);
CREATE INDEX segment_covered ON segment(era, partition, camera, stream, epoch, last_offset);
CREATE INDEX segment_unpublished ON segment(published) WHERE published = 0;
CREATE TABLE event(
  id BLOB PRIMARY KEY, camera TEXT NOT NULL, kind TEXT NOT NULL, begin_us INTEGER NOT NULL,
  end_us INTEGER NOT NULL, phase INTEGER NOT NULL, revision INTEGER NOT NULL,
  record BLOB NOT NULL, zone TEXT NOT NULL DEFAULT '') WITHOUT ROWID;
CREATE INDEX event_camera ON event(camera, begin_us);
CREATE INDEX event_time ON event(begin_us);
CREATE INDEX event_kind ON event(kind, begin_us);
CREATE INDEX event_zone ON event(zone, begin_us) WHERE zone <> '';
CREATE TABLE picture(
  event BLOB PRIMARY KEY, camera TEXT NOT NULL, at_us INTEGER NOT NULL,
  revision INTEGER NOT NULL, jpeg BLOB NOT NULL);
CREATE INDEX picture_time ON picture(camera, at_us);
CREATE TABLE gap(
  key TEXT PRIMARY KEY, camera TEXT NOT NULL, start_us INTEGER NOT NULL, end_us INTEGER NOT NULL,
  cause INTEGER NOT NULL, detail TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX gap_time ON gap(camera, start_us);
CREATE TABLE garbage(path TEXT PRIMARY KEY, key TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE day(
  name TEXT NOT NULL, day INTEGER NOT NULL, dirty INTEGER NOT NULL, rows INTEGER NOT NULL,
  bytes INTEGER NOT NULL, sha256 BLOB NOT NULL, PRIMARY KEY(name, day)) WITHOUT ROWID;
";

/// From the first schema to the second: an event's zone, which stood in its record only.
const SECOND: &str = "
ALTER TABLE event ADD COLUMN zone TEXT NOT NULL DEFAULT '';
CREATE INDEX event_kind ON event(kind, begin_us);
CREATE INDEX event_zone ON event(zone, begin_us) WHERE zone <> '';
";

/// From the second schema to the third, and the end of a new one: what learning found.
const THIRD: &str = "
CREATE TABLE insight(
  id BLOB PRIMARY KEY, camera TEXT NOT NULL, kind INTEGER NOT NULL, dimension TEXT NOT NULL,
  begin_us INTEGER NOT NULL, end_us INTEGER NOT NULL, revision INTEGER NOT NULL,
  record BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX insight_camera ON insight(camera, kind, begin_us);
CREATE INDEX insight_kind ON insight(kind, begin_us);
";

/// Puts SQLite's answer into the one error.
#[track_caller]
pub(crate) fn told(e: rusqlite::Error) -> Error {
    let kind = match e.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Kind::DataLoss,
        Some(ErrorCode::DiskFull) => Kind::Exhausted,
        Some(ErrorCode::ConstraintViolation | ErrorCode::ApiMisuse) => Kind::Internal,
        Some(_) => Kind::Unavailable,
        None => Kind::Internal,
    };
    Error::new(kind, format!("{FILE}: {e}")).with_source(e)
}

/// Opens the database for writing, making it when it is missing.
pub(crate) fn open(dir: &Path) -> Result<Connection> {
    std::fs::create_dir_all(dir).context(format_args!("make {}", dir.display()))?;
    let mut conn = Connection::open(dir.join(FILE)).map_err(told)?;
    prepare(&conn)?;
    conn.pragma_update(None, "journal_mode", "WAL").map_err(told)?;
    conn.pragma_update(None, "synchronous", "FULL").map_err(told)?;
    if version(&conn)? == 0 {
        let tx = conn.transaction().map_err(told)?;
        tx.execute_batch(SCHEMA).map_err(told)?;
        tx.execute_batch(THIRD).map_err(told)?;
        set_mark(&tx, NEW, &Mark { partition: 0, next: 0, generation: 0, era: 0 })?;
        tx.pragma_update(None, "user_version", VERSION).map_err(told)?;
        tx.commit().map_err(told)?;
    }
    if version(&conn)? == 1 {
        let tx = conn.transaction().map_err(told)?;
        tx.execute_batch(SECOND).map_err(told)?;
        crate::happened::fill_zones(&tx)?;
        tx.pragma_update(None, "user_version", 2).map_err(told)?;
        tx.commit().map_err(told)?;
    }
    if version(&conn)? == 2 {
        let tx = conn.transaction().map_err(told)?;
        tx.execute_batch(THIRD).map_err(told)?;
        tx.pragma_update(None, "user_version", VERSION).map_err(told)?;
        tx.commit().map_err(told)?;
    }
    agree(&conn, dir, VERSION..=VERSION)?;
    Ok(conn)
}

/// True when the database was made by this build and has not yet what other places know.
pub(crate) fn is_new(conn: &Connection) -> Result<bool> {
    Ok(!marks(conn, NEW)?.is_empty())
}

/// The database has what other places know.
pub(crate) fn set_filled(conn: &Connection) -> Result<()> {
    conn.execute("DELETE FROM position WHERE topic = ?1", [NEW]).map_err(told)?;
    Ok(())
}

/// True when `who` read its positions from another kind of bus than this one.
pub(crate) fn is_other_bus(conn: &Connection, who: &str, kind: &str) -> Result<bool> {
    let sql = "SELECT substr(topic, length(?1) + 2) FROM position WHERE topic GLOB ?1 || '@*'";
    let known: Option<String> = one(conn, sql, [who])?;
    // The first build knew one kind only and did not write it down.
    Ok(known.as_deref().unwrap_or("embedded") != kind)
}

/// Notes of which kind of bus the positions of `who` are; part of the caller's transaction.
pub(crate) fn set_bus(conn: &Connection, who: &str, kind: &str) -> Result<()> {
    conn.execute("DELETE FROM position WHERE topic GLOB ?1 || '@*'", [who]).map_err(told)?;
    set_mark(conn, &format!("{who}@{kind}"), &Mark { partition: 0, next: 0, generation: 0, era: 0 })
}

/// Whether the database's file is there.
pub(crate) fn is_there(dir: &Path) -> bool {
    dir.join(FILE).is_file()
}

/// Removes the database, so that the next `open` makes it anew.
pub(crate) fn remove(dir: &Path) -> Result<()> {
    for end in ["", "-wal", "-shm"] {
        let path = dir.join(format!("{FILE}{end}"));
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io(format!("remove {}", path.display()), e));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Opens the database for reading only. In the first schema, as a copy may still have it, events
/// can't be asked for by kind or zone.
pub(crate) fn open_reading(dir: &Path) -> Result<Connection> {
    let path = dir.join(FILE);
    if !path.is_file() {
        return Err(Error::not_found(format!("there is no archive in {}", dir.display())));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(&path, flags).map_err(told)?;
    prepare(&conn)?;
    agree(&conn, dir, 1..=VERSION)?;
    Ok(conn)
}

fn prepare(conn: &Connection) -> Result<()> {
    conn.busy_timeout(Duration::from_secs(5)).map_err(told)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(())
}

fn version(conn: &Connection) -> Result<i64> {
    conn.pragma_query_value(None, "user_version", |r| r.get(0)).map_err(told)
}

fn agree(conn: &Connection, dir: &Path, known: std::ops::RangeInclusive<i64>) -> Result<()> {
    match version(conn)? {
        found if known.contains(&found) => Ok(()),
        other => Err(Error::unsupported(format!(
            "{} has schema {other}, this build knows {VERSION}: use the build that wrote it, or a newer one",
            dir.join(FILE).display()
        ))),
    }
}

/// How far a topic's partition was read, all of it in rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub partition: u32,
    /// First offset that is not in rows.
    pub next: u64,
    /// Generation of the log at that time.
    pub generation: u32,
    /// Counts how often the log was found replaced by another one.
    pub era: u32,
}

/// The marks of a topic, in order of partitions.
pub(crate) fn marks(conn: &Connection, topic: &str) -> Result<Vec<Mark>> {
    let mut query = conn
        .prepare_cached("SELECT partition, next, generation, era FROM position WHERE topic = ?1 ORDER BY partition")
        .map_err(told)?;
    let rows = query.query_map([topic], |r| {
        Ok(Mark {
            partition: r.get(0)?,
            next: r.get::<_, i64>(1)? as u64,
            generation: r.get(2)?,
            era: r.get(3)?,
        })
    });
    rows.map_err(told)?.collect::<rusqlite::Result<_>>().map_err(told)
}

/// Sets a topic's mark; part of the caller's transaction.
pub(crate) fn set_mark(conn: &Connection, topic: &str, mark: &Mark) -> Result<()> {
    conn.prepare_cached("INSERT OR REPLACE INTO position(topic, partition, next, generation, era) VALUES(?1, ?2, ?3, ?4, ?5)")
        .map_err(told)?
        .execute(params![topic, mark.partition, mark.next as i64, mark.generation, mark.era])
        .map_err(told)?;
    Ok(())
}

/// Marks a table's day for (another) export; part of the caller's transaction.
pub(crate) fn touch_day(conn: &Connection, name: &str, at_us: i64) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO day(name, day, dirty, rows, bytes, sha256) VALUES(?1, ?2, 1, 0, 0, x'')
         ON CONFLICT(name, day) DO UPDATE SET dirty = 1",
    )
    .map_err(told)?
    .execute(params![name, at_us.div_euclid(crate::day::DAY_US)])
    .map_err(told)?;
    Ok(())
}

/// One value of a query that has at most one row.
pub(crate) fn one<T: rusqlite::types::FromSql>(
    conn: &Connection,
    sql: &str,
    with: impl rusqlite::Params,
) -> Result<Option<T>> {
    conn.prepare_cached(sql).map_err(told)?.query_row(with, |r| r.get(0)).optional().map_err(told)
}

#[cfg(test)]
mod tests {
    use flumen_base::wire::Event;

    use super::*;
    use crate::reader::{EventQuery, InsightQuery, Reader};

    #[test]
    fn marks_are_kept_and_a_newer_schema_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let mark = Mark { partition: 1, next: u64::MAX - 5, generation: 2, era: 3 };
        let conn = open(dir.path()).unwrap();
        set_mark(&conn, "flumen.video", &mark).unwrap();
        drop(conn);
        let conn = open(dir.path()).unwrap();
        assert_eq!(marks(&conn, "flumen.video").unwrap(), [mark]);
        assert_eq!(marks(&open_reading(dir.path()).unwrap(), "flumen.events").unwrap(), []);
        conn.pragma_update(None, "user_version", 99).unwrap();
        drop(conn);
        assert_eq!(open(dir.path()).unwrap_err().kind(), Kind::Unsupported);
        assert_eq!(open_reading(&dir.path().join("none")).unwrap_err().kind(), Kind::NotFound);
    }

    #[test]
    fn the_first_schema_is_followed_and_events_are_found_by_zone() {
        let dir = tempfile::tempdir().unwrap();
        let conn = open(dir.path()).unwrap();
        for (n, zone) in [(1u8, "gate"), (2, ""), (3, "gate")] {
            let event = Event {
                id: vec![n; 16].into(),
                camera: "yard".into(),
                zone: zone.into(),
                begin_us: i64::from(n),
                ..Event::default()
            };
            crate::happened::put_event(&conn, &event).unwrap();
        }
        let back = "DROP INDEX event_zone; DROP INDEX event_kind;
            ALTER TABLE event DROP COLUMN zone; DROP TABLE insight; PRAGMA user_version = 1;";
        conn.execute_batch(back).unwrap();
        drop(conn);
        let copy = Reader::open(dir.path()).unwrap();
        assert_eq!(copy.events(&EventQuery::default()).unwrap().len(), 3, "an old copy is read");
        assert_eq!(copy.insights(&InsightQuery::default()).unwrap(), [], "and has no insights");
        let conn = open(dir.path()).unwrap();
        assert_eq!(version(&conn).unwrap(), VERSION);
        let reader = Reader::open(dir.path()).unwrap();
        let found = |query: EventQuery| -> Vec<u8> {
            reader.events(&query).unwrap().iter().map(|s| s.event.id[0]).collect()
        };
        let gate = EventQuery { zone: Some("gate".into()), ..EventQuery::default() };
        assert_eq!(found(EventQuery::default()), [3, 2, 1]);
        assert_eq!(found(gate.clone()), [3, 1]);
        assert_eq!(found(EventQuery { limit: 1, ..gate.clone() }), [3]);
        assert_eq!(found(EventQuery { kind: Some("motion".into()), ..gate }), [0; 0]);
    }
}
