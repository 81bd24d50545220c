//! A sync that failed is told once by the system: what was written before it is never believed.

use super::harness::{Bench, entry, small};
use crate::Visibility;
use crate::sim::SimDisk;

#[test]
fn a_second_sync_does_not_say_that_all_is_well() {
    let disk = SimDisk::new(1);
    let mut bench = Bench::open(&disk, &small()).unwrap();
    bench.log.append(&[entry(0, 100)], None).unwrap();
    disk.faults(|f| f.failing_syncs = 1);
    assert!(bench.log.sync().is_err());
    assert!(bench.log.sync().is_err(), "the pages are dropped, this one would succeed");
    assert_eq!(bench.view.tails().1.offset, 0);
    assert!(bench.log.append(&[entry(1, 100)], None).is_err());
}

/// The sync failed, and so did the cut: the next process finds the records in the page cache and
/// shows them, so they must be durable then.
#[test]
fn what_a_restart_shows_survives_the_next_power_cut() {
    for seed in 0..20 {
        let disk = SimDisk::new(1);
        let mut bench = Bench::open(&disk, &small()).unwrap();
        bench.log.append(&[entry(0, 100)], None).unwrap();
        bench.log.sync().unwrap();
        bench.log.append(&[entry(1, 100)], Some(1)).unwrap();
        disk.faults(|f| (f.failing_syncs, f.failing_cuts) = (1, 1));
        bench.log.sync().unwrap_err();
        bench.log.cut_unsynced("the sync failed");

        let again = Bench::open(&disk, &small()).unwrap();
        let shown = again.read_all(Visibility::Durable);
        assert_eq!(shown.len(), 2);
        let after = Bench::open(&disk.cut_power(seed), &small()).unwrap();
        assert_eq!(after.read_all(Visibility::Durable), shown);
    }
}
