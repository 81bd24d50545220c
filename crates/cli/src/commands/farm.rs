//! `flumen farm`: synthetic footage and simulated days with exact truth.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use flumen_base::{Error, Result};
use flumen_farm::SceneSpec;
use flumen_farm::days::{self, Days, DaysSpec, Kind};
use flumen_lab::learn;
use serde_json::json;

use crate::show;

#[derive(Subcommand)]
pub enum Farm {
    /// Make a clip with masks, tracks and events beside it
    ///
    /// Example: flumen farm make "synthetic:street?seed=7&seconds=30" --out /tmp/street
    Make(Make),
    /// Make simulated days of cameras, with planted anomalies and all truth beside them
    ///
    /// Example: flumen farm days --seed 7 --days 7 --cameras 3 --form windows --out /tmp/days
    Days(DaysArgs),
    /// Fit the noise model of windows on days of pixels, and print its constants
    ///
    /// Example: flumen farm fit --days /tmp/pixels
    Fit(Fit),
}

#[derive(Args)]
pub struct Fit {
    /// Days that `flumen farm days --form pixels` made.
    #[arg(long, value_name = "DIR")]
    days: PathBuf,
}

#[derive(Args)]
pub struct Make {
    /// The scene, as the address of a synthetic camera.
    scene: SceneSpec,
    /// Directory for video.mp4, groundtruth/, tracks.txt and events.json.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// What stands beside the truth.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Nothing: rates, visits, anomalies and paths alone.
    Truth,
    /// Windows made from the truth through a noise model.
    Windows,
    /// Windows of pictures: drawn at 320x180 and 5 a second, coded, analysed as a camera's.
    Pixels,
}

#[derive(Args)]
pub struct DaysArgs {
    /// All that is drawn by chance follows from it.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many days, from local midnight to local midnight.
    #[arg(long, default_value_t = 7)]
    days: u32,
    /// How many cameras: lobby, street and yard in turn.
    #[arg(long, default_value_t = 3)]
    cameras: u32,
    /// What to make.
    #[arg(long, value_enum, default_value = "windows")]
    form: Form,
    /// Directory for days.json and the files beside it.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Directory for the coded pictures of --form pixels, which are kept and used again.
    #[arg(long, value_name = "DIR", default_value = "target/days")]
    cache: PathBuf,
    /// Windows go to standard output instead of windows.pb.
    #[arg(long)]
    pipe: bool,
    /// The first day.
    #[arg(long, value_name = "DATE", default_value = "2026-03-23")]
    from: String,
    /// IANA name of the cameras' time zone.
    #[arg(long, value_name = "ZONE", default_value = "Europe/Berlin")]
    time_zone: String,
    /// Group that the cameras are learned with; "site" when not given.
    #[arg(long, value_name = "NAME", default_value = "")]
    group: String,
    /// Days at the beginning without anomalies.
    #[arg(long, value_name = "N", default_value_t = 3)]
    quiet_days: u32,
    /// Anomalies a camera-day after that.
    #[arg(long, value_name = "N", default_value_t = 2)]
    anomalies: u32,
    /// Kinds to plant, with commas; the seven named ones when not given, rush and large besides.
    #[arg(long, value_name = "KINDS", value_delimiter = ',')]
    kinds: Vec<Kind>,
    /// No camera drifts towards failure.
    #[arg(long)]
    no_drift: bool,
}

pub fn run(command: Farm) -> Result<()> {
    match command {
        Farm::Make(args) => make(&args),
        Farm::Days(args) => make_days(&args),
        Farm::Fit(args) => {
            println!("{:#?}", days::fit(&args.days)?);
            Ok(())
        }
    }
}

fn make(args: &Make) -> Result<()> {
    let bar = show::bar("frames");
    flumen_farm::make(&args.scene, &args.out, &mut |done, total| {
        bar.set_length(total.into());
        bar.set_position(done.into());
    })?;
    bar.finish_and_clear();
    println!("{} written to {}", args.scene, args.out.display());
    Ok(())
}

fn make_days(args: &DaysArgs) -> Result<()> {
    let spec = DaysSpec {
        seed: args.seed,
        cameras: args.cameras,
        from: args.from.clone(),
        days: args.days,
        time_zone: args.time_zone.clone(),
        group: args.group.clone(),
        quiet_days: args.quiet_days,
        per_day: args.anomalies,
        kinds: args.kinds.clone(),
        drift: !args.no_drift,
    };
    let mut made = Days::new(&spec)?;
    let form = match args.form {
        Form::Truth if args.pipe => {
            return Err(Error::invalid("--pipe writes windows: leave out --form truth"));
        }
        Form::Truth => json!({"form": "truth"}),
        Form::Windows => windows(args, &mut made)?,
        Form::Pixels => pixels(args, &mut made)?,
    };
    days::write_truth(&made, &args.out, &form)?;
    let planted: usize = made.cameras.iter().map(|c| c.anomalies.len()).sum();
    let visits: u64 = made.cameras.iter().flat_map(|c| &c.hours).map(|h| h.visits).sum();
    // Standard output may hold the windows.
    eprintln!(
        "{} cameras, {} days from {} ({}): {visits} visits, {planted} anomalies; truth in {}",
        spec.cameras,
        spec.days,
        spec.from,
        spec.time_zone,
        args.out.display()
    );
    Ok(())
}

/// Windows from truth, into a file or a pipe.
fn windows(args: &DaysArgs, made: &mut Days) -> Result<serde_json::Value> {
    let bar = show::bar("windows");
    let mut progress = |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let before = flumen_lab::cpu::exact_us() / 1e6;
    let written = match args.pipe {
        true => days::write_windows(made, std::io::stdout().lock(), &mut progress)?,
        false => days::write_windows(made, days::create_windows(&args.out)?, &mut progress)?,
    };
    bar.finish_and_clear();
    let cpu_s = flumen_lab::cpu::exact_us() / 1e6 - before;
    eprintln!("{written} windows, {:.0} a CPU second", written as f64 / cpu_s.max(0.001));
    Ok(json!({"form": "windows", "windows": written, "cpu_s": cpu_s}))
}

/// Windows of pictures, into a file or a pipe.
fn pixels(args: &DaysArgs, made: &mut Days) -> Result<serde_json::Value> {
    let bar = show::bar("camera-days");
    let mut progress = |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    };
    let cost = match args.pipe {
        true => learn::pixel_windows(made, &args.cache, std::io::stdout().lock(), &mut progress)?,
        false => {
            let file = days::create_windows(&args.out)?;
            learn::pixel_windows(made, &args.cache, file, &mut progress)?
        }
    };
    bar.finish_and_clear();
    eprintln!(
        "{} windows of {} pictures, {} of quiet seconds that were not drawn; {:.0} s of CPU to draw, {:.0} s to analyse: {:.0} x real time",
        cost.windows, cost.pictures, cost.filled, cost.drawing_s, cost.analysis_s, cost.times_real
    );
    Ok(json!({"form": "pixels", "cost": cost}))
}
