//! Rendered scenes, shared by all cameras that show the same one.
//!
//! Invariants: at most [`AT_ONCE`] scenes are rendered at a time; a scene is rendered by one
//! thread whoever waits for it; a clip is in memory while a camera plays it.
//! Not here: rendering and its cache file (`farm`).

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use flumen_base::{Error, Kind, Result};
use flumen_farm::{Clip, SceneSpec};

use crate::pace::{Stop, lock};

/// Scenes that are rendered at a time.
const AT_ONCE: usize = 2;
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The clips of this process.
pub(crate) struct Clips {
    cache_dir: PathBuf,
    shelf: Mutex<HashMap<SceneSpec, Shelf>>,
}

enum Shelf {
    Ready(Weak<Clip>),
    Making(Arc<Job>),
}

impl Shelf {
    fn is_making(&self) -> bool {
        matches!(self, Shelf::Making(job) if lock(&job.made).is_none())
    }
}

/// A clip, or why there is none.
type Made = Result<Arc<Clip>, (Kind, String)>;

#[derive(Default)]
struct Job {
    permyriad: AtomicU32,
    made: Mutex<Option<Made>>,
}

impl Clips {
    pub(crate) fn new(cache_dir: PathBuf) -> Clips {
        Clips { cache_dir, shelf: Mutex::new(HashMap::new()) }
    }

    /// The clip of a scene; rendered first, in a thread that outlives a stop, when it is not
    /// there yet. `progress` hears how far that is.
    pub(crate) fn get(
        &self,
        spec: &SceneSpec,
        stop: &Stop,
        progress: &dyn Fn(String),
    ) -> Result<Arc<Clip>> {
        loop {
            if let Some(made) = self.look(spec, progress)? {
                return Ok(made);
            }
            if !stop.wait(LOOK_AGAIN) {
                return Err(Error::cancelled("stopped while the scene was rendered"));
            }
        }
    }

    /// The clip of a scene, if a camera plays it just now.
    pub(crate) fn at_hand(&self, spec: &SceneSpec) -> Option<Arc<Clip>> {
        match lock(&self.shelf).get(spec)? {
            Shelf::Ready(clip) => clip.upgrade(),
            Shelf::Making(_) => None,
        }
    }

    /// Looks at the shelf; begins to render where nobody does and there is room.
    fn look(&self, spec: &SceneSpec, progress: &dyn Fn(String)) -> Result<Option<Arc<Clip>>> {
        let mut shelf = lock(&self.shelf);
        let making = shelf.values().filter(|s| s.is_making()).count();
        let job = match shelf.get(spec) {
            Some(Shelf::Ready(clip)) => match clip.upgrade() {
                Some(clip) => return Ok(Some(clip)),
                None => None,
            },
            Some(Shelf::Making(job)) => Some(job.clone()),
            None => None,
        };
        let Some(job) = job else {
            if making < AT_ONCE {
                // Whoever waited for these is gone, or finds them in the cache.
                shelf.retain(|_, s| s.is_making() || matches!(s, Shelf::Ready(_)));
                let job = self.begin(spec)?;
                shelf.insert(spec.clone(), Shelf::Making(job));
            } else {
                progress("waits for its turn to render the scene".into());
            }
            return Ok(None);
        };
        let made = lock(&job.made).take();
        match made {
            None => {
                let percent = job.permyriad.load(Ordering::Relaxed) / 100;
                progress(format!("renders the scene: {percent} %"));
                Ok(None)
            }
            Some(Ok(clip)) => {
                shelf.retain(|_, s| !matches!(s, Shelf::Ready(old) if old.strong_count() == 0));
                shelf.insert(spec.clone(), Shelf::Ready(Arc::downgrade(&clip)));
                Ok(Some(clip))
            }
            Some(Err((kind, message))) => {
                shelf.remove(spec);
                Err(Error::new(kind, message))
            }
        }
    }

    fn begin(&self, spec: &SceneSpec) -> Result<Arc<Job>> {
        let job = Arc::new(Job::default());
        let (dir, spec, thread_job) = (self.cache_dir.clone(), spec.clone(), job.clone());
        let make = move || {
            let mut progress = |done: u32, total: u32| {
                let share = u64::from(done) * 10_000 / u64::from(total.max(1));
                thread_job.permyriad.store(share as u32, Ordering::Relaxed);
            };
            let made = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                Clip::load_or_make(&spec, &dir, &mut progress)
            }));
            let made = made.unwrap_or_else(|_| Err(Error::internal("rendering met a bug of ours")));
            let told = made.map(Arc::new).map_err(|e| (e.kind(), e.message().to_string()));
            *lock(&thread_job.made) = Some(told);
        };
        std::thread::Builder::new()
            .name("ingest-render".into())
            .spawn(make)
            .map_err(|e| Error::io("start a thread that renders", e))?;
        Ok(job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_that_nobody_waits_for_any_more_leave_room_for_others() {
        let dir = tempfile::tempdir().unwrap();
        let clips = Clips::new(dir.path().to_owned());
        let scene = |seed: usize| -> SceneSpec {
            format!("synthetic:yard?seed={seed}&size=64x64&fps=5&seconds=4").parse().unwrap()
        };
        let gone = Stop::default();
        gone.cancel();
        for seed in 1..=AT_ONCE {
            let left = clips.get(&scene(seed), &gone, &|_| ());
            assert_eq!(left.unwrap_err().kind(), Kind::Cancelled);
        }
        let patience = Stop::default();
        let end = patience.clone();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(60));
            end.cancel();
        });
        clips.get(&scene(AT_ONCE + 1), &patience, &|_| ()).expect("its turn comes");
    }
}
