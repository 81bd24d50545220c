//! Events of a person's rules: one for one happening, restored and changed in flight.
#![allow(clippy::indexing_slicing, clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;

use common::{Made, at, camera, flat, packets, run};
use flumen_analyzer::{Analyzer, Output, Settings};
use flumen_base::Packet;
use flumen_base::wire::privacy_mask::Corner;
use flumen_base::wire::zone::Shape;
use flumen_base::wire::{Camera, Codec, Event, Phase, Rule, RuleKind, Zone};

/// A square of 28 x 36 goes from left to right in 60 frames at 15 a second, five times.
const MADE: Made = Made { codec: Codec::H264, frames: 300, gop: 12, b_frames: 0 };

fn zones() -> Vec<Zone> {
    let corner = |&(x, y): &(u32, u32)| Corner { x_permille: x, y_permille: y };
    let zone = |id: &str, shape: Shape, corners: &[(u32, u32)]| Zone {
        id: id.into(),
        shape: shape.into(),
        corners: corners.iter().map(corner).collect(),
        ..Zone::default()
    };
    vec![
        zone("line", Shape::Line, &[(500, 1000), (500, 0)]),
        zone("middle", Shape::Area, &[(350, 0), (650, 0), (650, 1000), (350, 1000)]),
    ]
}

fn rule(id: &str, kind: RuleKind, zone: &str) -> Rule {
    Rule { id: id.into(), kind: kind.into(), zone: zone.into(), ..Rule::default() }
}

fn rules() -> Vec<Rule> {
    vec![
        rule("over", RuleKind::Cross, "line"),
        rule("in", RuleKind::Enter, "middle"),
        rule("stay", RuleKind::Dwell, "middle"),
        rule("there", RuleKind::Motion, "middle"),
    ]
}

fn settings(rules: Vec<Rule>) -> Settings {
    Settings { zones: zones(), rules, ..Settings::default() }
}

fn events(out: &[Output]) -> Vec<Event> {
    let event = |o: &Output| if let Output::Event(e) = o { Some(e.clone()) } else { None };
    out.iter().filter_map(event).collect()
}

fn analysed(settings: Settings, packets: &[Packet]) -> Vec<Output> {
    flat(run(&mut Analyzer::open(&camera(), settings).unwrap(), packets, 0))
}

#[test]
fn each_crossing_is_one_event_with_zone_track_direction_and_picture() {
    let packets = packets(MADE, 1);
    let out = analysed(settings(rules()), &packets);
    let events = events(&out);
    let begun = |kind: &str| {
        let of = |e: &&Event| e.kind == kind && e.phase() == Phase::Begin;
        events.iter().filter(of).cloned().collect::<Vec<_>>()
    };
    for (kind, zone, detail) in
        [("cross", "line", "A to B"), ("enter", "middle", ""), ("dwell", "middle", "")]
    {
        let begun = begun(kind);
        assert_eq!(begun.len(), 5, "{kind}: five walks");
        for e in &begun {
            assert_eq!((e.zone.as_str(), e.detail.as_str()), (zone, detail));
            assert!(e.picture && e.track > 0 && e.r#box.is_some() && e.id.len() == 16, "{e:?}");
        }
    }
    assert_eq!(begun("motion").len(), 5);
    assert!(begun("motion").iter().all(|e| e.zone == "middle" && e.rule == "there"));
    // The foot is over the middle at frame 26 of each walk; it is told when it is sure.
    let crossed = &begun("cross")[0];
    assert!((24..=28).contains(&crossed.sequence), "{}", crossed.sequence);
    let stayed = events.iter().find(|e| e.kind == "dwell" && e.phase() == Phase::End).unwrap();
    let seconds: f64 = stayed.detail.trim_end_matches(" s").parse().unwrap();
    assert!((0.6..1.1).contains(&seconds), "48 pixels at 60 a second: {seconds}");
    // Each id begins once, counts its revisions, ends once.
    let mut revisions: BTreeMap<Vec<u8>, Vec<&Event>> = BTreeMap::new();
    events.iter().for_each(|e| revisions.entry(e.id.to_vec()).or_default().push(e));
    for all in revisions.values() {
        assert!(all.iter().enumerate().all(|(i, e)| e.revision == i as u32));
        assert_eq!(all[0].phase(), Phase::Begin);
        assert_eq!(all.last().unwrap().phase(), Phase::End);
    }
}

#[test]
fn without_rules_all_motion_is_told_and_with_all_switched_off_nothing() {
    let packets = packets(Made { frames: 90, ..MADE }, 1);
    assert!(events(&analysed(Settings::default(), &packets)).iter().all(|e| e.kind == "motion"));
    let off = vec![Rule { disabled: true, ..rule("all", RuleKind::Motion, "") }];
    assert!(events(&analysed(settings(off), &packets)).is_empty());
    let muted = vec![Rule { muted: true, ..rule("all", RuleKind::Motion, "") }];
    let events = events(&analysed(settings(muted), &packets));
    assert!(!events.is_empty() && events.iter().all(|e| e.muted && e.rule == "all"));
}

#[test]
fn a_restored_analyzer_tells_the_same_events() {
    let packets = packets(Made { frames: 130, ..MADE }, 1);
    let open = || Analyzer::open(&camera(), settings(rules())).unwrap();
    let undisturbed = run(&mut open(), &packets, 0);
    let mut analyzer = open();
    for (i, packet) in packets.iter().enumerate() {
        analyzer.process(at(i), packet, &mut Vec::new()).unwrap();
        if i % 3 != 0 {
            continue;
        }
        let saved = analyzer.snapshot().unwrap();
        let mut restored = Analyzer::restore(&camera(), Settings::default(), &saved).unwrap();
        assert_eq!(restored.snapshot().unwrap(), saved, "restore(snapshot) after unit {i}");
        for (j, packet) in packets.iter().enumerate().skip(i + 1).take(40) {
            let mut out = Vec::new();
            restored.process(at(j), packet, &mut out).unwrap();
            assert!(out == undisturbed[j], "saved after unit {i}: unit {j} differs");
        }
    }
}

#[test]
fn rules_that_change_in_flight_count_from_their_time_and_cost_no_track() {
    let packets = packets(Made { frames: 120, ..MADE }, 1);
    let all = rule("all", RuleKind::Motion, "");
    let mut analyzer = Analyzer::open(&camera(), settings(vec![all.clone()])).unwrap();
    // In the middle of the first walk, before the line.
    let effective_us = packets[20].header.arrival_us;
    let card = Camera {
        id: "yard".into(),
        version: 7,
        effective_us,
        zones: zones(),
        rules: vec![all, rule("over", RuleKind::Cross, "line")],
        ..Camera::default()
    };
    let mut out = Vec::new();
    for (i, packet) in packets.iter().enumerate() {
        if i == 10 {
            analyzer.announce_card(&card).unwrap();
        }
        analyzer.process(at(i), packet, &mut out).unwrap();
    }
    let events = events(&out);
    let first = &events[0];
    assert_eq!((first.kind.as_str(), first.policy_version), ("motion", 0));
    let ends: Vec<_> =
        events.iter().filter(|e| e.id == first.id && e.phase() == Phase::End).collect();
    assert!(
        ends.iter()
            .all(|e| e.sequence == first.sequence && e.end_us > packets[30].header.capture_us)
    );
    let crossed: Vec<_> =
        events.iter().filter(|e| e.kind == "cross" && e.phase() == Phase::Begin).collect();
    assert_eq!(crossed.len(), 2, "both walks, the first with the track from before the change");
    assert_eq!((crossed[0].track, crossed[0].policy_version), (first.track, 7));
}

#[test]
fn a_rule_that_goes_ends_its_event_at_once() {
    let packets = packets(Made { frames: 60, ..MADE }, 1);
    let mut analyzer = Analyzer::open(&camera(), settings(rules())).unwrap();
    let effective_us = packets[30].header.arrival_us;
    let card = Camera {
        version: 2,
        effective_us,
        zones: zones(),
        rules: vec![rule("over", RuleKind::Cross, "line")],
        ..Camera::default()
    };
    analyzer.announce_card(&card).unwrap();
    let mut out = Vec::new();
    for (i, packet) in packets.iter().enumerate().take(33) {
        analyzer.process(at(i), packet, &mut out).unwrap();
    }
    let ended = |kind: &str| {
        events(&out).iter().filter(|e| e.kind == kind && e.phase() == Phase::End).count()
    };
    assert_eq!((ended("dwell"), ended("motion")), (1, 1));
}

/// The place of the rules' version in a snapshot: before the part that names the rules and is
/// followed by another part.
fn version_of_rules(saved: &[u8]) -> usize {
    let part = |at: usize| {
        let length = u64::from_le_bytes(saved.get(at + 4..at + 12)?.try_into().ok()?);
        let end = (at + 12).checked_add(usize::try_from(length).ok()?)?;
        let body = saved.get(at + 12..end)?;
        let names =
            body.windows(4).any(|w| w == b"over") && body.windows(6).any(|w| w == b"middle");
        (names && saved.get(end..end + 4)? == [1, 0, 0, 0]).then_some(())
    };
    let is_it = |at: &usize| saved[*at..*at + 4] == [3, 0, 0, 0] && part(*at).is_some();
    let found: Vec<usize> = (0..saved.len() - 12).filter(is_it).collect();
    assert_eq!(found.len(), 1, "one place that looks like it");
    found[0]
}

#[test]
fn rules_that_another_version_followed_are_in_force_again() {
    let packets = packets(Made { frames: 120, ..MADE }, 1);
    let mut analyzer = Analyzer::open(&camera(), settings(rules())).unwrap();
    for (i, packet) in packets[..60].iter().enumerate() {
        analyzer.process(at(i), packet, &mut Vec::new()).unwrap();
    }
    let mut saved = analyzer.snapshot().unwrap();
    let at = version_of_rules(&saved);
    saved[at] = 99;
    let mut restored = Analyzer::restore(&camera(), Settings::default(), &saved).unwrap();
    assert!(restored.begun_anew().unwrap().contains("rules begin anew"));
    let told = events(&flat(run(&mut restored, &packets, 60)));
    let begun = |e: &&Event| e.kind == "cross" && e.phase() == Phase::Begin;
    assert_eq!(told.iter().filter(begun).count(), 1, "the second walk");
}
