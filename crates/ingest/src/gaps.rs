//! The gap ledger of one camera, ingest's part: offline and network.
//!
//! Invariants: at most one span of this camera is open at a time; a row is written when the
//! span opens and again when it closes; who has handed the camera over writes no row of it.
//! Not here: how rows reach the table (`ledger`), gaps of decoder and shed (`runtime`), of disk and retention (`archive`).

use std::sync::{Arc, Mutex};

use flumen_base::wire::{Gap, GapCause};
use flumen_base::{CameraId, Result};
use flumen_bus::Table;
use prost::Message as _;

use crate::ledger::Ledger;
use crate::pace::lock;

/// Opens and closes the spans that a camera is not covered.
pub(crate) struct Gaps {
    camera: CameraId,
    ledger: Arc<Ledger>,
    state: Mutex<State>,
    latest_us: i64,
}

#[derive(Default)]
struct State {
    retired: bool,
    open: Option<Gap>,
}

impl Gaps {
    /// Takes over the span that an earlier process left open; further ones are closed.
    ///
    /// # Errors
    /// As `Table::scan`.
    pub(crate) fn load(camera: &CameraId, table: &dyn Table, ledger: Arc<Ledger>) -> Result<Gaps> {
        let rows = table.scan(format!("{camera}/").as_bytes())?;
        let mut state = State::default();
        let mut latest_us = i64::MIN;
        for (_, value) in rows {
            let Ok(mut gap) = Gap::decode(value.as_slice()) else { continue };
            let ours = matches!(gap.cause(), GapCause::Offline | GapCause::Network);
            if ours {
                latest_us = latest_us.max(gap.start_us).max(gap.end_us);
            }
            if !ours || gap.end_us != 0 {
                continue;
            }
            match state.open.take() {
                None => state.open = Some(gap),
                Some(earlier) => {
                    gap.end_us = gap.start_us;
                    ledger.write(gap);
                    state.open = Some(earlier);
                }
            }
        }
        Ok(Gaps { camera: camera.clone(), ledger, state: Mutex::new(state), latest_us })
    }

    /// A span begins, unless one is open already.
    pub(crate) fn open(&self, start_us: i64, cause: GapCause, detail: &str) {
        let mut state = lock(&self.state);
        if state.open.is_none() && !state.retired {
            let gap = self.row(start_us, 0, cause, detail);
            self.ledger.write(gap.clone());
            state.open = Some(gap);
        }
    }

    /// The open span ends, if there is one.
    pub(crate) fn close(&self, end_us: i64) {
        let mut state = lock(&self.state);
        if let Some(mut gap) = state.open.take() {
            gap.end_us = end_us.max(gap.start_us.saturating_add(1));
            self.ledger.write(gap);
        }
    }

    /// The camera is gone: the open span ends and no other begins.
    pub(crate) fn retire(&self, end_us: i64) {
        lock(&self.state).retired = true;
        self.close(end_us);
    }

    /// The camera is another process's now, which found what is open; no row of ours follows.
    pub(crate) fn hand_over(&self, at_us: i64) {
        let mut state = lock(&self.state);
        state.retired = true;
        state.open = None;
        self.ledger.end_waiting(&self.camera, at_us);
    }

    /// A span that is known from end to end.
    pub(crate) fn record(&self, start_us: i64, end_us: i64, cause: GapCause, detail: &str) {
        let gap = self.row(start_us, end_us.max(start_us + 1), cause, detail);
        self.ledger.write(gap);
    }

    /// The latest time that ingest's rows of earlier processes name.
    pub(crate) fn latest_us(&self) -> i64 {
        self.latest_us
    }

    /// True while a span is open.
    pub(crate) fn is_open(&self) -> bool {
        lock(&self.state).open.is_some()
    }

    fn row(&self, start_us: i64, end_us: i64, cause: GapCause, detail: &str) -> Gap {
        Gap {
            camera: self.camera.to_string(),
            start_us,
            end_us,
            cause: cause.into(),
            detail: detail.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory_bus::MemoryBus;
    use flumen_base::topic;
    use flumen_bus::Bus as _;

    fn rows(bus: &MemoryBus) -> Vec<(i64, i64, GapCause)> {
        let found = bus.table(topic::GAPS).unwrap().scan(b"yard/").unwrap();
        let gaps = found.iter().map(|(_, v)| Gap::decode(v.as_slice()).unwrap());
        gaps.map(|g| (g.start_us, g.end_us, g.cause())).collect()
    }

    fn load(bus: &MemoryBus, camera: &CameraId) -> Gaps {
        let table = bus.table(topic::GAPS).unwrap();
        let ledger = Arc::new(Ledger::at_once(table.clone()));
        Gaps::load(camera, table.as_ref(), ledger).unwrap()
    }

    #[test]
    fn a_span_is_open_until_it_is_closed_also_by_the_next_process() {
        let bus = MemoryBus::default();
        let camera = CameraId::new("yard").unwrap();
        let load = || load(&bus, &camera);
        let first = load();
        first.open(100, GapCause::Network, "silent");
        first.open(150, GapCause::Offline, "already open");
        assert_eq!(rows(&bus), [(100, 0, GapCause::Network)]);
        let next = load();
        assert!(next.is_open());
        next.close(300);
        next.close(400);
        assert_eq!(rows(&bus), [(100, 300, GapCause::Network)]);
        assert!(!load().is_open());
    }

    #[test]
    fn rows_of_other_rooms_are_left_alone() {
        let bus = MemoryBus::default();
        let camera = CameraId::new("yard").unwrap();
        let table = bus.table(topic::GAPS).unwrap();
        let other = Gap {
            camera: "yard".into(),
            start_us: 5,
            cause: GapCause::Disk.into(),
            ..Gap::default()
        };
        table.put(b"yard/5/5", Some(&other.encode_to_vec())).unwrap();
        table.put(b"yard/6/5", Some(b"\xff garbage")).unwrap();
        assert!(!load(&bus, &camera).is_open());
    }

    #[test]
    fn rows_wait_while_the_table_takes_none() {
        let bus = MemoryBus::default();
        let camera = CameraId::new("yard").unwrap();
        let gaps = load(&bus, &camera);
        bus.refuse_tables(true);
        gaps.open(100, GapCause::Network, "");
        gaps.close(200);
        bus.refuse_tables(false);
        gaps.record(300, 301, GapCause::Disk, "");
        assert_eq!(rows(&bus), [(100, 200, GapCause::Network), (300, 301, GapCause::Disk)]);
    }

    #[test]
    fn who_handed_over_leaves_the_open_row_to_the_next() {
        let bus = MemoryBus::default();
        let camera = CameraId::new("yard").unwrap();
        let first = load(&bus, &camera);
        first.open(100, GapCause::Network, "silent");
        first.hand_over(150);
        let next = load(&bus, &camera);
        next.close(300);
        first.close(400);
        first.open(500, GapCause::Offline, "");
        assert_eq!(rows(&bus), [(100, 300, GapCause::Network)]);
    }
}
