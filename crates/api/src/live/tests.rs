//! What a client gets when it is slow, and from what it begins.

use std::sync::Arc;

use bytes::Bytes;
use flumen_base::wire::{FrameResult, PacketHeader, Stream};

use super::hub::Hub;
use super::queue::{Item, Queue};
use super::unit::LiveUnit;
use crate::face::State;

/// The unit at `n` tenths of a second; a key picture each second.
fn header(n: i64) -> PacketHeader {
    PacketHeader {
        camera: "yard".into(),
        epoch: 1,
        sequence: n as u64,
        key: n % 10 == 0,
        dts_us: n * 100_000,
        pts_us: n * 100_000,
        ..PacketHeader::default()
    }
}

fn send(hub: &Hub, range: std::ops::Range<i64>) {
    range.for_each(|n| hub.packet(header(n), Bytes::from_static(b"unit")));
}

/// Everything that waits, in short: numbers of units, `skip`, `boxes`, `state`.
fn drain(queue: &Queue) -> Vec<String> {
    std::iter::from_fn(|| queue.pop())
        .map(|item| match item {
            Item::Unit(unit) => unit.header.sequence.to_string(),
            Item::Skip(_) => "skip".into(),
            Item::Boxes(_) => "boxes".into(),
            Item::State(..) => "state".into(),
        })
        .collect()
}

fn numbers(range: std::ops::Range<i64>) -> Vec<String> {
    range.map(|n| n.to_string()).collect()
}

#[test]
fn a_new_client_begins_at_the_newest_key_picture() {
    let hub = Hub::default();
    send(&hub, 3..25);
    let queue = hub.watch("yard", Stream::Main);
    assert_eq!(drain(&queue), [vec!["state".to_owned()], numbers(20..25)].concat());
    send(&hub, 25..32);
    assert_eq!(drain(&queue), numbers(25..32));
    let early = hub.watch("other", Stream::Main);
    assert_eq!(drain(&early), ["state"]);
}

#[test]
fn a_slow_client_goes_to_the_next_key_picture_and_is_told() {
    let hub = Hub::default();
    let queue = hub.watch("yard", Stream::Main);
    let fast = hub.watch("yard", Stream::Main);
    drain(&queue);
    drain(&fast);
    for n in 0..56 {
        send(&hub, n..n + 1);
        assert_eq!(drain(&fast), numbers(n..n + 1), "others do not notice");
    }
    // More than two seconds behind at the key pictures 30: 0 to 29 were left out.
    assert_eq!(drain(&queue), [vec!["skip".to_owned()], numbers(30..56)].concat());
    assert_eq!(hub.counts().skipped, 30);
}

#[test]
fn what_waits_is_bounded_also_without_key_pictures() {
    let hub = Hub::default();
    let queue = hub.watch("yard", Stream::Main);
    let endless = |n: i64| PacketHeader { key: n == 0, ..header(n) };
    (0..2000).for_each(|n| hub.packet(endless(n), Bytes::from_static(b"unit")));
    assert_eq!(drain(&queue), ["state"], "nothing can be shown before the next key picture");
    send(&hub, 2000..2001);
    assert_eq!(drain(&queue), ["skip", "2000"]);

    let big = Bytes::from(vec![0; 12 << 20]);
    (2001..2004).for_each(|n| hub.packet(endless(n), big.clone()));
    assert_eq!(drain(&queue), Vec::<String>::new(), "bytes are bounded as well");
}

#[test]
fn boxes_are_bounded_and_the_newest_stay() {
    let queue = Queue::new([].into());
    for n in 0..1000 {
        queue.boxes(&Arc::new(FrameResult { pts_us: n, ..FrameResult::default() }));
    }
    let kept: Vec<i64> = std::iter::from_fn(|| queue.pop())
        .filter_map(|item| match item {
            Item::Boxes(result) => Some(result.pts_us),
            _ => None,
        })
        .collect();
    assert_eq!((kept.len(), kept.last()), (256, Some(&999)));
}

#[test]
fn a_hole_is_told_and_the_next_key_picture_follows() {
    let hub = Hub::default();
    let queue = hub.watch("yard", Stream::Main);
    drain(&queue);
    send(&hub, 0..3);
    send(&hub, 5..12);
    assert_eq!(drain(&queue), ["0", "1", "2", "skip", "10", "11"]);
}

#[test]
fn streams_do_not_mix_and_boxes_reach_both() {
    let hub = Hub::default();
    let (main, sub) = (hub.watch("yard", Stream::Main), hub.watch("yard", Stream::Sub));
    drain(&main);
    drain(&sub);
    send(&hub, 0..1);
    let mut small = header(0);
    small.set_stream(Stream::Sub);
    hub.packet(small.clone(), Bytes::from_static(b"small"));
    small.set_stream(Stream::Audio);
    hub.packet(small, Bytes::from_static(b"sound"));
    hub.frame(FrameResult { camera: "yard".into(), ..FrameResult::default() });
    assert_eq!(
        (drain(&main), drain(&sub)),
        (vec!["0".into(), "boxes".into()], vec!["0".into(), "boxes".into()])
    );
}

#[test]
fn states_are_told_once_and_cameras_that_are_gone_are_forgotten() {
    let hub = Hub::default();
    let queue = hub.watch("yard", Stream::Main);
    drain(&queue);
    let status = crate::tests::fakes::live("yard");
    hub.states(std::slice::from_ref(&status));
    hub.states(std::slice::from_ref(&status));
    assert!(matches!(queue.pop(), Some(Item::State(State::Live, None, None))));
    assert!(queue.pop().is_none());
    send(&hub, 0..5);
    assert!(hub.counts().bytes > 0 && hub.counts().clients == 1);
    hub.states(&[]);
    assert!(hub.newest_key("yard").is_some(), "somebody watches");
    drop(queue);
    hub.states(&[]);
    assert!(hub.newest_key("yard").is_none());
    assert_eq!((hub.counts().bytes, hub.counts().clients), (0, 0));
}

#[test]
fn a_picture_from_a_forged_time_is_left_out_like_one_that_is_missing() {
    let hub = Hub::default();
    let queue = hub.watch("yard", Stream::Main);
    drain(&queue);
    for us in [i64::MIN, i64::MAX] {
        hub.packet(PacketHeader { pts_us: us, dts_us: us, ..header(0) }, Bytes::new());
        hub.packet(PacketHeader { dts_us: us, ..header(0) }, Bytes::new());
        hub.packet(PacketHeader { arrival_us: us, ..header(0) }, Bytes::new());
    }
    assert_eq!(drain(&queue), Vec::<String>::new());
    send(&hub, 0..2);
    hub.packet(PacketHeader { pts_us: i64::MAX, ..header(2) }, Bytes::new());
    send(&hub, 3..12);
    assert_eq!(drain(&queue), ["0", "1", "skip", "10", "11"]);
}

#[test]
fn a_queue_takes_forged_times_as_they_come() {
    let queue = Queue::new([].into());
    let unit = |dts_us| {
        let header = PacketHeader { dts_us, key: true, ..header(0) };
        Arc::new(LiveUnit::new(header, Bytes::from_static(b"unit")))
    };
    let left_out = [i64::MIN, i64::MAX, i64::MIN, i64::MAX].map(|us| queue.unit(&unit(us)));
    assert_eq!(left_out, [0, 1, 0, 0], "only what is centuries behind is left out");
}
