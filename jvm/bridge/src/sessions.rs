//! The sessions that Java holds by number.
//!
//! Invariants: numbers grow and are never used twice, so that a stale one finds nothing; each
//! session has its own lock, and one that is in use on another thread is waited for; a session
//! in which a panic happened is dropped and its number says so until it is closed.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use flumen_analyzer::{Models, Notes, Session, reject_stray};
use flumen_base::wire::{Camera, SourcePosition};
use flumen_base::{CameraId, Error, Result};
use prost::Message;

use crate::frame::{self, Reply, reply};

/// Units that may be in hand at a time in one process.
const HANDS: usize = 256;

/// None = a panic happened in it.
type Slot = Arc<Mutex<Option<Session>>>;

/// All sessions of a process.
#[derive(Default)]
pub struct Sessions {
    all: Mutex<Numbered>,
    tables: Mutex<Tables>,
    notes: Mutex<Option<Arc<Notes>>>,
}

#[derive(Default)]
struct Numbered {
    last: u64,
    slots: HashMap<u64, Slot>,
}

/// Tables of models by number.
#[derive(Default)]
struct Tables {
    last: u64,
    models: HashMap<u64, Arc<Models>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn camera(bytes: &[u8]) -> Result<CameraId> {
    CameraId::new(&String::from_utf8_lossy(bytes))
}

fn card(bytes: &[u8]) -> Result<Camera> {
    Camera::decode(bytes)
        .map_err(|e| Error::data_loss(format!("a record of flumen.cameras can't be read: {e}")))
}

/// Runs what may panic; a panic is an error.
fn guarded<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<&str>().copied();
        let said = said.or(panic.downcast_ref::<String>().map(String::as_str));
        Err(Error::internal(format!(
            "a panic in native code: {}; this is a bug, please report it",
            said.unwrap_or("no message")
        )))
    })
}

impl Sessions {
    /// Keeps notes of what is in hand in a directory from now on.
    pub fn keep_notes(&self, dir: &[u8]) -> Reply {
        reply(guarded(|| {
            let dir = String::from_utf8_lossy(dir);
            let mut notes = lock(&self.notes);
            if notes.is_none() {
                *notes = Some(Notes::open(Path::new(dir.as_ref()), HANDS)?);
            }
            Ok(Vec::new())
        }))
    }

    /// A new session; answers its number (u64).
    pub fn open(&self, id: &[u8], record: Option<&[u8]>) -> Reply {
        reply(guarded(|| {
            let record = record.map(card).transpose()?;
            self.add(Session::open(&camera(id)?, record.as_ref()))
        }))
    }

    /// The session of a snapshot; answers its number (u64).
    pub fn restore(&self, id: &[u8], snapshot: &[u8]) -> Reply {
        reply(guarded(|| self.add(Session::restore(&camera(id)?, snapshot)?)))
    }

    fn add(&self, session: Session) -> Result<Vec<u8>> {
        #[cfg(debug_assertions)]
        let session = crate::planted::plant(session);
        let mut all = lock(&self.all);
        all.last += 1;
        let number = all.last;
        all.slots.insert(number, Arc::new(Mutex::new(Some(session))));
        Ok(number.to_le_bytes().to_vec())
    }

    /// Gives a session a record of `flumen.video`; answers records.
    pub fn process(
        &self,
        number: u64,
        (partition, offset): (u32, u64),
        header: Option<&[u8]>,
        value: Bytes,
    ) -> Reply {
        let made = self.with(number, |session| {
            #[cfg(debug_assertions)]
            crate::planted::poison(&value);
            let hand = lock(&self.notes).as_ref().and_then(Notes::hand).map(Arc::new);
            session.guard(hand);
            let mut out = Vec::new();
            let at = SourcePosition { partition, offset, generation: 0 };
            session.record(at, header, value, &mut out);
            session.guard(None);
            frame::records(&out)
        });
        made.unwrap_or_else(|e| reply(Err(e)))
    }

    /// A table of learned models that is empty; answers its number (u64).
    pub fn models(&self) -> Reply {
        let mut tables = lock(&self.tables);
        tables.last += 1;
        let number = tables.last;
        tables.models.insert(number, Arc::default());
        reply(Ok(number.to_le_bytes().to_vec()))
    }

    /// Gives a table a record of `flumen.models`, or that a key is gone; answers records.
    pub fn model(
        &self,
        number: u64,
        key: &[u8],
        (offset, timestamp_us): (u64, i64),
        value: Option<&[u8]>,
    ) -> Reply {
        let made = guarded(|| {
            let refused = self.table(number)?.put(key, offset, value, timestamp_us);
            frame::records(refused.as_slice())
        });
        made.unwrap_or_else(|e| reply(Err(e)))
    }

    fn table(&self, number: u64) -> Result<Arc<Models>> {
        lock(&self.tables).models.get(&number).cloned().ok_or_else(|| {
            Error::invalid(format!("the models {number} are closed or were never open"))
        })
    }

    /// A session takes learned models from a table from now on.
    pub fn follow(&self, number: u64, table: u64) -> Reply {
        reply(self.table(table).and_then(|models| {
            self.with(number, |session| {
                session.follow_models(models);
                Ok(Vec::new())
            })
        }))
    }

    /// Ends a table; sessions that follow it keep what it had.
    pub fn forget(&self, number: u64) -> Reply {
        lock(&self.tables).models.remove(&number);
        reply(Ok(Vec::new()))
    }

    /// A newer version of the camera's record.
    pub fn card(&self, number: u64, record: &[u8]) -> Reply {
        reply(self.with(number, |session| {
            session.card(&card(record)?);
            Ok(Vec::new())
        }))
    }

    /// All that is needed to go on elsewhere.
    pub fn snapshot(&self, number: u64) -> Reply {
        reply(self.with(number, |session| session.snapshot()))
    }

    /// What is wrong with a session just now, for a person; empty when nothing is.
    pub fn problem(&self, number: u64) -> Reply {
        reply(self.with(number, |s| Ok(s.problem().unwrap_or_default().as_bytes().to_vec())))
    }

    /// Ends a session; a number that is not there any more changes nothing.
    pub fn close(&self, number: u64) -> Reply {
        reply(guarded(|| {
            let slot = lock(&self.all).slots.remove(&number);
            // Dropped outside of the lock: a decoder takes its time.
            drop(slot);
            Ok(Vec::new())
        }))
    }

    /// Number of sessions that are open (u64).
    pub fn count(&self) -> Reply {
        reply(Ok((lock(&self.all).slots.len() as u64).to_le_bytes().to_vec()))
    }

    /// The reject of a record whose key is no camera's id; answers records.
    pub fn stray(&self, key: &[u8], at: (u32, u64), value: Bytes, timestamp_us: i64) -> Reply {
        let made = guarded(|| {
            let at = SourcePosition { partition: at.0, offset: at.1, generation: 0 };
            frame::records(&[reject_stray(key, at, &value, timestamp_us)])
        });
        made.unwrap_or_else(|e| reply(Err(e)))
    }

    fn with<T>(&self, number: u64, body: impl FnOnce(&mut Session) -> Result<T>) -> Result<T> {
        let slot = lock(&self.all).slots.get(&number).cloned();
        let slot = slot.ok_or_else(|| {
            Error::invalid(format!("analyzer {number} is closed or was never open"))
        })?;
        let mut slot = lock(&slot);
        let Some(session) = slot.as_mut() else {
            return Err(Error::internal(
                "this analyzer is poisoned: a panic happened in it; close it and restore it from \
                 its last snapshot",
            ));
        };
        let mut whole = false;
        let done = guarded(|| {
            let done = body(session);
            whole = true;
            done
        });
        if !whole {
            let broken = slot.take();
            let _ = guarded(|| {
                drop(broken);
                Ok(())
            });
        }
        done
    }
}
