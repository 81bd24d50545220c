//! Which group of pictures each worker has in hand, on disk, so that one that crashes the
//! process is not fed for ever.
//!
//! Layout of `hands`: one slot of 96 bytes a worker: crc32c u32 of the rest, epoch u64, sequence
//! u64 of the key frame, length u8 and bytes of the camera's id; zeros = empty hands. Written
//! by one pwrite and not synced: the page outlives the process, and a power cut is not a crash
//! of the decoder. `suspects`: one line `camera epoch sequence crashes` each, at most 64.
//! Invariants: a group in hand at `CRASHES` ends of the process is rejected from then on.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use flumen_base::{Context, Result};

use crate::checkpoint::write_whole;

const SLOT: usize = 96;
const CRASHES: u32 = 2;
const KEPT: usize = 64;

/// A group of pictures by its key frame.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Group {
    pub camera: String,
    pub epoch: u64,
    pub sequence: u64,
}

/// The notes of this run, and what earlier ones say.
pub(crate) struct Notes {
    hands: File,
    path: PathBuf,
    suspects: Vec<(Group, u32)>,
}

impl Notes {
    /// Opens the notes: groups in hand at the end of the last run have one crash more.
    pub(crate) fn open(dir: &Path, workers: usize) -> Result<Notes> {
        let path = dir.join("hands");
        let mut suspects = read_suspects(&dir.join("suspects"));
        let left = fs::read(&path).unwrap_or_default(); // none at the first start
        for group in left.chunks(SLOT).filter_map(decode) {
            match suspects.iter_mut().find(|(g, _)| *g == group) {
                Some((_, crashes)) => *crashes += 1,
                None => suspects.push((group, 1)),
            }
        }
        let old = suspects.len().saturating_sub(KEPT);
        suspects.drain(..old);
        let text: String = suspects
            .iter()
            .map(|(g, n)| format!("{} {} {} {n}\n", g.camera, g.epoch, g.sequence))
            .collect();
        write_whole(&dir.join("suspects"), &[text.as_bytes()])?;
        let what = || format!("open {}", path.display());
        let hands = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .open(&path)
            .context(what())?;
        hands.set_len((SLOT * workers) as u64).context(what())?;
        Ok(Notes { hands, path, suspects })
    }

    /// True when a group was in hand at too many ends of the process.
    pub(crate) fn rejects(&self, camera: &str, epoch: u64, sequence: u64) -> bool {
        self.suspects.iter().any(|(g, crashes)| {
            *crashes >= CRASHES && g.sequence == sequence && g.epoch == epoch && g.camera == camera
        })
    }

    /// A worker takes a group in hand, or puts it down (`None`).
    pub(crate) fn note(&self, worker: usize, group: Option<(&str, u64, u64)>) -> Result<()> {
        let slot =
            group.map_or([0; SLOT], |(camera, epoch, sequence)| encode(camera, epoch, sequence));
        self.hands
            .write_all_at(&slot, (worker * SLOT) as u64)
            .context(format_args!("write {}", self.path.display()))
    }
}

fn encode(camera: &str, epoch: u64, sequence: u64) -> [u8; SLOT] {
    let name = camera.as_bytes();
    let length = name.len().min(63);
    let mut body = Vec::with_capacity(SLOT);
    body.extend_from_slice(&epoch.to_le_bytes());
    body.extend_from_slice(&sequence.to_le_bytes());
    body.push(length as u8);
    body.extend(name.iter().take(length));
    body.resize(SLOT - 4, 0);
    let crc = crc32c::crc32c(&body).to_le_bytes();
    let mut slot = [0; SLOT];
    for (to, from) in slot.iter_mut().zip(crc.into_iter().chain(body)) {
        *to = from;
    }
    slot
}

fn decode(slot: &[u8]) -> Option<Group> {
    let (crc, body) = slot.split_at_checked(4)?;
    let number = |at: usize| body.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
    let length = usize::from(*body.get(16)?);
    let camera = std::str::from_utf8(body.get(17..17 + length)?).ok()?;
    let whole = body.len() == SLOT - 4 && crc == crc32c::crc32c(body).to_le_bytes() && length > 0;
    Some(Group { camera: camera.to_owned(), epoch: number(0)?, sequence: number(8)? })
        .filter(|_| whole)
}

fn read_suspects(path: &Path) -> Vec<(Group, u32)> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = |line: &str| {
        let mut words = line.split(' ');
        let camera = words.next()?.to_owned();
        let group = Group {
            camera,
            epoch: words.next()?.parse().ok()?,
            sequence: words.next()?.parse().ok()?,
        };
        Some((group, words.next()?.parse().ok()?))
    };
    text.lines().filter_map(line).take(KEPT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_in_hand_at_two_ends_is_rejected() {
        let dir = tempfile::tempdir().unwrap();
        let crash = |group: Option<(&str, u64, u64)>| {
            let notes = Notes::open(dir.path(), 2).unwrap();
            notes.note(1, group).unwrap();
            notes.rejects("yard", 7, 50)
        };
        assert!(!crash(Some(("yard", 7, 50))));
        assert!(!crash(None), "one crash is no proof");
        assert!(!crash(Some(("yard", 7, 50))));
        assert!(crash(None), "the second one is");
        assert!(crash(None), "and it stays so");
        let notes = Notes::open(dir.path(), 2).unwrap();
        assert!(!notes.rejects("yard", 7, 51) && !notes.rejects("gate", 7, 50));
    }

    #[test]
    fn damaged_slots_are_empty_hands() {
        let mut slot = encode(&"x".repeat(63), u64::MAX, 1);
        assert_eq!(decode(&slot).map(|g| g.camera.len()), Some(63));
        slot[20] ^= 1;
        assert_eq!(decode(&slot), None);
        assert_eq!(decode(&[0; SLOT]), None);
        assert_eq!(decode(&slot[..40]), None);
    }
}
