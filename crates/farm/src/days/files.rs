//! Days as a folder: the truth as lines of text, and the windows of all cameras as one file.
//!
//! Layout: `days.json` (the spec, cameras with scene, zone, dispersion), `anomalies.jsonl` (camera,
//! kind, begin_us, end_us, place), `hours.tsv` (camera, begin_us, hour_of_week, local_offset_s, rate,
//! visits, entries), `paths.jsonl` (camera, name, places, feet, visits, share), `visits.tsv` (camera,
//! start_us, end_us, actor, seed of how they look, path), `drifts.jsonl` (camera, failing, begin_us, fails_us), `windows.pb`
//! (each Window after its length as a varint, in order of time).
//! Invariants: `days.json` is written last: where it is, the rest is whole.
//! Units: microseconds of UTC.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use flumen_base::wire::Window;
use flumen_base::{Context, Error, Result};
use prost::Message;
use serde_json::{Value, json};

use crate::days::Days;
use crate::days::camera::CameraDays;

/// The largest window that is read.
const MAX_WINDOW: usize = 1 << 20;

/// Writes windows, each after its length; a file or a pipe.
pub struct WindowFile<W: Write> {
    out: BufWriter<W>,
    buffer: Vec<u8>,
    /// Windows so far.
    pub written: u64,
}

impl<W: Write> WindowFile<W> {
    /// Begins with nothing.
    pub fn new(out: W) -> WindowFile<W> {
        WindowFile { out: BufWriter::with_capacity(1 << 18, out), buffer: Vec::new(), written: 0 }
    }

    /// Adds a window.
    ///
    /// # Errors
    /// Those of the file.
    pub fn add(&mut self, window: &Window) -> Result<()> {
        self.buffer.clear();
        window
            .encode_length_delimited(&mut self.buffer)
            .map_err(|e| Error::internal("a window as bytes").with_source(e))?;
        self.written += 1;
        self.out.write_all(&self.buffer).context("write windows")
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// Those of the file.
    pub fn finish(mut self) -> Result<u64> {
        self.out.flush().context("write windows")?;
        Ok(self.written)
    }
}

/// Reads windows, each after its length.
pub struct WindowReader {
    file: BufReader<File>,
    buffer: Vec<u8>,
}

impl WindowReader {
    /// Opens a file of windows.
    ///
    /// # Errors
    /// I/O errors of `path`.
    pub fn open(path: &Path) -> Result<WindowReader> {
        let file = File::open(path).context(format!("open {}", path.display()))?;
        Ok(WindowReader { file: BufReader::with_capacity(1 << 18, file), buffer: Vec::new() })
    }

    /// The next length; nothing at the end.
    fn length(&mut self) -> Result<Option<usize>> {
        let (mut value, mut shift, mut byte) = (0usize, 0, [0u8]);
        loop {
            match self.file.read(&mut byte).context("read windows")? {
                0 if shift == 0 => return Ok(None),
                0 => return Err(Error::data_loss("windows: the file ends in a length")),
                _ => (),
            }
            let [bits] = byte;
            value |= usize::from(bits & 0x7f) << shift;
            shift += 7;
            if bits < 0x80 && value <= MAX_WINDOW {
                return Ok(Some(value));
            }
            if shift > 28 || value > MAX_WINDOW {
                return Err(Error::data_loss("windows: a length that no window has"));
            }
        }
    }

    fn window(&mut self) -> Result<Option<Window>> {
        let Some(length) = self.length()? else { return Ok(None) };
        self.buffer.resize(length, 0);
        self.file.read_exact(&mut self.buffer).context("read windows")?;
        let window = Window::decode(self.buffer.as_slice())
            .map_err(|e| Error::data_loss("windows: a damaged one").with_source(e))?;
        Ok(Some(window))
    }
}

impl Iterator for WindowReader {
    type Item = Result<Window>;

    fn next(&mut self) -> Option<Result<Window>> {
        self.window().transpose()
    }
}

/// Makes the windows of all days into `out`; `progress` hears (windows done, windows in all).
///
/// # Errors
/// Those of `out`.
pub fn write_windows(
    days: &mut Days,
    out: impl Write,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<u64> {
    let (begin, end) = days.span_us();
    let all = (end - begin) as u64 / 1_000_000 * days.cameras.len() as u64;
    let mut file = WindowFile::new(out);
    let mut windows = days.windows();
    for window in windows.by_ref() {
        file.add(&window)?;
        if file.written.is_multiple_of(16_384) {
            progress(file.written, all);
        }
    }
    let entries = windows.entries();
    days.count(&entries);
    file.finish()
}

/// Creates the file of windows in a folder.
///
/// # Errors
/// I/O errors of `dir`.
pub fn create_windows(dir: &Path) -> Result<File> {
    std::fs::create_dir_all(dir).context(format!("make {}", dir.display()))?;
    let path = dir.join("windows.pb");
    File::create(&path).context(format!("create {}", path.display()))
}

/// Writes the truth of the days; `form` is told in `days.json`.
///
/// # Errors
/// I/O errors of `dir`.
pub fn write_truth(days: &Days, dir: &Path, form: &Value) -> Result<()> {
    std::fs::create_dir_all(dir).context(format!("make {}", dir.display()))?;
    let lines = |one: fn(&CameraDays) -> Vec<Value>| -> String {
        days.cameras.iter().flat_map(one).map(|v| v.to_string() + "\n").collect()
    };
    let put = |name: &str, text: &str| {
        let path = dir.join(name);
        std::fs::write(&path, text).context(format!("write {}", path.display()))
    };
    put("anomalies.jsonl", &lines(anomalies))?;
    put("paths.jsonl", &lines(paths))?;
    put("drifts.jsonl", &lines(drifts))?;
    put("hours.tsv", &hours(days))?;
    put("visits.tsv", &visits(days))?;
    let camera = |c: &CameraDays| {
        json!({"id": c.id, "scene": c.kind.name(), "scene_seed": c.scene_seed, "time_zone": days.spec.time_zone,
            "group": days.spec.group, "dispersion": if c.shape == 0 { 0.0 } else { 1.0 / f64::from(c.shape) }})
    };
    let whole = json!({
        "spec": days.spec, "form": form, "begin_us": days.begin_us, "end_us": days.end_us, "scored_from_us": days.scored_from_us,
        "cameras": days.cameras.iter().map(camera).collect::<Vec<_>>(),
    });
    put("days.json", &format!("{whole:#}\n"))
}

fn anomalies(camera: &CameraDays) -> Vec<Value> {
    let one = |a: &crate::days::Anomaly| json!({"camera": camera.id, "kind": a.kind, "begin_us": a.begin_us, "end_us": a.end_us, "place": a.place});
    camera.anomalies.iter().map(one).collect()
}

fn paths(camera: &CameraDays) -> Vec<Value> {
    let one = |p: &crate::days::Path| json!({"camera": camera.id, "name": p.name, "places": p.places, "feet": p.feet, "visits": p.visits, "share": p.share});
    camera.paths.iter().map(one).collect()
}

fn drifts(camera: &CameraDays) -> Vec<Value> {
    let one = |d: crate::days::Drift| json!({"camera": camera.id, "failing": d.failing, "begin_us": d.begin_us, "fails_us": d.fails_us});
    camera.drift.into_iter().map(one).collect()
}

fn hours(days: &Days) -> String {
    let mut text =
        String::from("camera\tbegin_us\thour_of_week\tlocal_offset_s\trate\tvisits\tentries\n");
    for camera in &days.cameras {
        for h in &camera.hours {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{}\t{}\t{}\t{}\t{:.6}\t{}\t{}",
                camera.id,
                h.begin_us,
                h.hour_of_week,
                h.local_offset_s,
                h.rate,
                h.visits,
                h.entries
            );
        }
    }
    text
}

fn visits(days: &Days) -> String {
    let mut text = String::from("camera\tstart_us\tend_us\tactor\tseed\tpath\n");
    for camera in &days.cameras {
        for visit in &camera.visits {
            let route = visit.route.and_then(|r| camera.routes.get(r)).map_or("", |(r, _)| r.name);
            let actor = format!("{:?}", visit.actor).to_lowercase();
            let _ = writeln!(
                text,
                "{}\t{}\t{}\t{actor}\t{}\t{route}",
                camera.id,
                visit.start_us,
                visit.end_us(),
                visit.seed
            );
        }
    }
    text
}
