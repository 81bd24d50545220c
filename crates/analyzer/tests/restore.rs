//! A restored analyzer goes on exactly as the saved one.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod common;

use common::{Made, camera, flat, open, packets, run};
use flumen_analyzer::{Analyzer, Output, Session, Settings};
use flumen_base::wire::{Codec, Phase};
use flumen_base::{Kind, Packet};

/// Saves after every unit, goes on from each snapshot, and compares with an undisturbed run.
fn golden(packets: &[Packet]) {
    let undisturbed = run(&mut open(), packets, 0);
    let kinds = flat(undisturbed.clone());
    assert!(kinds.iter().any(|o| matches!(o, Output::Event(_))), "the clip has events");
    assert!(kinds.iter().any(|o| matches!(o, Output::Picture(_))), "and pictures");
    assert!(kinds.iter().any(|o| matches!(o, Output::Window(_))), "and windows, cut by restores");
    let mut analyzer = open();
    for (i, packet) in packets.iter().enumerate() {
        analyzer.process(common::at(i), packet, &mut Vec::new()).unwrap();
        let saved = analyzer.snapshot().unwrap();
        let mut restored = Analyzer::restore(&camera(), Settings::default(), &saved).unwrap();
        assert_eq!(restored.snapshot().unwrap(), saved, "restore(snapshot) after unit {i}");
        // Some go to the end, all go over the next two key frames.
        let until = if i % 16 == 0 { packets.len() } else { (i + 26).min(packets.len()) };
        for (j, packet) in packets.iter().enumerate().take(until).skip(i + 1) {
            let mut out = Vec::new();
            restored.process(common::at(j), packet, &mut out).unwrap();
            assert!(out == undisturbed[j], "saved after unit {i}: unit {j} differs");
        }
    }
}

#[test]
fn after_every_unit_without_b_frames() {
    golden(&packets(Made { codec: Codec::H264, frames: 100, gop: 12, b_frames: 0 }, 1));
}

#[test]
fn after_every_unit_with_b_frames() {
    golden(&packets(Made { codec: Codec::H264, frames: 100, gop: 12, b_frames: 3 }, 1));
}

#[test]
fn after_every_unit_of_h265() {
    golden(&packets(Made { codec: Codec::H265, frames: 70, gop: 12, b_frames: 2 }, 1));
}

#[test]
fn across_epochs_damage_and_a_pause_in_decoding() {
    let made = Made { codec: Codec::H264, frames: 70, gop: 10, b_frames: 2 };
    let mut all = packets(made, 1);
    all.remove(33);
    all[47].header.corrupt = true;
    all.push(common::marker(&all, flumen_base::wire::Marker::EndOfStream));
    all.extend(packets(made, 2));
    golden(&all);
}

#[test]
fn a_group_above_the_limit_is_left_out_and_told() {
    let packets = packets(Made { codec: Codec::H264, frames: 60, gop: 20, b_frames: 0 }, 1);
    let small = Settings { snapshot_bytes: 2000, ..Settings::default() };
    let mut analyzer = Analyzer::open(&camera(), small.clone()).unwrap();
    for (i, packet) in packets.iter().enumerate().take(30) {
        analyzer.process(common::at(i), packet, &mut Vec::new()).unwrap();
    }
    let saved = analyzer.snapshot().unwrap();
    let mut restored = Analyzer::restore(&camera(), small, &saved).unwrap();
    let outputs = run(&mut restored, &packets, 30);
    let gaps: Vec<_> = flat(outputs.clone())
        .into_iter()
        .filter_map(|o| if let Output::Gap(g) = o { Some(g) } else { None })
        .collect();
    assert_eq!(gaps.len(), 2);
    assert_eq!(gaps[0].start_us, packets[30].header.capture_us);
    assert_eq!(gaps[1].end_us, packets[40].header.capture_us);
    let frames = flat(outputs).iter().filter(|o| matches!(o, Output::Frame(_))).count();
    assert_eq!(frames, 20);
}

#[test]
fn foreign_and_damaged_snapshots_are_refused_in_words() {
    let packets = packets(Made { codec: Codec::H264, frames: 20, gop: 10, b_frames: 0 }, 1);
    let mut analyzer = open();
    run(&mut analyzer, &packets, 0);
    let saved = analyzer.snapshot().unwrap();
    let kind = |bytes: &[u8]| {
        Analyzer::restore(&camera(), Settings::default(), bytes).err().map(|e| e.kind())
    };
    assert_eq!(kind(&saved), None);
    for cut in [0, 3, 7, 40, 200, saved.len() / 2, saved.len() - 1] {
        assert_eq!(kind(&saved[..cut]), Some(Kind::DataLoss), "cut at {cut}");
    }
    let mut newer = saved.clone();
    newer[4] = 99;
    assert_eq!(kind(&newer), Some(Kind::Unsupported));
    let other = flumen_base::CameraId::new("gate").unwrap();
    let refused = Analyzer::restore(&other, Settings::default(), &saved).err();
    assert_eq!(refused.map(|e| e.kind()), Some(Kind::Invalid));
}

/// The place of the operators' version in a snapshot: after the part's version (1), its length
/// and a flag, before the size of the picture.
fn version_of_motion(saved: &[u8]) -> usize {
    let size: Vec<u8> =
        [common::WIDTH, common::HEIGHT].iter().flat_map(|v| (*v as u32).to_le_bytes()).collect();
    let is_it = |at: &usize| {
        saved[*at..].starts_with(&size)
            && saved[at - 17..at - 13] == [1, 0, 0, 0]
            && saved[at - 5] == 1
    };
    let found: Vec<usize> = (17..saved.len() - size.len()).filter(is_it).collect();
    assert_eq!(found.len(), 1, "one place that looks like it");
    found[0] - 4
}

/// Begin and end of each event, in the order of their ids; and the numbers of all things.
fn told(outputs: &[Output]) -> (Vec<[usize; 2]>, Vec<u64>) {
    let mut events = std::collections::BTreeMap::new();
    let mut things = Vec::new();
    for output in outputs {
        match output {
            Output::Event(event) => {
                let counts: &mut [usize; 2] = events.entry(event.id.to_vec()).or_default();
                counts[0] += usize::from(event.phase() == Phase::Begin);
                counts[1] += usize::from(event.phase() == Phase::End);
            }
            Output::Frame(frame) => things.extend(frame.boxes.iter().map(|b| b.track)),
            _ => {}
        }
    }
    (events.into_values().collect(), things)
}

#[test]
fn operators_of_another_version_begin_anew_and_no_frame_and_no_event_is_lost() {
    let packets = packets(Made { codec: Codec::H264, frames: 120, gop: 12, b_frames: 2 }, 1);
    let (mut analyzer, mut outputs) = (open(), Vec::new());
    for (i, packet) in packets.iter().enumerate().take(46) {
        analyzer.process(common::at(i), packet, &mut outputs).unwrap();
    }
    let (before, numbers) = told(&outputs);
    assert!(before.iter().any(|[begun, ended]| begun > ended), "an event is open");
    let mut saved = analyzer.snapshot().unwrap();
    let at = version_of_motion(&saved);
    saved[at] = 99;
    let mut restored = Analyzer::restore(&camera(), Settings::default(), &saved).unwrap();
    let why = restored.begun_anew().unwrap();
    assert!(why.contains("motion") && why.contains("99"), "{why}");
    for (i, packet) in packets.iter().enumerate().skip(46) {
        restored.process(common::at(i), packet, &mut outputs).unwrap();
    }
    restored.flush(&mut outputs).unwrap();
    assert!(!outputs.iter().any(|o| matches!(o, Output::Gap(_))), "nothing is left out");
    let frames = outputs.iter().filter(|o| matches!(o, Output::Frame(_))).count();
    assert_eq!(frames, packets.len());
    let (events, all) = told(&outputs);
    assert!(events.iter().all(|counts| *counts == [1, 1]), "{events:?}");
    let newest = numbers.iter().max().unwrap();
    let again: Vec<_> = all[numbers.len()..].iter().filter(|n| *n <= newest).collect();
    assert!(again.is_empty() && all.len() > numbers.len(), "numbers go on: {again:?}");
}

#[test]
fn a_session_says_until_the_next_key_frame_what_began_anew() {
    let packets = packets(Made { codec: Codec::H264, frames: 60, gop: 12, b_frames: 0 }, 1);
    let mut session = Session::open(&camera(), None);
    let give = |session: &mut Session, range: std::ops::Range<usize>| {
        for i in range {
            let p = &packets[i];
            session.process(common::at(i), p.header.clone(), p.data.clone(), &mut Vec::new());
        }
    };
    give(&mut session, 0..26);
    let mut saved = session.snapshot().unwrap();
    let at = version_of_motion(&saved);
    saved[at] = 99;
    let mut restored = Session::restore(&camera(), &saved).unwrap();
    give(&mut restored, 26..30);
    let said = restored.problem().unwrap_or_default();
    assert!(said.contains("motion") && said.contains("99"), "{said:?}");
    give(&mut restored, 30..40);
    assert_eq!(restored.problem(), None);
}
