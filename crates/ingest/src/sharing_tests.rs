//! Two processes that share cameras over one bus, by script: hand over, death, holes.

use std::sync::Arc;

use flumen_base::wire::{GapCause, Marker};
use flumen_base::{CameraId, Packet};
use flumen_bus::murmur2_partition;

use crate::memory_bus::MemoryBus;
use crate::scripted::{FRAME_US, START, Script, Site, Step, until};
use crate::status::State;

const PARTITIONS: u32 = 8;

fn partition(camera: &str) -> u32 {
    murmur2_partition(camera.as_bytes(), PARTITIONS)
}

fn playing(address: &str, n: i64) -> Script {
    let script = Script::default();
    script.then(address, vec![Step::Play { n, from_us: 0 }]);
    script
}

fn pictures(packets: &[Packet]) -> usize {
    packets.iter().filter(|p| p.is_video()).count()
}

fn site(bus: &Arc<MemoryBus>, later_us: i64, script: Script) -> Site {
    Site::on(bus.clone(), START + later_us, script, 16)
}

#[test]
fn a_process_runs_its_own_cameras_only_and_gives_one_away_with_its_stream_ended() {
    let names = ["b", "c", "d", "e", "f"];
    let b = names.into_iter().find(|n| partition(n) != partition("a")).unwrap();
    let bus = Arc::new(MemoryBus::shared(PARTITIONS));
    let script = playing("rtsp://a", 25);
    script.then("rtsp://b", vec![Step::Play { n: 5, from_us: 0 }]);
    let first = site(&bus, 0, script);
    first.camera("a", "rtsp://a", |_| ());
    first.camera(b, "rtsp://b", |_| ());
    let second = site(&bus, 60_000_000, playing("rtsp://a", 10));
    bus.give(0, 0..PARTITIONS);
    bus.give(1, []);
    until("both play", || pictures(&bus.packets("a")) == 25 && pictures(&bus.packets(b)) == 5);
    assert!(second.status("a").is_none());

    bus.give(0, (0..PARTITIONS).filter(|p| *p != partition("a")));
    until("it is given away", || first.status("a").is_none());
    until("its stream is ended", || {
        bus.packets("a").last().is_some_and(|p| p.header.marker() == Marker::EndOfStream)
    });
    let end_us = bus.packets("a")[24].header.pts_us + FRAME_US;
    bus.give(1, [partition("a")]);
    until("the next plays", || pictures(&bus.packets("a")) == 35);
    let packets = bus.packets("a");
    let back = &packets[26].header;
    assert!(back.epoch > packets[24].header.epoch && back.sequence == 0 && back.key);
    until("the hole stands in the ledger", || !second.gaps("a").is_empty());
    let rows = second.gaps("a");
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!((rows[0].start_us, rows[0].end_us), (end_us, back.dts_us));
    assert_eq!(second.status("a").unwrap().state, State::Live);
    assert_eq!((first.script.tries("rtsp://b"), pictures(&bus.packets(b))), (1, 5));
    assert!(first.status(b).is_some_and(|s| s.state == State::Live));
}

#[test]
fn a_successor_ends_what_a_dead_process_left_open_and_the_ledger_shows_the_hole() {
    let bus = Arc::new(MemoryBus::shared(PARTITIONS));
    let first = site(&bus, 0, playing("rtsp://a", 25));
    first.camera("a", "rtsp://a", |_| ());
    bus.give(0, 0..PARTITIONS);
    until("it plays", || pictures(&bus.packets("a")) == 25);
    // As after `kill -9`: no thread says good-bye.
    std::mem::forget(first);
    let second = site(&bus, 60_000_000, playing("rtsp://a", 10));
    bus.give(1, 0..PARTITIONS);
    until("the successor plays", || pictures(&bus.packets("a")) == 35);
    let packets = bus.packets("a");
    let (last, end, back) = (&packets[24].header, &packets[25].header, &packets[26].header);
    assert_eq!((end.marker(), end.epoch, end.sequence), (Marker::EndOfStream, last.epoch, 25));
    assert!(back.epoch > last.epoch);
    until("the hole is closed", || second.gaps("a").iter().any(|g| g.end_us > 0));
    let rows = second.gaps("a");
    assert_eq!((rows.len(), rows[0].cause()), (1, GapCause::Offline));
    assert_eq!(rows[0].detail, "the flumen that had it is gone");
    assert_eq!((rows[0].start_us, rows[0].end_us), (last.pts_us + FRAME_US, back.dts_us));
}

#[test]
fn a_camera_that_comes_back_begins_behind_what_the_other_wrote() {
    let bus = Arc::new(MemoryBus::shared(PARTITIONS));
    let script = playing("rtsp://a", 5);
    script.then("rtsp://a", vec![Step::Play { n: 5, from_us: 0 }]);
    let first = site(&bus, 0, script);
    first.camera("a", "rtsp://a", |_| ());
    bus.give(0, 0..PARTITIONS);
    until("it plays", || pictures(&bus.packets("a")) == 5);
    let second = site(&bus, 60_000_000, playing("rtsp://a", 5));
    bus.give(0, []);
    until("given away", || first.status("a").is_none());
    bus.give(1, 0..PARTITIONS);
    until("the other plays", || pictures(&bus.packets("a")) == 10);
    bus.give(1, []);
    until("given back", || second.status("a").is_none());
    first.time.pass(120_000_000);
    bus.give(0, 0..PARTITIONS);
    until("it plays again", || pictures(&bus.packets("a")) == 15);
    let packets = bus.packets("a");
    let pictures: Vec<_> = packets.iter().filter(|p| p.is_video()).map(|p| &p.header).collect();
    assert!(pictures.windows(2).all(|w| w[0].epoch <= w[1].epoch && w[0].dts_us <= w[1].dts_us));
    until("no span is open", || first.gaps("a").iter().all(|g| g.end_us > 0));
    let id = CameraId::new("a").unwrap();
    assert!(first.ingest.push(&id).is_err(), "it is no camera to push to");
}

#[test]
fn records_that_the_spool_dropped_stand_in_the_ledger() {
    let (site, _bus) = Site::new(Script::default());
    let id = CameraId::new("a").unwrap();
    site.ingest.dropped(&id, (START, START + 5), 7, "the spool was full");
    let rows = site.gaps("a");
    assert_eq!((rows[0].cause(), rows[0].end_us - rows[0].start_us), (GapCause::Disk, 5));
    assert_eq!(rows[0].detail, "7 records dropped: the spool was full");
}
