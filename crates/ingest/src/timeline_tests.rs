//! Properties of the time line under any input, and the named faults of real cameras.

use super::*;
use proptest::prelude::*;

const START: i64 = 1_700_000_000_000_000;
const FRAME: i64 = 40_000;
/// 2^33 ticks of 90 kHz.
const WRAP: i64 = 95_443_717_689;

fn stamp(native: i64, arrival: i64) -> Stamp {
    Stamp {
        pts_us: native,
        dts_us: native,
        duration_us: 40_000,
        arrival_us: arrival,
        ..Stamp::default()
    }
}

/// `n` frames of a well behaved camera from `native` and `arrival` on.
fn run(line: &mut Timeline, native: i64, arrival: i64, n: i64) -> Vec<Placed> {
    (0..n).map(|i| line.video(&stamp(native + i * FRAME, arrival + i * FRAME))).collect()
}

/// What the head of the module promises, over the whole history.
fn check(all: &[Placed]) {
    let mut last: Option<Placed> = None;
    let mut latest_pts = i64::MIN;
    let mut pts = std::collections::HashSet::new();
    for p in all {
        assert!(p.pts_us >= p.dts_us && p.pts_us - p.dts_us <= FAR_US, "{p:?}");
        assert!(p.duration_us > 0 && i64::from(p.duration_us) <= FAR_US, "{p:?}");
        assert!(pts.insert(p.pts_us), "twice: {p:?}");
        if let Some(before) = last {
            assert!(p.dts_us > before.dts_us, "{before:?} {p:?}");
            assert!(p.new_epoch || p.dts_us - before.dts_us <= FAR_US + 1_000_000, "{p:?}");
        }
        if p.new_epoch {
            assert!(p.dts_us >= latest_pts, "an epoch begins behind the one before: {p:?}");
        }
        latest_pts = latest_pts.max(p.pts_us);
        last = Some(*p);
    }
}

fn any_stamp() -> impl Strategy<Value = (i64, i64, i64, u32, Option<i64>, bool)> {
    let step = prop_oneof![
        8 => 1i64..200_000,
        2 => -200_000i64..20_000_000,
        1 => any::<i64>(),
        1 => Just(-WRAP),
        1 => Just(3_600_000_000),
        1 => Just(0i64),
    ];
    let composition = prop_oneof![4 => 0i64..200_000, 1 => any::<i64>()];
    let waited = prop_oneof![8 => 0i64..200_000, 1 => -4_000_000_000i64..4_000_000_000];
    let duration = prop_oneof![Just(0u32), Just(40_000), any::<u32>()];
    let capture = prop_oneof![Just(None), any::<i64>().prop_map(Some), (0i64..9).prop_map(Some)];
    (step, composition, waited, duration, capture, any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_comes_in_breaks_the_promises(
        steps in prop::collection::vec(any_stamp(), 1..200),
        connect_every in 5usize..100,
        floor in prop_oneof![Just(i64::MIN), Just(START), any::<i64>()],
    ) {
        let mut line = Timeline::new(floor, 500_000);
        let (mut native, mut arrival) = (0i64, START);
        let mut all = Vec::new();
        let mut last_audio = i64::MIN;
        for (i, (step, composition, waited, duration_us, capture, key)) in steps.into_iter().enumerate() {
            native = native.wrapping_add(step);
            arrival = arrival.saturating_add(waited);
            if i % connect_every == 0 {
                line.connect(20_000);
            }
            let capture_us = capture.map(|c| if (0..9).contains(&c) { arrival - c * 100_000 } else { c });
            let pts_us = native.wrapping_add(composition);
            let s = Stamp { pts_us, dts_us: native, duration_us, capture_us, arrival_us: arrival, key };
            let placed = line.video(&s);
            prop_assert!(placed.dts_us < line.end_us());
            all.push(placed);
            if let Some(audio) = line.audio(&s) {
                prop_assert!(audio.dts_us > last_audio);
                last_audio = audio.dts_us;
            }
        }
        check(&all);
    }

    #[test]
    fn a_good_camera_keeps_its_exact_times(
        native in -1_000_000_000i64..1_000_000_000_000,
        jitter in prop::collection::vec(0i64..40_000, 1..300),
    ) {
        let mut line = Timeline::new(0, 500_000);
        let mut all = Vec::new();
        for (i, late) in jitter.iter().enumerate() {
            let i = i as i64;
            all.push(line.video(&stamp(native + i * FRAME, START + i * FRAME + late)));
        }
        for (i, p) in all.iter().enumerate() {
            prop_assert_eq!(p.dts_us, START + jitter[0] + i as i64 * FRAME);
            prop_assert_eq!(p.new_epoch, i == 0);
            prop_assert!(!p.discontinuity);
        }
    }
}

#[test]
fn a_wrap_of_33_bits_is_one_new_epoch_and_no_long_duration() {
    let mut line = Timeline::new(0, 500_000);
    let mut all = run(&mut line, WRAP - 10 * FRAME, START, 10);
    all.extend(run(&mut line, 0, START + 10 * FRAME, 10));
    check(&all);
    assert_eq!(all.iter().filter(|p| p.new_epoch).count(), 2);
    assert!(all[10].new_epoch && all[10].discontinuity);
    assert_eq!(all[10].dts_us - all[9].dts_us, FRAME);
}

#[test]
fn a_clock_that_jumps_an_hour_does_not_make_an_hour() {
    let mut line = Timeline::new(0, 500_000);
    let mut all = run(&mut line, 0, START, 10);
    all.extend(run(&mut line, 3_600_000_000, START + 10 * FRAME, 10));
    all.extend(run(&mut line, 5 * FRAME, START + 20 * FRAME, 10));
    all.extend(run(&mut line, 5_000_000, START + 30 * FRAME, 10));
    check(&all);
    assert_eq!(all.iter().filter(|p| p.discontinuity).count(), 3);
    assert_eq!(all[39].dts_us - all[0].dts_us, 39 * FRAME);
}

#[test]
fn small_steps_back_and_equal_stamps_are_jitter() {
    let mut line = Timeline::new(0, 500_000);
    let natives = [0, 40_000, 40_000, 30_000, 80_000, 120_000];
    let all: Vec<_> =
        natives.iter().zip(0..).map(|(n, i)| line.video(&stamp(*n, START + i * FRAME))).collect();
    check(&all);
    assert_eq!(all.iter().filter(|p| p.new_epoch).count(), 1);
    assert_eq!(all[5].dts_us - all[0].dts_us, 120_000);
}

#[test]
fn a_clock_that_creeps_backwards_is_noticed() {
    let mut line = Timeline::new(0, 500_000);
    let all: Vec<_> = (0..20).map(|i| line.video(&stamp(-i * 15_000, START + i * FRAME))).collect();
    check(&all);
    assert_eq!(all.iter().filter(|p| p.discontinuity).count(), 2);
}

#[test]
fn b_frames_keep_their_order_of_showing() {
    let mut line = Timeline::new(0, 500_000);
    let shown = [80_000, 200_000, 120_000, 160_000, 280_000];
    let all: Vec<_> = shown
        .iter()
        .zip(0..)
        .map(|(pts, i)| line.video(&Stamp { pts_us: *pts, ..stamp(i * FRAME, START + i * FRAME) }))
        .collect();
    check(&all);
    let relative: Vec<_> = all.iter().map(|p| p.pts_us - all[0].pts_us).collect();
    assert_eq!(relative, [0, 120_000, 40_000, 80_000, 200_000]);
}

#[test]
fn an_epoch_begins_no_earlier_than_the_last_one_ended() {
    let mut line = Timeline::new(START + 500_000, 500_000);
    let first = run(&mut line, 77, START, 3);
    assert_eq!(first[0].dts_us, START + 500_000, "the floor of an earlier process holds");
    line.connect(500_000);
    let second = run(&mut line, 9, START - 3_600_000_000, 3);
    assert_eq!(second[0].dts_us, first[2].dts_us + FRAME, "the host's clock was set back");
    assert!(second[0].new_epoch && !second[0].discontinuity);
    line.connect(500_000);
    let third = run(&mut line, 9, START + 60_000_000, 3);
    assert_eq!(third[0].dts_us, START + 60_000_000, "a true hole stays a hole");
}

#[test]
fn utc_of_sender_reports_is_used_unless_it_is_absurd() {
    let mut line = Timeline::new(0, 500_000);
    let good = line.video(&Stamp { capture_us: Some(START - 80_000), ..stamp(0, START) });
    assert_eq!((good.capture_us, good.capture_source), (START - 80_000, TimeSource::Rtcp));
    assert_eq!((good.dts_us, good.capture_error_us), (START - 80_000, 80_000));
    let unset = line.video(&Stamp { capture_us: Some(5_000_000), ..stamp(FRAME, START + FRAME) });
    assert_eq!((unset.capture_us, unset.capture_source), (START + FRAME, TimeSource::Arrival));
}

#[test]
fn a_burst_after_a_stall_does_not_move_capture_times() {
    let mut line = Timeline::new(0, 500_000);
    run(&mut line, 0, START, 500);
    let late = START + 575 * FRAME;
    let burst: Vec<_> = (500..575).map(|i| line.video(&stamp(i * FRAME, late))).collect();
    assert!(burst.iter().all(|p| !p.new_epoch && p.capture_source == TimeSource::Camera));
    assert_eq!(burst[0].capture_us, START + 500 * FRAME);
}

#[test]
fn a_camera_clock_that_runs_slow_is_followed_without_a_jump() {
    let mut line = Timeline::new(0, 500_000);
    let all: Vec<_> = (0..100_000i64)
        .map(|i| line.video(&stamp(i * FRAME, START + i * FRAME + i * FRAME / 5_000)))
        .collect();
    check(&all);
    assert_eq!(all.iter().filter(|p| p.new_epoch).count(), 1);
    let lag = START + 99_999 * FRAME + 99_999 * FRAME / 5_000 - all[99_999].dts_us;
    assert!(lag.abs() < 200_000, "{lag}");
}

#[test]
fn media_time_that_fell_far_behind_is_anchored_at_a_key_frame() {
    let mut line = Timeline::new(0, 500_000);
    let mut all = run(&mut line, 0, START, 100);
    for i in 100..800 {
        let s = stamp(i * FRAME, START + i * FRAME + 3_600_000_000);
        all.push(line.video(&Stamp { key: i % 50 == 0, ..s }));
    }
    check(&all);
    assert_eq!(all.iter().filter(|p| p.discontinuity).count(), 1);
    let last = all.last().unwrap();
    assert_eq!(last.dts_us, START + 799 * FRAME + 3_600_000_000);
}

#[test]
fn audio_stands_by_the_video_and_never_runs_away() {
    let mut line = Timeline::new(0, 500_000);
    assert_eq!(line.audio(&stamp(0, START)), None, "nothing to stand by yet");
    run(&mut line, 1_000_000, START, 10);
    let audio = line.audio(&stamp(1_020_000, START)).unwrap();
    assert_eq!(audio.dts_us, START + 20_000);
    assert_eq!(line.audio(&stamp(99_000_000, START)), None);
    assert!(line.audio(&stamp(1_000_000, START)).unwrap().dts_us > audio.dts_us);
}

#[test]
fn the_error_of_sender_reports_is_not_that_of_a_late_network() {
    let mut line = Timeline::new(0, 500_000);
    let sent = |i: i64, late: i64| Stamp {
        capture_us: Some(START + i * FRAME - 30_000),
        ..stamp(i * FRAME, START + i * FRAME + late)
    };
    for i in 0..600 {
        line.video(&sent(i, 5_000));
    }
    let late = line.video(&sent(600, 3_000_000));
    assert_eq!((late.capture_us, late.capture_error_us), (START + 600 * FRAME - 30_000, 35_000));
}
