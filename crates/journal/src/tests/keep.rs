//! Retention: what goes, what stays, and what readers are told.

use super::harness::{Bench, START_US, dir, entry, small};
use crate::sim::SimDisk;
use crate::{Config, Entry, Read, Visibility};

const HOUR_US: i64 = 3_600_000_000;

fn stamped(id: u64, timestamp_us: i64) -> Entry {
    Entry { timestamp_us: START_US + timestamp_us, ..entry(id, 1000) }
}

/// Ten segments of ten records; each record an hour after the one before; found by a new process.
fn filled(config: &Config) -> Bench {
    Bench::open(&written(config).disk, config).unwrap()
}

/// The same, just written.
fn written(config: &Config) -> Bench {
    let mut bench = Bench::open(&SimDisk::new(1), config).unwrap();
    for id in 0..100 {
        if id % 10 == 0 {
            bench.log.roll().unwrap();
        }
        bench.log.append(&[stamped(id, id as i64 * HOUR_US)], None).unwrap();
    }
    bench.log.sync().unwrap();
    bench
}

fn hours(count: u64) -> std::time::Duration {
    std::time::Duration::from_secs(count * 3600)
}

#[test]
fn whole_segments_go_by_age() {
    let bench = filled(&Config { keep_age: hours(30), ..small() });
    let mut behind = bench.reader(Visibility::Durable);
    bench.clock.advance(65 * HOUR_US);
    bench.retention.run(&bench.view);
    assert_eq!(bench.view.first(), 30, "34 is younger than 35 hours, its segment stays");
    let mut read = Vec::new();
    behind.read(2, usize::MAX, &mut read).unwrap();
    assert_eq!(read[0], Read::Expired { from: 0, to: 30 });
    assert!(matches!(&read[1], Read::Record(r) if r.offset == 30));

    let disk = bench.disk.cut_power(1);
    let again = Bench::open(&disk, &small()).unwrap();
    assert_eq!((again.view.first(), again.view.tails().1.offset), (30, 100));
    assert_eq!(again.report, Default::default());
}

#[test]
fn whole_segments_go_by_bytes_and_the_newest_stays() {
    let bench = filled(&Config { keep_bytes: 50_000, ..small() });
    bench.retention.run(&bench.view);
    assert!(bench.view.bytes() <= 50_000);
    assert_eq!(bench.view.first(), 70);
    let none = filled(&Config { keep_bytes: 0, ..small() });
    none.retention.run(&none.view);
    assert_eq!(none.view.first(), 90);
}

#[test]
fn a_reader_inside_a_removed_segment_reads_it_to_its_end() {
    let bench = filled(&Config { keep_bytes: 0, ..small() });
    let mut reader = bench.reader(Visibility::Written);
    let mut read = Vec::new();
    reader.read(3, usize::MAX, &mut read).unwrap();
    bench.retention.run(&bench.view);
    reader.read(8, usize::MAX, &mut read).unwrap();
    assert!(read[..10].iter().all(|r| matches!(r, Read::Record(_))));
    assert_eq!(read[10], Read::Expired { from: 10, to: 90 });
}

#[test]
fn an_idle_log_ends_its_segment_so_that_it_can_go() {
    let mut bench =
        Bench::open(&SimDisk::new(1), &Config { keep_age: hours(8), ..small() }).unwrap();
    bench.log.append(&[stamped(0, 0)], None).unwrap();
    let config = Config { keep_age: hours(8), ..small() };
    let mut bench = Bench::open(&bench.disk, &config).unwrap();
    assert!(!bench.retention.run(&bench.view));
    bench.clock.advance(2 * HOUR_US);
    assert!(bench.retention.run(&bench.view));
    bench.log.roll().unwrap();
    assert!(!bench.retention.run(&bench.view));
    bench.clock.advance(7 * HOUR_US);
    bench.retention.run(&bench.view);
    assert_eq!((bench.view.first(), bench.view.segments().len()), (1, 1));
    assert_eq!(bench.read_all(Visibility::Written), []);
}

#[test]
fn a_clock_that_jumps_ahead_removes_nothing_that_was_just_written() {
    let bench = written(&Config { keep_age: hours(30), ..small() });
    bench.clock.advance(10_000 * HOUR_US);
    assert!(!bench.retention.run(&bench.view));
    assert_eq!(bench.view.first(), 0);
}

#[test]
fn a_clock_that_was_not_set_removes_nothing() {
    let config = Config { keep_age: hours(30), ..small() };
    let mut bench = Bench::open(&SimDisk::new(1), &config).unwrap();
    for id in 0..3 {
        bench.log.roll().unwrap();
        bench.log.append(&[entry(id, 10)], None).unwrap();
    }
    let bench = Bench::open(&bench.disk, &config).unwrap();
    assert!(!bench.retention.run(&bench.view));
    assert_eq!(bench.view.first(), 0);
}

#[test]
fn clocks_that_jump_back_keep_more_never_less() {
    let bench = filled(&Config { keep_age: hours(30), ..small() });
    bench.clock.advance(-5 * HOUR_US);
    bench.retention.run(&bench.view);
    assert_eq!(bench.view.first(), 0);
}

#[test]
fn trim_removes_whole_segments_below_an_offset_and_never_the_newest() {
    let bench = filled(&small());
    let mut behind = bench.reader(Visibility::Durable);
    let trim = |offset| crate::retention::trim(&bench.disk, &dir(), &bench.view, offset);
    trim(29);
    assert_eq!(bench.view.first(), 20, "29 is still needed, and with it its segment");
    trim(30);
    assert_eq!(bench.view.first(), 30);
    let mut read = Vec::new();
    behind.read(1, usize::MAX, &mut read).unwrap();
    assert_eq!(read, [Read::Expired { from: 0, to: 30 }]);
    trim(u64::MAX);
    assert_eq!(bench.view.first(), 90);
    let again = Bench::open(&bench.disk.cut_power(1), &small()).unwrap();
    assert_eq!((again.view.first(), again.view.tails().1.offset), (90, 100));
}
