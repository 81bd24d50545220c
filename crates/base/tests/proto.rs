//! The generated code equals what the `.proto` file says.
//!
//! `UPDATE_GOLDEN=1 cargo test -p flumen-base --test proto` writes it anew.

use std::path::Path;

#[test]
fn generated_code_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files =
        protox::compile(["flumen.proto"], [root.join("proto")]).expect("flumen.proto compiles");
    let out = tempfile::tempdir().expect("a directory");
    prost_build::Config::new()
        .out_dir(out.path())
        .bytes(["."])
        .compile_fds(files)
        .expect("code is generated");
    let fresh =
        std::fs::read_to_string(out.path().join("flumen.v1.rs")).expect("one file per package");
    let golden = root.join("src/wire.gen.rs");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, &fresh).expect("golden file is writable");
    }
    let kept = std::fs::read_to_string(&golden).unwrap_or_default();
    assert!(
        kept == fresh,
        "src/wire.gen.rs is older than flumen.proto: run this test with UPDATE_GOLDEN=1"
    );
}
