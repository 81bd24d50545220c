//! A camera that is reached over the network and runs in real time.
//!
//! Invariants: a stream without a picture for the stall time is an error, also when its sound
//! goes on, and when libavformat gives out a picture that it held back once it waited in vain.
//! Not here: protocols (`media`).

use std::sync::Arc;
use std::time::Duration;

use flumen_base::{Error, Result};
use flumen_media::{Demuxed, Demuxer};

use super::{Inputs, Login};
use crate::handover::Manner;
use crate::pace::Pace;
use crate::source::{Attempt, Next, Source};

/// Between a picture's making and its arrival: coding, network, the camera's own buffer.
const ARRIVAL_ERROR_US: u32 = 500_000;

/// A read that took nearly the stall time waited in vain.
const SLACK: Duration = Duration::from_millis(20);

struct Network {
    demuxer: Demuxer,
    login: Login,
    pace: Arc<dyn Pace>,
    stall: Duration,
    patience: Duration,
    last_picture: Duration,
    silent: bool,
}

pub(super) fn open(
    inputs: &Inputs,
    attempt: &Attempt<'_>,
    login: Login,
) -> Result<impl Source + use<>> {
    let how = inputs.how(&login, attempt.known.clone(), true);
    let demuxer = Demuxer::open(&attempt.spec.address, &how, attempt.stop.interrupt())
        .map_err(|e| login.scrub(e))?;
    Ok(Network {
        demuxer,
        login,
        pace: inputs.pace.clone(),
        stall: inputs.stall,
        patience: inputs.overload_wait,
        last_picture: inputs.pace.now(),
        silent: false,
    })
}

impl Network {
    fn no_picture(&self, what: &str) -> Error {
        Error::unavailable(format!("{what} for {} s", self.stall.as_secs_f32()))
    }
}

impl Source for Network {
    fn read(&mut self) -> Result<Next> {
        if self.silent {
            return Err(self.no_picture("silent"));
        }
        let asked = self.pace.now();
        match self.demuxer.read().map_err(|e| self.login.scrub(e))? {
            Demuxed::End => Err(Error::unavailable("the camera ended the stream")),
            Demuxed::Unit(unit) => {
                let now = self.pace.now();
                self.silent = now.saturating_sub(asked) + SLACK >= self.stall;
                if !unit.audio {
                    self.last_picture = now;
                } else if now.saturating_sub(self.last_picture) > self.stall {
                    return Err(self.no_picture("sound, but no picture"));
                }
                Ok(Next::Unit(unit))
            }
        }
    }

    fn manner(&self) -> Manner {
        Manner { arrival_error_us: ARRIVAL_ERROR_US, patience: self.patience }
    }
}
