//! What is wanted of each camera's analysis, from `flumen.cameras`.
//!
//! Not here: from when on a version counts (`analyzer::Session`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use flumen_base::wire::Camera;
use flumen_base::{Result, topic};
use flumen_bus::Bus;
use prost::Message;

/// The priority of a version.
pub(crate) fn priority(camera: &Camera) -> u32 {
    camera.policy.map_or(0, |p| p.priority)
}

/// All cameras as the table knows them.
#[derive(Default)]
pub(crate) struct Cameras(Mutex<Known>);

#[derive(Default)]
struct Known {
    next: u64,
    cameras: HashMap<String, Camera>,
}

impl Cameras {
    /// Reads the table to its end; gives the cameras that changed.
    pub(crate) fn refresh(&self, bus: &dyn Bus) -> Result<Vec<String>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = Vec::new();
        for change in bus.table(topic::CAMERAS)?.changes(known.next, Duration::ZERO)? {
            known.next = known.next.max(change.offset + 1);
            let id = String::from_utf8_lossy(&change.key).into_owned();
            match change.value.as_deref().map(Camera::decode) {
                Some(Ok(camera)) => {
                    known.cameras.insert(id.clone(), camera);
                }
                Some(Err(e)) => {
                    tracing::warn!(camera = id, "its record can't be read, the last one holds: {e}")
                }
                None => {
                    known.cameras.remove(&id);
                }
            }
            changed.push(id);
        }
        Ok(changed)
    }

    /// The newest version of a camera.
    pub(crate) fn newest(&self, id: &str) -> Option<Camera> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).cameras.get(id).cloned()
    }

    /// The newest version of a camera, if it is above `known`.
    pub(crate) fn newer(&self, id: &str, known: u64) -> Option<Camera> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.cameras.get(id).filter(|c| c.version > known).cloned()
    }
}
