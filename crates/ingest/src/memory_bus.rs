//! A bus in memory for tests: as full, as broken and as slow as a test wants it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use flumen_base::wire::PacketHeader;
use flumen_base::{Error, Packet, Result, topic};
use flumen_bus::{
    Bus, Change, Consumer, Delivered, Health, Pending, Places, Polled, Position, Record, Share,
    Start, Table, Visibility, Watermark, Whole, murmur2_partition,
};
use prost::Message as _;

use crate::pace::lock;

#[derive(Default)]
pub(crate) struct MemoryBus {
    log: Mutex<Vec<Delivered>>,
    tables: Mutex<BTreeMap<String, Arc<MemoryTable>>>,
    full: AtomicUsize,
    refuse: Arc<AtomicBool>,
    /// Processes that share the cameras, by a script; 0 partitions: nobody else does.
    partitions: AtomicU32,
    shares: Mutex<Vec<Told>>,
}

/// What a sharer is told next.
type Told = Arc<Mutex<Option<BTreeSet<u32>>>>;

struct ScriptedShare(Told);

impl Share for ScriptedShare {
    fn mine(&mut self, _timeout: Duration) -> Result<Option<BTreeSet<u32>>> {
        Ok(lock(&self.0).take())
    }

    fn places(&self) -> Result<Places> {
        Ok(Places::new())
    }

    fn keep(&mut self, _places: &Places) -> Result<()> {
        Ok(())
    }
}

impl MemoryBus {
    /// The next `n` sends find the queue full.
    pub(crate) fn full_for(&self, n: usize) {
        self.full.store(n, Ordering::SeqCst);
    }

    /// Cameras are shared among processes, as `give` says.
    pub(crate) fn shared(partitions: u32) -> MemoryBus {
        MemoryBus { partitions: AtomicU32::new(partitions), ..MemoryBus::default() }
    }

    /// The process that joined as number `sharer` has these partitions now.
    pub(crate) fn give(&self, sharer: usize, partitions: impl IntoIterator<Item = u32>) {
        *lock(&lock(&self.shares)[sharer]) = Some(partitions.into_iter().collect());
    }

    pub(crate) fn refuse_tables(&self, refuse: bool) {
        self.refuse.store(refuse, Ordering::SeqCst);
    }

    /// All packets of a camera so far.
    pub(crate) fn packets(&self, camera: &str) -> Vec<Packet> {
        packets_of(self, camera)
    }
}

/// All packets of a camera in the log of a bus.
pub(crate) fn packets_of(bus: &dyn Bus, camera: &str) -> Vec<Packet> {
    let mut left: u64 =
        bus.watermarks(topic::VIDEO).unwrap().iter().map(|w| w.next - w.first).sum();
    let mut consumer = bus.consumer(&[topic::VIDEO], Start::Earliest, Visibility::Written).unwrap();
    let mut found = Vec::new();
    while left > 0 {
        for polled in consumer.poll(1000, Duration::from_secs(1)).unwrap() {
            left = left.saturating_sub(1);
            let Polled::Record(Delivered { record, .. }) = polled else { continue };
            if record.key == camera.as_bytes() {
                let header = record.header(topic::PACKET_HEADER).unwrap().clone();
                let header = PacketHeader::decode(header).unwrap();
                found.push(Packet { header, data: record.value });
            }
        }
    }
    found
}

impl Bus for MemoryBus {
    fn send(&self, topic: &str, record: Record) -> Result<Pending> {
        let less = |n: usize| n.checked_sub(1);
        if self.full.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            return Err(Error::exhausted("the queue is full"));
        }
        let mut log = lock(&self.log);
        let position = Position { partition: 0, offset: log.len() as u64, generation: 0 };
        log.push(Delivered { topic: topic.to_string(), position, record });
        let (told, pending) = Pending::new();
        let _ = told.send(Ok(position));
        Ok(pending)
    }

    fn consumer(&self, _: &[&str], from: Start, _: Visibility) -> Result<Box<dyn Consumer>> {
        let from = match from {
            Start::Offsets(at) => at.first().map_or(0, |(_, offset)| *offset as usize),
            Start::Earliest => 0,
            _ => return Err(Error::unsupported("not needed by these tests")),
        };
        let records = lock(&self.log).iter().skip(from).cloned().map(Polled::Record).collect();
        Ok(Box::new(MemoryConsumer(records)))
    }

    fn watermarks(&self, _topic: &str) -> Result<Vec<Watermark>> {
        let next = lock(&self.log).len() as u64;
        let bytes = lock(&self.log).iter().map(|d| d.record.value.len() as u64).sum();
        Ok(vec![Watermark { partition: 0, first: 0, next, durable: next, generation: 0, bytes }])
    }

    fn table(&self, topic: &str) -> Result<Arc<dyn Table>> {
        let mut tables = lock(&self.tables);
        let made =
            || Arc::new(MemoryTable { refuse: self.refuse.clone(), ..MemoryTable::default() });
        Ok(tables.entry(topic.to_string()).or_insert_with(made).clone())
    }

    fn partition_of(&self, topic: &str, key: &[u8]) -> Result<u32> {
        match (topic, self.partitions.load(Ordering::SeqCst)) {
            (topic::CAMERAS, n) if n > 0 => Ok(murmur2_partition(key, n)),
            _ => Ok(0),
        }
    }

    fn share(&self, _group: &str, _topic: &str) -> Result<Box<dyn Share>> {
        if self.partitions.load(Ordering::SeqCst) == 0 {
            return Ok(Box::new(Whole::new(BTreeSet::from([0]))));
        }
        let told = Told::default();
        lock(&self.shares).push(told.clone());
        Ok(Box::new(ScriptedShare(told)))
    }

    fn health(&self) -> Health {
        let alone = self.partitions.load(Ordering::SeqCst) == 0;
        Health { kind: if alone { "embedded" } else { "kafka" }, ..Health::default() }
    }
}

struct MemoryConsumer(Vec<Polled>);

impl Consumer for MemoryConsumer {
    fn poll(&mut self, max: usize, _timeout: Duration) -> Result<Vec<Polled>> {
        let n = max.min(self.0.len());
        Ok(self.0.drain(..n).collect())
    }

    fn seek(&mut self, _to: Start) -> Result<()> {
        Err(Error::unsupported("not needed by these tests"))
    }
}

#[derive(Default)]
struct MemoryTable {
    rows: Mutex<Rows>,
    changed: Condvar,
    refuse: Arc<AtomicBool>,
}

#[derive(Default)]
struct Rows {
    next: u64,
    rows: BTreeMap<Vec<u8>, (u64, Option<Vec<u8>>)>,
}

impl Table for MemoryTable {
    fn put(&self, key: &[u8], value: Option<&[u8]>) -> Result<u64> {
        if self.refuse.load(Ordering::SeqCst) {
            return Err(Error::unavailable("the table takes nothing"));
        }
        let mut rows = lock(&self.rows);
        let offset = rows.next;
        rows.next += 1;
        rows.rows.insert(key.to_vec(), (offset, value.map(<[u8]>::to_vec)));
        self.changed.notify_all();
        Ok(offset)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(lock(&self.rows).rows.get(key).and_then(|(_, v)| v.clone()))
    }

    fn scan(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        let rows = lock(&self.rows);
        let found = rows.rows.iter().filter(|(k, _)| k.starts_with(prefix));
        Ok(found.filter_map(|(k, (_, v))| Some((k.clone(), v.clone()?))).collect())
    }

    fn changes(&self, from: u64, timeout: Duration) -> Result<Vec<Change>> {
        let rows = lock(&self.rows);
        let (rows, _) = self
            .changed
            .wait_timeout_while(rows, timeout, |r| r.next <= from)
            .map_err(|_| Error::internal("a test panicked"))?;
        let mut out: Vec<Change> = rows
            .rows
            .iter()
            .filter(|(_, (offset, _))| *offset >= from)
            .map(|(key, (offset, value))| Change {
                offset: *offset,
                key: key.clone(),
                value: value.clone(),
            })
            .collect();
        out.sort_by_key(|c| c.offset);
        Ok(out)
    }
}
