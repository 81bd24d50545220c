//! What a session needs of an analyzer; a host's test puts another one in its place.

use flumen_base::wire::{Camera, SourcePosition};
use flumen_base::{CameraId, Packet, Result};

use crate::{Analyzer, Given, Output, Settings};

/// The analysis of one camera.
pub trait Engine: Send {
    /// Takes one record of the camera.
    ///
    /// # Errors
    /// The record cannot be used; the engine lives on.
    fn process(&mut self, at: SourcePosition, packet: &Packet, out: &mut Vec<Output>)
    -> Result<()>;
    /// All that is needed to go on elsewhere.
    ///
    /// # Errors
    /// None today.
    fn snapshot(&self) -> Result<Vec<u8>>;
    /// A policy that counts from a time on; known ones again change nothing.
    ///
    /// # Errors
    /// `Exhausted` when too many wait for their time.
    fn announce(&mut self, camera: &Camera) -> Result<()>;
    /// What changed of the camera's learned models; false when some must wait for room.
    fn learn(&mut self, _given: &Given) -> bool {
        true
    }
    /// Skip decoding, until the next key frame after `false`.
    fn shed(&mut self, on: bool);
    /// What of a snapshot another version wrote, so that it began anew.
    fn begun_anew(&self) -> Option<String>;
}

/// Makes engines.
pub trait Engines: Send + Sync {
    /// One that has seen nothing.
    ///
    /// # Errors
    /// The settings cannot be used.
    fn open(&self, camera: &CameraId, settings: Settings) -> Result<Box<dyn Engine>>;
    /// The one that a snapshot was taken of.
    ///
    /// # Errors
    /// The bytes are damaged, another camera's or another version's.
    fn restore(
        &self,
        camera: &CameraId,
        settings: Settings,
        bytes: &[u8],
    ) -> Result<Box<dyn Engine>>;
}

/// The real ones.
pub struct Analyzers;

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
        Analyzer::announce_card(self, camera)
    }

    fn learn(&mut self, given: &Given) -> bool {
        Analyzer::learn(self, given)
    }

    fn shed(&mut self, on: bool) {
        Analyzer::shed(self, on);
    }

    fn begun_anew(&self) -> Option<String> {
        Analyzer::begun_anew(self)
    }
}
