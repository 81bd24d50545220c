//! Units that a camera leaves out: shed by order, or of a group that crashed the process.
//!
//! Invariants: what is left out is said in a result, so that a replay leaves out the same.

use flumen_analyzer::Output;
use flumen_base::Result;
use flumen_base::wire::{Camera, FrameResult, Gap, GapCause, Gate};

use crate::camera::{Work, position};
use crate::lanes::Item;
use crate::worker::Shared;

/// A span that is left out.
#[derive(Clone, Copy)]
pub(crate) struct Hole {
    from_us: i64,
}

impl Work {
    /// A group that was in hand at two crashes is left out.
    pub(crate) fn rejects(&mut self, shared: &Shared, item: &Item, key: bool) -> Result<bool> {
        let rejects = shared.notes.rejects(self.id.as_str(), self.group.0, self.group.1)
            && item.header.epoch == self.group.0;
        match (rejects, self.rejected) {
            (true, None) if key => {
                self.rejected = Some(Hole { from_us: item.header.pts_us });
                self.reject(
                    item,
                    "this group of pictures was in hand at two crashes and is not decoded any more",
                );
                self.send(shared, item.header.arrival_us)?;
            }
            (false, Some(hole)) => {
                self.rejected = None;
                self.gap(shared, hole, item.header.pts_us)?;
            }
            _ => {}
        }
        Ok(rejects)
    }

    /// Decides whether a unit is left out: the machine is too slow, or it was left out before a
    /// restart. Says so in a result of its own, which a replay obeys.
    pub(crate) fn sheds(&mut self, shared: &Shared, item: &Item, shed_until: u64, key: bool) {
        let h = &item.header;
        let before = shared.results.was_shed(&h.camera, h.epoch, h.sequence);
        let ordered = item.offset < shed_until;
        self.shed = h.marker == 0 && (ordered || before || (self.shed && !key));
        if self.shed && h.part + 1 >= h.parts.max(1) {
            self.out.push(Output::Frame(shed_frame(item, &self.record)));
        }
    }

    fn gap(&self, shared: &Shared, hole: Hole, end_us: i64) -> Result<()> {
        let gap = Gap {
            camera: self.id.as_str().to_owned(),
            start_us: hole.from_us,
            end_us,
            cause: GapCause::Decoder.into(),
            detail: "a group of pictures that crashed the decoder twice".into(),
        };
        shared.results.gap(&gap)
    }
}

fn shed_frame(item: &Item, record: &Camera) -> FrameResult {
    let h = &item.header;
    FrameResult {
        camera: h.camera.clone(),
        epoch: h.epoch,
        sequence: h.sequence,
        pts_us: h.pts_us,
        capture_us: h.capture_us,
        width: h.width,
        height: h.height,
        gate: Gate::Shed.into(),
        source: Some(position(item)),
        policy_version: record.version,
        ..FrameResult::default()
    }
}
