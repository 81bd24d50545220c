//! Which streams of which cameras are recorded and how long they are kept, from `flumen.cameras`.

use std::collections::HashMap;
use std::time::Duration;

use flumen_base::wire::{Camera, Stream};
use flumen_base::{Result, topic};
use flumen_bus::{Bus, Change};
use prost::Message;

use crate::config::Keep;

#[derive(Clone, Copy, Debug)]
struct Wish {
    main: bool,
    sub: bool,
    keep: Keep,
}

/// The cameras' wishes as far as they were read.
#[derive(Default)]
pub(crate) struct Roles {
    next: u64,
    cameras: HashMap<String, Wish>,
}

impl Roles {
    /// Reads the table to its end.
    pub(crate) fn refresh(&mut self, bus: &dyn Bus) -> Result<()> {
        for change in bus.table(topic::CAMERAS)?.changes(self.next, Duration::ZERO)? {
            self.take(&change);
        }
        Ok(())
    }

    fn take(&mut self, change: &Change) {
        self.next = self.next.max(change.offset + 1);
        let id = String::from_utf8_lossy(&change.key).into_owned();
        match change.value.as_deref().map(Camera::decode) {
            Some(Ok(camera)) => {
                let records = |stream: Stream| {
                    camera
                        .sources
                        .iter()
                        .any(|s| s.stream() == stream && s.role.is_some_and(|r| r.record))
                };
                let policy = camera.policy.unwrap_or_default();
                let age = u64::try_from(policy.keep_us)
                    .ok()
                    .filter(|&us| us > 0)
                    .map(Duration::from_micros);
                let keep =
                    Keep { age, bytes: (policy.keep_bytes > 0).then_some(policy.keep_bytes) };
                self.cameras.insert(
                    id,
                    Wish { main: records(Stream::Main), sub: records(Stream::Sub), keep },
                );
            }
            Some(Err(e)) => {
                tracing::warn!(camera = id, "its record can't be read, the last one holds: {e}")
            }
            None => {
                self.cameras.remove(&id);
            }
        }
    }

    /// Whether a camera's stream is recorded; of an unknown camera the main stream is.
    pub(crate) fn records(&self, camera: &str, stream: Stream) -> bool {
        match (self.cameras.get(camera), stream) {
            (Some(wish), Stream::Main) => wish.main,
            (Some(wish), Stream::Sub) => wish.sub,
            (Some(wish), Stream::Audio) => wish.main || wish.sub,
            (None, stream) => stream != Stream::Sub,
        }
    }

    /// The stream whose files carry a camera's sound.
    pub(crate) fn carrier(&self, camera: &str) -> Stream {
        if self.records(camera, Stream::Main) { Stream::Main } else { Stream::Sub }
    }

    /// How long a camera's video is kept.
    pub(crate) fn keep(&self, camera: &str, site: Keep) -> Keep {
        let own = self.cameras.get(camera).map_or(Keep { age: None, bytes: None }, |w| w.keep);
        Keep { age: own.age.or(site.age), bytes: own.bytes.or(site.bytes) }
    }
}
