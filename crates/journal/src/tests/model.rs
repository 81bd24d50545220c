//! Random actions on the log and on a model of it, over a disk that fails.

use proptest::prelude::*;

use super::harness::{Bench, dir, payload, small};
use crate::retention::Retention;
use crate::sim::{Faults, SimDisk};
use crate::{Config, Entry, From, Read, Visibility};

#[derive(Clone, Debug)]
enum Action {
    Append(Vec<(u16, i8)>),
    Sync,
    Mark,
    Roll,
    Reopen,
    Cut(u64),
    Fault(u8),
    Read { from: u8, durable: bool },
    Seek(i8),
    Keep(u16),
}

fn action() -> impl Strategy<Value = Action> {
    let record = (prop_oneof![8 => 0_u16..600, 1 => 0_u16..40_000], any::<i8>());
    prop_oneof![
        8 => proptest::collection::vec(record, 1..5).prop_map(Action::Append),
        3 => Just(Action::Sync),
        2 => Just(Action::Mark),
        1 => Just(Action::Roll),
        1 => Just(Action::Reopen),
        2 => any::<u64>().prop_map(Action::Cut),
        2 => any::<u8>().prop_map(Action::Fault),
        4 => (any::<u8>(), any::<bool>()).prop_map(|(from, durable)| Action::Read { from, durable }),
        2 => any::<i8>().prop_map(Action::Seek),
        1 => any::<u16>().prop_map(Action::Keep),
    ]
}

/// What the log should hold.
struct Model {
    /// By offset, also those that retention removed.
    records: Vec<Entry>,
    first: usize,
    durable: usize,
    mark: Option<u64>,
    next_id: u64,
}

struct Pair {
    bench: Bench,
    model: Model,
}

impl Pair {
    fn run(&mut self, action: &Action) {
        match action {
            Action::Append(sizes) => self.append(sizes),
            Action::Sync => {
                if self.bench.log.sync().is_ok() {
                    self.model.durable = self.model.records.len();
                    self.model.mark = Some(self.model.durable as u64);
                }
            }
            Action::Mark => drop(self.bench.log.append(&[], self.model.mark.take())),
            Action::Roll => {
                // A roll syncs, and may fail behind that.
                drop(self.bench.log.roll());
                self.model.durable = self.bench.view.tails().1.offset as usize;
            }
            Action::Reopen => self.open(self.bench.disk.clone()),
            Action::Cut(seed) => self.open(self.bench.disk.cut_power(*seed)),
            Action::Fault(which) => self.fault(*which),
            Action::Read { from, durable } => self.read(usize::from(*from), *durable),
            Action::Seek(us) => self.seek(i64::from(*us)),
            Action::Keep(bytes) => self.keep(u64::from(*bytes) * 4),
        }
        if let Some(why) = self.bench.log.broken().map(str::to_owned) {
            self.bench.log.cut_unsynced(&why);
            self.open(self.bench.disk.clone());
        }
        let (written, durable) = self.bench.view.tails();
        assert_eq!(written.offset, self.model.records.len() as u64);
        assert!(durable.offset >= self.model.durable as u64);
        // Syncs that nobody asked for (a roll, a write taken back) are fine.
        self.model.durable = durable.offset as usize;
    }

    fn append(&mut self, sizes: &[(u16, i8)]) {
        let ids = self.model.next_id..;
        let entries: Vec<Entry> = sizes
            .iter()
            .zip(ids)
            .map(|((size, us), id)| Entry::new(i64::from(*us), payload(id, usize::from(*size))))
            .collect();
        self.model.next_id += entries.len() as u64;
        match self.bench.log.append(&entries, self.model.mark.take()) {
            Ok(first) => {
                assert_eq!(first, self.model.records.len() as u64);
                self.model.records.extend(entries);
            }
            // The cut failed too: the next process may find some of them, whole and in order.
            Err(_) if self.bench.log.broken().is_some() => self.model.records.extend(entries),
            Err(_) => {}
        }
    }

    /// A new process, on the same disk or on one whose power was cut.
    fn open(&mut self, disk: SimDisk) {
        disk.faults(|f| *f = Faults::default());
        let before = self.bench.view.generation();
        self.bench = Bench::open(&disk, &small()).unwrap();
        assert!(self.bench.generation > before);
        assert_eq!(self.bench.report.damaged, []);
        let next = self.bench.view.tails().1.offset as usize;
        let (least, most) = (self.model.durable, self.model.records.len());
        assert!((least..=most).contains(&next), "{next} not in {least}..={most}");
        self.model.records.truncate(next);
        self.model.durable = next;
        self.model.mark = None;
        let first = self.bench.view.first() as usize;
        // A segment that was removed just before the cut may be back.
        assert!(first <= self.model.first, "{first} {}", self.model.first);
        self.model.first = first;
        self.read(0, true);
    }

    fn fault(&mut self, which: u8) {
        let used: u64 = self
            .bench
            .disk
            .paths()
            .iter()
            .map(|p| self.bench.disk.bytes(p).unwrap().len() as u64)
            .sum();
        self.bench.disk.faults(|f| match which % 6 {
            0 => f.capacity = Some(used + u64::from(which) * 20),
            1 => f.failing_writes = 1,
            2 => f.failing_syncs = 1,
            3 => f.short_writes = true,
            4 => f.failing_cuts = 1,
            _ => *f = Faults::default(),
        });
    }

    fn read(&mut self, from: usize, durable: bool) {
        let see = if durable { Visibility::Durable } else { Visibility::Written };
        let end = if durable { self.model.durable } else { self.model.records.len() };
        let mut reader = self.bench.reader(see);
        reader.seek(From::Offset(from as u64)).unwrap();
        let mut read = Vec::new();
        reader.read(usize::MAX, usize::MAX, &mut read).unwrap();
        let mut read = read.into_iter();
        let mut next = from.min(self.model.records.len());
        if next < self.model.first && next < end {
            let (from, to) = (next as u64, self.model.first as u64);
            assert_eq!(read.next(), Some(Read::Expired { from, to }));
            next = self.model.first;
        }
        for item in read {
            let Read::Record(record) = item else { panic!("{item:?}") };
            let expected = &self.model.records[next];
            assert_eq!(record.offset, next as u64);
            assert_eq!(
                (record.timestamp_us, &record.payload),
                (expected.timestamp_us, &expected.body)
            );
            next += 1;
        }
        assert!(next >= end, "read to {next} of {end}");
    }

    fn seek(&mut self, us: i64) {
        let mut reader = self.bench.reader(Visibility::Written);
        reader.seek(From::Time(us)).unwrap();
        let kept = self.model.records.iter().enumerate().skip(self.model.first);
        let found = kept.filter(|(_, r)| r.timestamp_us >= us).map(|(i, _)| i).next();
        assert_eq!(reader.next_offset() as usize, found.unwrap_or(self.model.records.len()));
    }

    fn keep(&mut self, keep_bytes: u64) {
        let config = Config { keep_bytes, ..small() };
        let disk = std::sync::Arc::new(self.bench.disk.clone());
        Retention::new(disk, dir(), &config, self.bench.clock.clone()).run(&self.bench.view);
        let first = self.bench.view.first() as usize;
        assert!(first >= self.model.first && first <= self.model.durable);
        assert!(self.bench.view.bytes() <= keep_bytes || self.bench.view.segments().len() <= 1);
        self.model.first = first;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 2000, ..ProptestConfig::default() })]
    #[test]
    fn the_log_does_as_its_model(seed: u64, actions in proptest::collection::vec(action(), 1..80)) {
        let bench = Bench::open(&SimDisk::new(seed), &small()).unwrap();
        let model = Model { records: Vec::new(), first: 0, durable: 0, mark: None, next_id: 0 };
        let mut pair = Pair { bench, model };
        for action in &actions {
            pair.run(action);
        }
        pair.open(pair.bench.disk.clone());
    }

    #[test]
    fn any_bytes_are_recovered_without_panic(mode in 0_u8..2, bytes in proptest::collection::vec(any::<u8>(), 0..6000)) {
        let mut input = vec![mode];
        input.extend(bytes);
        crate::fuzz_recovery(&input);
    }

    #[test]
    fn changed_bytes_are_recovered_without_panic(changes in proptest::collection::vec(any::<(u16, u8)>(), 0..12)) {
        let mut input = vec![2];
        for (at, new) in changes {
            // The two files hold some 2 KB of records.
            input.extend_from_slice(&(at % 2600).to_le_bytes());
            input.push(new);
        }
        crate::fuzz_recovery(&input);
    }
}
