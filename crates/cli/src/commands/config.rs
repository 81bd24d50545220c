//! `flumen config`: what is in force, or the commented defaults.

use clap::Args;
use flumen_base::Result;

use crate::{Site, config};

/// Print the configuration in force
///
/// Example: flumen config --default > data/flumen.toml
#[derive(Args)]
pub struct Show {
    /// Print the commented defaults instead.
    #[arg(long)]
    default: bool,
    /// As JSON.
    #[arg(long, conflicts_with = "default")]
    json: bool,
}

pub fn run(site: &Site, args: &Show) -> Result<()> {
    if args.default {
        print!("{}", config::DEFAULT);
        return Ok(());
    }
    let config = site.load()?;
    if args.json {
        println!(
            "{}",
            serde_json::to_string_pretty(&config).expect("a configuration is plain data")
        );
    } else {
        print!("{}", config.print());
    }
    Ok(())
}
