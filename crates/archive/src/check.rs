//! The archive held against its invariants (see `lib.rs`); changes nothing.

use std::collections::{HashMap, HashSet};

use flumen_base::wire::Segment;
use flumen_base::{Kind, Result};
use rusqlite::{Connection, params};
use sha2::{Digest, Sha256};

use crate::db::{self, told};
use crate::reader::Reader;
use crate::store::Entry;
use crate::{day, days, rows};

/// Spans of one line may overlap by the difference between decoding and showing.
const OVERLAP_US: i64 = 100_000;
const PIECE: usize = 4 << 20;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Untidy: nothing is lost.
    Note,
    /// Something is lost or damaged.
    Error,
}

/// Something `check` found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub what: String,
    /// File or row.
    pub where_: String,
    /// What to do about it.
    pub fix: String,
    /// How bad it is.
    pub severity: Severity,
}

fn finding(severity: Severity, where_: &str, what: impl Into<String>, fix: &str) -> Finding {
    Finding { what: what.into(), where_: where_.to_owned(), fix: fix.to_owned(), severity }
}

impl Reader {
    /// Holds the archive against its invariants; `progress` is told (done, total) files.
    ///
    /// # Errors
    /// `Unavailable` when database or store can't be read at all.
    pub fn check(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Vec<Finding>> {
        let mut found = self.query(database)?;
        // The list of files first: a file that is filed meanwhile then has its row.
        let files = self.store().list("video")?;
        let all = self
            .query(|conn| rows::select(conn, "ORDER BY camera, stream, epoch, start_us, id", []))?;
        let all: Vec<Segment> = all.into_iter().map(|row| row.segment).collect();
        spans(&all, &mut found);
        for (n, segment) in all.iter().enumerate() {
            progress(n as u64, all.len() as u64);
            if let Some(bad) = self.check_file(segment)?
                && self.has_row(&segment.path)?
            {
                found.push(bad);
            }
        }
        progress(all.len() as u64, all.len() as u64);
        self.strays(&files, &all, &mut found)?;
        self.closed_days(&mut found)?;
        Ok(found)
    }

    fn has_row(&self, path: &str) -> Result<bool> {
        self.query(|conn| {
            Ok(db::one::<i64>(conn, "SELECT 1 FROM segment WHERE path = ?1", [path])?.is_some())
        })
    }

    /// Holds one file against its row.
    pub(crate) fn check_file(&self, segment: &Segment) -> Result<Option<Finding>> {
        const FIX: &str = "this minute is lost; restore the file from a copy, or remove it so that the gap is told";
        let path = segment.path.as_str();
        let bytes = match self.store().len(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == Kind::NotFound => {
                return Ok(Some(finding(Severity::Error, path, "the file is missing", FIX)));
            }
            Err(e) => return Err(e),
        };
        if bytes != segment.bytes {
            let what = format!("the file has {bytes} bytes, its row says {}", segment.bytes);
            return Ok(Some(finding(Severity::Error, path, what, FIX)));
        }
        let same = self.sum(path)? == segment.sha256.as_ref();
        let what = "the file's bytes have changed: its SHA-256 is not the one of its row";
        Ok((!same).then(|| finding(Severity::Error, path, what, FIX)))
    }

    fn sum(&self, path: &str) -> Result<Vec<u8>> {
        let mut hash = Sha256::new();
        let mut offset = 0;
        loop {
            let piece = self.store().read(path, offset, PIECE)?;
            if piece.is_empty() {
                return Ok(hash.finalize().to_vec());
            }
            hash.update(&piece);
            offset += piece.len() as u64;
        }
    }

    fn strays(&self, files: &[Entry], all: &[Segment], found: &mut Vec<Finding>) -> Result<()> {
        let mut known: HashSet<String> = all.iter().map(|s| s.path.clone()).collect();
        known.extend(self.query(|conn| {
            let mut query = conn.prepare("SELECT path FROM garbage").map_err(told)?;
            let paths = query.query_map([], |r| r.get(0)).map_err(told)?;
            paths.collect::<rusqlite::Result<Vec<String>>>().map_err(told)
        })?);
        for file in files.iter().filter(|f| !known.contains(&f.path)) {
            let fix = "start flumen: after a kill it writes this file again and adds its row; if it stays, remove it";
            found.push(finding(Severity::Note, &file.path, "a file without a row", fix));
        }
        if !self.is_live() {
            for file in self.store().list("tmp")? {
                let fix =
                    "start flumen: it removes the file and writes its content again from the log";
                found.push(finding(
                    Severity::Note,
                    &file.path,
                    "an unfinished file of a run that was killed",
                    fix,
                ));
            }
        }
        Ok(())
    }

    fn closed_days(&self, found: &mut Vec<Finding>) -> Result<()> {
        const FIX: &str = "remove the file and start flumen: it is written again within a minute";
        let rows: Vec<(String, i64, i64, Vec<u8>)> = self.query(|conn| {
            let mut query = conn
                .prepare("SELECT name, day, bytes, sha256 FROM day WHERE bytes > 0 AND dirty = 0")
                .map_err(told)?;
            let rows = query
                .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
                .map_err(told)?;
            rows.collect::<rusqlite::Result<_>>().map_err(told)
        })?;
        for (name, number, bytes, sha256) in rows {
            let path = days::path_of(&name, number);
            let good = match self.store().len(&path) {
                Ok(there) => there == bytes as u64 && self.sum(&path)? == sha256,
                Err(e) if e.kind() == Kind::NotFound => false,
                Err(e) => return Err(e),
            };
            if !good {
                found.push(finding(
                    Severity::Error,
                    &path,
                    "a closed day's table is missing or changed",
                    FIX,
                ));
            }
        }
        Ok(())
    }
}

/// Rows of one line against each other and against themselves.
fn spans(all: &[Segment], found: &mut Vec<Finding>) {
    const FIX: &str =
        "please report this with the two rows: it is a bug, playback may repeat a moment";
    let mut last: HashMap<(&str, i32, u64), &Segment> = HashMap::new();
    for s in all {
        if s.duration_us != s.end_us - s.start_us || s.duration_us <= 0 {
            let what = format!(
                "the row lasts {} us and spans {} us",
                s.duration_us,
                s.end_us - s.start_us
            );
            found.push(finding(Severity::Error, &s.path, what, FIX));
        }
        let line = (s.camera.as_str(), s.stream, s.epoch);
        if let Some(before) = last.insert(line, s)
            && before.end_us > s.start_us + OVERLAP_US
        {
            let what = format!("begins at {}, before {} ends", day::text(s.start_us), before.path);
            found.push(finding(Severity::Error, &s.path, what, FIX));
        }
    }
}

/// The database against itself.
fn database(conn: &Connection) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    let mut query = conn.prepare("PRAGMA integrity_check(20)").map_err(told)?;
    let told_lines: Vec<String> = query
        .query_map([], |r| r.get(0))
        .map_err(told)?
        .collect::<rusqlite::Result<_>>()
        .map_err(told)?;
    for line in told_lines.into_iter().filter(|line| line != "ok") {
        let fix = "stop flumen, keep a copy of archive.sqlite, restore it from a backup";
        found.push(finding(Severity::Error, db::FILE, line, fix));
    }
    let orphans: i64 = db::one(
        conn,
        "SELECT count(*) FROM picture WHERE event NOT IN (SELECT id FROM event)",
        params![],
    )?
    .unwrap_or(0);
    if orphans > 0 {
        let fix = "nothing: they go with the retention of events";
        found.push(finding(
            Severity::Note,
            db::FILE,
            format!("{orphans} pictures without their event"),
            fix,
        ));
    }
    Ok(found)
}
