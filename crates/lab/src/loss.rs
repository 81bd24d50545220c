//! The loss checker: are all frames that the farm sent in what came out?
//!
//! A synthetic camera's clip repeats, so numbers count modulo its frames; between two frames
//! that follow each other in a file, exactly the numbers between theirs are missing. A hole of
//! whole rounds of the clip cannot be seen in numbers alone; times tell (`Span` of the ledger).
//! Invariants: files are given in the order of their times; each picture counts once.
//! Not here: which packets were acknowledged (the load client knows).

use std::path::{Path, PathBuf};

use flumen_base::{Error, Kind, Result};
use flumen_media::{Decoded, Decoder, Demuxed, Demuxer, Interrupt, Limits, Open};
use serde::Serialize;

/// Holes that a report names one by one; more are counted.
const NAMED: usize = 100;

/// A place where numbers do not follow each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Break {
    /// The file in which it was seen.
    pub file: PathBuf,
    /// The frame in that file, from 0.
    pub frame: u64,
    /// The number that should have come.
    pub expected: u32,
    /// The number that came.
    pub came: u32,
}

/// What the checker found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LossReport {
    /// Frames looked at.
    pub frames: u64,
    /// Frames whose number could not be read.
    pub unreadable: u64,
    /// Numbers that did not come.
    pub missing: u64,
    /// Frames whose number had come just before.
    pub repeated: u64,
    /// Where it happened, at most 100 of them.
    pub breaks: Vec<Break>,
    /// The first number.
    pub first: Option<u32>,
    /// The last number.
    pub last: Option<u32>,
}

impl LossReport {
    /// True when nothing is missing, repeated or unreadable.
    pub fn clean(&self) -> bool {
        self.missing == 0 && self.repeated == 0 && self.unreadable == 0 && self.frames > 0
    }
}

/// How numbers are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// From the decoded picture: proves that the picture is whole.
    Picture,
    /// From the SEI message of each access unit: quick, says nothing of the picture.
    Message,
}

/// Compares the frames of `files` with a clip of `clip_frames` frames.
///
/// # Errors
/// `Invalid` for a clip of no frames, errors of opening and reading a file, `Cancelled` by `stop`.
pub fn check(
    files: &[PathBuf],
    clip_frames: u32,
    read: Read,
    stop: &Interrupt,
) -> Result<LossReport> {
    if clip_frames == 0 {
        return Err(Error::invalid("loss check: the clip must have frames"));
    }
    let mut follow = Follow { clip_frames, report: LossReport::default() };
    for file in files {
        let mut frame = 0;
        numbers(file, read, stop, &mut |number| {
            follow.next(file, frame, number);
            frame += 1;
        })?;
    }
    Ok(follow.report)
}

struct Follow {
    clip_frames: u32,
    report: LossReport,
}

impl Follow {
    fn next(&mut self, file: &Path, frame: u64, number: Option<u32>) {
        let (report, all) = (&mut self.report, self.clip_frames);
        report.frames += 1;
        let Some(came) = number.filter(|n| *n < all) else {
            report.unreadable += 1;
            // It stands for the number that should have come.
            report.last = report.last.map(|last| (last + 1) % all);
            return;
        };
        report.first.get_or_insert(came);
        let expected = report.last.map_or(came, |last| (last + 1) % all);
        report.last = Some(came);
        if came == expected {
            return;
        }
        let ahead = (came + all - expected) % all;
        // A short way back is a repeat, all else a hole.
        if ahead > all - all.div_ceil(4) {
            report.repeated += 1;
        } else {
            report.missing += u64::from(ahead);
        }
        if report.breaks.len() < NAMED {
            report.breaks.push(Break { file: file.to_path_buf(), frame, expected, came });
        }
    }
}

/// Hands the number of each frame of a file to `take`, in the order of showing.
///
/// # Errors
/// Errors of opening and reading, `Cancelled` by `stop`.
pub fn numbers(
    file: &Path,
    read: Read,
    stop: &Interrupt,
    take: &mut dyn FnMut(Option<u32>),
) -> Result<()> {
    let mut demuxer = Demuxer::open_file(file, &Open::default(), stop)?;
    let mut decoder = None;
    // Messages come in decoding order: sorted by time within a group of pictures.
    let mut group: Vec<(i64, Option<u32>)> = Vec::new();
    while let Demuxed::Unit(unit) = demuxer.read()? {
        if unit.audio {
            continue;
        }
        if read == Read::Message {
            if unit.key {
                flush(&mut group, take);
            }
            group.push((unit.pts_us, flumen_farm::sei_number(unit.info.codec, &unit.data)));
            continue;
        }
        let decoder = match &mut decoder {
            Some(decoder) => decoder,
            None => decoder.insert(Decoder::open(unit.info.codec, &Limits::default())?),
        };
        match decoder.push(&unit.data, unit.pts_us, 0) {
            // A picture that cannot be decoded is missing in the numbers.
            Err(e) if e.kind() != Kind::DataLoss && e.kind() != Kind::Invalid => return Err(e),
            _ => pictures(decoder, take)?,
        }
    }
    flush(&mut group, take);
    if let Some(mut decoder) = decoder {
        decoder.finish()?;
        pictures(&mut decoder, take)?;
    }
    Ok(())
}

fn flush(group: &mut Vec<(i64, Option<u32>)>, take: &mut dyn FnMut(Option<u32>)) {
    group.sort_by_key(|(pts_us, _)| *pts_us);
    group.drain(..).for_each(|(_, number)| take(number));
}

fn pictures(decoder: &mut Decoder, take: &mut dyn FnMut(Option<u32>)) -> Result<()> {
    while let Decoded::Frame(decoded) = decoder.next()? {
        take(flumen_farm::read_code(&decoded.frame.luma));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(numbers: &[Option<u32>]) -> LossReport {
        let mut follow = Follow { clip_frames: 100, report: LossReport::default() };
        for (frame, number) in numbers.iter().enumerate() {
            follow.next(Path::new("a.mp4"), frame as u64, *number);
        }
        follow.report
    }

    #[test]
    fn holes_repeats_and_the_seam_of_the_loop() {
        assert!(follow(&[Some(97), Some(98), Some(99), Some(0), Some(1)]).clean());
        let hole = follow(&[Some(97), Some(98), Some(1), Some(2)]);
        assert_eq!(
            (hole.missing, hole.repeated, hole.breaks[0].expected, hole.breaks[0].frame),
            (2, 0, 99, 2)
        );
        let twice = follow(&[Some(4), Some(5), Some(5), Some(6)]);
        assert_eq!((twice.missing, twice.repeated), (0, 1));
        let blind = follow(&[Some(4), None, Some(6)]);
        assert_eq!((blind.missing, blind.unreadable), (0, 1));
        assert!(!follow(&[]).clean());
    }

    #[test]
    fn a_made_scene_is_whole_by_picture_and_by_message() {
        let dir = tempfile::tempdir().unwrap();
        let spec = "synthetic:street?seed=3&size=160x96&fps=5&frames=24&gop=8&b=2".parse().unwrap();
        flumen_farm::make(&spec, dir.path(), &mut |_, _| ()).unwrap();
        let file = dir.path().join("video.mp4");
        for read in [Read::Picture, Read::Message] {
            let report = check(&[file.clone(), file.clone()], 24, read, &Interrupt::new()).unwrap();
            assert!(report.clean() && report.frames == 48, "{read:?} {report:?}");
        }
    }
}
