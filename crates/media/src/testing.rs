//! Footage for the tests of this room: a square that moves over a gradient, coded by us.

use std::io::Read;
use std::sync::Arc;

use flumen_base::wire::Codec;
use flumen_base::{Frame, Plane};

use crate::{Demuxed, Demuxer, Encoded, Encoder, EncoderConfig, TrackInfo, Unit, nal};

/// A picture that differs with `n`.
pub(crate) struct Scene {
    width: usize,
    height: usize,
    luma: Vec<u8>,
    chroma: Vec<u8>,
}

impl Scene {
    pub(crate) fn new(width: usize, height: usize, n: usize) -> Scene {
        let mut luma = vec![0; width * height];
        for (at, sample) in luma.iter_mut().enumerate() {
            let (x, y) = (at % width, at / width);
            let inside = (x.wrapping_sub(n * 4 % width)) < 24 && y > 8 && y < 32;
            *sample = if inside { 220 } else { (16 + (x + y) % 150) as u8 };
        }
        let chroma = vec![100; width.div_ceil(2) * height.div_ceil(2)];
        Scene { width, height, luma, chroma }
    }

    pub(crate) fn frame(&self, pts_us: i64) -> Frame<'_> {
        let (w, h) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let plane = |data, w, h| Plane::new(data, w, w, h).unwrap();
        Frame {
            luma: plane(&self.luma, self.width, self.height),
            u: Some(plane(&self.chroma, w, h)),
            v: Some(plane(&self.chroma, w, h)),
            pts_us,
        }
    }
}

/// `count` coded pictures of 40 ms.
pub(crate) fn clip(config: &EncoderConfig, count: usize) -> Vec<Encoded> {
    let mut encoder = Encoder::open(config).unwrap();
    let mut out = Vec::new();
    for n in 0..count {
        let scene = Scene::new(config.width as usize, config.height as usize, n);
        out.extend(encoder.push(&scene.frame(n as i64 * 40_000), false).unwrap());
    }
    out.extend(encoder.finish().unwrap());
    out
}

/// A configuration whose clips code fast.
pub(crate) fn small(codec: Codec, b_frames: u32) -> EncoderConfig {
    EncoderConfig {
        gop: 10,
        b_frames,
        preset: "ultrafast".into(),
        ..EncoderConfig::new(codec, 160, 96, 25)
    }
}

/// Coded pictures as units, their times moved so that none is negative.
pub(crate) fn units(codec: Codec, coded: &[Encoded]) -> Vec<Unit> {
    let info = Arc::new(TrackInfo { codec, width: 160, height: 96, ..TrackInfo::default() });
    let hash = nal::parameter_hash(codec, &coded[0].data);
    coded
        .iter()
        .map(|coded| Unit {
            audio: false,
            info: info.clone(),
            pts_us: coded.pts_us + 1_000_000,
            dts_us: coded.dts_us + 1_000_000,
            duration_us: 40_000,
            key: coded.key,
            corrupt: false,
            data: coded.data.clone(),
            parameter_hash: hash,
            capture_us: None,
        })
        .collect()
}

/// All units of an input.
pub(crate) fn read_all(demuxer: &mut Demuxer) -> Vec<Unit> {
    let mut out = Vec::new();
    while let Demuxed::Unit(unit) = demuxer.read().unwrap() {
        out.push(unit);
    }
    out
}

/// Gives bytes in small pieces, as a pipe does.
pub(crate) struct Dribble(pub(crate) std::io::Cursor<Vec<u8>>);

impl Read for Dribble {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = into.len().min(777);
        self.0.read(&mut into[..count])
    }
}
