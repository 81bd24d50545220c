//! A gated camera tells the same as one without a gate, and decodes less.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod common;

use common::{FRAME_US, Made, Visit, at, camera, flat, marker, run, visited};
use flumen_analyzer::{Analyzer, Output, Settings};
use flumen_base::Packet;
use flumen_base::wire::{Codec, Event, FrameResult, Gate, GateMode, Marker, Phase, Policy};

const MADE: Made = Made { codec: Codec::H264, frames: 360, gop: 30, b_frames: 0 };
/// Frames in which somebody is there, across key frames and longer than a group.
const LONG: Visit = Visit { from: 205, until: 255 };

fn settings(gate: GateMode) -> Settings {
    let policy = Policy { gate: gate.into(), ..Policy::default() };
    Settings { policy, ..Settings::default() }
}

fn open(gate: GateMode) -> Analyzer {
    Analyzer::open(&camera(), settings(gate)).unwrap()
}

fn frames(outputs: &[Output]) -> Vec<&FrameResult> {
    outputs.iter().filter_map(|o| if let Output::Frame(f) = o { Some(f) } else { None }).collect()
}

fn decoded(outputs: &[Output]) -> Vec<u64> {
    frames(outputs).iter().filter(|f| f.gate() == Gate::Full).map(|f| f.sequence).collect()
}

/// Begin and end of all motion, media time.
fn spans(outputs: &[Output]) -> Vec<(i64, i64)> {
    let ended = |o: &Output| match o {
        Output::Event(Event { phase, begin_pts_us, end_pts_us, .. })
            if *phase == i32::from(Phase::End) =>
        {
            Some((*begin_pts_us, *end_pts_us))
        }
        _ => None,
    };
    outputs.iter().filter_map(ended).collect()
}

/// Each unit has one frame's record, in the order of showing.
fn complete(outputs: &[Output], packets: &[Packet]) {
    let told: Vec<i64> = frames(outputs).iter().map(|f| f.pts_us).collect();
    let mut all: Vec<i64> = packets.iter().map(|p| p.header.pts_us).collect();
    all.sort_unstable();
    assert_eq!(told, all);
}

#[test]
fn a_quiet_stream_decodes_only_its_keys() {
    for b_frames in [0, 2] {
        let packets = visited(Made { b_frames, ..MADE }, &[]);
        for mode in [GateMode::Balanced, GateMode::Thrifty] {
            let outputs = flat(run(&mut open(mode), &packets, 0));
            complete(&outputs, &packets);
            let key = |n: &&u64| packets[**n as usize].header.key;
            let late: Vec<u64> = decoded(&outputs).into_iter().filter(|n| *n > 120).collect();
            // What is held when the stream ends is decoded then.
            let late: Vec<u64> = late.into_iter().filter(|n| *n < 330).collect();
            assert!(late.iter().all(|n| key(&n)), "{mode:?}: {late:?}");
            assert_eq!(late.len(), 6, "{mode:?}");
            assert!(spans(&outputs).is_empty());
        }
    }
}

#[test]
fn an_event_begins_and_ends_where_it_does_without_a_gate() {
    for b_frames in [0, 2] {
        let packets = visited(Made { b_frames, ..MADE }, &[LONG]);
        let exact = flat(run(&mut open(GateMode::Exact), &packets, 0));
        assert_eq!(spans(&exact).len(), 1);
        for mode in [GateMode::Balanced, GateMode::Thrifty] {
            let outputs = flat(run(&mut open(mode), &packets, 0));
            complete(&outputs, &packets);
            let [(begin, end), (b, e)] = [spans(&exact)[0], spans(&outputs)[0]];
            assert!((b - begin).abs() <= 2 * FRAME_US, "{mode:?}: begins {}", b - begin);
            assert!((e - end).abs() <= 2 * FRAME_US, "{mode:?}: ends {}", e - end);
            let seen = decoded(&outputs);
            assert!((LONG.from..LONG.until).all(|n| seen.contains(&(n as u64))), "{seen:?}");
            assert!(seen.len() < 270, "{mode:?}: {} decoded", seen.len());
        }
    }
}

#[test]
fn a_visitor_between_two_keys_is_told_by_the_sizes() {
    let short = Visit { from: 213, until: 236 };
    let packets = visited(MADE, &[short]);
    let of = |mode| spans(&flat(run(&mut open(mode), &packets, 0)));
    assert_eq!(of(GateMode::Exact).len(), 1);
    assert_eq!(of(GateMode::Balanced).len(), 1);
    assert!(of(GateMode::Thrifty).is_empty(), "keys alone do not see it");
    assert!((of(GateMode::Balanced)[0].0 - of(GateMode::Exact)[0].0).abs() <= 2 * FRAME_US);
}

#[test]
fn windows_are_told_once_and_say_what_was_left_out() {
    let packets = visited(MADE, &[LONG]);
    let windows = |mode| -> Vec<_> {
        let outputs = flat(run(&mut open(mode), &packets, 0));
        let window = |o| if let Output::Window(w) = o { Some(w) } else { None };
        outputs.into_iter().filter_map(window).collect()
    };
    let (exact, gated) = (windows(GateMode::Exact), windows(GateMode::Balanced));
    assert!(exact.iter().all(|w| w.quiet == 0 && w.covered_permille == 1000));
    let begins = |all: &[flumen_base::wire::Window]| -> Vec<_> {
        all.iter().map(|w| (w.sequence, w.begin_pts_us, w.units)).collect()
    };
    assert_eq!(begins(&exact), begins(&gated));
    assert!(gated.iter().all(|w| w.covered_permille == 1000 && w.frames + w.quiet == w.units));
    assert!(gated.iter().any(|w| w.frames == 0) && gated.iter().any(|w| w.frames == w.units));
    let named = flumen_operators::dimensions();
    let rate = named.iter().position(|d| d.name == "picture_rate").unwrap();
    assert!(gated.iter().all(|w| w.frames > 0 || w.values[rate] == 0.0), "none was analysed");
    let at = named.iter().position(|d| d.name == "brightness").unwrap();
    for (a, b) in exact.iter().zip(&gated) {
        assert!(
            (a.values[at] - b.values[at]).abs() < 0.05 * a.values[at],
            "a quiet second is not dark"
        );
    }
}

/// Saves after every unit, goes on from each snapshot, and compares with an undisturbed run.
fn golden(packets: &[Packet], mode: GateMode) {
    let undisturbed = run(&mut open(mode), packets, 0);
    let mut analyzer = open(mode);
    for (i, packet) in packets.iter().enumerate() {
        analyzer.process(at(i), packet, &mut Vec::new()).unwrap();
        if i < 60 {
            continue;
        }
        let saved = analyzer.snapshot().unwrap();
        let mut restored = Analyzer::restore(&camera(), settings(mode), &saved).unwrap();
        assert_eq!(restored.snapshot().unwrap(), saved, "restore(snapshot) after unit {i}");
        let until = if i % 32 == 0 { packets.len() } else { (i + 31).min(packets.len()) };
        for (j, packet) in packets.iter().enumerate().take(until).skip(i + 1) {
            let mut out = Vec::new();
            restored.process(at(j), packet, &mut out).unwrap();
            assert!(out == undisturbed[j], "saved after unit {i}: unit {j} differs");
        }
    }
}

#[test]
fn restored_after_every_unit_it_goes_on_the_same() {
    let visits = [Visit { from: 135, until: 160 }];
    let made = Made { frames: 240, gop: 15, ..MADE };
    golden(&visited(made, &visits), GateMode::Balanced);
    golden(&visited(Made { b_frames: 2, ..made }, &visits), GateMode::Thrifty);
}

#[test]
fn damage_ends_and_shedding_in_quiet_groups_are_told_as_without_a_gate() {
    let mut packets = visited(MADE, &[]);
    packets.remove(193);
    packets[255].header.corrupt = true;
    packets.push(marker(&packets, Marker::EndOfStream));
    let gaps = |outputs: &[Output]| -> Vec<Output> {
        outputs.iter().filter(|o| matches!(o, Output::Gap(_))).cloned().collect()
    };
    let exact = flat(run(&mut open(GateMode::Exact), &packets, 0));
    let gated = flat(run(&mut open(GateMode::Balanced), &packets, 0));
    assert!(gaps(&exact).len() == 4 && gaps(&gated) == gaps(&exact));
    complete(&gated, &packets[..packets.len() - 1]);
    golden(&packets, GateMode::Balanced);
    // Shed in the middle of a quiet group: no picture told that what was held is quiet, so it is
    // part of the gap.
    let (mut analyzer, mut out) = (open(GateMode::Balanced), Vec::new());
    let packets = visited(MADE, &[]);
    for (i, packet) in packets.iter().enumerate().take(240) {
        analyzer.shed((190..200).contains(&i));
        analyzer.process(at(i), packet, &mut out).unwrap();
    }
    assert_eq!(gaps(&out).len(), 2);
    let told: Vec<u64> = frames(&out).iter().map(|f| f.sequence).collect();
    let expected: Vec<u64> = (0..190).chain(210..240).collect();
    assert_eq!(told, expected);
    assert!(!decoded(&out).contains(&189));
    let gates = |n: u64| frames(&out).iter().find(|f| f.sequence == n).unwrap().gate();
    assert_eq!((gates(179), gates(180), gates(181)), (Gate::Quiet, Gate::Full, Gate::Shed));
    assert_eq!(gates(189), Gate::Shed);
    let start = |o: &Output| if let Output::Gap(g) = o { g.start_us } else { 0 };
    assert_eq!(start(&gaps(&out)[0]), packets[181].header.capture_us);
}

#[test]
fn a_group_above_the_limit_is_decoded_and_held_no_longer() {
    let packets = visited(Made { gop: 300, frames: 900, ..MADE }, &[]);
    let mut analyzer = open(GateMode::Thrifty);
    let (mut out, mut most) = (Vec::new(), 0);
    for (i, packet) in packets.iter().enumerate() {
        analyzer.process(at(i), packet, &mut out).unwrap();
        let late = i as i64 - frames(&out).last().map_or(0, |f| f.sequence as i64);
        most = most.max(late);
    }
    // 12 s at 15 a second.
    assert!((179..=182).contains(&most), "{most} units held");
    assert_eq!(decoded(&out).len(), 900, "such long groups are not for a gate");
}
