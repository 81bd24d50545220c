//! What is wanted of each camera's analysis, from `flumen.cameras`.
//!
//! Invariants: a version counts from the first record whose arrival is at or after its
//! `effective_us`, also after a restart: the version in force stands in the checkpoint.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use flumen_analyzer::Settings;
use flumen_base::wire::{Camera, Stream};
use flumen_base::{Result, topic};
use flumen_bus::Bus;
use prost::Message;

/// The settings of a version; an unknown camera has the default ones.
pub(crate) fn settings(camera: &Camera) -> Settings {
    Settings {
        policy: camera.policy.unwrap_or_default(),
        policy_version: camera.version,
        ..Settings::default()
    }
}

/// The stream that is analysed: the main one where it is wanted, else the sub stream.
pub(crate) fn stream(camera: &Camera) -> Option<Stream> {
    if camera.version == 0 {
        return Some(Stream::Main);
    }
    let wanted = |stream: Stream| {
        camera.sources.iter().any(|s| s.stream() == stream && s.role.is_some_and(|r| r.analyse))
    };
    let found = [Stream::Main, Stream::Sub].into_iter().find(|&s| wanted(s));
    found.filter(|_| camera.enabled)
}

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
}

#[cfg(test)]
mod tests {
    use super::*;
    use flumen_base::wire::{Source, source::Role};

    fn source(stream: Stream, analyse: bool) -> Source {
        Source {
            stream: stream.into(),
            role: Some(Role { analyse, ..Default::default() }),
            ..Default::default()
        }
    }

    #[test]
    fn the_main_stream_is_analysed_where_it_is_wanted() {
        let camera = |sources| Camera { version: 1, enabled: true, sources, ..Default::default() };
        let (main, sub) = (Stream::Main, Stream::Sub);
        assert_eq!(stream(&Camera::default()), Some(main));
        assert_eq!(stream(&camera(vec![source(main, true), source(sub, true)])), Some(main));
        assert_eq!(stream(&camera(vec![source(main, false), source(sub, true)])), Some(sub));
        assert_eq!(stream(&camera(vec![source(main, false)])), None);
        assert_eq!(stream(&Camera { enabled: false, ..camera(vec![source(main, true)]) }), None);
    }
}
