//! Cameras made of a clip: the records that ingest would write, at the camera's pace or at once.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use flumen_base::wire::{Camera, Marker, PacketHeader, Source, source::Role};
use flumen_base::{Clock, SystemClock, topic};
use flumen_media::{Demuxed, Demuxer, Interrupt, Open, Unit};
use prost::Message;
use rdkafka::producer::Producer;

use super::client::Writer;

/// The access units of a clip, to be sent again and again.
pub struct Clip {
    units: Vec<Unit>,
    length_us: i64,
}

impl Clip {
    pub fn read(file: &Path) -> Arc<Clip> {
        let stop = Interrupt::new();
        let mut demuxer = Demuxer::open_file(file, &Open::default(), &stop).expect("a clip");
        let mut units = Vec::new();
        loop {
            match demuxer.read().expect("the clip can be read") {
                Demuxed::Unit(unit) if unit.audio => {}
                Demuxed::Unit(unit) => units.push(unit),
                Demuxed::End => break,
            }
        }
        let (first, last) = (&units[0], &units[units.len() - 1]);
        let length_us = last.pts_us + i64::from(last.duration_us) - first.pts_us;
        Arc::new(Clip { units, length_us })
    }

    pub fn frames(&self) -> u64 {
        self.units.len() as u64
    }

    pub fn bytes(&self) -> u64 {
        self.units.iter().map(|u| u.data.len() as u64).sum()
    }

    /// The units of the group that holds the n-th, among the first `most`.
    pub fn group(&self, n: u64, most: u64) -> std::ops::Range<u64> {
        let key = |n: &u64| self.units[(*n % self.frames()) as usize].key;
        let start = (0..=n).rev().find(key).expect("a clip begins with a key frame");
        start..(n + 1..most).find(key).unwrap_or(most)
    }

    /// Time from one picture to the next.
    pub fn pace(&self) -> Duration {
        Duration::from_micros(self.length_us as u64 / self.units.len() as u64)
    }
}

/// A camera that sends a clip in a loop.
pub struct Feed {
    pub id: String,
    clip: Arc<Clip>,
    sequence: u64,
    fault: Option<(u64, &'static [u8])>,
}

impl Feed {
    pub fn new(id: &str, clip: &Arc<Clip>) -> Feed {
        Feed { id: id.to_owned(), clip: clip.clone(), sequence: 0, fault: None }
    }

    /// The same with bytes added to one access unit.
    pub fn with_fault(mut self, at: Option<u64>, bytes: &'static [u8]) -> Feed {
        self.fault = at.map(|at| (at, bytes));
        self
    }

    /// Time from one picture to the next.
    pub fn pace(&self) -> Duration {
        self.clip.pace()
    }

    /// The next access unit's header and bytes.
    pub fn next(&mut self, arrival_us: i64) -> (PacketHeader, bytes::Bytes) {
        let count = self.clip.units.len() as u64;
        let unit = &self.clip.units[(self.sequence % count) as usize];
        let shift = (self.sequence / count) as i64 * self.clip.length_us;
        let header = PacketHeader {
            camera: self.id.clone(),
            epoch: 1,
            sequence: self.sequence,
            codec: unit.info.codec.into(),
            width: unit.info.width,
            height: unit.info.height,
            pts_us: unit.pts_us + shift,
            dts_us: unit.dts_us + shift,
            duration_us: unit.duration_us,
            key: unit.key,
            discontinuity: self.sequence == 0,
            capture_us: arrival_us,
            arrival_us,
            parameter_hash: unit.parameter_hash,
            reorder_depth: unit.info.reorder_depth.unwrap_or(0),
            ..PacketHeader::default()
        };
        let data = match self.fault {
            Some((at, bytes)) if at == self.sequence => [&unit.data[..], bytes].concat().into(),
            _ => unit.data.clone(),
        };
        self.sequence += 1;
        (header, data)
    }

    /// The marker that ends the stream.
    fn end(&self, arrival_us: i64) -> PacketHeader {
        PacketHeader {
            camera: self.id.clone(),
            epoch: 1,
            sequence: self.sequence,
            arrival_us,
            marker: Marker::EndOfStream.into(),
            ..PacketHeader::default()
        }
    }
}

/// The camera's record.
pub fn card(id: &str) -> Camera {
    let role = Role { record: true, analyse: true, live: true };
    let source = Source { address: "push:".into(), role: Some(role), ..Source::default() };
    Camera {
        id: id.to_owned(),
        name: id.to_owned(),
        enabled: true,
        sources: vec![source],
        time_zone: "UTC".into(),
        effective_us: 1,
        version: 1,
        ..Camera::default()
    }
}

pub fn publish_card(writer: &Writer, id: &str) {
    publish(writer, &card(id));
}

pub fn publish(writer: &Writer, card: &Camera) {
    let now_us = SystemClock.wall_us();
    writer.send(topic::CAMERAS, &card.id, None, &card.encode_to_vec(), now_us);
}

fn send(writer: &Writer, id: &str, header: &PacketHeader, data: &[u8]) {
    let bytes = header.encode_to_vec();
    writer.send(topic::VIDEO, id, Some(&bytes), data, header.arrival_us);
}

/// Puts the access units up to the `frames`-th on the topic as fast as Kafka takes them.
pub fn fill(writer: &Writer, feed: &mut Feed, frames: u64) {
    while feed.sequence < frames {
        let (header, data) = feed.next(SystemClock.wall_us());
        send(writer, &feed.id, &header, &data);
    }
    writer.flush();
}

/// Puts the end of the stream on the topic.
pub fn finish(writer: &Writer, feed: &Feed) {
    send(writer, &feed.id, &feed.end(SystemClock.wall_us()), &[]);
    writer.flush();
}

/// Cameras that send at their pace until they are stopped.
pub struct Live {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: Option<JoinHandle<Writer>>,
}

impl Live {
    pub fn start(brokers: &str, mut feeds: Vec<Feed>) -> Live {
        let writer = Writer::open(brokers);
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, count) = (stop.clone(), sent.clone());
        let pace = feeds[0].clip.pace();
        let thread = std::thread::spawn(move || {
            let (begin, mut turn) = (Instant::now(), 0u32);
            while !stopped.load(Ordering::Relaxed) {
                let all = feeds.len() as u32;
                for (n, feed) in feeds.iter_mut().enumerate() {
                    // Cameras are not in step with each other.
                    let due = begin + pace * turn + pace * n as u32 / all;
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    let (header, data) = feed.next(SystemClock.wall_us());
                    send(&writer, &feed.id, &header, &data);
                    count.fetch_add(1, Ordering::Relaxed);
                }
                turn += 1;
            }
            feeds.iter().for_each(|feed| finish(&writer, feed));
            writer
        });
        Live { stop, sent, thread: Some(thread) }
    }

    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Ends the streams; access units sent, and each one's time to its acknowledgement.
    pub fn stop(mut self) -> (u64, Vec<i64>) {
        self.stop.store(true, Ordering::Relaxed);
        let thread = self.thread.take().expect("it runs");
        let writer = thread.join().expect("the cameras sent everything");
        let took = std::mem::take(&mut *writer.0.context().took_us.lock().expect("the list"));
        (self.sent(), took)
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
