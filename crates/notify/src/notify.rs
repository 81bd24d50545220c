//! The room: one reader of the partitions that are ours, one thread a target.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

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
/// How often it is written when it did not move.
const SAID_AGAIN: Duration = Duration::from_secs(60);
/// Records that are read at once, at most.
const BATCH: usize = 256;
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
    problem: Problem,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

/// What the reading thread holds.
struct Reader {
    bus: Arc<dyn Bus>,
    config: NotifyConfig,
    targets: Vec<(Target, Arc<Queue>)>,
    /// None until the bus has answered once.
    link: Option<Link>,
    /// Partitions that are to be ours.
    given: Option<BTreeSet<u32>>,
    /// The next offset of each partition that is ours.
    next: Places,
    kept: Places,
    kept_at: Instant,
    known: (HashSet<Vec<u8>>, VecDeque<Vec<u8>>),
    problem: Problem,
}

/// The bus as a reader of events needs it.
struct Link {
    share: Box<dyn Share>,
    consumer: Box<dyn Consumer>,
    /// Where the log ended at the first answer.
    begin: Places,
}

impl Link {
    fn open(bus: &dyn Bus) -> Result<Link> {
        let begin = ends(bus)?;
        let share = bus.share(GROUP, topic::EVENTS)?;
        let consumer = bus.consumer(&[topic::EVENTS], Start::Latest, Visibility::Durable)?;
        Ok(Link { share, consumer, begin })
    }
}

/// Why events can't be read just now.
type Problem = Arc<Mutex<Option<String>>>;

impl Notify {
    /// Starts to read events that happen from now on, or where the last run stopped. A bus that
    /// does not answer yet is asked again and again.
    ///
    /// # Errors
    /// `Invalid` settings; what the bus says, or a file of certificates.
    pub fn start(bus: &Arc<dyn Bus>, config: NotifyConfig) -> Result<Notify> {
        config.validate()?;
        let queue = |t: &Target| (t.clone(), Arc::new(Queue::new(config.queue)));
        let targets: Vec<_> = config.targets.iter().map(queue).collect();
        let agents: Vec<_> =
            config.targets.iter().map(|t| target::agent(t, &config)).collect::<Result<_>>()?;
        let link = match Link::open(bus.as_ref()) {
            Err(e) if e.kind() == Kind::Unavailable => None,
            link => Some(link?),
        };
        let problem = Problem::default();
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
            link,
            given: None,
            next: Places::new(),
            kept: Places::new(),
            kept_at: Instant::now(),
            known: Default::default(),
            problem: problem.clone(),
        };
        let stopped = stop.clone();
        threads.push(spawn("notify", move || reader.run(&stopped))?);
        Ok(Notify { targets, problem, stop, threads })
    }

    /// How each target is.
    pub fn status(&self) -> Vec<TargetStatus> {
        let one = |(target, queue): &(Target, Arc<Queue>)| {
            let (waiting, counts, problem) = queue.look();
            let problem = problem.or_else(|| lock(&self.problem).clone());
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

fn lock(problem: &Mutex<Option<String>>) -> MutexGuard<'_, Option<String>> {
    problem.lock().unwrap_or_else(PoisonError::into_inner)
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(run)
        .context("start a thread of the webhooks")
}

/// How long ago this was.
fn age(then_us: i64) -> Duration {
    let now_us = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros() as i64);
    Duration::from_micros(u64::try_from(now_us.saturating_sub(then_us)).unwrap_or(0))
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
            let turned = self.turn();
            if turned.is_err() {
                std::thread::sleep(POLL);
            }
            self.say(turned.err());
            if looked.elapsed() >= KEPT_EVERY {
                self.keep();
                looked = Instant::now();
            }
        }
        self.keep();
    }

    /// Tells a problem when it is a new one.
    fn say(&self, e: Option<Error>) {
        let said = e.map(|e| format!("events can't be read: {e}"));
        let mut problem = lock(&self.problem);
        if *problem != said {
            if let Some(said) = &said {
                tracing::warn!("webhooks: {said}");
            }
            *problem = said;
        }
    }

    fn turn(&mut self) -> Result<()> {
        let link = match &mut self.link {
            Some(link) => link,
            none => none.insert(Link::open(self.bus.as_ref())?),
        };
        if let Some(mine) = link.share.mine(Duration::ZERO)? {
            self.given = Some(mine);
        }
        if let Some(mine) = self.given.clone() {
            self.take_over(&mine)?;
            self.given = None;
        }
        // Who takes events, only slower than they come from the log, loses none.
        let step = BATCH.min(self.config.queue / 2).max(1);
        if self.targets.iter().any(|(_, queue)| queue.is_busy(step)) {
            std::thread::sleep(POLL);
            return Ok(());
        }
        let Some(link) = &mut self.link else { return Ok(()) };
        for one in link.consumer.poll(step, POLL)? {
            self.take(one);
        }
        Ok(())
    }

    /// Goes on where the group was in partitions that are new to us; leaves the others.
    fn take_over(&mut self, mine: &BTreeSet<u32>) -> Result<()> {
        let Some(link) = &mut self.link else { return Ok(()) };
        let places = match link.share.places() {
            Err(e) if e.kind() == Kind::DataLoss => {
                tracing::warn!("webhooks go on with what happens now: {e}");
                Places::new()
            }
            places => places?,
        };
        let mut from = ends(self.bus.as_ref())?;
        let mut next = Places::new();
        for &partition in mine {
            let known = [&self.next, &places, &link.begin];
            let at = known.iter().find_map(|p| p.get(&partition)).copied().unwrap_or(0);
            next.insert(partition, at);
            from.insert(partition, at);
        }
        link.consumer.seek(Start::Offsets(from.into_iter().collect()))?;
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
            Polled::Expired { partition, from, to, .. }
            | Polled::Damaged { partition, from, to, .. } => {
                if self.pass(partition, to) {
                    let why = "expired or damaged before webhooks could tell them";
                    tracing::warn!(partition, "events {from}..{to} {why}");
                    let missed = to.saturating_sub(from);
                    self.targets.iter().for_each(|(_, queue)| queue.miss(missed));
                }
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
            self.targets.iter().for_each(|(_, queue)| queue.miss(1));
            return;
        };
        let mut name = event.id.to_vec();
        name.extend(event.revision.to_be_bytes());
        if !self.is_new(name) || !self.targets.iter().any(|(t, _)| t.wants(&event)) {
            return;
        }
        let age = age(delivered.record.timestamp_us);
        let body = Body::of(&event, &self.config.public_url);
        for (_, queue) in self.targets.iter().filter(|(t, _)| t.wants(&event)) {
            let (partition, offset) = (at.partition, at.offset);
            match Instant::now().checked_sub(age).filter(|_| age < self.config.give_up) {
                Some(since) => queue.push(Waiting { partition, offset, since, body: body.clone() }),
                None => queue.miss(1), // nobody wants the alarm of a day long gone
            }
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
        // Said again now and then: the bus may not have heard it.
        if now == self.kept && self.kept_at.elapsed() < SAID_AGAIN {
            return;
        }
        let Some(link) = &mut self.link else { return };
        match link.share.keep(&now) {
            Ok(()) => (self.kept, self.kept_at) = (now, Instant::now()),
            Err(e) => tracing::warn!("{e}"),
        }
    }
}
