//! The one reader of `flumen.video`: records into lanes; a second look for lanes that are behind.
//!
//! Invariants: it never waits for a lane; the second reader gives a lane its records in order
//! and never passes the first.

use std::time::{Duration, Instant};

use flumen_analyzer::reject_stray;
use flumen_base::wire::{PacketHeader, SourcePosition};
use flumen_base::{CameraId, Result, topic};
use flumen_bus::{Consumer, Delivered, Polled, Start, Visibility};
use prost::Message;

use crate::cameras;
use crate::lanes::{Item, Put};
use crate::save;
use crate::verdict::{Verdict, verdict};
use crate::worker::{Shared, lock};

const BATCH: usize = 64;

/// The second reader on its way.
struct Run {
    partition: u32,
    from: u64,
    next: u64,
    full: Vec<CameraId>,
}

/// Reads until it is to stop.
pub(crate) struct Reader<'a> {
    shared: &'a Shared,
    main: Box<dyn Consumer>,
    second: Option<Box<dyn Consumer>>,
    run: Option<Run>,
    partitions: Vec<u32>,
    refreshed: Option<Instant>,
}

/// Reads from `from` until the runtime stops; begins again where it was after an error.
pub(crate) fn read(shared: &Shared, from: Vec<(u32, u64)>) {
    let mut wait = Duration::from_millis(100);
    while !shared.stopping() {
        let at: Vec<(u32, u64)> = {
            let lanes = lock(&shared.lanes);
            from.iter().map(|&(p, first)| (p, first.max(lanes.read_to(p)))).collect()
        };
        let Err(e) = Reader::open(shared, at).and_then(|mut reader| reader.run()) else { return };
        tracing::error!("reading {}: {e:?}", topic::VIDEO);
        shared.say("reader", Some(format!("{} can't be read: {e}", topic::VIDEO)));
        if verdict(e.kind()) == Verdict::Stop {
            return;
        }
        std::thread::sleep(wait);
        wait = (wait * 2).min(Duration::from_secs(5));
    }
}

impl<'a> Reader<'a> {
    fn open(shared: &'a Shared, from: Vec<(u32, u64)>) -> Result<Reader<'a>> {
        let partitions = from.iter().map(|f| f.0).collect();
        let main =
            shared.bus.consumer(&[topic::VIDEO], Start::Offsets(from), Visibility::Written)?;
        Ok(Reader { shared, main, second: None, run: None, partitions, refreshed: None })
    }

    fn run(&mut self) -> Result<()> {
        while !self.shared.stopping() {
            self.policies()?;
            let behind = self.catch_up()?;
            let wait = if behind { Duration::ZERO } else { Duration::from_millis(50) };
            let polled = self.main.poll(BATCH, wait)?;
            for one in polled {
                self.take(one);
            }
            self.degrade();
            self.shared.say("reader", None);
        }
        Ok(())
    }

    fn policies(&mut self) -> Result<()> {
        if self.refreshed.is_some_and(|at| at.elapsed() < Duration::from_millis(200)) {
            return Ok(());
        }
        self.refreshed = Some(Instant::now());
        self.shared.learn()?;
        for name in self.shared.cameras.refresh(self.shared.bus.as_ref())? {
            if let (Ok(id), Some(camera)) =
                (CameraId::new(&name), self.shared.cameras.newest(&name))
            {
                lock(&self.shared.lanes).set_priority(&id, cameras::priority(&camera));
            }
        }
        Ok(())
    }

    fn take(&mut self, polled: Polled) {
        match polled {
            Polled::Record(delivered) => {
                let (partition, offset) = (delivered.position.partition, delivered.position.offset);
                let item = item(delivered.clone());
                if item.is_none() {
                    stray(self.shared, &delivered);
                }
                let mut lanes = lock(&self.shared.lanes);
                let put = item.map(|(camera, item)| lanes.push(&camera, item));
                lanes.seen(partition, offset + 1);
                if put == Some(Put::Queued) {
                    self.shared.moved.notify_one();
                }
            }
            Polled::Expired { partition, from, to, .. } => {
                self.lost(partition, from, to, "expired before they were analysed")
            }
            Polled::Damaged { partition, from, to, .. } => {
                self.lost(partition, from, to, "are damaged in the log")
            }
        }
    }

    fn lost(&self, partition: u32, from: u64, to: u64, what: &str) {
        tracing::error!(partition, "records {from}..{to} of {} {what}", topic::VIDEO);
        lock(&self.shared.lanes).seen(partition, to);
    }

    /// Sheds when live cameras wait too long; never while old records are replayed.
    fn degrade(&self) {
        if save::replaying(self.shared).is_some() {
            return;
        }
        for camera in lock(&self.shared.lanes).degrade() {
            tracing::warn!(%camera, "the machine is too slow: its pictures are not decoded for now");
        }
    }

    /// Gives lanes that are behind what they wait for; true when there is more at once.
    fn catch_up(&mut self) -> Result<bool> {
        if self.run.is_none() {
            let wanted = {
                let lanes = lock(&self.shared.lanes);
                self.partitions.iter().find_map(|&p| lanes.wanted(p).map(|from| (p, from)))
            };
            let Some((partition, from)) = wanted else { return Ok(false) };
            self.seek(partition, from)?;
            self.run = Some(Run { partition, from, next: from, full: Vec::new() });
        }
        let (Some(second), Some(run)) = (&mut self.second, &mut self.run) else { return Ok(false) };
        let polled = second.poll(BATCH, Duration::from_millis(20))?;
        let mut lanes = lock(&self.shared.lanes);
        let end = lanes.read_to(run.partition);
        let empty = polled.is_empty();
        for one in polled {
            match one {
                Polled::Record(d)
                    if d.position.partition == run.partition && d.position.offset < end =>
                {
                    run.next = d.position.offset + 1;
                    if let Some((camera, item)) = item(d)
                        && lanes.waits_for(&camera, item.offset, run.from)
                        && !run.full.contains(&camera)
                        && !lanes.catch_up(&camera, item)
                    {
                        run.full.push(camera);
                    }
                }
                Polled::Expired { partition, to, .. } | Polled::Damaged { partition, to, .. }
                    if partition == run.partition =>
                {
                    run.next = to.min(end);
                }
                _ => {}
            }
        }
        if empty {
            run.next = end; // markers of the log itself may stand at its end
        }
        lanes.caught_up(run.partition, run.from..run.next, &run.full);
        self.shared.moved.notify_all();
        let (partition, next) = (run.partition, run.next);
        if next >= end || lanes.wanted(partition).is_none_or(|from| from < next) {
            self.run = None;
        }
        Ok(lanes.wanted(partition).is_some())
    }

    fn seek(&mut self, partition: u32, from: u64) -> Result<()> {
        let lanes = lock(&self.shared.lanes);
        let place = |&p: &u32| (p, if p == partition { from } else { lanes.read_to(p) });
        let start = Start::Offsets(self.partitions.iter().map(place).collect());
        drop(lanes);
        match &mut self.second {
            Some(second) => second.seek(start),
            None => {
                self.second =
                    Some(self.shared.bus.consumer(&[topic::VIDEO], start, Visibility::Written)?);
                Ok(())
            }
        }
    }
}

/// A record as a lane takes it, also when its header can't be read: that is said by the
/// camera's session. None when its key is not a camera's.
pub(crate) fn item(delivered: Delivered) -> Option<(CameraId, Item)> {
    let at = delivered.position;
    let key = str::from_utf8(&delivered.record.key).ok()?;
    let camera = CameraId::new(key).ok()?;
    let raw = delivered.record.header(topic::PACKET_HEADER).cloned();
    let read = raw.as_ref().and_then(|h| PacketHeader::decode(h.clone()).ok());
    let header = read.unwrap_or_else(|| PacketHeader {
        camera: camera.as_str().to_owned(),
        arrival_us: delivered.record.timestamp_us,
        ..PacketHeader::default()
    });
    let (partition, offset, generation) = (at.partition, at.offset, at.generation);
    let data = delivered.record.value;
    Some((camera, Item { partition, offset, generation, header, raw, data }))
}

/// Says that a record's key is no camera's.
fn stray(shared: &Shared, delivered: &Delivered) {
    let (at, record) = (delivered.position, &delivered.record);
    let source =
        SourcePosition { partition: at.partition, offset: at.offset, generation: at.generation };
    shared.results.stray(&reject_stray(&record.key, source, &record.value, record.timestamp_us));
}
