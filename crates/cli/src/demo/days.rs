//! Two simulated weeks of three cameras, learned in the background of `flumen demo`, so that its
//! pages of learning show what they show after two weeks.
//!
//! Invariants: the cameras say in their names that they are simulated; they are off, as they have no
//! pictures; what a person changed stays, and what was learned is not learned again.
//! Not here: days (`farm`), learning (`learn`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use flumen_base::wire::Camera;
use flumen_base::{Clock, Context, Result, SystemClock, topic};
use flumen_bus::Bus;
use flumen_farm::days::{Days, DaysSpec};
use flumen_learn::Trainer;
use prost::Message as _;

use crate::history::History;
use crate::show;

const SEED: u64 = 20;
const DAYS: u32 = 15;
const DAY_US: i64 = 86_400_000_000;
/// Windows from one look for complete steps to the next.
const STRIDE: u64 = 1000;

/// The running thread; ends when it is dropped.
pub struct Learning {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Learning {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Begins to learn, unless it was done in this directory before.
///
/// # Errors
/// A bus that can't be read or written.
pub fn start(bus: Arc<dyn Bus>) -> Result<Option<Learning>> {
    let spec = DaysSpec {
        days: DAYS,
        time_zone: "UTC".into(),
        group: "simulated".into(),
        ..DaysSpec::new(SEED)
    };
    let days = Days::new(&spec.before(SystemClock.wall_us())?)?;
    let cameras = bus.table(topic::CAMERAS)?;
    let known = |id: &str| cameras.get(id.as_bytes()).map(|camera| camera.is_some());
    if days.cameras.iter().try_fold(true, |all, camera| Ok(all && known(&camera.id)?))? {
        return Ok(None);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let thread = std::thread::Builder::new()
        .name("demo-days".into())
        .spawn(move || {
            let began = Instant::now();
            match learn(bus.as_ref(), &days, &stopped) {
                Ok(true) => show::say(format_args!(
                    "learned two simulated weeks of three cameras in {:.0} s: see the page Learning",
                    began.elapsed().as_secs_f32()
                )),
                Ok(false) => {}
                Err(e) => tracing::warn!("the simulated weeks are not learned: {e}"),
            }
        })
        .context("start the thread of the simulated weeks")?;
    Ok(Some(Learning { stop, thread: Some(thread) }))
}

/// Learns, and publishes what comes out day by day; false when it was stopped.
fn learn(bus: &dyn Bus, days: &Days, stop: &AtomicBool) -> Result<bool> {
    let mut trainer = Trainer::new("flumen/simulated");
    let (mut history, mut out, mut day) = (History::default(), Vec::new(), 0);
    for (window, number) in days.windows().zip(1_u64..) {
        let of = window.begin_us.div_euclid(DAY_US);
        trainer.take(0, window);
        if !number.is_multiple_of(STRIDE) {
            continue;
        }
        if stop.load(Ordering::Relaxed) {
            return Ok(false);
        }
        trainer.steps(&mut out);
        history.take(&out);
        out.clear();
        if std::mem::replace(&mut day, of) != of {
            flumen_learn::publish(bus, history.drain())?;
        }
    }
    trainer.steps(&mut out);
    history.take(&out);
    flumen_learn::publish(bus, history.drain())?;
    // Last: where they are, all of it is done.
    days.cameras.iter().try_for_each(|camera| add(bus, &camera.id))?;
    Ok(true)
}

/// The camera of these days, once they are learned.
fn add(bus: &dyn Bus, id: &str) -> Result<()> {
    let scene = id.split('-').next().unwrap_or(id);
    let mut name = format!("{scene}, simulated weeks");
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let camera = Camera {
        id: id.into(),
        name,
        enabled: false,
        time_zone: "UTC".into(),
        group: "simulated".into(),
        effective_us: SystemClock.wall_us(),
        version: 1,
        ..Camera::default()
    };
    bus.table(topic::CAMERAS)?.put(id.as_bytes(), Some(&camera.encode_to_vec())).map(drop)
}

#[cfg(test)]
mod tests {
    use flumen_base::wire::Insight;
    use flumen_bus::{Embedded, EmbeddedConfig, Polled, Start, Visibility};

    use super::*;

    #[test]
    fn what_is_learned_lies_on_the_bus_and_a_stopped_one_adds_no_camera() {
        let dir = tempfile::tempdir().unwrap();
        let bus = Embedded::open(dir.path(), EmbeddedConfig::default()).unwrap();
        let spec = DaysSpec { days: 2, cameras: 1, ..DaysSpec::new(SEED) };
        let days = Days::new(&spec).unwrap();
        assert!(!learn(bus.as_ref(), &days, &AtomicBool::new(true)).unwrap());
        let cameras = bus.table(topic::CAMERAS).unwrap();
        assert_eq!(cameras.scan(b"").unwrap(), []);
        assert!(learn(bus.as_ref(), &days, &AtomicBool::new(false)).unwrap());
        let camera = Camera::decode(cameras.get(b"lobby-00").unwrap().unwrap().as_slice()).unwrap();
        assert_eq!((camera.name.as_str(), camera.enabled), ("Lobby, simulated weeks", false));
        let profiles = bus.table(topic::MODELS).unwrap().scan(b"lobby-00/profile/").unwrap();
        assert_eq!(profiles.len(), 20, "as many versions as a trainer keeps");
        let mut reader =
            bus.consumer(&[topic::INSIGHTS], Start::Earliest, Visibility::Durable).unwrap();
        let polled = reader.poll(100, std::time::Duration::from_secs(1)).unwrap();
        let Some(Polled::Record(first)) = polled.first() else { panic!("{polled:?}") };
        assert_eq!(Insight::decode(first.record.value.clone()).unwrap().camera, "lobby-00");
    }
}
