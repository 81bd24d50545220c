//! What the archive is told.

use std::path::PathBuf;
use std::time::Duration;

use flumen_base::{Error, Result};

/// How long and how much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Oldest age; `None` keeps for ever.
    pub age: Option<Duration>,
    /// Bytes of one camera; `None` is without limit.
    pub bytes: Option<u64>,
}

/// Settings of the archive.
#[derive(Clone, Debug)]
pub struct ArchiveConfig {
    /// Directory of `archive.sqlite`; made when missing.
    pub dir: PathBuf,
    /// A segment is closed at the first key frame after this.
    pub segment_max: Duration,
    /// Video of a camera, where its own policy says nothing.
    pub keep: Keep,
    /// Events with their pictures, and gaps.
    pub keep_events: Keep,
    /// Closed days are written as Parquet.
    pub export_days: bool,
}

impl Default for ArchiveConfig {
    fn default() -> ArchiveConfig {
        let day = Duration::from_secs(86_400);
        ArchiveConfig {
            dir: PathBuf::from("archive"),
            segment_max: Duration::from_secs(60),
            keep: Keep { age: Some(day * 30), bytes: None },
            keep_events: Keep { age: Some(day * 365), bytes: Some(4 << 30) },
            export_days: true,
        }
    }
}

impl ArchiveConfig {
    /// Checks the settings.
    ///
    /// # Errors
    /// `Invalid` with the setting's name and its rule.
    pub fn validate(&self) -> Result<()> {
        let most = Duration::from_secs(3600);
        if self.segment_max < Duration::from_millis(100) || self.segment_max > most {
            return Err(Error::invalid("archive.segment_max must be 100 ms to 1 h"));
        }
        if self.keep.age.is_some_and(|a| a < self.segment_max) {
            return Err(Error::invalid("archive.keep.age must be at least archive.segment_max"));
        }
        Ok(())
    }
}
