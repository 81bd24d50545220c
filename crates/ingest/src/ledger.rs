//! Rows of `flumen.gaps` on their way to the table.
//!
//! Invariants: a row that the table did not take is kept and written later, in order, at most
//! [`MOST_WAITING`]; of a row that changed meanwhile only the newest form is written; while the
//! table is far away (Kafka) no camera's thread waits for it; ended spans that wait outlive the
//! process in a file.
//! Not here: when a span begins and ends (`gaps`).

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bytes::Buf;
use flumen_base::wire::Gap;
use flumen_base::{CameraId, Context as _, Error, Result};
use flumen_bus::Table;
use prost::Message as _;

use crate::pace::{Stop, lock};

const MOST_WAITING: usize = 4096;
/// How often a table that takes nothing is asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// The way of all rows of this process into the table.
pub(crate) struct Ledger {
    table: Arc<dyn Table>,
    /// Whether a row is written by whoever has it, or by the ledger's own thread.
    at_once: bool,
    file: Option<PathBuf>,
    waiting: Mutex<VecDeque<Gap>>,
    /// Held while rows are written, so that no older form comes after a newer one.
    writing: Mutex<()>,
    told: Condvar,
}

impl Ledger {
    /// Rows are written at once, which blocks their owner while the table's disk works.
    pub(crate) fn at_once(table: Arc<dyn Table>) -> Ledger {
        Ledger {
            table,
            at_once: true,
            file: None,
            waiting: Mutex::default(),
            writing: Mutex::default(),
            told: Condvar::new(),
        }
    }

    /// Rows are written by [`Ledger::run`]; those that an earlier process kept in `file` first.
    ///
    /// # Errors
    /// I/O kinds when the file is there and can't be read.
    pub(crate) fn behind(table: Arc<dyn Table>, file: Option<PathBuf>) -> Result<Ledger> {
        let kept = file.as_deref().map(load).transpose()?.unwrap_or_default();
        let ledger = Ledger::at_once(table);
        Ok(Ledger { at_once: false, file, waiting: Mutex::new(kept), ..ledger })
    }

    /// Takes a row; the newest form of a row counts.
    pub(crate) fn write(&self, gap: Gap) {
        {
            let mut waiting = lock(&self.waiting);
            match waiting.iter_mut().find(|g| key(g) == key(&gap)) {
                Some(older) => *older = gap,
                None => waiting.push_back(gap),
            }
            if waiting.len() > MOST_WAITING
                && let Some(lost) = waiting.pop_front()
            {
                tracing::error!(
                    camera = lost.camera,
                    "a row of the gap ledger is lost: the table takes none"
                );
            }
        }
        if self.at_once {
            self.flush();
        } else {
            self.told.notify_all();
        }
    }

    /// Rows of a camera that are open and were never written end here: who has the camera now
    /// does not know of them.
    pub(crate) fn end_waiting(&self, camera: &CameraId, end_us: i64) {
        for gap in lock(&self.waiting).iter_mut().filter(|g| g.camera == camera.as_str()) {
            if gap.end_us == 0 {
                gap.end_us = end_us.max(gap.start_us + 1);
            }
        }
    }

    /// Writes what waits; false when something is left.
    pub(crate) fn flush(&self) -> bool {
        let _writing = lock(&self.writing);
        while let Some(gap) = self.next() {
            if let Err(e) = self.table.put(key(&gap).as_bytes(), Some(&gap.encode_to_vec())) {
                tracing::warn!(camera = gap.camera, "the gap ledger waits: {e}");
                self.keep();
                return false;
            }
            let mut waiting = lock(&self.waiting);
            // It may have changed while it was written: then the newer form follows.
            if waiting.front() == Some(&gap) {
                waiting.pop_front();
            }
        }
        self.keep();
        true
    }

    fn next(&self) -> Option<Gap> {
        lock(&self.waiting).front().cloned()
    }

    /// Writes rows until `stop`, then once more unless the table takes none.
    pub(crate) fn run(&self, stop: &Stop) {
        let mut taken = true;
        while !stop.is_stopped() {
            taken = self.flush();
            if !taken {
                stop.wait(AGAIN);
                continue;
            }
            let waiting = lock(&self.waiting);
            if waiting.is_empty() {
                drop(self.told.wait_timeout(waiting, Duration::from_millis(200)));
            }
        }
        if taken {
            self.flush();
        }
        self.keep();
    }

    /// Puts the ended spans that wait into the file; what an open one lacks is found from the
    /// log at the next start.
    fn keep(&self) {
        let Some(path) = &self.file else { return };
        let ended: Vec<Gap> =
            lock(&self.waiting).iter().filter(|g| g.end_us != 0).cloned().collect();
        if ended.is_empty() && !path.exists() {
            return;
        }
        if let Err(e) = save(path, &ended) {
            tracing::error!("rows of the gap ledger can't be kept: {e}");
        }
    }
}

fn key(gap: &Gap) -> String {
    format!("{}/{}/{}", gap.camera, gap.start_us, gap.cause)
}

fn load(path: &Path) -> Result<VecDeque<Gap>> {
    let mut bytes = match std::fs::read(path) {
        Ok(bytes) => bytes::Bytes::from(bytes),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(VecDeque::new()),
        Err(e) => return Err(Error::io(format!("read {}", path.display()), e)),
    };
    let mut kept = VecDeque::new();
    while bytes.has_remaining() && kept.len() < MOST_WAITING {
        match Gap::decode_length_delimited(&mut bytes) {
            Ok(gap) => kept.push_back(gap),
            Err(e) => {
                tracing::error!("{} is damaged behind {} rows: {e}", path.display(), kept.len());
                break;
            }
        }
    }
    Ok(kept)
}

/// *Durability*: whole and on disk on return, or as before.
fn save(path: &Path, gaps: &[Gap]) -> Result<()> {
    let told = || format!("write {}", path.display());
    if gaps.is_empty() {
        return std::fs::remove_file(path).context(told());
    }
    let bytes: Vec<u8> = gaps.iter().flat_map(Gap::encode_length_delimited_to_vec).collect();
    let tmp = path.with_extension("tmp");
    let mut file = std::fs::File::create(&tmp).context(told())?;
    file.write_all(&bytes).and_then(|()| file.sync_all()).context(told())?;
    std::fs::rename(&tmp, path).context(told())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory_bus::MemoryBus;
    use flumen_base::topic;
    use flumen_bus::Bus as _;

    fn gap(start_us: i64, end_us: i64) -> Gap {
        Gap { camera: "yard".into(), start_us, end_us, ..Gap::default() }
    }

    fn rows(bus: &MemoryBus) -> Vec<(i64, i64)> {
        let found = bus.table(topic::GAPS).unwrap().scan(b"").unwrap();
        let gaps = found.iter().map(|(_, v)| Gap::decode(v.as_slice()).unwrap());
        gaps.map(|g| (g.start_us, g.end_us)).collect()
    }

    #[test]
    fn rows_wait_for_a_table_that_is_away_also_over_a_restart() {
        let bus = MemoryBus::default();
        let dir = tempfile::tempdir().unwrap();
        let file = Some(dir.path().join("gaps"));
        let open = || Ledger::behind(bus.table(topic::GAPS).unwrap(), file.clone()).unwrap();
        let ledger = open();
        bus.refuse_tables(true);
        ledger.write(gap(100, 0));
        ledger.write(gap(100, 200));
        ledger.write(gap(300, 0));
        assert!(!ledger.flush(), "the table takes nothing");
        drop(ledger);
        let next = open();
        bus.refuse_tables(false);
        assert!(next.flush());
        assert_eq!(rows(&bus), [(100, 200)], "the open span is found from the log");
        assert!(!dir.path().join("gaps").exists());
        assert_eq!(lock(&open().waiting).len(), 0);
    }

    #[test]
    fn an_open_row_that_was_never_written_ends_with_the_hand_over() {
        let bus = MemoryBus::default();
        let ledger = Ledger::behind(bus.table(topic::GAPS).unwrap(), None).unwrap();
        ledger.write(gap(100, 0));
        ledger.end_waiting(&CameraId::new("yard").unwrap(), 500);
        ledger.flush();
        assert_eq!(rows(&bus), [(100, 500)]);
    }

    #[test]
    fn the_oldest_rows_go_when_too_many_wait() {
        let bus = MemoryBus::default();
        bus.refuse_tables(true);
        let ledger = Ledger::behind(bus.table(topic::GAPS).unwrap(), None).unwrap();
        (0..MOST_WAITING as i64 + 3).for_each(|i| ledger.write(gap(i, i + 1)));
        bus.refuse_tables(false);
        ledger.flush();
        let oldest = rows(&bus).iter().map(|r| r.0).min();
        assert_eq!((rows(&bus).len(), oldest), (MOST_WAITING, Some(3)));
    }
}
