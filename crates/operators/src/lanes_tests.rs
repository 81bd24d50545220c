//! The same frames at all levels of vector instructions that this machine has.

use flumen_base::{Frame, Plane};

use crate::{Lanes, Look, Measures, Motion, Tamper, Tuning, Writer};

/// A noisy ground in changing light, a thing with its shadow that crosses it, in colour.
fn planes(width: usize, height: usize, n: usize) -> [Vec<u8>; 3] {
    let hash = |i: usize| (i ^ n.wrapping_mul(40_503)).wrapping_mul(2_654_435_761) >> 29 & 7;
    let left = n * width / 16;
    let inside = |x: usize, y: usize, from: usize| {
        (from..from + width / 6).contains(&x) && (height / 4..height * 3 / 4).contains(&y)
    };
    let luma = (0..width * height).map(|i| {
        let (x, y) = (i % width, i / width);
        let ground = 60 + (x / 9 * 37 + y / 7 * 59) % 90;
        let light = 20 + n % 3;
        let value = match (inside(x, y, left), inside(x, y, left + width / 8)) {
            (true, _) => 200 + (x * 5 + y * 3) % 9,
            (_, true) => ground * 7 / 10,
            _ => ground,
        };
        (value * light / 20 + hash(i)).min(255) as u8
    });
    let (w, h) = (width.div_ceil(2), height.div_ceil(2));
    let colour = |add: usize| {
        let pixel = move |i: usize| {
            let (x, y) = (i % w * 2, i / w * 2);
            let own = if inside(x, y, left) { 40 } else { 0 };
            (110 + add + own + (x / 31 + y / 17) % 20 + hash(i) / 3) as u8
        };
        (0..w * h).map(pixel).collect()
    };
    [luma.collect(), colour(0), colour(20)]
}

/// All that the operators keep and say of some frames.
fn seen(width: usize, height: usize, lanes: Lanes) -> (Vec<u8>, Vec<u64>, Vec<Measures>) {
    let mut motion = Motion::new(width, height, Tuning::default()).unwrap();
    motion.use_lanes(lanes);
    let mut tamper = Tamper::default();
    tamper.use_lanes(lanes);
    let (mut masks, mut measures) = (Vec::new(), Vec::new());
    for n in 0..14 {
        let [y, u, v] = planes(width, height, n);
        let (w, h) = (width.div_ceil(2), height.div_ceil(2));
        let frame = Frame {
            luma: Plane::new(&y, width, width, height).unwrap(),
            u: Plane::new(&u, w, w, h),
            v: Plane::new(&v, w, w, h),
            pts_us: n as i64 * 400_000,
        };
        motion.see(&frame, n as u64).unwrap();
        tamper.see(&Look {
            luma: motion.working().luma,
            quality: motion.quality(),
            known: motion.scene().known,
            key: n == 0,
            pts_us: frame.pts_us,
            tag: n as u64,
        });
        masks.extend_from_slice(motion.mask().bits().all());
        measures.push(*tamper.measures());
    }
    let mut state = Writer::default();
    motion.save(&mut state);
    tamper.save(&mut state);
    (state.0, masks, measures)
}

#[test]
fn all_levels_give_the_same_bits() {
    // Each way of reducing, with rows that fill no vector.
    for (width, height) in [(1930, 262), (1283, 203), (771, 130), (333, 97)] {
        let first = seen(width, height, Lanes::all()[0]);
        assert!(first.1.iter().any(|word| *word != 0), "something moves at {width}x{height}");
        for lanes in Lanes::all() {
            assert!(seen(width, height, lanes) == first, "{lanes:?} differs at {width}x{height}");
        }
    }
}
