//! Bytes that went bad: what is damage, what is a torn tail, and who is told.

#![allow(clippy::single_range_in_vec_init)]

use std::path::{Path, PathBuf};

use super::harness::{Bench, dir, entry, payload, small};
use crate::format::segment_name;
use crate::sim::SimDisk;
use crate::{Read, Visibility};

/// A log of two segments: 0..10 sealed, 10..20 with a mark behind 15.
fn disk() -> SimDisk {
    let disk = SimDisk::new(5);
    let mut bench = Bench::open(&disk, &small()).unwrap();
    let ten: Vec<_> = (0..10).map(|id| entry(id, 100)).collect();
    bench.log.append(&ten, None).unwrap();
    bench.log.roll().unwrap();
    let five: Vec<_> = (10..15).map(|id| entry(id, 100)).collect();
    bench.log.append(&five, None).unwrap();
    bench.log.sync().unwrap();
    let five: Vec<_> = (15..20).map(|id| entry(id, 100)).collect();
    bench.log.append(&five, Some(15)).unwrap();
    disk
}

fn first() -> PathBuf {
    dir().join(segment_name(0, 1))
}

fn second() -> PathBuf {
    dir().join(segment_name(10, 1))
}

/// Where the n-th record of a segment begins, each payload 100 bytes.
fn place(n: usize) -> usize {
    4096 + n * 140
}

fn spoil(disk: &SimDisk, path: &Path, at: usize, bytes: usize) {
    let mut content = disk.bytes(path).unwrap();
    content[at..at + bytes].iter_mut().for_each(|b| *b ^= 0x55);
    disk.put(path, &content);
}

/// What is read, short: an offset each record, negative pairs for damage.
fn told(disk: &SimDisk) -> Vec<(u64, u64)> {
    let bench = Bench::open(disk, &small()).unwrap();
    let read = bench.read_all(Visibility::Durable);
    let short = read.iter().map(|r| match r {
        Read::Record(s) => {
            assert_eq!(s.payload, payload(s.offset, 100));
            (s.offset, s.offset)
        }
        Read::Damaged { from, to } => (*from, *to),
        other => panic!("{other:?}"),
    });
    short.collect()
}

fn all_but(damage: (u64, u64), end: u64) -> Vec<(u64, u64)> {
    let before = (0..damage.0).map(|n| (n, n));
    before.chain([damage]).chain((damage.1..end).map(|n| (n, n))).collect()
}

#[test]
fn a_bad_payload_costs_one_record() {
    for (path, n, offset) in [(first(), 3, 3), (second(), 2, 12)] {
        let disk = disk();
        spoil(&disk, &path, place(n) + 60, 1);
        assert_eq!(told(&disk), all_but((offset, offset + 1), 20));
    }
}

#[test]
fn a_bad_header_costs_one_record() {
    for (path, n, offset) in [(first(), 0, 0), (first(), 9, 9), (second(), 2, 12)] {
        let disk = disk();
        spoil(&disk, &path, place(n) + 10, 1);
        assert_eq!(told(&disk), all_but((offset, offset + 1), 20));
    }
}

#[test]
fn bad_bytes_over_several_records_cost_these() {
    let disk = disk();
    spoil(&disk, &first(), place(4) + 20, 300);
    assert_eq!(told(&disk), all_but((4, 7), 20));
}

#[test]
fn bad_bytes_before_the_mark_are_damage_and_the_tail_stays() {
    let disk = disk();
    spoil(&disk, &second(), place(1), 8);
    let bench = Bench::open(&disk, &small()).unwrap();
    assert_eq!(bench.report.damaged, [11..12]);
    assert_eq!(bench.report.cut_bytes, 0);
    assert_eq!(told(&disk), all_but((11, 12), 20));
}

#[test]
fn bad_bytes_behind_the_mark_are_cut() {
    let disk = disk();
    // The mark stands before record 15.
    spoil(&disk, &second(), place(7) + 40 + 50, 1);
    let bench = Bench::open(&disk, &small()).unwrap();
    assert_eq!(bench.report.cut_bytes, 3 * 140);
    assert!(bench.report.damaged.is_empty());
    assert_eq!(told(&disk), (0..17).map(|n| (n, n)).collect::<Vec<_>>());
}

#[test]
fn acknowledged_records_at_a_lost_end_are_told_and_not_given_out_again() {
    let disk = disk();
    // Records 13 and 14 and the mark's neighbours: the mark itself stays readable.
    spoil(&disk, &second(), place(3), 280);
    spoil(&disk, &second(), place(5) + 40, 5 * 140);
    let mut bench = Bench::open(&disk, &small()).unwrap();
    assert_eq!(bench.log.append(&[entry(15, 100)], None).unwrap(), 15);
    let read = bench.read_all(Visibility::Written);
    assert_eq!(read[13], Read::Damaged { from: 13, to: 15 });
    assert!(matches!(&read[14], Read::Record(r) if r.offset == 15 && r.generation == 2));
}

#[test]
fn a_segment_without_a_head_is_told_as_a_whole() {
    let disk = disk();
    spoil(&disk, &first(), 0, 4096);
    assert_eq!(told(&disk), all_but((0, 10), 20));

    let disk = self::disk();
    spoil(&disk, &second(), 0, 4096);
    let mut bench = Bench::open(&disk, &small()).unwrap();
    assert_eq!(bench.report.lost_segments, 1);
    let next = bench.log.append(&[entry(0, 100)], None).unwrap();
    assert!(next >= 20, "offsets that may have been acknowledged are not given out again");
    let read = bench.read_all(Visibility::Written);
    assert_eq!(read[10], Read::Damaged { from: 10, to: next });
}

#[test]
fn a_missing_segment_is_told() {
    let disk = disk();
    let found = Bench::open(&disk, &small());
    drop(found);
    crate::Disk::remove(&disk, &first()).unwrap();
    let bench = Bench::open(&disk, &small()).unwrap();
    assert_eq!(bench.view.first(), 10, "what is gone at the beginning is as expired");

    let disk = self::disk();
    let mut bench = Bench::open(&disk, &small()).unwrap();
    bench.log.append(&[entry(20, 100)], None).unwrap();
    crate::Disk::remove(&disk, &second()).unwrap();
    assert_eq!(told(&disk), all_but((10, 20), 21));
}

#[test]
fn a_record_inside_a_payload_is_not_taken_for_one() {
    let disk = SimDisk::new(5);
    let mut bench = Bench::open(&disk, &small()).unwrap();
    bench.log.append(&[entry(0, 100), entry(1, 100)], None).unwrap();
    let inner = disk.bytes(&first()).unwrap()[place(0)..].to_vec();
    bench.log.append(&[crate::Entry::new(2, inner), entry(3, 100)], None).unwrap();
    bench.log.sync().unwrap();
    bench.log.append(&[], Some(4)).unwrap();
    spoil(&disk, &first(), place(2) + 10, 1);
    assert_eq!(told(&disk), all_but((2, 3), 4));
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let disk = disk();
    let mut content = disk.bytes(&second()).unwrap();
    for copy in [0, 2048] {
        content[copy + 8] = 2;
        let crc = crc32c::crc32c(&content[copy..copy + 60]);
        content[copy + 60..copy + 64].copy_from_slice(&crc.to_le_bytes());
    }
    disk.put(&second(), &content);
    let error = Bench::open(&disk, &small()).err().unwrap();
    assert_eq!(error.kind(), flumen_base::Kind::Unsupported);
    assert_eq!(disk.bytes(&second()).unwrap(), content);
}

#[test]
fn an_unreadable_place_is_tried_again_then_skipped() {
    let disk = disk();
    let bench = Bench::open(&disk, &small()).unwrap();
    let mut reader = bench.reader(Visibility::Durable);
    let mut read = Vec::new();
    reader.read(1, usize::MAX, &mut read).unwrap();
    disk.faults(|f| f.failing_reads = 1);
    let mut other = bench.reader(Visibility::Durable);
    assert!(other.read(1, usize::MAX, &mut read).is_err());
    other.read(1, usize::MAX, &mut read).unwrap();
    assert!(matches!(&read[1], Read::Record(r) if r.offset == 0));

    let mut stuck = bench.reader(Visibility::Durable);
    let mut read = Vec::new();
    disk.faults(|f| f.failing_reads = 3);
    let tries = (0..3).filter(|_| stuck.read(1, usize::MAX, &mut read).is_err()).count();
    assert_eq!(tries, 2);
    assert_eq!(read[0], Read::Damaged { from: 0, to: 10 });
}

#[test]
fn a_spoiled_index_is_made_again() {
    let disk = disk();
    let index = first().with_extension("idx");
    spoil(&disk, &index, 30, 1);
    let bench = Bench::open(&disk, &small()).unwrap();
    let mut reader = bench.reader(Visibility::Durable);
    reader.seek(crate::From::Time(7)).unwrap();
    assert_eq!(reader.next_offset(), 7);
}
