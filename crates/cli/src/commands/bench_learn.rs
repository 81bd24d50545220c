//! `flumen bench learn`: what learning found in simulated days against what was planted.

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use flumen_base::{Context, Error, Result};
use flumen_lab::learn;

/// The script that runs the usual methods, from the project's root.
const SCRIPT: &str = "bench/python/learn.py";

/// Score anomalies, forecasts, paths and warnings against the truth of simulated days
///
/// Example: flumen bench learn --days /tmp/days --anomalies found.jsonl
#[derive(Args)]
pub struct Learn {
    /// Days that `flumen farm days` made.
    #[arg(long, value_name = "DIR")]
    days: PathBuf,
    /// What a method told, a line of JSON each: camera, begin_us, end_us, kind, score.
    #[arg(long, value_name = "FILE")]
    anomalies: Vec<PathBuf>,
    /// A method's folder: anomalies.jsonl, forecasts.jsonl, paths.jsonl, warnings.jsonl.
    #[arg(long, value_name = "DIR")]
    results: Vec<PathBuf>,
    /// A Python with bench/python/requirements.txt: runs the usual methods on the same windows first.
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
    /// Directory for report.json.
    #[arg(long, value_name = "DIR", default_value = "target/learn")]
    out: PathBuf,
}

pub fn run(args: &Learn) -> Result<()> {
    let mut answers: Vec<PathBuf> = args.results.iter().chain(&args.anomalies).cloned().collect();
    if let Some(python) = &args.python {
        let out = args.out.join("others");
        baselines(python, &args.days, &out)?;
        let entries = std::fs::read_dir(&out).context(format!("read {}", out.display()))?;
        let mut methods: Vec<PathBuf> =
            entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_dir()).collect();
        methods.sort();
        answers.extend(methods);
    }
    if answers.is_empty() {
        return Err(Error::invalid(
            "nothing to score: give --anomalies FILE, --results DIR or --python FILE",
        ));
    }
    let report = learn::score(&args.days, &answers)?;
    report.write(&args.out)?;
    let path = args.out.join("report.json");
    match writeln!(std::io::stdout(), "{}\n{}", report.table(), path.display()) {
        // Who reads has read enough; all of it is in the report.
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("write the table to standard output"),
    }
}

/// Runs the usual methods.
fn baselines(python: &Path, days: &Path, out: &Path) -> Result<()> {
    let mut command = Command::new(python);
    command.arg(SCRIPT).arg("--days").arg(days).arg("--out").arg(out);
    let status = command.status().context(format!("run {}", python.display()))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::unavailable(format!(
        "{SCRIPT} ended with {status}; it runs from the project's root and needs the packages of bench/python/requirements.txt"
    )))
}
