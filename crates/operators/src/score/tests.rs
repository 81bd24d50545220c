//! Scores of cards made by hand, and cards that must be refused.

use flumen_base::Kind;
use flumen_base::wire::{self, Minute, ModelCard, Window, model_card};

use super::features::at;
use super::*;
use crate::state::{Reader, Writer};
use crate::window_names::WINDOW_DIMENSIONS;

/// A good window with one thing in sight at the left that walks right.
fn window(second: i64) -> Window {
    let mut values = vec![0.0_f32; WINDOW_DIMENSIONS];
    for (place, value) in [
        (at::THINGS_MEAN, 1.0),
        (at::THINGS_MOST, 1.0),
        (at::FOOT_X, 0.2),
        (at::FOOT_Y, 0.9),
        (at::HEADING, 1.0),
        (at::DWELL_MOST, 7.0),
        (at::ACTIVITY + 8, 0.4),
    ] {
        values[place] = value;
    }
    Window {
        camera: String::from("gate"),
        begin_us: second * 1_000_000,
        duration_us: 1_000_000,
        covered_permille: 1000,
        schema: 1,
        values,
        ..Window::default()
    }
}

fn minute_with(seconds: std::ops::Range<i64>) -> Minute {
    let mut minute = MinuteSoFar::new("gate", 0);
    seconds.for_each(|s| minute.add(&window(s)));
    minute.record()
}

fn kmeans(centres: &[f64]) -> ModelCard {
    let mean = features(&window(0)).to_vec();
    let normal = model_card::Normal {
        camera: String::from("gate"),
        mean,
        deviation: vec![1.0; FEATURES],
        ..Default::default()
    };
    ModelCard {
        scope: String::from("group:site"),
        kind: String::from("kmeans"),
        version: 1,
        schema: MODEL_SCHEMA,
        normals: vec![normal],
        parameters: Some(model_card::Parameters::Clusters(wire::Clusters {
            centres: centres.to_vec(),
            weights: vec![1.0; centres.len() / FEATURES],
        })),
        ..ModelCard::default()
    }
}

#[test]
fn a_minute_counts_parts_ways_and_stays() {
    let minute = minute_with(0..5);
    assert_eq!((minute.seen, minute.busy, minute.things), (5, 5, 1));
    assert_eq!(minute.cells[8], 5);
    assert_eq!(minute.ways[8 * 8], 5, "bottom row, left, to the right");
    assert_eq!(minute.hour_of_week, 3 * 24, "1 January 1970 was a Thursday");
    assert!((minute.dwell_s - 7.0).abs() < 1e-9);
}

#[test]
fn a_minute_goes_on_after_a_restart() {
    let mut minute = MinuteSoFar::new("gate", 0);
    (0..4).for_each(|s| minute.add(&window(s)));
    let mut saved = Writer::default();
    minute.save(&mut saved);
    let mut again = MinuteSoFar::load(&mut Reader(&saved.0)).unwrap();
    minute.add(&window(5));
    again.add(&window(5));
    assert_eq!(minute, again);
}

#[test]
fn bad_windows_do_not_count() {
    let bad = [
        Window { tampered: true, ..window(0) },
        Window { covered_permille: 899, ..window(0) },
        Window { duration_us: 499_999, ..window(0) },
        Window { schema: 2, ..window(0) },
    ];
    let mut minute = MinuteSoFar::new("gate", 0);
    bad.iter().for_each(|w| minute.add(w));
    assert_eq!(minute.record().seen, 0);
}

#[test]
fn what_never_was_is_rarer_than_what_often_was() {
    let mut profile = Profile::empty();
    let day = minute_with(0..10);
    for minute in 0..3000 {
        let quiet = Minute { hour_of_week: minute / 60 % 168, seen: 60, ..day.clone() };
        let quiet = Minute { busy: 0, things: 0, ..quiet };
        profile.learn(&if minute % 1440 / 60 == 12 { Minute { busy: 20, ..quiet } } else { quiet });
    }
    let at = |hour| profile.scores(&Minute { hour_of_week: hour, ..day.clone() })[0].score;
    assert!(at(12) < 2.0, "{}", at(12));
    assert!(at(3) > 500.0, "{}", at(3));
    let elsewhere = Minute { hour_of_week: 12, cells: vec![0, 0, 9], ..day.clone() };
    let [_, place, ..] = profile.scores(&elsewhere);
    assert!(place.score > 50.0 && place.at == 2, "{place:?}");
    let usual = profile.scores(&Minute { hour_of_week: 12, ..day.clone() });
    assert!(usual[1].score < 1.1, "{usual:?}");
    let back =
        Minute { hour_of_week: 12, ways: (0..96).map(|i| u32::from(i == 68) * 5).collect(), ..day };
    assert!(profile.scores(&back)[2].score > 50.0);
}

#[test]
fn who_is_fast_goes_a_wrong_way_through_two_places_in_a_second_each() {
    let ways = |taken: &[(usize, u32)]| -> Minute {
        let count = |at| taken.iter().find(|(way, _)| *way == at).map_or(0, |(_, n)| *n);
        Minute { seen: 60, busy: 6, ways: (0..96).map(count).collect(), ..Minute::default() }
    };
    let mut profile = Profile::empty();
    // To the right, through the first three places; one second in each.
    (0..500).for_each(|_| profile.learn(&ways(&[(0, 1), (8, 1), (16, 1)])));
    let way = |taken: &[(usize, u32)]| profile.scores(&ways(taken))[2];
    assert!(way(&[(0, 1), (8, 1), (16, 1)]).score < 2.0, "usual, though nowhere for two seconds");
    assert!(way(&[(4, 1), (8, 1)]).score < 2.0, "one second in one place may be anything");
    assert!(way(&[(4, 1), (5, 1), (8, 1)]).score < 2.0, "also two ways in one place");
    let back = way(&[(4, 1), (12, 1), (16, 1)]);
    assert!(back.score > 100.0 && [4, 12].contains(&back.at), "{back:?}");
    assert!(way(&[(4, 2)]).score > 100.0, "two seconds in a place");
}

#[test]
fn nearest_centre_by_squared_distance() {
    let mut far = [0.0; FEATURES];
    far[3] = 2.0;
    let centres: Vec<f64> = far.iter().copied().chain([3.0; FEATURES]).collect();
    let model = Model::open(&kmeans(&centres)).unwrap();
    let score = model.window("gate", &window(0)).unwrap();
    assert!((score - 4.0).abs() < 1e-12, "{score}");
    assert_eq!(model.window("other", &window(0)), None);
}

#[test]
fn density_of_one_gaussian_is_half_its_squared_distance() {
    let mut factors = Vec::new();
    for row in 0..FEATURES {
        factors.extend((0..=row).map(|c| f64::from(u8::from(c == row)) * 2.0));
    }
    let mixture = wire::Mixture { weights: vec![1.0], means: vec![0.0; FEATURES], factors };
    let mixture = Mixture::of(&mixture).unwrap();
    let mut z = [0.0; FEATURES];
    assert!(mixture.density(&z).abs() < 1e-12);
    z[5] = 100.0;
    assert!((mixture.density(&z) - 1250.0).abs() < 1e-9, "50 sigma out");
}

#[test]
fn a_look_along_a_known_direction_is_usual() {
    let look: Vec<f64> = (0..32).map(|i| f64::from(100 + i)).collect();
    let minute = Minute { seen: 60, look, ..Minute::default() };
    let known = Appearance::look(&minute).unwrap();
    let length = known.iter().map(|v| v * v).sum::<f64>().sqrt();
    let directions = known.iter().map(|v| v / length).collect();
    let none = wire::Appearance { mean: vec![0.0; 32], directions: Vec::new() };
    let one = wire::Appearance { directions, ..none.clone() };
    assert!(Appearance::of(&none).unwrap().score(&minute) > 0.5);
    assert!(Appearance::of(&one).unwrap().score(&minute) < 1e-12);
}

#[test]
fn golden_vectors_are_computed_again() {
    let mut card = kmeans(&[0.5; FEATURES]);
    let golden = |score| model_card::Golden {
        camera: String::from("gate"),
        window: Some(window(0)),
        scores: vec![score],
        minute: None,
    };
    card.golden = vec![golden(3.0)];
    Model::open(&card).unwrap();
    card.golden = vec![golden(3.0), golden(3.001)];
    let refused = Model::open(&card).unwrap_err();
    assert_eq!(refused.kind(), Kind::Invalid);
    assert!(refused.to_string().contains("golden vector 1"), "{refused}");
}

#[test]
fn cards_that_do_not_fit_are_refused() {
    let refused = |card: &ModelCard| Model::open(card).unwrap_err().kind();
    let good = kmeans(&[0.5; FEATURES]);
    assert_eq!(refused(&ModelCard { schema: 2, ..good.clone() }), Kind::Unsupported);
    assert_eq!(refused(&kmeans(&[0.5; FEATURES + 1])), Kind::Invalid);
    assert_eq!(refused(&kmeans(&[])), Kind::Invalid);
    assert_eq!(refused(&kmeans(&[f64::NAN; FEATURES])), Kind::Invalid);
    let other = ModelCard { kind: String::from("profile"), ..good.clone() };
    assert_eq!(refused(&other), Kind::Invalid);
    let large = kmeans(&vec![0.0; FEATURES * 100_000]);
    assert_eq!(refused(&large), Kind::Exhausted);
}
