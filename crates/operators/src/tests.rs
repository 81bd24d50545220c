//! What the whole chain does with small made-up scenes.

use flumen_base::{Frame, Plane};
use proptest::prelude::*;

use crate::{Motion, Reader, StandingKind, Thing, Tuning, Writer};

const W: usize = 160;
const H: usize = 96;

/// A textured ground with boxes of things on it, in some light.
#[derive(Clone, Debug)]
struct Scene {
    things: Vec<(i32, i32, i32, i32, u8)>,
    gain: i32,
    seed: u32,
}

fn ground(x: usize, y: usize) -> i32 {
    60 + ((x / 5 * 37 + y / 7 * 59) % 60) as i32
}

impl Scene {
    fn quiet(seed: u32) -> Scene {
        Scene { things: Vec::new(), gain: 100, seed }
    }

    fn with(seed: u32, thing: (i32, i32, i32, i32, u8)) -> Scene {
        Scene { things: vec![thing], gain: 100, seed }
    }

    fn luma(&self) -> Vec<u8> {
        let pixel = |i: usize| {
            let (x, y) = (i % W, i / W);
            let inside = |t: &&(i32, i32, i32, i32, u8)| {
                let (px, py) = (x as i32 - t.0, y as i32 - t.1);
                (0..t.2).contains(&px) && (0..t.3).contains(&py)
            };
            let v = match self.things.iter().find(inside) {
                Some(t) => i32::from(t.4) + ((x as i32 - t.0) * 5 + (y as i32 - t.1) * 3) % 9,
                None => ground(x, y),
            };
            let noise = (i as u32 ^ self.seed.wrapping_mul(40_503)).wrapping_mul(2_654_435_761);
            (v * self.gain / 100 + (noise >> 30) as i32).clamp(0, 255) as u8
        };
        (0..W * H).map(pixel).collect()
    }
}

/// Shows a scene as frame `n` at 25 frames a second.
fn show(motion: &mut Motion, scene: &Scene, n: u32) {
    let luma = scene.luma();
    let frame = Frame {
        luma: Plane::new(&luma, W, W, H).unwrap(),
        u: None,
        v: None,
        pts_us: i64::from(n) * 40_000,
    };
    motion.see(&frame, u64::from(n)).unwrap();
}

fn fresh() -> Motion {
    Motion::new(W, H, Tuning::default()).unwrap()
}

/// A model that has seen `frames` quiet frames.
fn settled(frames: u32) -> Motion {
    let mut motion = fresh();
    (0..frames).for_each(|n| show(&mut motion, &Scene::quiet(n), n));
    motion
}

#[test]
fn a_thing_is_found_where_it_is_and_keeps_its_id() {
    let mut motion = settled(50);
    for n in 50..80 {
        show(&mut motion, &Scene::with(n, (n as i32 * 3 - 130, 30, 20, 40, 200)), n);
    }
    let things: Vec<Thing> = motion.things().collect();
    assert_eq!(things.len(), 1);
    let t = things[0];
    assert_eq!((t.id, t.born), (1, 50));
    assert!((t.left - 107).abs() <= 2 && (t.top - 30).abs() <= 2, "{t:?}");
    assert!(t.width.abs_diff(20) <= 3 && t.height.abs_diff(40) <= 3, "{t:?}");
    assert!(motion.motion_permyriad().abs_diff(20 * 40 * 10_000 / (160 * 96)) < 80);
}

#[test]
fn a_step_of_the_exposure_is_no_motion() {
    for gain in [65, 80, 130, 160] {
        let mut motion = settled(60);
        for n in 60..90 {
            show(&mut motion, &Scene { gain, ..Scene::quiet(n) }, n);
            assert_eq!(motion.motion_permyriad(), 0, "gain {gain} frame {n}");
        }
    }
}

#[test]
fn who_stands_through_steps_of_the_exposure_stays_one_thing_and_leaves_nothing() {
    let mut motion = settled(60);
    let walks = |n: u32, x: i32, gain| Scene { gain, ..Scene::with(n, (x, 30, 24, 40, 10)) };
    (60..100).for_each(|n| show(&mut motion, &walks(n, 2 * (n as i32 - 60), 100), n));
    let id = motion.things().next().unwrap().id;
    // Twenty seconds, a step every two.
    for n in 100..600 {
        let gain = [100, 65, 130, 80, 140][n as usize / 50 % 5];
        show(&mut motion, &walks(n, 80, gain), n);
        let things: Vec<_> = motion.things().collect();
        assert_eq!(things.iter().map(|t| t.id).collect::<Vec<_>>(), [id], "frame {n}");
        assert!(motion.motion_permyriad().abs_diff(625) < 150, "frame {n}");
    }
    (600..640).for_each(|n| show(&mut motion, &walks(n, 80 + 3 * (n as i32 - 600), 140), n));
    for n in 640..700 {
        let gain = if n < 670 { 140 } else { 70 };
        show(&mut motion, &Scene { gain, ..Scene::quiet(n) }, n);
        assert_eq!(motion.motion_permyriad(), 0, "frame {n}");
    }
}

#[test]
fn light_that_was_off_for_long_and_comes_back_is_no_motion() {
    for gain in [12, 16, 20, 25] {
        let mut motion = settled(60);
        // 8 s: the dark scene is taken for the scene.
        (60..260).for_each(|n| show(&mut motion, &Scene { gain, ..Scene::quiet(n) }, n));
        for n in 260..300 {
            show(&mut motion, &Scene::quiet(n), n);
            assert_eq!(motion.motion_permyriad(), 0, "gain {gain} frame {n}");
        }
    }
}

#[test]
fn what_stands_still_becomes_background_and_its_leaving_shows_nothing() {
    let mut motion = settled(50);
    let thing = |n| Scene::with(n, (60, 30, 24, 40, 200));
    // 121 s at 25 frames a second.
    (50..3100).for_each(|n| show(&mut motion, &thing(n), n));
    assert_eq!(motion.motion_permyriad(), 0, "absorbed");
    for n in 3100..3130 {
        show(&mut motion, &Scene::quiet(n), n);
        assert_eq!(motion.motion_permyriad(), 0, "the background before comes back, frame {n}");
    }
}

#[test]
fn a_thing_of_the_first_frame_leaves_no_ghost() {
    let mut motion = fresh();
    // Dark, so that the bright ground behind it does not look like shadow.
    (0..50).for_each(|n| show(&mut motion, &Scene::with(n, (60, 30, 24, 40, 10)), n));
    (50..90).for_each(|n| show(&mut motion, &Scene::quiet(n), n));
    assert_eq!(motion.motion_permyriad(), 0);
}

#[test]
fn another_scene_says_nothing_and_the_first_one_is_known_when_it_comes_back() {
    let mut motion = settled(60);
    let other = |n: u32| {
        let tile = |i: i32| (i % 8 * 20, i / 8 * 12, 20, 12, (i * 97 % 230) as u8);
        Scene { things: (0..64).map(tile).collect(), gain: 100, seed: n }
    };
    for n in 60..260 {
        show(&mut motion, &other(n), n);
        assert_eq!(motion.motion_permyriad(), 0, "frame {n}");
    }
    for n in 260..300 {
        show(&mut motion, &Scene::quiet(n), n);
        assert_eq!(motion.motion_permyriad(), 0, "frame {n}");
    }
    (300..310).for_each(|n| show(&mut motion, &Scene::with(n, (60, 30, 24, 40, 200)), n));
    assert_eq!(motion.things().count(), 1);
}

#[test]
fn another_size_begins_anew_and_keeps_counting_ids() {
    let mut motion = settled(20);
    (20..30).for_each(|n| show(&mut motion, &Scene::with(n, (60, 30, 24, 40, 200)), n));
    assert_eq!(motion.things().map(|t| t.id).collect::<Vec<_>>(), [1]);
    assert!(!motion.fits(320, 192));
    motion.resize(320, 192).unwrap();
    assert_eq!(motion.things().count(), 0);
    motion.resize(W, H).unwrap();
    (30..60).for_each(|n| show(&mut motion, &Scene::quiet(n), n));
    (60..70).for_each(|n| show(&mut motion, &Scene::with(n, (60, 30, 24, 40, 200)), n));
    assert_eq!(motion.things().map(|t| t.id).collect::<Vec<_>>(), [2]);
    assert!(motion.resize(4, 4).is_err());
}

#[test]
fn what_is_left_stands_and_whoever_walked_there_does_not() {
    let mut motion = settled(50);
    // A bag appears and stays; somebody walks in and stops.
    for n in 50..200 {
        let x = (n as i32 * 2 - 120).min(100);
        let things = vec![(20, 60, 14, 12, 210), (x, 10, 16, 36, 10)];
        show(&mut motion, &Scene { things, ..Scene::quiet(n) }, n);
    }
    let standing: Vec<_> = motion.standing().collect();
    let kinds: Vec<_> = standing.iter().map(|s| s.kind).collect();
    assert_eq!(kinds, [StandingKind::Left, StandingKind::Unclear], "{standing:?}");
    let bag = standing[0];
    assert_eq!(bag.since_us, 50 * 40_000);
    assert!(bag.track != 0 && (bag.left - 20).abs() < 3 && (bag.top - 60).abs() < 3);
    let walker = motion.things().find(|t| t.id == standing[1].track).unwrap();
    assert!((walker.foot().0 - 108).abs() < 3 && (walker.foot().1 - 46).abs() < 3);
}

#[test]
fn what_stops_at_the_edge_of_the_picture_may_have_come_on_its_own_way() {
    let mut motion = settled(40);
    for n in 40..140 {
        // Drives in and stops when a quarter of it is in sight.
        let left = (-30 + 2 * (n as i32 - 40)).min(-18);
        show(&mut motion, &Scene::with(n, (left, 40, 36, 24, 210)), n);
    }
    let kinds: Vec<_> = motion.standing().map(|s| s.kind).collect();
    assert_eq!(kinds, [StandingKind::Unclear]);
}

#[test]
fn what_is_taken_is_told_once_and_stays_told() {
    let mut motion = fresh();
    (0..80).for_each(|n| show(&mut motion, &Scene::with(n, (60, 30, 24, 40, 10)), n));
    assert_eq!(motion.standing().count(), 0);
    (80..200).for_each(|n| show(&mut motion, &Scene::quiet(n), n));
    let standing: Vec<_> = motion.standing().collect();
    assert_eq!(standing.len(), 1);
    assert_eq!((standing[0].kind, standing[0].since_us), (StandingKind::Taken, 80 * 40_000));
}

#[test]
fn speed_and_age_are_those_of_the_thing() {
    let mut motion = settled(50);
    for n in 50..80 {
        show(&mut motion, &Scene::with(n, (n as i32 * 3 - 130, 30, 20, 40, 200)), n);
    }
    let thing = motion.things().next().unwrap();
    assert!((thing.velocity.0 - 75.0).abs() < 6.0 && thing.velocity.1.abs() < 6.0, "{thing:?}");
    assert_eq!((thing.age_us, thing.hits), (29 * 40_000, 30));
}

#[test]
fn the_state_of_the_scene_is_told() {
    let mut motion = settled(60);
    show(&mut motion, &Scene { gain: 65, ..Scene::quiet(60) }, 60);
    let scene = motion.scene();
    assert!(
        scene.known && scene.explained_permille > 950 && scene.gain_permille.abs_diff(650) < 60
    );
    let working = motion.working();
    assert_eq!((working.luma.width(), working.factor), (W, 1));
    assert!(working.background.at(20, 20).abs_diff(working.luma.at(20, 20)) < 6);
}

fn saved(motion: &Motion) -> Vec<u8> {
    let mut to = Writer::default();
    motion.save(&mut to);
    to.0
}

fn scene() -> impl Strategy<Value = Scene> {
    let thing = (-20..160i32, -20..96i32, 4..90i32, 4..70i32, any::<u8>());
    let gain = prop_oneof![4 => Just(100), 1 => 20..250i32];
    (proptest::collection::vec(thing, 0..4), gain, any::<u32>())
        .prop_map(|(things, gain, seed)| Scene { things, gain, seed })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_restored_state_is_the_state_and_goes_on_alike(
        before in proptest::collection::vec(scene(), 1..40),
        after in proptest::collection::vec(scene(), 1..10),
    ) {
        let mut motion = fresh();
        for (n, scene) in (0..).zip(&before) {
            show(&mut motion, scene, n);
        }
        let bytes = saved(&motion);
        let mut from = Reader(&bytes);
        let mut again = Motion::load(&mut from, Tuning::default()).unwrap();
        prop_assert!(from.0.is_empty());
        prop_assert_eq!(&saved(&again), &bytes);
        for (n, scene) in (before.len() as u32..).zip(&after) {
            show(&mut motion, scene, n);
            show(&mut again, scene, n);
            prop_assert_eq!(motion.mask(), again.mask());
            prop_assert_eq!(motion.things().collect::<Vec<_>>(), again.things().collect::<Vec<_>>());
        }
        prop_assert_eq!(saved(&motion), saved(&again));
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Motion::load(&mut Reader(&bytes), Tuning::default());
        let mut known = crate::VERSION.to_le_bytes().to_vec();
        known.extend([160, 0, 0, 0, 96, 0, 0, 0]);
        known.extend(&bytes);
        prop_assert!(Motion::load(&mut Reader(&known), Tuning::default()).is_err());
    }
}
