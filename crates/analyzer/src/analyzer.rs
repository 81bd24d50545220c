//! The one object: open, process, flush, snapshot, restore.

use flumen_base::wire::{FrameResult, SourcePosition};
use flumen_base::{CameraId, Error, Packet, Result};
use flumen_operators::Mask;

use crate::{Output, Settings};

/// Sees each frame's result with its mask.
pub type MaskSink = Box<dyn FnMut(&FrameResult, &Mask) + Send>;

/// Analysis of one camera: its packets in, its records out.
pub struct Analyzer {
    camera: CameraId,
    settings: Settings,
    mask_sink: Option<MaskSink>,
}

impl Analyzer {
    /// An analyzer that has seen nothing yet.
    ///
    /// # Errors
    /// `Invalid` when the settings cannot hold.
    pub fn open(camera: &CameraId, settings: Settings) -> Result<Analyzer> {
        Ok(Analyzer { camera: camera.clone(), settings, mask_sink: None })
    }

    /// Takes one packet and adds what follows from it to `out`.
    ///
    /// # Errors
    /// The packet cannot be used; the analyzer lives on. The reason belongs to `flumen.rejects`.
    pub fn process(
        &mut self,
        at: SourcePosition,
        packet: &Packet,
        out: &mut Vec<Output>,
    ) -> Result<()> {
        let _ = (at, packet, out, &self.camera, &self.settings, &self.mask_sink);
        Err(Error::unsupported("analysis is not built yet"))
    }

    /// Takes all frames out of the decoder and closes what is open, as at a stream's end.
    ///
    /// # Errors
    /// As `process`.
    pub fn flush(&mut self, out: &mut Vec<Output>) -> Result<()> {
        let _ = out;
        Ok(())
    }

    /// All that is needed to go on elsewhere, versioned.
    ///
    /// # Errors
    /// `Internal` when the state cannot be written.
    pub fn snapshot(&self) -> Result<Vec<u8>> {
        Err(Error::unsupported("snapshots are not built yet"))
    }

    /// The analyzer that `snapshot` was taken of.
    ///
    /// # Errors
    /// `Unsupported` when another version wrote it, `DataLoss` when it is damaged.
    pub fn restore(camera: &CameraId, settings: Settings, bytes: &[u8]) -> Result<Analyzer> {
        let _ = (camera, settings, bytes);
        Err(Error::unsupported("snapshots are not built yet"))
    }

    /// The runtime's order to skip decoding until the next key frame after `false`.
    pub fn shed(&mut self, on: bool) {
        let _ = on;
    }

    /// Shows each frame's result and mask to `sink`; not part of a snapshot.
    pub fn on_mask(&mut self, sink: Option<MaskSink>) {
        self.mask_sink = sink;
    }
}
