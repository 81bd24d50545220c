//! Made visits.

use flumen_operators::{Reader, Writer};

use super::{Foot, Patterns, part};

/// Somebody goes through places, three seconds each.
fn visit(it: &mut Patterns, minute: u64, places: &[u8], alone: bool) {
    let foot = |(i, place): (usize, &u8)| Foot {
        second: minute.cast_signed() * 60 + i as i64,
        place: (i % 3 != 2).then_some(*place),
        alone: alone || i != 4,
        new: i == 0,
    };
    let feet: Vec<Foot> = places.iter().flat_map(|p| [p; 3]).enumerate().map(foot).collect();
    it.minute(&feet);
}

#[test]
fn usual_paths_stand_in_the_card_and_a_new_one_is_told_once() {
    let mut it = Patterns::default();
    let (mut cards, mut new) = (Vec::new(), Vec::new());
    for minute in 0..12 * 1440 {
        let day = minute / 1440;
        match minute % 10 {
            0 => visit(&mut it, minute, &[4, 5, 6, 7], true),
            5 => visit(&mut it, minute, &[11, 10, 6], true),
            7 => visit(&mut it, minute, &[0, 1, 2], false),
            3 if day >= 6 => visit(&mut it, minute, &[8, 9, 5, 1], true),
            _ => {}
        }
        let mined = if minute % 1440 == 0 { it.turn(day) } else { None };
        if let Some(mined) = mined {
            new.extend(it.insight("a", &mined));
            cards.push(mined.card());
            let mut to = Writer::default();
            it.save(&mut to);
            assert_eq!(Patterns::load(&mut Reader(&to.0)), Some(it.clone()));
            assert_eq!(Patterns::load(&mut Reader(&to.0[..to.0.len() / 2])), None);
        }
    }
    let places = |card: &flumen_base::wire::Patterns| -> Vec<Vec<u32>> {
        card.paths.iter().map(|path| path.places.clone()).collect()
    };
    let mut first = places(&cards[0]);
    first.sort();
    assert_eq!(first, [vec![4, 5, 6, 7], vec![11, 10, 6]], "a mixed visit counts nothing");
    assert_eq!(places(cards.last().unwrap()).len(), 3);
    assert_eq!(new.len(), 1);
    assert_eq!(new[0].places, [8, 9, 5, 1]);
    assert!(new[0].text.contains("bottom left, bottom centre left, middle centre left"));
}

#[test]
fn near_to_an_edge_nobody_is_in_a_place() {
    assert_eq!((part(0.1, 4.0), part(0.24, 4.0), part(0.3, 4.0)), (Some(0), None, Some(1)));
    assert_eq!((part(0.0, 3.0), part(1.0, 3.0), part(0.65, 3.0)), (Some(0), Some(2), None));
}
