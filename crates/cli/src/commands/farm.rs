//! `flumen farm`: synthetic footage with exact truth.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use flumen_base::Result;
use flumen_farm::SceneSpec;

use crate::show;

#[derive(Subcommand)]
pub enum Farm {
    /// Make a clip with masks, tracks and events beside it
    ///
    /// Example: flumen farm make "synthetic:street?seed=7&seconds=30" --out /tmp/street
    Make(Make),
}

#[derive(Args)]
pub struct Make {
    /// The scene, as the address of a synthetic camera.
    scene: SceneSpec,
    /// Directory for video.mp4, groundtruth/, tracks.txt and events.json.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub fn run(command: Farm) -> Result<()> {
    let Farm::Make(args) = command;
    let bar = show::bar("frames");
    flumen_farm::make(&args.scene, &args.out, &mut |done, total| {
        bar.set_length(total.into());
        bar.set_position(done.into());
    })?;
    bar.finish_and_clear();
    println!("{} written to {}", args.scene, args.out.display());
    Ok(())
}
