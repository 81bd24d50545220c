//! The room: one reader of the partitions that are ours, one thread a target.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use flumen_base::wire::Event;
use flumen_base::{Context, Error, Kind, Result, topic};
use flumen_bus::{Bus, Consumer, Delivered, Places, Polled, Share, Start, Visibility};
use prost::Message;

use crate::body::Body;
use crate::config::{NotifyConfig, Target};
use crate::queue::{Queue, Waiting};
use crate::target;

/// The processes that tell webhooks.
const GROUP: &str = "flumen-notify";
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
    bus: Arc<dyn Bus>,
    config: NotifyConfig,
    targets: Vec<(Target, Arc<Queue>)>,
    share: Box<dyn Share>,
    consumer: Box<dyn Consumer>,
    /// Where the log ended when this process began.
    begin: Places,
    /// Partitions that are to be ours.
    given: Option<BTreeSet<u32>>,
    /// The next offset of each partition that is ours.
    next: Places,
    kept: Places,
    known: (HashSet<Vec<u8>>, VecDeque<Vec<u8>>),
}

impl Notify {
    /// Starts to read events that happen from now on, or where the last run stopped.
    ///
    /// # Errors
    /// `Invalid` settings; what the bus says, or a file of certificates.
    pub fn start(bus: &Arc<dyn Bus>, config: NotifyConfig) -> Result<Notify> {
        config.validate()?;
        let queue = |t: &Target| (t.clone(), Arc::new(Queue::new(config.queue)));
        let targets: Vec<_> = config.targets.iter().map(queue).collect();
        let agents: Vec<_> =
            config.targets.iter().map(|t| target::agent(t, &config)).collect::<Result<_>>()?;
        let begin = ends(bus.as_ref())?;
        let share = bus.share(GROUP, topic::EVENTS)?;
        let consumer = bus.consumer(&[topic::EVENTS], Start::Latest, Visibility::Durable)?;
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for ((target, queue), agent) in targets.iter().zip(agents) {
            let (target, config, queue) = (target.clone(), config.clone(), queue.clone());
            let run = move || target::run(&agent, &target, &config, &queue);
            threads.push(spawn("notify-target", run)?);
        }
        let reader = Reader {
            bus: bus.clone(),
            config,
            targets: targets.clone(),
            share,
            consumer,
            begin,
            given: None,
            next: Places::new(),
            kept: Places::new(),
            known: Default::default(),
        };
        let stopped = stop.clone();
        threads.push(spawn("notify", move || reader.run(&stopped))?);
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
fn ends(bus: &dyn Bus) -> Result<Places> {
    let marks = bus.watermarks(topic::EVENTS)?;
    Ok(marks.iter().map(|m| (m.partition, m.next)).collect())
}

impl Reader {
    fn run(mut self, stop: &AtomicBool) {
        let mut looked = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            if let Err(e) = self.turn() {
                tracing::warn!("events can't be read for the webhooks: {e}");
                std::thread::sleep(POLL);
            }
            if looked.elapsed() >= KEPT_EVERY {
                self.keep();
                looked = Instant::now();
            }
        }
        self.keep();
    }

    fn turn(&mut self) -> Result<()> {
        if let Some(mine) = self.share.mine(Duration::ZERO)? {
            self.given = Some(mine);
        }
        if let Some(mine) = self.given.clone() {
            self.take_over(&mine)?;
            self.given = None;
        }
        for one in self.consumer.poll(256, POLL)? {
            self.take(one);
        }
        Ok(())
    }

    /// Goes on where the group was in partitions that are new to us; leaves the others.
    fn take_over(&mut self, mine: &BTreeSet<u32>) -> Result<()> {
        let places = match self.share.places() {
            Err(e) if e.kind() == Kind::DataLoss => {
                tracing::warn!("webhooks go on with what happens now: {e}");
                Places::new()
            }
            places => places?,
        };
        let mut from = ends(self.bus.as_ref())?;
        let mut next = Places::new();
        for &partition in mine {
            let known = [&self.next, &places, &self.begin];
            let at = known.iter().find_map(|p| p.get(&partition)).copied().unwrap_or(0);
            next.insert(partition, at);
            from.insert(partition, at);
        }
        self.consumer.seek(Start::Offsets(from.into_iter().collect()))?;
        for partition in self.next.keys().filter(|p| !mine.contains(p)) {
            self.targets.iter().for_each(|(_, queue)| queue.forget(*partition));
        }
        self.kept.retain(|partition, _| mine.contains(partition));
        self.next = next;
        // What was known may have been dropped with a partition that comes back.
        self.known = Default::default();
        self.keep();
        Ok(())
    }

    fn take(&mut self, polled: Polled) {
        match polled {
            Polled::Record(delivered) => {
                let at = delivered.position;
                if self.pass(at.partition, at.offset + 1) {
                    self.record(&delivered);
                }
            }
            Polled::Expired { partition, to, .. } | Polled::Damaged { partition, to, .. } => {
                self.pass(partition, to);
            }
        }
    }

    /// Notes how far a partition was read; false when it is not ours.
    fn pass(&mut self, partition: u32, to: u64) -> bool {
        self.next.get_mut(&partition).map(|next| *next = to).is_some()
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
        let now: Places = self.next.iter().map(|(p, next)| (*p, oldest(*p, *next))).collect();
        if now == self.kept {
            return;
        }
        match self.share.keep(&now) {
            Ok(()) => self.kept = now,
            Err(e) => tracing::warn!("{e}"),
        }
    }
}
