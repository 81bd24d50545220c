//! Memory is asked for when a camera begins, not with each frame; in a program of its own,
//! because the counting allocator is the whole program's.

use allocation_counter::{AllocationInfo, measure};
use flumen_base::{Frame, Plane};
use flumen_operators::{Look, Motion, Tamper, Tuning};

const W: usize = 640;
const H: usize = 368;

/// A noisy ground, with a bright thing from column `left` on if there is one.
fn luma(n: usize, left: Option<usize>) -> Vec<u8> {
    let pixel = |i: usize| {
        let (x, y) = (i % W, i / W);
        let noise = (i ^ n.wrapping_mul(40_503)).wrapping_mul(2_654_435_761) >> 30 & 3;
        let there = left.is_some_and(|l| (l..l + 60).contains(&x) && (100..240).contains(&y));
        let ground = if there { 220 } else { 60 + (x / 9 * 37 + y / 7 * 59) % 90 };
        (ground + noise) as u8
    };
    (0..W * H).map(pixel).collect()
}

fn see(motion: &mut Motion, tamper: &mut Tamper, n: usize, luma: &[u8]) -> AllocationInfo {
    measure(|| {
        let luma = Plane::new(luma, W, W, H).expect("a whole plane");
        let frame = Frame { luma, u: None, v: None, pts_us: n as i64 * 40_000 };
        motion.see(&frame, n as u64).expect("of the model's size");
        tamper.see(&Look {
            luma: motion.working().luma,
            quality: motion.quality(),
            known: motion.scene().known,
            key: false,
            pts_us: frame.pts_us,
            tag: n as u64,
        });
    })
}

#[test]
fn warm_operators_ask_for_no_memory() {
    let mut motion = Motion::new(W, H, Tuning::default()).expect("an ordinary size");
    let mut tamper = Tamper::default();
    let mut moving = 0;
    for n in 0..150 {
        // A thing crosses, then the scene is quiet.
        let left = (30..80).contains(&n).then(|| (n - 30) * 10);
        let info = see(&mut motion, &mut tamper, n, &luma(n, left));
        if motion.things().count() > 0 {
            moving += 1;
            // The lists of tracks and shapes grow with the first things only.
            let most = if n < 60 { 4096 } else { 0 };
            assert!(info.bytes_max <= most, "frame {n}: {info:?}");
        } else if n >= 100 {
            assert_eq!(info.count_total, 0, "frame {n}: {info:?}");
        }
    }
    assert!(moving > 20, "the thing was followed in {moving} frames");
}
