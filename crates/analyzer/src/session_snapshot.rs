//! A session as bytes, and back.
//!
//! Layout, little endian: "FLSE", version u32, camera, arrival of the last record i64, group
//! (epoch, sequence u64), flags u8 (1 shed, 2 waits for a key, 4 leaves out a group), start of
//! what is left out i64, number of versions to come u32, the version in force and those to come
//! (messages), the engine's snapshot (empty when it had seen nothing). Bytes, text and messages
//! have their length (u64) before them.
//! Invariants: a restored session decodes nothing until a record asks for it.
//! Not here: the engine's bytes (`snapshot`).

use bytes::Bytes;
use flumen_base::{CameraId, Result};
use flumen_operators::{Reader, Writer};

use crate::cards::Cards;
use crate::{Session, snapshot};

const MAGIC: &[u8; 4] = b"FLSE";
/// Grows with each change of the layout.
const VERSION: u32 = 1;
const WHAT: &str = "session";

impl Session {
    /// All that is needed to go on elsewhere, versioned: the versions of the camera's record
    /// and the analyzer with its open group of pictures.
    ///
    /// # Errors
    /// What the engine answers: none today.
    pub fn snapshot(&self) -> Result<Vec<u8>> {
        let engine = match &self.engine {
            Some(engine) => engine.snapshot()?,
            None => self.saved.to_vec(),
        };
        let mut to = Writer(MAGIC.to_vec());
        to.u32(VERSION);
        to.text(self.camera.as_str());
        to.i64(self.arrival_us);
        to.u64(self.group.0);
        to.u64(self.group.1);
        let flags = [self.shed, self.wait_key, self.rejected_us.is_some()];
        to.u8(flags.into_iter().rev().fold(0, |bits, flag| bits << 1 | u8::from(flag)));
        to.i64(self.rejected_us.unwrap_or(0));
        self.cards.save(&mut to);
        to.blob(&engine);
        Ok(to.0)
    }

    /// The session that `bytes` were taken of; what its analyzer holds is decoded again, in
    /// silence, at the first record. If that fails it begins anew and `problem` says so.
    ///
    /// # Errors
    /// `Unsupported` when another version wrote it, `Invalid` when it is another camera's,
    /// `DataLoss` when it is damaged.
    pub fn restore(camera: &CameraId, bytes: &[u8]) -> Result<Session> {
        let damaged = || snapshot::damaged(camera, WHAT);
        let mut from = snapshot::begin(camera, WHAT, (MAGIC, VERSION), bytes)?;
        let mut session = Session::open(camera, None);
        session.read(&mut from).ok_or_else(damaged)?;
        if from.0.is_empty() { Ok(session) } else { Err(damaged()) }
    }

    fn read(&mut self, from: &mut Reader<'_>) -> Option<()> {
        self.arrival_us = crate::meta::time(from)?;
        self.group = (from.u64()?, from.u64()?);
        let flags = from.u8()?;
        self.shed = flags & 1 != 0;
        self.wait_key = flags & 2 != 0;
        let rejected_us = from.i64()?;
        self.rejected_us = (flags & 4 != 0).then_some(rejected_us);
        self.cards = Cards::load(from)?;
        self.saved = Bytes::copy_from_slice(from.blob()?);
        Some(())
    }
}
