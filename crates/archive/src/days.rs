//! Closed days as Parquet: `tables/<name>/day=YYYY-MM-DD/part.parquet`, Snappy, no nulls.
//!
//! Invariants: a day (UTC, by begin) is written when it has been over for ten minutes, and
//! again when a row of it changed; the file is renamed into place whole; `day` holds its
//! length and hash. A day without rows has no file.
//!
//! | table | columns |
//! |---|---|
//! | events | id, camera, kind, phase, zone (text); begin_us, end_us (timestamp); revision, track, score, left, top, width, height, epoch, policy_version (int64); record (bytes: Event) |
//! | segments | camera, stream, path, sha256, codec (text); start_us, end_us (timestamp); bytes, width, height, audio, frames, epoch (int64); record (bytes: Segment) |
//! | pictures | event, camera (text); at_us (timestamp); revision (int64); jpeg (bytes) |
//! | gaps | camera, cause, detail (text); start_us, end_us (timestamp, 0 = still open); key (text) |
//!
//! `record` holds the row as the topics carry it: what a database is made of again (`rebuild`).

use flumen_base::wire::{Codec, Event, GapCause, Phase, Stream};
use flumen_base::{Error, Result};
use prost::Message;
use rusqlite::{Connection, Row, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use crate::columns::Columns;
use crate::db::{self, told};
use crate::store::Store;
use crate::{day, rows};

/// Changes of the last minutes of a day come until then.
const GRACE_US: i64 = 600_000_000;
pub(crate) const TABLES: [&str; 4] = ["events", "segments", "gaps", "pictures"];
/// JPEGs of a day beyond this are not written.
const PICTURES_MAX: usize = 128 << 20;

/// Once: days of a build that wrote no `record` are written again.
pub(crate) fn renew(conn: &Connection) -> Result<()> {
    let renewed = "@days-2";
    if db::marks(conn, renewed)?.is_empty() {
        conn.execute("UPDATE day SET dirty = 1 WHERE dirty = 0", []).map_err(told)?;
        let mark = db::Mark { partition: 0, next: 0, generation: 0, era: 0 };
        db::set_mark(conn, renewed, &mark)?;
    }
    Ok(())
}

/// Writes all closed days that changed.
pub(crate) fn export(conn: &mut Connection, store: &dyn Store, now_us: i64) -> Result<()> {
    let before = (now_us - GRACE_US).div_euclid(day::DAY_US);
    for name in TABLES {
        for number in dirty(conn, name, before)? {
            export_one(conn, store, name, number)?;
        }
    }
    Ok(())
}

fn dirty(conn: &Connection, name: &str, before: i64) -> Result<Vec<i64>> {
    let mut query = conn
        .prepare_cached(
            "SELECT day FROM day WHERE name = ?1 AND dirty <> 0 AND day < ?2 ORDER BY day",
        )
        .map_err(told)?;
    let found = query.query_map(params![name, before], |r| r.get(0)).map_err(told)?;
    found.collect::<rusqlite::Result<_>>().map_err(told)
}

/// Place of a day's file.
pub(crate) fn path_of(name: &str, number: i64) -> String {
    format!("tables/{name}/day={}/part.parquet", day::name(number * day::DAY_US))
}

fn export_one(conn: &mut Connection, store: &dyn Store, name: &str, number: i64) -> Result<()> {
    // 2 = being written: a change meanwhile makes it 1 again, and it is written once more.
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(told)?;
    tx.execute("UPDATE day SET dirty = 2 WHERE name = ?1 AND day = ?2", params![name, number])
        .map_err(told)?;
    let columns = read(&tx, name, number * day::DAY_US)?;
    tx.commit().map_err(told)?;
    let path = path_of(name, number);
    if columns.rows() == 0 {
        store.delete(&path)?;
        conn.execute(
            "DELETE FROM day WHERE name = ?1 AND day = ?2 AND dirty = 2",
            params![name, number],
        )
        .map_err(told)?;
        return Ok(());
    }
    let file = columns.parquet()?;
    let tmp = format!("tmp/{name}-{number}.parquet");
    let mut upload = store.create(&tmp)?;
    upload.write(&file)?;
    upload.finish()?;
    store.rename(&tmp, &path)?;
    store.sync_dir(&path)?;
    conn.execute(
        "UPDATE day SET dirty = CASE dirty WHEN 2 THEN 0 ELSE dirty END, rows = ?3, bytes = ?4, sha256 = ?5 WHERE name = ?1 AND day = ?2",
        params![name, number, columns.rows() as i64, file.len() as i64, Sha256::digest(&file).as_slice()],
    )
    .map_err(told)?;
    Ok(())
}

fn read(conn: &Connection, name: &str, from_us: i64) -> Result<Columns> {
    let span = params![from_us, from_us + day::DAY_US];
    match name {
        "events" => {
            let mut columns = Columns::default();
            let mut query = conn
                .prepare("SELECT record FROM event WHERE begin_us >= ?1 AND begin_us < ?2 ORDER BY begin_us, id")
                .map_err(told)?;
            let mut found = query.query(span).map_err(told)?;
            while let Some(row) = found.next().map_err(told)? {
                event(&mut columns, row)?;
            }
            Ok(columns)
        }
        "segments" => segments(conn, from_us),
        "pictures" => pictures(conn, from_us),
        _ => gaps(conn, from_us),
    }
}

fn event(columns: &mut Columns, row: &Row<'_>) -> Result<()> {
    let record: Vec<u8> = row.get(0).map_err(told)?;
    let e = Event::decode(record.as_slice())
        .map_err(|e| Error::data_loss(format!("an event's record can't be read: {e}")))?;
    columns_of_event(columns, e);
    columns.bytes("record", record);
    Ok(())
}

fn columns_of_event(columns: &mut Columns, e: Event) {
    let b = e.r#box.unwrap_or_default();
    let phase = match e.phase() {
        Phase::Begin => "begin",
        Phase::Update => "update",
        Phase::End => "end",
    };
    for (name, text) in [
        ("id", hex(&e.id)),
        ("camera", e.camera),
        ("kind", e.kind),
        ("phase", phase.into()),
        ("zone", e.zone),
    ] {
        columns.text(name, text);
    }
    columns.time("begin_us", e.begin_us);
    columns.time("end_us", e.end_us);
    for (name, number) in [
        ("revision", i64::from(e.revision)),
        ("track", e.track as i64),
        ("score", i64::from(e.score)),
        ("left", i64::from(b.left)),
        ("top", i64::from(b.top)),
        ("width", i64::from(b.width)),
        ("height", i64::from(b.height)),
        ("epoch", e.epoch as i64),
        ("policy_version", e.policy_version as i64),
    ] {
        columns.number(name, number);
    }
}

fn segments(conn: &Connection, from_us: i64) -> Result<Columns> {
    let mut columns = Columns::default();
    let rest = "WHERE start_us >= ?1 AND start_us < ?2 ORDER BY start_us, camera, id";
    for row in rows::select(conn, rest, params![from_us, from_us + day::DAY_US])? {
        let record = row.record().encode_to_vec();
        let s = row.segment;
        let stream = if s.stream() == Stream::Sub { "sub" } else { "main" };
        let codec = codec_name(s.codec());
        for (name, text) in [
            ("camera", s.camera),
            ("stream", stream.into()),
            ("path", s.path),
            ("sha256", hex(&s.sha256)),
            ("codec", codec.into()),
        ] {
            columns.text(name, text);
        }
        columns.time("start_us", s.start_us);
        columns.time("end_us", s.end_us);
        for (name, number) in [
            ("bytes", s.bytes as i64),
            ("width", i64::from(s.width)),
            ("height", i64::from(s.height)),
            ("audio", i64::from(s.audio)),
            ("frames", s.frames as i64),
            ("epoch", s.epoch as i64),
        ] {
            columns.number(name, number);
        }
        columns.bytes("record", record);
    }
    Ok(columns)
}

fn gaps(conn: &Connection, from_us: i64) -> Result<Columns> {
    let mut columns = Columns::default();
    let mut query = conn
        .prepare("SELECT camera, start_us, end_us, cause, detail, key FROM gap WHERE start_us >= ?1 AND start_us < ?2 ORDER BY start_us, key")
        .map_err(told)?;
    let mut found = query.query(params![from_us, from_us + day::DAY_US]).map_err(told)?;
    while let Some(r) = found.next().map_err(told)? {
        columns.text("camera", r.get(0).map_err(told)?);
        columns.time("start_us", r.get(1).map_err(told)?);
        columns.time("end_us", r.get(2).map_err(told)?);
        columns.text("cause", cause_name(r.get(3).map_err(told)?).into());
        columns.text("detail", r.get(4).map_err(told)?);
        columns.text("key", r.get(5).map_err(told)?);
    }
    Ok(columns)
}

fn pictures(conn: &Connection, from_us: i64) -> Result<Columns> {
    let mut columns = Columns::default();
    let mut query = conn
        .prepare("SELECT event, camera, at_us, revision, jpeg FROM picture WHERE at_us >= ?1 AND at_us < ?2 ORDER BY at_us, event")
        .map_err(told)?;
    let mut found = query.query(params![from_us, from_us + day::DAY_US]).map_err(told)?;
    let mut bytes = 0;
    while let Some(r) = found.next().map_err(told)? {
        let jpeg: Vec<u8> = r.get(4).map_err(told)?;
        bytes += jpeg.len();
        if bytes > PICTURES_MAX {
            tracing::warn!("the pictures of {} are too many for one file", day::name(from_us));
            break;
        }
        columns.text("event", hex(&r.get::<_, Vec<u8>>(0).map_err(told)?));
        columns.text("camera", r.get(1).map_err(told)?);
        columns.time("at_us", r.get(2).map_err(told)?);
        columns.number("revision", r.get(3).map_err(told)?);
        columns.bytes("jpeg", jpeg);
    }
    Ok(columns)
}

/// Name of a cause in tables.
pub(crate) fn cause_name(cause: i32) -> &'static str {
    match GapCause::try_from(cause).unwrap_or(GapCause::Unspecified) {
        GapCause::Unspecified => "unspecified",
        GapCause::Offline => "offline",
        GapCause::Network => "network",
        GapCause::Decoder => "decoder",
        GapCause::Shed => "shed",
        GapCause::Disk => "disk",
        GapCause::Expired => "expired",
        GapCause::Backfilled => "backfilled",
    }
}

fn codec_name(codec: Codec) -> &'static str {
    match codec {
        Codec::H264 => "h264",
        Codec::H265 => "h265",
        Codec::Mjpeg => "mjpeg",
        _ => "other",
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, b| {
        use std::fmt::Write;
        let _ = write!(text, "{b:02x}"); // writing to a String can't fail
        text
    })
}

/// The bytes of hexadecimal; `None` when it is none.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
    let digits = digits.filter(|d| d.len().is_multiple_of(2))?;
    Some(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |all, d| (all << 4) | d)).collect())
}
