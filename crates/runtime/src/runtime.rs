//! The runtime as its owner holds it: start, status, stop.

use std::sync::Arc;

use flumen_base::{CameraId, Error, Result};
use flumen_bus::Bus;

use crate::RuntimeConfig;

/// How the analysis of one camera goes.
#[derive(Clone, Debug, PartialEq)]
pub struct AnalysisStatus {
    /// The camera.
    pub camera: CameraId,
    /// Access units analysed since start.
    pub frames: u64,
    /// Access units a second, over the last seconds.
    pub fps: f32,
    /// Wall time minus arrival time of the last unit that was finished.
    pub lag_us: i64,
    /// Access units shed since start because the machine was too slow.
    pub shed: u64,
    /// Mean time to decode a unit.
    pub decode_us: u32,
    /// Mean time to analyse a unit, decoding included.
    pub analyse_us: u32,
    /// Access units that wait.
    pub queue: usize,
    /// What is wrong just now, for a person.
    pub problem: Option<String>,
}

/// The running analysis of all cameras.
pub struct Runtime(());

impl Runtime {
    /// Starts reader, workers and checkpoints.
    ///
    /// # Errors
    /// `Invalid` for settings out of range; what the bus and the file system answer.
    pub fn start(_bus: Arc<dyn Bus>, config: RuntimeConfig) -> Result<Runtime> {
        config.validate()?;
        Err(Error::unsupported("the runtime is not built yet"))
    }

    /// One entry a camera, in order of their ids.
    pub fn status(&self) -> Vec<AnalysisStatus> {
        Vec::new()
    }

    /// Things that are wrong with the runtime itself, for a person.
    pub fn problems(&self) -> Vec<String> {
        Vec::new()
    }

    /// Stops after the units in hand, and writes a checkpoint.
    ///
    /// # Errors
    /// What went wrong with the last checkpoint; the one before stays valid.
    pub fn stop(self) -> Result<()> {
        Ok(())
    }
}
