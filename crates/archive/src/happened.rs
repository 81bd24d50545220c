//! Rows of what happened: events with their revisions merged, their pictures, insights, gaps.
//!
//! Invariants: an event has one row, its highest revision; a picture is a blob beside it,
//! one an event (its newest), at most `PICTURE_MAX`; so events and pictures cannot disagree
//! after a kill, and taking a record again changes nothing.

use flumen_base::wire::{Event, Gap, Insight, InsightKind, Picture};
use flumen_base::{Result, topic};
use prost::Message;
use rusqlite::{Connection, params};

use crate::db::{self, told};

/// Larger pictures are not kept.
pub(crate) const PICTURE_MAX: usize = 1 << 20;

/// Takes one record of `flumen.events`, `flumen.insights` or `flumen.pictures`; what ended before `oldest_us` is
/// not kept. False when it can't be used.
pub(crate) fn take(conn: &Connection, of: &str, value: &[u8], oldest_us: i64) -> Result<bool> {
    if of == topic::EVENTS {
        match Event::decode(value) {
            Ok(event) if event.begin_us.max(event.end_us) < oldest_us => Ok(true),
            Ok(event) if event.id.len() == 16 => put_event(conn, &event).map(|()| true),
            _ => Ok(false),
        }
    } else if of == topic::INSIGHTS {
        match Insight::decode(value) {
            Ok(insight) if insight.begin_us.max(insight.end_us) < oldest_us => Ok(true),
            Ok(insight) if insight.id.len() == 16 => put_insight(conn, &insight).map(|()| true),
            _ => Ok(false),
        }
    } else {
        match Picture::decode(value) {
            Ok(p) if (1..oldest_us).contains(&taken_us(&p)) => Ok(true),
            Ok(p) if p.event_id.len() == 16 && p.jpeg.len() <= PICTURE_MAX => {
                put_picture(conn, &p).map(|()| true)
            }
            _ => Ok(false),
        }
    }
}

/// When a picture was taken.
fn taken_us(picture: &Picture) -> i64 {
    if picture.capture_us != 0 { picture.capture_us } else { picture.pts_us }
}

/// Takes an event, when it is newer than the one that is there.
pub(crate) fn put_event(conn: &Connection, event: &Event) -> Result<()> {
    let newer = conn
        .prepare_cached(
            "INSERT INTO event(id, camera, kind, begin_us, end_us, phase, revision, record, zone)
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT(id) DO UPDATE SET kind = excluded.kind, begin_us = excluded.begin_us, end_us = excluded.end_us,
               phase = excluded.phase, revision = excluded.revision, record = excluded.record,
               zone = excluded.zone
             WHERE excluded.revision > event.revision",
        )
        .map_err(told)?
        .execute(params![
            event.id.as_ref(), event.camera, event.kind, event.begin_us, event.end_us.max(event.begin_us),
            event.phase, event.revision, event.encode_to_vec(), event.zone,
        ])
        .map_err(told)?;
    if newer > 0 {
        db::touch_day(conn, "events", event.begin_us)?;
    }
    Ok(())
}

/// Takes an insight, when it is newer than the one that is there; of forecasts only the newest of
/// a camera and dimension is kept.
fn put_insight(conn: &Connection, insight: &Insight) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO insight(id, camera, kind, dimension, begin_us, end_us, revision, record)
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT(id) DO UPDATE SET begin_us = excluded.begin_us, end_us = excluded.end_us,
           revision = excluded.revision, record = excluded.record
         WHERE excluded.revision > insight.revision",
    )
    .map_err(told)?
    .execute(params![
        insight.id.as_ref(),
        insight.camera,
        insight.kind,
        insight.dimension,
        insight.begin_us,
        insight.end_us.max(insight.begin_us),
        insight.revision,
        insight.encode_to_vec(),
    ])
    .map_err(told)?;
    if insight.kind() == InsightKind::Forecast {
        let older =
            "DELETE FROM insight WHERE camera = ?1 AND kind = ?2 AND dimension = ?3 AND begin_us <
            (SELECT max(begin_us) FROM insight WHERE camera = ?1 AND kind = ?2 AND dimension = ?3)";
        conn.prepare_cached(older)
            .map_err(told)?
            .execute(params![insight.camera, insight.kind, insight.dimension])
            .map_err(told)?;
    }
    Ok(())
}

/// Takes the zone of each event out of its record, for a database that had no column for it.
pub(crate) fn fill_zones(conn: &Connection) -> Result<()> {
    let mut all = conn.prepare("SELECT id, record FROM event").map_err(told)?;
    let mut set = conn.prepare("UPDATE event SET zone = ?2 WHERE id = ?1").map_err(told)?;
    let mut zones = Vec::new();
    let mut rows = all.query([]).map_err(told)?;
    while let Some(row) = rows.next().map_err(told)? {
        let (id, record): (Vec<u8>, Vec<u8>) =
            (row.get(0).map_err(told)?, row.get(1).map_err(told)?);
        // A record that can't be read is told where it is asked for.
        let zone = Event::decode(record.as_slice()).map(|e| e.zone).unwrap_or_default();
        if !zone.is_empty() {
            zones.push((id, zone));
        }
    }
    for (id, zone) in zones {
        set.execute(params![id, zone]).map_err(told)?;
    }
    Ok(())
}

/// Takes a picture, when it is newer than the one that is there.
pub(crate) fn put_picture(conn: &Connection, picture: &Picture) -> Result<()> {
    let at_us = taken_us(picture);
    let newer = conn.prepare_cached(
        "INSERT INTO picture(event, camera, at_us, revision, jpeg) VALUES(?1, ?2, ?3, ?4, ?5)
         ON CONFLICT(event) DO UPDATE SET at_us = excluded.at_us, revision = excluded.revision, jpeg = excluded.jpeg
         WHERE excluded.revision > picture.revision",
    )
    .map_err(told)?
    .execute(params![picture.event_id.as_ref(), picture.camera, at_us, picture.revision, picture.jpeg.as_ref()])
    .map_err(told)?;
    if newer > 0 {
        db::touch_day(conn, "pictures", at_us)?;
    }
    Ok(())
}

/// Takes one change of `flumen.gaps`; what ended before `oldest_us` is not kept. False when it
/// can't be used.
pub(crate) fn take_gap(
    conn: &Connection,
    key: &[u8],
    value: Option<&[u8]>,
    oldest_us: i64,
) -> Result<bool> {
    let Ok(key) = std::str::from_utf8(key) else { return Ok(false) };
    let before: Option<i64> = db::one(conn, "SELECT start_us FROM gap WHERE key = ?1", [key])?;
    let Some(value) = value else {
        conn.prepare_cached("DELETE FROM gap WHERE key = ?1")
            .map_err(told)?
            .execute([key])
            .map_err(told)?;
        if let Some(at_us) = before {
            db::touch_day(conn, "gaps", at_us)?;
        }
        return Ok(true);
    };
    let Ok(gap) = Gap::decode(value) else { return Ok(false) };
    if gap.end_us != 0 && gap.end_us < oldest_us {
        return Ok(true);
    }
    // Tables are told again from their begin at each start: only what is new makes a day dirty.
    let same = "SELECT 1 FROM gap WHERE key = ?1 AND camera = ?2 AND start_us = ?3 AND end_us = ?4 AND cause = ?5 AND detail = ?6";
    let row = params![key, gap.camera, gap.start_us, gap.end_us, gap.cause, gap.detail];
    if db::one::<i64>(conn, same, row)?.is_some() {
        return Ok(true);
    }
    conn.prepare_cached("INSERT OR REPLACE INTO gap(key, camera, start_us, end_us, cause, detail) VALUES(?1, ?2, ?3, ?4, ?5, ?6)")
        .map_err(told)?
        .execute(params![key, gap.camera, gap.start_us, gap.end_us, gap.cause, gap.detail])
        .map_err(told)?;
    db::touch_day(conn, "gaps", gap.start_us)?;
    Ok(true)
}

/// Gaps of a camera that overlap `from_us..to_us`, with their keys, oldest first.
pub(crate) fn gaps(
    conn: &Connection,
    camera: &str,
    from_us: i64,
    to_us: i64,
) -> Result<Vec<(String, Gap)>> {
    let mut query = conn
        .prepare_cached(
            "SELECT key, start_us, end_us, cause, detail FROM gap
             WHERE camera = ?1 AND start_us < ?3 AND (end_us > ?2 OR end_us = 0) ORDER BY start_us, key",
        )
        .map_err(told)?;
    let rows = query.query_map(params![camera, from_us, to_us], |r| {
        let gap = Gap {
            camera: camera.to_owned(),
            start_us: r.get(1)?,
            end_us: r.get(2)?,
            cause: r.get(3)?,
            detail: r.get(4)?,
        };
        Ok((r.get(0)?, gap))
    });
    rows.map_err(told)?.collect::<rusqlite::Result<_>>().map_err(told)
}
