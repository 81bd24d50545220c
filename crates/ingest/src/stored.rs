//! How long access units take from their arrival until they are durable.
//!
//! Invariants: at most `MOST` units are timed at once, the others pass untimed; an
//! acknowledgement is passed on in the moment in which it comes, no thread waits for it.
//! Not here: what happens to a unit that found no place (`feed`).

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use flumen_bus::Pending;

use crate::pace::lock;

/// Most units that are timed at once.
const MOST: usize = 4096;
/// What was measured longer ago says nothing about now.
const STALE: Duration = Duration::from_secs(4);

/// The times of one camera.
#[derive(Default)]
pub(crate) struct Stored(Mutex<Times>);

#[derive(Default)]
struct Times {
    next: u64,
    /// Arrival of units that are not yet durable.
    waiting: BTreeMap<u64, Instant>,
    /// What the newest durable unit took, and when that was known.
    newest: Option<(Duration, Instant)>,
}

impl Stored {
    /// The same acknowledgement, timed from `arrived` on.
    pub(crate) fn time(self: &Arc<Self>, arrived: Instant, pending: Pending) -> Pending {
        let number = {
            let mut times = lock(&self.0);
            if times.waiting.len() >= MOST {
                return pending;
            }
            times.next += 1;
            let number = times.next;
            times.waiting.insert(number, arrived);
            number
        };
        let (tell, timed) = Pending::new();
        let stored = self.clone();
        let relay = async move {
            let told = pending.acked().await;
            stored.done(number, told.is_ok(), Instant::now());
            // Nobody may wait for it any more.
            let _ = tell.send(told);
        };
        Relay::start(relay);
        timed
    }

    fn done(&self, number: u64, durable: bool, now: Instant) {
        let mut times = lock(&self.0);
        if let Some(arrived) = times.waiting.remove(&number).filter(|_| durable) {
            times.newest = Some((now.saturating_duration_since(arrived), now));
        }
    }

    /// How far behind it is at `now`: what the newest durable unit took, or how long the oldest
    /// one waits when that is more; nothing when nothing came of late.
    pub(crate) fn lag(&self, now: Instant) -> Option<Duration> {
        let times = lock(&self.0);
        let waits = times.waiting.values().next().map(|at| now.saturating_duration_since(*at));
        let fresh = |at: Instant| now.saturating_duration_since(at) < STALE;
        let took = times.newest.filter(|(_, at)| fresh(*at)).map(|(took, _)| took);
        waits.max(took)
    }
}

/// A future that goes on in the thread that wakes it.
struct Relay {
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    woken: AtomicBool,
}

impl Relay {
    fn start(future: impl Future<Output = ()> + Send + 'static) {
        let relay =
            Relay { future: Mutex::new(Some(Box::pin(future))), woken: AtomicBool::new(true) };
        Arc::new(relay).go_on();
    }

    fn go_on(self: Arc<Self>) {
        let waker = Waker::from(self.clone());
        while self.woken.load(Ordering::SeqCst) {
            // Whoever holds it looks at `woken` again afterwards.
            let Ok(mut held) = self.future.try_lock() else { return };
            self.woken.store(false, Ordering::SeqCst);
            let Some(future) = held.as_mut() else { return };
            if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                *held = None;
            }
        }
    }
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.go_on();
    }
}

#[cfg(test)]
mod tests {
    use flumen_base::Error;
    use flumen_bus::Ack;

    use super::*;

    const ACK: Ack = Ack { partition: 0, offset: 7, generation: 0 };

    #[test]
    fn a_unit_is_timed_until_it_is_durable_and_its_answer_passes() {
        let stored = Arc::new(Stored::default());
        let arrived = Instant::now();
        let after = |s| arrived + Duration::from_secs(s);
        assert_eq!(stored.lag(arrived), None, "nothing came yet");
        let (tell, pending) = Pending::new();
        let timed = stored.time(arrived, pending);
        assert_eq!(stored.lag(after(3)), Some(Duration::from_secs(3)), "it waits");
        std::thread::spawn(move || tell.send(Ok(ACK))).join().unwrap().unwrap();
        assert_eq!(timed.wait().unwrap(), ACK);
        assert!(stored.lag(Instant::now()).is_some());
        assert_eq!(stored.lag(Instant::now() + STALE), None, "that is long ago");
    }

    #[test]
    fn a_failure_passes_and_is_no_measurement() {
        let stored = Arc::new(Stored::default());
        let (tell, pending) = Pending::new();
        let timed = stored.time(Instant::now(), pending);
        tell.send(Err(Error::unavailable("no disk"))).unwrap();
        assert_eq!(timed.wait().unwrap_err().message(), "no disk");
        let (tell, pending) = Pending::new();
        let timed = stored.time(Instant::now(), pending);
        drop(tell);
        assert!(timed.wait().is_err(), "a log that was closed");
        assert_eq!(stored.lag(Instant::now()), None);
    }

    #[test]
    fn an_answer_that_is_there_already_and_one_too_many_pass_too() {
        let stored = Arc::new(Stored::default());
        let (tell, pending) = Pending::new();
        tell.send(Ok(ACK)).unwrap();
        assert_eq!(stored.time(Instant::now(), pending).wait().unwrap(), ACK);
        let held: Vec<_> = (0..MOST + 1)
            .map(|_| {
                let (tell, pending) = Pending::new();
                (tell, stored.time(Instant::now(), pending))
            })
            .collect();
        assert_eq!(lock(&stored.0).waiting.len(), MOST);
        for (tell, timed) in held {
            tell.send(Ok(ACK)).unwrap();
            assert_eq!(timed.wait().unwrap(), ACK);
        }
        assert!(lock(&stored.0).waiting.is_empty());
    }
}
