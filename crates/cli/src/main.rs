//! The one door: the binary `flumen`.
fn main() {}
