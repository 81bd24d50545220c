//! Checkpoints: where to go on, as files.
//!
//! Layout of `checkpoint-<number, 16 hex digits>`: magic `FLCK`, version u32 (1), length of the
//! body u64, crc32c of the body u32, all little endian; the body is the message below.
//! Invariants: a file is written whole under another name, synced, renamed, its directory
//! synced; the last two are kept; a damaged one is refused and the one before is taken.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use flumen_base::{Context, Error, Result};
use prost::Message;

const MAGIC: &[u8; 4] = b"FLCK";
const VERSION: u32 = 1;
const HEAD: usize = 20;
const KEPT: usize = 2;

/// Where everything stands.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Checkpoint {
    #[prost(uint64, tag = "1")]
    pub number: u64,
    #[prost(message, repeated, tag = "2")]
    pub partitions: Vec<Place>,
    #[prost(message, repeated, tag = "3")]
    pub cameras: Vec<CameraState>,
    /// Ends of the results' topics before the first snapshot was taken.
    #[prost(message, repeated, tag = "4")]
    pub results: Vec<Place>,
}

/// A place in a topic.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Place {
    #[prost(string, tag = "1")]
    pub topic: String,
    #[prost(uint32, tag = "2")]
    pub partition: u32,
    #[prost(uint64, tag = "3")]
    pub next: u64,
    #[prost(uint32, tag = "4")]
    pub generation: u32,
}

/// One camera.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct CameraState {
    #[prost(string, tag = "1")]
    pub camera: String,
    #[prost(uint32, tag = "2")]
    pub partition: u32,
    /// First offset that the snapshot has not seen.
    #[prost(uint64, tag = "3")]
    pub next: u64,
    /// The session's snapshot; empty when it had seen nothing.
    #[prost(bytes = "bytes", tag = "4")]
    pub snapshot: bytes::Bytes,
    /// The camera's record in force, encoded, for when the log is not the same any more; 6 to 8
    /// were in use.
    #[prost(bytes = "bytes", tag = "5")]
    pub record: bytes::Bytes,
}

fn path_of(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("checkpoint-{number:016x}"))
}

/// Writes a checkpoint and removes all but the newest two. *Durability*: on return.
///
/// # Errors
/// What the file system answers; the checkpoints before stay.
pub(crate) fn save(dir: &Path, checkpoint: &Checkpoint) -> Result<()> {
    let body = checkpoint.encode_to_vec();
    let mut head = Vec::with_capacity(HEAD);
    head.extend_from_slice(MAGIC);
    head.extend_from_slice(&VERSION.to_le_bytes());
    head.extend_from_slice(&(body.len() as u64).to_le_bytes());
    head.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
    write_whole(&path_of(dir, checkpoint.number), &[&head, &body])?;
    for number in numbers(dir)?.into_iter().rev().skip(KEPT) {
        let old = path_of(dir, number);
        fs::remove_file(&old).context(format_args!("remove {}", old.display()))?;
    }
    Ok(())
}

/// Writes a file under another name, syncs it, gives it its name, syncs the directory.
fn write_whole(path: &Path, parts: &[&[u8]]) -> Result<()> {
    let tmp = path.with_extension("tmp");
    let mut file = File::create(&tmp).context(format_args!("create {}", tmp.display()))?;
    for part in parts {
        file.write_all(part).context(format_args!("write {}", tmp.display()))?;
    }
    file.sync_all().context(format_args!("sync {}", tmp.display()))?;
    fs::rename(&tmp, path).context(format_args!("rename {}", tmp.display()))?;
    let dir = path.parent().unwrap_or(Path::new("."));
    File::open(dir).and_then(|d| d.sync_all()).context(format_args!("sync {}", dir.display()))
}

/// Numbers of the checkpoints that are there, oldest first.
fn numbers(dir: &Path) -> Result<Vec<u64>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).context(format_args!("list {}", dir.display()))? {
        let name = entry.context(format_args!("list {}", dir.display()))?.file_name();
        let number =
            name.to_str().and_then(|n| n.strip_prefix("checkpoint-")).filter(|n| n.len() == 16);
        found.extend(number.and_then(|n| u64::from_str_radix(n, 16).ok()));
    }
    found.sort_unstable();
    Ok(found)
}

/// The newest checkpoint that is whole, and what was wrong with newer ones.
pub(crate) fn load(dir: &Path) -> Result<(Option<Checkpoint>, Vec<Error>)> {
    let mut wrong = Vec::new();
    for number in numbers(dir)?.into_iter().rev() {
        let path = path_of(dir, number);
        let read = fs::read(&path).context(format_args!("read {}", path.display()));
        match read.and_then(|bytes| decode(&bytes).context(path.display())) {
            Ok(checkpoint) => return Ok((Some(checkpoint), wrong)),
            Err(e) => wrong.push(e),
        }
    }
    Ok((None, wrong))
}

fn decode(bytes: &[u8]) -> Result<Checkpoint> {
    let short = || Error::data_loss("the checkpoint is cut off");
    let (head, body) = bytes.split_at_checked(HEAD).ok_or_else(short)?;
    let word = |from: usize| {
        head.get(from..from + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
    };
    if !head.starts_with(MAGIC) {
        return Err(Error::data_loss("the checkpoint does not begin with FLCK"));
    }
    if word(4) != VERSION {
        return Err(Error::unsupported(format!(
            "the checkpoint has version {}, this build knows {VERSION}",
            word(4)
        )));
    }
    let length = u64::from(word(8)) | u64::from(word(12)) << 32;
    if length != body.len() as u64 {
        return Err(short());
    }
    if crc32c::crc32c(body) != word(16) {
        return Err(Error::data_loss(
            "the checkpoint's bytes have changed: its crc32c does not hold",
        ));
    }
    Checkpoint::decode(body)
        .map_err(|e| Error::data_loss(format!("the checkpoint can't be read: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoint(number: u64) -> Checkpoint {
        let camera = CameraState {
            camera: "yard".into(),
            next: 7,
            snapshot: vec![1; 100].into(),
            ..Default::default()
        };
        Checkpoint { number, cameras: vec![camera], ..Default::default() }
    }

    #[test]
    fn the_last_two_are_kept_and_a_damaged_one_is_passed() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(load(dir.path()).unwrap().0, None);
        for number in 1..=4 {
            save(dir.path(), &checkpoint(number)).unwrap();
        }
        assert_eq!(numbers(dir.path()).unwrap(), [3, 4]);
        assert_eq!(load(dir.path()).unwrap().0, Some(checkpoint(4)));
        let newest = path_of(dir.path(), 4);
        let good = fs::read(&newest).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&newest, &bad).unwrap();
            let (found, wrong) = load(dir.path()).unwrap();
            assert_eq!((found, wrong.len()), (Some(checkpoint(3)), 1), "byte {at}");
        }
        for length in 0..good.len() {
            fs::write(&newest, &good[..length]).unwrap();
            assert_eq!(load(dir.path()).unwrap().0, Some(checkpoint(3)), "cut at {length}");
        }
    }
}
