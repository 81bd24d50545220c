//! A kill at every step of filing, a full disk, a log that was replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use flumen_base::wire::{Codec, Gap, GapCause, PacketHeader, SourcePosition, Stream};
use flumen_base::{Error, Kind, Result, topic};
use flumen_bus::{Bus, Polled};
use prost::Message;

use super::rig::{
    Dying, DyingBus, DyingStore, Rig, ZERO_US, camera, files, film, header, published,
};
use crate::segment::Open;
use crate::unit::Unit;

fn shot() -> Rig {
    let rig = Rig::new();
    rig.shoot(film(), 1, 0..32, ZERO_US);
    rig.end(1, ZERO_US + 3_200_000);
    rig
}

#[test]
fn killed_at_any_step_every_unit_is_in_one_file() {
    let calm = shot();
    drop(calm.record(calm.bus.clone(), calm.store()).unwrap());
    let (rows, filed) = (calm.rows(), files(calm.store().as_ref(), "video"));
    assert_eq!(rows, [(0, 1000, 10), (1000, 2000, 10), (2000, 3000, 10), (3000, 3200, 2)]);
    assert_eq!(published(calm.bus.as_ref()).len(), 4);

    for steps in 0.. {
        let rig = shot();
        let dying = Arc::new(Dying { left: AtomicI64::new(steps) });
        let store = Arc::new(DyingStore(rig.store(), dying.clone()));
        let bus = Arc::new(DyingBus(rig.bus.clone(), dying.clone()));
        let died = rig.record(bus, store).is_err();
        assert_eq!(died, dying.left.load(Ordering::SeqCst) < 0);
        drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
        assert_eq!(rig.rows(), rows, "step {steps}");
        assert!(files(rig.store().as_ref(), "video") == filed, "step {steps}");
        assert_eq!(files(rig.store().as_ref(), "tmp"), [], "step {steps}");
        assert_eq!(published(rig.bus.as_ref()).len(), 4, "step {steps}");
        assert_eq!(rig.reader().check(&mut |_, _| {}).unwrap(), [], "step {steps}");
        if !died {
            assert!(steps > 30, "{steps} steps only");
            return;
        }
    }
}

#[test]
fn stopped_in_the_middle_nothing_is_missing_and_nothing_twice() {
    let rig = Rig::new();
    let mut at = 0;
    for to in [3, 17, 18, 44, 60] {
        rig.shoot(film(), 1, at..to, ZERO_US);
        at = to;
        let mut recorder = rig.record(rig.bus.clone(), rig.store()).unwrap();
        recorder.finish().unwrap();
    }
    rig.end(1, ZERO_US + 6_000_000);
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    let rows = rig.rows();
    assert_eq!(rows.iter().map(|r| r.2).sum::<u64>(), 60, "{rows:?}");
    assert!(rows.windows(2).all(|w| w[0].1 == w[1].0), "{rows:?}");
    assert_eq!((rows[0].0, rows[rows.len() - 1].1), (0, 6000));
    assert_eq!(rig.reader().check(&mut |_, _| {}).unwrap(), []);
}

#[test]
fn a_log_that_was_replaced_is_recorded_as_new() {
    let rig = shot();
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    let Rig { dir, bus } = rig;
    drop(bus);
    std::fs::remove_dir_all(dir.path().join("bus")).unwrap();
    let bus = flumen_bus::Embedded::open(&dir.path().join("bus"), Default::default()).unwrap();
    let rig = Rig { dir, bus };
    rig.shoot(film(), 1, 0..10, ZERO_US + 60_000_000);
    rig.end(1, ZERO_US + 61_000_000);
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    assert_eq!(rig.rows().last(), Some(&(60_000, 61_000, 10)));
    let coverage = rig.reader().coverage(&camera(), ZERO_US, ZERO_US + 61_000_000).unwrap();
    assert_eq!(coverage.recorded_us, 4_200_000);
}

/// A disk without room, until somebody makes some.
struct Full(Arc<dyn crate::Store>, std::sync::atomic::AtomicBool);

impl crate::Store for Full {
    fn create(&self, path: &str) -> Result<Box<dyn crate::Upload>> {
        if self.1.load(Ordering::SeqCst) {
            return Err(Error::exhausted("no space left on device"));
        }
        self.0.create(path)
    }
    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.0.rename(from, to)
    }
    fn sync_dir(&self, path: &str) -> Result<()> {
        self.0.sync_dir(path)
    }
    fn len(&self, path: &str) -> Result<u64> {
        self.0.len(path)
    }
    fn read(&self, path: &str, offset: u64, length: usize) -> Result<bytes::Bytes> {
        self.0.read(path, offset, length)
    }
    fn list(&self, dir: &str) -> Result<Vec<crate::Entry>> {
        self.0.list(dir)
    }
    fn delete(&self, path: &str) -> Result<()> {
        self.0.delete(path)
    }
}

#[test]
fn a_full_disk_is_said_and_nothing_is_missing_afterwards() {
    let rig = shot();
    let store = Arc::new(Full(rig.store(), true.into()));
    let archive = crate::Archive::start(rig.bus.clone(), store.clone(), rig.config()).unwrap();
    let wait = |done: &dyn Fn() -> bool| {
        let begun = std::time::Instant::now();
        while !done() && begun.elapsed() < std::time::Duration::from_secs(30) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(done());
    };
    wait(&|| archive.status().problem.is_some_and(|p| p.contains("no space left")));
    store.1.store(false, Ordering::SeqCst);
    wait(&|| archive.status().segments == 4 && archive.status().problem.is_none());
    archive.stop().unwrap();
    assert_eq!(rig.rows().iter().map(|r| r.2).sum::<u64>(), 32);
    assert!(rig.bus.table(topic::GAPS).unwrap().scan(b"").unwrap().is_empty(), "nothing was lost");
}

#[test]
fn what_the_log_lost_before_it_was_recorded_is_a_gap() {
    let rig = Rig::new();
    rig.shoot(film(), 1, 0..10, ZERO_US);
    let mut recorder = rig.record(rig.bus.clone(), rig.store()).unwrap();
    let topic = topic::VIDEO.to_owned();
    recorder.take(Polled::Expired { topic, partition: 0, from: 10, to: 500 }).unwrap();
    assert_eq!(rig.rows(), [(0, 1000, 10)]);
    rig.shoot(film(), 1, 10..11, ZERO_US);
    let mut reader = rig
        .bus
        .consumer(
            &[topic::VIDEO],
            flumen_bus::Start::Offsets(vec![(0, 10)]),
            flumen_bus::Visibility::Durable,
        )
        .unwrap();
    for polled in reader.poll(10, std::time::Duration::from_secs(5)).unwrap() {
        let Polled::Record(mut d) = polled else { panic!("{polled:?}") };
        d.position.offset = 500;
        let mut header = super::rig::header(film(), 1, 10, ZERO_US + 60_000_000);
        header.sequence = 600;
        d.record.headers = vec![(topic::PACKET_HEADER.into(), header.encode_to_vec().into())];
        recorder.take(Polled::Record(d)).unwrap();
    }
    let gaps = rig.bus.table(topic::GAPS).unwrap().scan(b"yard/").unwrap();
    let gap = Gap::decode(gaps[0].1.as_slice()).unwrap();
    assert_eq!(
        (gap.cause(), gap.start_us - ZERO_US, gap.end_us - ZERO_US),
        (GapCause::Disk, 1_000_000, 61_000_000)
    );
}

/// Times that no camera has: as picture, as decoding, as both; far from each other.
const FORGED: [(i64, i64); 6] = [
    (i64::MIN, i64::MIN),
    (i64::MAX, i64::MAX),
    (i64::MIN, i64::MAX),
    (ZERO_US, i64::MIN),
    (i64::MAX, ZERO_US),
    (ZERO_US, 0),
];

#[test]
fn forged_times_are_left_out_and_the_rest_is_recorded() {
    let rig = Rig::new();
    let forge = |n: usize| {
        for (pts_us, dts_us) in FORGED {
            for key in [false, true] {
                let whole = header(film(), 1, n, ZERO_US);
                let arrival_us = if key { i64::MAX } else { whole.arrival_us };
                let forged = PacketHeader { pts_us, dts_us, key, arrival_us, ..whole.clone() };
                rig.put(&forged, film()[n].data.clone());
                let sound = PacketHeader { codec: Codec::Pcmu.into(), ..forged };
                let sound = PacketHeader { stream: Stream::Audio.into(), ..sound };
                rig.put(&sound, film()[n].data.clone());
            }
        }
    };
    forge(0);
    rig.shoot(film(), 1, 0..13, ZERO_US);
    forge(12);
    rig.shoot(film(), 1, 13..20, ZERO_US);
    rig.end(1, ZERO_US + 2_000_000);
    let recorder = rig.record(rig.bus.clone(), rig.store()).unwrap();
    assert_eq!(recorder.skipped, 2 * 4 * FORGED.len() as u64);
    assert_eq!(rig.rows(), [(0, 1000, 10), (1000, 2000, 10)]);
    assert_eq!(rig.reader().check(&mut |_, _| {}).unwrap(), []);
}

#[test]
fn a_file_refuses_forged_times_and_stays_whole() {
    let rig = Rig::new();
    let at = SourcePosition::default();
    let unit = |header, n: usize| {
        let data = film()[n].data.clone();
        Unit { header, data, first: at, last: at }
    };
    let first = unit(header(film(), 1, 0, ZERO_US), 0);
    let mut open = Open::begin(rig.store().as_ref(), &first, None, false).unwrap();
    for (pts_us, dts_us) in FORGED {
        let forged = PacketHeader { pts_us, dts_us, ..header(film(), 1, 1, ZERO_US) };
        assert_eq!(open.video(&unit(forged.clone(), 1)).unwrap_err().kind(), Kind::Invalid);
        open.sound(&unit(forged.clone(), 1));
        let key = unit(PacketHeader { key: true, ..forged }, 0);
        let begun = Open::begin(rig.store().as_ref(), &key, None, false);
        assert_eq!(begun.map(|_| ()).unwrap_err().kind(), Kind::Invalid);
    }
    open.video(&unit(header(film(), 1, 1, ZERO_US), 1)).unwrap();
    let closed = open.close(rig.store().as_ref(), Some(i64::MAX)).unwrap();
    assert_eq!((closed.segment.start_us, closed.segment.frames), (ZERO_US, 2));
}
