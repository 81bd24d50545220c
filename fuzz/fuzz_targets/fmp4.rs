//! A fragmented MP4 of any kind: the reader ends, and never gives more than came in.
#![no_main]

use std::io::Cursor;

use flumen_media::fmp4::Reader;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(mut reader) = Reader::open(Cursor::new(data)) else { return };
    let mut bytes = 0;
    while let Ok(Some(unit)) = reader.next_unit() {
        bytes += unit.data.len();
        assert!(bytes <= 64 * data.len() + 4096, "units come from the file");
    }
});
