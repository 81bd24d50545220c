//! Bytes of any kind into the decoders: no crash, no hang, no picture above the limits, and each
//! plane lies in memory that is ours to read.
//!
//! The system's libavcodec is not built with a sanitizer; its heap blocks are watched all the same.
#![no_main]

use flumen_base::wire::Codec;
use flumen_media::{Decoded, Decoder, Limits, jpeg};
use libfuzzer_sys::fuzz_target;

/// Pictures are small: speed finds more than size.
const PIXELS: usize = 256 * 256;
/// Between two units.
const MARK: &[u8] = b"|UNIT|";

fuzz_target!(|data: &[u8]| {
    let Some((&how, data)) = data.split_first() else { return };
    let codec = [Codec::H264, Codec::H265, Codec::Mjpeg][usize::from(how % 3)];
    let limits = Limits {
        max_width: 512,
        max_height: 512,
        max_pixels: PIXELS as u64,
        max_unit_bytes: 1 << 16,
    };
    let Ok(mut decoder) = Decoder::open(codec, &limits) else { return };
    decoder.set_reorder_depth(u32::from(how >> 6));
    decoder.skip_loop_filter(how & 0x20 != 0);
    decoder.key_frames_only(how & 0x10 != 0);
    let mut pushed = 0;
    for unit in split(data).take(24) {
        let _ = decoder.push(unit, pushed as i64 * 40_000, pushed);
        pushed += 1;
        take(&mut decoder, pushed);
    }
    if decoder.finish().is_ok() {
        take(&mut decoder, pushed);
    }
    decoder.reset();
    if let Some(unit) = split(data).next() {
        let _ = decoder.push(unit, 0, 0);
        take(&mut decoder, pushed.max(1));
    }
});

fn split(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        if data.is_empty() {
            return None;
        }
        let end = data.windows(MARK.len()).position(|w| w == MARK);
        let (unit, rest) = data.split_at(end.unwrap_or(data.len()));
        data = rest.get(MARK.len()..).unwrap_or(&[]);
        Some(unit)
    })
}

fn take(decoder: &mut Decoder, pushed: u64) {
    // As many as a decoder can hold back, and some errors.
    for _ in 0..64 {
        match decoder.next() {
            Ok(Decoded::Frame(decoded)) => {
                let frame = &decoded.frame;
                assert!(frame.luma.width * frame.luma.height <= PIXELS, "limits hold");
                assert!(decoded.tag < pushed, "the tag {} was given to no unit", decoded.tag);
                let mut sum = 0u64;
                for plane in [Some(frame.luma), frame.u, frame.v].into_iter().flatten() {
                    for y in 0..plane.height {
                        let row = plane.row(y);
                        assert_eq!(row.len(), plane.width, "rows are whole");
                        sum += row.iter().map(|&s| u64::from(s)).sum::<u64>();
                    }
                }
                std::hint::black_box(sum);
                if decoded.key {
                    let _ = jpeg(frame, 64, 60);
                }
            }
            Ok(Decoded::NeedMore | Decoded::End) => return,
            Err(_) => {}
        }
    }
    panic!("a decoder without end");
}
