//! `flumen analyze`: a file's results as files that people and programs read.
//!
//! Layout of the folder: `summary.json`; `frames.jsonl`, one decoded frame a line;
//! `events.jsonl`, one event record a line; `windows.jsonl`, one second a line, values by name; `tracks.txt` in MOTChallenge columns (frame from 1,
//! id, left, top, width, height, score, -1, -1, -1, in source pixels); `masks/NNNNNN.png`
//! (8-bit, source size, 255 = moving, one a decoded frame, from 000001) when asked for;
//! `pictures/EVENT-REVISION.jpg`.
//! Invariants: `summary.json` is written last: where it is, the rest is whole.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use flumen_analyzer::{Settings, window_dimensions};
use flumen_base::wire::{Event, FrameResult, Gap, Window};
use flumen_base::{CameraId, Context, Error, Result};
use flumen_media::Interrupt;
use serde::Serialize;
use serde_json::{Value, json};

use crate::pass::{Item, PassOptions, pass};

/// How a file is analysed and what is written.
#[derive(Clone, Debug)]
pub struct AnalyzeOptions {
    /// Write a PNG a frame.
    pub masks: bool,
    /// The camera's name in the records.
    pub camera: CameraId,
    /// Settings of the analyzer.
    pub settings: Settings,
}

impl AnalyzeOptions {
    /// The settings that every camera begins with, no masks, for the camera `file`.
    ///
    /// # Errors
    /// None; the name is well formed.
    pub fn new() -> Result<AnalyzeOptions> {
        Ok(AnalyzeOptions {
            masks: false,
            camera: CameraId::new("file")?,
            settings: Settings::default(),
        })
    }
}

/// What a file came to: `summary.json`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// The file.
    pub file: String,
    /// Its codec.
    pub codec: String,
    /// Width of its pictures.
    pub width: u32,
    /// Height of its pictures.
    pub height: u32,
    /// Video access units read.
    pub frames: u64,
    /// Pictures decoded and analysed.
    pub decoded: u64,
    /// Pictures with at least one box.
    pub frames_with_boxes: u64,
    /// Tracks seen.
    pub tracks: usize,
    /// Events begun, by kind.
    pub events: std::collections::BTreeMap<String, u64>,
    /// Access units that could not be used.
    pub rejects: u64,
    /// Spans without analysis.
    pub gaps: Vec<Value>,
    /// Processor seconds of demuxing, decoding, analysis and writing these files.
    pub cpu_s: f64,
    /// Seconds by the clock.
    pub wall_s: f64,
    /// Why reading ended before the file's end, if it did.
    pub broken: Option<String>,
}

/// Analyses `file` into `out_dir`; `progress` hears the access units read so far.
///
/// # Errors
/// As `pass`; I/O errors of `out_dir`.
pub fn analyze(
    file: &Path,
    out_dir: &Path,
    options: &AnalyzeOptions,
    stop: &Interrupt,
    progress: &mut dyn FnMut(u64),
) -> Result<Summary> {
    let mut writer = Writer::create(out_dir, options.masks)?;
    let run = PassOptions {
        camera: options.camera.clone(),
        settings: options.settings.clone(),
        masks: options.masks,
    };
    let passed = pass(file, &run, stop, &mut |item, units| {
        progress(units);
        writer.take(item)
    })?;
    let mut summary = writer.finish()?;
    summary.file = file.display().to_string();
    summary.codec = passed.info.codec.as_str_name().trim_start_matches("CODEC_").to_lowercase();
    (summary.width, summary.height) = (passed.info.width, passed.info.height);
    (summary.frames, summary.decoded, summary.rejects) =
        (passed.units, passed.decoded, passed.rejects);
    (summary.cpu_s, summary.wall_s, summary.broken) = (passed.cpu_s, passed.wall_s, passed.broken);
    let path = out_dir.join("summary.json");
    let text = serde_json::to_string_pretty(&summary)
        .map_err(|e| Error::internal("summary to JSON").with_source(e))?;
    std::fs::write(&path, text + "\n").context(format!("write {}", path.display()))?;
    Ok(summary)
}

struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Lines {
    fn create(path: PathBuf) -> Result<Lines> {
        let file = File::create(&path).context(format!("create {}", path.display()))?;
        Ok(Lines { path, file: BufWriter::new(file) })
    }

    fn line(&mut self, text: &dyn std::fmt::Display) -> Result<()> {
        writeln!(self.file, "{text}").context(format!("write {}", self.path.display()))
    }

    fn finish(mut self) -> Result<()> {
        self.file.flush().context(format!("write {}", self.path.display()))
    }
}

struct Writer {
    dir: PathBuf,
    frames: Lines,
    events: Lines,
    windows: Lines,
    names: Vec<String>,
    tracks: Lines,
    seen: std::collections::HashSet<u64>,
    summary: Summary,
}

impl Writer {
    fn create(dir: &Path, masks: bool) -> Result<Writer> {
        for folder in
            [Some(dir.to_path_buf()), masks.then(|| dir.join("masks")), Some(dir.join("pictures"))]
                .into_iter()
                .flatten()
        {
            std::fs::create_dir_all(&folder).context(format!("make {}", folder.display()))?;
        }
        // An old summary would vouch for new halves.
        match std::fs::remove_file(dir.join("summary.json")) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(Error::io("remove the old summary.json", e));
            }
            _ => (),
        }
        Ok(Writer {
            frames: Lines::create(dir.join("frames.jsonl"))?,
            events: Lines::create(dir.join("events.jsonl"))?,
            windows: Lines::create(dir.join("windows.jsonl"))?,
            names: window_dimensions().into_iter().map(|d| d.name).collect(),
            tracks: Lines::create(dir.join("tracks.txt"))?,
            dir: dir.to_path_buf(),
            seen: std::collections::HashSet::new(),
            summary: Summary::default(),
        })
    }

    fn take(&mut self, item: Item) -> Result<()> {
        match item {
            Item::Frame(number, frame, mask) => self.frame(number, &frame, mask),
            Item::Skipped(_) | Item::Reject(_) => Ok(()),
            Item::Event(event) => {
                if event.revision == 0 {
                    *self.summary.events.entry(event.kind.clone()).or_default() += 1;
                }
                self.events.line(&event_json(&event))
            }
            Item::Window(window) => self.windows.line(&window_json(&window, &self.names)),
            Item::Picture(picture) => {
                let path = self.dir.join("pictures").join(format!(
                    "{}-{}.jpg",
                    hex(&picture.event_id),
                    picture.revision
                ));
                std::fs::write(&path, &picture.jpeg).context(format!("write {}", path.display()))
            }
            Item::Gap(gap) => {
                self.summary.gaps.push(gap_json(&gap));
                Ok(())
            }
        }
    }

    fn frame(&mut self, number: u64, frame: &FrameResult, mask: Option<Vec<u8>>) -> Result<()> {
        self.frames.line(&frame_json(number, frame))?;
        self.summary.frames_with_boxes += u64::from(!frame.boxes.is_empty());
        for b in &frame.boxes {
            self.seen.insert(b.track);
            let score = f64::from(b.score) / 1000.0;
            self.tracks.line(&format_args!(
                "{number},{},{},{},{},{},{score},-1,-1,-1",
                b.track, b.left, b.top, b.width, b.height
            ))?;
        }
        match mask {
            Some(mask) => {
                let path = self.dir.join("masks").join(format!("{number:06}.png"));
                flumen_farm::write_grey(&path, frame.width, frame.height, &mask)
            }
            None => Ok(()),
        }
    }

    fn finish(self) -> Result<Summary> {
        self.frames.finish()?;
        self.events.finish()?;
        self.windows.finish()?;
        self.tracks.finish()?;
        Ok(Summary { tracks: self.seen.len(), ..self.summary })
    }
}

fn frame_json(number: u64, frame: &FrameResult) -> Value {
    let boxes: Vec<Value> = frame
        .boxes
        .iter()
        .map(|b| json!({"track": b.track, "left": b.left, "top": b.top, "width": b.width, "height": b.height, "score": b.score}))
        .collect();
    let quality = frame.quality.unwrap_or_default();
    json!({
        "frame": number, "sequence": frame.sequence, "pts_us": frame.pts_us, "width": frame.width, "height": frame.height,
        "motion_permyriad": frame.motion_permyriad, "boxes": boxes,
        "brightness": quality.brightness, "sharpness": quality.sharpness,
    })
}

fn event_json(event: &Event) -> Value {
    let place = event.r#box.as_ref();
    json!({
        "id": hex(&event.id), "revision": event.revision, "kind": event.kind, "camera": event.camera,
        "phase": event.phase().as_str_name().trim_start_matches("PHASE_").to_lowercase(),
        "sequence": event.sequence, "begin_pts_us": event.begin_pts_us, "end_pts_us": event.end_pts_us,
        "detail": event.detail, "track": event.track, "zone": event.zone, "score": event.score, "picture": event.picture,
        "box": place.map(|b| json!({"left": b.left, "top": b.top, "width": b.width, "height": b.height})),
    })
}

fn window_json(window: &Window, names: &[String]) -> Value {
    let values: serde_json::Map<String, Value> =
        names.iter().zip(&window.values).map(|(name, v)| (name.clone(), json!(v))).collect();
    json!({
        "begin_pts_us": window.begin_pts_us, "duration_us": window.duration_us, "epoch": window.epoch,
        "sequence": window.sequence, "schema": window.schema, "units": window.units, "frames": window.frames,
        "covered_permille": window.covered_permille, "tampered": window.tampered, "tamper": window.tamper,
        "values": values,
    })
}

fn gap_json(gap: &Gap) -> Value {
    let cause = gap.cause().as_str_name().trim_start_matches("GAP_CAUSE_").to_lowercase();
    json!({"start_us": gap.start_us, "end_us": gap.end_us, "cause": cause, "detail": gap.detail})
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flumen_farm::SceneSpec;

    #[test]
    fn a_farm_scene_gives_all_the_files() {
        let dir = tempfile::tempdir().unwrap();
        let spec: SceneSpec =
            "synthetic:street?seed=3&size=320x180&fps=10&seconds=12".parse().unwrap();
        flumen_farm::make(&spec, &dir.path().join("in"), &mut |_, _| ()).unwrap();
        let out = dir.path().join("out");
        let options = AnalyzeOptions { masks: true, ..AnalyzeOptions::new().unwrap() };
        let mut heard = 0;
        let summary = analyze(
            &dir.path().join("in/video.mp4"),
            &out,
            &options,
            &Interrupt::new(),
            &mut |n| heard = n,
        )
        .unwrap();
        assert_eq!((summary.frames, summary.decoded, heard), (120, 120, 120));
        assert_eq!((summary.width, summary.height, summary.codec.as_str()), (320, 180, "h264"));
        assert!(summary.frames_with_boxes > 0 && summary.rejects == 0, "{summary:?}");
        let frames = std::fs::read_to_string(out.join("frames.jsonl")).unwrap();
        assert_eq!(frames.lines().count(), 120);
        assert_eq!(std::fs::read_dir(out.join("masks")).unwrap().count(), 120);
        assert!(out.join("masks/000001.png").exists() && out.join("masks/000120.png").exists());
        let tracks = std::fs::read_to_string(out.join("tracks.txt")).unwrap();
        assert!(tracks.lines().all(|line| line.split(',').count() == 10));
        let stop = Interrupt::new();
        stop.cancel();
        let stopped = analyze(&dir.path().join("in/video.mp4"), &out, &options, &stop, &mut |_| ());
        assert_eq!(stopped.unwrap_err().kind(), flumen_base::Kind::Cancelled);
        assert!(!out.join("summary.json").exists());
    }
}
