//! Decodes a file and prints what it found: `cargo run -p flumen-media --example decode FILE`.

#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;

use flumen_base::Result;
use flumen_media::{Decoded, Decoder, Demuxed, Demuxer, Interrupt, Limits, Open};

#[derive(Default)]
struct Seen {
    frames: u32,
    keys: u32,
    damaged: u32,
    errors: u32,
    sizes: BTreeMap<(usize, usize), u32>,
}

fn main() -> Result<()> {
    let path = std::env::args_os().nth(1).unwrap_or_default();
    let stop = Interrupt::new();
    let mut demuxer = Demuxer::open_file(path.as_ref(), &Open::default(), &stop)?;
    println!("{} {:?}", demuxer.container(), demuxer.tracks());
    let mut decoder: Option<Decoder> = None;
    let mut seen = Seen::default();
    let (mut units, mut audio) = (0u64, 0u64);
    while let Demuxed::Unit(unit) = demuxer.read()? {
        if unit.audio {
            audio += 1;
            continue;
        }
        let decoder = match &mut decoder {
            Some(decoder) => decoder,
            none => {
                let mut opened = Decoder::open(unit.info.codec, &Limits::default())?;
                opened.set_reorder_depth(unit.info.reorder_depth.unwrap_or(0));
                none.insert(opened)
            }
        };
        seen.errors += u32::from(decoder.push(&unit.data, unit.pts_us, units).is_err());
        take(decoder, &mut seen);
        units += 1;
    }
    if let Some(decoder) = &mut decoder {
        decoder.finish()?;
        take(decoder, &mut seen);
    }
    println!(
        "units {units} audio {audio} frames {} keys {} damaged {} errors {} sizes {:?}",
        seen.frames, seen.keys, seen.damaged, seen.errors, seen.sizes
    );
    Ok(())
}

fn take(decoder: &mut Decoder, seen: &mut Seen) {
    loop {
        match decoder.next() {
            Ok(Decoded::Frame(decoded)) => {
                seen.frames += 1;
                seen.keys += u32::from(decoded.key);
                seen.damaged += u32::from(decoded.damaged);
                let luma = decoded.frame.luma;
                *seen.sizes.entry((luma.width, luma.height)).or_default() += 1;
            }
            Ok(_) => return,
            Err(_) => seen.errors += 1,
        }
    }
}
