//! While the bus is away or late, live pictures come straight from the cameras' owners.
//!
//! Invariants: only cameras that somebody watches are asked for, at most `MAX_CAMERAS`; when
//! the bus is back an owner is listened to until the bus has brought as much, so the picture
//! goes on without a jump or a hole; what is late is said in words to all who watch.
//! Not here: telling units apart that came both ways (`ring`).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use flumen_base::{CameraId, Context, Result};
use flumen_bus::Health;

use crate::app::App;
use crate::face::State;
use crate::peer::Latest;

const LOOK: Duration = Duration::from_millis(250);
const MAX_CAMERAS: usize = 64;
/// The bus may be this long away before it is said.
const PATIENCE: Duration = Duration::from_secs(1);
const FAR_US: i64 = 3_000_000;
/// A camera's newest unit is this old at most while pictures come.
const FRESH_US: i64 = 2_000_000;
/// What the bus has not brought yet of what the owner brought, when it is in time again.
const SLACK_US: i64 = 500_000;
const RETRY: Duration = Duration::from_secs(1);

/// Starts the thread, when there is a way to the owners.
///
/// # Errors
/// `Unavailable` when it can't be started.
pub(crate) fn direct(app: App) -> Result<Option<JoinHandle<()>>> {
    let Some(latest) = app.face.latest.clone() else { return Ok(None) };
    let thread = std::thread::Builder::new()
        .name("api-direct".into())
        .spawn(move || {
            let mut watch = Watch::default();
            let mut listening = HashMap::new();
            while !app.is_stopping() {
                turn(&app, &latest, &mut watch, &mut listening);
                std::thread::sleep(LOOK);
            }
        })
        .context("start the thread that watches over live video")?;
    Ok(Some(thread))
}

/// What is known of how late the bus is.
#[derive(Default)]
pub(crate) struct Watch {
    away: Option<Instant>,
    behind: Option<Instant>,
    /// It was late before: until all cameras are level again.
    was_late: bool,
    told: Option<String>,
}

/// What one look at the bus shows.
pub(crate) struct Look<'a> {
    pub(crate) health: &'a Health,
    /// How late the newest record was, when one came lately.
    pub(crate) lag_us: Option<i64>,
    /// A watched camera sends, and nothing of it comes by way of the bus.
    pub(crate) silent: bool,
}

impl Watch {
    /// True while the owners are to be asked.
    pub(crate) fn is_late(&mut self, look: &Look<'_>, now: Instant) -> bool {
        let behind = look.silent || look.lag_us.is_some_and(|us| us > FAR_US);
        self.away = (!look.health.reachable).then(|| self.away.unwrap_or(now));
        self.behind = behind.then(|| self.behind.unwrap_or(now));
        let long = |since: Option<Instant>| {
            since.is_some_and(|at| now.saturating_duration_since(at) >= PATIENCE)
        };
        behind || long(self.away)
    }

    /// What is late, for a person; the seconds are told in steps of five.
    pub(crate) fn words(&self, look: &Look<'_>, now: Instant) -> String {
        let name = if look.health.kind == "kafka" { "Kafka" } else { "the bus" };
        let seconds = |since: Instant| match now.saturating_duration_since(since).as_secs() {
            few @ 0..5 => few.max(1),
            many => many - many % 5,
        };
        let what = match (self.away, self.behind, look.lag_us) {
            (Some(since), ..) => format!("{name} has been away for {} s", seconds(since)),
            (None, Some(_), Some(lag_us)) if lag_us > FAR_US => {
                format!("{name} is {} s behind", (lag_us / 5_000_000 * 5).max(3))
            }
            (None, Some(since), _) => {
                format!("{name} has brought no pictures for {} s", seconds(since))
            }
            (None, None, _) => format!("{name} is back and catching up"),
        };
        format!("{what}: live pictures come straight from the camera's ingest; boxes are late")
    }
}

/// Cameras whose owners are listened to, and the word that ends it.
type Listening = HashMap<String, (Arc<AtomicBool>, JoinHandle<()>)>;

fn turn(app: &App, latest: &Arc<dyn Latest>, watch: &mut Watch, listening: &mut Listening) {
    let (health, now) = (app.face.bus.health(), Instant::now());
    let watched = app.hub.watched();
    let look = Look { health: &health, lag_us: app.hub.lag_now(), silent: silent(app, &watched) };
    let late = watch.is_late(&look, now);
    watch.was_late |= late;
    if late {
        for camera in &watched {
            if listening.len() < MAX_CAMERAS
                && !listening.contains_key(camera)
                && let Some(started) = listen(app, latest, camera)
            {
                listening.insert(camera.clone(), started);
            }
        }
    }
    let is_over = |camera: &String| {
        !watched.contains(camera) || (!late && app.hub.is_level(camera, SLACK_US))
    };
    let over: Vec<String> = listening.keys().filter(|c| is_over(c)).cloned().collect();
    for (stop, _) in over.iter().filter_map(|camera| listening.remove(camera)) {
        // Its thread ends by itself within a moment.
        stop.store(true, Ordering::SeqCst);
    }
    watch.was_late &= late || !listening.is_empty();
    let told = watch.was_late.then(|| watch.words(&look, now));
    if watch.told != told {
        app.hub.set_late(told.clone());
        watch.told = told;
    }
}

/// A watched camera sends, and the bus brings nothing of it.
fn silent(app: &App, watched: &[String]) -> bool {
    let now_us = app.face.clock.wall_us();
    let sends = |c: &crate::CameraStatus| {
        c.state == State::Live
            && now_us.saturating_sub(c.last_unit_us) < FRESH_US
            && watched.iter().any(|w| w == c.id.as_str())
    };
    app.hub.quiet() >= FRESH && app.face.cameras.status().iter().any(sends)
}

/// The bus brought nothing for so long, though a camera sends.
const FRESH: Duration = Duration::from_secs(2);

/// A thread that passes on what the owner of a camera sends, and asks again when it ends.
fn listen(
    app: &App,
    latest: &Arc<dyn Latest>,
    camera: &str,
) -> Option<(Arc<AtomicBool>, JoinHandle<()>)> {
    let id = CameraId::new(camera).ok()?;
    let stop = Arc::new(AtomicBool::new(false));
    let (ends, app, latest) = (stop.clone(), app.clone(), latest.clone());
    let thread = std::thread::Builder::new().name(format!("direct-{camera}")).spawn(move || {
        let over = || ends.load(Ordering::SeqCst) || app.is_stopping();
        while !over() {
            if let Err(e) = pass_on(&app, latest.as_ref(), &id, &over) {
                tracing::debug!(camera = %id, "no live pictures from its owner: {e}");
                let until = Instant::now() + RETRY;
                while !over() && Instant::now() < until {
                    std::thread::sleep(LOOK);
                }
            }
        }
    });
    Some((stop, thread.ok()?))
}

fn pass_on(
    app: &App,
    latest: &dyn Latest,
    camera: &CameraId,
    over: &dyn Fn() -> bool,
) -> Result<()> {
    let mut packets = latest.subscribe(camera)?;
    while !over() {
        for packet in packets.next(LOOK)? {
            app.hub.direct(packet.header, packet.data);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(health: &Health, lag_us: Option<i64>) -> Look<'_> {
        Look { health, lag_us, silent: false }
    }

    #[test]
    fn what_is_late_is_said_in_words() {
        let up = Health { kind: "kafka", ..Health::default() };
        let down = Health { reachable: false, ..up.clone() };
        let at = |seconds: u64, begun: Instant| begun + Duration::from_secs(seconds);
        let (mut watch, begun) = (Watch::default(), Instant::now());
        assert!(!watch.is_late(&look(&up, Some(10_000)), begun));
        assert!(!watch.is_late(&look(&down, None), begun), "a moment is nothing");
        assert!(watch.is_late(&look(&down, None), at(12, begun)));
        let told = watch.words(&look(&down, None), at(12, begun));
        assert_eq!(
            told,
            "Kafka has been away for 10 s: live pictures come straight from the camera's ingest; \
             boxes are late"
        );
        assert!(watch.is_late(&look(&up, Some(14_000_000)), at(15, begun)));
        let told = watch.words(&look(&up, Some(14_000_000)), at(15, begun));
        assert!(told.starts_with("Kafka is 10 s behind: "), "{told}");
        assert!(!watch.is_late(&look(&up, Some(1000)), at(16, begun)));
        let told = watch.words(&look(&up, Some(1000)), at(16, begun));
        assert!(told.starts_with("Kafka is back and catching up: "), "{told}");
        let silent = Look { silent: true, ..look(&up, None) };
        watch.is_late(&silent, at(20, begun));
        assert!(watch.is_late(&silent, at(27, begun)));
        assert!(watch.words(&silent, at(27, begun)).contains("brought no pictures for 5 s"));
    }
}
