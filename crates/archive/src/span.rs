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
        let files = self.some_files(camera, from_us, to_us)?;
        let (tracks, fit) = tracks(self.store(), &files)?;
        if let Some(other) = files.get(fit) {
            return Err(Error::unsupported(format!(
                "{}: the picture's codec, size or parameters change at {}; ask for the time before and after it separately",
                other.camera,
                day::text(other.start_us)
            )));
        }
        Video::new(self.store().clone(), files, tracks, window(from_us, to_us)?)
    }

    /// The begin of a span as [`Reader::video`], up to where codec, size or parameter sets
    /// change; and where it ends: there, or at `to_us`.
    ///
    /// # Errors
    /// As for [`Reader::video`], without `Unsupported`.
    pub fn video_part(&self, camera: &CameraId, from_us: i64, to_us: i64) -> Result<(Video, i64)> {
        let mut files = self.some_files(camera, from_us, to_us)?;
        let (tracks, fit) = tracks(self.store(), &files)?;
        let end_us = files.get(fit).map_or(to_us, |other| other.start_us.min(to_us));
        files.truncate(fit);
        let span = window(from_us, end_us.max(from_us.saturating_add(1)))?;
        Ok((Video::new(self.store().clone(), files, tracks, span)?, end_us))
    }

    /// The files of a span that has some.
    fn some_files(&self, camera: &CameraId, from_us: i64, to_us: i64) -> Result<Vec<Segment>> {
        window(from_us, to_us)?;
        let files = self.files(camera, from_us, to_us)?;
        if files.is_empty() {
            return Err(Error::not_found(format!(
                "nothing of {camera} is recorded from {} to {}",
                day::text(from_us),
                day::text(to_us)
            )));
        }
        Ok(files)
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

/// The tracks of the first files, and how many have the same: their common video, and the
/// first sound.
fn tracks(store: &Arc<dyn Store>, files: &[Segment]) -> Result<(Vec<TrackConfig>, usize)> {
    let mut tracks: Vec<TrackConfig> = Vec::new();
    let mut fit = 0;
    'files: for file in files {
        let opened = fmp4::Reader::open(Source::new(store.clone(), &file.path))
            .map_err(|e| damaged(file, &e))?;
        for track in opened.tracks() {
            let sound = is_sound(track);
            match tracks.iter().find(|t| is_sound(t) == sound) {
                None => tracks.push(track.clone()),
                Some(first) if !sound && first != track => break 'files,
                Some(_) => {}
            }
        }
        fit += 1;
    }
    tracks.sort_by_key(is_sound);
    Ok((tracks, fit))
}

pub(crate) fn is_sound(track: &TrackConfig) -> bool {
    track.info.sample_rate_hz > 0
}

pub(crate) fn damaged(file: &Segment, e: &Error) -> Error {
    Error::new(e.kind(), format!("{}: {e}; `flumen check` says more", file.path))
}
