//! Changed files through demuxer and decoder: they may refuse, never hang, crash or grow.
//!
//! `FLUMEN_FUZZ_SECONDS=N` goes on for N seconds with new seeds (`make fuzz`).

#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

use std::io::Cursor;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flumen_base::wire::Codec;
use flumen_base::{Frame, Plane};
use flumen_media::fmp4::{self, Reader, Sample, TrackConfig};
use flumen_media::{
    Decoded, Decoder, Demuxed, Demuxer, Encoder, EncoderConfig, Interrupt, Limits, Open,
    StdinFormat, TrackInfo,
};

/// xorshift: the same changes on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// A raw stream and the same as fMP4.
fn clip(codec: Codec) -> (Vec<u8>, Vec<u8>) {
    let config = EncoderConfig {
        gop: 4,
        preset: "ultrafast".into(),
        ..EncoderConfig::new(codec, 64, 48, 25)
    };
    let mut encoder = Encoder::open(&config).unwrap();
    let mut coded = Vec::new();
    for n in 0..8i64 {
        let luma: Vec<u8> = (0..64 * 48).map(|at| (at * (n + 3) % 199) as u8).collect();
        let luma = Plane::new(&luma, 64, 64, 48).unwrap();
        coded.extend(
            encoder.push(&Frame { luma, u: None, v: None, pts_us: n * 40_000 }, false).unwrap(),
        );
    }
    coded.extend(encoder.finish().unwrap());
    let info = Arc::new(TrackInfo { codec, ..TrackInfo::default() });
    let tracks = [TrackConfig::video(&info, &coded[0].data).unwrap()];
    let base = coded[0].dts_us;
    let samples: Vec<_> = coded
        .iter()
        .map(|coded| Sample {
            track: 0,
            pts_us: coded.pts_us - base,
            dts_us: coded.dts_us - base,
            duration_us: 40_000,
            key: coded.key,
            data: coded.data.clone(),
        })
        .collect();
    let file = [fmp4::init(&tracks).unwrap(), fmp4::fragment(1, &tracks, &samples).unwrap()];
    (coded.iter().flat_map(|coded| coded.data.to_vec()).collect(), file.concat())
}

fn changed(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..1 + random.below(12) {
        let (at, value) = (random.below(out.len()), random.below(256) as u8);
        match random.below(4) {
            0 => out[at] = value,
            1 => out[at] ^= 1 << (value & 7),
            2 => drop(out.drain(at..(at + random.below(40)).min(out.len()))),
            _ => out.insert(at, value),
        }
        if out.is_empty() {
            return out;
        }
    }
    out
}

fn swallow(bytes: Vec<u8>, format: StdinFormat, live: bool) {
    let limits = Limits { max_pixels: 1 << 20, max_unit_bytes: 1 << 20, ..Limits::default() };
    let open = Open { live, limits, ..Open::default() };
    let read = Box::new(Cursor::new(bytes));
    let Ok(mut demuxer) = Demuxer::from_reader(read, format, &open, &Interrupt::new()) else {
        return;
    };
    let mut decoder: Option<Decoder> = None;
    let mut errors = 0;
    for tag in 0..500 {
        let unit = match demuxer.read() {
            Ok(Demuxed::Unit(unit)) => unit,
            Ok(Demuxed::End) => return,
            // A user gives up some time; each error may have cost a thousand tries.
            Err(_) if errors > 20 => return,
            Err(_) => {
                errors += 1;
                continue;
            }
        };
        let decoder =
            decoder.get_or_insert_with(|| Decoder::open(unit.info.codec, &limits).unwrap());
        let _ = decoder.push(&unit.data, unit.pts_us, tag);
        for _ in 0..64 {
            match decoder.next() {
                Ok(Decoded::Frame(decoded)) => assert!(decoded.frame.luma.width > 0),
                Ok(_) => break,
                Err(_) => {}
            }
        }
    }
}

#[test]
fn changed_bytes_never_hang_or_crash() {
    let seconds = std::env::var("FLUMEN_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok());
    let until = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let clips = [
        (StdinFormat::H264, clip(Codec::H264)),
        (StdinFormat::H265, clip(Codec::H265)),
        (StdinFormat::Mjpeg, clip(Codec::Mjpeg)),
    ];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut rounds = 0;
    while rounds < 6 || until.is_some_and(|until| Instant::now() < until) {
        rounds += 1;
        for (format, (raw, file)) in &clips {
            let live = random.below(2) == 0;
            swallow(changed(raw, &mut random), *format, live);
            swallow(changed(raw, &mut random), StdinFormat::Auto, live);
            let file = changed(file, &mut random);
            if let Ok(mut reader) = Reader::open(file.as_slice()) {
                while let Ok(Some(_)) = reader.next_unit() {}
            }
            swallow(file, StdinFormat::Mp4, live);
        }
    }
}
