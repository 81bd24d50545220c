//! Learning on made days, ended anywhere, in any order of partitions.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flumen_base::topic;
use flumen_base::wire::{Feedback, Insight, ModelCard, Phase, Verdict, Window};
use flumen_bus::{Bus, Embedded, EmbeddedConfig, Record};
use flumen_operators::score::Model;
use flumen_operators::{Reader, Writer};
use prost::Message as _;

use crate::{LearnConfig, Learner, Out, Trainer};

/// Monday 5 January 2026, 0:00 UTC.
const BEGIN_S: i64 = 1_767_571_200;
const DAY_S: i64 = 86_400;

fn quiet(camera: &str, second: i64) -> Window {
    Window {
        camera: camera.to_owned(),
        epoch: 1,
        sequence: second.cast_unsigned() * 10,
        begin_us: (BEGIN_S + second) * 1_000_000,
        duration_us: 1_000_000,
        schema: 1,
        covered_permille: 1000,
        values: (0..122_u8).map(|i| if i >= 90 { 100.0 + f32::from(i) } else { 0.0 }).collect(),
        ..Window::default()
    }
}

/// Something in the middle, on its way to the right.
fn busy(camera: &str, second: i64, x: f32) -> Window {
    let mut window = quiet(camera, second);
    let cell = 24 + (x * 8.0) as usize;
    for (at, value) in [
        (cell, 0.3),
        (48, 0.02),
        (50, 1.0),
        (51, 1.0),
        (54, 0.03),
        (55, 0.3),
        (56, x),
        (57, 0.7),
        (58, 0.1),
        (60, 1.0),
        (69, x * 10.0),
    ] {
        window.values[at] = value;
    }
    window
}

/// By day somebody walks in the first ten seconds of two minutes in three; nights are quiet.
fn usual(camera: &str, second: i64) -> Window {
    let minute = second / 60;
    let salt = (minute * 17 + camera.len() as i64 * 5) % 3;
    let walks = (8..18).contains(&(minute / 60 % 24)) && salt != 0 && second % 60 < 10;
    let x = ((second % 60) as f32 + 0.5 + salt as f32 / 10.0) / 11.0;
    if walks { busy(camera, second, x) } else { quiet(camera, second) }
}

fn saved(trainer: &Trainer) -> Vec<u8> {
    let mut to = Writer::default();
    trainer.save(&mut to);
    to.0
}

const HOUR: std::ops::Range<i64> = 8 * 3600..9 * 3600;

#[test]
fn it_may_be_ended_anywhere_and_partitions_be_read_in_any_order() {
    let mut whole = Trainer::new("test");
    let (mut told, mut told_again) = (Vec::new(), Vec::new());
    for s in HOUR {
        whole.take(0, usual("a", s));
        whole.take(1, usual("bb", s));
    }
    whole.steps(&mut told);
    let mut cut = Trainer::new("test");
    let mut at = [HOUR.start; 2];
    let mut stride = 1;
    while at.iter().any(|s| *s < HOUR.end) {
        for (partition, camera) in ["a", "bb"].iter().enumerate() {
            stride = stride * 37 % 211;
            let until = HOUR.end.min(at[0].min(at[1]) + stride);
            (at[partition]..until).for_each(|s| cut.take(partition as u32, usual(camera, s)));
            at[partition] = at[partition].max(until);
        }
        cut.steps(&mut told_again);
        cut = Trainer::load(&mut Reader(&saved(&cut))).unwrap();
    }
    assert_eq!(saved(&whole), saved(&cut));
    assert_eq!(told, told_again);
    assert_eq!(whole.counts().0, 59, "an hour without the minute that may still grow");
}

#[test]
fn repeats_are_taken_once_and_late_ones_left_out() {
    let mut once = Trainer::new("test");
    let mut twice = Trainer::new("test");
    for s in HOUR {
        once.take(0, usual("a", s));
        twice.take(0, usual("a", s));
        twice.take(0, usual("a", s - s % 7));
    }
    twice.take(0, usual("late", HOUR.start + 60));
    let (mut one, mut two) = (Vec::new(), Vec::new());
    once.steps(&mut one);
    twice.steps(&mut two);
    assert_eq!(one, two);
    assert_eq!(twice.counts(), (59, 3600, 1));
}

#[test]
fn every_card_computes_its_own_golden_vectors() {
    let mut trainer = Trainer::new("test");
    HOUR.for_each(|s| trainer.take(0, usual("a", s)));
    let mut told = Vec::new();
    trainer.steps(&mut told);
    let cards =
        told.iter().filter_map(|out| if let Out::Card(card) = out { Some(card) } else { None });
    let mut kinds = std::collections::BTreeSet::new();
    for card in cards {
        Model::open(card).unwrap();
        kinds.insert((card.kind.clone(), card.golden.len() >= 8));
    }
    assert!(kinds.contains(&("kmeans".to_owned(), true)), "{kinds:?}");
    assert!(kinds.contains(&("profile".to_owned(), true)), "{kinds:?}");
    assert!(told.iter().any(|out| matches!(out, Out::Gone(_))), "old versions end");
}

#[test]
fn a_night_visit_is_an_anomaly_that_begins_and_ends_once() {
    let mut trainer = Trainer::new("test");
    let mut told = Vec::new();
    let visit = 3 * DAY_S + 3 * 3600;
    for s in 0..4 * DAY_S {
        let odd = (visit..visit + 120).contains(&s);
        trainer.take(0, if odd { busy("a", s, 0.5) } else { usual("a", s) });
        if s % 3600 == 0 {
            trainer.steps(&mut told);
        }
    }
    let insights: Vec<&Insight> = told
        .iter()
        .filter_map(|out| if let Out::Insight(i) = out { Some(i.as_ref()) } else { None })
        .filter(|i| i.dimension == "time")
        .collect();
    let phases: Vec<Phase> = insights.iter().map(|i| i.phase()).collect();
    assert_eq!(phases, [Phase::Begin, Phase::End], "{insights:?}");
    assert_eq!(insights[0].begin_us, (BEGIN_S + visit) * 1_000_000);
    assert_eq!(insights[0].id, insights[1].id);
    assert!(insights[0].text.contains("in sight"), "{}", insights[0].text);
}

#[test]
fn a_changed_look_is_an_anomaly_and_its_model_computes_its_golden_vectors() {
    let mut trainer = Trainer::new("test");
    let mut told = Vec::new();
    let change = 3 * DAY_S + 12 * 3600;
    for s in 0..4 * DAY_S {
        // Days are brighter than nights, by more above than below.
        let light = (s % DAY_S - DAY_S / 2).abs() as f32 / DAY_S as f32;
        let mut window = usual("a", s);
        for (at, part) in window.values[90..].iter_mut().enumerate() {
            let moved = (change..change + 1200).contains(&s) && (9..13).contains(&at);
            *part -= light * (60.0 - at as f32) - if moved { 40.0 } else { 0.0 };
        }
        trainer.take(0, window);
        if s % 3600 == 0 {
            trainer.steps(&mut told);
        }
    }
    let (mut cards, mut looks) = (0, Vec::new());
    for out in &told {
        match out {
            Out::Card(card) if card.kind == "appearance" => {
                Model::open(card).unwrap();
                assert!(card.golden.len() == 8, "{}", card.golden.len());
                cards += 1;
            }
            Out::Insight(insight) if insight.dimension == "look" => looks.push(insight),
            _ => {}
        }
    }
    assert_eq!(cards, 12, "each six hours from the first day on");
    let begun: Vec<i64> = looks.iter().map(|i| i.begin_us).collect();
    assert_eq!(begun, [(BEGIN_S + change) * 1_000_000; 2], "begun and ended");
    assert_eq!(looks[1].end_us, (BEGIN_S + change + 1200) * 1_000_000);
}

/// Night visits on two days, what is said of the first: how often somebody at that time is told.
fn nights(verdict: Option<Verdict>) -> usize {
    let mut trainer = Trainer::new("test");
    let mut begun: Vec<Insight> = Vec::new();
    for s in 0..5 * DAY_S {
        let night = (3 * 3600..3 * 3600 + 120).contains(&(s % DAY_S)) && s >= 3 * DAY_S;
        trainer.take(0, if night { busy("a", s, 0.5) } else { usual("a", s) });
        if s == 3 * DAY_S + 4 * 3600 + 1
            && let Some(verdict) = verdict
        {
            let told = &begun[0];
            let said = Feedback {
                id: told.id.clone(),
                camera: String::from("a"),
                verdict: verdict.into(),
                begin_us: told.begin_us,
                end_us: told.begin_us + 120_000_000,
                at_us: 1,
                ..Feedback::default()
            };
            trainer.verdict(&said);
            trainer.verdict(&said);
        }
        if s % 3600 == 0 {
            let mut told = Vec::new();
            trainer.steps(&mut told);
            begun.extend(told.into_iter().filter_map(|out| match out {
                Out::Insight(i) if i.phase() == Phase::Begin && i.dimension == "time" => Some(*i),
                _ => None,
            }));
            trainer = Trainer::load(&mut Reader(&saved(&trainer))).unwrap();
        }
    }
    begun.len()
}

#[test]
fn what_a_person_calls_usual_is_not_told_again() {
    assert_eq!(nights(None), 2);
    assert_eq!(nights(Some(Verdict::Anomaly)), 2);
    assert_eq!(nights(Some(Verdict::Normal)), 1);
}

#[test]
fn who_comes_at_an_odd_time_is_told_though_an_absence_lasts() {
    let mut trainer = Trainer::new("test");
    let mut told = Vec::new();
    // On the fourth day nobody comes before 23:00.
    let visit = 3 * DAY_S + 23 * 3600;
    for s in 0..4 * DAY_S {
        let odd = (visit..visit + 120).contains(&s);
        let away = s >= 3 * DAY_S && !odd;
        let usually = if away { quiet("a", s) } else { usual("a", s) };
        trainer.take(0, if odd { busy("a", s, 0.5) } else { usually });
        if s % 3600 == 0 {
            trainer.steps(&mut told);
        }
    }
    trainer.steps(&mut told);
    let begun = |dimension: &str| {
        let of = |out: &&Out| matches!(out, Out::Insight(i) if i.dimension == dimension && i.phase() == Phase::Begin);
        told.iter().filter(of).count()
    };
    assert_eq!((begun("absence"), begun("time")), (1, 1));
}

#[test]
fn damaged_state_is_told_and_not_begun_anew() {
    let mut trainer = Trainer::new("test");
    HOUR.for_each(|s| trainer.take(0, usual("a", s)));
    let bytes = saved(&trainer);
    for cut in [0, 3, 40, bytes.len() / 2, bytes.len() - 1] {
        assert!(Trainer::load(&mut Reader(&bytes[..cut])).is_err(), "cut at {cut}");
    }
}

fn send(bus: &Embedded, seconds: std::ops::Range<i64>) {
    for s in seconds {
        for camera in ["a", "bb"] {
            let window = usual(camera, s);
            let value = window.encode_to_vec().into();
            let key = camera.into();
            let record = Record { key, headers: Vec::new(), value, timestamp_us: window.begin_us };
            bus.send(topic::WINDOWS, record).unwrap();
        }
    }
}

/// Learns until so many steps are made, and ends.
fn learn(bus: &Arc<Embedded>, dir: &Path, steps: u64) {
    let config = LearnConfig { dir: dir.join("learn"), name: String::from("test") };
    let learner = Learner::start(bus.clone(), &config).unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while learner.progress().steps < steps {
        assert!(Instant::now() < end, "{:?}, {:?}", learner.progress(), learner.trouble());
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn cards(bus: &Embedded) -> BTreeMap<Vec<u8>, ModelCard> {
    let rows = bus.table(topic::MODELS).unwrap().scan(b"").unwrap();
    let card = |value: Vec<u8>| {
        let card = ModelCard::decode(value.as_slice()).unwrap();
        assert!(card.effective_us > 0);
        ModelCard { effective_us: 0, ..card }
    };
    rows.into_iter().map(|(key, value)| (key, card(value))).collect()
}

fn bus(dir: &Path) -> Arc<Embedded> {
    Embedded::open(&dir.join("bus"), EmbeddedConfig::default()).unwrap()
}

#[test]
fn a_room_that_is_ended_and_begun_again_publishes_the_same() {
    let [calm, often] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (one, two) = (bus(calm.path()), bus(often.path()));
    send(&one, HOUR);
    learn(&one, calm.path(), 59);
    for (part, steps) in [(0, 11), (1, 23), (2, 35), (3, 47), (4, 59)] {
        send(&two, HOUR.start + part * 720..HOUR.start + (part + 1) * 720);
        learn(&two, often.path(), steps);
    }
    let (whole, parts) = (cards(&one), cards(&two));
    assert_eq!(whole.keys().collect::<Vec<_>>(), parts.keys().collect::<Vec<_>>());
    assert!(whole == parts, "the same versions, and other numbers in them");
    assert!(whole.keys().filter(|k| k.starts_with(b"group:site/kmeans/")).count() == 20);
}

#[test]
fn state_of_another_layout_is_set_aside_and_learning_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    let bus = bus(dir.path());
    send(&bus, HOUR.start..HOUR.start + 600);
    learn(&bus, dir.path(), 9);
    let path = dir.path().join("learn/learn.state");
    let mut bytes = std::fs::read(&path).unwrap();
    // The layout stands before the length of the lineage, behind the cards that go out.
    let lineage = bytes.windows(11).rposition(|w| w == b"flumen/test").unwrap();
    bytes[lineage - 12..lineage - 8].copy_from_slice(&1_u32.to_le_bytes());
    std::fs::write(&path, &bytes).unwrap();
    learn(&bus, dir.path(), 9);
    assert_eq!(std::fs::read(dir.path().join("learn/learn.state.old")).unwrap(), bytes);
}

#[test]
fn damaged_state_of_the_room_stops_the_start_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let bus = bus(dir.path());
    send(&bus, HOUR.start..HOUR.start + 600);
    learn(&bus, dir.path(), 9);
    let path = dir.path().join("learn/learn.state");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let config = LearnConfig { dir: dir.path().join("learn"), name: String::from("test") };
    let refused = Learner::start(bus, &config).err().expect("it is refused").to_string();
    assert!(refused.contains("learn.state") && refused.contains("move the file away"), "{refused}");
}
