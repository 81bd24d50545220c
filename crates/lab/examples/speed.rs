//! Analysis beside FFmpeg's decoding: `cargo run --release -p flumen-lab --example speed -- ROUNDS CLIP...`.
#![allow(clippy::print_stdout)]

use flumen_base::{Error, Result};
use flumen_lab::bench::{Report, speed};
use flumen_media::Interrupt;

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let rounds = args
        .next()
        .and_then(|n| n.parse().ok())
        .ok_or_else(|| Error::invalid("usage: speed ROUNDS CLIP..."))?;
    let clips: Vec<_> = args.map(Into::into).collect();
    let mut report = Report::new(env!("CARGO_PKG_VERSION"));
    report.speed = speed(&clips, rounds, &Interrupt::new(), &mut |_, _| ())?;
    println!("{}", report.table());
    Ok(())
}
