//! `flumen learn`: windows of a file through the trainer, as the running Flumen learns.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use flumen_base::wire::{Insight, InsightKind, Phase, Window};
use flumen_base::{Context, Error, Result};
use flumen_learn::{Out, Trainer};
use prost::Message;
use serde_json::json;

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
    /// Directory for anomalies.jsonl and models.pb.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub fn run(args: &Learn) -> Result<()> {
    std::fs::create_dir_all(&args.out).context(format!("make {}", args.out.display()))?;
    let mut found = Found::create(&args.out)?;
    let file = File::open(&args.windows).context(format!("open {}", args.windows.display()))?;
    let mut from = BufReader::new(file);
    let mut trainer = Trainer::new("flumen/file");
    let (began, mut count, mut out) = (Instant::now(), 0_u64, Vec::new());
    while let Some(window) = next(&mut from, count, &args.windows)? {
        trainer.take(0, window);
        count += 1;
        if count.is_multiple_of(STRIDE) {
            trainer.steps(&mut out);
            found.take(&mut out)?;
        }
    }
    trainer.steps(&mut out);
    found.take(&mut out)?;
    let anomalies = found.end()?;
    let (steps, repeats, late) = trainer.counts();
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

/// What is written.
struct Found {
    anomalies: BufWriter<File>,
    models: BufWriter<File>,
    count: u64,
}

impl Found {
    fn create(dir: &Path) -> Result<Found> {
        let open = |name: &str| {
            let path = dir.join(name);
            File::create(&path).map(BufWriter::new).context(format!("write {}", path.display()))
        };
        Ok(Found { anomalies: open("anomalies.jsonl")?, models: open("models.pb")?, count: 0 })
    }

    fn take(&mut self, out: &mut Vec<Out>) -> Result<()> {
        for one in out.drain(..) {
            match one {
                Out::Insight(insight) => self.insight(&insight)?,
                Out::Card(card) => {
                    let bytes = card.encode_length_delimited_to_vec();
                    self.models.write_all(&bytes).context("write models.pb")?;
                }
                Out::Gone(_) => {}
            }
        }
        Ok(())
    }

    /// An anomaly is told when it has ended, with all that it was.
    fn insight(&mut self, insight: &Insight) -> Result<()> {
        if insight.kind() != InsightKind::Anomaly || insight.phase() != Phase::End {
            return Ok(());
        }
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

    fn end(mut self) -> Result<u64> {
        self.anomalies
            .flush()
            .and_then(|()| self.models.flush())
            .context("write what was found")?;
        Ok(self.count)
    }
}
