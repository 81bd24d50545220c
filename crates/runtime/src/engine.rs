//! What the runtime needs of an analyzer; a test puts another one in its place.

use flumen_analyzer::{Analyzer, Output, Settings};
use flumen_base::wire::{Camera, SourcePosition};
use flumen_base::{CameraId, Packet, Result};

/// The analysis of one camera.
pub(crate) trait Engine: Send {
    /// Takes one record of the camera.
    fn process(&mut self, at: SourcePosition, packet: &Packet, out: &mut Vec<Output>)
    -> Result<()>;
    /// All that is needed to go on elsewhere.
    fn snapshot(&self) -> Result<Vec<u8>>;
    /// A policy that counts from a time on; known ones again change nothing.
    fn announce(&mut self, camera: &Camera) -> Result<()>;
    /// Skip decoding, until the next key frame after `false`.
    fn shed(&mut self, on: bool);
}

/// Makes engines.
pub(crate) trait Engines: Send + Sync {
    /// One that has seen nothing.
    fn open(&self, camera: &CameraId, settings: Settings) -> Result<Box<dyn Engine>>;
    /// The one that a snapshot was taken of.
    fn restore(
        &self,
        camera: &CameraId,
        settings: Settings,
        bytes: &[u8],
    ) -> Result<Box<dyn Engine>>;
}

/// The real ones.
pub(crate) struct Analyzers;

impl Engines for Analyzers {
    fn open(&self, camera: &CameraId, settings: Settings) -> Result<Box<dyn Engine>> {
        Ok(Box::new(Analyzer::open(camera, settings)?))
    }

    fn restore(
        &self,
        camera: &CameraId,
        settings: Settings,
        bytes: &[u8],
    ) -> Result<Box<dyn Engine>> {
        Ok(Box::new(Analyzer::restore(camera, settings, bytes)?))
    }
}

impl Engine for Analyzer {
    fn process(
        &mut self,
        at: SourcePosition,
        packet: &Packet,
        out: &mut Vec<Output>,
    ) -> Result<()> {
        Analyzer::process(self, at, packet, out)
    }

    fn snapshot(&self) -> Result<Vec<u8>> {
        Analyzer::snapshot(self)
    }

    fn announce(&mut self, camera: &Camera) -> Result<()> {
        Analyzer::announce(
            self,
            camera.policy.unwrap_or_default(),
            camera.version,
            camera.effective_us,
        )
    }

    fn shed(&mut self, on: bool) {
        Analyzer::shed(self, on);
    }
}
