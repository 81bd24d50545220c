//! Packets of small made-up streams.
#![allow(dead_code)]

use flumen_analyzer::{Analyzer, Output, Settings};
use flumen_base::wire::{Codec, Marker, PacketHeader, SourcePosition};
use flumen_base::{CameraId, Frame, Packet, Plane};
use flumen_media::{Encoder, EncoderConfig, nal};

pub const WIDTH: usize = 160;
pub const HEIGHT: usize = 96;
pub const FRAME_US: i64 = 66_667;

/// Frames from one to before another, in which somebody crosses the picture.
#[derive(Clone, Copy)]
pub struct Visit {
    pub from: i64,
    pub until: i64,
}

/// A textured ground with a square that comes in, crosses and leaves, and comes again.
fn picture(t: i64, luma: &mut [u8]) {
    ground(t, luma);
    square(t % 60 * 4 - 40, luma);
}

/// The same ground with a square that crosses it in each visit.
///
/// The noise is strong enough for the picture not to look frozen.
fn visit(t: i64, visits: &[Visit], luma: &mut [u8]) {
    ground(t, luma);
    for (i, v) in luma.iter_mut().enumerate() {
        let mixed = (i as u32 ^ (t as u32).wrapping_mul(0x9e37_79b9)).wrapping_mul(0x85eb_ca6b);
        *v += ((mixed ^ mixed >> 15).wrapping_mul(0xc2b2_ae35) >> 28) as u8;
    }
    for v in visits.iter().filter(|v| (v.from..v.until).contains(&t)) {
        square((t - v.from) * (WIDTH as i64 + 28) / (v.until - v.from) - 28, luma);
    }
}

fn ground(t: i64, luma: &mut [u8]) {
    for (i, v) in luma.iter_mut().enumerate() {
        let (x, y) = (i % WIDTH, i / WIDTH);
        let noise = (i as u32).wrapping_mul(2_654_435_761).wrapping_add(t as u32 * 40_503) >> 29;
        *v = (70 + (x * 3 + y * 5) % 40) as u8 + noise as u8;
    }
}

fn square(left: i64, luma: &mut [u8]) {
    for y in 30..66 {
        for x in left.max(0)..(left + 28).min(WIDTH as i64) {
            luma[y * WIDTH + x as usize] = 215 - (y as u8 % 7) * 3;
        }
    }
}

/// What kind of stream to make.
#[derive(Clone, Copy)]
pub struct Made {
    pub codec: Codec,
    pub frames: i64,
    pub gop: u32,
    pub b_frames: u32,
}

/// Packets of one epoch, from sequence 0, in the order of decoding.
pub fn packets(made: Made, epoch: u64) -> Vec<Packet> {
    shown(made, epoch, &picture)
}

/// Packets of a first epoch in which somebody comes now and then.
pub fn visited(made: Made, visits: &[Visit]) -> Vec<Packet> {
    shown(made, 1, &|t, luma| visit(t, visits, luma))
}

fn shown(made: Made, epoch: u64, picture: &dyn Fn(i64, &mut [u8])) -> Vec<Packet> {
    let config = EncoderConfig {
        gop: made.gop,
        b_frames: made.b_frames,
        preset: "ultrafast".into(),
        ..EncoderConfig::new(made.codec, WIDTH as u32, HEIGHT as u32, 15)
    };
    let mut encoder = Encoder::open(&config).unwrap();
    let mut luma = vec![0; WIDTH * HEIGHT];
    let grey = vec![128; WIDTH * HEIGHT / 4];
    let mut units = Vec::new();
    for t in 0..made.frames {
        picture(t, &mut luma);
        let chroma = Plane::new(&grey, WIDTH / 2, WIDTH / 2, HEIGHT / 2);
        let frame = Frame {
            luma: Plane::new(&luma, WIDTH, WIDTH, HEIGHT).unwrap(),
            u: chroma,
            v: chroma,
            pts_us: t * FRAME_US,
        };
        units.extend(encoder.push(&frame, false).unwrap());
    }
    units.extend(encoder.finish().unwrap());
    let start_us = 1_700_000_000_000_000 + epoch as i64 * 1_000_000_000;
    let mut hash = 0;
    let packet = |(sequence, unit): (usize, flumen_media::Encoded)| {
        if unit.key {
            hash = nal::parameter_hash(made.codec, &unit.data);
        }
        let header = PacketHeader {
            camera: "yard".into(),
            epoch,
            sequence: sequence as u64,
            codec: made.codec.into(),
            width: WIDTH as u32,
            height: HEIGHT as u32,
            pts_us: start_us + unit.pts_us,
            dts_us: start_us + unit.dts_us,
            duration_us: FRAME_US as u32,
            key: unit.key,
            capture_us: start_us + unit.pts_us,
            arrival_us: start_us + unit.dts_us + 100_000,
            parameter_hash: hash,
            ..PacketHeader::default()
        };
        Packet { header, data: unit.data }
    };
    units.into_iter().enumerate().map(packet).collect()
}

/// A marker after the last of `packets`.
pub fn marker(packets: &[Packet], marker: Marker) -> Packet {
    let last = &packets.last().unwrap().header;
    let header = PacketHeader {
        camera: last.camera.clone(),
        epoch: last.epoch,
        sequence: last.sequence + 1,
        marker: marker.into(),
        arrival_us: last.arrival_us + 1_000_000,
        ..PacketHeader::default()
    };
    Packet { header, data: Default::default() }
}

pub fn camera() -> CameraId {
    CameraId::new("yard").unwrap()
}

pub fn open() -> Analyzer {
    Analyzer::open(&camera(), Settings::default()).unwrap()
}

pub fn at(offset: usize) -> SourcePosition {
    SourcePosition { partition: 0, offset: offset as u64, generation: 1 }
}

/// What each packet gives, one list a packet, and a last one for `flush`.
pub fn run(analyzer: &mut Analyzer, packets: &[Packet], from: usize) -> Vec<Vec<Output>> {
    let mut all = Vec::new();
    for (i, packet) in packets.iter().enumerate().skip(from) {
        let mut out = Vec::new();
        analyzer.process(at(i), packet, &mut out).unwrap();
        all.push(out);
    }
    let mut out = Vec::new();
    analyzer.flush(&mut out).unwrap();
    all.push(out);
    all
}

/// All outputs of a run in one list.
pub fn flat(outputs: Vec<Vec<Output>>) -> Vec<Output> {
    outputs.into_iter().flatten().collect()
}
