//! Annex-B of any kind: splitting, parameter sets, sizes, SEI.
#![no_main]

use flumen_base::wire::Codec;
use flumen_media::nal;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for codec in [Codec::H264, Codec::H265] {
        let found = nal::units(data).map(<[u8]>::len).sum::<usize>();
        assert!(found <= data.len(), "units are parts of the input");
        let _ = (nal::access(codec, data), nal::parameter_hash(codec, data), nal::size(codec, data));
        let _ = nal::sei_user_data(codec, data, &[7; 16]);
        let told = nal::sei_user_data(codec, &nal::with_sei_user_data(codec, data, &[7; 16], b"n"), &[7; 16]);
        assert!(told.is_some() || nal::units(data).next().is_none(), "what was put in is found");
    }
});
