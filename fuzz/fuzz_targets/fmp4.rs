//! A fragmented MP4 of any kind is read to its end in bounded memory; and what our writer makes of
//! any access units comes back.
#![no_main]

use std::io::Cursor;
use std::sync::Arc;

use bytes::Bytes;
use flumen_base::wire::Codec;
use flumen_media::fmp4::{Reader, Sample, TrackConfig, fragment, init};
use flumen_media::{TrackInfo, nal};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&how, rest)) = data.split_first() else { return };
    match how {
        b'4' => there_and_back(Codec::H264, rest),
        b'5' => there_and_back(Codec::H265, rest),
        // Files begin with the size of their first box.
        _ => read(data),
    }
});

fn read(data: &[u8]) {
    let Ok(mut reader) = Reader::open(Cursor::new(data)) else { return };
    let sets: usize =
        reader.tracks().iter().flat_map(|t| &t.parameter_sets).map(|set| set.len() + 4).sum();
    let (mut bytes, mut units) = (0, 0);
    while let Ok(Some(unit)) = reader.next_unit() {
        let own = if unit.key { unit.data.len().saturating_sub(sets) } else { unit.data.len() };
        bytes += own;
        units += 1;
        assert!(bytes <= data.len(), "{units} units have {bytes} bytes, the file {}", data.len());
    }
    assert!(matches!(reader.next_unit(), Ok(None)), "the end stays the end");
}

/// The first unit is all up to the first slice, then each slice is one.
fn there_and_back(codec: Codec, data: &[u8]) {
    let info = Arc::new(TrackInfo { codec, ..TrackInfo::default() });
    let Ok(track) = TrackConfig::video(&info, data) else { return };
    let mut samples = Vec::new();
    let mut unit = Vec::new();
    for nal in nal::units(data) {
        unit.extend_from_slice(&nal::START_CODE);
        unit.extend_from_slice(nal);
        if nal::kind(codec, nal).is_slice() {
            let at = samples.len() as i64 * 40_000;
            let data = Bytes::from(std::mem::take(&mut unit));
            let key = samples.is_empty();
            samples.push(Sample {
                track: 0,
                pts_us: at,
                dts_us: at,
                duration_us: 40_000,
                key,
                data,
            });
        }
    }
    if samples.is_empty() {
        return;
    }
    let tracks = [track];
    let head = init(&tracks).expect("one track has an init segment");
    let body = fragment(1, &tracks, &samples).expect("samples in order can be written");
    let mut reader =
        Reader::open(Cursor::new([head, body].concat())).expect("what was written can be read");
    for sample in &samples {
        let unit = reader.next_unit().expect("no damage").expect("as many as went in");
        assert_eq!(
            (unit.dts_us, unit.pts_us, unit.key),
            (sample.dts_us, sample.pts_us, sample.key)
        );
        let others = |data: &[u8]| -> Vec<Vec<u8>> {
            let kept = nal::units(data).filter(|nal| !nal::kind(codec, nal).is_parameter_set());
            kept.map(<[u8]>::to_vec).collect()
        };
        assert_eq!(others(&unit.data), others(&sample.data), "pictures come back as they were");
    }
    assert!(matches!(reader.next_unit(), Ok(None)) && reader.missing().is_none(), "and no more");
}
