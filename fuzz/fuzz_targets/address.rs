//! Addresses of cameras as somebody hostile would write them.
#![no_main]

use flumen_farm::SceneSpec;
use flumen_media::check_address;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if check_address(text, &[], &[]).is_ok() {
        let schemes = ["rtsp://", "rtsps://", "http://", "https://", "srt://", "rtmp://", "synthetic:", "push:"];
        assert!(schemes.iter().any(|s| text.to_lowercase().trim().starts_with(s)), "{text:?} came through");
    }
    if let Ok(spec) = text.parse::<SceneSpec>() {
        assert_eq!(spec.to_string().parse::<SceneSpec>().ok(), Some(spec), "an address reads as it prints");
    }
});
