//! A span of a camera as one fragmented MP4, without transcoding.
//!
//! Invariants: begins with the key frame at or before the span's begin (or the first that is
//! there); decode times go on without a hole across files, so a gap in the recording takes no
//! time in the film; memory is one fragment; the files' codec, size and parameter sets are the
//! same, or the call is refused before the first byte, with the time at which to cut.
//! Not here: what to show for a gap (`timeline`).

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use flumen_base::wire::Segment;
use flumen_base::{Error, Result};
use flumen_media::Unit;
use flumen_media::fmp4::{self, Sample, TrackConfig};

use crate::reader::Span;
use crate::source::Source;
use crate::span::{damaged, is_sound};
use crate::store::Store;

/// A fragment ends before a key frame, or above this.
const FRAGMENT_BYTES: usize = 4 << 20;

struct File {
    segment: Segment,
    reader: fmp4::Reader<Source>,
    sound: bool,
    /// Added to the file's own times.
    shift_us: i64,
    /// Where the film ends when the file does.
    end_us: i64,
}

/// Pieces of one fragmented MP4: the init segment, then fragments.
pub struct Video {
    store: Arc<dyn Store>,
    files: VecDeque<Segment>,
    tracks: Vec<TrackConfig>,
    from_us: i64,
    to_us: i64,
    start_us: i64,
    file: Option<File>,
    cursor_us: i64,
    sound_us: i64,
    sequence: u32,
    held: Option<Unit>,
    /// What stands between the key frame at which the film begins and the span's begin.
    lead: Vec<Unit>,
    state: State,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Init,
    Film,
    Done,
}

impl Video {
    /// A film of these files; reads up to the begin of the span.
    pub(crate) fn new(
        store: Arc<dyn Store>,
        files: Vec<Segment>,
        tracks: Vec<TrackConfig>,
        span: Span,
    ) -> Result<Video> {
        let mut video = Video {
            store,
            files: files.into(),
            tracks,
            from_us: span.start_us,
            to_us: span.end_us,
            start_us: span.start_us,
            file: None,
            cursor_us: 0,
            sound_us: -1,
            sequence: 0,
            held: None,
            lead: Vec::new(),
            state: State::Init,
        };
        video.lead = video.seek()?;
        Ok(video)
    }

    /// The `video/mp4; codecs="..."` type of the pieces.
    pub fn mime(&self) -> String {
        fmp4::mime(&self.tracks)
    }

    /// UTC of the film's time 0: up to a group of pictures before the span's begin.
    pub fn start_us(&self) -> i64 {
        self.start_us
    }

    /// The next file; false when there is none.
    fn open_next(&mut self) -> Result<bool> {
        let Some(segment) = self.files.pop_front() else { return Ok(false) };
        let reader = fmp4::Reader::open(Source::new(self.store.clone(), &segment.path))
            .map_err(|e| damaged(&segment, &e))?;
        let sound = reader.tracks().iter().find(|t| is_sound(t));
        let sound = sound.is_some() && self.tracks.iter().find(|t| is_sound(t)) == sound;
        self.file =
            Some(File { segment, reader, sound, shift_us: self.cursor_us, end_us: self.cursor_us });
        Ok(true)
    }

    /// The next unit, file after file, in its file's own time.
    fn unit(&mut self) -> Result<Option<Unit>> {
        if let Some(unit) = self.held.take() {
            return Ok(Some(unit));
        }
        loop {
            if self.file.is_none() && !self.open_next()? {
                return Ok(None);
            }
            let Some(file) = self.file.as_mut() else { return Ok(None) };
            match file.reader.next_unit().map_err(|e| damaged(&file.segment, &e))? {
                Some(unit) if unit.audio && !file.sound => {}
                Some(unit) => return Ok(Some(unit)),
                None => {
                    if let Some(missing) = file.reader.missing() {
                        return Err(damaged(
                            &file.segment,
                            &Error::data_loss(format!("cut off: {}", missing.what)),
                        ));
                    }
                    self.cursor_us = file.end_us;
                    self.file = None;
                }
            }
        }
    }

    /// UTC of a unit of the open file.
    fn utc(&self, unit_us: i64, zero_pts_us: i64) -> i64 {
        self.file.as_ref().map_or(0, |f| f.segment.start_us + unit_us - zero_pts_us)
    }

    fn place(&mut self, unit: Unit) -> Option<Sample> {
        let file = self.file.as_mut()?;
        let dts_us = unit.dts_us + file.shift_us;
        if dts_us < 0 || (unit.audio && dts_us <= self.sound_us) {
            return None;
        }
        if unit.audio {
            self.sound_us = dts_us;
        } else {
            file.end_us = file.end_us.max(dts_us + i64::from(unit.duration_us));
        }
        let track = u32::from(unit.audio);
        let pts_us = unit.pts_us + file.shift_us;
        Some(Sample {
            track,
            pts_us,
            dts_us,
            duration_us: unit.duration_us,
            key: unit.key,
            data: unit.data,
        })
    }

    /// Goes to the last key frame at or before the begin of the span.
    fn seek(&mut self) -> Result<Vec<Unit>> {
        let mut group: Vec<Unit> = Vec::new();
        let (mut zero, mut begin_us) = (None, None);
        let mut left = self.files.len();
        while let Some(unit) = self.unit()? {
            if left != self.files.len() {
                (left, zero, begin_us) = (self.files.len(), None, None);
                group.clear(); // the span begins in the next file
            }
            if !unit.audio {
                let zero = *zero.get_or_insert(unit.pts_us);
                let at_us = self.utc(unit.pts_us, zero);
                if unit.key && !group.is_empty() && at_us <= self.from_us {
                    group.clear();
                    begin_us = None;
                }
                begin_us.get_or_insert(at_us - (unit.pts_us - unit.dts_us));
                if at_us > self.from_us {
                    self.held = Some(unit);
                    break;
                }
            }
            group.push(unit);
        }
        if let (Some(first), Some(file)) =
            (group.iter().chain(&self.held).find(|u| !u.audio), self.file.as_mut())
        {
            file.shift_us = -first.dts_us;
        }
        self.start_us = begin_us.unwrap_or(self.start_us);
        Ok(group)
    }

    fn fragment(&mut self) -> Result<Option<Bytes>> {
        let mut samples = Vec::new();
        let mut bytes = 0;
        for unit in std::mem::take(&mut self.lead) {
            bytes += unit.data.len();
            samples.extend(self.place(unit));
        }
        while let Some(unit) = self.unit()? {
            let full = unit.key && !unit.audio || bytes > FRAGMENT_BYTES;
            if full && !samples.is_empty() {
                self.held = Some(unit);
                break;
            }
            if !unit.audio && self.is_behind(&unit) {
                self.state = State::Done;
                break;
            }
            bytes += unit.data.len();
            samples.extend(self.place(unit));
        }
        if samples.is_empty() {
            return Ok(None);
        }
        self.sequence += 1;
        fmp4::fragment(self.sequence, &self.tracks, &samples).map(Some)
    }

    /// True for a picture that is decoded after the span's end.
    fn is_behind(&self, unit: &Unit) -> bool {
        self.file.as_ref().is_some_and(|f| f.segment.start_us + unit.dts_us >= self.to_us)
    }
}

impl Iterator for Video {
    type Item = Result<Bytes>;

    fn next(&mut self) -> Option<Result<Bytes>> {
        let made = match self.state {
            State::Init => fmp4::init(&self.tracks).map(Some),
            State::Film => self.fragment(),
            State::Done => return None,
        };
        match (&made, self.state) {
            (Ok(Some(_)), State::Init) => self.state = State::Film,
            (Ok(Some(_)), _) => {}
            _ => self.state = State::Done,
        }
        made.transpose()
    }
}
