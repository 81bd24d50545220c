//! `flumen learn`: windows of a file through the trainer, as the running Flumen learns.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use flumen_base::wire::model_card::Parameters;
use flumen_base::wire::{Insight, InsightKind, Patterns, Phase, Window};
use flumen_base::{Context, Error, Result};
use flumen_learn::{LearnConfig, Out, Trainer};
use prost::Message;
use serde_json::json;

use crate::config::Config;
use crate::history::History;
use crate::settings;

/// The longest window: far above what a schema holds.
const MOST_BYTES: usize = 1 << 20;
/// Windows from one look for complete steps to the next.
const STRIDE: u64 = 1000;

/// Learn from a file of windows, and tell what is not as usual in it
///
/// Example: flumen learn --windows /tmp/days/windows.pb --out /tmp/found
#[derive(Args)]
pub struct Learn {
    /// Windows, each behind its length as a varint, as `flumen farm days` writes them.
    #[arg(long, value_name = "FILE")]
    windows: PathBuf,
    /// Directory for models.pb and what `flumen bench learn` scores: anomalies, forecasts,
    /// warnings and paths, each a .jsonl.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Data directory of a site that does not run: it begins with what is learned here.
    #[arg(long, value_name = "DIR")]
    into: Option<PathBuf>,
}

pub fn run(args: &Learn) -> Result<()> {
    std::fs::create_dir_all(&args.out).context(format!("make {}", args.out.display()))?;
    let mut found = Found::create(&args.out)?;
    let file = File::open(&args.windows).context(format!("open {}", args.windows.display()))?;
    let mut from = BufReader::new(file);
    let site = |data: &PathBuf| Config::load(None, data).map(|c| settings::learn(data, &c));
    let site = args.into.as_ref().map(site).transpose()?;
    let mut trainer =
        Trainer::new(site.as_ref().map_or("flumen/file".into(), LearnConfig::lineage).as_str());
    let (began, mut count, mut out) = (Instant::now(), 0_u64, Vec::new());
    let mut history = History::default();
    let keep = |history: &mut History, out: &[Out]| {
        if site.is_some() {
            history.take(out);
        }
    };
    while let Some(window) = next(&mut from, count, &args.windows)? {
        trainer.take(0, window);
        count += 1;
        if count.is_multiple_of(STRIDE) {
            trainer.steps(&mut out);
            keep(&mut history, &out);
            found.take(&mut out)?;
        }
    }
    trainer.steps(&mut out);
    keep(&mut history, &out);
    found.take(&mut out)?;
    let anomalies = found.end()?;
    let (steps, repeats, late) = trainer.counts();
    if let Some(site) = site {
        flumen_learn::begin_from(&site, trainer, history.drain())?;
    }
    let seconds = began.elapsed().as_secs_f64().max(1e-3);
    println!(
        "{count} windows in {seconds:.1} s ({:.0}/s), {steps} steps, {repeats} repeats, {late} late, {anomalies} anomalies in {}",
        count as f64 / seconds,
        args.out.join("anomalies.jsonl").display()
    );
    Ok(())
}

/// The next window of a file.
fn next(from: &mut impl Read, number: u64, path: &Path) -> Result<Option<Window>> {
    let bad = |what: String| Error::invalid(format!("{}: window {number}: {what}", path.display()));
    let mut length = 0_usize;
    for shift in (0..28).step_by(7) {
        let mut byte = [0];
        if from.read(&mut byte).context(format!("read {}", path.display()))? == 0 {
            return if shift == 0 {
                Ok(None)
            } else {
                Err(bad("the file ends in its length".into()))
            };
        }
        length |= usize::from(byte[0] & 0x7f) << shift;
        if byte[0] & 0x80 == 0 {
            break;
        }
    }
    if length > MOST_BYTES {
        return Err(bad(format!("{length} bytes long; at most {MOST_BYTES}")));
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes).map_err(|_| bad("the file ends in it".into()))?;
    Window::decode(bytes.as_slice()).map(Some).map_err(|e| bad(e.to_string()))
}

/// What is written: a file for each kind of answer that `flumen bench learn` scores, and all cards.
struct Found {
    anomalies: BufWriter<File>,
    forecasts: BufWriter<File>,
    warnings: BufWriter<File>,
    paths: BufWriter<File>,
    models: BufWriter<File>,
    /// The newest of each camera.
    patterns: BTreeMap<String, Patterns>,
    count: u64,
}

impl Found {
    fn create(dir: &Path) -> Result<Found> {
        let open = |name: &str| {
            let path = dir.join(name);
            File::create(&path).map(BufWriter::new).context(format!("write {}", path.display()))
        };
        Ok(Found {
            anomalies: open("anomalies.jsonl")?,
            forecasts: open("forecasts.jsonl")?,
            warnings: open("warnings.jsonl")?,
            paths: open("paths.jsonl")?,
            models: open("models.pb")?,
            patterns: BTreeMap::new(),
            count: 0,
        })
    }

    fn take(&mut self, out: &mut Vec<Out>) -> Result<()> {
        for one in out.drain(..) {
            match one {
                Out::Insight(insight) => self.insight(&insight)?,
                Out::Card(card) => {
                    let bytes = card.encode_length_delimited_to_vec();
                    self.models.write_all(&bytes).context("write models.pb")?;
                    if let Some(Parameters::Patterns(patterns)) = card.parameters {
                        self.patterns.insert(card.scope, patterns);
                    }
                }
                Out::Gone(_) => {}
            }
        }
        Ok(())
    }

    fn insight(&mut self, insight: &Insight) -> Result<()> {
        match (insight.kind(), insight.phase()) {
            (InsightKind::Anomaly, Phase::End) => self.anomaly(insight),
            (InsightKind::Forecast, _) => self.forecast(insight),
            (InsightKind::Health, Phase::Begin) => {
                let line = json!({
                    "camera": insight.camera,
                    "begin_us": insight.begin_us,
                    "end_us": insight.end_us,
                    "kind": insight.dimension,
                    "text": insight.text,
                });
                writeln!(self.warnings, "{line}").context("write warnings.jsonl")
            }
            _ => Ok(()),
        }
    }

    /// An anomaly is told when it has ended, with all that it was.
    fn anomaly(&mut self, insight: &Insight) -> Result<()> {
        self.count += 1;
        let leading = insight.oddities.first();
        let line = json!({
            "camera": insight.camera,
            "begin_us": insight.begin_us,
            "end_us": insight.end_us,
            "kind": leading.map_or("", |o| o.dimension.as_str()),
            "score": leading.map_or(0.0, |o| o.score / o.threshold),
            "text": insight.text,
        });
        writeln!(self.anomalies, "{line}").context("write anomalies.jsonl")
    }

    /// Of a forecast the first hour and the last.
    fn forecast(&mut self, insight: &Insight) -> Result<()> {
        let to_come = || insight.ahead.iter().filter(|step| step.came.is_none());
        for step in to_come().next().into_iter().chain(to_come().nth(23)) {
            let line = json!({
                "camera": insight.camera,
                "at_us": insight.begin_us,
                "begin_us": step.begin_us,
                "end_us": step.end_us,
                "value": step.value,
                "low": step.low,
                "high": step.high,
            });
            writeln!(self.forecasts, "{line}").context("write forecasts.jsonl")?;
        }
        Ok(())
    }

    fn end(mut self) -> Result<u64> {
        for (camera, patterns) in &self.patterns {
            for path in &patterns.paths {
                let line =
                    json!({"camera": camera, "places": path.places, "support": path.support});
                writeln!(self.paths, "{line}").context("write paths.jsonl")?;
            }
        }
        let mut all =
            [self.anomalies, self.forecasts, self.warnings, self.paths, self.models].into_iter();
        all.try_for_each(|mut file| file.flush()).context("write what was found")?;
        Ok(self.count)
    }
}
