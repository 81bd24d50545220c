//! Several methods on the same clips, in one table: the analyzer and what others found.
//!
//! Invariants: every method is scored by the same code on the same frames; a mean over clips
//! is that of the clips' own scores, as CDnet does; events are counted together.

use std::path::{Path, PathBuf};

use flumen_base::{Context, Result};
use flumen_farm::SceneSpec;
use serde::Serialize;

use crate::footage::{ClipScore, Scores};
use crate::score::Counts;
use crate::table;

const HEAD: [&str; 13] = [
    "clip", "method", "pixel F1", "P", "R", "presence", "IDF1", "MOTA", "switches", "events P",
    "R", "false/h", "",
];

/// One method's scores.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Method {
    /// What it is called.
    pub name: String,
    /// Its scores.
    pub clips: Vec<ClipScore>,
}

/// Methods side by side.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Comparison {
    /// From which the scenes were drawn.
    pub seed: Option<u64>,
    /// Addresses of the scenes.
    pub scenes: Vec<String>,
    /// All methods.
    pub methods: Vec<Method>,
}

impl Comparison {
    /// Adds the scores of a method, after those that it has already.
    pub fn add(&mut self, name: &str, scores: Scores) {
        match self.methods.iter_mut().find(|m| m.name == name) {
            Some(method) => method.clips.extend(scores.clips),
            None => self.methods.push(Method { name: name.to_owned(), clips: scores.clips }),
        }
    }

    /// The rows of one clip as lines, for a look while others are still to come.
    pub fn lines(&self, clip: &str) -> String {
        let of = |m: &Method| m.clips.iter().filter(|c| c.name == clip).cloned().collect();
        let alone = |m: &Method| Method { name: m.name.clone(), clips: of(m) };
        let methods: Vec<Method> = self.methods.iter().map(alone).collect();
        let rows = methods.iter().filter(|m| !m.clips.is_empty());
        rows.map(|m| line(&row(clip, &m.name, &m.clips))).collect()
    }

    /// The head of such lines.
    pub fn head() -> String {
        line(&HEAD.map(String::from))
    }

    /// A row for each clip and method, and each method's mean.
    pub fn table(&self) -> String {
        let mut rows = vec![HEAD.map(String::from).to_vec()];
        let mut names: Vec<&str> = Vec::new();
        for clip in self.methods.iter().flat_map(|m| &m.clips) {
            if !names.contains(&clip.name.as_str()) {
                names.push(&clip.name);
            }
        }
        for name in names {
            for method in &self.methods {
                for clip in method.clips.iter().filter(|c| c.name == name) {
                    rows.push(row(name, &method.name, std::slice::from_ref(clip)));
                }
            }
        }
        for method in self.methods.iter().filter(|m| m.clips.len() > 1) {
            rows.push(row(
                &format!("all {} clips", method.clips.len()),
                &method.name,
                &method.clips,
            ));
        }
        table::table(&rows) + &self.kinds()
    }

    /// Events of the first method by kind, over all clips.
    fn kinds(&self) -> String {
        let mut sums = std::collections::BTreeMap::<&str, Counts>::new();
        for clip in self.methods.first().iter().flat_map(|m| &m.clips) {
            for (kind, counts) in &clip.events_by_kind {
                let sum = sums.entry(kind).or_insert_with(|| Counts::new(0, 0, 0));
                *sum = *sum + *counts;
            }
        }
        let head = ["events by kind", "right", "false", "missed", "P", "R"];
        let mut rows = vec![head.map(String::from).to_vec()];
        rows.extend(sums.iter().map(|(kind, c)| {
            let mut row = vec![(*kind).to_owned()];
            row.extend([c.tp, c.fp, c.r#fn].map(|n| n.to_string()));
            row.extend([c.precision, c.recall].map(|x| format!("{x:.3}")));
            row
        }));
        if sums.is_empty() { String::new() } else { format!("\n{}", table::table(&rows)) }
    }
}

/// Cells as a line of columns of a set width.
fn line(cells: &[String]) -> String {
    let mut text = String::new();
    for (n, cell) in cells.iter().enumerate() {
        text += &if n < 2 { format!("{cell:<18}") } else { format!("{cell:>9}") };
    }
    text.trim_end().to_owned() + "\n"
}

fn row(name: &str, method: &str, clips: &[ClipScore]) -> Vec<String> {
    let mean = |of: &dyn Fn(&ClipScore) -> Option<f64>| {
        let values: Vec<f64> = clips.iter().filter_map(of).collect();
        let sum: f64 = values.iter().sum();
        if values.is_empty() { "-".into() } else { format!("{:.3}", sum / values.len() as f64) }
    };
    let events = clips.iter().filter_map(|c| c.events).reduce(|a, b| a + b);
    let hours =
        clips.iter().filter(|c| c.events.is_some()).map(|c| c.seconds).sum::<f64>() / 3600.0;
    let false_an_hour = events.filter(|_| hours > 0.0).map(|e| e.fp as f64 / hours);
    let switches: Option<u64> =
        clips.iter().filter_map(|c| c.tracks).map(|t| t.switches).reduce(|a, b| a + b);
    let share = |x: Option<f64>| x.map_or("-".into(), |x| format!("{x:.3}"));
    vec![
        name.to_owned(),
        method.to_owned(),
        mean(&|c| Some(c.pixels?.f1)),
        mean(&|c| Some(c.pixels?.precision)),
        mean(&|c| Some(c.pixels?.recall)),
        mean(&|c| Some(c.presence?.f1)),
        mean(&|c| Some(c.tracks?.idf1)),
        mean(&|c| Some(c.tracks?.mota)),
        switches.map_or("-".into(), |n| n.to_string()),
        share(events.map(|e| e.precision)),
        share(events.map(|e| e.recall)),
        false_an_hour.map_or("-".into(), |n| format!("{n:.0}")),
        clips.iter().find_map(|c| c.problem.clone()).unwrap_or_default(),
    ]
}

/// Makes the `index`-th scene drawn from `seed` below `dir`, unless it is there already.
///
/// `progress` hears (frames done, frames in all). Gives the scene and its folder.
///
/// # Errors
/// As `flumen_farm::make`.
pub fn make_scene(
    seed: u64,
    index: u32,
    dir: &Path,
    progress: &mut dyn FnMut(u32, u32),
) -> Result<(SceneSpec, PathBuf)> {
    let spec = SceneSpec::drawn(seed, index);
    let folder = dir.join(format!("{}-{}", spec.kind.name(), spec.seed));
    if !is_made(&folder, &spec) {
        std::fs::create_dir_all(&folder).context(format!("make {}", folder.display()))?;
        flumen_farm::make(&spec, &folder, progress)?;
    }
    Ok((spec, folder))
}

/// True when the folder holds the whole scene: its truth is written last.
fn is_made(folder: &Path, spec: &SceneSpec) -> bool {
    let text = std::fs::read_to_string(folder.join("events.json")).unwrap_or_default();
    let truth: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    truth.get("made").and_then(|m| m.as_str()).is_some_and(|m| m.contains(&format!("\"{spec}\"")))
}

impl Comparison {
    /// Writes `report.json` and `report.txt` into `dir`.
    ///
    /// # Errors
    /// I/O errors of `dir`.
    pub fn write(&self, dir: &Path) -> Result<()> {
        table::write_report(dir, self, &self.table())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(name: &str, seconds: f64, counts: (u64, u64, u64)) -> ClipScore {
        let counts = Counts::new(counts.0, counts.1, counts.2);
        ClipScore {
            name: name.into(),
            seconds,
            pixels: Some(counts),
            events: Some(counts),
            events_by_kind: [("motion".to_owned(), counts)].into(),
            ..ClipScore::default()
        }
    }

    #[test]
    fn methods_stand_below_each_other_and_their_means_last() {
        let mut comparison = Comparison::default();
        let scores = |clips| Scores { clips, odd: Vec::new() };
        comparison.add("flumen", scores(vec![clip("a", 900.0, (1, 0, 1))]));
        comparison.add("flumen", scores(vec![clip("b", 900.0, (3, 1, 0))]));
        comparison.add("mog2", scores(vec![clip("a", 900.0, (1, 3, 0))]));
        let lines = comparison.lines("a");
        assert_eq!(lines.lines().count(), 2);
        assert!(lines.contains("mog2") && Comparison::head().starts_with("clip"));
        let text = comparison.table();
        let cells: Vec<Vec<&str>> = text.lines().map(|l| l.split_whitespace().collect()).collect();
        // Pixel F1 2/3 and 6/7, mean 16/21; one false event in half an hour.
        assert_eq!(cells[2][..5], ["a", "flumen", "0.667", "1.000", "0.500"]);
        assert_eq!(cells[3][..3], ["a", "mog2", "0.400"]);
        assert_eq!(cells[4][..3], ["b", "flumen", "0.857"]);
        assert_eq!(
            cells[5],
            [
                "all", "2", "clips", "flumen", "0.762", "0.875", "0.750", "-", "-", "-", "-",
                "0.800", "0.800", "2"
            ]
        );
        assert!(text.contains("motion") && cells.last().unwrap()[1..4] == ["4", "1", "1"]);
    }

    #[test]
    fn scenes_are_made_once() {
        let dir = tempfile::tempdir().unwrap();
        let spec = SceneSpec::drawn(3, 0);
        let folder = dir.path().join(format!("{}-{}", spec.kind.name(), spec.seed));
        std::fs::create_dir(&folder).unwrap();
        assert!(!is_made(&folder, &spec));
        let told = serde_json::json!({ "made": format!("flumen farm make \"{spec}\"") });
        std::fs::write(folder.join("events.json"), told.to_string()).unwrap();
        let made = make_scene(3, 0, dir.path(), &mut |_, _| panic!("made again")).unwrap();
        assert_eq!(made, (spec, folder));
    }
}
