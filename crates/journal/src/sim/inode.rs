//! One file of the simulated disk: as it is seen, as it is durable, and what is between.
//!
//! Units: sectors of 512 bytes.

use super::chance::{Chance, one_of};

const SECTOR_BYTES: usize = 512;

#[derive(Clone)]
pub(super) enum Change {
    Write { position: usize, bytes: Vec<u8> },
    Length(usize),
}

#[derive(Clone, Default)]
pub(super) struct Inode {
    pub seen: Vec<u8>,
    pub durable: Vec<u8>,
    pub unsynced: Vec<Change>,
}

impl Inode {
    pub(super) fn apply(&mut self, change: Change) {
        change.apply(&mut self.seen);
        self.unsynced.push(change);
    }

    pub(super) fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    /// What is left: each unsynced sector by itself, in regimes from nothing to all.
    pub(super) fn after_cut(&self, chance: &mut Chance) -> Inode {
        let survival = one_of(chance, [0, 30, 80, 100]);
        let mut bytes = self.durable.clone();
        for change in &self.unsynced {
            match change {
                Change::Write { position, bytes: written } => {
                    let mut at = 0;
                    while let Some(rest) = written.get(at..).filter(|r| !r.is_empty()) {
                        let sector = SECTOR_BYTES - (position + at) % SECTOR_BYTES;
                        let piece = rest.get(..sector).unwrap_or(rest);
                        if chance.percent(survival) {
                            write(&mut bytes, position + at, piece);
                        }
                        at += piece.len();
                    }
                }
                Change::Length(length) if chance.percent(survival) => bytes.resize(*length, 0),
                Change::Length(_) => {}
            }
        }
        // Some file systems make a length durable before the bytes: zeros stand there then.
        if chance.percent(20) && bytes.len() < self.seen.len() {
            bytes.resize(self.seen.len(), 0);
        }
        Inode { seen: bytes.clone(), durable: bytes, unsynced: Vec::new() }
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::Write { position, bytes: written } => write(bytes, *position, written),
            Change::Length(length) => bytes.resize(*length, 0),
        }
    }
}

fn write(bytes: &mut Vec<u8>, position: usize, written: &[u8]) {
    if bytes.len() < position + written.len() {
        bytes.resize(position + written.len(), 0);
    }
    if let Some(place) = bytes.get_mut(position..position + written.len()) {
        place.copy_from_slice(written);
    }
}
