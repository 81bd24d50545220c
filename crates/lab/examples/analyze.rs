//! Analyses a file as `flumen analyze` does: `cargo run --release -p flumen-lab --example analyze -- FILE OUT`.
#![allow(clippy::print_stdout)]

use flumen_base::{Error, Result};
use flumen_lab::{AnalyzeOptions, analyze};
use flumen_media::Interrupt;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let missing = || Error::invalid("usage: analyze FILE OUT");
    let (file, out) = (args.next().ok_or_else(missing)?, args.next().ok_or_else(missing)?);
    let options = AnalyzeOptions { masks: true, ..AnalyzeOptions::new()? };
    let summary = analyze(file.as_ref(), out.as_ref(), &options, &Interrupt::new(), &mut |_| ())?;
    println!("{summary:?}");
    Ok(())
}
