//! A file that plays like a camera: at its own rate, again and again, or once.
//!
//! Invariants: each pass is a new epoch; a pass without a picture is an error, so that an
//! empty file does not spin.
//! Not here: which files are allowed (`media::check_address`).

use flumen_base::{Error, Result};
use flumen_media::{Demuxed, Demuxer, Open, Transport};

use super::interleave::Interleave;
use super::{Inputs, Login};
use crate::handover::Manner;
use crate::pace::Stop;
use crate::pacer::Pacer;
use crate::secret::Secret;
use crate::source::{Attempt, Next, Source};

/// A unit is handed on when it is due, give or take the scheduler.
const ARRIVAL_ERROR_US: u32 = 20_000;
/// A full log blocks a file for long: it can wait, a camera can't.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

struct File {
    address: String,
    how: Open,
    demuxer: Demuxer,
    order: Interleave,
    pacer: Pacer,
    stop: Stop,
    once: bool,
    pictures: u64,
}

pub(super) fn open(inputs: &Inputs, attempt: &Attempt<'_>) -> Result<impl Source + use<>> {
    let nobody =
        Login { username: String::new(), password: Secret::default(), transport: Transport::Tcp };
    let how = inputs.how(&nobody, Vec::new(), false);
    let address = attempt.spec.address.clone();
    let demuxer = Demuxer::open(&address, &how, attempt.stop.interrupt())?;
    let pacer = Pacer::new(inputs.pace.clone());
    let (stop, once) = (attempt.stop.clone(), attempt.spec.once);
    let order = Interleave::default();
    Ok(File { address, how, demuxer, order, pacer, stop, once, pictures: 0 })
}

impl File {
    fn again(&mut self) -> Result<Next> {
        if self.pictures == 0 {
            return Err(Error::data_loss(format!("no picture in {}", self.address)));
        }
        if self.once {
            return Ok(Next::Ended);
        }
        self.demuxer = Demuxer::open(&self.address, &self.how, self.stop.interrupt())?;
        self.order = Interleave::default();
        self.pictures = 0;
        self.pacer.seam();
        Ok(Next::Seam)
    }
}

impl Source for File {
    fn read(&mut self) -> Result<Next> {
        let has_sound = self.demuxer.tracks().iter().any(|t| t.is_audio());
        match self.order.next(has_sound, || self.demuxer.read())? {
            Demuxed::End => self.again(),
            Demuxed::Unit(unit) => {
                self.pictures += u64::from(!unit.audio);
                let due = match unit.audio {
                    true => self.pacer.wait_beside(unit.dts_us, &self.stop),
                    false => self.pacer.wait(unit.dts_us, i64::from(unit.duration_us), &self.stop),
                };
                match due {
                    true => Ok(Next::Unit(unit)),
                    false => Err(Error::cancelled("stopped")),
                }
            }
        }
    }

    fn manner(&self) -> Manner {
        Manner { arrival_error_us: ARRIVAL_ERROR_US, patience: PATIENCE }
    }
}
