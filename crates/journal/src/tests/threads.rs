//! The journal with its threads: acknowledgements, limits, failures.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use flumen_base::{Kind, ManualClock, Result};

use super::harness::{dir, entry, payload, small};
use crate::sim::SimDisk;
use crate::{Config, Entry, From, Journal, Placed, Read, Reader, Signal, Visibility};

const LONG: Duration = Duration::from_secs(20);

fn open(disk: &SimDisk, config: Config) -> Journal {
    let clock = Arc::new(ManualClock::at(0));
    Journal::open(Arc::new(disk.clone()), Path::new(&dir()), config, clock).unwrap()
}

fn send(journal: &Journal, entry: Entry) -> mpsc::Receiver<Result<Placed>> {
    let (tell, told) = mpsc::channel();
    journal.append(entry, Box::new(move |ack| drop(tell.send(ack)))).unwrap();
    told
}

fn wait_for(reader: &mut Reader, count: usize) -> Vec<Read> {
    let signal = Arc::new(Signal::default());
    reader.listen(&signal);
    let mut all = Vec::new();
    while all.len() < count {
        let seen = signal.seen();
        let before = all.len();
        reader.read(count - all.len(), usize::MAX, &mut all).unwrap();
        let until = Instant::now() + LONG;
        assert!(all.len() > before || signal.wait(seen, until), "{} of {count}", all.len());
    }
    all
}

fn offsets(read: &[Read]) -> Vec<u64> {
    let of = |r: &Read| if let Read::Record(s) = r { s.offset } else { panic!("{r:?}") };
    read.iter().map(of).collect()
}

#[test]
fn acknowledgements_come_after_the_sync_and_in_order() {
    let disk = SimDisk::new(1);
    let journal = open(&disk, small());
    disk.faults(|f| f.held_syncs = true);
    let (tell, told) = mpsc::channel();
    for id in 0..20 {
        let tell = tell.clone();
        let done = Box::new(move |ack: Result<Placed>| tell.send(ack.unwrap().offset).unwrap());
        // The first segment's head is synced too: nothing is written before that.
        journal.append(entry(id, 100), done).unwrap();
    }
    assert!(told.try_recv().is_err());
    disk.faults(|f| f.held_syncs = false);
    let acks: Vec<u64> = (0..20).map(|_| told.recv_timeout(LONG).unwrap()).collect();
    assert_eq!(acks, (0..20).collect::<Vec<_>>());
    assert_eq!(journal.stats().queued_bytes, 0);
}

#[test]
fn written_is_seen_before_durable() {
    let disk = SimDisk::new(1);
    let journal = open(&disk, small());
    send(&journal, entry(0, 10)).recv_timeout(LONG).unwrap().unwrap();
    disk.faults(|f| f.held_syncs = true);
    let told = send(&journal, entry(1, 10));
    assert_eq!(offsets(&wait_for(&mut journal.reader(Visibility::Written), 2)), [0, 1]);
    let mut durable = journal.reader(Visibility::Durable);
    let mut read = Vec::new();
    durable.read(10, 1000, &mut read).unwrap();
    assert_eq!(offsets(&read), [0]);
    assert!(told.try_recv().is_err());
    disk.faults(|f| f.held_syncs = false);
    assert_eq!(told.recv_timeout(LONG).unwrap().unwrap().offset, 1);
    assert_eq!(offsets(&wait_for(&mut durable, 1)), [1]);
}

#[test]
fn a_full_queue_refuses_and_goes_on_later() {
    let disk = SimDisk::new(1);
    let journal = open(&disk, Config { queue_bytes: 1000, ..small() });
    disk.faults(|f| f.held_syncs = true);
    let first = send(&journal, entry(0, 900));
    let refused = journal.append(entry(1, 900), Box::new(|_| panic!("never queued")));
    assert_eq!(refused.unwrap_err().kind(), Kind::Exhausted);
    disk.faults(|f| f.held_syncs = false);
    first.recv_timeout(LONG).unwrap().unwrap();
    send(&journal, entry(1, 900)).recv_timeout(LONG).unwrap().unwrap();
}

#[test]
fn one_record_of_any_size_passes_a_small_queue() {
    let journal = open(&SimDisk::new(1), Config { queue_bytes: 1, ..small() });
    send(&journal, entry(0, 16 << 20)).recv_timeout(LONG).unwrap().unwrap();
    let over = journal.append(entry(1, (16 << 20) + 1), Box::new(drop));
    assert_eq!(over.unwrap_err().kind(), Kind::Invalid);
}

#[test]
fn a_full_disk_hurts_nothing_and_space_helps() {
    let disk = SimDisk::new(1);
    let journal = open(&disk, small());
    send(&journal, entry(0, 5000)).recv_timeout(LONG).unwrap().unwrap();
    disk.faults(|f| f.capacity = Some(10_000));
    let full = send(&journal, entry(1, 5000)).recv_timeout(LONG).unwrap();
    assert_eq!(full.unwrap_err().kind(), Kind::Exhausted);
    send(&journal, entry(2, 20)).recv_timeout(LONG).unwrap().unwrap();
    disk.faults(|f| f.capacity = None);
    send(&journal, entry(3, 5000)).recv_timeout(LONG).unwrap().unwrap();
    let read = wait_for(&mut journal.reader(Visibility::Durable), 3);
    let payloads: Vec<_> = read
        .iter()
        .map(|r| if let Read::Record(s) = r { s.payload.clone() } else { panic!("{r:?}") })
        .collect();
    assert_eq!(payloads, [payload(0, 5000), payload(2, 20), payload(3, 5000)]);
    drop(journal);
    assert_eq!(
        offsets(&wait_for(&mut open(&disk, small()).reader(Visibility::Durable), 3)).len(),
        3
    );
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged() {
    let disk = SimDisk::new(1);
    let journal = open(&disk, small());
    send(&journal, entry(0, 100)).recv_timeout(LONG).unwrap().unwrap();
    // The page cache forgets that these bytes are not on disk: a second sync would say Ok.
    disk.faults(|f| f.failing_syncs = 1);
    let failed = send(&journal, entry(1, 100)).recv_timeout(LONG).unwrap();
    assert_eq!(failed.unwrap_err().kind(), Kind::Unavailable);
    let refused = journal.append(entry(2, 100), Box::new(|_| panic!("never queued")));
    assert_eq!(refused.unwrap_err().kind(), Kind::Unavailable);
    assert!(journal.stats().broken.is_some());
    assert!(journal.close().is_err());
    assert_eq!(offsets(&wait_for(&mut journal.reader(Visibility::Written), 1)), [0]);
    drop(journal);

    let again = open(&disk, small());
    assert_eq!(again.stats().next, 1, "what the sync lost is not believed");
    assert_eq!(send(&again, entry(3, 100)).recv_timeout(LONG).unwrap().unwrap().offset, 1);
    assert!(!disk.cut_power(7).paths().is_empty());
}

#[test]
fn close_makes_all_durable_and_ends_it() {
    let disk = SimDisk::new(1);
    let journal = open(&disk, Config { sync_delay: LONG / 10, ..small() });
    let told: Vec<_> = (0..100).map(|id| send(&journal, entry(id, 50))).collect();
    journal.close().unwrap();
    assert!(told.iter().all(|t| t.try_recv().unwrap().is_ok()));
    assert_eq!(journal.append(entry(1, 1), Box::new(drop)).unwrap_err().kind(), Kind::Unavailable);
    journal.close().unwrap();
    let after = open(&disk.cut_power(3), small());
    assert_eq!(after.stats().next, 100);
    assert_eq!(*after.report(), Default::default());
}

#[test]
fn many_readers_follow_a_writer_over_segments() {
    let disk = SimDisk::new(1);
    let journal = Arc::new(open(&disk, small()));
    let readers: Vec<_> = (0..8)
        .map(|i| {
            let see = if i % 2 == 0 { Visibility::Written } else { Visibility::Durable };
            let mut reader = journal.reader(see);
            std::thread::spawn(move || offsets(&wait_for(&mut reader, 500)))
        })
        .collect();
    for id in 0..500 {
        drop(send(&journal, entry(id, 1000)));
    }
    for reader in readers {
        assert_eq!(reader.join().unwrap(), (0..500).collect::<Vec<_>>());
    }
    assert!(disk.paths().len() > 7, "several segments: {:?}", disk.paths());
}

#[test]
fn a_reader_that_seeks_reads_from_there() {
    let journal = open(&SimDisk::new(1), small());
    for id in 0..300 {
        send(&journal, entry(id, 700));
    }
    wait_for(&mut journal.reader(Visibility::Durable), 300);
    let mut reader = journal.reader(Visibility::Durable);
    for id in [0, 1, 99, 100, 250, 299] {
        reader.seek(From::Offset(id)).unwrap();
        assert_eq!(offsets(&wait_for(&mut reader, 1)), [id]);
        reader.seek(From::Time(id as i64)).unwrap();
        assert_eq!(offsets(&wait_for(&mut reader, 1)), [id]);
    }
    for end in [From::Latest, From::Offset(u64::MAX), From::Time(300)] {
        reader.seek(end).unwrap();
        assert_eq!(reader.next_offset(), 300);
    }
}
