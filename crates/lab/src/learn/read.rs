//! Files of days and of answers: the truth as `flumen farm days` writes it, and what methods say.
//!
//! Invariants: a line that cannot be read is told with its file and number; blank lines are left out.
//! Units: microseconds of UTC.

use std::path::Path;

use flumen_base::{Context, Error, Kind, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What was planted.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Planted {
    /// Where.
    pub camera: String,
    /// Of which kind.
    pub kind: String,
    /// First moment.
    pub begin_us: i64,
    /// Last moment.
    pub end_us: i64,
}

/// A camera on its way to failure.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Drifting {
    /// Which.
    pub camera: String,
    /// When it begins.
    pub begin_us: i64,
    /// When the camera is of no more use.
    pub fails_us: i64,
}

/// One hour of a camera.
#[derive(Clone, Debug, PartialEq)]
pub struct Hour {
    /// Whose.
    pub camera: String,
    /// When it begins.
    pub begin_us: i64,
    /// Visits that an oracle expects.
    pub rate: f64,
    /// Visits that came.
    pub visits: f64,
    /// Things that the windows told for the first time.
    pub entries: f64,
}

/// A usual path.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct TruePath {
    /// Before which camera.
    pub camera: String,
    /// Places in their order.
    pub places: Vec<u32>,
    /// Of all visits; in answers how well it is supported.
    #[serde(default, alias = "support")]
    pub share: f64,
}

/// All that is true of some days.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    /// The cameras.
    pub cameras: Vec<String>,
    /// From when on answers are scored: the end of the days left quiet.
    pub from_us: i64,
    /// The end of the last day.
    pub to_us: i64,
    /// What was planted.
    pub planted: Vec<Planted>,
    /// Cameras that fail.
    pub drifts: Vec<Drifting>,
    /// Hours in their order, camera by camera.
    pub hours: Vec<Hour>,
    /// Usual paths.
    pub paths: Vec<TruePath>,
}

impl Truth {
    /// Camera-days that are scored.
    pub fn camera_days(&self) -> f64 {
        self.cameras.len() as f64 * (self.to_us - self.from_us) as f64 / 86_400e6
    }

    /// Reads a folder of days.
    ///
    /// # Errors
    /// `NotFound` when it is none, `Invalid` for what cannot be read.
    pub fn read(dir: &Path) -> Result<Truth> {
        let days: Days = json(&dir.join("days.json"))?;
        let hours = hours(&dir.join("hours.tsv"))?;
        let mut truth = Truth {
            cameras: days.cameras.into_iter().map(|c| c.id).collect(),
            to_us: days.end_us,
            planted: lines(&dir.join("anomalies.jsonl"))?,
            drifts: lines(&dir.join("drifts.jsonl"))?,
            paths: lines(&dir.join("paths.jsonl"))?,
            hours,
            from_us: days.scored_from_us,
        };
        truth.planted.retain(|p| p.end_us > truth.from_us);
        Ok(truth)
    }
}

#[derive(Deserialize)]
struct Days {
    end_us: i64,
    scored_from_us: i64,
    cameras: Vec<Camera>,
}

#[derive(Deserialize)]
struct Camera {
    id: String,
}

/// An anomaly or a warning that a method tells.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Told {
    /// Where.
    pub camera: String,
    /// First moment.
    pub begin_us: i64,
    /// Last moment.
    pub end_us: i64,
    /// How odd; the more the surer. Comparable within a method.
    #[serde(default = "one")]
    pub score: f64,
    /// What of it is odd, in the method's own words.
    #[serde(default, alias = "dimension")]
    pub kind: String,
}

fn one() -> f64 {
    1.0
}

/// One step of a forecast.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct Forecast {
    /// Of which camera.
    pub camera: String,
    /// The last moment that was known.
    pub at_us: i64,
    /// The hour that it speaks of.
    pub begin_us: i64,
    /// Its end.
    pub end_us: i64,
    /// Entries expected.
    pub value: f64,
    /// 90 % are to lie between `low` and `high`.
    pub low: f64,
    /// See `low`.
    pub high: f64,
}

/// What one method says; what it says nothing of is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// Its name.
    pub method: String,
    /// Anomalies.
    pub anomalies: Option<Vec<Told>>,
    /// Forecasts.
    pub forecasts: Option<Vec<Forecast>>,
    /// Paths.
    pub paths: Option<Vec<TruePath>>,
    /// Warnings of failure.
    pub warnings: Option<Vec<Told>>,
}

impl Answers {
    /// Reads a folder of answers, or one file of anomalies.
    ///
    /// # Errors
    /// `NotFound` when there is nothing, `Invalid` for what cannot be read.
    pub fn read(path: &Path) -> Result<Answers> {
        let method = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !path.is_dir() {
            return Ok(Answers { method, anomalies: Some(lines(path)?), ..Answers::default() });
        }
        let answers = Answers {
            method,
            anomalies: if_there(&path.join("anomalies.jsonl"))?,
            forecasts: if_there(&path.join("forecasts.jsonl"))?,
            paths: if_there(&path.join("paths.jsonl"))?,
            warnings: if_there(&path.join("warnings.jsonl"))?,
        };
        if answers == (Answers { method: answers.method.clone(), ..Answers::default() }) {
            return Err(Error::not_found(format!(
                "{}: no anomalies.jsonl, forecasts.jsonl, paths.jsonl or warnings.jsonl in it",
                path.display()
            )));
        }
        Ok(answers)
    }
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).context(format!("read {}", path.display()))
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    serde_json::from_str(&text(path)?)
        .map_err(|e| Error::invalid(path.display().to_string()).with_source(e))
}

fn if_there<T: DeserializeOwned>(path: &Path) -> Result<Option<Vec<T>>> {
    match lines(path) {
        Ok(all) => Ok(Some(all)),
        Err(e) if e.kind() == Kind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text = text(path)?;
    let filled = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    filled
        .map(|(line, number)| {
            serde_json::from_str(line).map_err(|e| {
                Error::invalid(format!("{}, line {number}", path.display())).with_source(e)
            })
        })
        .collect()
}

fn hours(path: &Path) -> Result<Vec<Hour>> {
    let text = text(path)?;
    let row = |(line, number): (&str, usize)| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [camera, begin, _, _, rate, visits, entries] = cells.as_slice() else {
            return Err(number);
        };
        let count = |cell: &str| cell.parse::<f64>().map_err(|_| number);
        Ok(Hour {
            camera: (*camera).to_owned(),
            begin_us: begin.parse().map_err(|_| number)?,
            rate: count(rate)?,
            visits: count(visits)?,
            entries: count(entries)?,
        })
    };
    text.lines().zip(1..).skip(1).map(row).collect::<std::result::Result<_, usize>>().map_err(|n| {
        Error::invalid(format!(
            "{}, line {n}: not the seven columns that `flumen farm days` writes",
            path.display()
        ))
    })
}
