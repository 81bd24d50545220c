//! A scorer of one camera over minutes: swaps, anomalies, restarts.

use std::sync::Arc;

use flumen_base::wire::insight::Shadow;
use flumen_base::wire::{self, ActiveModel, ModelCard, Oddity, Phase, Window, model_card};
use proptest::prelude::*;

use super::anomalies::{Anomalies, Anomaly, Mark, Now};
use super::features::at;
use super::*;
use crate::state::{Reader, Writer};
use crate::window_names::WINDOW_DIMENSIONS;

/// A good window of this second; busy with something at the bottom left.
fn window(second: i64, busy: bool) -> Window {
    let mut values = vec![0.0_f32; WINDOW_DIMENSIONS];
    if busy {
        for (place, value) in
            [(at::THINGS_MEAN, 1.0), (at::THINGS_MOST, 1.0), (at::ACTIVITY + 40, 0.4)]
        {
            values[place] = value;
        }
    }
    Window {
        camera: "gate".into(),
        epoch: 1,
        sequence: 15 * second as u64,
        begin_us: second * 1_000_000,
        begin_pts_us: second * 1_000_000,
        duration_us: 1_000_000,
        covered_permille: 1000,
        schema: 1,
        values,
        ..Window::default()
    }
}

/// A profile in which `share` of the minutes of each hour are active, with these thresholds.
pub(super) fn card(
    version: u64,
    effective_us: i64,
    share: f64,
    thresholds: &[(&str, f64)],
) -> ModelCard {
    let named = thresholds.iter().map(|(dimension, score)| model_card::Threshold {
        dimension: (*dimension).into(),
        score: *score,
    });
    let normal = model_card::Normal {
        camera: "gate".into(),
        thresholds: named.collect(),
        ..Default::default()
    };
    ModelCard {
        scope: "gate".into(),
        kind: "profile".into(),
        version,
        lineage: "a".into(),
        schema: MODEL_SCHEMA,
        effective_us,
        normals: vec![normal],
        parameters: Some(model_card::Parameters::Profile(wire::Profile {
            hour_seen: vec![1000.0; 168],
            hour_active: vec![1000.0 * share; 168],
            cells: vec![100_000.0 * share; 48],
            ways: vec![0.0; 96],
            crowds: vec![10.0; 192],
            dwells: vec![10.0; 12],
        })),
        ..ModelCard::default()
    }
}

const TIME: [(&str, f64); 1] = [("time", 100.0)];

fn scorer(cards: &[ModelCard]) -> Scorer {
    let mut scorer = Scorer::new("gate", "");
    cards.iter().for_each(|card| scorer.install(card).unwrap());
    scorer
}

fn run(
    scorer: &mut Scorer,
    seconds: std::ops::Range<i64>,
    busy: impl Fn(i64) -> bool,
) -> Vec<Anomaly> {
    let mut told = Vec::new();
    for second in seconds {
        scorer.follow(second * 1_000_000);
        scorer.window(&window(second, busy(second)), &mut told);
    }
    told
}

#[test]
fn the_fifth_busy_window_begins_and_six_quiet_minutes_end_it() {
    let mut scorer = scorer(&[card(1, 0, 0.0, &TIME)]);
    let told = run(&mut scorer, 0..1200, |s| (130..140).contains(&s) || (400..500).contains(&s));
    let turns: Vec<_> = told.iter().map(|a| (a.phase, a.revision)).collect();
    assert_eq!(turns, [(Phase::Begin, 0), (Phase::End, 1)], "minutes 2, 6, 7, 8 are one");
    let (begin, end) = (&told[0], &told[1]);
    assert_eq!(begin.first.sequence, 130 * 15);
    assert_eq!(begin.end_us, 135_000_000, "told in the second in which it shows");
    assert_eq!(end.first, begin.first);
    assert_eq!(end.end_us, 540_000_000, "the last odd minute's last window");
    let odd = &begin.oddities[0];
    assert_eq!((odd.dimension.as_str(), odd.kind.as_str(), odd.version), ("time", "profile", 1));
    assert!(odd.score > odd.threshold && odd.expected < 0.01, "{odd:?}");
    assert!(begin.text().contains("of the minutes at this hour"), "{}", begin.text());
    assert!((500..1000).contains(&begin.score()));
}

#[test]
fn what_is_usual_is_told_by_nobody() {
    let mut usual = scorer(&[card(1, 0, 0.5, &TIME)]);
    assert!(run(&mut usual, 0..1200, |s| s % 90 < 20).is_empty());
    let mut without = scorer(&[card(1, 0, 0.0, &[])]);
    assert!(run(&mut without, 0..1200, |s| s % 90 < 20).is_empty(), "no threshold yet");
}

#[test]
fn absence_is_told_when_a_minute_has_ended() {
    let mut scorer = scorer(&[card(1, 0, 0.9, &[("absence", 4.0)])]);
    let told = run(&mut scorer, 0..900, |s| !(120..600).contains(&s));
    assert_eq!(told[0].phase, Phase::Begin);
    assert_eq!(told[0].end_us, 420_000_000, "5 minutes of 0.9 are above 4");
    assert_eq!(told[0].oddities[0].dimension, "absence");
    assert!(told[0].text().contains("5 minutes"), "{}", told[0].text());
}

#[test]
fn a_model_counts_from_its_time_on_and_a_bad_one_changes_nothing() {
    let mut scorer = scorer(&[card(1, 0, 0.5, &TIME), card(2, 5_000_000, 0.5, &TIME)]);
    let mut versions = Vec::new();
    for arrival_us in [0, 4_999_999, 5_000_000, 4_000_000] {
        scorer.follow(arrival_us);
        versions.push(scorer.version());
    }
    assert_eq!(versions, [1, 1, 2, 2], "and never goes back");
    let refused = scorer.install(&card(1, 0, 0.1, &TIME)).unwrap_err();
    assert!(refused.to_string().contains("newer"), "{refused}");
    let mut nan = card(3, 0, f64::NAN, &TIME);
    scorer.install(&nan).unwrap_err();
    nan.schema = 9;
    scorer.install(&nan).unwrap_err();
    scorer.install(&ModelCard { scope: "yard".into(), ..card(9, 0, 0.5, &TIME) }).unwrap();
    scorer.follow(9_000_000);
    assert_eq!(scorer.version(), 2);
    // The same again is known, and changes nothing.
    scorer.install(&card(2, 0, 0.1, &TIME)).unwrap();
}

#[test]
fn a_person_goes_back_and_forward() {
    let mut scorer = scorer(&[card(1, 0, 0.5, &TIME), card(2, 1, 0.5, &TIME)]);
    scorer.follow(1);
    let word = |version, effective_us| ActiveModel {
        scope: "gate".into(),
        kind: "profile".into(),
        version,
        effective_us,
        ..ActiveModel::default()
    };
    scorer.activate(&word(1, 10));
    scorer.follow(10);
    assert_eq!(scorer.version(), 2, "it is gone and has to come again");
    scorer.install(&card(1, 0, 0.5, &TIME)).unwrap();
    scorer.follow(11);
    assert_eq!(scorer.version(), 1);
    scorer.install(&card(3, 12, 0.5, &TIME)).unwrap();
    scorer.follow(12);
    assert_eq!(scorer.version(), 1, "named, it stays");
    scorer.activate(&word(0, 20));
    scorer.follow(19);
    assert_eq!(scorer.version(), 1);
    scorer.follow(20);
    assert_eq!(scorer.version(), 3);
}

fn restored(scorer: &Scorer) -> Scorer {
    let mut saved = Writer::default();
    scorer.save(&mut saved);
    Scorer::load(&mut Reader(&saved.0)).unwrap()
}

#[test]
fn a_model_beside_tells_nothing_and_is_counted() {
    let mut scorer = scorer(&[card(1, 0, 0.5, &TIME)]);
    scorer.follow(0);
    scorer.activate(&ActiveModel {
        scope: "gate".into(),
        kind: "profile".into(),
        version: 1,
        shadow: 2,
        ..ActiveModel::default()
    });
    scorer.install(&card(2, 0, 0.0, &TIME)).unwrap();
    assert!(run(&mut scorer, 0..601, |s| s < 300).is_empty());
    assert!(scorer.shadows().is_empty(), "the hour goes on");
    let mut scorer = restored(&scorer);
    run(&mut scorer, 3540..3661, |_| false);
    let hours = scorer.shadows();
    let [(0, hour)] = hours.as_slice() else { panic!("one hour: {hours:?}") };
    assert_eq!((hour.scope.as_str(), hour.version, hour.live_version), ("gate", 2, 1));
    assert_eq!((hour.scored, hour.odd, hour.live_odd), (0x3ff | 1 << 10 | 1 << 59, 0x1f, 0));
    assert!(scorer.shadows().is_empty(), "each hour once");
}

#[test]
fn of_too_many_that_wait_the_oldest_goes() {
    let mut scorer = scorer(&[]);
    for version in 1..=12 {
        scorer.install(&card(version, 1000 * version as i64, 0.5, &TIME)).unwrap();
    }
    scorer.follow(4999);
    assert_eq!(scorer.version(), 0, "versions 1 to 4 had to go");
    scorer.follow(5000);
    assert_eq!(scorer.version(), 5);
    let full = Learned::open(&card(99, 0, 0.5, &TIME)).unwrap();
    assert_eq!(scorer.offer(&full), Offered::Taken);
    let full = Learned::open(&card(100, 0, 0.5, &TIME)).unwrap();
    assert_eq!(scorer.offer(&full), Offered::Full);
}

#[test]
fn another_group_has_other_models() {
    let group = |scope: &str| {
        let centres = Some(model_card::Parameters::Clusters(wire::Clusters {
            centres: vec![0.0; FEATURES],
            weights: vec![1.0],
        }));
        ModelCard {
            scope: scope.into(),
            kind: "kmeans".into(),
            parameters: centres,
            ..card(7, 0, 0.5, &[("cluster", 0.5)])
        }
    };
    let mut scorer = scorer(&[group("group:site"), group("group:hall")]);
    let told = run(&mut scorer, 0..10, |s| s >= 5);
    assert_eq!(scorer.version_of("kmeans"), 7);
    assert_eq!(told[0].end_us, 8_000_000, "a score holds for three windows");
    assert_eq!(told[0].oddities[0].dimension, "cluster");
    scorer.regroup("hall");
    scorer.follow(20_000_000);
    assert_eq!(scorer.version_of("kmeans"), 0);
    scorer.install(&group("group:hall")).unwrap();
    scorer.follow(20_000_000);
    assert_eq!(scorer.version_of("kmeans"), 7);
}

#[test]
fn a_storm_is_told_six_times_an_hour_and_counted() {
    let odd =
        [Oddity { dimension: "time".into(), score: 9.0, threshold: 3.0, ..Oddity::default() }];
    let mut anomalies = Anomalies::default();
    let mut told = Vec::new();
    for minute in 0..140 {
        let now =
            Now { minute, first: Mark { sequence: minute, ..Mark::default() }, ..Now::default() };
        let odd: &[Oddity] = if minute % 7 == 0 { &odd } else { &[] };
        told.extend(anomalies.see(&now, odd));
    }
    let begins: Vec<_> = told
        .iter()
        .filter(|a| a.phase == Phase::Begin)
        .map(|a| (a.first.sequence, a.untold))
        .collect();
    let expected: Vec<(u64, u32)> = [0, 7, 14, 21, 28, 35, 63, 70, 77, 84, 91, 98, 126, 133]
        .map(|m| (m, if m == 63 || m == 126 { 3 } else { 0 }))
        .to_vec();
    assert_eq!(begins, expected);
    assert!(told.iter().any(|a| a.text().contains("3 more before")));
}

#[test]
fn what_the_streams_end_ended_does_not_begin_again_in_its_minute() {
    let mut scorer = scorer(&[card(1, 0, 0.0, &TIME)]);
    assert_eq!(run(&mut scorer, 0..10, |_| true).len(), 1);
    let ended = scorer.break_off().unwrap();
    assert_eq!((ended.phase, ended.revision), (Phase::End, 1));
    assert!(run(&mut scorer, 10..60, |_| true).is_empty());
    assert_eq!(run(&mut scorer, 60..70, |_| true).len(), 1);
}

/// What a scorer is given.
#[derive(Clone, Debug)]
enum Given {
    Second(bool),
    Gap(i64),
    Card(u64, i64, bool),
    Word(u64, u64, i64),
    BreakOff,
}

fn given() -> impl Strategy<Value = Given> {
    prop_oneof![
        20 => any::<bool>().prop_map(Given::Second),
        3 => (10..400i64).prop_map(Given::Gap),
        3 => (1..20u64, 0..30i64, any::<bool>()).prop_map(|(v, e, rare)| Given::Card(v, e, rare)),
        1 => (0..20u64, 0..20u64, 0..30i64).prop_map(|(v, s, e)| Given::Word(v, s, e)),
        1 => Just(Given::BreakOff),
    ]
}

/// What it tells, and the hours of models beside that ended.
fn give(
    scorer: &mut Scorer,
    second: &mut i64,
    given: &Given,
) -> (Vec<Anomaly>, Vec<(u64, Shadow)>) {
    let mut told = Vec::new();
    match given {
        Given::Second(busy) => {
            scorer.follow(*second * 1_000_000);
            scorer.window(&window(*second, *busy), &mut told);
            *second += 1;
        }
        Given::Gap(seconds) => *second += seconds,
        Given::Card(version, ahead, rare) => {
            let share = if *rare { 0.0 } else { 0.5 };
            let thresholds = [("time", 100.0), ("place", 50.0), ("absence", 3.0)];
            let _ =
                scorer.install(&card(*version, (*second + ahead) * 1_000_000, share, &thresholds));
        }
        Given::Word(version, shadow, ahead) => scorer.activate(&ActiveModel {
            scope: "gate".into(),
            kind: "profile".into(),
            version: *version,
            shadow: *shadow,
            effective_us: (*second + ahead) * 1_000_000,
            ..ActiveModel::default()
        }),
        Given::BreakOff => told.extend(scorer.break_off()),
    }
    (told, scorer.shadows())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn restored_it_is_the_same_and_goes_on_the_same(
        before in proptest::collection::vec(given(), 0..120),
        after in proptest::collection::vec(given(), 0..120),
    ) {
        let (mut one, mut second) = (scorer(&[]), 0);
        before.iter().for_each(|g| { give(&mut one, &mut second, g); });
        let mut saved = Writer::default();
        one.save(&mut saved);
        let mut other = Scorer::load(&mut Reader(&saved.0)).unwrap();
        prop_assert_eq!(&other, &one);
        let mut again = Writer::default();
        other.save(&mut again);
        prop_assert_eq!(&again.0, &saved.0);
        let mut there = second;
        for g in &after {
            prop_assert_eq!(give(&mut one, &mut second, g), give(&mut other, &mut there, g));
        }
        for length in [0, 1, saved.0.len() / 2, saved.0.len() - 1] {
            prop_assert!(Scorer::load(&mut Reader(&saved.0[..length])).is_none());
        }
    }
}

#[test]
fn what_a_state_holds_of_a_group_is_one_cameras() {
    let mut wide = card(1, 0, 0.5, &TIME);
    let mine = wide.normals[0].clone();
    wide.normals
        .extend((0..100).map(|i| model_card::Normal { camera: format!("c{i}"), ..mine.clone() }));
    let learned: Arc<Learned> = Learned::open(&wide).unwrap();
    let mut scorer = scorer(&[]);
    scorer.offer(&learned);
    let mut saved = Writer::default();
    scorer.save(&mut saved);
    assert!(!saved.0.windows(3).any(|w| w == b"c42"));
    let mut restored = Scorer::load(&mut Reader(&saved.0)).unwrap();
    restored.follow(0);
    assert_eq!(restored.version(), 1);
}
