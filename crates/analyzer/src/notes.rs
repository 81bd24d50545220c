//! Which group of pictures and unit each pair of hands holds, on disk, so that one that crashes
//! the process is not fed for ever.
//!
//! The host names the directory; several processes may share it. Each has a file `hands-<n>` of
//! its own, locked as long as the process lives: a file that nobody locks is what a process
//! held at its end.
//! Layout of `hands-<n>`: slots of 96 bytes: crc32c u32 of the rest, epoch u64 and sequence u64
//! of the key frame, sequence u64 of the unit, length u8 and bytes of the camera's id; zeros =
//! empty hands. Written by one pwrite and not synced: the page outlives the process, and a
//! power cut is not a crash of the decoder. `suspects`: one line `camera epoch sequence unit
//! crashes` each, at most 64.
//! Invariants: a group is rejected once the same unit of it was in hand at two ends of a
//! process, or eight ends fell into it: kills from outside hit another unit each time. Restoring
//! (`RESTORING` in the place of a unit) takes long, begins at the same place each time and feeds
//! only what was decoded before: it counts for the eight alone.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use flumen_base::{Context, Error, Result};

const SLOT: usize = 96;
/// In the place of a unit's sequence: the units before it are decoded again.
pub(crate) const RESTORING: u64 = u64::MAX;
/// Ends of a process at one unit.
const CRASHES: u32 = 2;
/// Ends of a process anywhere in a group.
const CRASHES_OF_GROUP: u32 = 8;
const KEPT: usize = 64;
/// Processes that share a directory.
const PROCESSES: usize = 64;

/// A unit in hand: its group by the key frame, and itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit<'a> {
    /// The camera's id.
    pub camera: &'a str,
    /// Epoch and sequence of the key frame.
    pub group: (u64, u64),
    /// Sequence of the unit.
    pub sequence: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Suspect {
    camera: String,
    group: (u64, u64),
    sequence: u64,
    crashes: u32,
}

/// The notes of this run, and what earlier ones say.
pub struct Notes {
    hands: File,
    suspects: Vec<Suspect>,
    free: Mutex<Vec<usize>>,
}

/// A place in the notes for one thread; free again when dropped.
pub struct Hand {
    notes: Arc<Notes>,
    slot: usize,
}

impl Notes {
    /// Opens the notes in a directory (made when missing) for so many pairs of hands: what
    /// processes held at their end has one crash more.
    ///
    /// # Errors
    /// What the file system answers; `Exhausted` when 64 processes share the directory.
    pub fn open(dir: &Path, hands: usize) -> Result<Arc<Notes>> {
        fs::create_dir_all(dir).context(format_args!("make {}", dir.display()))?;
        let path = dir.join("lock");
        let what = || format!("open {}", path.display());
        let turn = OpenOptions::new().create(true).append(true).open(&path).context(what())?;
        turn.lock().context(what())?;
        let known = dir.join("suspects");
        let mut suspects = read_suspects(&known);
        let mut own = None;
        for n in 0..PROCESSES {
            let path = dir.join(format!("hands-{n}"));
            if own.is_some() && !path.exists() {
                break;
            }
            if let Some(file) = take_over(&path, &mut suspects)? {
                own.get_or_insert(file);
            }
        }
        let old = suspects.len().saturating_sub(KEPT);
        suspects.drain(..old);
        write_suspects(&known, &suspects)?;
        let hands_file = own.ok_or_else(|| {
            Error::exhausted(format!("{PROCESSES} processes keep notes in {}", dir.display()))
        })?;
        hands_file.set_len((SLOT * hands) as u64).context(what())?;
        let free = Mutex::new((0..hands).rev().collect());
        Ok(Arc::new(Notes { hands: hands_file, suspects, free }))
    }

    /// A free pair of hands, if there is one.
    pub fn hand(self: &Arc<Notes>) -> Option<Hand> {
        let slot = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        Some(Hand { notes: self.clone(), slot })
    }

    /// True when a group was in hand at too many ends of a process.
    pub fn rejects(&self, camera: &str, group: (u64, u64)) -> bool {
        let of_group = self.suspects.iter().filter(|s| s.group == group && s.camera == camera);
        let mut at_a_unit = of_group.clone().filter(|s| s.sequence != RESTORING);
        at_a_unit.any(|s| s.crashes >= CRASHES)
            || of_group.map(|s| s.crashes).sum::<u32>() >= CRASHES_OF_GROUP
    }
}

impl Hand {
    /// True when a group was in hand at too many ends of a process.
    pub fn rejects(&self, camera: &str, group: (u64, u64)) -> bool {
        self.notes.rejects(camera, group)
    }

    /// Takes a unit in hand, or puts it down (`None`).
    ///
    /// # Errors
    /// What the file system answers.
    pub fn note(&self, unit: Option<Unit<'_>>) -> Result<()> {
        let slot = unit.map_or([0; SLOT], encode);
        self.notes
            .hands
            .write_all_at(&slot, (self.slot * SLOT) as u64)
            .context("write the notes of units in hand")
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.notes.free.lock().unwrap_or_else(PoisonError::into_inner).push(self.slot);
    }
}

/// Takes a file that no process holds, counts what it says and empties it; none when it is held.
fn take_over(path: &Path, suspects: &mut Vec<Suspect>) -> Result<Option<File>> {
    let what = || format!("open {}", path.display());
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).read(true).write(true);
    let file = file.open(path).context(what())?;
    if file.try_lock().is_err() {
        return Ok(None);
    }
    let left = fs::read(path).unwrap_or_default();
    for found in left.chunks(SLOT).filter_map(decode) {
        let same = |s: &&mut Suspect| Suspect { crashes: found.crashes, ..(**s).clone() } == found;
        match suspects.iter_mut().find(same) {
            Some(suspect) => suspect.crashes += 1,
            None => suspects.push(found),
        }
    }
    file.set_len(0).context(what())?;
    Ok(Some(file))
}

fn encode(unit: Unit<'_>) -> [u8; SLOT] {
    let name = unit.camera.as_bytes();
    let length = name.len().min(63);
    let mut body = Vec::with_capacity(SLOT);
    for number in [unit.group.0, unit.group.1, unit.sequence] {
        body.extend_from_slice(&number.to_le_bytes());
    }
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

fn decode(slot: &[u8]) -> Option<Suspect> {
    let (crc, body) = slot.split_at_checked(4)?;
    let number = |at: usize| body.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
    let length = usize::from(*body.get(24)?);
    let camera = std::str::from_utf8(body.get(25..25 + length)?).ok()?.to_owned();
    let whole = body.len() == SLOT - 4 && crc == crc32c::crc32c(body).to_le_bytes() && length > 0;
    let group = (number(0)?, number(8)?);
    Some(Suspect { camera, group, sequence: number(16)?, crashes: 1 }).filter(|_| whole)
}

fn read_suspects(path: &Path) -> Vec<Suspect> {
    let text = fs::read_to_string(path).unwrap_or_default(); // none at the first start
    let line = |line: &str| {
        let (camera, numbers) = line.split_once(' ')?;
        let mut numbers = numbers.split(' ').map_while(|n| n.parse::<u64>().ok());
        let group = (numbers.next()?, numbers.next()?);
        let sequence = numbers.next()?;
        let crashes = u32::try_from(numbers.next()?).ok()?;
        Some(Suspect { camera: camera.to_owned(), group, sequence, crashes })
    };
    text.lines().filter_map(line).take(KEPT).collect()
}

fn write_suspects(path: &Path, suspects: &[Suspect]) -> Result<()> {
    let line = |s: &Suspect| {
        format!("{} {} {} {} {}\n", s.camera, s.group.0, s.group.1, s.sequence, s.crashes)
    };
    let text: String = suspects.iter().map(line).collect();
    let tmp = path.with_extension("tmp");
    fs::write(&tmp, text).context(format_args!("write {}", tmp.display()))?;
    fs::rename(&tmp, path).context(format_args!("rename {}", tmp.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(camera: &str, group: (u64, u64), sequence: u64) -> Option<Unit<'_>> {
        Some(Unit { camera, group, sequence })
    }

    #[test]
    fn a_unit_in_hand_at_two_ends_rejects_its_group() {
        let dir = tempfile::tempdir().unwrap();
        let crash = |unit: Option<Unit<'_>>| {
            let notes = Notes::open(dir.path(), 2).unwrap();
            notes.hand().unwrap().note(unit).unwrap();
            notes.rejects("yard", (7, 50))
        };
        assert!(!crash(unit("yard", (7, 50), 53)));
        assert!(!crash(None), "one crash is no proof");
        assert!(!crash(unit("yard", (7, 50), 53)));
        assert!(crash(None), "the second one is");
        assert!(crash(None), "and it stays so");
        let notes = Notes::open(dir.path(), 2).unwrap();
        assert!(!notes.rejects("yard", (7, 51)) && !notes.rejects("gate", (7, 50)));
    }

    #[test]
    fn kills_from_outside_add_up_slowly() {
        let dir = tempfile::tempdir().unwrap();
        for sequence in 50..58 {
            let notes = Notes::open(dir.path(), 1).unwrap();
            assert!(!notes.rejects("yard", (7, 50)), "{sequence}");
            notes.hand().unwrap().note(unit("yard", (7, 50), sequence)).unwrap();
        }
        assert!(Notes::open(dir.path(), 1).unwrap().rejects("yard", (7, 50)));
    }

    #[test]
    fn kills_from_outside_while_a_group_is_restored_add_up_slowly() {
        let dir = tempfile::tempdir().unwrap();
        for kill in 0..8 {
            let notes = Notes::open(dir.path(), 1).unwrap();
            assert!(!notes.rejects("yard", (7, 50)), "{kill}");
            notes.hand().unwrap().note(unit("yard", (7, 50), RESTORING)).unwrap();
        }
        assert!(Notes::open(dir.path(), 1).unwrap().rejects("yard", (7, 50)));
    }

    #[test]
    fn processes_that_share_a_directory_do_not_count_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let lives = Notes::open(dir.path(), 1).unwrap();
        let hand = lives.hand().unwrap();
        hand.note(unit("yard", (7, 50), 50)).unwrap();
        assert!(lives.hand().is_none(), "one pair of hands");
        for _ in 0..3 {
            let other = Notes::open(dir.path(), 1).unwrap();
            other.hand().unwrap().note(None).unwrap();
            assert!(!other.rejects("yard", (7, 50)));
        }
        drop((hand, lives));
        assert_eq!(Notes::open(dir.path(), 1).unwrap().suspects.len(), 1);
    }

    #[test]
    fn damaged_slots_are_empty_hands() {
        let name = "x".repeat(63);
        let mut slot = encode(Unit { camera: &name, group: (u64::MAX, 1), sequence: 2 });
        assert_eq!(decode(&slot).map(|g| g.camera.len()), Some(63));
        slot[20] ^= 1;
        assert_eq!(decode(&slot), None);
        assert_eq!(decode(&[0; SLOT]), None);
        assert_eq!(decode(&slot[..40]), None);
    }
}
