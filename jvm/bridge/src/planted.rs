//! A decoder with planted faults, for tests: only in builds with debug assertions, and only when
//! the environment variable `FLUMEN_BRIDGE_PLANT` is set to `on`.
//!
//! A unit whose bytes hold `flumen:panic` makes the analyzer panic, one with `flumen:abort` ends
//! the process as a fault in C would, one with `flumen:poison` makes the bridge itself panic.

use std::sync::Arc;

use flumen_analyzer::{Analyzers, Engine, Engines, Given, Output, Session, Settings};
use flumen_base::wire::{Camera, SourcePosition};
use flumen_base::{CameraId, Packet, Result};

/// True when faults are planted in this process.
fn on() -> bool {
    std::env::var_os("FLUMEN_BRIDGE_PLANT").is_some_and(|v| v == "on")
}

fn holds(data: &[u8], word: &str) -> bool {
    data.windows(word.len()).any(|w| w == word.as_bytes())
}

/// A session with planted faults, where they are wanted.
pub(crate) fn plant(session: Session) -> Session {
    if on() { session.with_engines(Arc::new(Plants)) } else { session }
}

/// Panics in the bridge's own code.
pub(crate) fn poison(data: &[u8]) {
    assert!(!(on() && holds(data, "flumen:poison")), "a planted panic of the bridge");
}

struct Plants;
struct Plant(Box<dyn Engine>);

impl Engines for Plants {
    fn open(&self, camera: &CameraId, settings: Settings) -> Result<Box<dyn Engine>> {
        Ok(Box::new(Plant(Analyzers.open(camera, settings)?)))
    }

    fn restore(&self, camera: &CameraId, set: Settings, bytes: &[u8]) -> Result<Box<dyn Engine>> {
        Ok(Box::new(Plant(Analyzers.restore(camera, set, bytes)?)))
    }
}

impl Engine for Plant {
    fn process(&mut self, at: SourcePosition, p: &Packet, out: &mut Vec<Output>) -> Result<()> {
        assert!(!holds(&p.data, "flumen:panic"), "a planted panic of the analyzer");
        if holds(&p.data, "flumen:abort") {
            std::process::abort();
        }
        self.0.process(at, p, out)
    }

    fn snapshot(&self) -> Result<Vec<u8>> {
        self.0.snapshot()
    }

    fn announce(&mut self, camera: &Camera) -> Result<()> {
        self.0.announce(camera)
    }

    fn learn(&mut self, given: &Given) -> bool {
        self.0.learn(given)
    }

    fn shed(&mut self, on: bool) {
        self.0.shed(on);
    }

    fn begun_anew(&self) -> Option<String> {
        self.0.begun_anew()
    }
}
