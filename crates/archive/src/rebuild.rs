//! A new database filled from what other places know: the topics and the closed days.
//!
//! Invariants: nothing else writes before it is filled (`db::is_new`), so no closed day is
//! written anew from half of its rows; a kill in between begins it again, and taking a row
//! twice changes nothing. A day's file counts as clean afterwards, as its rows are in the
//! database. What both know, the topic knows better.
//! Not here: logs (events, pictures) are read on from their begin by `ledger`, video by
//! `recorder`, which leaves out what rows hold.

use std::collections::{HashMap, HashSet};

use flumen_base::wire::{Event, Gap, GapCause, Picture, Segment};
use flumen_base::{Error, Result, topic};
use flumen_bus::Bus;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use prost::Message;
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

use crate::db::{self, told};
use crate::rows::{self, Filed};
use crate::store::{Entry, Store};
use crate::{day, days, happened};

/// Longer files of a day are left out; the keeper writes shorter ones.
const DAY_MAX: u64 = 512 << 20;

/// Fills the database if it is new; true when it was.
///
/// # Errors
/// What the bus and the store answer; then it is still new.
pub(crate) fn fill(
    conn: &mut Connection,
    bus: &dyn Bus,
    store: &dyn Store,
    oldest_us: i64,
) -> Result<bool> {
    if !db::is_new(conn)? {
        return Ok(false);
    }
    let mut closed = Vec::new();
    for name in ["events", "gaps", "pictures"] {
        closed.extend(closed_days(conn, store, name, oldest_us)?);
    }
    let filed = segments(conn, bus, store)?;
    let tx = conn.transaction().map_err(told)?;
    days::renew(&tx)?;
    for found in closed.iter().chain(&filed) {
        tx.execute(
            "INSERT INTO day(name, day, dirty, rows, bytes, sha256) VALUES(?1, ?2, 0, ?3, ?4, ?5)
             ON CONFLICT(name, day) DO UPDATE SET rows = excluded.rows, bytes = excluded.bytes, sha256 = excluded.sha256",
            params![found.name, found.day, found.rows, found.bytes, found.sha256],
        )
        .map_err(told)?;
    }
    db::set_filled(&tx)?;
    tx.commit().map_err(told)?;
    let days = closed.len() + filed.len();
    let files: i64 = db::one(conn, "SELECT count(*) FROM segment", [])?.unwrap_or(0);
    if days > 0 || files > 0 {
        tracing::info!(days, files, "the rows of the archive were made anew");
    }
    Ok(true)
}

/// A file of a closed day.
struct Closed {
    name: &'static str,
    day: i64,
    rows: i64,
    bytes: i64,
    sha256: Vec<u8>,
}

/// Takes the rows of all closed days of a table that are not older than what is kept.
fn closed_days(
    conn: &mut Connection,
    store: &dyn Store,
    name: &'static str,
    oldest_us: i64,
) -> Result<Vec<Closed>> {
    let mut taken = Vec::new();
    for (entry, day) in files(store, name)? {
        if (day + 1).saturating_mul(day::DAY_US) <= oldest_us {
            continue;
        }
        let tx = conn.transaction().map_err(told)?;
        let read = each(store, &entry, |row| match name {
            "events" => take_event(&tx, row),
            "gaps" => take_gap(&tx, row),
            _ => take_picture(&tx, row),
        });
        if let Some((rows, sha256)) = usable(&entry, read)? {
            // The rows came from the file itself.
            tx.execute("DELETE FROM day WHERE name = ?1 AND day = ?2", params![name, day])
                .map_err(told)?;
            tx.commit().map_err(told)?;
            taken.push(Closed { name, day, rows, bytes: entry.bytes as i64, sha256 });
        }
    }
    Ok(taken)
}

/// Rows of files: those of `flumen.segments`, and those of days whose file is there.
fn segments(conn: &mut Connection, bus: &dyn Bus, store: &dyn Store) -> Result<Vec<Closed>> {
    let mut published = HashMap::new();
    for (key, value) in bus.table(topic::SEGMENTS)?.scan(b"")? {
        match Segment::decode(value.as_slice()) {
            Ok(record) => drop(published.insert(record.path.clone(), Filed::of(record))),
            Err(e) => {
                let key = String::from_utf8_lossy(&key).into_owned();
                tracing::warn!(key, "a record of flumen.segments can't be read: {e}");
            }
        }
    }
    let (mut closed, mut in_days) = (Vec::new(), HashSet::new());
    for (entry, day) in files(store, "segments")? {
        let tx = conn.transaction().map_err(told)?;
        let read = each(store, &entry, |row| {
            let record = bytes_of(row, "record").ok_or_else(|| lacks("record"))?;
            let record = Segment::decode(record).map_err(|_| lacks("a record that can be read"))?;
            let row = Filed::of(record);
            let path = row.segment.path.clone();
            let known = published.contains_key(&path);
            if !known && store.len(&path).is_ok_and(|bytes| bytes == row.segment.bytes) {
                rows::import(&tx, &row, false)?;
            }
            in_days.insert(path);
            Ok(())
        });
        if let Some((rows, sha256)) = usable(&entry, read)? {
            tx.commit().map_err(told)?;
            let bytes = entry.bytes as i64;
            closed.push(Closed { name: "segments", day, rows, bytes, sha256 });
        }
    }
    let tx = conn.transaction().map_err(told)?;
    for row in published.values() {
        rows::import(&tx, row, true)?;
        if !in_days.contains(&row.segment.path) {
            db::touch_day(&tx, "segments", row.segment.start_us)?;
        }
    }
    tx.commit().map_err(told)?;
    Ok(closed)
}

/// The files of a table's closed days.
fn files(store: &dyn Store, name: &str) -> Result<Vec<(Entry, i64)>> {
    let all = store.list(&format!("tables/{name}"))?.into_iter();
    let with_day = all.filter_map(|entry| {
        let name = entry.path.split("/day=").nth(1)?.strip_suffix("/part.parquet")?;
        let day = day::of_name(name)?;
        Some((entry, day))
    });
    Ok(with_day.collect())
}

/// Hands all rows of a file to `take`; gives their number and the file's sum.
fn each(
    store: &dyn Store,
    entry: &Entry,
    mut take: impl FnMut(&Row) -> Result<()>,
) -> Result<(i64, Vec<u8>)> {
    if entry.bytes > DAY_MAX {
        return Err(Error::data_loss(format!("it has {} bytes", entry.bytes)));
    }
    let mut whole = Vec::new();
    while (whole.len() as u64) < entry.bytes {
        let piece = store.read(&entry.path, whole.len() as u64, 16 << 20)?;
        if piece.is_empty() {
            break;
        }
        whole.extend_from_slice(&piece);
    }
    let sha256 = Sha256::digest(&whole).to_vec();
    let broken = |e| Error::data_loss(format!("it is no table: {e}"));
    let reader = SerializedFileReader::new(bytes::Bytes::from(whole)).map_err(broken)?;
    let mut count = 0;
    for row in reader.get_row_iter(None).map_err(broken)? {
        take(&row.map_err(broken)?)?;
        count += 1;
    }
    Ok((count, sha256))
}

/// What a file gave; one that is damaged is told and left alone.
fn usable(entry: &Entry, read: Result<(i64, Vec<u8>)>) -> Result<Option<(i64, Vec<u8>)>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(e) if e.kind() == flumen_base::Kind::DataLoss => {
            tracing::error!(path = entry.path, "a closed day is left out: {e}");
            Ok(None)
        }
        Err(e) => Err(e),
    }
}

fn lacks(what: &str) -> Error {
    Error::data_loss(format!("it lacks {what}"))
}

fn field<'a>(row: &'a Row, name: &str) -> Option<&'a Field> {
    row.get_column_iter().find(|(n, _)| n.as_str() == name).map(|(_, field)| field)
}

fn bytes_of<'a>(row: &'a Row, name: &str) -> Option<&'a [u8]> {
    match field(row, name)? {
        Field::Bytes(bytes) => Some(bytes.data()),
        Field::Str(text) => Some(text.as_bytes()),
        _ => None,
    }
}

fn text_of(row: &Row, name: &str) -> Result<String> {
    match field(row, name) {
        Some(Field::Str(text)) => Ok(text.clone()),
        _ => Err(lacks(name)),
    }
}

fn number_of(row: &Row, name: &str) -> Result<i64> {
    match field(row, name) {
        Some(Field::Long(number) | Field::TimestampMicros(number)) => Ok(*number),
        _ => Err(lacks(name)),
    }
}

fn take_event(conn: &Connection, row: &Row) -> Result<()> {
    let record = bytes_of(row, "record").ok_or_else(|| lacks("record"))?;
    let event = Event::decode(record).map_err(|_| lacks("a record that can be read"))?;
    happened::put_event(conn, &event)
}

fn take_gap(conn: &Connection, row: &Row) -> Result<()> {
    let cause = text_of(row, "cause")?;
    let causes = (0..=i32::from(u8::MAX)).map_while(|n| GapCause::try_from(n).ok());
    let cause = causes.into_iter().find(|c| days::cause_name((*c).into()) == cause);
    let gap = Gap {
        camera: text_of(row, "camera")?,
        start_us: number_of(row, "start_us")?,
        end_us: number_of(row, "end_us")?,
        cause: cause.unwrap_or_default().into(),
        detail: text_of(row, "detail")?,
    };
    let key = text_of(row, "key")?;
    happened::take_gap(conn, key.as_bytes(), Some(&gap.encode_to_vec()), i64::MIN).map(drop)
}

fn take_picture(conn: &Connection, row: &Row) -> Result<()> {
    let picture = Picture {
        event_id: days::unhex(&text_of(row, "event")?).ok_or_else(|| lacks("event"))?.into(),
        revision: u32::try_from(number_of(row, "revision")?).map_err(|_| lacks("revision"))?,
        camera: text_of(row, "camera")?,
        capture_us: number_of(row, "at_us")?,
        jpeg: bytes_of(row, "jpeg").ok_or_else(|| lacks("jpeg"))?.to_vec().into(),
        ..Picture::default()
    };
    happened::put_picture(conn, &picture)
}
