//! A scene as a folder: `video.mp4` and its truth, in the form of labelled footage.
//!
//! Layout: `groundtruth/gt%06d.png` (from 1, values of `truth`), `tracks.txt` (MOTChallenge
//! columns: frame from 1, object, left, top, width, height, 1 or 0 when hardly visible, -1, -1,
//! -1), `events.json`:
//! `frames`, `fps`, `intervals` (frames from 0, both ends within, in which an object is in
//! sight), `ignore` (frames that are not scored: something is there, hardly visible),
//! `objects` (their number), `classes` (person, bicycle, vehicle, by object), `stopped` (frames
//! in which an object stands still, by object), `events` (kind `object`, object, class, first
//! and last frame in sight; and those of `happening`) and `made` (the address that makes it again).
//! Invariants: the files are complete once `events.json` is there; it is written last.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

use flumen_base::{Context, Error, Result};
use flumen_media::{TrackInfo, fmp4};
use serde::Serialize;

use crate::clip::{ClipUnit, numbered, open_encoder};
use crate::ground::Zone;
use crate::happening::{self, Happening};
use crate::trespass::trespass;
use crate::truth::{FrameTruth, TruthBox};
use crate::{Renderer, SceneSpec};

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Made {
    /// Frames of the video.
    pub frames: u32,
    /// Objects that come into sight.
    pub objects: usize,
    /// Bytes of the video.
    pub video_bytes: u64,
}

#[derive(Serialize)]
struct Truth {
    clip: &'static str,
    frames: u32,
    fps: u32,
    label: &'static str,
    intervals: Vec<[u32; 2]>,
    ignore: Vec<[u32; 2]>,
    objects: usize,
    classes: BTreeMap<u16, &'static str>,
    stopped: BTreeMap<u16, Vec<[u32; 2]>>,
    events: Vec<Happening>,
    /// What happens on an edge: it may be told and need not be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    maybe: Vec<Happening>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    zones: Vec<Zone>,
    /// Spans of weather, light and lens: nothing that should be reported.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conditions: Vec<Happening>,
    made: String,
}

/// Renders a scene into `out_dir` with its truth; `progress` hears (frames done, in all).
///
/// # Errors
/// As `Clip::load_or_make`; I/O errors of `out_dir`.
pub fn make(spec: &SceneSpec, out_dir: &Path, progress: &mut dyn FnMut(u32, u32)) -> Result<Made> {
    spec.check()?;
    let masks = out_dir.join("groundtruth");
    std::fs::create_dir_all(&masks).context(format!("make {}", masks.display()))?;
    let mut encoder = open_encoder(spec)?;
    let mut renderer = Renderer::new(spec)?;
    let video_path = out_dir.join("video.mp4");
    let mut video = Video::create(spec, &video_path)?;
    let mut tracks = String::new();
    let mut frames = Vec::with_capacity(spec.frames as usize);
    for number in 0..spec.frames {
        let picture = renderer.draw(number);
        for encoded in encoder.push(&picture.frame()?, number == 0)? {
            video.add(numbered(spec, encoded))?;
        }
        let truth = picture.truth();
        let mask = picture.mask(&truth);
        write_grey(
            &masks.join(format!("gt{:06}.png", number + 1)),
            spec.width,
            spec.height,
            &mask,
        )?;
        rows(&mut tracks, number + 1, &truth);
        frames.push(truth);
        progress(number + 1, spec.frames);
    }
    for encoded in encoder.finish()? {
        video.add(numbered(spec, encoded))?;
    }
    let video_bytes = video.finish()?;
    let tracks_path = out_dir.join("tracks.txt");
    std::fs::write(&tracks_path, tracks).context(format!("write {}", tracks_path.display()))?;
    let truth = tell(spec, &renderer, &frames);
    let path = out_dir.join("events.json");
    let text = serde_json::to_string(&truth)
        .map_err(|e| Error::internal("truth to JSON").with_source(e))?;
    std::fs::write(&path, text).context(format!("write {}", path.display()))?;
    Ok(Made { frames: spec.frames, objects: truth.objects, video_bytes })
}

/// Adds a frame's boxes as MOTChallenge has them: 1 in the seventh column counts, 0 does not.
fn rows(tracks: &mut String, frame: u32, truth: &FrameTruth) {
    let sure = truth.boxes.iter().map(|b| (b, 1));
    for (b, counts) in sure.chain(truth.faint.iter().map(|b| (b, 0))) {
        let (id, TruthBox { left, top, width, height, .. }) = (b.object, *b);
        // Writing to a string cannot fail.
        let _ = writeln!(tracks, "{frame},{id},{left},{top},{width},{height},{counts},-1,-1,-1");
    }
}

fn tell(spec: &SceneSpec, renderer: &Renderer, frames: &[FrameTruth]) -> Truth {
    let (mut classes, mut stopped) = (BTreeMap::new(), BTreeMap::new());
    let (mut events, mut maybe) = (Vec::new(), Vec::new());
    for (role, object) in renderer.roles().iter().zip(1u16..) {
        let seen = |frame: &FrameTruth| frame.boxes.iter().any(|b| b.object == object);
        let (Some(first), Some(last)) =
            (frames.iter().position(seen), frames.iter().rposition(seen))
        else {
            continue;
        };
        let class = role.who.class();
        classes.insert(object, class);
        let still = |number: u32| role.stands(number as f32 / spec.frame_rate_hz as f32);
        let spans = spans((first as u32..=last as u32).filter(|n| still(*n)));
        if !spans.is_empty() {
            stopped.insert(object, spans);
        }
        events.push(Happening {
            object: Some(object),
            class: Some(class),
            ..Happening::new("object", first as u32, last as u32)
        });
    }
    if spec.options.acts() {
        events.extend(happening::deeds(spec, renderer.deeds()));
        for actor in renderer.roles().iter().zip(1u16..) {
            let told = trespass(spec, renderer.camera(), renderer.zones(), actor);
            events.extend(told.sure);
            maybe.extend(told.maybe);
        }
    }
    let (mut events, faint) = happening::seen(events, frames);
    maybe.extend(faint);
    events.extend(happening::tampering(renderer.spells()));
    let numbered = || (0u32..).zip(frames);
    Truth {
        clip: "video.mp4",
        frames: spec.frames,
        fps: spec.frame_rate_hz,
        label: "an object is visible",
        intervals: spans(numbered().filter(|(_, f)| !f.boxes.is_empty()).map(|(n, _)| n)),
        ignore: spans(numbered().filter(|(_, f)| f.boxes.is_empty() && f.doubtful).map(|(n, _)| n)),
        objects: classes.len(),
        classes,
        stopped,
        events,
        maybe,
        zones: if spec.options.acts() { renderer.zones().to_vec() } else { Vec::new() },
        conditions: happening::conditions(spec),
        made: format!("flumen farm make \"{spec}\""),
    }
}

/// Growing numbers as spans of neighbours, both ends within.
fn spans(numbers: impl Iterator<Item = u32>) -> Vec<[u32; 2]> {
    let mut spans: Vec<[u32; 2]> = Vec::new();
    for n in numbers {
        match spans.last_mut() {
            Some([_, last]) if *last + 1 == n => *last = n,
            _ => spans.push([n, n]),
        }
    }
    spans
}

/// Writes an 8-bit grey picture.
///
/// # Errors
/// I/O errors of `path`.
pub fn write_grey(path: &Path, width: u32, height: u32, samples: &[u8]) -> Result<()> {
    let what = || format!("write {}", path.display());
    let file = File::create(path).context(what())?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let bad = |e: png::EncodingError| match e {
        png::EncodingError::IoError(e) => Error::io(what(), e),
        other => Error::internal(what()).with_source(other),
    };
    let mut writer = encoder.write_header().map_err(bad)?;
    writer.write_image_data(samples).map_err(bad)?;
    writer.finish().map_err(bad)
}

/// Access units on their way into an MP4, a group of pictures at a time.
struct Video<'a> {
    spec: &'a SceneSpec,
    path: &'a Path,
    file: BufWriter<File>,
    tracks: Vec<fmp4::TrackConfig>,
    group: Vec<fmp4::Sample>,
    shift_us: i64,
    sequence: u32,
    bytes: u64,
}

impl<'a> Video<'a> {
    fn create(spec: &'a SceneSpec, path: &'a Path) -> Result<Video<'a>> {
        let file =
            BufWriter::new(File::create(path).context(format!("create {}", path.display()))?);
        Ok(Video {
            spec,
            path,
            file,
            tracks: Vec::new(),
            group: Vec::new(),
            shift_us: 0,
            sequence: 0,
            bytes: 0,
        })
    }

    fn add(&mut self, unit: ClipUnit) -> Result<()> {
        if self.tracks.is_empty() {
            let spec = self.spec;
            let info = TrackInfo {
                codec: spec.codec,
                width: spec.width,
                height: spec.height,
                frame_rate_millihz: spec.frame_rate_hz * 1000,
                ..TrackInfo::default()
            };
            self.tracks.push(fmp4::TrackConfig::video(&Arc::new(info), &unit.data)?);
            self.shift_us = (-unit.dts_us).max(0);
            let head = fmp4::init(&self.tracks)?;
            self.write(&head)?;
        }
        if unit.key {
            self.flush()?;
        }
        self.group.push(fmp4::Sample {
            track: 0,
            pts_us: unit.pts_us + self.shift_us,
            dts_us: unit.dts_us + self.shift_us,
            duration_us: self.spec.pts_us(1) as u32,
            key: unit.key,
            data: unit.data,
        });
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if !self.group.is_empty() {
            self.sequence += 1;
            let bytes = fmp4::fragment(self.sequence, &self.tracks, &self.group)?;
            self.group.clear();
            self.write(&bytes)?;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).context(format!("write {}", self.path.display()))
    }

    fn finish(mut self) -> Result<u64> {
        self.flush()?;
        self.file.flush().context(format!("write {}", self.path.display()))?;
        Ok(self.bytes)
    }
}

#[cfg(test)]
mod tests;
