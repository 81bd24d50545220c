//! The archive as its owner holds it: start, status, stop.

use std::sync::Arc;

use flumen_base::{CameraId, Error, Result};
use flumen_bus::Bus;

use crate::config::ArchiveConfig;
use crate::reader::Reader;
use crate::store::Store;

/// How recording goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchiveStatus {
    /// Segments filed since start.
    pub segments: u64,
    /// Bytes filed since start.
    pub bytes: u64,
    /// Wall time minus arrival time of the last unit that was taken.
    pub lag_us: i64,
    /// Segments that are being written, by camera.
    pub open: Vec<(CameraId, usize)>,
    /// What is wrong just now, for a person.
    pub problem: Option<String>,
}

/// The running archive.
pub struct Archive {
    reader: Reader,
}

impl Archive {
    /// Starts recording, rows, retention and the export of days.
    ///
    /// # Errors
    /// `Invalid` for settings out of range, `DataLoss` for a damaged database, and what the
    /// bus and the store answer.
    pub fn start(_bus: Arc<dyn Bus>, _store: Arc<dyn Store>, config: ArchiveConfig) -> Result<Archive> {
        config.validate()?;
        Err(Error::unsupported("the archive is not built yet"))
    }

    /// A reader of this archive; cheap to clone.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// How recording goes just now.
    pub fn status(&self) -> ArchiveStatus {
        ArchiveStatus::default()
    }

    /// Stops; whole groups of pictures that were written are filed, the rest is written again
    /// from the bus at the next start.
    ///
    /// # Errors
    /// What went wrong while the last segments were filed; nothing is lost by it.
    pub fn stop(self) -> Result<()> {
        Ok(())
    }
}
