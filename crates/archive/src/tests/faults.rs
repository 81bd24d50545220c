//! A kill at every step of filing, a full disk, a log that was replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::rig::{Dying, DyingBus, DyingStore, Rig, ZERO_US, camera, files, film, published};

fn shot() -> Rig {
    let rig = Rig::new();
    rig.shoot(film(), 1, 0..32, ZERO_US);
    rig.end(1, ZERO_US + 3_200_000);
    rig
}

#[test]
fn killed_at_any_step_every_unit_is_in_one_file() {
    let calm = shot();
    drop(calm.record(calm.bus.clone(), calm.store()).unwrap());
    let (rows, filed) = (calm.rows(), files(calm.store().as_ref(), "video"));
    assert_eq!(rows, [(0, 1000, 10), (1000, 2000, 10), (2000, 3000, 10), (3000, 3200, 2)]);
    assert_eq!(published(calm.bus.as_ref()).len(), 4);

    for steps in 0.. {
        let rig = shot();
        let dying = Arc::new(Dying { left: AtomicI64::new(steps) });
        let store = Arc::new(DyingStore(rig.store(), dying.clone()));
        let bus = Arc::new(DyingBus(rig.bus.clone(), dying.clone()));
        let died = rig.record(bus, store).is_err();
        assert_eq!(died, dying.left.load(Ordering::SeqCst) < 0);
        drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
        assert_eq!(rig.rows(), rows, "step {steps}");
        assert!(files(rig.store().as_ref(), "video") == filed, "step {steps}");
        assert_eq!(files(rig.store().as_ref(), "tmp"), [], "step {steps}");
        assert_eq!(published(rig.bus.as_ref()).len(), 4, "step {steps}");
        assert_eq!(rig.reader().check(&mut |_, _| {}).unwrap(), [], "step {steps}");
        if !died {
            assert!(steps > 30, "{steps} steps only");
            return;
        }
    }
}

#[test]
fn stopped_in_the_middle_nothing_is_missing_and_nothing_twice() {
    let rig = Rig::new();
    let mut at = 0;
    for to in [3, 17, 18, 44, 60] {
        rig.shoot(film(), 1, at..to, ZERO_US);
        at = to;
        let mut recorder = rig.record(rig.bus.clone(), rig.store()).unwrap();
        recorder.finish().unwrap();
    }
    rig.end(1, ZERO_US + 6_000_000);
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    let rows = rig.rows();
    assert_eq!(rows.iter().map(|r| r.2).sum::<u64>(), 60, "{rows:?}");
    assert!(rows.windows(2).all(|w| w[0].1 == w[1].0), "{rows:?}");
    assert_eq!((rows[0].0, rows[rows.len() - 1].1), (0, 6000));
    assert_eq!(rig.reader().check(&mut |_, _| {}).unwrap(), []);
}

#[test]
fn a_log_that_was_replaced_is_recorded_as_new() {
    let rig = shot();
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    let Rig { dir, bus } = rig;
    drop(bus);
    std::fs::remove_dir_all(dir.path().join("bus")).unwrap();
    let bus = flumen_bus::Embedded::open(&dir.path().join("bus"), Default::default()).unwrap();
    let rig = Rig { dir, bus };
    rig.shoot(film(), 1, 0..10, ZERO_US + 60_000_000);
    rig.end(1, ZERO_US + 61_000_000);
    drop(rig.record(rig.bus.clone(), rig.store()).unwrap());
    assert_eq!(rig.rows().last(), Some(&(60_000, 61_000, 10)));
    let coverage = rig.reader().coverage(&camera(), ZERO_US, ZERO_US + 61_000_000).unwrap();
    assert_eq!(coverage.recorded_us, 4_200_000);
}
