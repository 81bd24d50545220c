//! Where delivery goes on after a restart.
//!
//! Layout: a text file, one line a partition: partition, space, next offset.
//! Durability: written beside, synced, renamed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use flumen_base::{Context, Result};

/// The next offset of each partition.
pub(crate) type Offsets = BTreeMap<u32, u64>;

const FILE: &str = "position";

/// What was written last; nothing when there is no such file or it is damaged.
pub(crate) fn read(dir: &Path) -> Option<Offsets> {
    let text = fs::read_to_string(dir.join(FILE)).ok()?;
    let line = |line: &str| {
        let (partition, offset) = line.split_once(' ')?;
        Some((partition.parse().ok()?, offset.parse().ok()?))
    };
    text.lines().map(line).collect()
}

/// Writes it.
///
/// # Errors
/// I/O errors of the directory.
pub(crate) fn write(dir: &Path, offsets: &Offsets) -> Result<()> {
    let mut text = String::new();
    for (partition, offset) in offsets {
        let _ = writeln!(text, "{partition} {offset}");
    }
    let what = || format!("write {}", dir.join(FILE).display());
    let fresh = dir.join("position.new");
    let written = File::create(&fresh).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.context(what())?;
    fs::rename(&fresh, dir.join(FILE)).context(what())
}
