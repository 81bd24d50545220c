//! `flumen analyze`: a file through the analyzer that cameras go through.

use std::path::PathBuf;

use clap::Args;
use flumen_base::{Error, Result};
use flumen_lab::AnalyzeOptions;
use flumen_media::Interrupt;

use crate::show;

/// Analyse a file the way a camera is analysed
///
/// Example: flumen analyze clip.mp4 --out results --masks
#[derive(Args)]
pub struct Analyze {
    /// The file.
    file: PathBuf,
    /// Directory for summary.json, frames.jsonl, events.jsonl and tracks.txt.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Also write masks/NNNNNN.png, one a decoded frame.
    #[arg(long)]
    masks: bool,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Analyze) -> Result<()> {
    let bar = show::counter("access units");
    let options = AnalyzeOptions { masks: args.masks, ..AnalyzeOptions::new()? };
    let summary =
        flumen_lab::analyze(&args.file, &args.out, &options, &Interrupt::new(), &mut |done| {
            bar.set_position(done)
        })?;
    bar.finish_and_clear();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&summary).expect("a summary is plain data"));
    } else {
        println!(
            "{} frames, {} decoded, {:.2} s of CPU; results in {}",
            summary.frames,
            summary.decoded,
            summary.cpu_s,
            args.out.display()
        );
    }
    match summary.broken {
        Some(why) => Err(Error::data_loss(format!(
            "{} was read up to its damage: {why}",
            args.file.display()
        ))),
        None => Ok(()),
    }
}
