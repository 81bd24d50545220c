//! A disk in memory that loses power, tears, fails and lies: for tests and drills.
//!
//! Invariants: what was synced survives a power cut; of the rest any mixture of sectors does,
//! in any order, and any mixture of names that were made or removed; a failed sync drops what
//! it was asked for, as page caches do; the same seed gives the same cut.
//! Units: sectors of 512 bytes.
//! Not here: the real disk (`disk`).

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

mod chance;
mod inode;

pub use chance::Chance;

use chance::one_of;
use inode::{Change, Inode};

use crate::disk::{Disk, DiskFile};
use crate::view::lock;

/// What goes wrong from now on.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Bytes of all files together; a write that passes it is cut short, then fails.
    pub capacity: Option<u64>,
    /// So many next writes are torn and fail.
    pub failing_writes: u32,
    /// So many next cuts of a file's length fail.
    pub failing_cuts: u32,
    /// So many next syncs fail and drop what was to be synced.
    pub failing_syncs: u32,
    /// So many next reads fail.
    pub failing_reads: u32,
    /// Writes take a part of what they are given.
    pub short_writes: bool,
    /// Syncs of files and folders do nothing and say that all is well.
    pub lying_syncs: bool,
    /// Syncs of files wait until this is false again.
    pub held_syncs: bool,
    /// The power goes after so many more changes.
    pub power_for: Option<u64>,
}

#[derive(Clone)]
enum NameChange {
    Made(PathBuf, usize),
    Removed(PathBuf),
}

struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    unsynced_names: Vec<NameChange>,
    faults: Faults,
    chance: Chance,
    off: bool,
}

struct Shared {
    state: Mutex<State>,
    released: Condvar,
}

/// A disk in memory; clones are the same disk.
#[derive(Clone)]
pub struct SimDisk(Arc<Shared>);

impl SimDisk {
    /// An empty disk.
    pub fn new(seed: u64) -> SimDisk {
        SimDisk::with(BTreeMap::new(), Vec::new(), Chance::new(seed))
    }

    fn with(names: BTreeMap<PathBuf, usize>, inodes: Vec<Inode>, chance: Chance) -> SimDisk {
        let state = State {
            inodes,
            durable_names: names.clone(),
            names,
            unsynced_names: Vec::new(),
            faults: Faults::default(),
            chance,
            off: false,
        };
        SimDisk(Arc::new(Shared { state: Mutex::new(state), released: Condvar::new() }))
    }

    /// Changes what goes wrong.
    pub fn faults(&self, change: impl FnOnce(&mut Faults)) {
        change(&mut lock(&self.0.state).faults);
        self.0.released.notify_all();
    }

    /// True once the power went.
    pub fn is_off(&self) -> bool {
        lock(&self.0.state).off
    }

    /// Puts a durable file there, as if it had always been.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let mut state = lock(&self.0.state);
        let inode = Inode { seen: bytes.to_vec(), durable: bytes.to_vec(), unsynced: Vec::new() };
        state.inodes.push(inode);
        let at = state.inodes.len() - 1;
        state.names.insert(path.into(), at);
        state.durable_names.insert(path.into(), at);
    }

    /// A file's bytes as a program sees them now.
    pub fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        let state = lock(&self.0.state);
        let at = *state.names.get(path)?;
        state.inodes.get(at).map(|i| i.seen.clone())
    }

    /// All names.
    pub fn paths(&self) -> Vec<PathBuf> {
        lock(&self.0.state).names.keys().cloned().collect()
    }

    /// The disk as it is found after the power went now.
    pub fn cut_power(&self, seed: u64) -> SimDisk {
        let mut chance = Chance::new(seed);
        let mut state = lock(&self.0.state);
        state.off = true;
        let survival = one_of(&mut chance, [0, 50, 90, 100]);
        let mut names = state.durable_names.clone();
        for change in &state.unsynced_names {
            match change {
                NameChange::Made(path, at) if chance.percent(survival) => {
                    names.insert(path.clone(), *at);
                }
                NameChange::Removed(path) if chance.percent(survival) => {
                    names.remove(path);
                }
                _ => {}
            }
        }
        let inodes = state.inodes.iter().map(|i| i.after_cut(&mut chance)).collect();
        SimDisk::with(names, inodes, Chance::new(chance.number()))
    }
}

fn take(count: &mut u32) -> bool {
    let some = *count > 0;
    *count = count.saturating_sub(1);
    some
}

impl State {
    /// Before each change: is there power?
    fn change(&mut self) -> io::Result<()> {
        if let Some(left) = self.faults.power_for.as_mut() {
            *left = left.saturating_sub(1);
            self.off |= *left == 0;
        }
        if self.off { Err(io::Error::other("the power is off")) } else { Ok(()) }
    }

    fn used(&self) -> u64 {
        self.names.values().filter_map(|&i| self.inodes.get(i)).map(|i| i.seen.len() as u64).sum()
    }

    /// How many of `bytes` at `position` the disk takes, and the error that follows.
    fn room(&mut self, inode: usize, position: usize, bytes: usize) -> (usize, Option<io::Error>) {
        if take(&mut self.faults.failing_writes) {
            let torn = self.chance.below(bytes as u64) as usize;
            return (torn, Some(io::Error::other("input/output error")));
        }
        let length = self.inodes.get(inode).map_or(0, |i| i.seen.len());
        let more = (position + bytes).saturating_sub(length);
        let free = self.faults.capacity.map_or(u64::MAX, |c| c.saturating_sub(self.used()));
        if more as u64 > free {
            let fits = bytes - (more - free as usize).min(bytes);
            return (fits, (fits == 0).then(|| io::ErrorKind::StorageFull.into()));
        }
        if self.faults.short_writes && bytes > 1 {
            return (1 + self.chance.below(bytes as u64 - 1) as usize, None);
        }
        (bytes, None)
    }
}

impl Disk for SimDisk {
    fn create_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = lock(&self.0.state);
        let here = state.names.keys().filter(|p| p.parent() == Some(dir));
        Ok(here.filter_map(|p| Some(p.file_name()?.to_str()?.to_owned())).collect())
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = lock(&self.0.state);
        state.change()?;
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        state.inodes.push(Inode::default());
        let inode = state.inodes.len() - 1;
        state.names.insert(path.into(), inode);
        state.unsynced_names.push(NameChange::Made(path.into(), inode));
        Ok(Arc::new(SimFile { disk: self.clone(), inode }))
    }

    fn open(&self, path: &Path, _write: bool) -> io::Result<Arc<dyn DiskFile>> {
        let state = lock(&self.0.state);
        let inode = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Arc::new(SimFile { disk: self.clone(), inode }))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = lock(&self.0.state);
        state.change()?;
        state.names.remove(path).ok_or(io::ErrorKind::NotFound)?;
        state.unsynced_names.push(NameChange::Removed(path.into()));
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = lock(&self.0.state);
        state.change()?;
        if state.faults.lying_syncs {
            return Ok(());
        }
        for change in std::mem::take(&mut state.unsynced_names) {
            match change {
                NameChange::Made(p, at) if p.parent() == Some(dir) => {
                    state.durable_names.insert(p, at);
                }
                NameChange::Removed(p) if p.parent() == Some(dir) => {
                    state.durable_names.remove(&p);
                }
                other => state.unsynced_names.push(other),
            }
        }
        Ok(())
    }

    fn salt(&self) -> u64 {
        lock(&self.0.state).chance.number()
    }
}

struct SimFile {
    disk: SimDisk,
    inode: usize,
}

impl SimFile {
    fn with<T>(&self, run: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        run(&mut lock(&self.disk.0.state))
    }
}

fn inode_of(state: &mut State, inode: usize) -> io::Result<&mut Inode> {
    state.inodes.get_mut(inode).ok_or_else(|| io::ErrorKind::NotFound.into())
}

impl DiskFile for SimFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        self.with(|state| {
            if take(&mut state.faults.failing_reads) {
                return Err(io::Error::other("input/output error"));
            }
            let bytes = &inode_of(state, self.inode)?.seen;
            let rest = bytes.get(position as usize..).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
                to.copy_from_slice(from);
            }
            Ok(count)
        })
    }

    fn write_at(&self, bytes: &[u8], position: u64) -> io::Result<usize> {
        self.with(|state| {
            if state.off {
                return Err(io::Error::other("the power is off"));
            }
            // The write during which the power goes is torn, as all that is not synced.
            let powered = state.change();
            let (room, error) = state.room(self.inode, position as usize, bytes.len());
            let taken = bytes.get(..room).unwrap_or_default().to_vec();
            if room > 0 {
                let change = Change::Write { position: position as usize, bytes: taken };
                inode_of(state, self.inode)?.apply(change);
            }
            powered?;
            error.map_or(Ok(room), Err)
        })
    }

    fn length(&self) -> io::Result<u64> {
        self.with(|state| Ok(inode_of(state, self.inode)?.seen.len() as u64))
    }

    fn set_length(&self, bytes: u64) -> io::Result<()> {
        self.with(|state| {
            state.change()?;
            if take(&mut state.faults.failing_cuts) {
                return Err(io::Error::other("input/output error"));
            }
            inode_of(state, self.inode)?.apply(Change::Length(bytes as usize));
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = lock(&self.disk.0.state);
        while state.faults.held_syncs {
            state = self.disk.0.released.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.change()?;
        let failed = take(&mut state.faults.failing_syncs);
        let lying = state.faults.lying_syncs;
        let inode = inode_of(&mut state, self.inode)?;
        if failed {
            inode.unsynced.clear();
            return Err(io::Error::other("input/output error"));
        }
        if !lying {
            inode.sync();
        }
        Ok(())
    }
}
