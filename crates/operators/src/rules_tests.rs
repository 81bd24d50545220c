//! What rules say of things on made-up ways, with boxes that jitter.

use flumen_base::wire::privacy_mask::Corner;
use flumen_base::wire::rule::Direction;
use flumen_base::wire::zone::Shape;
use flumen_base::wire::{Rule, RuleKind, Zone};
use proptest::prelude::*;

use crate::thing::StandingKind;
use crate::{Bits, Detail, Moment, Reader, Seen, Sign, Standing, Thing, Turn, Watch, Writer};

const SIZE: (u32, u32) = (1000, 1000);
const FRAME_US: i64 = 40_000;

fn zone(id: &str, shape: Shape, corners: &[(u32, u32)]) -> Zone {
    let corner = |&(x, y): &(u32, u32)| Corner { x_permille: x, y_permille: y };
    Zone {
        id: id.into(),
        shape: shape.into(),
        corners: corners.iter().map(corner).collect(),
        ..Zone::default()
    }
}

fn zones() -> Vec<Zone> {
    vec![
        // From x = 400 to x = 600, over the whole height.
        zone("door", Shape::Area, &[(400, 50), (600, 50), (600, 950), (400, 950)]),
        // Drawn upwards: A is on the left.
        zone("line", Shape::Line, &[(500, 950), (500, 50)]),
    ]
}

fn rule(kind: RuleKind, zone: &str) -> Rule {
    Rule { id: "r".into(), kind: kind.into(), zone: zone.into(), ..Rule::default() }
}

/// A thing 40 wide and 100 high whose foot is at x, y.
fn thing(id: u64, x: i32, y: i32) -> Thing {
    Thing {
        id,
        left: x - 20,
        top: y - 100,
        width: 40,
        height: 100,
        score: 900,
        born: 0,
        velocity: (0.0, 0.0),
        age_us: 0,
        hits: 9,
    }
}

/// The same on its way: a height a second.
fn walks(id: u64, x: i32, y: i32) -> Thing {
    Thing { velocity: (100.0, 0.0), ..thing(id, x, y) }
}

struct Rig {
    watch: Watch,
    frame: i64,
    signs: Vec<Sign>,
    /// What the pictures are like from now on.
    odd: bool,
    moving: Bits,
}

impl Rig {
    fn new(rules: &[Rule]) -> Rig {
        let mut watch = Watch::default();
        assert!(watch.change(&zones(), rules).is_empty());
        let mut rig = Rig::over(watch, 0, Vec::new());
        rig.see(&[]);
        rig
    }

    fn over(watch: Watch, frame: i64, signs: Vec<Sign>) -> Rig {
        Rig { watch, frame, signs, odd: false, moving: Bits::new(100, 100) }
    }

    fn see(&mut self, things: &[Thing]) {
        self.look(things, &[]);
    }

    fn look(&mut self, things: &[Thing], standing: &[Standing]) {
        let now = Moment { pts_us: self.frame * FRAME_US, size: SIZE, odd: self.odd };
        let seen = Seen { things, standing, moving: &self.moving };
        self.watch.see(now, seen, &mut self.signs);
        self.frame += 1;
    }

    /// Walks one thing along the row y = 500, then nothing for 3 s.
    fn walk(&mut self, id: u64, way: impl IntoIterator<Item = i32>) {
        for x in way {
            self.see(&[thing(id, x, 500)]);
        }
        (0..75).for_each(|_| self.see(&[]));
    }

    fn begun(&self) -> Vec<Sign> {
        self.signs.iter().copied().filter(|s| s.turn == Turn::Begin).collect()
    }

    fn ended(&self) -> Vec<Sign> {
        self.signs.iter().copied().filter(|s| s.turn == Turn::End).collect()
    }
}

/// There in steps of 10, a second is 250.
fn way(from: i32, to: i32) -> Vec<i32> {
    match from < to {
        true => (from..=to).step_by(10).collect(),
        false => (to..=from).rev().step_by(10).collect(),
    }
}

#[test]
fn a_crossing_is_told_once_with_its_direction_and_dated_back() {
    let mut rig = Rig::new(&[rule(RuleKind::Cross, "line")]);
    rig.walk(7, way(300, 700));
    let begun = rig.begun();
    assert_eq!(begun.len(), 1);
    assert_eq!((begun[0].subject, begun[0].detail), (7, Detail::Crossed(true)));
    assert_eq!(begun[0].at_us, 21 * FRAME_US, "frame 1 is at 300, so 500 is at frame 21");
    assert_eq!(rig.ended().len(), 1);
    rig.walk(8, way(700, 300));
    assert_eq!(rig.begun()[1].detail, Detail::Crossed(false));
}

#[test]
fn only_the_direction_that_is_wanted_is_told_and_the_other_is_the_wrong_way() {
    let to_b = |kind| Rule { direction: Direction::AToB.into(), ..rule(kind, "line") };
    let mut rig = Rig::new(&[to_b(RuleKind::Cross), to_b(RuleKind::WrongWay)]);
    rig.walk(1, way(300, 700));
    rig.walk(2, way(700, 300));
    let told: Vec<_> = rig.begun().iter().map(|s| (s.rule, s.subject)).collect();
    assert_eq!(told, [(0, 1), (1, 2)]);
}

#[test]
fn who_walks_past_the_end_of_a_line_does_not_cross_it() {
    let mut rig = Rig::new(&[rule(RuleKind::Cross, "line")]);
    for x in way(300, 700) {
        rig.see(&[thing(1, x, 980)]);
    }
    assert!(rig.signs.is_empty());
}

#[test]
fn a_box_that_jitters_on_the_edge_says_nothing() {
    let mut rig = Rig::new(&[rule(RuleKind::Cross, "line"), rule(RuleKind::Enter, "door")]);
    let jitter = |n: i32, x: i32| x + (n * 7919 % 13) - 6;
    for n in 0..500 {
        rig.see(&[thing(1, jitter(n, 500), 500), thing(2, jitter(n, 400), 500)]);
    }
    assert!(rig.begun().iter().all(|s| s.rule == 1 && s.subject == 1), "{:?}", rig.begun());
}

#[test]
fn entering_and_leaving_are_told_once_and_the_stay_is_measured() {
    let kinds = [RuleKind::Enter, RuleKind::Leave, RuleKind::Dwell];
    let mut rig = Rig::new(&kinds.map(|k| rule(k, "door")));
    let stay = way(300, 500).into_iter().chain(std::iter::repeat_n(500, 100));
    rig.walk(3, stay.chain(way(500, 700)));
    let told: Vec<_> = rig.begun().iter().map(|s| s.rule).collect();
    assert_eq!(told, [0, 2, 1]);
    let end = rig.ended().into_iter().find(|s| s.rule == 2).unwrap();
    let Detail::Stayed(us) = end.detail else { panic!("{end:?}") };
    // 20 steps inside, 4 s of rest, and what it takes to be sure that it left.
    assert!((4_700_000..5_300_000).contains(&us), "{us}");
}

#[test]
fn a_track_that_breaks_goes_on_as_the_same_thing() {
    let loiter = Rule { seconds: 5, ..rule(RuleKind::Loiter, "door") };
    let mut rig = Rig::new(&[rule(RuleKind::Enter, "door"), loiter]);
    for n in 0..300 {
        // Each second another number, with half a second of nothing before.
        if n % 25 < 13 {
            rig.see(&[thing(n as u64 / 25 + 1, 380.max(500 - 10 * (12 - n).max(0)), 500)]);
        } else {
            rig.see(&[]);
        }
    }
    let told: Vec<_> = rig.begun().iter().map(|s| s.rule).collect();
    assert_eq!(told, [0, 1], "entered once, loiters once");
}

#[test]
fn who_stays_long_enough_loiters_once() {
    let loiter = Rule { seconds: 4, ..rule(RuleKind::Loiter, "door") };
    let mut rig = Rig::new(&[loiter]);
    rig.walk(1, way(300, 500).into_iter().chain(std::iter::repeat_n(500, 60)).chain(way(500, 700)));
    assert!(rig.begun().is_empty(), "only 3 s");
    rig.walk(
        2,
        way(300, 500).into_iter().chain(std::iter::repeat_n(500, 250)).chain(way(500, 700)),
    );
    assert_eq!((rig.begun().len(), rig.ended().len()), (1, 1));
}

#[test]
fn a_step_out_of_the_zone_is_no_new_stay() {
    let loiter = Rule { seconds: 6, ..rule(RuleKind::Loiter, "door") };
    let mut rig = Rig::new(&[loiter]);
    // Three seconds in, one out, four times over.
    for n in 0..400 {
        rig.see(&[thing(1, if n % 100 < 75 { 440 } else { 370 }, 500)]);
    }
    let told: Vec<_> = rig.begun().iter().map(|s| s.at_us / 1_000_000).collect();
    assert_eq!(told, [6], "once, from when it came first");
    // Gone for longer, it is another stay.
    (0..300).for_each(|_| rig.see(&[thing(1, 200, 500)]));
    (0..200).for_each(|_| rig.see(&[thing(1, 440, 500)]));
    assert_eq!(rig.begun().len(), 2);
}

#[test]
fn a_crowd_is_told_when_it_is_large_and_lasts() {
    let crowd = Rule { count: 3, seconds: 2, ..rule(RuleKind::Crowd, "door") };
    let mut rig = Rig::new(&[crowd]);
    let some = |n: i32| (0..n).map(|i| thing(i as u64 + 1, 500, 200 + 150 * i)).collect::<Vec<_>>();
    for (things, frames) in [(2, 200), (3, 40), (2, 60), (4, 100), (0, 100)] {
        (0..frames).for_each(|_| rig.see(&some(things)));
    }
    assert_eq!((rig.begun().len(), rig.ended().len()), (1, 1));
    assert_eq!(rig.ended()[0].detail, Detail::Count(4));
}

#[test]
fn against_the_flow_of_an_area_is_told_once() {
    let flow = Rule { heading: 0, ..rule(RuleKind::WrongWay, "door") };
    let mut rig = Rig::new(&[flow]);
    rig.walk(1, way(300, 700));
    assert!(rig.begun().is_empty(), "to the right is the way");
    let from = rig.frame;
    rig.walk(2, way(700, 300));
    assert_eq!(rig.begun().len(), 1, "{:?}", rig.begun());
    // In the area from x = 600, ten frames on; told 100 further, dated back to when that was sure.
    let told = rig.begun()[0].at_us / FRAME_US - from;
    assert!((10..=18).contains(&told), "{told}");
    // Out over the edge and in again on the same walk.
    let small = |x, y| Thing { top: y - 40, height: 40, ..thing(4, x, y) };
    for x in way(700, 410) {
        let y = if (480..510).contains(&x) { 1000 } else { 900 };
        (0..5).for_each(|_| rig.see(&[small(x, y)]));
    }
    let of_walk = rig.begun().iter().filter(|s| s.subject == 4).count();
    assert_eq!(of_walk, 1, "{:?}", rig.begun());
    // Across it is not against it.
    for y in way(200, 800) {
        rig.see(&[thing(3, 500, y)]);
    }
    assert_eq!(rig.begun().len(), 2);
}

#[test]
fn who_comes_back_ends_what_was_told_of_another_under_its_number() {
    let mut rig = Rig::new(&[rule(RuleKind::Dwell, "door")]);
    way(300, 500).into_iter().for_each(|x| rig.see(&[thing(1, x, 500)]));
    // Another track goes on where the first one ended; then the first is there again.
    (0..10).for_each(|_| rig.see(&[thing(2, 500, 500)]));
    way(300, 550).into_iter().for_each(|x| rig.see(&[thing(1, x, 900), thing(2, 500, 500)]));
    let turns: Vec<_> = rig.signs.iter().filter(|s| s.turn != Turn::On).collect();
    let turns: Vec<_> = turns.iter().map(|s| (s.subject, s.turn)).collect();
    assert_eq!(turns, [(1, Turn::Begin), (1, Turn::End), (1, Turn::Begin)]);
}

#[test]
fn a_rule_that_stays_keeps_what_it_follows_and_a_new_one_does_not_see_newcomers_in_who_is_there() {
    let dwell = Rule { id: "stay".into(), ..rule(RuleKind::Dwell, "door") };
    let mut rig = Rig::new(std::slice::from_ref(&dwell));
    way(300, 500).into_iter().for_each(|x| rig.see(&[thing(1, x, 500)]));
    let muted = Rule { muted: true, ..dwell.clone() };
    let enter = Rule { id: "in".into(), ..rule(RuleKind::Enter, "door") };
    assert_eq!(rig.watch.change(&zones(), &[enter, muted]), ["stay"]);
    rig.walk(1, way(500, 700));
    let told: Vec<_> = rig.begun().iter().map(|s| s.rule).collect();
    assert_eq!(told, [0], "the dwell of before; nobody entered since");
    assert_eq!(rig.ended().len(), 1);
    let gone = Rule { zone: "nowhere".into(), ..dwell };
    assert!(rig.watch.change(&zones(), &[gone]).is_empty());
    assert!(rig.watch.rule(0).is_none());
}

fn standing(kind: StandingKind, since_us: i64) -> Standing {
    Standing { left: 480, top: 460, width: 40, height: 40, since_us, kind, track: 9 }
}

#[test]
fn what_is_left_alone_is_told_once_and_not_while_somebody_is_with_it() {
    let left = Rule { seconds: 5, ..rule(RuleKind::Left, "door") };
    let mut rig = Rig::new(&[left, rule(RuleKind::Taken, "door")]);
    (0..25).for_each(|n| rig.see(&[walks(1, 420 + 4 * n, 500)]));
    let since = rig.frame * FRAME_US;
    let bag = [standing(StandingKind::Left, since)];
    (0..200).for_each(|_| rig.look(&[thing(1, 540, 500)], &bag));
    assert!(rig.begun().is_empty(), "its owner is there");
    (0..120).for_each(|_| rig.look(&[], &bag));
    assert!(rig.begun().is_empty(), "4.8 s");
    (0..1000).for_each(|_| rig.look(&[], &bag));
    assert_eq!(rig.begun().len(), 1);
    assert_eq!((rig.begun()[0].rule, rig.begun()[0].track()), (0, 9));
    assert_eq!(rig.begun()[0].detail, Detail::Stayed(5_000_000));
    (0..100).for_each(|_| rig.look(&[], &[]));
    assert_eq!(rig.ended().len(), 1, "it is gone");
    (0..300).for_each(|_| rig.look(&[], &bag));
    assert_eq!(rig.begun().len(), 1, "the same place again is not told again at once");
}

#[test]
fn who_only_passes_is_not_with_what_was_left() {
    let left = Rule { seconds: 5, ..rule(RuleKind::Left, "") };
    let mut rig = Rig::new(&[left]);
    (0..25).for_each(|n| rig.see(&[walks(1, 420 + 4 * n, 500)]));
    let bag = [standing(StandingKind::Left, rig.frame * FRAME_US)];
    // One after the other, four pixels a frame: a height a second.
    for n in 0..150 {
        let passes =
            Thing { velocity: (100.0, 0.0), ..thing(2 + n / 50, 400 + 4 * (n % 50) as i32, 560) };
        rig.look(&[passes], &bag);
    }
    assert_eq!(rig.begun().len(), 1, "{:?}", rig.begun());
}

#[test]
fn what_came_by_itself_is_an_object_only_if_it_does_not_stir() {
    let left = Rule { seconds: 5, ..rule(RuleKind::Left, "door") };
    for (stirs, told) in [(0, 1), (30, 0)] {
        let mut rig = Rig::new(std::slice::from_ref(&left));
        (0..25).for_each(|n| rig.see(&[walks(9, 400 + 4 * n, 500)]));
        let unclear = Standing {
            left: 480,
            top: 400,
            width: 40,
            height: 100,
            since_us: rig.frame * FRAME_US,
            kind: StandingKind::Unclear,
            track: 9,
        };
        for n in 0..600 {
            // Who waits moves an arm now and then.
            let wide = if n % 60 == 0 { stirs } else { 0 };
            let it = Thing { width: 40 + wide, ..thing(9, 500, 500) };
            rig.look(&[it], &[unclear]);
        }
        assert_eq!(rig.begun().len(), told, "stirs {stirs}");
    }
}

#[test]
fn what_nobody_brought_is_not_told() {
    let mut rig = Rig::new(&[rule(RuleKind::Left, "door")]);
    let bag = [standing(StandingKind::Left, 0)];
    (0..1000).for_each(|_| rig.look(&[], &bag));
    assert!(rig.signs.is_empty());
}

#[test]
fn what_is_larger_than_whoever_was_there_or_never_went_is_no_object() {
    let wide = Standing {
        left: 100,
        width: 800,
        top: 200,
        height: 300,
        ..standing(StandingKind::Left, 0)
    };
    let small = standing(StandingKind::Left, 0);
    // Half of the picture when the camera goes to infra-red while somebody walks there; a light
    // that is a thing at once and stays where it is.
    for (it, place) in [(walks(1, 500, 500), wide), (thing(1, 500, 500), small)] {
        let mut rig = Rig::new(&[rule(RuleKind::Left, "")]);
        let place = Standing { since_us: 25 * FRAME_US, ..place };
        (0..25).for_each(|_| rig.see(&[it]));
        (0..1000).for_each(|_| rig.look(&[], &[place]));
        assert!(rig.signs.is_empty(), "{:?}", rig.signs.first());
    }
}

#[test]
fn what_came_to_rest_with_an_odd_picture_is_no_object_until_its_place_was_as_usual() {
    let left = Rule { seconds: 5, ..rule(RuleKind::Left, "door") };
    for (pause, told) in [(10, 0), (20, 1)] {
        let mut rig = Rig::new(std::slice::from_ref(&left));
        rig.odd = true;
        (0..25).for_each(|_| rig.see(&[]));
        rig.odd = false;
        // The place of the bag moves, and has a pause, while somebody walks through it.
        (0..50).for_each(|x| rig.moving.set_run(48, x + 25, x + 26));
        (0..50).for_each(|n| rig.see(&[walks(1, 420 + 2 * n, 500)]));
        rig.moving.clear();
        (0..pause).for_each(|n| rig.see(&[walks(1, 520 + 2 * n, 500)]));
        let bag = [standing(StandingKind::Left, rig.frame * FRAME_US)];
        (45..55).for_each(|y| rig.moving.set_run(y, 45, 55));
        (0..1000).for_each(|_| rig.look(&[], &bag));
        assert_eq!(rig.begun().len(), told, "{pause} pictures as usual");
    }
}

#[test]
fn what_stood_before_the_picture_was_odd_is_still_told() {
    let mut rig = Rig::new(&[Rule { seconds: 5, ..rule(RuleKind::Left, "door") }]);
    (0..25).for_each(|n| rig.see(&[walks(1, 420 + 4 * n, 500)]));
    let bag = |rig: &Rig| [standing(StandingKind::Left, rig.frame * FRAME_US)];
    let first = bag(&rig);
    (0..50).for_each(|_| rig.look(&[], &first));
    rig.odd = true;
    (0..50).for_each(|_| rig.see(&[]));
    rig.odd = false;
    (45..55).for_each(|y| rig.moving.set_run(y, 45, 55));
    let again = bag(&rig);
    (0..200).for_each(|_| rig.look(&[], &again));
    assert_eq!(rig.begun().len(), 1, "{:?}", rig.begun());
}

fn saved(watch: &Watch) -> Vec<u8> {
    let mut to = Writer::default();
    watch.save(&mut to);
    to.0
}

fn any_rules() -> Vec<Rule> {
    let kinds = [
        (RuleKind::Motion, "door"),
        (RuleKind::Enter, "door"),
        (RuleKind::Leave, "door"),
        (RuleKind::Cross, "line"),
        (RuleKind::Dwell, "door"),
        (RuleKind::Loiter, ""),
        (RuleKind::Crowd, "door"),
        (RuleKind::WrongWay, "door"),
        (RuleKind::WrongWay, "line"),
        (RuleKind::Left, ""),
        (RuleKind::Taken, "door"),
    ];
    let named = |(i, (kind, zone)): (usize, &(RuleKind, &str))| Rule {
        id: format!("r{i}"),
        seconds: 1,
        count: 2,
        ..rule(*kind, zone)
    };
    kinds.iter().enumerate().map(named).collect()
}

type Shown = (Vec<(u64, i32, i32)>, bool, bool);

fn show(rig: &mut Rig, (things, bag, odd): &Shown) {
    rig.odd = *odd;
    (45..55).for_each(|y| rig.moving.set_run(y, 45, 55));
    let things: Vec<_> = things.iter().map(|&(id, x, y)| thing(id, x, y)).collect();
    let bag = bag.then(|| standing(StandingKind::Left, 10 * FRAME_US));
    rig.look(&things, bag.as_slice());
}

fn shown() -> impl Strategy<Value = Shown> {
    let thing = (1..5u64, 0..1000i32, 100..1000i32);
    (proptest::collection::vec(thing, 0..4), any::<bool>(), proptest::bool::weighted(0.05))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn restored_rules_are_the_rules_and_go_on_alike(
        before in proptest::collection::vec(shown(), 1..120),
        after in proptest::collection::vec(shown(), 1..60),
    ) {
        let mut rig = Rig::new(&any_rules());
        before.iter().for_each(|s| show(&mut rig, s));
        let bytes = saved(&rig.watch);
        let mut from = Reader(&bytes);
        let watch = Watch::load(&mut from).unwrap();
        prop_assert!(from.0.is_empty());
        prop_assert_eq!(&watch, &rig.watch);
        let mut again = Rig::over(watch, rig.frame, rig.signs.clone());
        for s in &after {
            show(&mut rig, s);
            show(&mut again, s);
        }
        prop_assert_eq!(&rig.signs, &again.signs);
        prop_assert_eq!(saved(&rig.watch), saved(&again.watch));
    }

    #[test]
    fn a_happening_begins_before_it_goes_on_and_ends_once(
        frames in proptest::collection::vec(shown(), 1..200),
    ) {
        let mut rig = Rig::new(&any_rules());
        frames.iter().for_each(|s| show(&mut rig, s));
        let mut open = std::collections::BTreeSet::new();
        for s in &rig.signs {
            let name = (s.rule, s.subject);
            match s.turn {
                Turn::Begin => prop_assert!(open.insert(name), "{:?} begins twice", s),
                Turn::On => prop_assert!(open.contains(&name), "{:?} was not begun", s),
                Turn::End => prop_assert!(open.remove(&name), "{:?} was not begun", s),
            }
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Watch::load(&mut Reader(&bytes));
    }
}
