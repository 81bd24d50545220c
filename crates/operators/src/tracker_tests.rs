//! What becomes of the things that are followed: who crosses, leaves, stops, comes back.

use super::*;
use crate::bits::Bits;
use crate::blobs::{Against, Blobs};
use crate::grid::Grid;
use crate::reduce::{Shape, Small};

const FIELD: Field = Field { width: 320, height: 180, birth: 92 };
/// Columns and rows: left, top, right, bottom.
type Area = (i32, i32, i32, i32);

/// A frame that shows these rectangles; what touches is one shape.
fn show(tracker: &mut Tracker, areas: &[Area]) {
    let mut bits = Bits::new(FIELD.width, FIELD.height);
    let side = |v: i32, most: usize| v.clamp(0, most as i32) as usize;
    for &(left, top, right, bottom) in areas {
        for y in side(top, FIELD.height)..side(bottom, FIELD.height) {
            bits.set_run(y, side(left, FIELD.width), side(right, FIELD.width));
        }
    }
    let high = bits.clone();
    let grey = |v| Grid::new(FIELD.width, FIELD.height, v);
    let (image, lit) = (grey(200), grey(90));
    let small = Small::new(&Shape::of(FIELD.width, FIELD.height).unwrap());
    let mut blobs = Blobs::new(FIELD.width, FIELD.height);
    let against = Against { image: &image, lit: &lit, high: &high, least_area: 12 };
    blobs.find(&mut bits, &against);
    tracker.step(blobs.sightings(&small), &FIELD, 10, 0);
}

fn seen(tracker: &Tracker) -> Vec<(u64, i32)> {
    tracker.all().iter().filter(|t| t.visible()).map(|t| (t.id, t.place.x as i32)).collect()
}

/// Somebody of 16 by 40 whose middle is here.
fn person(x: i32) -> Area {
    (x - 8, 80, x + 8, 120)
}

#[test]
fn what_remains_at_the_edge_of_who_went_out_is_given_up() {
    let mut tracker = Tracker::default();
    for n in 0..60 {
        show(&mut tracker, &[person(250 + 2 * n)]);
    }
    assert!(seen(&tracker).is_empty());
    // The same with a corner of the shape that stays.
    let mut tracker = Tracker::default();
    for n in 0..60 {
        show(&mut tracker, &[person((250 + 2 * n).min(327)), (316, 112, 320, 120)]);
    }
    assert_eq!(seen(&tracker).len(), 1, "partly in the picture");
    (0..60).for_each(|_| show(&mut tracker, &[(316, 112, 320, 120)]));
    assert!(seen(&tracker).is_empty(), "{:?}", seen(&tracker));
}

#[test]
fn who_stands_at_the_edge_in_part_stays() {
    let mut tracker = Tracker::default();
    for n in 0..200 {
        show(&mut tracker, &[person((250 + 2 * n).min(318))]);
    }
    assert_eq!(seen(&tracker).len(), 1);
    assert_eq!(tracker.born(), 1);
}

#[test]
fn who_crosses_keeps_the_number() {
    let mut tracker = Tracker::default();
    for n in 0..100 {
        show(&mut tracker, &[person(60 + 2 * n), person(260 - 2 * n)]);
    }
    let (a, b) = (seen(&tracker)[0], seen(&tracker)[1]);
    assert!(a.0 == 1 && (a.1 - 258).abs() <= 2 && b.0 == 2 && (b.1 - 62).abs() <= 2, "{a:?} {b:?}");
}

#[test]
fn who_stops_and_goes_keeps_the_number() {
    let mut tracker = Tracker::default();
    let at = |n: i32| 60 + 2 * n.min(40) + 2 * (n - 100).max(0);
    (0..140).for_each(|n| show(&mut tracker, &[person(at(n))]));
    assert!(matches!(seen(&tracker)[..], [(1, x)] if (x - at(139)).abs() <= 2));
}

#[test]
fn who_is_hidden_for_half_a_second_keeps_the_number() {
    let mut tracker = Tracker::default();
    for n in 0..80 {
        let hidden = (40..52).contains(&n);
        let shown = [person(60 + 2 * n)];
        show(&mut tracker, if hidden { &[] } else { &shown });
    }
    assert_eq!((seen(&tracker).len(), tracker.born()), (1, 1));
}

#[test]
fn who_comes_after_another_left_is_new() {
    let mut tracker = Tracker::default();
    (0..50).for_each(|n| show(&mut tracker, &[person(240 + 2 * n)]));
    (0..20).for_each(|n| show(&mut tracker, &[person(320 - 2 * n)]));
    assert_eq!(seen(&tracker).iter().map(|s| s.0).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_restored_tracker_goes_on_alike() {
    let mut tracker = Tracker::default();
    for n in 0..90 {
        show(&mut tracker, &[person(150 + 2 * n), (316, 112, 320, 120)]);
        let mut to = Writer::default();
        tracker.save(&mut to);
        assert_eq!(Tracker::load(&mut Reader(&to.0)).as_ref(), Some(&tracker));
    }
}

#[test]
fn who_walks_behind_another_keeps_size_and_number() {
    let mut tracker = Tracker::default();
    // The one comes to the other who stands, stays beside him for a second, and goes on behind
    // him, where there is one to see.
    let at = |n: i32| 60 + 2 * n.min(40) + 2 * (n - 65).max(0);
    for n in 0..110 {
        show(&mut tracker, &[person(at(n)), person(150)]);
        let held = tracker.all().iter().filter(|t| t.visible());
        let both = (10..60).contains(&n) || n >= 100;
        assert!(!both || held.clone().count() == 2, "frame {n}: {:?}", seen(&tracker));
        assert!(!(10..60).contains(&n) || held.clone().all(|t| t.place.w < 22.0));
    }
    assert_eq!(tracker.born(), 2);
}

#[test]
fn two_who_come_as_one_and_part_are_two() {
    let mut tracker = Tracker::default();
    for n in 0..90 {
        let apart = (n - 30).max(0) / 2;
        show(&mut tracker, &[person(92 + 2 * n - apart), person(106 + 2 * n + apart)]);
    }
    assert_eq!((seen(&tracker).len(), tracker.born()), (2, 2), "{:?}", seen(&tracker));
}

#[test]
fn a_small_shape_at_somebody_is_a_part_and_elsewhere_a_thing() {
    for (apart, count) in [(4, 1), (40, 2)] {
        let mut tracker = Tracker::default();
        for n in 0..40 {
            let x = 60 + 2 * n;
            // A shadow or a bag of 11 by 11 that goes along, from the tenth frame on.
            let part = (x + 8 + apart, 105, x + 19 + apart, 116);
            let shown = [person(x), part];
            show(&mut tracker, if n < 10 { &shown[..1] } else { &shown });
        }
        assert_eq!(seen(&tracker).len(), count, "{apart} apart");
    }
}

#[test]
fn who_was_hidden_for_two_seconds_comes_back() {
    let mut tracker = Tracker::default();
    for n in 0..140 {
        let hidden = (40..90).contains(&n);
        let shown = [person(60 + 2 * n.min(40) + 2 * (n - 90).max(0))];
        show(&mut tracker, if hidden { &[] } else { &shown });
    }
    assert_eq!((seen(&tracker).len(), tracker.born()), (1, 1));
}

#[test]
fn more_things_than_there_may_be_are_refused() {
    let mut to = Writer::default();
    to.u64(1);
    to.u32(MOST as u32 + 1);
    to.0.resize(1 << 20, 0);
    assert_eq!(Tracker::load(&mut Reader(&to.0)), None);
}
