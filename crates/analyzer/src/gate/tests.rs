use super::*;

fn unit(pts_us: i64, bytes: usize) -> Unit {
    (Meta { pts_us, ..Meta::default() }, Bytes::from(vec![0; bytes]))
}

/// A slice of H.264 of this size; `referred` as its header says.
fn slice(bytes: usize, referred: bool) -> Vec<u8> {
    let mut data = vec![0, 0, 0, 1, if referred { 0x41 } else { 0x01 }];
    data.resize(bytes.max(6), 0x55);
    data
}

#[test]
fn what_is_held_is_bounded_in_units_time_and_bytes() {
    let full = |step_us: i64, bytes: usize| {
        let mut gate = Gate::default();
        gate.hold_key(unit(0, bytes), (160, 96));
        (1..).take_while(|n| gate.hold(unit(n * step_us, bytes), 1 << 20)).count()
    };
    assert_eq!(full(10_000, 1), MOST_UNITS - 1);
    assert_eq!(full(40_000, 100), (MOST_US / 40_000) as usize);
    assert_eq!(full(40_000, 1 << 16), 15);
}

#[test]
fn units_in_a_row_far_from_the_usual_of_their_kind_are_odd() {
    let mut gate = Gate::default();
    let mut weigh = |bytes, referred| gate.weigh((Codec::H264, &slice(bytes, referred)), 9, false);
    for n in 0..200 {
        assert!(!weigh(1000 + n % 7 * 30, true), "usual sizes");
        assert!(!weigh(200 + n % 5 * 10, false));
    }
    assert!(!weigh(2900, true) && !weigh(1000, true), "one alone tells nothing");
    let told = (0..20).position(|n| weigh(2800 + n * 10, true) || weigh(200, false));
    assert!(told.is_some_and(|n| (5..8).contains(&n)), "seven in a row, whatever is between");
    let told = (0..20).position(|n| weigh(900 + n * 10, false));
    assert!(told.is_some_and(|n| (5..8).contains(&n)), "usual for others, not for those");
}

#[test]
fn a_small_shift_that_lasts_is_odd_and_the_first_units_of_a_group_are_not() {
    let mut gate = Gate::default();
    let mut weigh = |bytes, nth| gate.weigh((Codec::H264, &slice(bytes, true)), nth, false);
    assert!((0..200).all(|n| !weigh(2000 + n % 5 * 40, 9)), "usual sizes");
    assert!((1..=SETTLING).all(|nth| !weigh(4000, nth)));
    // Less than a twelfth below: 2080, 65 a step.
    let told = (0..30).position(|n| weigh(1830 + n % 5 * 40, 9));
    assert!(told.is_some_and(|n| (5..25).contains(&n)), "{told:?}");
}

#[test]
fn quiet_needs_time_and_a_known_background() {
    let mut gate = Gate::default();
    for n in 0..=100 {
        gate.stirred(n * 40_000, false);
        let rests = |mode| gate.may_rest(mode, n * 40_000);
        assert!(!rests(GateMode::Exact));
        assert_eq!(rests(GateMode::Thrifty), n >= 74, "pictures");
    }
    gate.stirred(4_040_000, true);
    gate.stirred(4_080_000, false);
    assert!(!gate.may_rest(GateMode::Thrifty, 5_079_999));
    assert!(gate.may_rest(GateMode::Thrifty, 5_080_000));
    assert!(!gate.may_rest(GateMode::Balanced, 6_079_999));
    assert!(gate.may_rest(GateMode::Balanced, 6_080_000));
}

#[test]
fn what_is_saved_is_read() {
    let mut gate = Gate::default();
    assert!(gate.is_new());
    gate.hold_key(unit(5, 40), (160, 96));
    gate.hold(unit(40_005, 4), 1000);
    gate.weigh((Codec::H264, &slice(700, true)), 9, false);
    gate.stirred(7, false);
    let mut to = Writer::default();
    gate.save(&mut to);
    assert_eq!(Gate::load(&mut Reader(&to.0)), Some(gate));
    for cut in 0..to.0.len() {
        Gate::load(&mut Reader(&to.0[..cut]));
    }
}
