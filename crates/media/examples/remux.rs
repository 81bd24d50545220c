//! Writes a file's units as fMP4: `cargo run -p flumen-media --example remux IN OUT.mp4`.

use std::io::Write;

use flumen_base::{Context, Error, Result};
use flumen_media::fmp4::{self, Sample, TrackConfig};
use flumen_media::{Demuxed, Demuxer, Interrupt, Open};

fn main() -> Result<()> {
    let mut args = std::env::args_os().skip(1);
    let (from, to) = args
        .next()
        .zip(args.next())
        .ok_or_else(|| Error::invalid("say which file to read and which to write"))?;
    let mut demuxer = Demuxer::open_file(from.as_ref(), &Open::default(), &Interrupt::new())?;
    let mut out = std::fs::File::create(to).context("create the file")?;
    let (mut tracks, mut gop, mut base_us) = (Vec::new(), Vec::new(), None);
    let mut sequence = 0;
    while let Demuxed::Unit(unit) = demuxer.read()? {
        if tracks.is_empty() {
            if unit.audio || !unit.key {
                continue; // a file begins with a key picture
            }
            tracks.push(TrackConfig::video(&unit.info, &unit.data)?);
            if let Some(sound) = demuxer.tracks().get(1) {
                tracks.push(TrackConfig::audio(sound)?);
            }
            out.write_all(&fmp4::init_at(&tracks, unit.dts_us)?).context("write")?;
        } else if unit.key && !unit.audio {
            sequence += 1;
            out.write_all(&fmp4::fragment(sequence, &tracks, &gop)?).context("write")?;
            gop.clear();
        }
        let base = *base_us.get_or_insert(unit.dts_us);
        let sample = Sample::of(&unit, u32::from(unit.audio), base);
        if sample.dts_us >= 0 {
            gop.push(sample);
        }
    }
    if !gop.is_empty() {
        out.write_all(&fmp4::fragment(sequence + 1, &tracks, &gop)?).context("write")?;
    }
    Ok(())
}
