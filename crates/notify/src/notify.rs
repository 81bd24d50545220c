//! The room: one reader of the bus, one thread a target.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use flumen_base::wire::Event;
use flumen_base::{Context, Error, Result, topic};
use flumen_bus::{Bus, Consumer, Delivered, Polled, Start, Visibility};
use prost::Message;

use crate::body::Body;
use crate::config::{NotifyConfig, Target};
use crate::place::{self, Offsets};
use crate::queue::{Queue, Waiting};
use crate::target;

const POLL: Duration = Duration::from_millis(200);
/// How often the position is written, when it moved.
const KEPT_EVERY: Duration = Duration::from_secs(1);
/// Records whose repeats are known.
const KNOWN: usize = 4096;

/// How a target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetStatus {
    /// Its name.
    pub name: String,
    /// Events that wait for it.
    pub waiting: usize,
    /// Events that it took since the start.
    pub delivered: u64,
    /// Events that were given up or had to make room since the start.
    pub lost: u64,
    /// Why the last attempt failed, while it does.
    pub problem: Option<String>,
}

/// The running room.
pub struct Notify {
    targets: Vec<(Target, Arc<Queue>)>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// What the reading thread holds.
struct Reader {
    config: NotifyConfig,
    targets: Vec<(Target, Arc<Queue>)>,
    next: Offsets,
    kept: Offsets,
    known: (HashSet<Vec<u8>>, VecDeque<Vec<u8>>),
}

impl Notify {
    /// Starts to read events that happen from now on, or where the last run stopped.
    ///
    /// # Errors
    /// `Invalid` settings; what the bus or the directory says.
    pub fn start(bus: &Arc<dyn Bus>, config: NotifyConfig) -> Result<Notify> {
        config.validate()?;
        std::fs::create_dir_all(&config.dir).context(format!("make {}", config.dir.display()))?;
        let queue = |t: &Target| (t.clone(), Arc::new(Queue::new(config.queue)));
        let targets: Vec<_> = config.targets.iter().map(queue).collect();
        let agents: Vec<_> =
            config.targets.iter().map(|t| target::agent(t, &config)).collect::<Result<_>>()?;
        let next = match place::read(&config.dir) {
            Some(offsets) => offsets,
            None => ends(bus.as_ref())?,
        };
        let start = Start::Offsets(next.iter().map(|(p, o)| (*p, *o)).collect());
        place::write(&config.dir, &next)?;
        let consumer = bus.consumer(&[topic::EVENTS], start, Visibility::Durable)?;
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for ((target, queue), agent) in targets.iter().zip(agents) {
            let (target, config, queue) = (target.clone(), config.clone(), queue.clone());
            let run = move || target::run(&agent, &target, &config, &queue);
            threads.push(spawn("notify-target", run)?);
        }
        let known = (HashSet::new(), VecDeque::new());
        let kept = next.clone();
        let reader = Reader { config, targets: targets.clone(), next, kept, known };
        let stopped = stop.clone();
        threads.push(spawn("notify", move || reader.run(consumer, &stopped))?);
        Ok(Notify { targets, stop, threads })
    }

    /// How each target is.
    pub fn status(&self) -> Vec<TargetStatus> {
        let one = |(target, queue): &(Target, Arc<Queue>)| {
            let (waiting, counts, problem) = queue.look();
            let (delivered, lost) = (counts.delivered, counts.lost);
            TargetStatus { name: target.name.clone(), waiting, delivered, lost, problem }
        };
        self.targets.iter().map(one).collect()
    }

    /// Ends; what still waits is delivered after the next start.
    ///
    /// # Errors
    /// `Internal` when a thread had panicked.
    pub fn stop(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        self.targets.iter().for_each(|(_, queue)| queue.stop());
        let ended = self.threads.drain(..).map(JoinHandle::join).filter(Result::is_err).count();
        if ended == 0 { Ok(()) } else { Err(Error::internal("a thread of the webhooks panicked")) }
    }
}

impl Drop for Notify {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(run)
        .context("start a thread of the webhooks")
}

/// Where each partition ends now.
fn ends(bus: &dyn Bus) -> Result<Offsets> {
    let marks = bus.watermarks(topic::EVENTS)?;
    Ok(marks.iter().map(|m| (m.partition, m.next)).collect::<BTreeMap<_, _>>())
}

impl Reader {
    fn run(mut self, mut consumer: Box<dyn Consumer>, stop: &AtomicBool) {
        let mut looked = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            match consumer.poll(256, POLL) {
                Ok(polled) => polled.into_iter().for_each(|one| self.take(one)),
                Err(e) => {
                    tracing::warn!("events can't be read for the webhooks: {e}");
                    std::thread::sleep(POLL);
                }
            }
            if looked.elapsed() >= KEPT_EVERY {
                self.keep();
                looked = Instant::now();
            }
        }
        self.keep();
    }

    fn take(&mut self, polled: Polled) {
        match polled {
            Polled::Record(delivered) => {
                let at = delivered.position;
                self.next.insert(at.partition, at.offset + 1);
                self.record(&delivered);
            }
            Polled::Expired { partition, to, .. } | Polled::Damaged { partition, to, .. } => {
                self.next.insert(partition, to);
            }
        }
    }

    fn record(&mut self, delivered: &Delivered) {
        let at = delivered.position;
        let Ok(event) = Event::decode(delivered.record.value.clone()) else {
            tracing::warn!(offset = at.offset, "an event can't be read");
            return;
        };
        let mut name = event.id.to_vec();
        name.extend(event.revision.to_be_bytes());
        if !self.is_new(name) || !self.targets.iter().any(|(t, _)| t.wants(&event)) {
            return;
        }
        let body = Body::of(&event, &self.config.public_url);
        for (_, queue) in self.targets.iter().filter(|(t, _)| t.wants(&event)) {
            let (partition, offset) = (at.partition, at.offset);
            queue.push(Waiting { partition, offset, body: body.clone() });
        }
    }

    /// False for a record that came before.
    fn is_new(&mut self, name: Vec<u8>) -> bool {
        let (known, order) = &mut self.known;
        if !known.insert(name.clone()) {
            return false;
        }
        order.push_back(name);
        if order.len() > KNOWN
            && let Some(oldest) = order.pop_front()
        {
            known.remove(&oldest);
        }
        true
    }

    /// Writes where a restart would go on: before what still waits.
    fn keep(&mut self) {
        let oldest = |partition: u32, next: u64| {
            let waiting = self.targets.iter().filter_map(|(_, queue)| queue.oldest(partition));
            waiting.fold(next, u64::min)
        };
        let now: Offsets = self.next.iter().map(|(p, next)| (*p, oldest(*p, *next))).collect();
        if now == self.kept {
            return;
        }
        match place::write(&self.config.dir, &now) {
            Ok(()) => self.kept = now,
            Err(e) => tracing::warn!("{e}"),
        }
    }
}
