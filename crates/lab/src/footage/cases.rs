//! Finds clips and their truth in a folder.

use std::path::{Path, PathBuf};

use flumen_base::{Context, Error, Result};
use serde::Deserialize;

/// Truth as JSON; unknown fields are for people.
#[derive(Debug, Deserialize)]
pub(super) struct Truth {
    pub clip: Option<String>,
    pub frames: u64,
    pub fps: Option<f64>,
    pub intervals: Option<Vec<[u64; 2]>>,
    #[serde(default)]
    pub ignore: Vec<[u64; 2]>,
    #[serde(default)]
    pub events: Vec<Labelled>,
    /// What may be told and need not be.
    #[serde(default)]
    pub maybe: Vec<Labelled>,
    #[serde(default)]
    pub zones: Vec<Drawn>,
    /// Seconds after which what stands alone, or is gone, is to be told.
    pub alone: Option<u32>,
}

impl Truth {
    /// True when it knows more than whether something moves: then the analyzer is given rules.
    pub fn has_rules(&self) -> bool {
        !self.zones.is_empty() || self.alone.is_some()
    }

    /// Seconds of the rules for what is left and taken.
    pub fn alone_s(&self) -> u32 {
        self.alone.unwrap_or(5)
    }
}

/// A zone, drawn on the picture.
#[derive(Debug, Deserialize)]
pub(super) struct Drawn {
    pub id: String,
    /// `area` or `line`.
    pub kind: String,
    /// Thousandths of the picture.
    pub corners: Vec<[u32; 2]>,
    /// Where one is to go, in degrees from the right to down.
    pub direction: Option<u32>,
    /// Staying longer is loitering.
    pub seconds: Option<u32>,
}

/// One labelled event.
#[derive(Debug, Deserialize)]
pub(super) struct Labelled {
    pub kind: String,
    pub first: u64,
    pub last: u64,
    pub zone: Option<String>,
}

/// A clip with its truth.
#[derive(Debug)]
pub(super) struct Case {
    pub name: String,
    pub video: PathBuf,
    pub truth: Truth,
    pub masks: Option<PathBuf>,
    pub tracks: Option<PathBuf>,
}

/// All cases of a folder, by name.
pub(super) fn find(dir: &Path) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    cases.extend(folder(dir)?);
    for place in [dir.to_path_buf(), dir.join("truth")] {
        for path in entries(&place)? {
            if path.is_dir() {
                cases.extend(folder(&path)?);
            } else if place.ends_with("truth") && path.extension().is_some_and(|e| e == "json") {
                cases.extend(single(dir, &path)?);
            }
        }
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>> {
    let read = match std::fs::read_dir(dir) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.context(format!("list {}", dir.display()))?,
    };
    read.map(|entry| Ok(entry.context(format!("list {}", dir.display()))?.path())).collect()
}

fn read(path: &Path) -> Result<Truth> {
    let text = std::fs::read_to_string(path).context(format!("read {}", path.display()))?;
    serde_json::from_str(&text).map_err(|e| Error::invalid(format!("{}: {e}", path.display())))
}

/// A folder that is one case.
fn folder(dir: &Path) -> Result<Option<Case>> {
    let json = dir.join("events.json");
    if !json.is_file() {
        return Ok(None);
    }
    let truth = read(&json)?;
    let name = dir.file_name().unwrap_or(dir.as_os_str()).to_string_lossy().into_owned();
    let video = dir.join(truth.clip.as_deref().unwrap_or("video.mp4"));
    let some = |path: PathBuf| path.exists().then_some(path);
    Ok(Some(Case {
        name,
        video,
        truth,
        masks: some(dir.join("groundtruth")),
        tracks: some(dir.join("tracks.txt")),
    }))
}

/// A JSON file that names a clip, as a path from the folder's root.
fn single(root: &Path, json: &Path) -> Result<Option<Case>> {
    let truth = read(json)?;
    let name = json.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(truth.clip.as_ref().map(|clip| root.join(clip)).map(|video| Case {
        name,
        video,
        truth,
        masks: None,
        tracks: None,
    }))
}
