//! FFmpeg behind small safe types, and fMP4 in Rust.
