//! Each kind is found, named and ended on made-up cameras of any look; nothing else is told.

use flumen_base::{Frame, Plane};
use proptest::prelude::*;

use crate::{Look, Motion, Reader, Tamper, TamperChange, TamperKind, Tuning, Writer};

const W: usize = 320;
const H: usize = 180;
/// Pictures a second.
const RATE: u32 = 10;

/// A camera's scene: boxes on a ground, noise, and somebody who walks.
#[derive(Clone, Copy, Debug)]
struct Camera {
    seed: u32,
    noise: u32,
    /// Sides of its boxes.
    boxes: (i32, i32),
}

fn camera(seed: u32, noise: u32) -> Camera {
    Camera { seed, noise, boxes: (37, 11) }
}

fn mix(mut v: u32) -> u32 {
    v = (v ^ v >> 16).wrapping_mul(0x7feb_352d);
    v = (v ^ v >> 15).wrapping_mul(0x846c_a68b);
    v ^ v >> 16
}

impl Camera {
    /// A pixel of the empty scene; outside the picture it goes on.
    fn ground(&self, x: i32, y: i32) -> i32 {
        let tile = |size: i32, salt: u32| {
            let (i, j) = (x.div_euclid(size) as u32, y.div_euclid(size) as u32);
            mix(i.wrapping_mul(31) ^ j.wrapping_mul(1009) ^ self.seed ^ salt)
        };
        90 + (tile(self.boxes.0, 1) % 90) as i32 + (tile(self.boxes.1, 2) % 30) as i32
    }

    fn luma(&self, n: u32, change: &dyn Fn(i32, i32, i32) -> i32) -> Vec<u8> {
        let walker = (n as i32 * 3) % 500 - 60;
        let pixel = |i: usize| {
            let (x, y) = ((i % W) as i32, (i / W) as i32);
            let walks = (walker..walker + 22).contains(&x) && (70..130).contains(&y);
            let v = if walks { 40 + (x * 7 + y * 3) % 20 } else { self.ground(x, y) };
            let noise = mix(i as u32 ^ mix(n ^ self.seed)) % (self.noise * 2 + 1);
            change(x, y, v) + noise as i32 - self.noise as i32
        };
        (0..W * H).map(|i| pixel(i).clamp(0, 255) as u8).collect()
    }

    /// The picture of time `n` under a kind of tampering of some strength, 0 to 100.
    fn picture(&self, n: u32, kind: Option<TamperKind>, strength: i32, from: u32) -> Vec<u8> {
        let other = Camera { seed: self.seed ^ 0x5555, boxes: (29, 17), ..*self };
        match kind {
            None => self.luma(n, &|_, _, v| v),
            Some(TamperKind::SceneCut) => other.luma(n, &|_, _, v| 200 - v / 2),
            Some(TamperKind::LightOff) => self.luma(n, &|_, _, v| v * (22 + strength / 6) / 100),
            Some(TamperKind::SignalLost) => vec![(strength * 2) as u8; W * H],
            Some(TamperKind::NoiseBurst) => {
                Camera { noise: 20 + strength as u32 / 3, ..*self }.luma(n, &|_, _, v| v)
            }
            Some(TamperKind::CameraMoved) => {
                let by = 14 + strength / 5;
                self.luma(n, &|x, y, _| self.ground(x + by, y + by / 2))
            }
            Some(TamperKind::Freeze) => self.luma(from, &|_, _, v| v),
            Some(TamperKind::Covered) => {
                let hand = 10 + strength / 4;
                let gone = ((n - from) as i32 + 1).min(4);
                self.luma(n, &|x, y, v| (v * (4 - gone) + (hand + (x + y) / 60) * gone) / 4)
            }
            Some(TamperKind::Defocus) => {
                blur(&self.luma(n, &|_, _, v| v), 5 + strength as usize / 25)
            }
        }
    }
}

fn blur(luma: &[u8], radius: usize) -> Vec<u8> {
    let mut now = luma.to_vec();
    for _ in 0..2 {
        for (step, length) in [(1, W), (W, H)] {
            let before = now.clone();
            for i in 0..W * H {
                let at = i / step % length;
                let (from, to) = (at.saturating_sub(radius), (at + radius).min(length - 1));
                let sum: usize =
                    (from..=to).map(|p| usize::from(before[i + p * step - at * step])).sum();
                now[i] = (sum / (to - from + 1)) as u8;
            }
        }
    }
    now
}

struct Site {
    motion: Motion,
    tamper: Tamper,
    n: u32,
}

impl Site {
    fn new() -> Site {
        let motion = Motion::new(W, H, Tuning::default()).unwrap();
        Site { motion, tamper: Tamper::default(), n: 0 }
    }

    fn see(&mut self, luma: &[u8]) -> Option<TamperChange> {
        let pts_us = i64::from(self.n) * 1_000_000 / i64::from(RATE);
        let luma = Plane::new(luma, W, W, H).unwrap();
        let frame = Frame { luma, u: None, v: None, pts_us };
        self.motion.see(&frame, u64::from(self.n)).unwrap();
        let look = Look {
            luma: self.motion.working().luma,
            quality: self.motion.quality(),
            known: self.motion.scene().known,
            key: self.n.is_multiple_of(20),
            pts_us,
            tag: u64::from(self.n),
        };
        self.n += 1;
        self.tamper.see(&look)
    }
}

fn saved(tamper: &Tamper) -> Vec<u8> {
    let mut to = Writer::default();
    tamper.save(&mut to);
    to.0
}

const BEGIN: u32 = 40;
const END: u32 = 70;

/// Shows six seconds, three of them tampered with; gives what was told and when.
fn show(camera: Camera, kind: TamperKind, strength: i32) -> Vec<(u32, TamperChange)> {
    let mut site = Site::new();
    let mut told = Vec::new();
    for n in 0..100 {
        let odd = (BEGIN..END).contains(&n).then_some(kind);
        let picture = camera.picture(n, odd, strength, BEGIN);
        told.extend(site.see(&picture).map(|change| (n, change)));
    }
    told
}

/// What is told of pictures that are changed like this from the fifth second to the eighth.
fn changed(camera: Camera, change: &dyn Fn(i32, i32, i32) -> i32) -> Vec<(u32, TamperChange)> {
    let mut site = Site::new();
    let mut told = Vec::new();
    for n in 0..100 {
        let picture = match (BEGIN..END).contains(&n) {
            true => camera.luma(n, change),
            false => camera.luma(n, &|_, _, v| v),
        };
        told.extend(site.see(&picture).map(|change| (n, change)));
    }
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn each_kind_is_found_named_and_ended(
        seed in any::<u32>(),
        noise in 2..5u32,
        strength in 0..=100i32,
    ) {
        for kind in TamperKind::ALL {
            let told = show(camera(seed, noise), kind, strength);
            prop_assert_eq!(told.len(), 2, "{:?}: {:?}", kind, &told);
            let (TamperChange::Begin(begin), TamperChange::End(end)) = (told[0].1, told[1].1) else {
                panic!("{told:?}");
            };
            prop_assert_eq!(begin.kind, kind);
            prop_assert_eq!(end.first, begin.first);
            prop_assert!(told[0].0 - BEGIN <= 2 * RATE, "{:?} {:?}", kind, &told);
            prop_assert!(begin.first.abs_diff(u64::from(BEGIN)) <= 5, "{:?} {:?}", kind, &told);
            prop_assert!(end.last.abs_diff(u64::from(END) - 1) <= 2, "{:?} {:?}", kind, &told);
        }
    }

    #[test]
    fn light_that_changes_and_people_are_no_tampering(
        seed in any::<u32>(),
        noise in 2..5u32,
        gains in proptest::collection::vec(60..140i32, 5),
    ) {
        let camera = camera(seed, noise);
        let mut site = Site::new();
        for n in 0..150u32 {
            let gain = if n < 30 { 100 } else { gains[(n / 30) as usize % 5] };
            let told = site.see(&camera.luma(n, &|_, _, v| v * gain / 100));
            prop_assert_eq!(told, None, "picture {} at gain {}", n, gain);
        }
    }

    #[test]
    fn half_of_the_lens_covered_is_told_and_a_bus_before_a_third_of_it_is_not(
        seed in any::<u32>(),
        noise in 2..4u32,
        hand in 5..90i32,
    ) {
        let camera = camera(seed, noise);
        let told = changed(camera, &|x, y, v| if x < 180 { hand + y / 30 } else { v });
        let kinds: Vec<_> = told.iter().map(|(_, t)| match t {
            TamperChange::Begin(s) | TamperChange::End(s) => s.kind,
        }).collect();
        prop_assert_eq!(kinds, [TamperKind::Covered; 2], "{:?}", &told);
        prop_assert!(told[0].0 - BEGIN <= 2 * RATE, "{:?}", &told);
        let bus = |x: i32, y: i32, v| match x < 110 {
            true => hand + 60 * (x / 20 % 2) + 30 * (y / 25 % 2),
            false => v,
        };
        prop_assert_eq!(changed(camera, &bus), []);
    }

    #[test]
    fn a_night_that_falls_is_no_light_that_goes_out(
        seed in any::<u32>(),
        noise in 2..5u32,
        seconds in 20..40u32,
    ) {
        let camera = camera(seed, noise);
        let mut site = Site::new();
        for n in 0..(seconds + 6) * RATE {
            let fallen = (n.saturating_sub(3 * RATE) as i32 * 70 / (seconds * RATE) as i32).min(70);
            let told = site.see(&camera.luma(n, &|_, _, v| v * (100 - fallen) / 100));
            prop_assert_eq!(told, None, "picture {} of {} s", n, seconds);
        }
    }

    #[test]
    fn a_restored_state_is_the_state_and_goes_on_alike(
        seed in any::<u32>(),
        kind in 0..8usize,
        cut in 1..90u32,
    ) {
        let camera = camera(seed, 3);
        let kind = TamperKind::ALL[kind];
        let (mut site, mut again) = (Site::new(), None);
        for n in 0..100 {
            let odd = (BEGIN..END).contains(&n).then_some(kind);
            let picture = camera.picture(n, odd, 50, BEGIN);
            let told = site.see(&picture);
            if let Some(again) = &mut again {
                let again: &mut Site = again;
                prop_assert_eq!(again.see(&picture), told, "picture {}", n);
                prop_assert_eq!(saved(&again.tamper), saved(&site.tamper));
            }
            if n == cut {
                let bytes = saved(&site.tamper);
                let mut from = Reader(&bytes);
                let tamper = Tamper::load(&mut from).unwrap();
                prop_assert!(from.0.is_empty());
                let mut to = Writer::default();
                site.motion.save(&mut to);
                let motion = Motion::load(&mut Reader(&to.0), Tuning::default()).unwrap();
                again = Some(Site { motion, tamper, n: site.n });
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Tamper::load(&mut Reader(&bytes));
        let mut known = crate::TAMPER_VERSION.to_le_bytes().to_vec();
        known.extend(&bytes);
        prop_assert!(Tamper::load(&mut Reader(&known)).is_err());
    }
}

#[test]
fn a_weak_defocus_is_told() {
    let camera = camera(17, 2);
    let mut site = Site::new();
    let mut told = Vec::new();
    for n in 0..100 {
        let sharp = camera.luma(n, &|_, _, v| v);
        let odd = (BEGIN..END).contains(&n);
        told.extend(site.see(&if odd { blur(&sharp, 2) } else { sharp }));
    }
    let [TamperChange::Begin(begin), TamperChange::End(end)] = told[..] else { panic!("{told:?}") };
    assert_eq!((begin.kind, begin.first), (TamperKind::Defocus, u64::from(BEGIN)));
    assert_eq!(end.last, u64::from(END) - 1);
}

#[test]
fn a_state_that_knows_nothing_of_late_is_read() {
    let camera = camera(5, 3);
    let mut site = Site::new();
    (0..40).for_each(|n| assert_eq!(site.see(&camera.picture(n, None, 0, 0)), None));
    let mut bytes = saved(&site.tamper);
    bytes[0] = 1;
    // Before the flag of a doubt, of which there is none.
    let at = bytes.len() - 9;
    bytes.drain(at..at + 8);
    site.tamper = Tamper::load(&mut Reader(&bytes)).unwrap();
    let off = |n| camera.picture(n, Some(TamperKind::LightOff), 50, 40);
    let told: Vec<_> = (40..60).filter_map(|n| site.see(&off(n))).collect();
    let Some(TamperChange::Begin(span)) = told.first() else { panic!("{told:?}") };
    assert_eq!((span.kind, span.first), (TamperKind::LightOff, 40));
}

#[test]
fn a_camera_that_is_turned_for_good_is_taken_as_it_is_and_known_when_it_comes_back() {
    let camera = camera(9, 3);
    let moved: Vec<_> =
        (0..8).map(|n| camera.picture(n, Some(TamperKind::CameraMoved), 50, 0)).collect();
    let mut site = Site::new();
    (0..40).for_each(|n| assert_eq!(site.see(&camera.picture(n, None, 0, 0)), None));
    let mut told = Vec::new();
    // Five minutes and a bit; a second has ten pictures.
    for n in 40..3100 {
        told.extend(site.see(&moved[n % 8]));
    }
    assert!(matches!(told[..], [TamperChange::Begin(_), TamperChange::End(_)]), "{told:?}");
    for n in 3100..3160 {
        assert_eq!(site.see(&camera.picture(n, None, 0, 0)), None, "the old view is known");
    }
}
