//! Real and odd footage against what FFmpeg makes of it; runs with `FLUMEN_FOOTAGE=DIR` only.

#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::path::Path;

use flumen_media::fmp4::{self, Reader, Sample, TrackConfig};
use flumen_media::{Decoded, Decoder, Demuxed, Demuxer, Interrupt, Limits, Open, Unit};

fn video_of(path: &Path) -> flumen_base::Result<Vec<Unit>> {
    let mut demuxer = Demuxer::open_file(path, &Open::default(), &Interrupt::new())?;
    let mut units = Vec::new();
    while let Demuxed::Unit(unit) = demuxer.read()? {
        units.extend((!unit.audio).then_some(unit));
    }
    Ok(units)
}

fn frames_of(units: &[Unit]) -> usize {
    let Some(first) = units.first() else { return 0 };
    let mut decoder = Decoder::open(first.info.codec, &Limits::default()).unwrap();
    decoder.set_reorder_depth(first.info.reorder_depth.unwrap_or(0));
    let mut frames = 0;
    let mut take = |decoder: &mut Decoder| {
        loop {
            match decoder.next() {
                Ok(Decoded::Frame(_)) => frames += 1,
                Ok(_) => return,
                Err(_) => {}
            }
        }
    };
    for (tag, unit) in units.iter().enumerate() {
        let _ = decoder.push(&unit.data, unit.pts_us, tag as u64);
        take(&mut decoder);
    }
    decoder.finish().unwrap();
    take(&mut decoder);
    frames
}

#[test]
fn odd_streams_give_as_many_pictures_as_ffmpeg() {
    let Some(root) = std::env::var_os("FLUMEN_FOOTAGE") else { return };
    let root = Path::new(&root);
    let oracle = std::fs::read_to_string(root.join("odd/oracle.tsv")).unwrap();
    for line in oracle.lines().skip(1) {
        let fields: Vec<_> = line.split('\t').collect();
        let wanted: usize = fields[2].parse().unwrap();
        let found = video_of(&root.join(fields[0]));
        assert_eq!(found.is_err(), fields[1] != "0", "{}", fields[0]);
        assert_eq!(frames_of(&found.unwrap_or_default()), wanted, "{}", fields[0]);
    }
}

#[test]
fn clips_pass_through_fmp4_unchanged() {
    let Some(root) = std::env::var_os("FLUMEN_FOOTAGE") else { return };
    for entry in std::fs::read_dir(Path::new(&root).join("clips")).unwrap() {
        let path = entry.unwrap().path();
        let units = video_of(&path).unwrap();
        let base = units[0].dts_us;
        let tracks = [TrackConfig::video(&units[0].info, &units[0].data).unwrap()];
        let samples: Vec<_> = units.iter().map(|unit| Sample::of(unit, 0, base)).collect();
        let init = fmp4::init_at(&tracks, base).unwrap();
        let bytes = [init, fmp4::fragment(1, &tracks, &samples).unwrap()].concat();
        let mut reader = Reader::open(bytes.as_slice()).unwrap();
        for unit in &units {
            let read = reader.next_unit().unwrap().unwrap();
            let times = (unit.pts_us - base, unit.dts_us - base, unit.key);
            assert_eq!((read.pts_us, read.dts_us, read.key), times, "{}", path.display());
            assert_eq!(read.parameter_hash, unit.parameter_hash, "{}", path.display());
            assert_eq!(read.data, unit.data, "{}", path.display());
        }
        assert_eq!(reader.next_unit().unwrap(), None);
    }
}
