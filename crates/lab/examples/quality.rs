//! Scores a folder of footage: `cargo run --release -p flumen-lab --example quality -- DIR`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use flumen_base::{Error, Result};
use flumen_lab::{QualityOptions, quality};
use flumen_media::Interrupt;

fn main() -> Result<()> {
    let dir = std::env::args().nth(1).ok_or_else(|| Error::invalid("usage: quality DIR"))?;
    let mut last = String::new();
    let scores =
        quality(dir.as_ref(), &QualityOptions::default(), &Interrupt::new(), &mut |clip, _, _| {
            if clip != last {
                eprintln!("{clip}");
                last = clip.into();
            }
        })?;
    println!("{}", scores.table());
    Ok(())
}
