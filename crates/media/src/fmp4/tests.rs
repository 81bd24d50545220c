//! Round trips through our reader and through libavformat, cut tails, hostile bytes.

use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::testing::{Dribble, clip, read_all, small, units};
use crate::{Demuxer, EncoderConfig, Interrupt, Open, StdinFormat};

/// Init segment and one fragment a GOP.
fn file(tracks: &[TrackConfig], samples: &[Sample]) -> Vec<u8> {
    let mut out = init_at(tracks, 1_700_000_000_000_000).unwrap().to_vec();
    let mut gop: Vec<Sample> = Vec::new();
    let mut sequence = 0;
    for sample in samples {
        if sample.key && sample.track == 0 && !gop.is_empty() {
            sequence += 1;
            out.extend(fragment(sequence, tracks, &gop).unwrap());
            gop.clear();
        }
        gop.push(sample.clone());
    }
    out.extend(fragment(sequence + 1, tracks, &gop).unwrap());
    out
}

fn sound_info() -> Arc<TrackInfo> {
    Arc::new(TrackInfo {
        codec: Codec::Aac,
        sample_rate_hz: 48_000,
        channels: 2,
        config: Bytes::from_static(&[0x11, 0x90]),
        ..TrackInfo::default()
    })
}

fn sound_samples(until_us: i64) -> Vec<Sample> {
    (0..)
        .map(|n| 1_000_000 + n * 64_000 / 3)
        .take_while(|&at| at < until_us)
        .map(|at| Sample {
            track: 1,
            pts_us: at,
            dts_us: at,
            duration_us: 21_333,
            key: true,
            data: Bytes::from_static(&[0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c]),
        })
        .collect()
}

fn all(bytes: &[u8]) -> Vec<Unit> {
    let mut reader = Reader::open(bytes).unwrap();
    let mut out = Vec::new();
    while let Some(unit) = reader.next_unit().unwrap() {
        out.push(unit);
    }
    assert_eq!(reader.missing(), None);
    assert_eq!(reader.base_us(), Some(1_700_000_000_000_000));
    out
}

fn codecs() -> [(Codec, EncoderConfig); 4] {
    [(Codec::H264, 0), (Codec::H264, 2), (Codec::H265, 2), (Codec::Mjpeg, 0)]
        .map(|(codec, b)| (codec, small(codec, b)))
}

#[test]
fn units_come_back_byte_for_byte() {
    for (codec, config) in codecs() {
        let wrote = units(codec, &clip(&config, 25));
        let track = TrackConfig::video(&wrote[0].info, &wrote[0].data).unwrap();
        let samples: Vec<_> = wrote.iter().map(|unit| Sample::of(unit, 0, 0)).collect();
        let read = all(&file(std::slice::from_ref(&track), &samples));
        assert_eq!(read.len(), wrote.len(), "{codec:?}");
        for (read, wrote) in read.iter().zip(&wrote) {
            let times = |u: &Unit| (u.pts_us, u.dts_us, u.key, u.parameter_hash);
            assert_eq!(times(read), times(wrote), "{codec:?}");
            let nals = |u: &Unit| nal::units(&u.data).map(<[u8]>::to_vec).collect::<Vec<_>>();
            assert_eq!(nals(read), nals(wrote), "{codec:?}");
        }
        assert!(read[0].key && read[0].info.width == 160);
    }
}

#[test]
fn libavformat_reads_the_same_times_and_sound() {
    for (codec, config) in codecs() {
        let wrote = units(codec, &clip(&config, 25));
        let tracks = [
            TrackConfig::video(&wrote[0].info, &wrote[0].data).unwrap(),
            TrackConfig::audio(&sound_info()).unwrap(),
        ];
        let mut samples: Vec<_> = wrote.iter().map(|unit| Sample::of(unit, 0, 0)).collect();
        samples.extend(sound_samples(2_000_000));
        samples.sort_by_key(|s| s.dts_us);
        let bytes = file(&tracks, &samples);
        let read = Box::new(Dribble(Cursor::new(bytes.clone())));
        let (open, stop) = (Open::default(), Interrupt::new());
        let mut demuxer = Demuxer::from_reader(read, StdinFormat::Mp4, &open, &stop).unwrap();
        assert_eq!(demuxer.tracks().len(), 2, "{codec:?}");
        assert_eq!(demuxer.tracks()[1].config, sound_info().config);
        let (sound, video): (Vec<_>, Vec<_>) =
            read_all(&mut demuxer).into_iter().partition(|unit| unit.audio);
        let times =
            |units: &[Unit]| units.iter().map(|u| (u.pts_us, u.dts_us, u.key)).collect::<Vec<_>>();
        assert_eq!(times(&video), times(&wrote), "{codec:?}");
        assert_eq!(sound.len(), sound_samples(2_000_000).len());
        // Our reader finds the sound as well.
        assert_eq!(all(&bytes).iter().filter(|unit| unit.audio).count(), sound.len());
    }
}

#[test]
fn a_file_cut_anywhere_gives_what_is_whole_and_says_what_is_missing() {
    let wrote = units(Codec::H264, &clip(&small(Codec::H264, 0), 20));
    let track = TrackConfig::video(&wrote[0].info, &wrote[0].data).unwrap();
    let samples: Vec<_> = wrote.iter().map(|unit| Sample::of(unit, 0, 0)).collect();
    let bytes = file(std::slice::from_ref(&track), &samples);
    let start = init_at(&[track], 0).unwrap().len();
    let mut most = 0;
    for end in (start..bytes.len()).step_by(13) {
        let mut reader = Reader::open(&bytes[..end]).unwrap();
        let mut count = 0;
        while let Some(unit) = reader.next_unit().unwrap() {
            assert_eq!(unit.pts_us, wrote[count].pts_us);
            count += 1;
        }
        assert!(count >= most && count < wrote.len());
        most = count;
        let whole = reader.missing().is_none();
        assert!(!whole || end == start || count == 10, "cut at {end}: {count} units");
    }
    assert_eq!(most, wrote.len() - 1);
    assert!(Reader::open(&bytes[..start / 2]).is_err());
}

#[test]
fn other_parameter_sets_stay_in_their_sample() {
    let first = units(Codec::H264, &clip(&small(Codec::H264, 0), 1));
    let config = EncoderConfig { width: 320, height: 192, ..small(Codec::H264, 0) };
    let second = units(Codec::H264, &clip(&config, 1));
    let tracks = [TrackConfig::video(&first[0].info, &first[0].data).unwrap()];
    let mut samples = [Sample::of(&first[0], 0, 0), Sample::of(&second[0], 0, 0)];
    samples[1].dts_us += 40_000;
    samples[1].pts_us += 40_000;
    let read = all(&file(&tracks, &samples));
    assert_eq!(nal::size(Codec::H264, &read[0].data), Some((160, 96)));
    assert_eq!(nal::size(Codec::H264, &read[1].data), Some((320, 192)));
    assert_ne!(read[0].parameter_hash, read[1].parameter_hash);
    assert_eq!(read[1].parameter_hash, second[0].parameter_hash);
}

#[test]
fn what_cannot_be_written_is_refused() {
    let wrote = units(Codec::H264, &clip(&small(Codec::H264, 0), 2));
    let track = TrackConfig::video(&wrote[0].info, &wrote[0].data).unwrap();
    assert!(TrackConfig::video(&wrote[0].info, &wrote[1].data).is_err());
    let good = Sample::of(&wrote[0], 0, 0);
    let tracks = [track];
    let refused = |samples: &[Sample]| fragment(1, &tracks, samples).is_err();
    assert!(refused(&[]) && init(&[]).is_err());
    assert!(refused(&[Sample { track: 1, ..good.clone() }]));
    assert!(refused(&[Sample { dts_us: -1, ..good.clone() }]));
    assert!(refused(&[good.clone(), Sample { dts_us: 0, ..good.clone() }]));
    assert!(refused(&[Sample { pts_us: i64::MAX, ..good }]));
    assert_eq!(mime(&tracks), "video/mp4; codecs=\"avc1.42c00b\"");
}

/// The offset of a box's kind, searched from behind.
fn kind_at(bytes: &[u8], kind: &[u8]) -> usize {
    bytes.windows(4).rposition(|w| w == kind).unwrap()
}

#[test]
fn units_before_damage_in_a_fragment_come_before_its_error_and_then_nothing() {
    let wrote = units(Codec::H264, &clip(&small(Codec::H264, 0), 3));
    let track = TrackConfig::video(&wrote[0].info, &wrote[0].data).unwrap();
    let samples: Vec<_> = wrote.iter().map(|unit| Sample::of(unit, 0, 0)).collect();
    let mut bytes = init(std::slice::from_ref(&track)).unwrap().to_vec();
    bytes.extend_from_slice(&fragment(1, &[track], &samples).unwrap());
    // The length before the second sample's NAL unit; its size is in the second row of trun.
    let trun = kind_at(&bytes, b"trun");
    let size = u32::from_be_bytes(*bytes[trun + 20..].first_chunk().unwrap()) as usize;
    let second = kind_at(&bytes, b"mdat") + 4 + size;
    bytes[second] = 0x7f;
    let mut reader = Reader::open(bytes.as_slice()).unwrap();
    assert_eq!(reader.next_unit().unwrap().unwrap().pts_us, wrote[0].pts_us);
    assert_eq!(reader.next_unit().unwrap_err().kind(), flumen_base::Kind::DataLoss);
    assert_eq!(reader.next_unit().unwrap(), None);
}

#[test]
fn samples_that_overlap_or_are_too_many_are_refused() {
    let tracks = [TrackConfig::audio(&sound_info()).unwrap()];
    let head = init(&tracks).unwrap().to_vec();
    let samples = sound_samples(1_500_000).into_iter().map(|s| Sample { track: 0, ..s });
    let good = fragment(1, &tracks, &samples.collect::<Vec<_>>()).unwrap().to_vec();
    let errs = |body: &[u8]| {
        let bytes = [&head, body].concat();
        Reader::open(bytes.as_slice()).unwrap().next_unit().is_err()
    };
    assert!(!errs(&good));
    // The same run once more: each sample is there twice.
    let trun = kind_at(&good, b"trun") - 4;
    let length = u32::from_be_bytes(*good[trun..].first_chunk().unwrap());
    let mut twice = good.clone();
    let again = good[trun..trun + length as usize].to_vec();
    twice.splice(trun..trun, again);
    for kind in [b"moof", b"traf"] {
        let at = kind_at(&twice, kind) - 4;
        let size = u32::from_be_bytes(*twice[at..].first_chunk().unwrap()) + length;
        twice[at..at + 4].copy_from_slice(&size.to_be_bytes());
    }
    let at = trun + 16;
    for at in [at, at + length as usize] {
        let offset = u32::from_be_bytes(*twice[at..].first_chunk().unwrap()) + length;
        twice[at..at + 4].copy_from_slice(&offset.to_be_bytes());
    }
    assert!(errs(&twice));
    // A run without fields: twenty bytes for four thousand empty samples.
    let mut empty = good.clone();
    empty[trun + 9..trun + 12].copy_from_slice(&[0, 0, 1]);
    empty[trun + 12..trun + 16].copy_from_slice(&4096u32.to_be_bytes());
    assert!(errs(&empty));
}

fn drain(bytes: &[u8]) {
    if let Ok(mut reader) = Reader::open(bytes) {
        while let Ok(Some(_)) = reader.next_unit() {}
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        drain(&bytes);
    }

    #[test]
    fn no_changed_bytes_make_the_reader_panic(
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8)) {
        static FILE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let mut bytes = FILE.get_or_init(|| {
            let wrote = units(Codec::H264, &clip(&small(Codec::H264, 0), 3));
            let tracks = [
                TrackConfig::video(&wrote[0].info, &wrote[0].data).unwrap(),
                TrackConfig::audio(&sound_info()).unwrap(),
            ];
            let mut samples: Vec<_> = wrote.iter().map(|u| Sample::of(u, 0, 0)).collect();
            samples.extend(sound_samples(1_100_000));
            file(&tracks, &samples)
        }).clone();
        let tables = bytes.len().min(1400); // the boxes, rather than the pictures
        for (at, value) in changes {
            bytes[at.index(tables)] = value;
        }
        drain(&bytes);
    }

    #[test]
    fn any_times_and_sizes_come_back(
        steps in proptest::collection::vec((0u32..5_000_000, -2_000_000i32..2_000_000, any::<bool>(),
            proptest::collection::vec(any::<u8>(), 1..40)), 1..20),
        base in 0i64..(1 << 52)) {
        let tracks = [TrackConfig::audio(&sound_info()).unwrap()];
        let mut dts_us = base;
        let samples: Vec<_> = steps.into_iter().map(|(step, offset, key, data)| {
            dts_us += i64::from(step);
            Sample { track: 0, pts_us: dts_us + i64::from(offset), dts_us, duration_us: step, key,
                data: data.into() }
        }).collect();
        let bytes = [init(&tracks).unwrap(), fragment(1, &tracks, &samples).unwrap()].concat();
        let mut reader = Reader::open(bytes.as_slice()).unwrap();
        for sample in &samples {
            let unit = reader.next_unit().unwrap().unwrap();
            prop_assert_eq!((unit.pts_us, unit.dts_us, unit.key), (sample.pts_us, sample.dts_us, sample.key));
            prop_assert_eq!(&unit.data, &sample.data);
        }
        prop_assert_eq!(reader.next_unit().unwrap(), None);
    }
}
