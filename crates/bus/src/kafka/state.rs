//! What the spool must remember besides its records: how far it is delivered, what it dropped.
//!
//! File `state`, text, one item a line: `flumen-spool 1`, `delivered OFFSET`, `skipping TOPIC
//! KEY`, `dropped TOPIC KEY RECORDS BYTES FIRST LAST`; keys in hex. Written beside and renamed.
//! Invariants: `delivered` on disk is never above what is delivered, so that a restart may
//! repeat records and never loses one; at most 4,096 keys are told apart in what was dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use flumen_base::{Context as _, Error, Result};

use super::Dropped;

const HEAD: &str = "flumen-spool 1";
const MOST_KEYS: usize = 4096;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// Everything below this offset of the spool is delivered or dropped.
    pub delivered: u64,
    /// (topic, key)s of which records are dropped up to the next one that begins.
    pub skipping: BTreeSet<(String, Bytes)>,
    /// What was dropped and nobody took yet.
    pub dropped: BTreeMap<(String, Bytes), Dropped>,
}

impl State {
    /// Counts a dropped record.
    pub(crate) fn drop_one(&mut self, topic: &str, key: &Bytes, bytes: u64, at_us: i64) {
        let name = (topic.to_owned(), key.clone());
        if !self.dropped.contains_key(&name) && self.dropped.len() >= MOST_KEYS {
            tracing::error!(topic, "too many keys in what was dropped: not told apart any more");
            return;
        }
        let item = self.dropped.entry(name).or_insert_with(|| Dropped {
            topic: topic.to_owned(),
            key: key.clone(),
            records: 0,
            bytes: 0,
            first_us: at_us,
            last_us: at_us,
        });
        item.records += 1;
        item.bytes += bytes;
        item.first_us = item.first_us.min(at_us);
        item.last_us = item.last_us.max(at_us);
    }

    fn encode(&self) -> String {
        let mut text = format!("{HEAD}\ndelivered {}\n", self.delivered);
        for (topic, key) in &self.skipping {
            let _ = writeln!(text, "skipping {topic} {}", hex(key));
        }
        for d in self.dropped.values() {
            let (key, times) = (hex(&d.key), format!("{} {}", d.first_us, d.last_us));
            let _ = writeln!(text, "dropped {} {key} {} {} {times}", d.topic, d.records, d.bytes);
        }
        text
    }

    fn decode(text: &str) -> Option<State> {
        let mut lines = text.lines();
        if lines.next()? != HEAD {
            return None;
        }
        let mut state = State::default();
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            match *words.as_slice() {
                ["delivered", offset] => state.delivered = offset.parse().ok()?,
                ["skipping", topic, key] => {
                    state.skipping.insert((topic.to_owned(), unhex(key)?));
                }
                ["dropped", topic, key, records, bytes, first, last] => {
                    let key = unhex(key)?;
                    let dropped = Dropped {
                        topic: topic.to_owned(),
                        key: key.clone(),
                        records: records.parse().ok()?,
                        bytes: bytes.parse().ok()?,
                        first_us: first.parse().ok()?,
                        last_us: last.parse().ok()?,
                    };
                    state.dropped.insert((topic.to_owned(), key), dropped);
                }
                _ => return None,
            }
        }
        Some(state)
    }
}

fn hex(bytes: &[u8]) -> String {
    // A dash stands for no key, so that each line has all its words.
    if bytes.is_empty() { "-".into() } else { bytes.iter().map(|b| format!("{b:02x}")).collect() }
}

fn unhex(text: &str) -> Option<Bytes> {
    if text == "-" {
        return Some(Bytes::new());
    }
    let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(pair).collect::<Option<Vec<u8>>>().map(Bytes::from)
}

/// The file of the state.
pub(crate) struct StateFile(PathBuf);

impl StateFile {
    /// Reads it, or begins with nothing delivered. `range` is what the spool holds: after a
    /// power cut the file may know more than the disk kept.
    pub(crate) fn open(dir: &Path, range: std::ops::Range<u64>) -> Result<(StateFile, State)> {
        let path = dir.join("state");
        let mut state = match std::fs::read_to_string(&path) {
            Ok(text) => State::decode(&text).unwrap_or_else(|| {
                tracing::warn!(file = %path.display(), "unreadable: the spool is sent again");
                State::default()
            }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => State::default(),
            Err(e) => return Err(Error::io(format!("read {}", path.display()), e)),
        };
        state.delivered = state.delivered.clamp(range.start, range.end);
        let file = StateFile(path);
        // Offsets above the end are given out again: the file must not know them by then.
        file.keep(&state, true)?;
        Ok((file, state))
    }

    /// Writes it; synced when it must survive a power cut.
    pub(crate) fn keep(&self, state: &State, sync: bool) -> Result<()> {
        let new = self.0.with_extension("new");
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&new)?;
            file.write_all(state.encode().as_bytes())?;
            if sync {
                file.sync_all()?;
            }
            std::fs::rename(&new, &self.0)?;
            match self.0.parent().filter(|_| sync) {
                Some(dir) => File::open(dir)?.sync_all(),
                None => Ok(()),
            }
        };
        write().context(format!("write {}", self.0.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_and_never_passes_the_spool() {
        let dir = tempfile::tempdir().unwrap();
        let (file, mut state) = StateFile::open(dir.path(), 0..0).unwrap();
        assert_eq!(state, State::default());
        state.delivered = 17;
        state.skipping.insert(("flumen.video".into(), Bytes::from_static(b"yard")));
        state.drop_one("flumen.video", &Bytes::from_static(b"yard"), 10, 5);
        state.drop_one("flumen.video", &Bytes::from_static(b"yard"), 20, 3);
        state.drop_one("flumen.events", &Bytes::new(), 1, -1);
        file.keep(&state, false).unwrap();
        let (_, again) = StateFile::open(dir.path(), 0..20).unwrap();
        assert_eq!(again, state);
        let yard = &again.dropped[&("flumen.video".into(), Bytes::from_static(b"yard"))];
        assert_eq!((yard.records, yard.bytes, yard.first_us, yard.last_us), (2, 30, 3, 5));
        let (_, cut) = StateFile::open(dir.path(), 3..12).unwrap();
        assert_eq!(cut.delivered, 12);
        let (_, later) = StateFile::open(dir.path(), 3..40).unwrap();
        assert_eq!(later.delivered, 12, "the cut is kept at once");
        std::fs::write(dir.path().join("state"), "rubbish").unwrap();
        assert_eq!(StateFile::open(dir.path(), 3..40).unwrap().1.delivered, 3);
    }
}
