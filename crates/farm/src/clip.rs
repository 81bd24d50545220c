//! A scene encoded once and kept in a cache file, to be replayed with new times.

use std::path::Path;

use bytes::Bytes;
use flumen_base::{Error, Result};

use crate::SceneSpec;

/// One access unit of a clip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClipUnit {
    /// Annex-B with the parameter sets before each key frame (a whole JPEG for MJPEG).
    pub data: Bytes,
    /// Media time, the first picture at 0.
    pub pts_us: i64,
    /// Decoding time; below 0 at the start when there are B frames.
    pub dts_us: i64,
    /// Decoding can begin here.
    pub key: bool,
}

/// A whole scene in encoded form.
#[derive(Clone, Debug)]
pub struct Clip {
    /// What it shows.
    pub spec: SceneSpec,
    /// Access units in decoding order.
    pub units: Vec<ClipUnit>,
}

impl Clip {
    /// The clip of `spec` from `cache_dir`, rendered and encoded there first when it is not.
    ///
    /// `progress` hears (frames done, frames in all) while it is made.
    ///
    /// # Errors
    /// `Invalid` for a spec outside its limits, `Unsupported` when the encoder is not
    /// installed, I/O errors of the cache.
    pub fn load_or_make(
        spec: &SceneSpec,
        cache_dir: &Path,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Clip> {
        spec.check()?;
        progress(0, spec.frames);
        Err(Error::unsupported(format!("no encoder yet for {spec} ({})", cache_dir.display())))
    }
}
