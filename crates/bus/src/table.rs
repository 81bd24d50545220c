//! Compacted topics in one SQLite file.
//!
//! Invariants: offsets of a table only grow, also over restarts and removals; a put is durable
//! on return (WAL, synchronous=FULL; not in a cache); a removed key leaves a tombstone so that `changes` tells
//! it; tombstones go after 30 days, when the bus is opened.
//! Not here: what keys and values mean.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use flumen_base::{Error, Kind, Result};
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use crate::{Change, Table};

/// Most changes that one call returns.
const CHANGES: u32 = 10_000;
/// How long the removal of a key can be told, days.
const TOMBSTONE_DAYS: u32 = 30;
const VERSION: u32 = 1;
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS record (
        topic TEXT NOT NULL, key BLOB NOT NULL, value BLOB, offset INTEGER NOT NULL,
        at INTEGER NOT NULL DEFAULT (unixepoch()), PRIMARY KEY (topic, key)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX IF NOT EXISTS record_by_offset ON record (topic, offset);
    CREATE TABLE IF NOT EXISTS counter (topic TEXT PRIMARY KEY, next INTEGER NOT NULL)
        WITHOUT ROWID;
    PRAGMA user_version = 1;
";

/// The file of all tables.
pub(crate) struct Tables {
    write: Mutex<Connection>,
    read: Mutex<Connection>,
    shown: String,
}

impl Tables {
    pub(crate) fn open(path: &Path) -> Result<Arc<Tables>> {
        Tables::open_with(path, "FULL")
    }

    /// An empty file for what stands safely elsewhere: nothing of it has to outlive the process.
    #[cfg(feature = "kafka")]
    pub(crate) fn cache(path: &Path) -> Result<Arc<Tables>> {
        for suffix in ["", "-wal", "-shm"] {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            match std::fs::remove_file(&name) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io(format!("remove {}", path.display()), e));
                }
                _ => {}
            }
        }
        Tables::open_with(path, "OFF")
    }

    fn open_with(path: &Path, synchronous: &str) -> Result<Arc<Tables>> {
        let shown = path.display().to_string();
        let open = || -> rusqlite::Result<(Connection, Connection, u32)> {
            let write = Connection::open(path)?;
            write.busy_timeout(Duration::from_secs(5))?;
            write.pragma_update(None, "journal_mode", "WAL")?;
            write.pragma_update(None, "synchronous", synchronous)?;
            let version = write.pragma_query_value(None, "user_version", |r| r.get(0))?;
            if version == 0 {
                write.execute_batch(SCHEMA)?;
            }
            let read = Connection::open(path)?;
            read.busy_timeout(Duration::from_secs(5))?;
            read.pragma_update(None, "query_only", true)?;
            Ok((write, read, version))
        };
        let (write, read, version) = open().map_err(|e| told(&shown, "open", e))?;
        if version > VERSION {
            return Err(Error::unsupported(format!(
                "{shown} has version {version}, newer than this build knows: run a newer flumen"
            )));
        }
        let old = format!(
            "DELETE FROM record WHERE value IS NULL AND at < unixepoch() - 86400 * {TOMBSTONE_DAYS}"
        );
        write.execute(&old, []).map_err(|e| told(&shown, "clean", e))?;
        Ok(Arc::new(Tables { write: Mutex::new(write), read: Mutex::new(read), shown }))
    }

    fn told(&self, what: &str, error: rusqlite::Error) -> Error {
        told(&self.shown, what, error)
    }
}

fn told(shown: &str, what: &str, error: rusqlite::Error) -> Error {
    let kind = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Kind::Exhausted,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Kind::DataLoss,
        _ => Kind::Unavailable,
    };
    Error::new(kind, format!("{what} {shown}: {error}")).with_source(error)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One compacted topic.
pub(crate) struct SqliteTable {
    tables: Arc<Tables>,
    topic: &'static str,
    next: Mutex<u64>,
    changed: Condvar,
}

impl SqliteTable {
    pub(crate) fn open(tables: Arc<Tables>, topic: &'static str) -> Result<SqliteTable> {
        let next = lock(&tables.read)
            .query_row("SELECT next FROM counter WHERE topic = ?1", [topic], |r| r.get(0))
            .optional()
            .map_err(|e| tables.told("read", e))?;
        let next = Mutex::new(next.unwrap_or(0_i64) as u64);
        Ok(SqliteTable { tables, topic, next, changed: Condvar::new() })
    }

    fn store(&self, items: &[(&[u8], Option<&[u8]>)]) -> rusqlite::Result<u64> {
        let mut connection = lock(&self.tables.write);
        let transaction = connection.transaction()?;
        let mut offset = 0;
        {
            let mut count = transaction.prepare_cached(
                "INSERT INTO counter (topic, next) VALUES (?1, 1)
                 ON CONFLICT (topic) DO UPDATE SET next = next + 1 RETURNING next - 1",
            )?;
            let mut put = transaction.prepare_cached(
                "INSERT INTO record (topic, key, value, offset) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (topic, key)
                 DO UPDATE SET value = ?3, offset = ?4, at = unixepoch()",
            )?;
            for (key, value) in items {
                offset = count.query_row([self.topic], |r| r.get(0))?;
                put.execute(params![self.topic, key, value, offset])?;
            }
        }
        transaction.commit()?;
        Ok(offset as u64)
    }

    /// Stores changes that came from elsewhere with their offsets.
    #[cfg(feature = "kafka")]
    pub(crate) fn store_at(&self, changes: &[Change]) -> Result<()> {
        let store = || -> rusqlite::Result<()> {
            let mut connection = lock(&self.tables.write);
            let transaction = connection.transaction()?;
            let mut put = transaction.prepare_cached(
                "INSERT INTO record (topic, key, value, offset) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (topic, key)
                 DO UPDATE SET value = ?3, offset = ?4, at = unixepoch()",
            )?;
            for Change { offset, key, value } in changes {
                put.execute(params![self.topic, key, value, *offset as i64])?;
            }
            drop(put);
            transaction.commit()
        };
        store().map_err(|e| self.tables.told("write", e))?;
        if let Some(last) = changes.last() {
            let mut next = lock(&self.next);
            *next = (*next).max(last.offset + 1);
            self.changed.notify_all();
        }
        Ok(())
    }

    /// The offset of a key's newest change.
    #[cfg(feature = "kafka")]
    pub(crate) fn offset_of(&self, key: &[u8]) -> Result<Option<u64>> {
        let connection = lock(&self.tables.read);
        let get = || {
            let mut query = connection
                .prepare_cached("SELECT offset FROM record WHERE topic = ?1 AND key = ?2")?;
            query.query_row(params![self.topic, key], |r| r.get::<_, i64>(0)).optional()
        };
        let found = get().map_err(|e| self.tables.told("read", e))?;
        Ok(found.map(|offset| offset as u64))
    }

    fn changes_now(&self, from: u64) -> rusqlite::Result<Vec<Change>> {
        let connection = lock(&self.tables.read);
        let mut query = connection.prepare_cached(
            "SELECT offset, key, value FROM record WHERE topic = ?1 AND offset >= ?2
             ORDER BY offset LIMIT ?3",
        )?;
        let from = i64::try_from(from).unwrap_or(i64::MAX);
        let rows = query.query_map(params![self.topic, from, CHANGES], |row| {
            let offset = row.get::<_, i64>(0)? as u64;
            Ok(Change { offset, key: row.get(1)?, value: row.get(2)? })
        })?;
        rows.collect()
    }

    fn scan_now(&self, prefix: &[u8]) -> rusqlite::Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let connection = lock(&self.tables.read);
        let mut query = connection.prepare_cached(
            "SELECT key, value FROM record WHERE topic = ?1 AND key >= ?2 AND value IS NOT NULL
             AND substr(key, 1, ?3) = ?2 AND (?4 IS NULL OR key < ?4) ORDER BY key",
        )?;
        let length = prefix.len() as i64;
        let end = behind(prefix);
        let rows = query.query_map(params![self.topic, prefix, length, end], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        rows.collect()
    }
}

/// The first key behind all that begin with `prefix`; `None` when there is none.
fn behind(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|&b| b != 0xFF)?;
    let mut end = prefix.get(..=last)?.to_vec();
    *end.last_mut()? += 1;
    Some(end)
}

impl Table for SqliteTable {
    fn put(&self, key: &[u8], value: Option<&[u8]>) -> Result<u64> {
        self.put_all(&[(key, value)])
    }

    fn put_all(&self, items: &[(&[u8], Option<&[u8]>)]) -> Result<u64> {
        if items.is_empty() {
            return Ok(0);
        }
        let offset = self.store(items).map_err(|e| self.tables.told("write", e))?;
        let mut next = lock(&self.next);
        *next = (*next).max(offset + 1);
        self.changed.notify_all();
        Ok(offset)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let connection = lock(&self.tables.read);
        let get = || {
            let mut query = connection
                .prepare_cached("SELECT value FROM record WHERE topic = ?1 AND key = ?2")?;
            query.query_row(params![self.topic, key], |r| r.get(0)).optional()
        };
        get().map(Option::flatten).map_err(|e| self.tables.told("read", e))
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        self.scan_now(prefix).map_err(|e| self.tables.told("read", e))
    }

    fn changes(&self, from: u64, timeout: Duration) -> Result<Vec<Change>> {
        let until = Instant::now() + timeout;
        let mut next = lock(&self.next);
        while *next <= from {
            let left = until.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return Ok(Vec::new());
            }
            let woken = self.changed.wait_timeout(next, left);
            next = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(next);
        self.changes_now(from).map_err(|e| self.tables.told("read", e))
    }
}
