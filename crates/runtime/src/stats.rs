//! Counts of one camera's analysis.

use std::time::{Duration, Instant};

use flumen_analyzer::Taken;

/// What `status` tells, kept apart from the camera's state so that telling never waits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stats {
    pub frames: u64,
    pub shed: u64,
    pub arrival_us: i64,
    pub analyse_us: f32,
    pub fps: f32,
    pub problem: Option<String>,
    window: Option<(Instant, u64)>,
}

impl Stats {
    /// Counts a record.
    pub(crate) fn count(&mut self, done: Taken, took: Duration, arrival_us: i64) {
        self.arrival_us = arrival_us;
        match done {
            Taken::Analysed => {
                self.frames += 1;
                let took_us = took.as_secs_f32() * 1e6;
                self.analyse_us +=
                    (took_us - self.analyse_us) * if self.frames < 20 { 0.2 } else { 0.02 };
                self.rate();
            }
            Taken::Shed => self.shed += 1,
            Taken::Other => {}
        }
    }

    fn rate(&mut self) {
        let (since, frames) = *self.window.get_or_insert((Instant::now(), self.frames));
        let passed = since.elapsed().as_secs_f32();
        if passed >= 2.0 {
            self.fps = (self.frames - frames) as f32 / passed;
            self.window = Some((Instant::now(), self.frames));
        }
    }

    /// Pictures a second now: 0 when the window is long over.
    pub(crate) fn fps_now(&self) -> f32 {
        match self.window {
            Some((since, _)) if since.elapsed() < Duration::from_secs(10) => self.fps,
            _ => 0.0,
        }
    }
}
