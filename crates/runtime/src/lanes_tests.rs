use super::*;

const LIMITS: Limits = Limits { units: 4, bytes: 1000, patience_us: 5_000_000 };

fn camera(name: &str) -> CameraId {
    CameraId::new(name).unwrap()
}

/// A unit of a 1 Hz camera that arrives when it is shown; every fourth is a key frame.
fn item(offset: u64, second: i64) -> Item {
    let header = PacketHeader {
        arrival_us: second * 1_000_000,
        pts_us: second * 1_000_000,
        key: second % 4 == 0,
        ..Default::default()
    };
    Item {
        partition: 0,
        offset,
        generation: 0,
        header,
        raw: None,
        data: Bytes::from_static(b"0123456789"),
    }
}

fn push(lanes: &mut Lanes, name: &str, offset: u64, second: i64) -> Put {
    let put = lanes.push(&camera(name), item(offset, second));
    lanes.seen(0, offset + 1);
    put
}

fn offsets(items: &[Item]) -> Vec<u64> {
    items.iter().map(|i| i.offset).collect()
}

#[test]
fn cameras_take_turns_and_keep_their_order() {
    let mut lanes = Lanes::new(LIMITS);
    for n in 0..3 {
        push(&mut lanes, "a", n * 2, n as i64);
        push(&mut lanes, "b", n * 2 + 1, n as i64);
    }
    let (first, items, _) = lanes.take(2).unwrap();
    assert_eq!((first.as_str(), offsets(&items)), ("a", vec![0, 2]));
    let (second, items, _) = lanes.take(2).unwrap();
    assert_eq!((second.as_str(), offsets(&items)), ("b", vec![1, 3]));
    assert!(lanes.take(2).is_none(), "a camera in hand is not given out again");
    assert_eq!(lanes.unfinished(0), 0);
    lanes.done(&first);
    assert_eq!(lanes.unfinished(0), 1);
    let (third, items, _) = lanes.take(2).unwrap();
    assert_eq!((third.as_str(), offsets(&items)), ("a", vec![4]));
    lanes.done(&second);
    lanes.done(&third);
    let (fourth, items, _) = lanes.take(2).unwrap();
    assert_eq!((fourth.as_str(), offsets(&items)), ("b", vec![5]));
    lanes.done(&fourth);
    assert!(lanes.is_idle());
    assert_eq!(lanes.unfinished(0), 6);
}

#[test]
fn a_slow_camera_waits_in_the_log_and_nobody_waits_for_it() {
    let mut lanes = Lanes::new(LIMITS);
    for n in 0..10 {
        push(&mut lanes, "slow", n * 2, n as i64);
        assert_eq!(push(&mut lanes, "fast", n * 2 + 1, n as i64), Put::Queued);
        // The slow camera's hands never come back; the fast one's do.
        while let Some((who, items, _)) = lanes.take(1) {
            if who.as_str() == "fast" {
                assert_eq!(offsets(&items), [n * 2 + 1]);
                lanes.done(&who);
            }
        }
    }
    assert_eq!(lanes.waiting(&camera("slow")), 4);
    assert_eq!(lanes.unfinished(0), 0);
    assert_eq!(lanes.wanted(0), None, "no room yet");
    // Its hands come back: it takes all that waits, then the rest out of the log, in order.
    let mut seen = Vec::new();
    lanes.done(&camera("slow"));
    loop {
        while let Some((who, items, _)) = lanes.take(8) {
            seen.extend(offsets(&items));
            lanes.done(&who);
        }
        let Some(from) = lanes.wanted(0) else { break };
        let mut full = Vec::new();
        for offset in (from..20).filter(|o| o % 2 == 0) {
            if !full.contains(&camera("slow"))
                && !lanes.catch_up(&camera("slow"), item(offset, offset as i64 / 2))
            {
                full.push(camera("slow"));
            }
        }
        lanes.caught_up(0, from..20, &full);
    }
    assert_eq!(seen, [2, 4, 6, 8, 10, 12, 14, 16, 18]);
    assert!(lanes.is_idle());
    assert_eq!(push(&mut lanes, "slow", 20, 10), Put::Queued);
}

#[test]
fn the_lowest_priority_is_shed_first_and_comes_back_last() {
    let mut lanes = Lanes::new(Limits { units: 100, ..LIMITS });
    for (name, priority) in [("gate", 9), ("yard", 5), ("attic", 1)] {
        lanes.set_priority(&camera(name), priority);
    }
    let names = |cameras: Vec<CameraId>| cameras.iter().map(|c| c.to_string()).collect::<Vec<_>>();
    let mut shed = Vec::new();
    for second in 0..20 {
        // Only the gate waits; the others are served at once.
        for (n, name) in ["gate", "yard", "attic"].into_iter().enumerate() {
            push(&mut lanes, name, second * 3 + n as u64, second as i64);
        }
        shed.extend(names(lanes.degrade()).into_iter().map(|name| (second, name)));
        for _ in 0..3 {
            let Some((who, items, shed_until)) = lanes.take(1) else { break };
            let is_shed = items.iter().all(|i| i.offset < shed_until);
            assert_eq!(
                is_shed,
                shed.iter().any(|(_, name)| name == who.as_str()),
                "{who} at {second}"
            );
            if who.as_str() != "gate" {
                lanes.done(&who);
            }
        }
    }
    let expected = [(6, "attic"), (10, "yard"), (15, "gate")].map(|(s, n)| (s, n.to_owned()));
    assert_eq!(shed, expected, "one priority more for each patience, at last the one that waits");
    lanes.done(&camera("gate"));
    while let Some((who, _, _)) = lanes.take(100) {
        lanes.done(&who);
    }
    assert!(lanes.degrade().is_empty());
    push(&mut lanes, "attic", 60, 20);
    let (_, items, shed_until) = lanes.take(1).unwrap();
    assert!(items[0].offset >= shed_until, "shedding is over");
}

#[test]
fn a_file_that_is_pushed_fast_is_not_shed() {
    let mut lanes = Lanes::new(Limits { units: 100, ..LIMITS });
    for n in 0..60 {
        let mut fast = item(n, n as i64 * 10);
        fast.header.arrival_us = n as i64 * 200_000;
        lanes.push(&camera("film"), fast);
        lanes.seen(0, n + 1);
    }
    assert!(lanes.degrade().is_empty());
}
