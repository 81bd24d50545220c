//! `flumen bench quality`: the analyzer and other methods on footage with truth and on drawn scenes.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::str::FromStr;

use clap::Args;
use flumen_base::{Context, Error, Result};
use flumen_lab::{Comparison, QualityOptions, make_scene, quality, quality_of};
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
    if args.scenes == 0 && args.footage.is_none() {
        return Err(Error::invalid("nothing to score: give --scenes N or --footage DIR"));
    }
    let mut session = Session { args, comparison: Comparison::default(), others: VecDeque::new() };
    if args.scenes > 0 {
        println!("scenes drawn from seed {}", args.seed.0);
        session.comparison.seed = Some(args.seed.0);
    }
    print!("{}", Comparison::head());
    if let Some(footage) = &args.footage {
        session.folder(footage)?;
    }
    for index in 0..args.scenes {
        let folder = session.scene(index)?;
        session.folder(&folder)?;
    }
    while !session.others.is_empty() {
        session.gather()?;
    }
    let comparison = session.comparison;
    comparison.write(&args.out)?;
    println!("\n{}\n{}", comparison.table(), args.out.join("report.json").display());
    Ok(())
}

/// Other methods run beside the making and analysis of the next scenes, so many at a time.
const BESIDE: usize = 2;

/// Scenes on their way through all methods.
struct Session<'a> {
    args: &'a Quality,
    comparison: Comparison,
    /// Other methods at work, and on which folder.
    others: VecDeque<(Option<Worker>, PathBuf, Vec<String>)>,
}

/// A process that ends with what waits for it.
struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        // One that ended already cannot be ended again, which is as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Session<'_> {
    /// Makes a scene; says which.
    fn scene(&mut self, index: u32) -> Result<PathBuf> {
        let bar = show::bar("frames of a scene");
        let dir = self.args.out.join("scenes");
        let (spec, folder) = make_scene(self.args.seed.0, index, &dir, &mut |done, all| {
            bar.set_length(all.into());
            bar.set_position(done.into());
        })?;
        bar.finish_and_clear();
        println!("  {spec}");
        self.comparison.scenes.push(spec.to_string());
        Ok(folder)
    }

    /// Scores a folder, and has the other methods begin with it.
    fn folder(&mut self, folder: &Path) -> Result<()> {
        if self.others.len() >= BESIDE {
            self.gather()?;
        }
        let worker = match &self.args.python {
            Some(python) => Some(baselines(python, folder, &results(&self.args.out))?),
            None => None,
        };
        let options = QualityOptions { skip_odd: true, ..QualityOptions::default() };
        let bar = show::counter("frames scored");
        let stop = Interrupt::new();
        let scores = quality(folder, &options, &stop, &mut |_, done, _| bar.set_position(done))?;
        bar.finish_and_clear();
        let clips = scores.clips.iter().map(|c| c.name.clone()).collect();
        self.comparison.add("flumen", scores);
        self.others.push_back((worker, folder.to_owned(), clips));
        Ok(())
    }

    /// Scores what the other methods found in the oldest folder, and prints its rows.
    fn gather(&mut self) -> Result<()> {
        let Some((worker, folder, clips)) = self.others.pop_front() else { return Ok(()) };
        let mut against = self.args.against.clone();
        if let Some(mut worker) = worker {
            let status = worker.0.wait().context(format!("run {SCRIPT}"))?;
            if !status.success() {
                return Err(Error::unavailable(format!(
                    "{SCRIPT} ended with {status}; it runs from the project's root and needs the packages of bench/python/requirements.txt"
                )));
            }
            against.push(results(&self.args.out));
        }
        for results in &against {
            others(results, &folder, &mut self.comparison)?;
        }
        clips.iter().for_each(|clip| print!("{}", self.comparison.lines(clip)));
        Ok(())
    }
}

/// Where the usual methods leave what they find.
fn results(out: &Path) -> PathBuf {
    out.join("others")
}

/// Has the usual methods begin with a folder.
fn baselines(python: &Path, folder: &Path, results: &Path) -> Result<Worker> {
    let mut command = Command::new(python);
    command.arg(SCRIPT).arg("--out").arg(results).arg(folder);
    let child = command.spawn().context(format!("run {}", python.display()))?;
    Ok(Worker(child))
}

/// Scores each method of a folder of results.
fn others(results: &Path, folder: &Path, comparison: &mut Comparison) -> Result<()> {
    let entries = std::fs::read_dir(results).context(format!("read {}", results.display()))?;
    let mut methods: Vec<PathBuf> =
        entries.filter_map(|e| Some(e.ok()?.path())).filter(|path| path.is_dir()).collect();
    methods.sort();
    for method in methods {
        let name = method.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Results of clips that are not asked for now are left alone.
        if let Ok(scores) = quality_of(folder, &method) {
            comparison.add(&name, scores);
        }
    }
    Ok(())
}
