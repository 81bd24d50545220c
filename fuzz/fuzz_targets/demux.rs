//! Any bytes as what comes on standard input: the demuxer ends, within the limits.
//!
//! The containers are read by the system's libavformat, without a sanitizer of its own; what
//! is made of its packets is ours.
#![no_main]

use std::io::Cursor;
use std::time::Duration;

use flumen_base::Kind;
use flumen_media::{Demuxed, Demuxer, Interrupt, Limits, Open, StdinFormat};
use libfuzzer_sys::fuzz_target;

const FORMATS: [StdinFormat; 7] = [
    StdinFormat::Auto,
    StdinFormat::MpegTs,
    StdinFormat::H264,
    StdinFormat::H265,
    StdinFormat::Mjpeg,
    StdinFormat::Mp4,
    StdinFormat::Mkv,
];
const MOST: usize = 1 << 16;
/// Units after which the input is left.
const MANY: usize = 4096;

fuzz_target!(|data: &[u8]| {
    let Some((&how, rest)) = data.split_first() else { return };
    let format = FORMATS[usize::from(how % 7)];
    let limits =
        Limits { max_width: 512, max_height: 512, max_pixels: 1 << 16, max_unit_bytes: MOST };
    let open = Open { limits, timeout: Duration::from_secs(5), ..Open::default() };
    let stop = Interrupt::new();
    let Ok(mut demuxer) =
        Demuxer::from_reader(Box::new(Cursor::new(rest.to_vec())), format, &open, &stop)
    else {
        return;
    };
    assert!(!demuxer.tracks().is_empty(), "an open input has a track");
    let mut errors = 0;
    // Containers may point to the same bytes more than once, so units can be many.
    for _ in 0..MANY {
        match demuxer.read() {
            Ok(Demuxed::Unit(unit)) => {
                assert!(unit.data.len() <= 2 * MOST, "a unit of {} bytes", unit.data.len());
                assert_eq!(unit.audio, unit.info.is_audio());
            }
            Ok(Demuxed::End) => {
                assert!(
                    matches!(demuxer.read(), Ok(Demuxed::End) | Err(_)),
                    "the end stays the end"
                );
                return;
            }
            // Reading may go on after this one only.
            Err(error) if error.kind() == Kind::Exhausted && errors < 16 => errors += 1,
            Err(_) => return,
        }
    }
});
