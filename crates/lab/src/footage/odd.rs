//! Damaged and unusual streams: as many pictures as FFmpeg makes of them.
//!
//! Spec: `odd/oracle.tsv`, tab-separated with a head: file, exit, frames, error_lines, sizes, decoded_md5.

use std::path::Path;

use flumen_analyzer::Settings;
use flumen_base::{CameraId, Context, Kind, Result};
use flumen_media::Interrupt;
use serde::Serialize;

use crate::pass::{PassOptions, pass};

/// One odd stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OddScore {
    /// The file, from the folder's root.
    pub file: String,
    /// Pictures that FFmpeg decodes.
    pub expected: u64,
    /// Pictures that the analyzer decoded.
    pub decoded: u64,
    /// True when both are the same.
    pub agrees: bool,
    /// The error, or what was rejected.
    pub detail: String,
}

/// Decodes and analyses each stream of `dir/odd/oracle.tsv`; none without that file.
pub(super) fn score(dir: &Path, settings: &Settings, stop: &Interrupt) -> Result<Vec<OddScore>> {
    let path = dir.join("odd/oracle.tsv");
    let text = match std::fs::read_to_string(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.context(format!("read {}", path.display()))?,
    };
    let mut scores = Vec::new();
    for line in text.lines().skip(1) {
        let mut fields = line.split('\t');
        let (Some(file), Some(frames)) =
            (fields.next(), fields.nth(1).and_then(|f| f.trim().parse().ok()))
        else {
            continue;
        };
        // The bytes of an RTSP session need a server to say them.
        if !file.ends_with(".rtsp") {
            scores.push(one(dir, file, frames, settings, stop)?);
        }
    }
    Ok(scores)
}

fn one(
    dir: &Path,
    file: &str,
    expected: u64,
    settings: &Settings,
    stop: &Interrupt,
) -> Result<OddScore> {
    let run =
        PassOptions { camera: CameraId::new("odd")?, settings: settings.clone(), masks: false };
    let (decoded, detail) = match pass(&dir.join(file), &run, stop, &mut |_, _| Ok(())) {
        Ok(passed) => {
            let rejects =
                (passed.rejects > 0).then(|| format!("{} units rejected", passed.rejects));
            (passed.decoded, passed.broken.or(rejects).unwrap_or_default())
        }
        Err(e) if e.kind() == Kind::Cancelled => return Err(e),
        Err(e) => (0, e.to_string()),
    };
    Ok(OddScore { file: file.into(), expected, decoded, agrees: decoded == expected, detail })
}
