//! What comes out of a stream, whole, damaged, shed, in parts, in epochs.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod common;

use std::sync::{Arc, Mutex};

use common::{FRAME_US, Made, at, flat, marker, open, packets, run};
use flumen_analyzer::Output;
use flumen_base::wire::{Codec, Event, FrameResult, Gap, GapCause, Marker, Phase, Policy};
use flumen_base::{Kind, Packet};

const MADE: Made = Made { codec: Codec::H264, frames: 90, gop: 15, b_frames: 0 };

fn frames(outputs: &[Output]) -> Vec<FrameResult> {
    outputs
        .iter()
        .filter_map(|o| if let Output::Frame(f) = o { Some(f.clone()) } else { None })
        .collect()
}

fn events(outputs: &[Output]) -> Vec<Event> {
    outputs
        .iter()
        .filter_map(|o| if let Output::Event(e) = o { Some(e.clone()) } else { None })
        .collect()
}

fn gaps(outputs: &[Output]) -> Vec<Gap> {
    outputs
        .iter()
        .filter_map(|o| if let Output::Gap(g) = o { Some(g.clone()) } else { None })
        .collect()
}

#[test]
fn a_crossing_is_one_event_with_box_and_picture() {
    let packets = packets(MADE, 1);
    let out = flat(run(&mut open(), &packets, 0));
    let frames = frames(&out);
    assert_eq!(frames.len(), 90);
    for (f, p) in frames.iter().zip(&packets) {
        let (h, pts) = (&p.header, p.header.pts_us);
        assert_eq!((f.epoch, f.sequence, f.pts_us), (1, h.sequence, pts));
        assert_eq!(f.key_offset, h.sequence / 15 * 15);
    }
    // The square is at 4 t - 40: at frame 30 its left side is at 80.
    let b = frames[30].boxes[0];
    assert!((b.left - 80).abs() <= 6 && (b.top - 30).abs() <= 3, "{b:?}");
    assert!(b.width.abs_diff(28) <= 6 && b.height.abs_diff(36) <= 5, "{b:?}");
    let events = events(&out);
    let phases: Vec<_> = events.iter().map(|e| e.phase()).collect();
    assert_eq!(phases.first(), Some(&Phase::Begin));
    assert_eq!(phases.last(), Some(&Phase::End));
    let begin = &events[0];
    assert!(begin.picture && begin.id.len() == 16 && begin.kind == "motion");
    assert!(events.iter().enumerate().all(|(i, e)| e.id != begin.id || e.revision == i as u32));
    let picture = out.iter().find_map(|o| if let Output::Picture(p) = o { Some(p) } else { None });
    let picture = picture.unwrap();
    assert_eq!((&picture.event_id, picture.revision), (&begin.id, 0));
    assert_eq!(&picture.jpeg[..2], [0xff, 0xd8]);
}

#[test]
fn b_frames_come_in_the_order_of_showing() {
    let packets = packets(Made { b_frames: 3, ..MADE }, 1);
    assert!(packets.windows(2).any(|w| w[0].header.pts_us > w[1].header.pts_us));
    let frames = frames(&flat(run(&mut open(), &packets, 0)));
    assert_eq!(frames.len(), 90);
    assert!(frames.windows(2).all(|w| w[1].pts_us - w[0].pts_us == FRAME_US));
}

#[test]
fn a_missing_unit_costs_its_group_and_stands_in_a_gap() {
    let mut packets = packets(MADE, 1);
    packets.remove(20);
    let out = flat(run(&mut open(), &packets, 0));
    let gaps = gaps(&out);
    assert_eq!(gaps.len(), 2, "{gaps:?}");
    assert_eq!(gaps[0].cause(), GapCause::Decoder);
    assert_eq!((gaps[0].start_us, gaps[0].end_us), (packets[19].header.capture_us, 0));
    assert_eq!(gaps[1].end_us, packets[29].header.capture_us);
    let damaged: Vec<_> = frames(&out).iter().filter(|f| f.damaged).map(|f| f.sequence).collect();
    assert_eq!(damaged, (21..30).collect::<Vec<_>>());
}

#[test]
fn bytes_that_make_no_sense_are_rejected_once() {
    let mut packets = packets(MADE, 1);
    for p in &mut packets[18..24] {
        p.data = vec![0, 0, 0, 1, 0x65, 0xff, 0xff, 0xff, 0x12].into();
    }
    let out = flat(run(&mut open(), &packets, 0));
    let rejects = out.iter().filter(|o| matches!(o, Output::Reject(_))).count();
    assert!(rejects <= 1);
    let gaps = gaps(&out);
    assert_eq!(gaps.last().unwrap().end_us, packets[30].header.capture_us);
    assert!(frames(&out).iter().filter(|f| f.sequence >= 30).all(|f| !f.damaged));
}

#[test]
fn shedding_skips_to_the_next_key_and_is_told() {
    let packets = packets(MADE, 1);
    let mut analyzer = open();
    let mut out = Vec::new();
    for (i, p) in packets.iter().enumerate() {
        match i {
            20 => analyzer.shed(true),
            50 => analyzer.shed(false),
            _ => {}
        }
        analyzer.process(at(i), p, &mut out).unwrap();
    }
    analyzer.flush(&mut out).unwrap();
    let seen: Vec<_> = frames(&out).iter().map(|f| f.sequence).collect();
    assert_eq!(seen, (0..20).chain(60..90).collect::<Vec<_>>());
    let gaps = gaps(&out);
    assert_eq!(gaps.len(), 2);
    assert!(gaps.iter().all(|g| g.cause() == GapCause::Shed));
    assert_eq!(gaps[1].start_us, packets[20].header.capture_us);
    assert_eq!(gaps[1].end_us, packets[60].header.capture_us);
}

#[test]
fn parts_and_repeats_change_nothing() {
    let packets = packets(MADE, 1);
    let expect: Vec<_> = frames(&flat(run(&mut open(), &packets, 0)));
    let mut parts: Vec<Packet> = Vec::new();
    for p in &packets {
        let middle = p.data.len() / 2;
        for (part, data) in [p.data.slice(..middle), p.data.slice(middle..)].into_iter().enumerate()
        {
            let mut header = p.header.clone();
            (header.part, header.parts) = (part as u32, 2);
            parts.push(Packet { header, data });
        }
        if p.header.sequence % 7 == 0 {
            parts.push(p.clone());
        }
    }
    let got = frames(&flat(run(&mut open(), &parts, 0)));
    let strip = |f: &FrameResult| FrameResult { source: None, key_offset: 0, ..f.clone() };
    assert_eq!(
        got.iter().map(strip).collect::<Vec<_>>(),
        expect.iter().map(strip).collect::<Vec<_>>()
    );
}

#[test]
fn the_end_of_a_stream_ends_its_event_and_drains() {
    let mut all = packets(Made { frames: 35, b_frames: 2, ..MADE }, 1);
    all.push(marker(&all, Marker::EndOfStream));
    let mut analyzer = open();
    let mut out = Vec::new();
    for (i, p) in all.iter().enumerate() {
        analyzer.process(at(i), p, &mut out).unwrap();
    }
    assert_eq!(frames(&out).len(), 35);
    assert_eq!(events(&out).last().unwrap().phase(), Phase::End);
    // A new epoch goes on with the background: no new learning, so the square is seen at once.
    let next = packets(MADE, 2);
    let mut out = Vec::new();
    for (i, p) in next.iter().enumerate() {
        analyzer.process(at(100 + i), p, &mut out).unwrap();
    }
    assert_eq!(frames(&out).len(), 90);
    assert_ne!(events(&out)[0].id, Vec::<u8>::new());
    // What comes late from the old epoch is passed over.
    let mut out = Vec::new();
    analyzer.process(at(999), &all[3], &mut out).unwrap();
    assert!(out.is_empty());
}

#[test]
fn a_stream_that_begins_in_a_group_waits_for_the_key() {
    let packets = packets(MADE, 1);
    let out = flat(run(&mut open(), &packets, 7));
    assert_eq!(frames(&out)[0].sequence, 15);
    let gaps = gaps(&out);
    assert_eq!(
        (gaps[1].start_us, gaps[1].end_us),
        (packets[7].header.capture_us, packets[15].header.capture_us)
    );
}

#[test]
fn a_policy_counts_from_its_time() {
    let packets = packets(MADE, 1);
    let mut analyzer = open();
    let policy = Policy { sensitivity: 10, ..Policy::default() };
    analyzer.announce(policy, 3, packets[40].header.arrival_us).unwrap();
    let frames = frames(&flat(run(&mut analyzer, &packets, 0)));
    assert!(frames.iter().all(|f| f.policy_version == if f.sequence < 40 { 0 } else { 3 }));
}

#[test]
fn every_frame_shows_its_mask() {
    let packets = packets(MADE, 1);
    let mut analyzer = open();
    let shown = Arc::new(Mutex::new(Vec::new()));
    let sink = shown.clone();
    analyzer.on_mask(Some(Box::new(move |result, mask| {
        let mut row = vec![0; mask.width()];
        let mut moving = 0;
        for y in 0..mask.height() {
            mask.row(y, &mut row);
            moving += row.iter().filter(|v| **v == 255).count();
        }
        sink.lock().unwrap().push((result.sequence, mask.width(), mask.height(), moving));
    })));
    run(&mut analyzer, &packets, 0);
    let shown = shown.lock().unwrap();
    assert_eq!(shown.len(), 90);
    assert_eq!((shown[30].0, shown[30].1, shown[30].2), (30, common::WIDTH, common::HEIGHT));
    assert!(shown[30].3.abs_diff(28 * 36) < 250, "{}", shown[30].3);
}

#[test]
fn a_packet_of_another_camera_is_refused() {
    let mut packets = packets(Made { frames: 2, ..MADE }, 1);
    packets[0].header.camera = "gate".into();
    let refused = open().process(at(0), &packets[0], &mut Vec::new());
    assert_eq!(refused.unwrap_err().kind(), Kind::Invalid);
}

#[test]
fn a_unit_from_an_impossible_time_is_refused_and_costs_nothing_else() {
    let all = packets(Made { frames: 60, ..MADE }, 1);
    let expected = flat(run(&mut open(), &all, 0));
    for time in [i64::MAX, i64::MIN] {
        let mut analyzer = open();
        let mut out = Vec::new();
        for (n, packet) in all.iter().enumerate() {
            if n == 45 {
                let mut far = packet.clone();
                far.header.pts_us = time;
                assert!(analyzer.process(at(n), &far, &mut out).is_err());
            }
            analyzer.process(at(n), packet, &mut out).unwrap();
        }
        analyzer.flush(&mut out).unwrap();
        assert_eq!(out, expected);
    }
}
