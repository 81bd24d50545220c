//! Folders written by each format version, and a damaged one, must stay readable.
//!
//! `cargo test -p flumen-journal --test fixtures -- --ignored` writes those that are missing.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::single_range_in_vec_init
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flumen_base::ManualClock;
use flumen_journal::{Config, Entry, From, Journal, Read, StdDisk, Visibility, check};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A copy that may be written.
fn copy(name: &str) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for file in fs::read_dir(fixture(name)).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.path().join(file.file_name())).unwrap();
    }
    to
}

fn open(dir: &Path) -> Journal {
    let clock = Arc::new(ManualClock::at(1_700_000_000_000_000));
    Journal::open(Arc::new(StdDisk), dir, Config::default(), clock).unwrap()
}

fn entry(n: u64) -> Entry {
    Entry::new(1_700_000_000_000_000 + n as i64, format!("record {n} ").repeat(n as usize % 5))
}

fn append(journal: &Journal, n: u64) {
    let (tell, told) = std::sync::mpsc::channel();
    journal.append(entry(n), Box::new(move |ack| tell.send(ack).unwrap())).unwrap();
    assert_eq!(told.recv().unwrap().unwrap().offset, n);
}

fn read(journal: &Journal) -> Vec<Read> {
    let mut all = Vec::new();
    journal.reader(Visibility::Durable).read(usize::MAX, usize::MAX, &mut all).unwrap();
    all
}

fn is(item: &Read, n: u64, generation: u32) -> bool {
    let expected = entry(n);
    matches!(item, Read::Record(r) if (r.offset, r.generation) == (n, generation)
        && (r.timestamp_us, &r.payload) == (expected.timestamp_us, &expected.body))
}

#[test]
fn version_1_is_read_and_written_on() {
    let dir = copy("v1");
    let journal = open(dir.path());
    assert_eq!(*journal.report(), Default::default());
    append(&journal, 20);
    let all = read(&journal);
    assert_eq!(all.len(), 21);
    assert!((0..21).zip(&all).all(|(n, item)| is(item, n, 1 + (n / 10) as u32)));
    let mut reader = journal.reader(Visibility::Durable);
    reader.seek(From::Time(1_700_000_000_000_007)).unwrap();
    assert_eq!(reader.next_offset(), 7);
}

#[test]
fn damaged_version_1_says_what_is_gone() {
    let dir = copy("v1-damaged");
    let checked = check(&StdDisk, dir.path(), &mut |_, _| {}).unwrap();
    assert_eq!((checked.records, checked.next), (17, 19));
    let damaged: Vec<_> = checked.damaged.iter().map(|d| d.offsets.clone()).collect();
    assert_eq!(damaged, [4..5, 12..13]);
    assert!(checked.damaged.iter().all(|d| d.file.is_file()), "each file is named");
    assert!(checked.tail_bytes > 0);
    let journal = open(dir.path());
    assert_eq!(journal.report().damaged, [12..13]);
    assert_eq!(journal.report().cut_bytes, checked.tail_bytes);
    append(&journal, 19);
    let all = read(&journal);
    assert_eq!(all[4], Read::Damaged { from: 4, to: 5 });
    assert_eq!(all[12], Read::Damaged { from: 12, to: 13 });
    let records = all.iter().filter(|r| matches!(r, Read::Record(_))).count();
    assert_eq!(records, 18);
    assert!(is(&all[19], 19, 3));
}

fn spoil(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn find(bytes: &[u8], what: &str) -> usize {
    bytes.windows(what.len()).position(|w| w == what.as_bytes()).unwrap()
}

#[test]
#[ignore = "writes the fixtures of the format as it is now"]
fn write_fixtures() {
    let (good, bad) = (fixture("v1"), fixture("v1-damaged"));
    if good.exists() {
        return;
    }
    for life in 0..2 {
        let journal = open(&good);
        (0..10).for_each(|n| append(&journal, life * 10 + n));
        journal.close().unwrap();
    }
    fs::create_dir_all(&bad).unwrap();
    for file in fs::read_dir(&good).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), bad.join(file.file_name())).unwrap();
    }
    // A bad payload in a sealed segment; in the newest one a bad header before a mark, and a
    // last record without its end and all behind it.
    spoil(&bad.join("00000000000000000000-0000000001.log"), |b| {
        let at = find(b, "record 4");
        b[at] ^= 0xFF;
    });
    spoil(&bad.join("00000000000000000010-0000000002.log"), |b| {
        let at = find(b, "record 12");
        b[at - 20] ^= 0xFF;
        let end = find(b, "record 19");
        b.truncate(end + 3);
    });
}
