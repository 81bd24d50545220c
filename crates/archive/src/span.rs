//! Which files a span is made of, and whether they fit together.

use std::sync::Arc;

use flumen_base::wire::{Segment, Stream};
use flumen_base::{CameraId, Error, Result};
use flumen_media::fmp4::{self, TrackConfig};

use crate::reader::{Reader, window};
use crate::source::Source;
use crate::store::Store;
use crate::video::Video;
use crate::{day, rows};

impl Reader {
    /// One fragmented MP4 without transcoding, from the key frame at or before `from_us`.
    ///
    /// # Errors
    /// `Invalid` when the span is empty, `NotFound` when nothing of it is recorded,
    /// `Unsupported` when codec, size or parameter sets change in it (the message says when),
    /// `DataLoss` when the first file is damaged.
    pub fn video(&self, camera: &CameraId, from_us: i64, to_us: i64) -> Result<Video> {
        let span = window(from_us, to_us)?;
        let files = self.files(camera, from_us, to_us)?;
        if files.is_empty() {
            return Err(Error::not_found(format!(
                "nothing of {camera} is recorded from {} to {}",
                day::text(from_us),
                day::text(to_us)
            )));
        }
        let tracks = tracks(self.store(), &files)?;
        Video::new(self.store().clone(), files, tracks, span)
    }

    /// The files of a span: of the main stream where it is recorded, else of the sub stream.
    pub(crate) fn files(
        &self,
        camera: &CameraId,
        from_us: i64,
        to_us: i64,
    ) -> Result<Vec<Segment>> {
        let rows = self.query(|conn| rows::overlapping(conn, camera.as_str(), from_us, to_us))?;
        let main = rows.iter().any(|r| r.segment.stream() == Stream::Main);
        let wanted = if main { Stream::Main } else { Stream::Sub };
        let mut files: Vec<Segment> = Vec::new();
        for row in rows.into_iter().filter(|r| r.segment.stream() == wanted) {
            // A late epoch may lie beside what is there: time goes forward only.
            if files.last().is_none_or(|last| row.segment.end_us > last.end_us) {
                files.push(row.segment);
            }
        }
        Ok(files)
    }
}

/// The tracks of all files: their common video, and the first sound.
fn tracks(store: &Arc<dyn Store>, files: &[Segment]) -> Result<Vec<TrackConfig>> {
    let mut tracks: Vec<TrackConfig> = Vec::new();
    for file in files {
        let opened = fmp4::Reader::open(Source::new(store.clone(), &file.path))
            .map_err(|e| damaged(file, &e))?;
        for track in opened.tracks() {
            let sound = is_sound(track);
            match tracks.iter().find(|t| is_sound(t) == sound) {
                None => tracks.push(track.clone()),
                Some(first) if !sound && first != track => {
                    return Err(Error::unsupported(format!(
                        "{}: the picture's codec, size or parameters change at {}; ask for the time before and after it separately",
                        file.camera,
                        day::text(file.start_us)
                    )));
                }
                Some(_) => {}
            }
        }
    }
    tracks.sort_by_key(is_sound);
    Ok(tracks)
}

pub(crate) fn is_sound(track: &TrackConfig) -> bool {
    track.info.sample_rate_hz > 0
}

pub(crate) fn damaged(file: &Segment, e: &Error) -> Error {
    Error::new(e.kind(), format!("{}: {e}; `flumen check` says more", file.path))
}
