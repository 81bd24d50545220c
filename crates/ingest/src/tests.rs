//! What cameras do to the whole room, by script: faults, changes, restarts.

use std::sync::Arc;

use flumen_base::wire::{GapCause, Marker, Stream};
use flumen_base::{CameraId, Kind, Packet};
use flumen_bus::{Bus, Embedded, EmbeddedConfig};

use crate::memory_bus::{MemoryBus, packets_of};
use crate::scripted::{FRAME_US, START, Script, Site, Step, gaps, picture, sub, until};
use crate::status::State;

fn play(n: i64) -> Step {
    Step::Play { n, from_us: 0 }
}

/// What every reader relies on, over the whole history of one camera.
fn check(packets: &[Packet]) {
    let (mut epoch, mut sequence, mut dts) = (0, 0, i64::MIN);
    for Packet { header: h, .. } in packets.iter().filter(|p| p.header.stream() == Stream::Main) {
        assert!(h.epoch >= epoch, "epochs grow: {h:?}");
        if h.epoch > epoch {
            (epoch, sequence) = (h.epoch, 0);
        }
        assert!(h.sequence >= sequence, "sequences grow: {h:?}");
        assert!(h.dts_us >= dts, "media time goes forward: {h:?}");
        (sequence, dts) = (h.sequence, h.dts_us);
        assert!(h.duration_us <= 10_000_000);
    }
}

fn pictures(packets: &[Packet]) -> usize {
    packets.iter().filter(|p| p.is_video()).count()
}

fn ends(packets: &[Packet]) -> usize {
    packets.iter().filter(|p| p.header.marker() == Marker::EndOfStream).count()
}

#[test]
fn a_camera_that_drops_comes_back_with_a_true_gap() {
    for (name, fault) in [
        ("dropped", Step::Fail(Kind::Unavailable, "connection reset")),
        ("silent", Step::Stall),
        ("bug", Step::Panic),
    ] {
        let script = Script::default();
        script.then("rtsp://a", vec![play(25), fault]);
        script.then("rtsp://a", vec![Step::Fail(Kind::Unavailable, "refused")]);
        script.then("rtsp://a", vec![Step::Fail(Kind::Unavailable, "refused")]);
        script.then("rtsp://a", vec![Step::Play { n: 30, from_us: -9_000_000 }]);
        let (site, bus) = Site::new(script);
        site.camera("a", "rtsp://a", |_| ());
        until(name, || pictures(&bus.packets("a")) == 55);
        let packets = bus.packets("a");
        check(&packets);
        assert_eq!(ends(&packets), 1, "{name}: one end marker");
        assert_eq!(packets[25].header.marker(), Marker::EndOfStream);
        let (last, back) = (&packets[24].header, &packets[26].header);
        assert_eq!((back.sequence, back.key, back.discontinuity), (0, true, false));
        let rows = site.gaps("a");
        assert_eq!(rows.len(), 1, "{name}: {rows:?}");
        assert_eq!(rows[0].cause(), GapCause::Network);
        assert_eq!((rows[0].start_us, rows[0].end_us), (last.pts_us + FRAME_US, back.dts_us));
        let status = site.status("a").unwrap();
        assert_eq!((status.state, status.reason, status.reconnects), (State::Live, None, 1));
        assert_eq!(status.units, 55);
    }
}

#[test]
fn a_camera_that_never_answers_is_offline_with_the_reason_and_a_gap() {
    let (site, _bus) = Site::new(Script::default());
    site.camera("a", "rtsp://a", |_| ());
    until("many tries", || site.script.tries("rtsp://a") > 20);
    let status = site.status("a").unwrap();
    assert_eq!((status.state, status.reason.as_deref()), (State::Offline, Some("nobody answers")));
    let rows = site.gaps("a");
    assert_eq!((rows.len(), rows[0].end_us, rows[0].cause()), (1, 0, GapCause::Offline));
    let waited = site.time.passed_us() / (site.script.tries("rtsp://a") as i64);
    assert!(waited <= 2_000_000, "tries at least every 2 s: {waited}");
}

#[test]
fn a_refused_password_is_not_tried_every_two_seconds() {
    let script = Script::default();
    for _ in 0..5 {
        script.then("rtsp://a", vec![Step::Fail(Kind::Invalid, "refused")]);
    }
    let (site, _bus) = Site::new(script);
    site.camera("a", "rtsp://a", |_| ());
    until("five tries", || site.script.tries("rtsp://a") > 5);
    assert!(site.time.passed_us() >= 5 * 30_000_000);
}

#[test]
fn a_reset_clock_is_a_new_epoch_without_an_end() {
    let script = Script::default();
    let hour = 3_600_000_000;
    script.then("rtsp://a", vec![play(20), Step::Play { n: 20, from_us: hour }, play(20)]);
    let (site, bus) = Site::new(script);
    site.camera("a", "rtsp://a", |_| ());
    until("60 pictures", || pictures(&bus.packets("a")) == 60);
    let packets = bus.packets("a");
    check(&packets);
    assert_eq!(ends(&packets), 0);
    let jumps: Vec<_> = packets.iter().filter(|p| p.header.discontinuity).collect();
    assert_eq!(jumps.len(), 2);
    assert!(jumps.iter().all(|p| p.header.sequence == 0));
    assert_eq!(packets[59].header.dts_us - packets[0].header.dts_us, 59 * FRAME_US);
    assert!(site.gaps("a").is_empty());
}

#[test]
fn another_size_and_damaged_units_pass_through() {
    let script = Script::default();
    let mut damaged = picture(20 * FRAME_US, false);
    damaged.corrupt = true;
    let more = Step::Resized { n: 10, from_us: 21 * FRAME_US, width: 1920 };
    script.then("rtsp://a", vec![play(20), Step::Unit(damaged), more]);
    let (site, bus) = Site::new(script);
    site.camera("a", "rtsp://a", |_| ());
    until("31 pictures", || pictures(&bus.packets("a")) == 31);
    let packets = bus.packets("a");
    check(&packets);
    assert!(packets[20].header.corrupt);
    assert_eq!((packets[21].header.width, packets[21].header.sequence), (1920, 21));
    assert_eq!(site.status("a").unwrap().info.unwrap().width, 1920);
}

#[test]
fn a_connection_begins_with_a_key_frame() {
    let script = Script::default();
    let early = (0..3).map(|i| Step::Unit(picture(i * FRAME_US, false)));
    let rest = Step::Play { n: 5, from_us: 3 * FRAME_US };
    script.then("rtsp://a", early.chain([rest]).collect());
    let (site, bus) = Site::new(script);
    site.camera("a", "rtsp://a", |_| ());
    until("5 pictures", || pictures(&bus.packets("a")) == 5);
    let first = bus.packets("a")[0].header.clone();
    assert_eq!((first.key, first.sequence, first.discontinuity), (true, 0, false));
    drop(site);
}

#[test]
fn a_file_loops_with_a_new_epoch_and_no_gap_and_once_is_ended() {
    let script = Script::default();
    script.then("file:a", vec![play(10), Step::Seam, play(10), Step::Ended]);
    let (site, bus) = Site::new(script);
    site.camera("a", "file:a", |c| c.sources[0].once = true);
    until("ended", || site.status("a").is_some_and(|s| s.state == State::Ended));
    let packets = bus.packets("a");
    check(&packets);
    assert_eq!((pictures(&packets), ends(&packets)), (20, 1));
    assert!(packets[10].header.epoch > packets[9].header.epoch);
    assert_eq!(packets[10].header.dts_us, packets[9].header.pts_us + FRAME_US);
    assert!(site.gaps("a").is_empty());
}

#[test]
fn one_camera_is_changed_and_removed_and_the_others_do_not_notice() {
    let script = Script::default();
    script.then("rtsp://a", vec![play(50)]);
    script.then("rtsp://b", vec![play(10)]);
    script.then("rtsp://c", vec![Step::Play { n: 10, from_us: 77 }]);
    let (site, bus) = Site::new(script);
    site.camera("a", "rtsp://a", |_| ());
    site.camera("b", "rtsp://b", |_| ());
    until("both play", || pictures(&bus.packets("a")) == 50 && pictures(&bus.packets("b")) == 10);
    site.camera("a", "rtsp://a", |c| c.name = "another name".into());
    site.camera("b", "rtsp://c", |_| ());
    until("b from its new address", || pictures(&bus.packets("b")) == 20);
    let packets = bus.packets("b");
    check(&packets);
    assert_eq!(ends(&packets), 1);
    let rows = site.gaps("b");
    assert_eq!((rows.len(), rows[0].detail.as_str()), (1, "its address was changed"));
    site.remove("b");
    until("b is gone", || site.status("b").is_none() && ends(&bus.packets("b")) == 2);
    until("its gap is closed", || site.gaps("b").iter().all(|g| g.end_us > 0));
    assert_eq!((site.script.tries("rtsp://a"), ends(&bus.packets("a"))), (1, 0));
    assert_eq!(site.status("a").unwrap().state, State::Live);
    site.camera("b", "rtsp://b", |_| ());
    until("b is there again", || site.script.tries("rtsp://b") >= 2);
}

#[test]
fn a_camera_that_is_switched_off_is_disabled_and_stands_in_the_ledger() {
    let script = Script::default();
    script.then("rtsp://a", vec![play(10)]);
    script.then("rtsp://a", vec![play(10)]);
    let (site, bus) = Site::new(script);
    site.camera("a", "rtsp://a", |_| ());
    until("it plays", || pictures(&bus.packets("a")) == 10);
    site.camera("a", "rtsp://a", |c| c.enabled = false);
    until("it rests", || {
        site.status("a").unwrap().state == State::Disabled && ends(&bus.packets("a")) == 1
    });
    until("gap", || site.gaps("a").iter().any(|g| g.end_us == 0 && g.detail == "switched off"));
    site.camera("a", "rtsp://a", |_| ());
    until("it plays again", || pictures(&bus.packets("a")) == 20);
    assert!(site.gaps("a").iter().all(|g| g.end_us > 0));
    check(&bus.packets("a"));
}

#[test]
fn main_and_sub_run_apart_and_draw_different_epochs() {
    let script = Script::default();
    script.then("rtsp://main", vec![play(20)]);
    script.then("rtsp://sub", vec![play(5), Step::Stall]);
    let (site, bus) = Site::new(script);
    site.camera("a", "rtsp://main", |c| c.sources.push(sub("rtsp://sub")));
    until("sub failed", || site.script.tries("rtsp://sub") > 2);
    until("all", || pictures(&bus.packets("a")) == 25);
    let packets = bus.packets("a");
    let epoch_of =
        |s: Stream| packets.iter().find(|p| p.header.stream() == s).unwrap().header.epoch;
    assert_ne!(epoch_of(Stream::Main), epoch_of(Stream::Sub));
    let status = site.status("a").unwrap();
    assert_eq!((status.state, status.units), (State::Live, 25 - 5));
    assert!(status.reason.unwrap().starts_with("sub-stream: "));
    // The simulated waits of the sub stream pass for the main one too, before it begins.
    let of_start = |g: &flumen_base::wire::Gap| g.detail == "before the first picture";
    assert!(site.gaps("a").iter().all(of_start), "the ledger is of the main stream");
}

#[test]
fn cameras_above_the_limit_are_told_and_take_the_place_of_a_removed_one() {
    let script = Script::default();
    script.then("rtsp://a", vec![play(3)]);
    script.then("rtsp://b", vec![play(3)]);
    let bus = Arc::new(MemoryBus::default());
    let site = Site::on(bus.clone(), START, script, 1);
    site.camera("a", "rtsp://a", |_| ());
    until("a plays", || pictures(&bus.packets("a")) == 3);
    site.camera("b", "rtsp://b", |_| ());
    until("b is told", || {
        site.status("b").is_some_and(|s| s.reason.is_some_and(|r| r.contains("max_cameras")))
    });
    site.remove("a");
    until("b plays", || pictures(&bus.packets("b")) == 3);
}

#[test]
fn a_restart_ends_what_was_left_open_and_goes_on_above_it() {
    let dir = tempfile::tempdir().unwrap();
    let embedded = Embedded::open(dir.path(), EmbeddedConfig::default()).unwrap();
    for bus in [Arc::new(MemoryBus::default()) as Arc<dyn Bus>, embedded] {
        let script = Script::default();
        script.then("rtsp://a", vec![play(25)]);
        let site = Site::on(bus.clone(), START, script, 16);
        site.camera("a", "rtsp://a", |_| ());
        until("it plays", || pictures(&packets_of(bus.as_ref(), "a")) == 25);
        // As after `kill -9`: no thread says good-bye.
        std::mem::forget(site);
        let before = packets_of(bus.as_ref(), "a");
        let script = Script::default();
        script.then("rtsp://a", vec![play(10)]);
        // The host's clock was set back, and time went by.
        let site = Site::on(bus.clone(), START - 5_000_000, script, 16);
        until("it plays again", || pictures(&packets_of(bus.as_ref(), "a")) >= 35);
        let packets = packets_of(bus.as_ref(), "a");
        check(&packets);
        assert_eq!(packets[25].header.marker(), Marker::EndOfStream);
        assert_eq!(packets[25].header.epoch, before[24].header.epoch);
        assert_eq!(packets[25].header.sequence, 25);
        assert!(packets[26].header.epoch > before[24].header.epoch);
        let rows = gaps(bus.as_ref(), "a");
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!(rows[0].detail, "flumen was not running");
        assert_eq!(rows[0].start_us, before[24].header.pts_us + FRAME_US);
        assert!(rows[0].end_us > rows[0].start_us);
        site.ingest.stop();
        let stopped = gaps(bus.as_ref(), "a");
        assert_eq!((stopped.len(), stopped[1].detail.as_str()), (2, "flumen was stopped"));
        until("both ends", || ends(&packets_of(bus.as_ref(), "a")) == 2);
    }
}

#[test]
fn a_sender_pushes_alone_and_its_end_is_marked() {
    let (site, bus) = Site::new(Script::default());
    let id = CameraId::new("a").unwrap();
    assert_eq!(site.ingest.push(&id).err().unwrap().kind(), Kind::NotFound);
    site.camera("a", "push:", |_| ());
    until("it waits", || site.ingest.push(&id).is_ok());
    site.camera("b", "rtsp://b", |_| ());
    until("b", || site.status("b").is_some());
    let b = CameraId::new("b").unwrap();
    assert_eq!(site.ingest.push(&b).err().unwrap().kind(), Kind::Invalid);

    let mut session = site.ingest.push(&id).unwrap();
    assert_eq!(site.ingest.push(&id).err().unwrap().kind(), Kind::Exhausted);
    for i in 0..5 {
        bus.full_for(3);
        session.push(picture(i * FRAME_US, i == 0)).unwrap().wait().unwrap();
    }
    let mut empty = picture(0, true);
    empty.data = bytes::Bytes::new();
    assert_eq!(session.push(empty).err().unwrap().kind(), Kind::Invalid);
    assert_eq!(site.status("a").unwrap().state, State::Live);
    drop(session);
    assert_eq!(site.status("a").unwrap().state, State::Offline);
    assert_eq!((pictures(&bus.packets("a")), ends(&bus.packets("a"))), (5, 1));

    let mut session = site.ingest.push(&id).unwrap();
    session.push(picture(0, true)).unwrap();
    check(&bus.packets("a"));
    assert!(bus.packets("a").last().unwrap().header.epoch > bus.packets("a")[0].header.epoch);
    site.camera("a", "push:", |c| c.name = "renamed".into());
    site.camera("c", "rtsp://c", |_| ());
    until("changes were seen", || site.status("c").is_some());
    session.push(picture(FRAME_US, false)).unwrap();
    site.remove("a");
    until("removed", || site.status("a").is_none());
    assert_eq!(session.push(picture(2 * FRAME_US, false)).err().unwrap().kind(), Kind::Cancelled);
    drop(session);
    until("no open gap", || site.gaps("a").iter().all(|g| g.end_us > 0));
}
