//! Makes a scene with its truth: `cargo run -p flumen-farm --example make -- OUT ADDRESS`.
#![allow(clippy::print_stdout)]

use flumen_base::{Error, Result};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let missing = || Error::invalid("usage: make OUT ADDRESS");
    let out = std::path::PathBuf::from(args.next().ok_or_else(missing)?);
    let spec = args.next().ok_or_else(missing)?.parse()?;
    let begun = std::time::Instant::now();
    let made = flumen_farm::make(&spec, &out, &mut |_, _| ())?;
    println!("{made:?} in {:?}", begun.elapsed());
    Ok(())
}
