//! Cameras that send through the store-and-forward bus, and what was acknowledged of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use bytes::Bytes;
use flumen_base::wire::PacketHeader;
use flumen_base::{Clock, SystemClock, topic};
use flumen_bus::{Bus, Kafka, KafkaConfig, Pending, Record};
use prost::Message;

use super::client::Found;
use super::load::Feed;

/// Access units acknowledged by (camera, sequence), and how long each took, microseconds.
#[derive(Default)]
pub struct Acked {
    pub all: Vec<(String, u64)>,
    pub took_us: Vec<i64>,
}

/// Cameras at their pace over `flumen_bus::Kafka`, one thread each.
pub struct Spooled {
    pub bus: Arc<Kafka>,
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    acked: Arc<Mutex<Acked>>,
    threads: Vec<JoinHandle<()>>,
}

impl Spooled {
    pub fn start(brokers: &str, spool: &Path, feeds: Vec<Feed>) -> Spooled {
        let brokers = brokers.split(',').map(str::to_owned).collect();
        let config = KafkaConfig { brokers, ..KafkaConfig::default() };
        let bus = Kafka::open(spool, config).expect("the bus opens");
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let acked = Arc::new(Mutex::new(Acked::default()));
        let count = feeds.len() as u32;
        let mut threads = Vec::new();
        for (n, mut feed) in feeds.into_iter().enumerate() {
            let (told, waiting) = channel();
            let (id, acked) = (feed.id.clone(), acked.clone());
            threads.push(std::thread::spawn(move || count_acks(&id, &waiting, &acked)));
            let (bus, stop, sent) = (bus.clone(), stop.clone(), sent.clone());
            threads.push(std::thread::spawn(move || {
                let pace = feed.pace();
                // Cameras are not in step with each other.
                let begin = Instant::now() + pace * n as u32 / count;
                for turn in 0.. {
                    std::thread::sleep(
                        (begin + pace * turn).saturating_duration_since(Instant::now()),
                    );
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let (header, data) = feed.next(SystemClock.wall_us());
                    let pending = bus.send(topic::VIDEO, record(&header, data)).expect("stored");
                    sent.fetch_add(1, Ordering::Relaxed);
                    told.send((header.sequence, header.arrival_us, pending)).expect("a listener");
                }
            }));
        }
        Spooled { bus, stop, sent, acked, threads }
    }

    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub fn acked(&self) -> u64 {
        self.acked.lock().expect("the list").all.len() as u64
    }

    /// Forgets the times so far: they were warm-up.
    pub fn warm(&self) {
        self.acked.lock().expect("the list").took_us.clear();
    }

    /// Ends the cameras and waits for the last acknowledgement.
    pub fn stop(self) -> (u64, Acked) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("a camera ended well");
        }
        self.bus.close().expect("the bus closes");
        let acked = std::mem::take(&mut *self.acked.lock().expect("the list"));
        (self.sent.load(Ordering::Relaxed), acked)
    }
}

fn record(header: &PacketHeader, data: Bytes) -> Record {
    Record {
        key: Bytes::from(header.camera.clone()),
        headers: vec![(topic::PACKET_HEADER.into(), header.encode_to_vec().into())],
        value: data,
        timestamp_us: header.arrival_us,
    }
}

fn count_acks(id: &str, waiting: &Receiver<(u64, i64, Pending)>, acked: &Mutex<Acked>) {
    for (sequence, arrival_us, pending) in waiting {
        pending.wait().expect("nothing that was stored is refused");
        let mut acked = acked.lock().expect("the list");
        acked.all.push((id.to_owned(), sequence));
        acked.took_us.push(SystemClock.wall_us() - arrival_us);
    }
}

/// What is on the topic, against what was acknowledged.
pub struct Verdict {
    pub lost: usize,
    pub repeated: usize,
    /// Records that came after one with a higher sequence, repeats left out.
    pub out_of_order: usize,
}

pub fn verdict(video: &[Found], acked: &Acked) -> Verdict {
    let mut seen: BTreeMap<(String, u64), u32> = BTreeMap::new();
    let mut newest: BTreeMap<String, u64> = BTreeMap::new();
    let mut verdict = Verdict { lost: 0, repeated: 0, out_of_order: 0 };
    for found in video {
        let header = PacketHeader::decode(found.header.as_deref().unwrap_or_default()).unwrap();
        let times = seen.entry((header.camera.clone(), header.sequence)).or_default();
        *times += 1;
        if *times > 1 {
            verdict.repeated += 1;
            continue;
        }
        let last = newest.insert(header.camera, header.sequence);
        verdict.out_of_order += usize::from(last.is_some_and(|last| last > header.sequence));
    }
    verdict.lost = acked.all.iter().filter(|key| !seen.contains_key(key)).count();
    verdict
}
