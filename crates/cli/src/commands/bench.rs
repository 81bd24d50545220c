//! `flumen bench`: figures side by side with their references.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use flumen_base::{Context, Result};
use flumen_farm::SceneSpec;
use flumen_lab::bench::{self, Report};
use flumen_lab::{QualityOptions, gate, gate_visits, quality};
use flumen_media::Interrupt;

use crate::commands::bench_learn::{self, Learn};
use crate::commands::bench_quality::{self, Quality};
use crate::commands::latency;
use crate::show;

/// Measure speed and quality against references
///
/// Example: flumen bench --out target/bench --footage FOLDER
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Bench {
    #[command(subcommand)]
    only: Option<Only>,
    /// Directory for report.json.
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    out: PathBuf,
    /// Footage with truth, as docs/ref/footage.md describes; the farm's own when not given.
    #[arg(long, value_name = "DIR")]
    footage: Option<PathBuf>,
    /// Pairs measured of each comparison; 0 leaves speed out.
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// Only the latency of a running system, on a machine that does nothing else.
    #[arg(long)]
    latency: bool,
    /// Only what the gate costs: clips with activity 1, 10, 50 and 100 % of the time.
    #[arg(long)]
    gate: bool,
    /// Only what the gate misses: visits to this many drawn cameras.
    #[arg(long, value_name = "CAMERAS")]
    visits: Option<usize>,
    /// What the cameras of --visits are drawn from.
    #[arg(long, default_value_t = 1, requires = "visits")]
    seed: u64,
}

#[derive(Subcommand)]
enum Only {
    Quality(Quality),
    Learn(Learn),
}

pub fn run(args: &Bench) -> Result<()> {
    match &args.only {
        Some(Only::Quality(quality)) => return bench_quality::run(quality),
        Some(Only::Learn(learn)) => return bench_learn::run(learn),
        None => (),
    }
    if args.latency {
        println!("{:#}", latency::measure(&args.out)?);
        return Ok(());
    }
    let stop = Interrupt::new();
    let mut report = Report::new(env!("CARGO_PKG_VERSION"));
    if args.gate {
        report.gate = gated(args, &stop)?;
    }
    if let Some(cameras) = args.visits {
        let mut each = |row: &gate_visits::Recall| {
            print_row(&gate_visits::visits_table(std::slice::from_ref(row)))
        };
        let dir = args.out.join("gate");
        report.visits = gate_visits::visits(&dir, (cameras, args.seed), &stop, &mut each)?;
    }
    if args.gate || args.visits.is_some() {
        return told(&report, args);
    }
    let clips = if args.runs == 0 { Vec::new() } else { clips(args)? };
    let bar = show::bar("pairs of decode and analysis");
    report.speed = bench::speed(&clips, args.runs, &stop, &mut |done, all| {
        bar.set_length(all.into());
        bar.set_position(done.into());
    })?;
    bar.finish_and_clear();
    if args.runs > 0 {
        report.more.insert("latency".into(), latency::measure(&args.out)?);
    }
    if let Some(footage) = &args.footage {
        let bar = show::counter("frames scored");
        let scores = quality(footage, &QualityOptions::default(), &stop, &mut |_, done, _| {
            bar.set_position(done)
        })?;
        bar.finish_and_clear();
        report.quality = Some(scores);
    }
    told(&report, args)
}

/// Writes the report and shows it.
fn told(report: &Report, args: &Bench) -> Result<()> {
    report.write(&args.out)?;
    print!("{}", report.table());
    println!("\n{}", args.out.join("report.json").display());
    Ok(())
}

/// A street that is quiet for a while, in each mode of the gate.
fn gated(args: &Bench, stop: &Interrupt) -> Result<Vec<gate::Gated>> {
    let spec: SceneSpec = "synthetic:street?seed=5&size=1920x1080&fps=25&seconds=14".parse()?;
    let bar = show::bar("frames of a clip to measure with");
    let dir = args.out.join("gate");
    let clips = gate::clips(&spec, &dir, &mut |done, all| {
        bar.set_length(all.into());
        bar.set_position(done.into());
    })?;
    bar.finish_and_clear();
    gate::gated(&clips, args.runs, stop, &mut |row| {
        print_row(&gate::gate_table(std::slice::from_ref(row)))
    })
}

/// Shows a row as soon as it is known; the whole table comes at the end.
fn print_row(table: &str) {
    table.lines().skip(2).for_each(|line| println!("{line}"));
}

/// The footage's clips of 1080 lines, or two that the farm makes once.
fn clips(args: &Bench) -> Result<Vec<PathBuf>> {
    if let Some(footage) = &args.footage {
        let dir = footage.join("clips");
        let mut found: Vec<PathBuf> = std::fs::read_dir(&dir)
            .context(format!("read {}", dir.display()))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.to_string_lossy().contains("1080p"))
            .collect();
        found.sort();
        return Ok(found);
    }
    let make = |codec: &str| {
        let spec: SceneSpec =
            format!("synthetic:street?seed=5&size=1920x1080&fps=25&seconds=8&codec={codec}")
                .parse()?;
        let dir = args.out.join(format!("street-{codec}"));
        let video = dir.join("video.mp4");
        if !video.exists() {
            let bar = show::bar("frames of a clip to measure with");
            flumen_farm::make(&spec, &dir, &mut |done, all| {
                bar.set_length(all.into());
                bar.set_position(done.into());
            })?;
            bar.finish_and_clear();
        }
        Ok(video)
    };
    Ok(vec![make("h264")?, make("h265")?])
}
