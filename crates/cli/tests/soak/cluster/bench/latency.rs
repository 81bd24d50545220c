//! From the arrival of a packet to its results on Kafka, and the parts of that.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use flumen_base::wire::{FrameResult, PacketHeader};
use flumen_base::{Clock, SystemClock, topic};
use prost::Message;
use serde_json::{Value, json};

use super::super::client::{Found, Reader, Writer};
use super::super::figures::{at, cpu_s, machine_load};
use super::super::load::{Clip, Feed, publish_card};
use super::super::servers::{Flink, Kafka};
use super::super::spooled::Spooled;
use super::super::{number, street};

/// Cameras that are tried, and whether they are of 1080p25 or of 640x360. What two cores can't
/// carry comes last: its backlog would weigh on what follows.
const CAMERAS: [(usize, bool); 4] = [(1, true), (2, true), (10, false), (4, true)];

pub fn measure(kafka: &Kafka, flink: &Flink, dir: &Path, clip: &Arc<Clip>) -> Vec<Value> {
    let args = ["--group", "latency", "--checkpoint-interval-ms", "5000", "--parallelism", "2"];
    let job = flink.submit(kafka, None, &args);
    println!("\nmilliseconds from arrival (p50 / p95 / p99)");
    let mut all = Vec::new();
    let small = Clip::read(&street());
    for (count, full) in CAMERAS {
        let (clip, size) = if full { (clip, "1080p") } else { (&small, "640x360") };
        let name = format!("{count}x{size}");
        all.push(Run { kafka, flink, job: &job, name: &name }.measure(dir, clip, count, size));
    }
    flink.cancel(&job);
    all
}

struct Run<'a> {
    kafka: &'a Kafka,
    flink: &'a Flink,
    job: &'a str,
    name: &'a str,
}

/// Milliseconds from arrival of each record that a reader saw.
struct Watch {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Vec<f64>>,
}

impl Watch {
    /// `arrival_us` of a record that counts.
    fn start(
        kafka: &Kafka,
        topic: &str,
        arrival_us: fn(&Found) -> Option<i64>,
        after_us: i64,
    ) -> Watch {
        let stop = Arc::new(AtomicBool::new(false));
        let reader = Reader::open(&kafka.brokers, &[topic], None, true);
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut all = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let Some(found) = reader.next(Duration::from_millis(100)) else { continue };
                let now = SystemClock.wall_us();
                if let Some(arrival) = arrival_us(&found).filter(|at| *at >= after_us) {
                    all.push((now - arrival) as f64 / 1e3);
                }
            }
            all
        });
        Watch { stop, thread }
    }

    fn stop(self) -> Vec<f64> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("a reader ended well")
    }
}

fn of_packet(found: &Found) -> Option<i64> {
    let header = PacketHeader::decode(found.header.as_deref()?).ok()?;
    (header.marker == 0).then_some(header.arrival_us)
}

/// The load writes the arrival time as capture time too.
fn of_frame(found: &Found) -> Option<i64> {
    Some(FrameResult::decode(found.value.as_deref()?).ok()?.capture_us)
}

/// An event's record bears the arrival of the packet that triggered it, in milliseconds.
fn of_event(found: &Found) -> Option<i64> {
    Some(found.timestamp_ms * 1000)
}

fn shares(all: &mut [f64]) -> Value {
    json!({ "samples": all.len(), "p50": at(all, 0.5), "p95": at(all, 0.95), "p99": at(all, 0.99) })
}

fn text(of: &Value) -> String {
    let ms = |name: &str| of[name].as_f64().map_or("-".into(), |v| format!("{v:.0}"));
    format!("{} / {} / {}", ms("p50"), ms("p95"), ms("p99"))
}

impl Run<'_> {
    fn measure(&self, dir: &Path, clip: &Arc<Clip>, count: usize, size: &str) -> Value {
        let (warm, span) = (number("FLUMEN_BENCH_WARM", 15), number("FLUMEN_BENCH_SECONDS", 30));
        let ids: Vec<String> = (0..count).map(|n| format!("{}-{n}", self.name)).collect();
        let writer = Writer::open(&self.kafka.brokers);
        ids.iter().for_each(|id| publish_card(&writer, id));
        writer.flush();
        let feeds = ids.iter().map(|id| Feed::new(id, clip)).collect();
        let cameras = Spooled::start(&self.kafka.brokers, &dir.join(self.name), feeds);
        std::thread::sleep(Duration::from_secs(warm));
        // What arrives while the readers begin tells about their beginning.
        let after_us = SystemClock.wall_us() + 3_000_000;
        let watch = |topic, of| Watch::start(self.kafka, topic, of, after_us);
        let (video, frames) = (watch(topic::VIDEO, of_packet), watch(topic::FRAMES, of_frame));
        let events = watch(topic::EVENTS, of_event);
        std::thread::sleep(Duration::from_secs(3));
        cameras.warm();
        let (begin, sent, cpu) = (Instant::now(), cameras.sent(), self.cpu());
        std::thread::sleep(Duration::from_secs(span));
        let seconds = begin.elapsed().as_secs_f64();
        let used: Vec<f64> = self.cpu().iter().zip(cpu).map(|(b, a)| (b - a) / seconds).collect();
        let analysis = self.analysis();
        let sent = cameras.sent() - sent;
        let load = machine_load();
        let (_, acked) = cameras.stop();
        std::thread::sleep(Duration::from_secs(3));
        let mut acks: Vec<f64> = acked.took_us.iter().map(|us| *us as f64 / 1e3).collect();
        let [mut video, mut frames, mut events] = [video, frames, events].map(Watch::stop);
        let told = json!({
            "cameras": count, "size": size, "access_units_a_second": sent as f64 / seconds,
            "frames_of_access_units": frames.len() as f64 / sent as f64, "machine_load": load,
            "cores": { "taskmanager": used[0], "broker": used[1], "cameras_and_readers": used[2] },
            "acknowledged_ms": shares(&mut acks), "readable_on_video_ms": shares(&mut video),
            "analysis_ms": analysis, "frame_ms": shares(&mut frames), "event_ms": shares(&mut events),
        });
        println!(
            "  {count} cameras {size}: acknowledged {}; readable on flumen.video {}; analysis alone {}; frame result {}; event {} ({} events, {:.2} results a packet; cores: TaskManager {:.2}, broker {:.2}, cameras and readers {:.2}; load {load:.1})",
            text(&told["acknowledged_ms"]),
            text(&told["readable_on_video_ms"]),
            text(&told["analysis_ms"]),
            text(&told["frame_ms"]),
            text(&told["event_ms"]),
            events.len(),
            frames.len() as f64 / sent as f64,
            used[0],
            used[1],
            used[2],
        );
        told
    }

    /// CPU seconds so far of TaskManager, broker and this process.
    fn cpu(&self) -> [f64; 3] {
        [self.flink.pid("taskmanager-1"), self.kafka.pid(1), std::process::id()].map(cpu_s)
    }

    /// Time in the session, of the last 1000 packets of the busiest subtask, as Flink tells.
    fn analysis(&self) -> Value {
        let job = self.flink.rest(&format!("/jobs/{}", self.job));
        let mut worst = [f64::NAN; 3];
        for vertex in job["vertices"].as_array().into_iter().flatten() {
            for subtask in 0..vertex["parallelism"].as_u64().unwrap_or(0) {
                let id = vertex["id"].as_str().unwrap_or_default();
                let of = format!("/jobs/{}/vertices/{id}/subtasks/{subtask}", self.job);
                let names =
                    ["median", "p95", "p99"].map(|p| format!("analysis.flumen.processMicros_{p}"));
                let found = self.flink.metrics(&of, &names.each_ref().map(String::as_str));
                worst.iter_mut().zip(found).for_each(|(w, f)| *w = w.max(f / 1e3));
            }
        }
        json!({ "p50": worst[0], "p95": worst[1], "p99": worst[2] })
    }
}
