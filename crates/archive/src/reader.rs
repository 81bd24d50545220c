//! Reading the archive back: events, pictures, spans. Video is in `video`, `check` in `check`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use flumen_base::wire::{self, Insight, InsightKind};
use flumen_base::{CameraId, Error, Result};
use prost::Message;
use rusqlite::{Connection, OptionalExtension, params};

use crate::db::{self, told};
use crate::local::LocalStore;
use crate::store::Store;
use crate::timeline;
use crate::{happened, rows};

/// Connections kept for the next query.
const POOL: usize = 4;
/// Events longer than this are found by their begin only.
const LONGEST_US: i64 = crate::day::DAY_US;

/// Which events are wanted; newest first.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// Only this camera.
    pub camera: Option<CameraId>,
    /// Only this kind.
    pub kind: Option<String>,
    /// Only in this zone.
    pub zone: Option<String>,
    /// Only events that end after this, or have not ended, UTC.
    pub from_us: Option<i64>,
    /// Only events that begin before this, UTC.
    pub to_us: Option<i64>,
    /// Only events that began before this, UTC: the next page.
    pub before_us: Option<i64>,
    /// At most this many; 0 = 100, above 1000 = 1000.
    pub limit: usize,
}

/// Which insights.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InsightQuery {
    /// Only this camera.
    pub camera: Option<CameraId>,
    /// Only this kind; of all but what models beside made of hours when there is none.
    pub kind: Option<InsightKind>,
    /// Only insights that began before this, UTC: the next page.
    pub before_us: Option<i64>,
    /// At most this many; 0 = 100, above 1000 = 1000.
    pub limit: usize,
}

/// The index that leads to the fewest rows that are not asked for.
fn index_for(query: &EventQuery) -> &'static str {
    match (&query.camera, &query.zone, &query.kind) {
        (Some(_), _, _) => "event_camera",
        (_, Some(_), _) => "event_zone",
        (_, _, Some(_)) => "event_kind",
        _ => "event_time",
    }
}

/// An event as the archive knows it now.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredEvent {
    /// Its newest revision.
    pub event: wire::Event,
    /// Revision of the picture that is kept.
    pub picture: Option<u32>,
}

/// A span of UTC, `end_us` not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First microsecond.
    pub start_us: i64,
    /// First microsecond behind it.
    pub end_us: i64,
}

/// What is there of a camera, and what is not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// Recorded spans, joined where they touch.
    pub segments: Vec<Span>,
    /// Spans that are being written: they are on the bus, and not yet in a file.
    pub pending: Vec<Span>,
    /// Spans with a known reason for not being there.
    pub gaps: Vec<wire::Gap>,
    /// What neither is recorded nor has a known reason.
    pub unknown: Vec<Span>,
}

/// How much of a span is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Recorded time.
    pub recorded_us: i64,
    /// Time with a known reason for not being there.
    pub gaps_us: i64,
    /// Length of the span, without the time before the first recording; 0 = nothing is known.
    pub span_us: i64,
}

/// Spans that are being written, by camera.
pub(crate) type Pending = Arc<Mutex<Vec<(CameraId, Span)>>>;

struct Inner {
    dir: PathBuf,
    store: Arc<dyn Store>,
    pool: Mutex<Vec<Connection>>,
    /// Counts how often the database was replaced by a new one.
    made: AtomicU64,
    pending: Option<Pending>,
}

/// Reads an archive, also while it is written. Cheap to clone.
#[derive(Clone)]
pub struct Reader(Arc<Inner>);

impl Reader {
    /// Opens the archive in a directory read-only, its files beside its database.
    ///
    /// # Errors
    /// `NotFound` when there is none, `DataLoss` when its database is damaged.
    pub fn open(dir: &Path) -> Result<Reader> {
        drop(db::open_reading(dir)?);
        Ok(Reader::with(dir, Arc::new(LocalStore::open(dir)?), None))
    }

    pub(crate) fn with(dir: &Path, store: Arc<dyn Store>, pending: Option<Pending>) -> Reader {
        Reader(Arc::new(Inner {
            dir: dir.to_owned(),
            store,
            pool: Mutex::default(),
            made: AtomicU64::new(0),
            pending,
        }))
    }

    /// Where the files are.
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }

    /// True when the archive writes while this reads.
    pub(crate) fn is_live(&self) -> bool {
        self.0.pending.is_some()
    }

    /// Runs a query on a connection of the pool.
    pub(crate) fn query<T>(&self, run: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let made = self.0.made.load(Ordering::SeqCst);
        let pooled = self.pool().pop();
        let conn = pooled.map_or_else(|| db::open_reading(&self.0.dir), Ok)?;
        let answer = run(&conn)?;
        let mut pool = self.pool();
        if pool.len() < POOL && self.0.made.load(Ordering::SeqCst) == made {
            pool.push(conn);
        }
        Ok(answer)
    }

    /// The database was replaced: what is open shows the old one.
    pub(crate) fn open_anew(&self) {
        self.0.made.fetch_add(1, Ordering::SeqCst);
        self.pool().clear();
    }

    fn pool(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.0.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Events, newest first.
    ///
    /// # Errors
    /// `Unavailable` when the database can't be read.
    pub fn events(&self, query: &EventQuery) -> Result<Vec<StoredEvent>> {
        let limit = if query.limit == 0 { 100 } else { query.limit.min(1000) };
        let before_us = query.before_us.unwrap_or(i64::MAX).min(query.to_us.unwrap_or(i64::MAX));
        let from_us = query.from_us.unwrap_or(i64::MIN);
        let sql = format!(
            "SELECT record, (SELECT revision FROM picture WHERE event = event.id)
             FROM event INDEXED BY {}
             WHERE {} AND {} AND {} AND begin_us < ?1 AND begin_us >= ?2
               AND (end_us > ?3 OR begin_us >= ?3 OR phase <> 2)
             ORDER BY begin_us DESC, id LIMIT ?4",
            index_for(query),
            if query.camera.is_some() { "event.camera = ?5" } else { "?5 IS NULL" },
            if query.kind.is_some() { "kind = ?6" } else { "?6 IS NULL" },
            if query.zone.is_some() { "zone = ?7 AND zone <> ''" } else { "?7 IS NULL" },
        );
        self.query(|conn| {
            let mut statement = conn.prepare_cached(&sql).map_err(told)?;
            let with = params![
                before_us,
                from_us.saturating_sub(LONGEST_US),
                from_us,
                limit as i64,
                query.camera.as_ref().map(CameraId::as_str),
                query.kind,
                query.zone,
            ];
            let found = statement
                .query_map(with, |r| Ok((r.get::<_, Vec<u8>>(0)?, r.get(1)?)))
                .map_err(told)?;
            found
                .map(|row| row.map_err(told).and_then(|(record, picture)| stored(&record, picture)))
                .collect()
        })
    }

    /// What learning found, newest first, each with its last revision; an archive of before
    /// learning has none.
    ///
    /// # Errors
    /// `Unavailable` when the database can't be read.
    pub fn insights(&self, query: &InsightQuery) -> Result<Vec<Insight>> {
        let limit = if query.limit == 0 { 100 } else { query.limit.min(1000) };
        let sql = format!(
            "SELECT record FROM insight WHERE {} AND {} AND begin_us < ?1
             ORDER BY begin_us DESC, id LIMIT ?2",
            if query.camera.is_some() { "camera = ?3" } else { "?3 IS NULL" },
            if query.kind.is_some() { "kind = ?4 AND ?5 > 0" } else { "kind <> ?5 AND ?4 IS NULL" },
        );
        self.query(|conn| {
            if !has_insights(conn)? {
                return Ok(Vec::new());
            }
            let mut statement = conn.prepare_cached(&sql).map_err(told)?;
            let with = params![
                query.before_us.unwrap_or(i64::MAX),
                limit as i64,
                query.camera.as_ref().map(CameraId::as_str),
                query.kind.map(|kind| kind as i32),
                InsightKind::Shadow as i32,
            ];
            let found = statement.query_map(with, |r| r.get::<_, Vec<u8>>(0)).map_err(told)?;
            found.map(|row| insight(&row.map_err(told)?)).collect()
        })
    }

    /// Hands out what a model beside made of hours that began at `from_us` or later, by camera and
    /// time; `of` is the beginning of their dimension.
    ///
    /// # Errors
    /// `Unavailable` when the database can't be read, `DataLoss` for a record that can't.
    pub fn shadows(&self, of: &str, from_us: i64, take: &mut dyn FnMut(&Insight)) -> Result<()> {
        let sql = "SELECT record FROM insight WHERE kind = ?1 AND begin_us >= ?2
                   AND substr(dimension, 1, length(?3)) = ?3 ORDER BY camera, begin_us";
        self.query(|conn| {
            if !has_insights(conn)? {
                return Ok(());
            }
            let mut statement = conn.prepare_cached(sql).map_err(told)?;
            let with = params![InsightKind::Shadow as i32, from_us, of];
            let mut rows = statement.query(with).map_err(told)?;
            while let Some(row) = rows.next().map_err(told)? {
                take(&insight(&row.get::<_, Vec<u8>>(0).map_err(told)?)?);
            }
            Ok(())
        })
    }

    /// One event by its id (16 bytes).
    ///
    /// # Errors
    /// `Unavailable` when the database can't be read.
    pub fn event(&self, id: &[u8]) -> Result<Option<StoredEvent>> {
        let sql = "SELECT record, (SELECT revision FROM picture WHERE event = event.id) FROM event WHERE id = ?1";
        self.query(|conn| {
            let row: Option<(Vec<u8>, Option<u32>)> = conn
                .prepare_cached(sql)
                .map_err(told)?
                .query_row([id], |r| Ok((r.get(0)?, r.get(1)?)))
                .optional()
                .map_err(told)?;
            row.map(|(record, picture)| stored(&record, picture)).transpose()
        })
    }

    /// The JPEG of an event (16 bytes of id): the newest, as only that is kept; `None` when
    /// there is none, or `revision` is newer than it.
    ///
    /// # Errors
    /// `Unavailable` when the database can't be read.
    pub fn picture(&self, event: &[u8], revision: Option<u32>) -> Result<Option<Bytes>> {
        let sql = "SELECT jpeg FROM picture WHERE event = ?1 AND revision >= ?2";
        let jpeg: Option<Vec<u8>> =
            self.query(|conn| db::one(conn, sql, params![event, revision.unwrap_or(0)]))?;
        Ok(jpeg.map(Bytes::from))
    }

    /// What is there of a camera in `from_us..to_us`, and what is not.
    ///
    /// # Errors
    /// `Invalid` when the span is empty, `Unavailable` when the database can't be read.
    pub fn timeline(&self, camera: &CameraId, from_us: i64, to_us: i64) -> Result<Timeline> {
        let window = window(from_us, to_us)?;
        let (recorded, gaps) = self.query(|conn| {
            let recorded = rows::spans(conn, camera.as_str(), from_us, to_us)?;
            let gaps = happened::gaps(conn, camera.as_str(), from_us, to_us)?;
            Ok((recorded, gaps.into_iter().map(|(_, gap)| gap).collect()))
        })?;
        let pending = self.0.pending.as_ref().map_or(Vec::new(), |pending| {
            let pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
            pending.iter().filter(|(c, _)| c == camera).map(|(_, span)| *span).collect()
        });
        Ok(timeline::timeline(window, recorded, pending, gaps))
    }

    /// How much of `from_us..to_us` is there. The time before a camera's first recording is no
    /// part of the span; of a camera that was never recorded it is the time since its first gap.
    ///
    /// # Errors
    /// As for [`Reader::timeline`].
    pub fn coverage(&self, camera: &CameraId, from_us: i64, to_us: i64) -> Result<Coverage> {
        let oldest_us = self.query(|conn| rows::oldest(conn, camera.as_str()))?;
        let told = self.timeline(camera, from_us, to_us)?;
        Ok(timeline::coverage(window(from_us, to_us)?, oldest_us, &told))
    }
}

/// An archive of before learning has no table of insights.
fn has_insights(conn: &Connection) -> Result<bool> {
    let there = "SELECT 1 FROM sqlite_master WHERE name = 'insight'";
    Ok(db::one::<i64>(conn, there, [])?.is_some())
}

fn stored(record: &[u8], picture: Option<u32>) -> Result<StoredEvent> {
    let event = wire::Event::decode(record).map_err(|e| {
        Error::data_loss(format!("an event's record can't be read: {e}: run `flumen check`"))
    })?;
    Ok(StoredEvent { event, picture })
}

fn insight(record: &[u8]) -> Result<Insight> {
    Insight::decode(record)
        .map_err(|e| Error::data_loss(format!("an insight's record can't be read: {e}")))
}

/// The span, when it is one.
pub(crate) fn window(from_us: i64, to_us: i64) -> Result<Span> {
    if from_us >= to_us {
        return Err(Error::invalid(format!(
            "the span {from_us}..{to_us} is empty: `from` must be before `to`"
        )));
    }
    Ok(Span { start_us: from_us, end_us: to_us })
}
