//! Makes sure that `web/dist` exists, so that the pages can be embedded or found missing.

fn main() {
    let dist = std::path::Path::new("../../web/dist");
    // A read-only source tree is fine: then the pages are there, or told as missing.
    let _ = std::fs::create_dir_all(dist);
    println!("cargo:rerun-if-changed=../../web/dist");
}
