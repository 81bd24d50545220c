//! Reading a whole log without changing it: what is there and what is damaged.
//!
//! Invariants: opens nothing for writing; memory is flat.
//! Not here: what opening does about it (`recovery`).

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use flumen_base::{Context, Error, Result};

use crate::disk::Disk;
use crate::format::{
    Head, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES, parse_segment_name, segment_name,
};
use crate::recovery::{floor_of, head_of, walk};

/// Records that can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file that should hold them.
    pub file: PathBuf,
    /// Their offsets.
    pub offsets: Range<u64>,
}

/// What a log holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Files.
    pub segments: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// Records that are whole.
    pub records: u64,
    /// Oldest offset.
    pub first: u64,
    /// Behind the newest record.
    pub next: u64,
    /// What can't be read, oldest first.
    pub damaged: Vec<Damage>,
    /// Bytes of a torn tail that the next opening cuts; never acknowledged.
    pub tail_bytes: u64,
}

/// Reads all of the log in `dir`; `progress` is told (bytes done, bytes in all).
///
/// # Errors
/// `NotFound` when there is no log, `Unsupported` format version, `Unavailable` when the disk
/// can't be read.
pub fn check(disk: &dyn Disk, dir: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Checked> {
    let names = disk.list(dir).context(format!("list {}", dir.display()))?;
    let mut found: Vec<(u64, u32)> = names.iter().filter_map(|n| parse_segment_name(n)).collect();
    found.sort_unstable();
    let first = found.first().map_or(0, |f| f.0);
    let mut checked = Checked { first, next: first, ..Checked::default() };
    let mut all = 0;
    for &(base, generation) in &found {
        let path = dir.join(segment_name(base, generation));
        let length = disk.open(&path, false).and_then(|f| f.length());
        all += length.context(format!("open {}", path.display()))?;
    }
    for (i, &(base, generation)) in found.iter().enumerate() {
        let next_base = found.get(i + 1).map(|f| f.0);
        let path = dir.join(segment_name(base, generation));
        let result = check_segment(disk, &path, (base, generation), next_base, &mut checked);
        if let Some(version) = result.context(format!("read {}", path.display()))? {
            let shown = path.display();
            return Err(Error::unsupported(format!("{shown} has format version {version}")));
        }
        progress(checked.bytes, all);
    }
    Ok(checked)
}

/// Adds one segment; `Some` is a format version that is not known.
fn check_segment(
    disk: &dyn Disk,
    path: &Path,
    name: (u64, u32),
    next_base: Option<u64>,
    checked: &mut Checked,
) -> io::Result<Option<u32>> {
    let file = disk.open(path, false)?;
    let length = file.length()?;
    checked.segments += 1;
    checked.bytes += length;
    let base = name.0;
    let damage = |offsets| Damage { file: path.to_owned(), offsets };
    let salt = match head_of(file.as_ref())? {
        Head::Newer(version) => return Ok(Some(version)),
        Head::Good(h) if (h.base, h.generation) == name => h.salt,
        _ if next_base.is_none() && length <= SEGMENT_HEADER_BYTES => {
            checked.tail_bytes = length;
            return Ok(None);
        }
        _ => {
            let most = length.saturating_sub(SEGMENT_HEADER_BYTES) / RECORD_HEADER_BYTES;
            checked.next = next_base.unwrap_or(base + most);
            let all = Some(base..checked.next).filter(|r| !r.is_empty());
            checked.damaged.extend(all.map(damage));
            return Ok(None);
        }
    };
    let floor = match next_base {
        Some(next) => next,
        None => floor_of(&file, salt, length, base)?,
    };
    let walk = walk(&file, salt, length, base, floor)?;
    checked.records += walk.records;
    checked.damaged.extend(walk.damaged.into_iter().map(damage));
    checked.next = walk.next;
    if let (None, Some(torn)) = (next_base, walk.torn) {
        checked.tail_bytes = length - torn.position;
    }
    Ok(None)
}
