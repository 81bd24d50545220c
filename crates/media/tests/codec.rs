//! Pictures through encoder and decoder: tags, order, restart, formats, limits, JPEG.

#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use flumen_base::wire::Codec;
use flumen_base::{Frame, Kind, Plane};
use flumen_media::nal::{self, Access};
use flumen_media::{Decoded, Decoder, Encoded, Encoder, EncoderConfig, Limits, jpeg};

const SIZE: (usize, usize) = (160, 96);

/// A grey value for each picture, so that order shows.
fn planes(n: usize) -> (Vec<u8>, Vec<u8>) {
    (vec![40 + n as u8 * 5; SIZE.0 * SIZE.1], vec![128; SIZE.0 * SIZE.1 / 4])
}

fn frame<'a>(planes: &'a (Vec<u8>, Vec<u8>), pts_us: i64) -> Frame<'a> {
    let chroma = Plane::new(&planes.1, SIZE.0 / 2, SIZE.0 / 2, SIZE.1 / 2);
    let luma = Plane::new(&planes.0, SIZE.0, SIZE.0, SIZE.1).unwrap();
    Frame { luma, u: chroma, v: chroma, pts_us }
}

fn clip(codec: Codec, b_frames: u32, count: usize) -> Vec<Encoded> {
    let config = EncoderConfig {
        gop: 8,
        b_frames,
        preset: "ultrafast".into(),
        ..EncoderConfig::new(codec, SIZE.0 as u32, SIZE.1 as u32, 25)
    };
    let mut encoder = Encoder::open(&config).unwrap();
    let mut out = Vec::new();
    for n in 0..count {
        out.extend(encoder.push(&frame(&planes(n), n as i64 * 40_000), false).unwrap());
    }
    out.extend(encoder.finish().unwrap());
    out
}

/// `(tag, pts, middle sample)` of each picture.
fn drain(decoder: &mut Decoder, out: &mut Vec<(u64, i64, u8)>) {
    while let Ok(Decoded::Frame(decoded)) = decoder.next() {
        let luma = decoded.frame.luma;
        out.push((decoded.tag, decoded.frame.pts_us, luma.row(SIZE.1 / 2)[SIZE.0 / 2]));
    }
}

fn decode(codec: Codec, coded: &[Encoded]) -> Vec<(u64, i64, u8)> {
    let mut decoder = Decoder::open(codec, &Limits::default()).unwrap();
    let mut out = Vec::new();
    for (tag, coded) in coded.iter().enumerate() {
        decoder.push(&coded.data, coded.pts_us, tag as u64).unwrap();
        drain(&mut decoder, &mut out);
    }
    decoder.finish().unwrap();
    drain(&mut decoder, &mut out);
    assert!(matches!(decoder.next(), Ok(Decoded::End)));
    out
}

#[test]
fn each_picture_names_the_unit_it_was_decoded_from() {
    for (codec, b_frames) in
        [(Codec::H264, 0), (Codec::H264, 2), (Codec::H265, 0), (Codec::H265, 2), (Codec::Mjpeg, 0)]
    {
        let coded = clip(codec, b_frames, 20);
        let pictures = decode(codec, &coded);
        assert_eq!(pictures.len(), 20, "{codec:?} {b_frames}");
        for (n, (tag, pts_us, grey)) in pictures.into_iter().enumerate() {
            assert_eq!(pts_us, n as i64 * 40_000);
            assert_eq!(coded[tag as usize].pts_us, pts_us);
            let limited = 40 + n as i32 * 5;
            // A JPEG uses the full range.
            let full = codec == Codec::Mjpeg;
            let wanted = if full { (limited - 16) * 255 / 219 } else { limited };
            assert!((i32::from(grey) - wanted).abs() < 6, "{codec:?}: {grey} for {wanted}");
        }
    }
}

#[test]
fn a_decoder_restored_at_an_idr_gives_the_same_order() {
    let coded = clip(Codec::H264, 2, 24);
    let mut first = Decoder::open(Codec::H264, &Limits::default()).unwrap();
    let mut second = Decoder::open(Codec::H264, &Limits::default()).unwrap();
    let (mut ran_on, mut restored) = (Vec::new(), Vec::new());
    for (tag, coded) in coded.iter().enumerate() {
        let key = nal::access(Codec::H264, &coded.data) == Access::Idr;
        assert_eq!(key, coded.key);
        if tag == 8 {
            assert!(key);
            second.set_reorder_depth(first.reorder_depth());
            ran_on.clear();
        }
        first.push(&coded.data, coded.pts_us, tag as u64).unwrap();
        drain(&mut first, &mut ran_on);
        if tag >= 8 {
            second.push(&coded.data, coded.pts_us, tag as u64).unwrap();
            drain(&mut second, &mut restored);
        }
    }
    ran_on.retain(|(tag, ..)| *tag >= 8);
    assert_eq!(ran_on, restored);
}

#[test]
fn a_decoder_lives_on_after_damage_and_end() {
    let coded = clip(Codec::H264, 0, 16);
    let mut decoder = Decoder::open(Codec::H264, &Limits::default()).unwrap();
    let mut out = Vec::new();
    assert!(decoder.push(&[], 0, 0).is_err());
    for noise in [&[0u8, 0, 0, 1, 0x65, 9, 9, 9][..], &[1, 2, 3], &[0, 0, 1]] {
        let _ = decoder.push(noise, 0, 0);
        drain(&mut decoder, &mut out);
    }
    assert!(out.is_empty());
    for (tag, coded) in coded.iter().enumerate().skip(8) {
        decoder.push(&coded.data, coded.pts_us, tag as u64).unwrap();
        drain(&mut decoder, &mut out);
    }
    decoder.finish().unwrap();
    drain(&mut decoder, &mut out);
    assert_eq!(out.len(), 8);
    decoder.reset();
    decoder.push(&coded[0].data, 0, 0).unwrap();
    decoder.finish().unwrap();
    drain(&mut decoder, &mut out);
    assert_eq!(out.len(), 9);
}

#[test]
fn limits_and_codecs_are_kept() {
    let coded = clip(Codec::H264, 0, 1);
    let small = Limits { max_unit_bytes: 10, ..Limits::default() };
    let error = Decoder::open(Codec::H264, &small).unwrap().push(&coded[0].data, 0, 0);
    assert_eq!(error.unwrap_err().kind(), Kind::Exhausted);
    let few = Limits { max_pixels: 64, ..Limits::default() };
    let mut decoder = Decoder::open(Codec::H264, &few).unwrap();
    let mut out = Vec::new();
    let _ = decoder.push(&coded[0].data, 0, 0);
    let _ = decoder.finish();
    drain(&mut decoder, &mut out);
    assert!(out.is_empty());
    for codec in [Codec::Unspecified, Codec::Aac, Codec::Opus] {
        let error = Decoder::open(codec, &Limits::default()).err().unwrap();
        assert_eq!(error.kind(), Kind::Unsupported);
    }
}

#[test]
fn key_frames_only_gives_only_those() {
    let coded = clip(Codec::H264, 0, 16);
    let mut decoder = Decoder::open(Codec::H264, &Limits::default()).unwrap();
    decoder.key_frames_only(true);
    decoder.skip_loop_filter(true);
    let mut out = Vec::new();
    for (tag, coded) in coded.iter().enumerate() {
        decoder.push(&coded.data, coded.pts_us, tag as u64).unwrap();
        drain(&mut decoder, &mut out);
    }
    decoder.finish().unwrap();
    drain(&mut decoder, &mut out);
    assert_eq!(out.iter().map(|(tag, ..)| *tag).collect::<Vec<_>>(), [0, 8]);
}

#[test]
fn the_same_pictures_give_the_same_bytes() {
    assert_eq!(clip(Codec::H264, 2, 10), clip(Codec::H264, 2, 10));
}

#[test]
fn a_key_comes_where_it_is_asked_for() {
    let config = EncoderConfig::new(Codec::H264, SIZE.0 as u32, SIZE.1 as u32, 25);
    let mut encoder = Encoder::open(&config).unwrap();
    let mut coded = Vec::new();
    for n in 0..6 {
        coded.extend(encoder.push(&frame(&planes(n), n as i64 * 40_000), n == 3).unwrap());
    }
    coded.extend(encoder.finish().unwrap());
    let keys: Vec<_> = coded.iter().filter(|c| c.key).map(|c| c.pts_us).collect();
    assert_eq!(keys, [0, 120_000]);
    assert!(coded.iter().all(|c| c.key == (nal::access(Codec::H264, &c.data) == Access::Idr)));
    assert!(encoder.push(&frame(&planes(0), 0), false).is_err());
}

#[test]
fn a_jpeg_keeps_size_and_grey_and_scales_down() {
    let grey = planes(10);
    let whole = jpeg(&frame(&grey, 0), 1000, 80).unwrap();
    assert_eq!(nal::size(Codec::Mjpeg, &whole), Some((160, 96)));
    let half = jpeg(&frame(&grey, 0), 80, 80).unwrap();
    assert_eq!(nal::size(Codec::Mjpeg, &half), Some((80, 48)));
    let mut decoder = Decoder::open(Codec::Mjpeg, &Limits::default()).unwrap();
    decoder.push(&whole, 0, 7).unwrap();
    let Ok(Decoded::Frame(decoded)) = decoder.next() else { panic!("no picture") };
    assert!(decoded.full_range && decoded.key && decoded.tag == 7);
    // Limited range 90 is (90 - 16) * 255 / 219 in the full range of a JPEG.
    let sample = i32::from(decoded.frame.luma.row(48)[80]);
    assert!((sample - 86).abs() < 4, "{sample}");
    let noise: Vec<u8> = (0..SIZE.0 * SIZE.1).map(|n| (n * 7919 % 253) as u8).collect();
    let noisy = (noise, grey.1.clone());
    let sizes = [10, 90].map(|quality| jpeg(&frame(&noisy, 0), 160, quality).unwrap().len());
    assert!(sizes[0] * 2 < sizes[1], "{sizes:?}");
    let only_luma = Frame { u: None, v: None, ..frame(&grey, 0) };
    assert!(jpeg(&only_luma, 160, 50).is_ok());
    assert!(jpeg(&only_luma, 0, 50).is_err());
}
