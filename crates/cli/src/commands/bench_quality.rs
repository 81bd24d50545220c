//! `flumen bench quality`: the analyzer and other methods on footage with truth and on drawn scenes.

use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use clap::Args;
use flumen_base::{Context, Error, Result};
use flumen_lab::{Comparison, QualityOptions, make_scenes, quality, quality_of};
use flumen_media::Interrupt;

use crate::show;

/// The script that runs the usual methods, from the project's root.
const SCRIPT: &str = "bench/python/quality.py";

/// Score pixels, presence, tracks and events against truth, other methods beside
///
/// Example: flumen bench quality --scenes 8 --seed random --footage FOLDER
#[derive(Args)]
pub struct Quality {
    /// Directory for scenes, results and report.json.
    #[arg(long, value_name = "DIR", default_value = "target/quality")]
    out: PathBuf,
    /// Scenes to draw and to make; those that are there already are used again.
    #[arg(long, value_name = "N", default_value_t = 0)]
    scenes: u32,
    /// From which the scenes are drawn: a number, or `random`.
    #[arg(long, default_value = "random")]
    seed: Seed,
    /// Footage with truth, as docs/ref/footage.md describes.
    #[arg(long, value_name = "DIR")]
    footage: Option<PathBuf>,
    /// A Python with OpenCV: runs bench/python/quality.py on the same clips.
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
    /// Results of other programs: DIR/METHOD/CLIP/masks and tracks.txt.
    #[arg(long, value_name = "DIR")]
    against: Vec<PathBuf>,
}

#[derive(Clone, Copy)]
struct Seed(u64);

impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Seed, String> {
        if text == "random" {
            // Keys of a new hash map are the only chance that the standard library has.
            return Ok(Seed(RandomState::new().hash_one(std::process::id()) >> 32));
        }
        text.parse().map(Seed).map_err(|_| format!("\"{text}\" is neither a number nor random"))
    }
}

pub fn run(args: &Quality) -> Result<()> {
    let stop = Interrupt::new();
    let mut comparison = Comparison::default();
    let mut folders: Vec<PathBuf> = args.footage.iter().cloned().collect();
    if args.scenes > 0 {
        folders.extend(scenes(args, &mut comparison)?);
    }
    if folders.is_empty() {
        return Err(Error::invalid("nothing to score: give --scenes N or --footage DIR"));
    }
    let options = QualityOptions { skip_odd: true, ..QualityOptions::default() };
    let bar = show::counter("frames scored");
    for folder in &folders {
        let scores = quality(folder, &options, &stop, &mut |_, done, _| bar.set_position(done))?;
        comparison.add("flumen", scores);
    }
    bar.finish_and_clear();
    let mut against = args.against.clone();
    if let Some(python) = &args.python {
        against.push(baselines(python, &folders, &args.out)?);
    }
    for results in &against {
        others(results, &folders, &mut comparison)?;
    }
    comparison.write(&args.out)?;
    print!("{}", comparison.table());
    println!("\n{}", args.out.join("report.json").display());
    Ok(())
}

/// Draws and makes the scenes; says which.
fn scenes(args: &Quality, comparison: &mut Comparison) -> Result<Vec<PathBuf>> {
    println!("scenes drawn from seed {}", args.seed.0);
    let bar = show::bar("frames of scenes");
    let made =
        make_scenes(args.seed.0, args.scenes, &args.out.join("scenes"), &mut |done, all, _| {
            bar.set_length(all.into());
            bar.set_position(done.into());
        })?;
    bar.finish_and_clear();
    comparison.seed = Some(args.seed.0);
    comparison.scenes = made.iter().map(|(spec, _)| spec.to_string()).collect();
    comparison.scenes.iter().for_each(|scene| println!("  {scene}"));
    Ok(made.into_iter().map(|(_, folder)| folder).collect())
}

/// Runs the usual methods on the same clips.
fn baselines(python: &Path, folders: &[PathBuf], out: &Path) -> Result<PathBuf> {
    let results = out.join("others");
    let mut command = Command::new(python);
    command.arg(SCRIPT).arg("--out").arg(&results).args(folders);
    let status = command.status().context(format!("run {}", python.display()))?;
    if !status.success() {
        return Err(Error::unavailable(format!(
            "{SCRIPT} ended with {status}; it runs from the project's root and needs the packages of bench/python/requirements.txt"
        )));
    }
    Ok(results)
}

/// Scores each method of a folder of results.
fn others(results: &Path, folders: &[PathBuf], comparison: &mut Comparison) -> Result<()> {
    let entries = std::fs::read_dir(results).context(format!("read {}", results.display()))?;
    let mut methods: Vec<PathBuf> =
        entries.filter_map(|e| Some(e.ok()?.path())).filter(|path| path.is_dir()).collect();
    methods.sort();
    for method in methods {
        let name = method.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for folder in folders {
            // Results of clips that are not asked for now are left alone.
            if let Ok(scores) = quality_of(folder, &method) {
                comparison.add(&name, scores);
            }
        }
    }
    Ok(())
}
