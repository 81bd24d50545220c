//! Bytes of any kind into the decoders: no crash, no hang, no picture above the limits.
#![no_main]

use flumen_base::wire::Codec;
use flumen_media::{Decoded, Decoder, Limits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&which, data)) = data.split_first() else { return };
    let codec = [Codec::H264, Codec::H265, Codec::Mjpeg][usize::from(which % 3)];
    let limits = Limits { max_width: 1280, max_height: 1280, max_pixels: 1 << 20, ..Limits::default() };
    let Ok(mut decoder) = Decoder::open(codec, &limits) else { return };
    for (i, unit) in data.chunks(1 << 12).enumerate() {
        let _ = decoder.push(unit, i as i64, i as u64);
        while let Ok(Decoded::Frame(frame)) = decoder.next() {
            assert!(frame.frame.luma.width * frame.frame.luma.height <= 1 << 20, "limits hold");
        }
    }
});
